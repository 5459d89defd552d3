"""API clients whose scopes are those of a store: what they read, and several of them into one destination."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.catalog.stores import is_in_store, path_in_store
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import instant
from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.errors import ConfigError
from commercetools_source.extract.checkpoint import StreamState, decode, encode, parted
from commercetools_source.extract.delivery import Delivery, Phase
from commercetools_source.report.check import CheckReport
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.access import inspect
from commercetools_source.sync.backfill import backfill
from commercetools_source.sync.compare import sweep, verify
from commercetools_source.sync.plan import plan
from commercetools_source.sync.run import Summary, sync
from commercetools_source.sync.stores import beside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCOPES = [
    *("view_orders", "view_customers", "view_cart_discounts", "view_discount_codes", "view_shopping_lists"),
    *("view_quotes", "view_quote_requests", "view_staged_quotes", "view_business_units", "view_product_selections"),
    "view_products",
]


class Shop:
    """A sandbox with an API client for each store, and a DuckDB file."""

    def __init__(self, sandbox: Sandbox, path: Path) -> None:
        self.sandbox = sandbox
        self.path = path
        self.stores = sorted(store["key"] for store in sandbox.records("stores"))[:3]
        for store in self.stores:
            sandbox.add_client(f"of-{store}", "secret-of-a-store", [f"{s}:sample-shop:{store}" for s in SCOPES])

    def settings(self, store: str) -> dict[str, Any]:
        return {
            **self.sandbox.settings(),
            **({"client_id": f"of-{store}", "client_secret": "secret-of-a-store", "store_key": store} if store else {}),
        }

    def client(self, store: str = "") -> Client:
        return Client(self.settings(store))

    def sync(self, store: str, *streams: str, path: Path | None = None, **options: Any) -> Summary:
        with self.client(store) as client:
            return sync(client, DuckDB(path or self.path), streams=streams, **options)

    def rows(self, stream: str, path: Path | None = None) -> dict[str, Any]:
        """Return all rows by id, without what says when they were stored."""
        with duckdb.connect(str(path or self.path), read_only=True) as connection:
            rows = connection.execute(f"SELECT * EXCLUDE (_synced_at) FROM raw.{stream} ORDER BY id").fetchall()
            names = [column[0] for column in connection.description or ()]
        assert len({row[names.index("id")] for row in rows}) == len(rows)
        return {row[names.index("id")]: dict(zip(names, row, strict=True)) for row in rows}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Sandbox() as sandbox:
        yield Shop(sandbox, tmp_path / "shop.duckdb")


def stores_of(record: dict[str, Any]) -> set[str]:
    """Return the keys of the stores that a record of the API belongs to."""
    return {store["key"] for store in [record.get("store"), *record.get("stores", [])] if store}


IN_STORE = sorted(name for name, stream in STREAMS.items() if is_in_store(stream))
OWNED = sorted(set(IN_STORE) - {"store_product_selection_assignments", "variant_projections_current"})


def test_the_streams_of_a_store_are_those_that_the_platform_lists_there() -> None:
    assert {path_in_store(STREAMS[name].path, "berlin") for name in ("orders", "quotes", "products")} == {
        "/in-store/key=berlin/orders",
        "/in-store/key=berlin/quotes",
        "/products",
    }
    assert set(IN_STORE) >= {
        *("business_units", "cart_discounts", "carts", "customers", "discount_codes", "orders", "product_tailoring"),
        *("quote_requests", "quotes", "shopping_lists", "staged_quotes", "store_product_selection_assignments"),
    }


def test_a_client_of_a_store_reads_what_the_project_has_of_that_store(shop: Shop) -> None:
    store = shop.stores[0]
    with shop.client(store) as client, shop.client() as whole:
        for name in OWNED:
            expected = [one["id"] for one in whole.records(name) if store in stores_of(one)]
            assert [one["id"] for one in client.records(name)] == expected
            assert client.count(name) == len(expected)
        assigned = [one for one in whole.records("store_product_selection_assignments") if one["storeKey"] == store]
        assert list(client.records("store_product_selection_assignments")) == assigned
        assert list(client.records("variant_projections_current"))


def test_tables_of_a_client_of_a_store_are_those_of_the_project_filtered(shop: Shop, tmp_path: Path) -> None:
    store, whole = shop.stores[0], tmp_path / "whole.duckdb"
    assert shop.sync("", *OWNED, path=whole).complete
    assert shop.sync(store, *OWNED).complete
    filled = []
    for name in OWNED:
        ids = {one["id"] for one in shop.sandbox.records(name) if store in stores_of(one)}
        assert shop.rows(name) == {key: row for key, row in shop.rows(name, whole).items() if key in ids}
        filled += [name] if ids else []
    assert {"orders", "carts", "customers"} <= set(filled)


def test_stores_read_one_after_the_other_are_all_there_each_row_once(shop: Shop) -> None:
    streams = ["orders", "customers", "store_product_selection_assignments"]
    first, second, _ = shop.stores
    for store in (first, second, first, second):  # the second time both go on from their own cursors
        assert shop.sync(store, *streams).complete
    for name in ("orders", "customers"):
        ids = {one["id"] for one in shop.sandbox.records(name) if {first, second} & stores_of(one)}
        assert shop.rows(name).keys() == ids
    with duckdb.connect(str(shop.path), read_only=True) as connection:
        assigned = connection.execute(
            "SELECT DISTINCT storeKey FROM main.store_product_selection_assignments"
        ).fetchall()
        orders = connection.execute("SELECT DISTINCT store_key FROM main.orders").fetchall()
    assert {key for (key,) in orders} == {first, second}
    assert {key for (key,) in assigned} <= {first, second}


def test_a_store_that_comes_later_is_read_from_its_own_start_and_a_full_read_takes_no_other_rows(shop: Shop) -> None:
    first, second, _ = shop.stores
    shop.sync(first, "orders")
    old = next(one for one in shop.sandbox.records("orders") if second in stores_of(one))
    summary = shop.sync(second, "orders")
    assert old["id"] in shop.rows("orders")
    assert summary.outcomes[0].mode == "full"
    before = shop.rows("orders").keys()
    changed = next(one for one in shop.sandbox.records("orders") if first in stores_of(one))
    shop.sandbox.update("orders", changed["id"], {"orderState": "Complete"})
    assert shop.sync(first, "orders").records < len(before)
    assert shop.rows("orders")[changed["id"]]["orderState"] == "Complete"
    shop.sync(second, "orders", full=True)
    assert shop.rows("orders").keys() == before


def test_a_full_read_of_one_of_two_stores_marks_what_messages_say_was_deleted(shop: Shop) -> None:
    stores = shop.stores[:2]
    for store in stores:
        shop.sync(store, "orders")
    shop.sandbox.clock.advance(3600)
    gone = [next(one["id"] for one in shop.sandbox.records("orders") if key in stores_of(one)) for key in stores]
    for name in gone:
        shop.sandbox.delete("orders", name)
    shop.sandbox.clock.advance(3600)
    with Client({**shop.sandbox.settings(), "store_key": stores[1]}) as client:
        assert sync(client, DuckDB(shop.path), streams="orders", full=True).complete
    marked = {name for name, row in shop.rows("orders").items() if row["_deleted_at"] is not None}
    assert marked == set(gone)


def test_a_read_of_a_second_store_that_is_cut_off_goes_on_and_ends_whole(shop: Shop) -> None:
    first, second, _ = shop.stores
    shop.sync(first, "orders")
    with shop.client(second) as client:
        assert sync(client, DuckDB(shop.path), streams=["orders"], seconds=0).stopped
    assert shop.sync(second, "orders").complete
    ids = {one["id"] for one in shop.sandbox.records("orders") if {first, second} & stores_of(one)}
    assert shop.rows("orders").keys() == ids


def test_what_was_before_a_store_came_is_asked_of_no_history(shop: Shop, tmp_path: Path) -> None:
    first, second, _ = shop.stores
    between = instant(shop.sandbox.clock.now() + timedelta(hours=1))
    for store in (first, second):
        with shop.client(store) as client:
            for place in (f"duckdb:{shop.path}", f"parquet:{tmp_path / 'folder'}"):
                assert sync(client, place, streams=["customers"], history=["customers"]).complete
        shop.sandbox.clock.advance(7200)
    ids = {one["id"] for one in shop.sandbox.records("customers") if {first, second} & stores_of(one)}
    for path, prepared in ((str(shop.path), "SELECT 1"), (":memory:", (tmp_path / "folder/latest.sql").read_text())):
        with duckdb.connect(path) as connection:
            connection.execute(prepared)
            query = "SELECT count(*) FROM history.customers_at(?::VARCHAR)"
            assert connection.execute(query, [instant(shop.sandbox.clock.now())]).fetchall() == [(len(ids),)]
            # The second store's customers are held as they were found then; what they were before, nobody saw.
            with pytest.raises(duckdb.Error, match="the history of customers begins with"):
                connection.execute(query, [between]).fetchall()


def test_rows_that_one_store_lets_expire_are_missed_in_the_states_of_all(shop: Shop) -> None:
    first, second, _ = shop.stores
    for store in (first, second):
        assert shop.sync(store, "orders", retain={"orders": "1d"} if store == second else {}).complete
    (outcome,) = shop.sync(first, "orders").outcomes
    assert "begins with changes of" in str(outcome.error)
    assert shop.sync(first, "orders", retain={"orders": "1d"}).complete


def test_the_last_delivery_of_a_store_is_the_last_beside_others_too() -> None:
    stream, others = STREAMS["orders"], {"orders": (StreamState(cursor="2026-01-01T00:00:00.000Z", store="berlin"),)}
    for cursor in (None, "2026-02-01T00:00:00.000Z"):
        before = {"orders": StreamState(cursor=cursor, store="paris")}
        for phase in Phase:
            delivery = beside(Delivery(stream, (), 0, StreamState(mode="full", store="paris"), phase), before, others)
            assert (delivery.phase.full, delivery.phase.last) == (False, phase.last)
            assert (delivery.state.mode, delivery.joins) == ("incremental", cursor is None)


def test_deletions_that_are_not_known_of_a_store_stay_so_beside_others() -> None:
    others = {"orders": (StreamState(cursor="2026-01-01T00:00:00.000Z", store="berlin"),)}
    for before, read, expected in (("d1", "d2", "d1"), (None, "d2", "d2"), ("d1", None, "d1"), (None, None, None)):
        state = StreamState(cursor="2026-02-01T00:00:00.000Z", store="paris", deletions_from=before)
        delivery = Delivery(
            STREAMS["orders"], (), 0, replace(state, deletions_from=read), Phase.of(full=True, last=True)
        )
        assert beside(delivery, {"orders": state}, others).state.deletions_from == expected


def test_a_whole_project_and_a_store_of_it_do_not_mix(shop: Shop) -> None:
    shop.sync("", "orders")
    whole = shop.rows("orders").keys()
    (outcome,) = shop.sync(shop.stores[0], "orders").outcomes
    assert "is all of the project, and now it is asked for what belongs to the store" in str(outcome.error)
    assert shop.rows("orders").keys() == whole
    assert shop.sync(shop.stores[0], "orders", full=True).complete
    assert shop.rows("orders").keys() < whole
    (outcome,) = shop.sync("", "orders").outcomes
    assert "now it is asked for all of the project; set `store_key` as it was" in str(outcome.error)


def test_a_listing_of_one_store_marks_no_row_of_another_as_deleted(shop: Shop) -> None:
    first, second, _ = shop.stores
    shop.sync(first, "orders")
    gone = next(one for one in shop.sandbox.records("orders") if first in stores_of(one))
    with shop.client(second) as client:
        (verdict,) = sweep(client, DuckDB(shop.path), ["orders"])
        assert verdict.note == f"it has rows of the store {first!r}; set `store_key` as it was then"
    shop.sandbox.delete("orders", gone["id"])
    with shop.client(first) as client:
        (verdict,) = verify(client, DuckDB(shop.path), ["orders"])
        assert verdict.difference is not None
        assert verdict.difference.gone == (gone["id"],)
    shop.sync(second, "orders")
    with shop.client(first) as client:
        (verdict,) = sweep(client, DuckDB(shop.path), ["orders"])
        assert (
            verdict.note == f"it has rows of the stores {first}, {second}, and no API client lists those of all of them"
        )
        (outcome,) = backfill(client, DuckDB(shop.path), streams=["orders"], since="2020-01-01").outcomes
        assert outcome.error == verdict.note


def test_check_says_what_a_client_of_a_store_can_read_and_that_it_has_to_name_it(shop: Shop) -> None:
    store = shop.stores[0]
    with shop.client(store) as client:
        inspection = inspect(client, ["orders", "products", "store_product_selection_assignments"])
    assert [access.readable for access in inspection.streams] == [True, False, True]
    assert f"store     {store}" in CheckReport(inspection).text()
    with Client({**shop.settings(store), "store_key": ""}) as client:
        unnamed = inspect(client, ["orders"])
    assert not unnamed.streams[0].readable
    assert f"limited to the store {store}: set `store_key`" in CheckReport(unnamed).text()
    with Client({**shop.settings(store), "store_key": shop.stores[1]}) as client:
        (other,) = inspect(client, ["orders"]).streams
    assert other.missing_scope == f"view_orders:sample-shop:{shop.stores[1]}"


def test_a_store_that_the_project_has_not_is_named_with_what_to_do_and_its_rows_stay(shop: Shop) -> None:
    store, other, _ = shop.stores
    streams = ("orders", "store_product_selection_assignments")
    for key in (store, other):
        assert shop.sync(key, *streams).complete
    rows = shop.rows("orders")
    query = "SELECT count(*) FROM raw.store_product_selection_assignments"
    with duckdb.connect(str(shop.path), read_only=True) as connection:
        assigned = connection.execute(query).fetchall()
    (record,) = (one for one in shop.sandbox.records("stores") if one["key"] == store)
    shop.sandbox.delete("stores", record["id"])
    words = f"the project has no store with the key {store}; set store_key to that of a store"
    for settings in (shop.settings(store), {**shop.sandbox.settings(), "store_key": store}):
        with Client(settings) as client:
            for full in (False, True):
                outcomes = sync(client, DuckDB(shop.path), streams=streams, full=full).outcomes
                assert [str(outcome.error)[: len(words)] for outcome in outcomes] == [words, words]
            assert all(str(one.note).startswith(words) for one in plan(client, {}, streams=streams).streams)
            for name in streams:
                with pytest.raises(ConfigError, match=words):
                    inspect(client, [name])
    assert shop.sync(other, *streams, full=True).complete
    assert shop.rows("orders") == rows
    with duckdb.connect(str(shop.path), read_only=True) as connection:
        assert connection.execute(query).fetchall() == assigned


def test_a_stream_that_no_store_has_fails_with_the_scope_of_the_project(shop: Shop) -> None:
    orders, products = shop.sync(shop.stores[0], "orders", "products").outcomes
    assert orders.complete
    assert "view_products:sample-shop," in str(products.error)


def test_a_plan_counts_what_is_read_of_the_store(shop: Shop) -> None:
    store = shop.stores[0]
    with shop.client(store) as client:
        forecasts = plan(client, {}, streams=["orders", "store_product_selection_assignments"]).streams
        assert [one.records for one in forecasts] == [
            client.count("orders"),
            client.count("store_product_selection_assignments"),
        ]


def test_the_states_of_several_stores_are_stored_as_one_and_read_back() -> None:
    berlin, paris = (
        StreamState(cursor="2026-01-01T00:00:00.000Z", store="berlin"),
        StreamState(store="paris", mode="incremental", bound="2026-02-01T00:00:00.000Z"),
    )
    both = parted(berlin, "paris")
    assert both == (StreamState(), (berlin,))
    stored = StreamState(**{**{name: getattr(paris, name) for name in ("store", "mode", "bound")}, "others": (berlin,)})
    assert decode(json.loads(json.dumps(encode(stored)))) == stored
    assert parted(stored, "berlin") == (berlin, (paris,))
    assert parted(stored, "") == (stored, ())
    assert "store" not in encode(StreamState())
    assert "others" not in encode(berlin)
