"""The schemas of a database with a shop in it, and the names of tables in them.

Who opens a database sees the schema `main` first, whatever the tool: an unqualified name stands for a table there.
"""

from __future__ import annotations

from commercetools_source.model.quoting import quoted

__all__ = ["BOOKKEEPING", "HISTORY", "RECORDS", "RELATIONS", "history_table", "record_table", "relation_table"]

RELATIONS = "main"
"""Live rows with exact types: what people ask."""
RECORDS = "raw"
"""Records as they were sent, deleted ones among them."""
HISTORY = "history"
"""Rows that others took the place of, for streams whose history is kept."""
BOOKKEEPING = "sync"
"""How far streams are read, and the records of runs. Tools list schemas by name, so it comes behind the others."""


def record_table(name: str) -> str:
    """Return the quoted name of the table of a stream's records."""
    return f"{RECORDS}.{quoted(name)}"


def history_table(name: str) -> str:
    """Return the quoted name of the table of a stream's earlier rows."""
    return f"{HISTORY}.{quoted(name)}"


def relation_table(name: str) -> str:
    """Return the quoted name of a relation."""
    return f"{RELATIONS}.{quoted(name)}"
