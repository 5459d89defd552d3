"""Custom fields and attributes in a DuckDB file: what is defined there, and which values do not fit it."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.events import Notice
from commercetools_source.model.custom.definitions import SOURCES, changes
from commercetools_source.model.custom.queries import VARIANTS, CustomFieldQueries
from commercetools_source.model.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.duckdb.database import Database
    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.model.relations import Relation

__all__ = ["CustomFieldWatch", "read_definitions"]

_FIELDS = {"product_types": ("attributes",), "types": ("resourceTypeIds", "fieldDefinitions")}
_LOOKED_AT = 500  # records of a stream: enough to see a mistake, and nothing beside the time that reading took


class CustomFieldWatch:
    """Follows what is stored in a file: the definitions in force, and what does not fit them.

    `find` returns the relations of a stream whose table has given columns.
    """

    def __init__(self, database: Database, find: Callable[[Stream, Mapping[str, str]], Sequence[Relation]]) -> None:
        self._database = database
        self._find = find
        self._began = datetime.now(timezone.utc).replace(tzinfo=None)
        self._before = self.own = read_definitions(database)
        self._stored: set[str] = set()

    def follow(self, delivery: Delivery) -> bool:
        """Take into account what was just stored; return whether the definitions are others now."""
        stream, before = delivery.stream.name, self.own
        if delivery.records:
            self._stored.add(stream)
        if delivery.phase.last and stream in SOURCES:
            self.own = read_definitions(self._database)
        return self.own != before

    def notices(self) -> list[Notice]:
        """Return what changed in the definitions, where they disagree, and how many values do not fit them.

        Looked at are some records of each stream that was stored in this run, and of all where definitions changed.
        """
        notices = [Notice("custom fields", f"{conflict}; its values stay JSON") for conflict in self.own.conflicts()]
        changed = changes(self._before.defined(), self.own.defined()) if self._before != CustomFieldQueries() else ()
        notices += [Notice("custom fields", str(change)) for change in changed]
        rows, tables = self._rows(everything=bool(changed)), self._database.catalogue.stream_tables()
        for stream in sorted(STREAMS.keys() & tables.keys() & (tables.keys() if changed else self._stored)):
            notices += self._unfit(stream, f"(SELECT * FROM {quoted(stream)} WHERE {rows})", tables[stream])  # noqa: S608
        return notices

    def _rows(self, *, everything: bool) -> str:
        since = "" if everything else f" AND {SYNCED_AT} >= TIMESTAMP '{self._began}'"
        return f"{DELETED_AT} IS NULL{since} LIMIT {_LOOKED_AT}"

    def _unfit(self, stream: str, source: str, types: Mapping[str, str]) -> Iterator[Notice]:
        """Yield what does not fit in the records `source` of one stream."""
        own = self.own
        for relation in self._find(STREAMS[stream], types):
            yield from self._counted(relation.name, "custom field", own.count_unfit(relation, source, types))
        if stream in VARIANTS:
            for name, product_type in own.product_types_by_name().items():
                query = own.count_unfit_attributes(product_type, stream, source, types)
                yield from self._counted(name, "attribute", query)

    def _counted(self, relation: str, kind: str, query: str) -> Iterator[Notice]:
        for column, name, count in self._database.execute(query) if query else ():
            yield Notice(
                relation,
                f"{count:,} of the values looked at do not fit the definition of the {kind} {name!r};"
                f" the column {column} has all such",
            )


def read_definitions(database: Database) -> CustomFieldQueries:
    """Return what the records in the file define."""
    return CustomFieldQueries.of(*(_records(database, stream) for stream in SOURCES))


def _records(database: Database, stream: str) -> list[dict[str, Any]]:
    columns = database.catalogue.stream_tables().get(stream, {})
    names = [name for name in ("id", "key", "createdAt", "lastModifiedAt", *_FIELDS[stream]) if name in columns]
    if "id" not in names:
        return []
    rows = database.execute(
        f"SELECT {', '.join(map(quoted, names))} FROM {quoted(stream)} WHERE {DELETED_AT} IS NULL"  # noqa: S608 - quoted
    )
    records = [dict(zip(names, row, strict=True)) for row in rows]
    for record in records:
        record.update({name: json.loads(record[name]) for name in _FIELDS[stream] if record.get(name)})
    return records
