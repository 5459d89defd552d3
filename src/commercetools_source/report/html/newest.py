"""The newest records of a stream: what lies inside objects and lists is looked at in these alone."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.arrow.decode import DELETED_AT, OWN, SYNCED_AT
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.quoting import literal, quoted
from commercetools_source.model.relations import relations
from commercetools_source.model.schemas import record_table
from commercetools_source.report.html.values import FieldNote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import duckdb

    from commercetools_source.arrow.nested import NestedFields

__all__ = ["NEWEST_RECORDS", "nested_notes", "newest_records", "one_thread"]

NEWEST_RECORDS = 200
"""So many records of a stream with references in lists: to look through all would take longer than the page may."""
_MOST_TEXT = 20_000_000
"""So many characters of JSON of a stream; those of 1 MB a record would take a minute."""
_AT_ONCE = 10


@contextmanager
def one_thread(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let DuckDB answer with one thread: to share a few hundred rows out among several costs more than it saves."""
    threads = connection.execute("SELECT current_setting('threads')").fetchall()[0][0]
    connection.execute("SET threads = 1")
    try:
        yield
    finally:
        connection.execute(f"SET threads = {threads}")


def newest_records(
    connection: duckdb.DuckDBPyConnection, name: str, types: Mapping[str, str], rows: int, limit: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the newest of a stream's `rows` live records, up to `limit`: what can hold lists and objects, and its keys.

    With each comes how many characters of JSON it has; after `_MOST_TEXT` of these no more records come. No other query
    may be asked until all are taken.
    """
    columns = _looked_into(name, types)
    names = ", ".join(map(quoted, columns))
    live = f"FROM {record_table(name)} WHERE {DELETED_AT} IS NULL"
    query = f"SELECT {names} {live}"
    if rows > limit:
        # The time alone first: with it as a constant DuckDB passes over whole row groups of the columns that are large.
        times = connection.execute(f"SELECT {SYNCED_AT} {live} ORDER BY 1 DESC LIMIT {limit}").fetchall()
        oldest, newer = literal(times[-1][0]), times.index(times[-1])
        # Many records came in one batch, at the same time: with a limit for these a scan ends once it has enough of
        # them. Those that came later lie behind them, and are all wanted.
        query += f" AND {SYNCED_AT} > {oldest}"
        query += f" UNION ALL (SELECT {names} {live} AND {SYNCED_AT} = {oldest} LIMIT {limit - newer})"
    result = connection.execute(query)
    # A few at once: a record may be 16 MB.
    characters = 0
    while characters < _MOST_TEXT and (some := result.fetchmany(_AT_ONCE)):
        for size, record in (_decoded(columns, types, row) for row in some):
            characters += size
            yield size, record


def _decoded(columns: Iterable[str], types: Mapping[str, str], row: Iterable[Any]) -> tuple[int, dict[str, Any]]:
    size = 0
    record: dict[str, Any] = {}
    for column, value in zip(columns, row, strict=True):
        if value is not None and types[column] == "JSON":
            size += len(value)
            # One value that is broken, or nested too deep, leaves the others to be looked at.
            with suppress(msgspec.DecodeError, RecursionError):
                record[column] = msgspec.json.decode(value)
        else:
            record[column] = value
    return size, record


def _looked_into(name: str, types: Mapping[str, str]) -> list[str]:
    """Return the columns with objects or lists, and what else the relations below a stream's own refer with."""
    below = relations(STREAMS[name])[1:]
    paths = [field.path for relation in below for field in relation.columns if field.level == 0]
    paths += [branch.path for relation in below for origin in relation.origins for branch in origin.steps[0].branches]
    nested = [column for column, sql in types.items() if sql == "JSON" and column not in OWN]
    names = dict.fromkeys([*STREAMS[name].key, *(path[0] for path in paths), *nested])
    return [column for column in names if column in types]


def nested_notes(nested: NestedFields) -> list[FieldNote]:
    """Return by stream the paths of fields inside its newest records that the contract does not know."""
    return [
        FieldNote(name, f"fields inside objects or lists that this version does not know: {', '.join(paths)}")
        for name, paths in nested.fields()
    ]
