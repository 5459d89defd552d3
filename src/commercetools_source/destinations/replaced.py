"""What a full read changed, as SQL: its rows beside the keys and versions of those before. Only text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.model.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["changes_sql", "version_sql"]


def version_sql(columns: Iterable[str]) -> str:
    """Return the SQL of what tells versions of a record with these columns apart: its number, or its values."""
    values = [name for name in columns if name not in {SYNCED_AT, DELETED_AT}]
    # A hash of all values, so that a few bytes are kept of each row.
    return "version" if "version" in values else f"hash({', '.join(map(quoted, values)) or '0'})"


def changes_sql(before: str, after: str, key: Sequence[str]) -> str:
    """Return the query that counts new, changed and deleted rows: of two tables with the `key` and a `_version`."""
    same = " AND ".join(f"stored.{quoted(name)} = loaded.{quoted(name)}" for name in key)
    first = quoted(key[0])
    # One join for all three: what is on one side alone is new or deleted.
    return (
        f"SELECT count(*) FILTER (stored.{first} IS NULL),"  # noqa: S608 - quoted names
        f" count(*) FILTER (stored._version IS DISTINCT FROM loaded._version AND stored.{first} = loaded.{first}),"
        f" count(*) FILTER (loaded.{first} IS NULL)"
        f" FROM {before} AS stored FULL JOIN {after} AS loaded ON {same}"
    )
