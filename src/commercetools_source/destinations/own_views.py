"""The project's own fields in a DuckDB file: what is defined there, and a view per product type.

Works on an open connection and inside its transaction; when, is for the destination to say.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from commercetools_source.definitions import SOURCES, changes
from commercetools_source.destinations.columns import DELETED_AT, SYNCED_AT
from commercetools_source.destinations.own_model import VARIANTS, OwnFields
from commercetools_source.destinations.values import quoted, text
from commercetools_source.events import Noticed
from commercetools_source.owners import with_unlisted
from commercetools_source.relations import all_relations, relations
from commercetools_source.resources import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

    from commercetools_source.delivery import Delivery

__all__ = ["OwnViews", "read_definitions"]

_FIELDS = {"product_types": ("attributes",), "types": ("resourceTypeIds", "fieldDefinitions")}
_MARK = "commercetools-source, product type "
_LOOKED_AT = 500  # records of a stream: enough to see a mistake, and nothing beside the time that reading took

Tables = Mapping[str, Mapping[str, str]]
"""The columns of each table, name to SQL type."""


class OwnViews:
    """Follows what is stored in a file: the definitions in force, and what does not fit them.

    `tables` returns the tables of the file as they are now; `schema` is where the views go.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: Callable[[], Tables], schema: str) -> None:
        self._connection = connection
        self._tables = tables
        self._schema = schema
        self._began = datetime.now(timezone.utc).replace(tzinfo=None)
        self._before = self.own = read_definitions(connection, tables())
        self._stored: set[str] = set()
        self._failed: list[Noticed] = []

    def follow(self, delivery: Delivery) -> None:
        """Take into account what was just stored. A view that cannot be made is told, and the next run tries again."""
        stream = delivery.stream.name
        if delivery.records:
            self._stored.add(stream)
        if delivery.done and stream in SOURCES:
            self.own = read_definitions(self._connection, self._tables())
        if delivery.done and stream in (*SOURCES, *VARIANTS):
            self._show(self._tables())

    def noticed(self) -> list[Noticed]:
        """Return what changed in the definitions, where they disagree, and how many values do not fit them.

        Looked at are some records of each stream that was stored in this run, and of all where definitions changed.
        """
        found = [*self._failed]
        found += [Noticed("own fields", f"{one}; its values stay JSON") for one in self.own.conflicts()]
        changed = changes(self._before.defined(), self.own.defined()) if self._before != OwnFields() else ()
        found += [Noticed("own fields", str(one)) for one in changed]
        rows, tables = self._rows(everything=bool(changed)), self._tables()
        for stream in tables if changed else self._stored & tables.keys():
            found += self._unfit(stream, f"(SELECT * FROM {quoted(stream)} WHERE {rows})", tables[stream])  # noqa: S608
        return found

    def _rows(self, *, everything: bool) -> str:
        since = "" if everything else f" AND {SYNCED_AT} >= TIMESTAMP '{self._began}'"
        return f"{DELETED_AT} IS NULL{since} LIMIT {_LOOKED_AT}"

    def _unfit(self, stream: str, source: str, have: Mapping[str, str]) -> Iterator[Noticed]:
        """Yield what does not fit in the records `source` of one stream."""
        for relation in relations(STREAMS[stream]) if stream in STREAMS else ():
            whole = with_unlisted(relation, have)
            for place, name, count in self._count(self.own.misfits(whole, source, have)):
                yield _told(relation.name, place, f"custom field {name!r}", count)
        if stream in VARIANTS:
            for called, one in self.own.product_types_by_name().items():
                for place, name, count in self._count(self.own.variant_misfits(one, stream, source, have)):
                    yield _told(called, place, f"attribute {name!r}", count)

    def _count(self, query: str) -> list[tuple[str, str, int]]:
        return self._connection.execute(query).fetchall() if query else []

    def _show(self, tables: Tables) -> None:
        """Let the schema have one view per product type; views that are right stay as they are.

        Each view's comment has a digest of its query. What is called the same and has no such comment is
        somebody else's and stays.
        """
        wanted = _wanted(self.own, tables)
        marks = {name: f"{_MARK}{zlib.crc32(query.encode()):08x}" for name, query in wanted.items()}
        there = self._there()
        for name, mark in there.items():
            if mark.startswith(_MARK) and name not in wanted:
                self._run(name, f"DROP VIEW {self._name(name)}")
        if wanted:
            self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(self._schema)}")
        for name, query in wanted.items():
            held = there.get(name, _MARK)
            if not held.startswith(_MARK):
                self._failed.append(Noticed(name, f"{self._schema}.{name} is somebody else's, so it was left as it is"))
            elif held != marks[name]:
                self._run(name, f"CREATE OR REPLACE VIEW {self._name(name)} AS {query}")
                self._run(name, f"COMMENT ON VIEW {self._name(name)} IS {text(marks[name])}")

    def _run(self, name: str, statement: str) -> None:
        import duckdb

        try:
            self._connection.execute(statement)
        except duckdb.Error as error:
            self._failed.append(Noticed(name, f"its view could not be made: {str(error).strip().splitlines()[0]}"))

    def _name(self, view: str) -> str:
        return f"{quoted(self._schema)}.{quoted(view)}"

    def _there(self) -> dict[str, str]:
        """Return the comments of the tables and views of the schema, "" for none, without the relations of streams."""
        found = self._connection.execute(
            "SELECT view_name, comment FROM duckdb_views() WHERE database_name = current_database() AND schema_name = ?"
            " UNION ALL SELECT table_name, NULL FROM duckdb_tables()"
            " WHERE database_name = current_database() AND schema_name = ?",
            [self._schema, self._schema],
        ).fetchall()
        return {name: comment or "" for name, comment in found if name not in all_relations()}


def _wanted(own: OwnFields, tables: Tables) -> dict[str, str]:
    """Return the query of each product type's view by its name."""
    stream = next((name for name in VARIANTS if name in tables), None)
    if stream is None:
        return {}
    source = f"(SELECT * FROM main.{quoted(stream)} WHERE {DELETED_AT} IS NULL)"  # noqa: S608 - a quoted name
    return {
        name: own.variants(one, stream, source, tables[stream]) for name, one in own.product_types_by_name().items()
    }


def _told(relation: str, place: str, what: str, count: int) -> Noticed:
    return Noticed(
        relation,
        f"{count:,} of the values looked at do not fit the definition of the {what}; the column {place} has all such",
    )


def read_definitions(connection: duckdb.DuckDBPyConnection, tables: Tables) -> OwnFields:
    """Return what the records in the file define."""
    return OwnFields.of(*(_records(connection, stream, tables.get(stream, {})) for stream in SOURCES))


def _records(connection: duckdb.DuckDBPyConnection, stream: str, have: Mapping[str, str]) -> list[dict[str, Any]]:
    names = [name for name in ("id", "key", *_FIELDS[stream]) if name in have]
    if "id" not in names:
        return []
    rows = connection.execute(
        f"SELECT {', '.join(map(quoted, names))} FROM {quoted(stream)} WHERE {DELETED_AT} IS NULL"  # noqa: S608 - quoted
    ).fetchall()
    parsed = [
        [
            json.loads(value) if name in _FIELDS[stream] and value else value
            for name, value in zip(names, row, strict=True)
        ]
        for row in rows
    ]
    return [dict(zip(names, row, strict=True)) for row in parsed]
