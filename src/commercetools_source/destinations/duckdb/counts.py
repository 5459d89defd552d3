"""What a full read changed in the table of its stream: counted in the transaction that replaces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT
from commercetools_source.destinations.replaced import changes_sql, version_sql
from commercetools_source.extract.abilities import Changes
from commercetools_source.model.quoting import quoted
from commercetools_source.model.schemas import record_table

if TYPE_CHECKING:
    from commercetools_source.arrow.decode import Decoder
    from commercetools_source.destinations.duckdb.database import Database

__all__ = ["changes_since", "remember"]

_BEFORE = "temp.main._before"
_MOST_ROWS = 500_000
"""Larger tables are not compared when a full read replaces them: it would take memory that loading needs."""


def remember(database: Database, table: str, decoder: Decoder) -> str | None:
    """Keep keys and versions of `table`, which is about to be replaced; return the SQL of a version.

    None: nothing is kept, because it is too much; "" where there is no table, so that all rows are going to be new.
    Where records have no version, their values stand for it.
    """
    columns = database.catalogue.columns.get(table)
    if columns is None:
        return ""
    # By DuckDB's estimate: to count exactly would read the table.
    if database.catalogue.row_counts.get(table, 0) > _MOST_ROWS:
        return None
    version = version_sql(field.name for field in decoder.fields if field.name in columns)
    keys = ", ".join(map(quoted, decoder.key))
    rows = f"SELECT {keys}, {version} AS _version FROM {record_table(table)} WHERE {DELETED_AT} IS NULL"  # noqa: S608 - quoted names
    database.execute(f"CREATE OR REPLACE TEMP TABLE {_BEFORE} AS {rows}")
    return version


def changes_since(database: Database, table: str, decoder: Decoder, version: str) -> Changes:
    """Return how `table` differs from what was remembered, and forget that; `version` is what `remember` returned."""
    # What was deleted while it was loaded was new to nobody.
    live = f"{record_table(table)} WHERE {DELETED_AT} IS NULL"
    if not version:
        ((new,),) = database.execute(f"SELECT count(*) FROM {live}")  # noqa: S608 - a quoted name
        return Changes(new)
    keys = ", ".join(map(quoted, decoder.key))
    after = f"(SELECT {keys}, {version} AS _version FROM {live})"  # noqa: S608 - quoted names
    ((new, changed, deleted),) = database.execute(changes_sql(_BEFORE, after, decoder.key))
    database.execute(f"DROP TABLE {_BEFORE}")
    return Changes(new, changed, deleted)
