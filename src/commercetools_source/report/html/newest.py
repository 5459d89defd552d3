"""The newest records of a stream, kept aside: what lies inside objects and lists is looked at in these alone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.arrow.decode import DELETED_AT, OWN, SYNCED_AT
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.quoting import quoted
from commercetools_source.model.relations import relations
from commercetools_source.model.schemas import record_table
from commercetools_source.report.html.values import FieldNote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import duckdb

    from commercetools_source.arrow.nested import NestedFields

__all__ = ["NEWEST", "NEWEST_RECORDS", "keep_newest", "look_inside", "nested_notes", "one_thread"]

NEWEST = "temp.main._newest"
"""The table of the records that were kept last. In the temporary schema, because the file is open for reading alone."""
NEWEST_RECORDS = 200
"""So many records of a stream: to unfold the lists of all would take longer than the page may."""
_LOOKED_AT = 50
"""Of fields that nobody knew fewer tell; those of ordinary size, because all are held at once."""
_LARGEST = 100_000


@contextmanager
def one_thread(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let DuckDB answer with one thread: to share a few hundred rows out among several costs more than it saves."""
    threads = connection.execute("SELECT current_setting('threads')").fetchall()[0][0]
    connection.execute("SET threads = 1")
    yield
    connection.execute(f"SET threads = {threads}")


def keep_newest(connection: duckdb.DuckDBPyConnection, name: str, types: Mapping[str, str]) -> None:
    """Keep what can hold lists and objects of the newest live records of a stream, and their keys, as `NEWEST`."""
    live = f"{record_table(name)} WHERE {DELETED_AT} IS NULL"
    newest = f"SELECT {SYNCED_AT} FROM {live} ORDER BY {SYNCED_AT} DESC LIMIT {NEWEST_RECORDS}"  # noqa: S608 - quoted names
    columns = ", ".join(map(quoted, _kept(name, types)))
    # Kept, because a view would look for these once for each list. Many records came in one batch, at the same time:
    # with the limit a scan ends once it has enough of them.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {NEWEST} AS SELECT {columns} FROM {live}"  # noqa: S608 - same
        f" AND {SYNCED_AT} >= (SELECT min({SYNCED_AT}) FROM ({newest})) LIMIT {NEWEST_RECORDS}"
    )


def _kept(name: str, types: Mapping[str, str]) -> list[str]:
    """Return the columns with objects or lists, and what else the relations below a stream's own are made from."""
    below = relations(STREAMS[name])[1:]
    paths = [field.path for relation in below for field in relation.columns if field.level == 0]
    paths += [branch.path for relation in below for origin in relation.origins for branch in origin.steps[0].branches]
    names = dict.fromkeys([*STREAMS[name].key, *(path[0] for path in paths), *_nested(types)])
    return [column for column in names if column in types]


def _nested(types: Mapping[str, str]) -> list[str]:
    return [column for column, sql in types.items() if sql == "JSON" and column not in OWN]


def look_inside(
    connection: duckdb.DuckDBPyConnection, nested: NestedFields, name: str, types: Mapping[str, str]
) -> None:
    """Let `nested` look at some of the records that were kept of a stream."""
    if names := _nested(types):
        size = " + ".join(f"coalesce(strlen({quoted(column)}), 0)" for column in names)
        rows = connection.execute(
            f"SELECT {', '.join(map(quoted, names))} FROM {NEWEST} WHERE {size} < {_LARGEST} LIMIT {_LOOKED_AT}"  # noqa: S608 - quoted names
        ).fetchall()
        nested.look(STREAMS[name], (_record(names, row) for row in rows))


def _record(names: Iterable[str], values: Iterable[str | None]) -> msgspec.Raw:
    pairs = zip(names, values, strict=True)
    return msgspec.Raw(msgspec.json.encode({name: msgspec.Raw(value.encode()) for name, value in pairs if value}))


def nested_notes(nested: NestedFields) -> list[FieldNote]:
    """Return by stream the paths of fields inside its newest records that the contract does not know."""
    return [
        FieldNote(name, f"fields inside objects or lists that this version does not know: {', '.join(paths)}")
        for name, paths in nested.fields()
    ]
