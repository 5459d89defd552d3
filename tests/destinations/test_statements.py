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
from destinations.deliveries import BOUND

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Log = Callable[[], list[str]]
    Make = Callable[..., Any]


@pytest.fixture
def log(destination: DuckDB) -> Log:
    return logged(destination)


def logged(destination: DuckDB) -> Log:
    """Log from now on what the file is asked; return what gives the statements."""
    connection = destination._session.opened.database.connection
    connection.execute("CALL enable_logging('QueryLog')")

    def statements() -> list[str]:
        rows = connection.execute("SELECT message FROM duckdb_logs WHERE type = 'QueryLog'").fetchall()
        return [text for (text,) in rows if "duckdb_logs" not in text]

    return statements


def test_streams_that_bring_nothing_new_cost_no_statement_each(
    destination: DuckDB, log: Log, load: Make, delivery: Make
) -> None:
    for name in ("zones", "stores"):
        destination.write(replace(load([{"id": "1", "key": "a"}]), stream=STREAMS[name]))
    before = len(log())
    for name in ("zones", "stores"):
        unchanged = delivery([], done=True, state=StreamState(cursor=BOUND))
        destination.write(replace(unchanged, stream=STREAMS[name]))
    assert [text for text in log()[before:] if not text.startswith("SET memory_limit")] == []
    destination.close()
    states = destination.open()
    assert [states[name].cursor for name in ("zones", "stores")] == [BOUND, BOUND]


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


def test_the_table_of_a_product_type_without_products_is_asked_for_no_rows(
    path: Path, load: Make, delivery: Make
) -> None:
    destination = DuckDB(path, materialize=True)
    destination.open()
    types = [{"id": key, "version": 1, "key": key, "attributes": []} for key in ("used", "unused")]
    destination.write(replace(load(types), stream=STREAMS["product_types"]))
    log = logged(destination)

    def filled() -> list[bool]:
        inserts = [f'INSERT INTO main."product_type_{key}"' for key in ("used", "unused")]
        return [any(text.startswith(insert) for text in log()) for insert in inserts]

    product = {"id": "1", "version": 1, "productType": {"typeId": "product-type", "id": "used"}, "masterData": {}}
    destination.write(replace(load([product]), stream=STREAMS["products"]))
    assert filled() == [True, False]
    # And once there is such a product it is.
    later = {**product, "id": "2", "productType": {"typeId": "product-type", "id": "unused"}}
    destination.write(replace(delivery([later], done=True), stream=STREAMS["products"]))
    assert filled() == [True, True]
    destination.close()


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
