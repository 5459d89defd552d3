"""Whether references hold: of each record, and in its lists. Asked with SQL."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.quoting import quoted
from commercetools_source.model.relations import relations
from commercetools_source.model.schemas import record_table
from commercetools_source.model.select import select
from commercetools_source.report.html.values import Orphans

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import duckdb

    from commercetools_source.model.relation import ForeignKey, Relation
    from commercetools_source.report.html.queries import Tables

__all__ = ["NEWEST_RECORDS", "orphans"]

NEWEST_RECORDS = 500
"""Lists are looked into in so many records of a stream: to unfold those of all would take longer than the page may."""

_PAST = frozenset({"messages"})
"""What Messages refer to may be gone by right: they tell of the past."""
_AGAIN = frozenset({"product_projections_current", "product_projections_staged"})
"""Streams that show products once more, with the same lists."""
_AUTHORS = frozenset({"createdBy", "lastModifiedBy"})
"""Who made or changed a record may be an API client or a user of the Merchant Center, which no stream has."""
_FEW_ROWS = 10_000
"""Up to so many rows are fetched sooner than DuckDB plans a join for each of their foreign keys."""
_NEWEST = "temp.main._newest"


def orphans(
    connection: duckdb.DuckDBPyConnection, tables: Tables, rows: Mapping[str, int]
) -> tuple[list[Orphans], int]:
    """Return the references of streams that lead to no row, and how many foreign keys were looked at.

    `rows`: how many live rows each of these streams has. Those in lists are looked at in the newest records only; those
    to streams that are not here are not.
    """
    targets = _Targets(connection)
    lacking: list[Orphans] = []
    listed: list[_Listed] = []
    checked = 0
    for name, count in rows.items():
        if name not in tables or name in _PAST or not relations(STREAMS[name]):
            continue
        root, *below = relations(STREAMS[name])
        # All foreign keys of a table in one query: its rows are read once, however many references they have.
        if keys := _keys(root, tables):
            source = f"(FROM {record_table(name)} WHERE {DELETED_AT} IS NULL)"
            query = _selected(root, keys, source, tables[name])
            if count <= _FEW_ROWS:
                listed += _listed(connection, root, keys, query, newest_only=False)
            else:
                lacking += _lacking(targets, root, keys, query)
                checked += len(keys)
        if name not in _AGAIN:
            listed += _in_lists(connection, root, below, tables)
    return [*lacking, *_lacking_in_lists(targets, listed)], checked + len(listed)


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
                f"CREATE TEMP TABLE {name} AS SELECT {quoted(column)} AS key"  # noqa: S608 - quoted names
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
        and key.relation != relation.parent
        and _AUTHORS.isdisjoint(key.columns[0].split("_"))
    ]


def _fields(root: Relation, below: Sequence[Relation], types: Collection[str]) -> list[str]:
    """Return the columns of a stream's table that the relations `below` its own are made from."""
    paths = [field.path for field in root.columns if field.name in root.key]
    paths += [field.path for relation in below for field in relation.columns if field.level == 0]
    paths += [branch.path for relation in below for origin in relation.origins for branch in origin.steps[0].branches]
    return [name for name in dict.fromkeys(path[0] for path in paths) if name in types]


def _keep_newest(connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str]) -> None:
    """Keep `columns` of the newest live records of a stream: a view would look for these once for each list."""
    live = f"{record_table(name)} WHERE {DELETED_AT} IS NULL"
    newest = f"SELECT {SYNCED_AT} FROM {live} ORDER BY {SYNCED_AT} DESC LIMIT {NEWEST_RECORDS}"  # noqa: S608 - quoted names
    # Many records came in one batch, at the same time: with the limit a scan ends once it has enough of them.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_NEWEST} AS SELECT {', '.join(map(quoted, columns))} FROM {live}"  # noqa: S608 - same
        f" AND {SYNCED_AT} >= (SELECT min({SYNCED_AT}) FROM ({newest})) LIMIT {NEWEST_RECORDS}"
    )


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


def _in_lists(
    connection: duckdb.DuckDBPyConnection, root: Relation, below: Sequence[Relation], tables: Tables
) -> list[_Listed]:
    """Return the references in lists of a stream's newest records."""
    keys = {relation.name: _keys(relation, tables) for relation in below}
    chosen = [relation for relation in below if keys[relation.name]]
    if not chosen:
        return []
    types = tables[root.name]
    _keep_newest(connection, root.name, _fields(root, chosen, types))
    listed = []
    for relation in chosen:
        query = _selected(relation, keys[relation.name], _NEWEST, types)
        listed += _listed(connection, relation, keys[relation.name], query, newest_only=True)
    return listed


def _listed(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    keys: Sequence[ForeignKey],
    selected: str,
    *,
    newest_only: bool,
) -> list[_Listed]:
    """Return the values in the query `selected`, a column for each of `keys`."""
    rows = connection.execute(selected).fetchall()
    return [
        _Listed(relation.name, key, Counter(row[index] for row in rows if row[index] is not None), newest_only)
        for index, key in enumerate(keys)
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
    fields = {field.name: field for field in relation.columns}
    return select(replace(relation, columns=tuple(fields[key.columns[0]] for key in keys)), source, types)
