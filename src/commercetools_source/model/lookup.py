"""Find tables by what a person calls them. Pure."""

from __future__ import annotations

import difflib

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.errors import ConfigError
from commercetools_source.events import counted
from commercetools_source.model.relations import all_relations

__all__ = ["tables_named"]

_TYPO = 0.85
"""Likeness from which on a name is a stream's with a typo, and not a part of other names."""


def tables_named(name: str) -> tuple[str, ...]:
    """Return the tables of the stream `name`, the table `name`, or every table with `name` in its own.

    Raises ConfigError that names the nearest ones if there is none.
    """
    tables = all_relations()
    if name in STREAMS:
        return tuple(table.name for table in tables.values() if table.stream == name)
    if name in tables:
        return (name,)
    # Only names of streams: of hundreds of tables one would be like nearly any word.
    typo = difflib.get_close_matches(name, STREAMS, n=1, cutoff=_TYPO)
    containing = tuple(table for table in tables if name and name.casefold() in table.casefold())
    # "order" is a part of many names, and "ordres" is a slip: the likeness decides which of both a word is.
    if containing and not typo:
        return containing
    near = typo or difflib.get_close_matches(name, {**STREAMS, **tables}, n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    alike = (
        f"; it is in the name of {counted(len(containing), 'table')}" if containing else ", nor in the name of a table"
    )
    raise ConfigError(f"there is no stream or table {name!r}{alike}.{hint} `commercetools-source schema` lists all")
