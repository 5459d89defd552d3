"""Whether references hold: of each record, asked with SQL, and in its lists."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from commercetools_source.arrow.decode import DELETED_AT
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.quoting import quoted
from commercetools_source.model.relations import relations
from commercetools_source.model.schemas import record_table
from commercetools_source.model.select import select
from commercetools_source.report.html.items import items, text
from commercetools_source.report.html.values import Orphans

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

    from commercetools_source.model.relation import Field, ForeignKey, Relation
    from commercetools_source.report.html.queries import Tables

__all__ = ["References"]

_PAST = frozenset({"messages"})
"""What Messages refer to may be gone by right: they tell of the past."""
_AGAIN = frozenset({"product_projections_current", "product_projections_staged"})
"""Streams that show products once more, with the same lists."""
_AUTHORS = frozenset({"createdBy", "lastModifiedBy"})
"""Who made or changed a record may be an API client or a user of the Merchant Center, which no stream has."""
_FEW_ROWS = 10_000
"""Up to so many rows are fetched sooner than DuckDB plans a join for each of their foreign keys."""


class References:
    """Looks at the references of one stream after the other. `checked`: at how many foreign keys it has looked.

    `tables` are those of all streams: references to streams that are not here are not looked at.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables
        self._targets = _Targets(connection)
        self._many: list[tuple[Relation, Sequence[ForeignKey], str]] = []
        self._listed: list[_Listed] = []
        self.checked = 0

    def look(self, name: str, rows: int) -> None:
        """Look at those of a stream's own relation, which has so many live rows."""
        if name in _PAST or not relations(STREAMS[name]):
            return
        root = relations(STREAMS[name])[0]
        # All foreign keys of a table in one query: its rows are read once, however many references they have.
        if keys := _keys(root, self._tables):
            source = f"(FROM {record_table(name)} WHERE {DELETED_AT} IS NULL)"
            query = _selected(root, keys, source, self._tables[name])
            if rows <= _FEW_ROWS:
                self._list(root, keys, query)
            else:
                self._many.append((root, keys, query))
            self.checked += len(keys)

    def _list(self, relation: Relation, keys: Sequence[ForeignKey], selected: str) -> None:
        """Take the values in the query `selected`, a column for each of `keys`."""
        rows = self._connection.execute(selected).fetchall()
        for key, values in zip(keys, zip(*rows, strict=True) if rows else [()] * len(keys), strict=True):
            counts = Counter(value for value in values if value is not None)
            self._listed.append(_Listed(relation.name, key, counts, newest_only=False))

    def lists(self, name: str) -> Lists | None:
        """Return what looks at those in the lists of a stream's records, one after the other; None without any."""
        below = () if name in _PAST | _AGAIN else relations(STREAMS[name])[1:]
        counted = [
            (relation, [_Listed(relation.name, key, Counter(), newest_only=True) for key in keys])
            for relation in below
            if (keys := _keys(relation, self._tables))
        ]
        rows = [row for _, listed in counted for row in listed]
        self._listed += rows
        self.checked += len(rows)
        return Lists(counted) if counted else None

    def orphans(self) -> list[Orphans]:
        """Return the references that lead to no row; those of streams of many rows are looked at only now."""
        lacking = [
            orphans for root, keys, query in self._many for orphans in _lacking(self._targets, root, keys, query)
        ]
        return [*lacking, *_lacking_in_lists(self._targets, self._listed)]


class Lists:
    """Counts the references in the lists of records."""

    def __init__(self, counted: Iterable[tuple[Relation, Sequence[_Listed]]]) -> None:
        self._counted = [
            (relation.origins, [(_field(relation, row.key), row.counts) for row in rows]) for relation, rows in counted
        ]

    def take(self, record: Mapping[str, Any]) -> None:
        """Count those of a record that is decoded."""
        for origins, counted in self._counted:
            for item in items(record, origins):
                for field, counts in counted:
                    if (value := text(item, field)) is not None:
                        counts[value] += 1


class _Targets:
    """The keys that references may have: a table of them for each column referred to, made when it is first asked."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._made: set[str] = set()

    def keys(self, stream: str, column: str) -> str:
        """Return a query of the values of a column of a stream's live rows."""
        # In the temporary schema, because the file itself is open for reading alone.
        name = f"temp.main.{quoted(f'_keys_{stream}_{column}')}"
        if name not in self._made:
            self._made.add(name)
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {quoted(column)} AS key"  # noqa: S608 - quoted names
                f" FROM {record_table(stream)} WHERE {DELETED_AT} IS NULL AND {quoted(column)} IS NOT NULL"
            )
        return f"SELECT key FROM {name}"  # noqa: S608 - same

    # The values go over as one parameter: a list in the text of the query could be megabytes of SQL.
    def missing(self, stream: str, column: str, values: Iterable[str]) -> set[str]:
        """Return those of `values` that no live row of the stream has in its column."""
        query = f"SELECT value FROM unnest(?) AS t(value) WHERE value NOT IN ({self.keys(stream, column)})"  # noqa: S608 - same
        return {value for (value,) in self.connection.execute(query, [list(values)]).fetchall()}


class _Listed(NamedTuple):
    """A foreign key of a relation, with how many rows hold each of its values."""

    relation: str
    key: ForeignKey
    counts: Counter[str]
    newest_only: bool


def _keys(relation: Relation, tables: Tables) -> list[ForeignKey]:
    """Return the foreign keys to look at: those of one column that lead to a stream's table, not to what is above."""
    return [
        key
        for key in relation.foreign_keys
        if len(key.columns) == 1
        and key.to[0] in tables.get(key.relation, {})
        and not relation.leads_up(key)
        and _AUTHORS.isdisjoint(key.columns[0].split("_"))
    ]


def _lacking(targets: _Targets, relation: Relation, keys: Sequence[ForeignKey], selected: str) -> list[Orphans]:
    """Return the references in the query `selected`, a column for each of `keys`, that lead to no row."""
    counts = [  # NULL NOT IN an empty table is true
        f"count({quoted(key.columns[0])}) FILTER ({quoted(key.columns[0])} NOT IN"
        f" ({targets.keys(key.relation, key.to[0])}))"
        for key in keys
    ]
    query = f"SELECT {', '.join(counts)} FROM ({selected})"  # noqa: S608 - quoted names
    rows = targets.connection.execute(query).fetchone() or ()
    return [
        Orphans(relation.name, key.columns[0], key.relation, count)
        for key, count in zip(keys, rows, strict=True)
        if count
    ]


def _lacking_in_lists(targets: _Targets, listed: Sequence[_Listed]) -> list[Orphans]:
    values: dict[tuple[str, str], set[str]] = {}
    for row in listed:
        # One question for each target and not for each list: many lists refer to the same products.
        values.setdefault((row.key.relation, row.key.to[0]), set()).update(row.counts)
    missing = {target: targets.missing(*target, keys) for target, keys in values.items() if keys}
    lacking = []
    for row in listed:
        gone = missing.get((row.key.relation, row.key.to[0]), set())
        if count := sum(row.counts[value] for value in gone):
            lacking.append(Orphans(row.relation, row.key.columns[0], row.key.relation, count, row.newest_only))
    return lacking


def _selected(relation: Relation, keys: Sequence[ForeignKey], source: str, types: Mapping[str, str]) -> str:
    """Return the query of the columns of `keys`, in their order."""
    return select(replace(relation, columns=tuple(_field(relation, key) for key in keys)), source, types)


def _field(relation: Relation, key: ForeignKey) -> Field:
    return next(field for field in relation.columns if field.name == key.columns[0])
