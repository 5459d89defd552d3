"""How many statements a DuckDB file costs: each takes a millisecond, a run that finds nothing hardly more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import DuckDB
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.model import keys
from commercetools_source.model.relations import all_relations, relations
from destinations.deliveries import BOUND, CURSOR

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Log = Callable[[], list[str]]
    Make = Callable[..., Any]


@pytest.fixture
def log(destination: DuckDB) -> Log:
    """Log from now on what the file is asked; return what gives the statements."""
    connection = destination._opened.database.connection
    connection.execute("CALL enable_logging('QueryLog')")

    def statements() -> list[str]:
        rows = connection.execute("SELECT message FROM duckdb_logs WHERE type = 'QueryLog'").fetchall()
        return [text for (text,) in rows if "duckdb_logs" not in text]

    return statements


def test_a_stream_that_brings_nothing_new_costs_one_statement(
    destination: DuckDB, log: Log, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "1"}]))
    destination.write(delivery([], done=True, state=StreamState(cursor=CURSOR)))
    before = len(log())
    destination.write(delivery([], done=True, state=StreamState(cursor=BOUND)))
    (statement,) = log()[before:]
    assert statement.startswith("UPDATE sync.state SET state = ")


def test_streams_that_bring_nothing_new_build_no_relation(path: Path, load: Make) -> None:
    destination = DuckDB(path)
    destination.open()
    for name in ("variants", "products"):
        destination.write(replace(load([{"id": "1", "version": 1}]), stream=STREAMS[name]))
    # What others built in this process; to build all takes as long as a run that finds nothing.
    for cached in (relations, all_relations, keys._referred_by_key):
        cached.cache_clear()
    for name in ("variants", "products"):
        destination.write(replace(load([{"id": "1", "version": 1}]), stream=STREAMS[name]))
    destination.close()
    assert relations.cache_info().misses == 0


def test_the_memory_limit_is_set_once_for_all_streams_that_are_loaded(
    destination: DuckDB, log: Log, load: Make
) -> None:
    for name in ("zones", "stores", "channels"):
        destination.write(replace(load([{"id": "1", "key": "a"}]), stream=STREAMS[name]))
    assert sum(statement.startswith("SET memory_limit") for statement in log()) == 1


def test_a_view_is_made_with_few_casts(destination: DuckDB, log: Log, load: Make) -> None:
    destination.write(replace(load([{"id": "1", "key": "a"}]), stream=STREAMS["channels"]))
    (placeholder, *_) = [text for text in log() if text.startswith('CREATE OR REPLACE MACRO sync."channels"')]
    # Strings, integers and booleans have their types without one.
    assert [sql for sql in ("VARCHAR", "BIGINT", "BOOLEAN", "DOUBLE") if f"NULL::{sql} AS" in placeholder] == []
