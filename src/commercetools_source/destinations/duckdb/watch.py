"""Custom fields and attributes in a DuckDB file: what is defined there, and which values do not fit it."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.events import Notice
from commercetools_source.model.custom.definitions import SOURCES, changes
from commercetools_source.model.custom.places import custom_field_columns
from commercetools_source.model.custom.queries import VARIANTS, CustomFieldQueries
from commercetools_source.model.custom.unfit import count_unfit, count_unfit_attributes, decode, fields_of
from commercetools_source.model.quoting import quoted
from commercetools_source.model.schemas import record_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.duckdb.database import Database
    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.model.custom.unfit import Unfit
    from commercetools_source.model.relation import Relation

__all__ = ["CustomFieldWatch", "read_definitions"]

_FIELDS = {"product_types": ("attributes",), "types": ("resourceTypeIds", "fieldDefinitions")}
_VARIANT_FIELDS = ("masterVariant", "variants", "attributes")
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
        tables = self._database.catalogue.stream_tables()
        for stream in sorted(STREAMS.keys() & tables.keys() & (tables.keys() if changed else self._stored)):
            notices += self._unfit(stream, tables[stream], everything=bool(changed))
        return notices

    def _unfit(self, stream: str, types: Mapping[str, str], *, everything: bool) -> Iterator[Notice]:
        """Yield what does not fit in some records of one stream."""
        relations = [relation for relation in self._find(STREAMS[stream], types) if custom_field_columns(relation)]
        fields = {name for relation in relations for name in fields_of(relation)}
        if stream in VARIANTS:
            fields |= {"productType", *(("masterData",) if "masterData" in types else _VARIANT_FIELDS)}
        records = self._records(stream, sorted(fields & types.keys()), everything=everything)
        for relation in relations:
            for unfit in count_unfit(self.own, relation, records):
                yield _notice(relation.name, "custom field", unfit)
        if stream in VARIANTS:
            for name, counted in count_unfit_attributes(self.own, stream, records).items():
                yield from (_notice(name, "attribute", unfit) for unfit in counted)

    def _records(self, stream: str, fields: Sequence[str], *, everything: bool) -> list[dict[str, Any]]:
        """Return some records of a stream, of all or of those that this run stored, with only these fields."""
        if not fields or self.own == CustomFieldQueries():
            return []
        since = "" if everything else f" AND {SYNCED_AT} >= TIMESTAMP '{self._began}'"
        rows = self._database.execute(
            f"SELECT {', '.join(map(quoted, fields))} FROM {record_table(stream)}"  # noqa: S608 - quoted names
            f" WHERE {DELETED_AT} IS NULL{since} LIMIT {_LOOKED_AT}"
        )
        return [
            {name: decode(text) for name, text in zip(fields, row, strict=True) if text is not None} for row in rows
        ]


def _notice(relation: str, kind: str, unfit: Unfit) -> Notice:
    return Notice(
        relation,
        f"{unfit.rows:,} of the values looked at do not fit the definition of the {kind} {unfit.field!r};"
        f" the column {unfit.column} has all such",
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
        f"SELECT {', '.join(map(quoted, names))} FROM {record_table(stream)} WHERE {DELETED_AT} IS NULL"  # noqa: S608 - quoted
    )
    records = [dict(zip(names, row, strict=True)) for row in rows]
    for record in records:
        record.update({name: json.loads(record[name]) for name in _FIELDS[stream] if record.get(name)})
    return records
