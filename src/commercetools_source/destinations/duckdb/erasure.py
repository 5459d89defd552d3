"""Single records of a DuckDB file emptied or taken out for good: what they were is nowhere in the file after it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT
from commercetools_source.arrow.rewrite import rewritten
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import moment
from commercetools_source.destinations import duckdb_engine
from commercetools_source.destinations.duckdb import connection as files
from commercetools_source.destinations.duckdb.history import SPAN, earlier
from commercetools_source.destinations.duckdb.states import loading_name
from commercetools_source.destinations.store.atomic import sync_folder
from commercetools_source.model.quoting import literal, quoted
from commercetools_source.model.schemas import (
    BOOKKEEPING,
    HISTORY,
    RECORDS,
    RELATIONS,
    history_table,
    record_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb
    import msgspec
    import pyarrow as pa

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.duckdb.database import Database
    from commercetools_source.destinations.duckdb.model import Model

__all__ = ["read_forgotten", "rewrite", "scan", "scrub", "tables_of_others", "write_forgotten"]

_FORGOTTEN = "forgotten"


def read_forgotten(database: Database) -> bytes | None:
    """Return what `write_forgotten` stored."""
    if _FORGOTTEN not in database.catalogue.bookkeeping:
        return None
    rows = database.execute(f"SELECT persons FROM {BOOKKEEPING}.{_FORGOTTEN}")  # noqa: S608 - constants
    return rows[0][0].encode() if rows else None


def write_forgotten(database: Database, text: bytes) -> None:
    """Store whom to forget, inside a transaction."""
    database.catalogue.prepare_bookkeeping(_FORGOTTEN, {"persons": "JSON"})
    database.execute(f"DELETE FROM {BOOKKEEPING}.{_FORGOTTEN}")  # noqa: S608 - constants
    database.execute(f"INSERT INTO {BOOKKEEPING}.{_FORGOTTEN} VALUES (?)", [text.decode()])  # noqa: S608 - same


def scan(database: Database, stream: Stream, fields: Sequence[str], before: str | None) -> Iterator[msgspec.Raw]:
    """Yield each row as a JSON object of those of `fields` that it has, of a read under way too."""
    for table, types in _tables(database, stream, every=before is None).items():
        columns = {name: quoted(name) for name in fields if name in types}
        query = f"SELECT {duckdb_engine.as_json(columns, types)} FROM {table}"  # noqa: S608 - quoted names
        if before is not None:
            time = literal(moment(before).replace(tzinfo=None))
            query += f" WHERE {quoted(str(stream.cursor))} < {time}"
        yield from duckdb_engine.records(database.connection.execute(query))


def rewrite(
    database: Database,
    model: Model,
    stream: Stream,
    ids: Collection[str],
    change: Callable[[msgspec.Raw], msgspec.Raw] | None,
) -> int:
    """Let each row with one of these ids be what `change` makes of its record, None: take it out; return how many.

    To be called inside a transaction; relations that are tables follow.
    """
    changed = 0
    key = ", ".join(map(quoted, stream.key))
    with duckdb_engine.having_ids(database.connection, ids, stream.resource_id) as condition:
        for name, types in _tables(database, stream).items():
            is_newest, chosen = name == record_table(stream.name), f"WHERE {condition}"
            if change is None:
                if is_newest:
                    model.remove(stream, f"(SELECT {key} FROM {name} {chosen})")  # noqa: S608 - quoted names
                ((rows,),) = database.execute(f"DELETE FROM {name} {chosen}")  # noqa: S608 - quoted names
                changed += rows
                continue
            stored: pa.Table = database.connection.sql(f"SELECT * FROM {name} {chosen}").to_arrow_table()  # noqa: S608 - same
            new, rows = rewritten(stored, types, change)
            changed += rows
            with database.registered("_changed", new):
                database.execute(f"DELETE FROM {name} {chosen}")  # noqa: S608 - same
                database.execute(f"INSERT INTO {name} BY NAME SELECT * FROM _changed")  # noqa: S608 - same
            if is_newest:
                model.update(stream, types, f"(FROM {name} {chosen} AND {DELETED_AT} IS NULL)")
    return changed


def tables_of_others(database: Database, relations: Collection[str]) -> list[str]:
    """Return the names of tables beside those of streams and the `relations` of this package."""
    streams = {name for stream in STREAMS for name in (stream, loading_name(stream))}
    ours = {RECORDS: streams, HISTORY: streams, RELATIONS: relations}
    tables = database.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database() ORDER BY ALL"
    )
    return [
        f"{schema}.{table}" for schema, table in tables if schema != BOOKKEEPING and table not in ours.get(schema, ())
    ]


def scrub(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Put a copy of the file at `path`, which `connection` has open, in its place.

    A row that is deleted or changed stays in blocks of the file that are free, or not yet: a copy has what counts, and
    nothing else (https://duckdb.org/docs/stable/operations_manual/footprint_of_duckdb/reclaiming_space).
    """
    import duckdb

    copy = path.with_name(f"{path.name}.commercetools-copy")
    files_of_copy = (copy, files.log_of(copy))
    for leftover in files_of_copy:  # of a run that was killed here
        leftover.unlink(missing_ok=True)
    # What is in the log alone must be in the file before it is copied.
    connection.execute("CHECKPOINT")
    try:
        files.attach_new(connection, copy, "copy")
        # Whoever could read the file before can read it after, and nobody else, from the first row on.
        copy.chmod(path.stat().st_mode)
        connection.execute(f"COPY FROM DATABASE {files.CATALOG} TO copy")
        connection.execute("DETACH copy")
        with copy.open("rb+") as file:
            os.fsync(file.fileno())
        # Before the connection, and with it the lock, is let go: nobody writes to the old file in between.
        copy.replace(path)
    except BaseException:
        # Nobody would look for a copy of the shop here, and the next run has no use for it.
        with suppress(duckdb.Error):  # not attached yet, or no longer
            connection.execute("DETACH copy")
        for leftover in files_of_copy:
            with suppress(OSError):
                leftover.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _tables(database: Database, stream: Stream, *, every: bool = True) -> Mapping[str, Mapping[str, str]]:
    """Return the tables with rows of a stream by their quoted names, each with the types of the records' columns.

    With `every` that of rows that others took the place of, too.
    """
    catalogue, names = database.catalogue, (stream.name, loading_name(stream.name))
    tables = {record_table(name): catalogue.columns[name] for name in names if name in catalogue.columns}
    past = earlier(catalogue, stream.name)
    if every and past:
        tables[history_table(stream.name)] = {name: sql for name, sql in past.items() if name not in SPAN}
    return tables
