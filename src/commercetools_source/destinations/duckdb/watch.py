"""Custom fields and attributes in a DuckDB file: what is defined there, and which values do not fit it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.events import Notice
from commercetools_source.model.custom.definitions import SOURCES, changes
from commercetools_source.model.custom.queries import VARIANTS, CustomFieldQueries
from commercetools_source.model.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import duckdb

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.model.relations import Relation

__all__ = ["CustomFieldWatch", "read_definitions"]

_FIELDS = {"product_types": ("attributes",), "types": ("resourceTypeIds", "fieldDefinitions")}
_LOOKED_AT = 500  # records of a stream: enough to see a mistake, and nothing beside the time that reading took

Tables = Mapping[str, Mapping[str, str]]
"""The columns of each table, name to SQL type."""


class CustomFieldWatch:
    """Follows what is stored in a file: the definitions in force, and what does not fit them.

    `tables` returns the tables of the file as they are now, `find` the relations of a stream whose
    table has given columns.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        tables: Callable[[], Tables],
        find: Callable[[Stream, Mapping[str, str]], Sequence[Relation]],
    ) -> None:
        self._connection = connection
        self._tables = tables
        self._find = find
        self._began = datetime.now(timezone.utc).replace(tzinfo=None)
        self._before = self.own = read_definitions(connection, tables())
        self._stored: set[str] = set()

    def follow(self, delivery: Delivery) -> bool:
        """Take into account what was just stored; return whether the definitions are others now."""
        stream, before = delivery.stream.name, self.own
        if delivery.records:
            self._stored.add(stream)
        if delivery.done and stream in SOURCES:
            self.own = read_definitions(self._connection, self._tables())
        return self.own != before

    def notices(self) -> list[Notice]:
        """Return what changed in the definitions, where they disagree, and how many values do not fit them.

        Looked at are some records of each stream that was stored in this run, and of all where definitions changed.
        """
        found = [Notice("custom fields", f"{one}; its values stay JSON") for one in self.own.conflicts()]
        changed = changes(self._before.defined(), self.own.defined()) if self._before != CustomFieldQueries() else ()
        found += [Notice("custom fields", str(one)) for one in changed]
        rows, tables = self._rows(everything=bool(changed)), self._tables()
        for stream in sorted(STREAMS.keys() & tables.keys() & (tables.keys() if changed else self._stored)):
            found += self._unfit(stream, f"(SELECT * FROM {quoted(stream)} WHERE {rows})", tables[stream])  # noqa: S608
        return found

    def _rows(self, *, everything: bool) -> str:
        since = "" if everything else f" AND {SYNCED_AT} >= TIMESTAMP '{self._began}'"
        return f"{DELETED_AT} IS NULL{since} LIMIT {_LOOKED_AT}"

    def _unfit(self, stream: str, source: str, have: Mapping[str, str]) -> Iterator[Notice]:
        """Yield what does not fit in the records `source` of one stream."""
        for relation in self._find(STREAMS[stream], have):
            for place, name, count in self._count(self.own.count_unfit(relation, source, have)):
                yield _told(relation.name, place, f"custom field {name!r}", count)
        if stream in VARIANTS:
            for called, one in self.own.product_types_by_name().items():
                for place, name, count in self._count(self.own.count_unfit_attributes(one, stream, source, have)):
                    yield _told(called, place, f"attribute {name!r}", count)

    def _count(self, query: str) -> list[tuple[str, str, int]]:
        return self._connection.execute(query).fetchall() if query else []


def _told(relation: str, place: str, what: str, count: int) -> Notice:
    return Notice(
        relation,
        f"{count:,} of the values looked at do not fit the definition of the {what}; the column {place} has all such",
    )


def read_definitions(connection: duckdb.DuckDBPyConnection, tables: Tables) -> CustomFieldQueries:
    """Return what the records in the file define."""
    return CustomFieldQueries.of(*(_records(connection, stream, tables.get(stream, {})) for stream in SOURCES))


def _records(connection: duckdb.DuckDBPyConnection, stream: str, have: Mapping[str, str]) -> list[dict[str, Any]]:
    names = [name for name in ("id", "key", "createdAt", "lastModifiedAt", *_FIELDS[stream]) if name in have]
    if "id" not in names:
        return []
    rows = connection.execute(
        f"SELECT {', '.join(map(quoted, names))} FROM {quoted(stream)} WHERE {DELETED_AT} IS NULL"  # noqa: S608 - quoted
    ).fetchall()
    records = [dict(zip(names, row, strict=True)) for row in rows]
    for record in records:
        record.update({name: json.loads(record[name]) for name in _FIELDS[stream] if record.get(name)})
    return records
