"""What each destination is driven by in the shared suite: its row, and what reads back what it stored.

A new destination is one entry of CASES: its row of DESTINATIONS, and a function that returns the newest version of each
record that it holds of STREAM, by id.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.manifest import read_manifest
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Phase
from destinations.deliveries import BOUND, CURSOR
from destinations.dummy import DUMMY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from commercetools_source.destinations.row import DestinationType

__all__ = ["CASES", "STREAM", "Case", "Table", "deliver", "duckdb_table", "jsonl_table", "merged", "parquet_table"]

STREAM = STREAMS["tax_categories"]
Table = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """A destination: its row, what reads its records back, and which of these are marked as deleted."""

    row: DestinationType
    read: Callable[[Path], Table | None]
    deleted: Callable[[Path], set[str]] | None = None


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


def duckdb_table(path: Path) -> Table | None:
    with duckdb.connect(str(path)) as connection:
        if not connection.execute(
            f"FROM duckdb_tables() WHERE schema_name = 'main' AND table_name = '{STREAM.name}'"
        ).fetchall():
            return None
        return table_of(connection.execute(f"SELECT * EXCLUDE (_synced_at, _deleted_at, _unfit) FROM {STREAM.name}"))


def parquet_table(path: Path) -> Table | None:
    entry = read_manifest(path).streams.get(STREAM.name)
    if entry is None or not entry.columns:
        return None
    assert {path / STREAM.name / file.name for file in entry.files} == set((path / STREAM.name).glob("part-*"))
    with duckdb.connect() as connection:
        moved = re.sub(r"'/[^']*/store/", f"'{path}/", (path / "latest.sql").read_text())
        connection.execute(moved)
        result = connection.execute(f"SELECT * EXCLUDE (_synced_at, _deleted_at, _unfit) FROM {STREAM.name}")
        return table_of(result)


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


def dummy_table(path: Path) -> Table:
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT record FROM records WHERE stream = ? AND NOT loading", [STREAM.name]).fetchall()
    return {record["id"]: record for record in (json.loads(text) for (text,) in rows)}


def duckdb_deleted(path: Path) -> set[str]:
    with duckdb.connect(str(path)) as connection:
        rows = connection.execute(f"SELECT id FROM {STREAM.name} WHERE _deleted_at IS NOT NULL").fetchall()
    return {name for (name,) in rows}


def parquet_deleted(path: Path) -> set[str]:
    with duckdb.connect() as connection:
        connection.execute((path / "latest.sql").read_text())
        rows = connection.execute(f"SELECT id FROM {STREAM.name} WHERE _deleted_at IS NOT NULL").fetchall()
    return {name for (name,) in rows}


_ROWS = {row.name: row for row in DESTINATIONS}
CASES = {
    "duckdb": Case(_ROWS["duckdb"], duckdb_table, duckdb_deleted),
    "parquet": Case(_ROWS["parquet"], parquet_table, parquet_deleted),
    "jsonl": Case(_ROWS["jsonl"], jsonl_table),
    "dummy": Case(DUMMY, dummy_table),
}
