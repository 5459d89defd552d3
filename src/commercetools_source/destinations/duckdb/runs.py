"""The records of runs in a DuckDB file: a row for each run, and one for each of its streams."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from commercetools_source.catalog.timestamps import instant, moment
from commercetools_source.extract.run_record import NEWEST_RUNS, RunRecord, StreamRecord, restored
from commercetools_source.model.quoting import quoted
from commercetools_source.model.schemas import BOOKKEEPING
from commercetools_source.model.structures import from_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from commercetools_source.destinations.duckdb.database import Database

__all__ = ["RUNS", "RUN_STREAMS", "read_runs", "write_run"]

RUNS = f"{BOOKKEEPING}.runs"
RUN_STREAMS = f"{BOOKKEEPING}.run_streams"

_NEWEST = "ORDER BY rowid DESC"
"""In the order in which they were stored: after the clock was set back a new run began before those that are there."""

_TIMES = frozenset({"started", "ended", "bound"})
_SQL_TYPES = {str: "VARCHAR", int: "BIGINT", float: "DOUBLE"}


def _types(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Return the columns of a table of such records; times are UTC without a zone, as in all tables of the file."""
    types = {}
    for field in msgspec.structs.fields(struct):
        if field.name != "streams":
            plain = next((member for member in get_args(field.type) if member is not type(None)), field.type)
            types[field.name] = "TIMESTAMP" if field.name in _TIMES else _SQL_TYPES[plain]
    return types


_TABLES = {RUNS: _types(RunRecord), RUN_STREAMS: {"run": "VARCHAR", **_types(StreamRecord)}}
_NEEDED = {
    # A field that a later version brings has a default, which stands for it in records from before.
    table: {field.name for field in msgspec.structs.fields(struct) if field.required} | {"run"}
    for table, struct in ((RUNS, RunRecord), (RUN_STREAMS, StreamRecord))
}
"""Columns without which a table holds no records."""


def write_run(database: Database, record: RunRecord, newest: int = NEWEST_RUNS) -> None:
    """Store a record in place of one with its name, and keep so many of the newest; inside a transaction.

    Raises DestinationError for a table or view that somebody else made.
    """
    for table, types in _TABLES.items():  # before rows are: DuckDB 1.4 loses rows when it replays the other order
        database.catalogue.prepare_bookkeeping(_bare(table), types)
    streams = [{"run": record.run, **msgspec.structs.asdict(stream)} for stream in record.streams]
    for table, rows in ((RUNS, [msgspec.structs.asdict(record)]), (RUN_STREAMS, streams)):
        database.execute(f"DELETE FROM {table} WHERE run = ?", [record.run])  # noqa: S608 - a constant
        if rows:
            _insert(database, table, rows)
    ((count,),) = database.execute(f"SELECT count(*) FROM {RUNS}")  # noqa: S608 - a constant
    if count > newest:
        kept = f"SELECT run FROM {RUNS} {_NEWEST} LIMIT {newest:d}"  # noqa: S608 - constants
        database.execute(f"DELETE FROM {RUNS} WHERE run NOT IN ({kept})")  # noqa: S608 - constants
        database.execute(f"DELETE FROM {RUN_STREAMS} WHERE run NOT IN (SELECT run FROM {RUNS})")  # noqa: S608 - same


def read_runs(database: Database, limit: int) -> list[RunRecord]:
    """Return the newest records, the newest first; none where no run was recorded yet."""
    present = {table: _present(database, table) for table in _TABLES}
    if not all(present.values()):
        return []
    newest = f"SELECT {_names(present[RUNS])} FROM {RUNS} {_NEWEST} LIMIT {limit:d}"  # noqa: S608 - constants
    runs = [_fields(present[RUNS], row) for row in database.execute(newest)]
    streams: dict[str, list[dict[str, Any]]] = {run["run"]: [] for run in runs}
    chosen = f"SELECT run FROM ({newest})"  # noqa: S608 - constants
    # In the order in which they were stored, which is that of the run.
    query = f"SELECT {_names(present[RUN_STREAMS])} FROM {RUN_STREAMS} WHERE run IN ({chosen}) ORDER BY rowid"  # noqa: S608 - same
    for row in database.execute(query):
        fields = _fields(present[RUN_STREAMS], row)
        streams[fields.pop("run")].append(fields)
    records = (restored({**run, "streams": streams[run["run"]]}) for run in runs)
    return [record for record in records if record is not None]


def _bare(table: str) -> str:
    return table.removeprefix(f"{BOOKKEEPING}.")


def _insert(database: Database, table: str, rows: list[dict[str, Any]]) -> None:
    columns = _TABLES[table]
    values = [{name: _time(row[name]) if name in _TIMES else row[name] for name in columns} for row in rows]
    # As one text: to bind fifteen parameters for each of fifty rows takes DuckDB 1.4 70 ms.
    rows_read = f"unnest({from_json('?', [columns])}, recursive := true)"
    text = msgspec.json.encode(values).decode()
    database.execute(f"INSERT INTO {table} ({_names(columns)}) SELECT {rows_read}", [text])


def _present(database: Database, table: str) -> list[str]:
    """Return the columns that a table of ours has; none where another one has this name."""
    stored = database.catalogue.bookkeeping.get(_bare(table), {})
    return [name for name in _TABLES[table] if name in stored] if _NEEDED[table] <= stored.keys() else []


def _names(columns: Iterable[str]) -> str:
    return ", ".join(map(quoted, columns))


def _fields(columns: Iterable[str], row: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row as the fields of a record; a time without a zone is UTC."""
    return {
        name: instant(value.replace(tzinfo=timezone.utc)) if isinstance(value, datetime) else value
        for name, value in zip(columns, row, strict=True)
    }


def _time(text: str | None) -> datetime | None:
    return None if text is None else moment(text).replace(tzinfo=None)
