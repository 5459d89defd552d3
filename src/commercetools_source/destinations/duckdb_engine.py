"""What all that works with DuckDB shares: opening it, its errors, deletions, and how a table differs from a listing."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.arrow.arrays import integers, moments, strings
from commercetools_source.arrow.decode import DELETED_AT, UNFIT
from commercetools_source.catalog.timestamps import moment
from commercetools_source.errors import ConfigError
from commercetools_source.extract.abilities import Difference
from commercetools_source.model.quoting import quoted, string

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb
    import pyarrow as pa

    from commercetools_source.extract.abilities import Listed

__all__ = [
    "SETTINGS",
    "THREADS",
    "Settings",
    "api_time",
    "as_json",
    "compare",
    "connect",
    "deletions",
    "first_line",
    "having_ids",
    "lacks_memory",
    "listed",
    "mark_deleted",
    "records",
    "refuse_backslash",
    "registered",
    "remove",
    "remove_spilled",
]

Settings = dict[str, str | bool | int | float | list[str]]

THREADS = 2
"""More threads of DuckDB's gain little beside the download, and cost memory each."""

SETTINGS: Settings = {
    "threads": THREADS,
    "preserve_insertion_order": False,
    "autoinstall_known_extensions": False,  # nothing is downloaded behind the user's back
    "autoload_known_extensions": False,
}
"""What a destination opens DuckDB with, besides its own."""

_IDS = "_ids"
"""The table of ids that `having_ids` registers."""
# A record may have 16 MB (https://docs.commercetools.com/api/limits), most have some KB.
_ROWS_AT_ONCE = 1000
_LACKING = re.compile(r"failed to (pin|allocate|offload)|could not allocate|out of memory|memory limit", re.IGNORECASE)


def refuse_backslash(location: str) -> None:
    """Raise ConfigError for a file or folder that DuckDB would look for elsewhere.

    On every system it takes a backslash for the separator of folders, and in a list of files for an escape. A file
    with one in its name would be that of a folder, whosever it is.
    """
    if os.sep != "\\" and "\\" in location:
        raise ConfigError(f"to DuckDB the backslash in {location} separates folders; choose another name")


def connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Return a database in memory that writes nothing to standard output, where a program may read something else."""
    import duckdb

    connection = duckdb.connect(":memory:", config=settings)
    # In a notebook or terminal DuckDB draws it after two seconds: https://duckdb.org/docs/stable/configuration/overview
    connection.execute("SET enable_progress_bar = false")
    return connection


def remove_spilled(folder: Path) -> None:
    """Remove what a process that was killed had no memory for; to be called where nobody else may use the folder.

    DuckDB removes what it has written there itself, and nothing of another process.
    """
    # Behind a link may be a folder in which other databases have theirs.
    if folder.is_symlink():
        return
    with suppress(OSError):
        for path in folder.glob("duckdb_temp_*"):
            path.unlink()
        folder.rmdir()


def lacks_memory(error: BaseException) -> bool:
    """Return whether DuckDB gave up because of its memory limit, which it says by three classes of errors."""
    import duckdb

    return isinstance(error, duckdb.OutOfMemoryException) or bool(_LACKING.search(str(error)))


def first_line(message: object) -> str:
    """Return the line of an error that says something: the first one, or the one behind the frames of a traceback."""
    lines = str(message).strip().splitlines() or ["no reason given"]
    # What a file system in Python raises comes through DuckDB 2 with a traceback before it, and the statement behind.
    if lines[0].startswith("Traceback "):
        return next((line for line in lines[1:] if line and not line[0].isspace()), lines[0])
    return lines[0]


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, name: str, rows: Any) -> Iterator[None]:
    """Let statements read the Arrow data `rows` under `name` for as long as the block runs."""
    import duckdb

    connection.register(name, rows)
    try:
        yield
    finally:  # what is registered stays in memory
        with suppress(duckdb.Error):  # a transaction that failed takes no statement more
            connection.unregister(name)


@contextmanager
def having_ids(connection: duckdb.DuckDBPyConnection, ids: Collection[str], column: str = "id") -> Iterator[str]:
    """Give the condition that rows with one of these ids in `column` meet, for as long as the block runs."""
    import pyarrow as pa

    with registered(connection, _IDS, pa.table({"id": strings(list(ids))})):
        yield f"{quoted(column)} IN (SELECT id FROM {_IDS})"  # noqa: S608 - a quoted name and a constant


@contextmanager
def listed(connection: duckdb.DuckDBPyConnection, times: Mapping[str, str]) -> Iterator[str]:
    """Give the name of the table that `deletions` makes of `times`, for as long as the block runs."""
    with registered(connection, "_gone", deletions(times)):
        yield "_gone"


def as_json(columns: Mapping[str, str], types: Mapping[str, str]) -> str:
    """Return the SQL of a row as a JSON object of these columns, each the SQL of its value: times as the API has them.

    `types`: the SQL type of each column. What did not fit its column is in it as well.
    """
    sql = {name: api_time(value) if types[name] == "TIMESTAMP" else value for name, value in columns.items()}
    values = ", ".join(f"{string(name)}, {value}" for name, value in sql.items())
    # What did not fit its column comes back into the object (https://www.rfc-editor.org/rfc/rfc7386).
    return f"json_merge_patch(json_object({values}), coalesce({UNFIT}, '{{}}')::JSON)"


def api_time(column: str) -> str:
    """Return the SQL of a TIMESTAMP as an API timestamp."""
    return f"strftime({column}, '%Y-%m-%dT%H:%M:%S.%gZ')"


def records(result: duckdb.DuckDBPyConnection) -> Iterator[msgspec.Raw]:
    """Yield the rows of a query for one text of JSON each; to be read to the end before another query is made."""
    # In parts, because a large table as a whole does not fit into memory.
    while rows := result.fetchmany(_ROWS_AT_ONCE):
        yield from (msgspec.Raw(text.encode()) for (text,) in rows)


def mark_deleted(connection: duckdb.DuckDBPyConnection, table: str, gone: str) -> int:
    """Set when the rows with the ids in `gone` were deleted, where it is not set yet; return how many that were.

    `table` is a quoted name, `gone` what `listed` gives.
    """
    row = connection.execute(
        f"UPDATE {table} AS held SET {DELETED_AT} = gone.time FROM {gone} AS gone"  # noqa: S608 - quoted names
        f" WHERE held.id = gone.id AND held.{DELETED_AT} IS NULL"
    ).fetchone()
    return int(row[0]) if row else 0


def deletions(times: Mapping[str, str]) -> pa.Table:
    """Return `times`, an API timestamp for each id, as the columns `id` and `time`."""
    import pyarrow as pa

    # Without a zone, as all times of a file are.
    deleted = [moment(time).replace(tzinfo=None) for time in times.values()]
    return pa.table({"id": strings(list(times)), "time": moments(deleted)})


def remove(connection: duckdb.DuckDBPyConnection, table: str, gone: str) -> int:
    """Take out the rows with the ids in `gone`; return how many there were. Names as in `mark_deleted`."""
    row = connection.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM {gone})").fetchone()  # noqa: S608 - same
    return int(row[0]) if row else 0


def compare(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    pages: Iterable[Sequence[Listed]],
    cursor: str,
    since: str | None = None,
) -> Difference:
    """Return how `table` (a quoted name) differs from a listing of all records created before `cursor`.

    With `since` the listing begins with changes of then, and rows last changed earlier are not judged.
    """
    # A table and no Arrow data: three questions are asked of it, each with a join.
    connection.execute("CREATE OR REPLACE TEMP TABLE _listed (id VARCHAR, version BIGINT, modified TIMESTAMP)")
    try:
        for page in pages:
            _add(connection, page)
        return _difference(connection, table, cursor, since)
    finally:
        connection.execute("DROP TABLE IF EXISTS temp._listed")


def _add(connection: duckdb.DuckDBPyConnection, page: Sequence[Listed]) -> None:
    import pyarrow as pa

    rows = pa.table(
        {
            "id": strings([record.id for record in page]),
            "version": integers([record.version for record in page]),
            "modified": moments([moment(record.lastModifiedAt).replace(tzinfo=None) for record in page]),
        }
    )
    with registered(connection, "_page", rows):
        connection.execute("INSERT INTO temp._listed SELECT * FROM _page")


def _difference(connection: duckdb.DuckDBPyConnection, table: str, cursor: str, since: str | None) -> Difference:
    # What changed at the cursor or later the next run brings, so its absence proves nothing.
    bound = moment(cursor).replace(tzinfo=None)
    begin = [moment(since).replace(tzinfo=None)] if since else []
    judged = " AND held.lastModifiedAt >= ?" if since else ""
    changed = ", lastModifiedAt" if since else ""
    live = f"(SELECT id, version, createdAt{changed} FROM {table} WHERE {DELETED_AT} IS NULL)"  # noqa: S608 - a quoted name

    def ids(condition: str, *values: object) -> tuple[str, ...]:
        rows = connection.execute(
            f"SELECT DISTINCT id FROM (SELECT coalesce(listed.id, held.id) AS id FROM temp._listed AS listed"  # noqa: S608
            f" FULL JOIN {live} AS held ON listed.id = held.id WHERE {condition}) ORDER BY id",
            list(values),
        ).fetchall()
        return tuple(name for (name,) in rows)

    # Listed once each: a record that changes during the listing may come on two pages.
    counts = connection.execute(
        f"SELECT (SELECT count(*) FROM {live}), (SELECT count(DISTINCT id) FROM temp._listed)"  # noqa: S608
    ).fetchone()
    stored, listed = counts or (0, 0)
    # No run makes them; whoever writes into the table by hand may, and each sum over it is wrong then.
    doubled = connection.execute(f"SELECT id FROM {live} GROUP BY id HAVING count(*) > 1 ORDER BY id").fetchall()  # noqa: S608
    return Difference(
        # Missing or stale only if it changed before the cursor: what came later, the next run brings.
        missing=ids("held.id IS NULL AND listed.modified < ?", bound),
        stale=ids("listed.version > held.version AND listed.modified < ?", bound),
        # By the time of creation: a record that was created after the cursor was never in the listing.
        gone=ids("listed.id IS NULL AND held.createdAt < ?" + judged, bound, *begin),
        held=stored,
        listed=listed,
        doubled=tuple(name for (name,) in doubled),
    )
