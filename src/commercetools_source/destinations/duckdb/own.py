"""What the project defines for itself, as the records in a DuckDB file say it: read only when somebody needs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from commercetools_source.arrow.decode import DELETED_AT
from commercetools_source.model.custom.definitions import SOURCES
from commercetools_source.model.custom.queries import CustomFieldQueries
from commercetools_source.model.quoting import quoted
from commercetools_source.model.schemas import record_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.destinations.duckdb.database import Database

__all__ = ["OwnFields"]

_FIELDS = {"product_types": ("attributes",), "types": ("resourceTypeIds", "fieldDefinitions")}
_IDENTIFYING = ("id", "key", "createdAt", "lastModifiedAt")


class OwnFields:
    """The definitions of custom fields and attributes in the file that `database` has open.

    `marks` has, for each stream that defines fields, what tells its definitions from all others: to compare these is
    much less than to read the definitions.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queries: CustomFieldQueries | None = None
        self.marks: Mapping[str, str] = self._marks()

    def queries(self) -> CustomFieldQueries:
        """Return the queries of what is defined."""
        if self._queries is None:
            self._queries = CustomFieldQueries.of(*(self._records(stream) for stream in SOURCES))
        return self._queries

    def look_again(self) -> None:
        """Take notice of records that were stored, in a transaction that is over."""
        marks = self._marks()
        # Only what has changed is read again: the definitions of a large shop are megabytes.
        if marks != self.marks:
            self._queries, self.marks = None, marks

    def _marks(self) -> dict[str, str]:
        return {stream: self._mark(stream) for stream in SOURCES}

    def _mark(self, stream: str) -> str:
        names = self._columns(stream)
        if not names:
            return ""
        # A text for each value, so that every version of DuckDB gives the same.
        values = ", ".join(f"coalesce(md5({quoted(name)}::VARCHAR), '')" for name in names)
        live = f"{record_table(stream)} WHERE {DELETED_AT} IS NULL"
        rows = self._database.execute(
            f"SELECT md5(string_agg(concat({values}), '' ORDER BY id)) FROM {live}"  # noqa: S608 - quoted names
        )
        return rows[0][0] or ""

    def _records(self, stream: str) -> list[dict[str, Any]]:
        names = self._columns(stream)
        if not names:
            return []
        rows = self._database.execute(
            f"SELECT {', '.join(map(quoted, names))} FROM {record_table(stream)} WHERE {DELETED_AT} IS NULL"  # noqa: S608 - quoted
        )
        records = [dict(zip(names, row, strict=True)) for row in rows]
        for record in records:
            record.update({name: json.loads(record[name]) for name in _FIELDS[stream] if record.get(name)})
        return records

    def _columns(self, stream: str) -> list[str]:
        """Return the columns that define something; none where there is no table, or one without ids."""
        columns = self._database.catalogue.stream_tables().get(stream, {})
        return [name for name in (*_IDENTIFYING, *_FIELDS[stream]) if name in columns] if "id" in columns else []
