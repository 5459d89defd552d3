"""What each destination is driven by in the shared suite: its row, and what reads back what it stored.

A new destination is one entry of CASES: its row of DESTINATIONS, and a function that returns the newest version of each
record that it holds of STREAM, by id.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import DESTINATIONS, Jsonl, Parquet
from commercetools_source.destinations.ducklake.extensions import load
from commercetools_source.destinations.manifest import MANIFEST
from commercetools_source.errors import DestinationError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Phase
from commercetools_source.model.quoting import string
from destinations.deliveries import BOUND, CURSOR
from destinations.dummy import DUMMY
from manifests import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from commercetools_source.destinations.row import DestinationType, Location
    from commercetools_source.destinations.store.bucket import Bucket
    from commercetools_source.extract.delivery import Destination

__all__ = [
    "CASES",
    "STREAM",
    "Case",
    "Table",
    "bucket",
    "copied",
    "deliver",
    "duckdb_table",
    "jsonl_table",
    "lacking_extension",
    "lake_reading",
    "lake_table",
    "merged",
    "parquet_table",
]

STREAM = STREAMS["tax_categories"]
Table = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """A destination: its row, what reads its records back, and which of these are marked as deleted."""

    row: DestinationType
    read: Callable[[Path], Table | None]
    deleted: Callable[[Path], set[str]] | None = None
    is_local: bool = True
    lacks: str = ""
    """Why it cannot be tried here."""


def deliver(
    records: Sequence[dict[str, Any] | bytes] = (),
    phase: Phase = Phase.FULL_ONLY,
    *,
    state: StreamState | None = None,
    stream: str = STREAM.name,
) -> Delivery:
    """Return a delivery; without `state` the one that a run would store with it."""
    raws = [msgspec.Raw(record if isinstance(record, bytes) else json.dumps(record).encode()) for record in records]
    if state is None:
        state = StreamState(cursor=CURSOR) if phase.last else StreamState(CURSOR, "full", BOUND)
    return Delivery(STREAMS[stream], raws, sum(len(memoryview(raw)) for raw in raws), state, phase)


def merged(table: Table, records: Sequence[dict[str, Any]]) -> Table:
    """Return a table after these records: of two with the same id the higher version counts, then the later one."""
    found = dict(table)
    for record in records:
        if record["id"] not in found or record["version"] >= found[record["id"]]["version"]:
            found[record["id"]] = record
    return found


@cache
def lacking_extension(name: str) -> str:
    """Return why DuckDB has no such extension here, "" if it has it."""
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        try:
            load(connection, name, "a lake")
        except DestinationError as error:
            return str(error)
    return ""


def duckdb_table(path: Path) -> Table | None:
    with duckdb.connect(str(path)) as connection:
        if not connection.execute(
            f"FROM duckdb_tables() WHERE schema_name = 'raw' AND table_name = '{STREAM.name}'"
        ).fetchall():
            return None
        return table_of(
            connection.execute(f"SELECT * EXCLUDE (_synced_at, _deleted_at, _unfit) FROM raw.{STREAM.name}")
        )


def parquet_table(path: Path, *, live: bool = False) -> Table | None:
    """Return the newest row of each record in a folder, with `live` without those that are marked as deleted."""
    entry = read_manifest(path).streams.get(STREAM.name)
    if entry is None or not entry.columns:
        return None
    assert {path / STREAM.name / file.name for file in entry.files} == set((path / STREAM.name).glob("part-*"))
    with duckdb.connect() as connection:
        moved = re.sub(r"'/[^']*/store/", f"'{path}/", (path / "latest.sql").read_text())
        connection.execute(moved)
        rows = f"raw.{STREAM.name} WHERE NOT {live} OR _deleted_at IS NULL"
        return table_of(connection.execute(f"SELECT * EXCLUDE (_synced_at, _deleted_at, _unfit) FROM {rows}"))


def table_of(result: duckdb.DuckDBPyConnection) -> Table:
    columns = [(name, str(sql) == "JSON") for name, sql, *_ in result.description]
    rows = [
        {
            name: json.loads(value) if is_json else value
            for (name, is_json), value in zip(columns, row, strict=True)
            if value is not None
        }
        for row in result.fetchall()
    ]
    found = {row["id"]: row for row in rows}
    assert len(found) == len(rows), "a key is there twice"
    return found


def jsonl_table(path: Path) -> Table | None:
    entry = read_manifest(path).streams.get(STREAM.name)
    listed = {path / STREAM.name / file.name for file in entry.files} if entry else set()
    loading = {path / STREAM.name / "_loading" / file.name for file in entry.loading} if entry else set()
    assert listed == set((path / STREAM.name).rglob("part-*")) - loading
    found: Table = {}
    for file in sorted(listed):
        found = merged(found, [json.loads(line) for line in file.read_text("utf-8").split("\n") if line])
    return found if entry else None


def lake_table(path: Path) -> Table | None:
    with lake_reading(path) as connection:
        if not connection.execute(
            f"FROM duckdb_tables() WHERE schema_name = 'raw' AND table_name = '{STREAM.name}'"
        ).fetchall():
            return None
        return table_of(
            connection.execute(f"SELECT * EXCLUDE (_synced_at, _deleted_at, _unfit) FROM raw.{STREAM.name}")
        )


def lake_deleted(path: Path) -> set[str]:
    with lake_reading(path) as connection:
        rows = connection.execute(f"SELECT id FROM raw.{STREAM.name} WHERE _deleted_at IS NOT NULL").fetchall()
    return {name for (name,) in rows}


@contextmanager
def lake_reading(path: Path, *, writes: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection of DuckDB alone to the lake at `path`, its current database."""
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        load(connection, "ducklake", "the test")
        connection.execute(f"ATTACH {string(f'ducklake:{path}')} AS lake{'' if writes else ' (READ_ONLY)'}")
        connection.execute("USE lake")
        yield connection


def dummy_table(path: Path) -> Table:
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT record FROM records WHERE stream = ? AND NOT loading", [STREAM.name]).fetchall()
    return {record["id"]: record for record in (json.loads(text) for (text,) in rows)}


def duckdb_deleted(path: Path) -> set[str]:
    with duckdb.connect(str(path)) as connection:
        rows = connection.execute(f"SELECT id FROM raw.{STREAM.name} WHERE _deleted_at IS NOT NULL").fetchall()
    return {name for (name,) in rows}


def parquet_deleted(path: Path) -> set[str]:
    with duckdb.connect() as connection:
        connection.execute(re.sub(r"'/[^']*/store/", f"'{path}/", (path / "latest.sql").read_text()))
        rows = connection.execute(f"SELECT id FROM raw.{STREAM.name} WHERE _deleted_at IS NOT NULL").fetchall()
    return {name for (name,) in rows}


_ROWS = {row.name: row for row in DESTINATIONS}
CASES = {
    "duckdb": Case(_ROWS["duckdb"], duckdb_table, duckdb_deleted),
    "ducklake": Case(_ROWS["ducklake"], lake_table, lake_deleted, lacks=lacking_extension("ducklake")),
    "parquet": Case(_ROWS["parquet"], parquet_table, parquet_deleted),
    "jsonl": Case(_ROWS["jsonl"], jsonl_table),
    "dummy": Case(DUMMY, dummy_table),
}


def bucket(path: Path, suffix: str = "parquet") -> Bucket:
    """Return the bucket called like `path`, in the memory of this process; what is in it stays until the end."""
    from obstore.store import MemoryStore

    from commercetools_source.destinations.store.bucket import Bucket

    return Bucket(str(path), objects=_OBJECTS.setdefault((str(path), suffix), MemoryStore()))


def copied(path: Path, folder: Path, suffix: str = "parquet") -> Path:
    """Copy the files that count out of a bucket into a folder; all others must be listed as being loaded."""
    import obstore

    objects = _OBJECTS[str(path), suffix]
    for page in obstore.list(objects):
        for meta in page:
            target = folder / meta["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(bytes(obstore.get(objects, meta["path"]).bytes()))
    for table, entry in read_manifest(folder).streams.items() if (folder / MANIFEST).exists() else ():
        for file in entry.loading:
            (folder / table / file.name).unlink()
    return folder


def killed(path: Path, target: Path, suffix: str = "parquet") -> None:
    """Copy a bucket as it is, as if the run that writes it had been killed at this moment."""
    import obstore

    source, objects = _OBJECTS[str(path), suffix], bucket(target, suffix).objects
    for page in obstore.list(source):
        for meta in page:
            text = bytes(obstore.get(source, meta["path"]).bytes())
            if meta["path"] == MANIFEST:
                text = text.replace(b'"process": %d' % os.getpid(), b'"process": 2147483647')  # no system has that many
            obstore.put(objects, meta["path"], text)


def _bucket_case(name: str, row: DestinationType, make: Callable[[Bucket], Destination], local: Case) -> Case:
    """Return the case of a destination whose folder is a bucket in memory."""

    def in_bucket(location: Location) -> Destination:
        return make(bucket(location.path(), row.name))

    def read(path: Path, look: Callable[[Path], Any]) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            return look(copied(path, Path(folder) / "store", row.name))

    deleted = local.deleted
    return Case(
        replace(row, name=name, make=in_bucket, schemes=(), url_parameters=(), extra=""),
        lambda path: read(path, local.read),
        None if deleted is None else lambda path: read(path, deleted),
        is_local=False,
    )


_OBJECTS: dict[tuple[str, str], Any] = {}
if find_spec("obstore"):
    CASES["bucket"] = _bucket_case("bucket", _ROWS["parquet"], Parquet, CASES["parquet"])
    CASES["lines"] = _bucket_case("lines", _ROWS["jsonl"], Jsonl, CASES["jsonl"])
