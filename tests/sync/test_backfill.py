"""A window of time beside the running cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.errors import ConfigError
from commercetools_source.sandbox import Fault, Sandbox
from commercetools_source.sync.backfill import backfill
from commercetools_source.sync.compare import sweep, verify
from commercetools_source.sync.run import Summary, sync
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commercetools_source.extract.checkpoint import StreamState


class Shop:
    """A sandbox, a destination, and the steps that the tests take."""

    def __init__(self, sandbox: Sandbox, place: str) -> None:
        self.sandbox = sandbox
        self.place = place
        self.dates = sorted(record["lastModifiedAt"] for record in sandbox.records("orders"))

    def act(self, how: Any, *given: Any, **wanted: Any) -> Any:
        with Client(self.sandbox.settings()) as client:
            return how(client, open_destination(self.place), *given, **wanted)

    def backfill(self, since: str, until: str | None = None, *streams: str) -> Summary:
        summary: Summary = self.act(backfill, since, until, streams=streams or None)
        return summary

    def state(self, stream: str = "orders") -> StreamState:
        destination = open_destination(self.place)
        try:
            return destination.open()[stream]
        finally:
            destination.close()

    def held(self) -> list[tuple[str, int]]:
        with duckdb.connect(self.place) as connection:
            return connection.execute(
                "SELECT id, version FROM raw.orders WHERE _deleted_at IS NULL ORDER BY id"
            ).fetchall()

    def query(self, sql: str) -> None:
        with duckdb.connect(self.place) as connection:
            connection.execute(sql)

    def orders(self, since: str = "") -> list[tuple[str, int]]:
        records = self.sandbox.records("orders")
        return sorted((one["id"], one["version"]) for one in records if one["lastModifiedAt"] >= since)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Sandbox(rows=rows_of("/orders", "/zones")) as sandbox:
        yield Shop(sandbox, str(tmp_path / "shop.duckdb"))


def test_what_a_window_has_is_merged_and_the_cursor_stays(shop: Shop) -> None:
    shop.act(sync, streams=["orders", "zones"])
    before = shop.state()
    low, high = shop.dates[20], shop.dates[60]
    shop.query(f"DELETE FROM raw.orders WHERE lastModifiedAt >= '{low}'")
    summary = shop.backfill(low, high)
    assert summary.complete
    assert [(one.stream, one.mode) for one in summary.outcomes] == [("orders", "window"), ("zones", "window")]
    assert summary.outcomes[0].records == 40
    assert shop.held() == sorted(set(shop.orders()) - set(shop.orders(high)))
    assert shop.state() == before
    assert shop.act(sync, streams=["orders"]).outcomes[0].mode == "incremental"


def test_a_newer_row_is_not_replaced_by_a_window(shop: Shop) -> None:
    shop.act(sync, streams=["orders"])
    shop.query("UPDATE raw.orders SET version = 1000")
    shop.backfill(shop.dates[0])
    assert {version for _, version in shop.held()} == {1000}


def test_a_window_before_what_is_held_moves_its_start_back_and_a_sweep_agrees(shop: Shop) -> None:
    middle, early = shop.dates[50], shop.dates[10]
    shop.act(sync, streams=["orders"], since=middle)
    assert shop.held() == shop.orders(middle)
    shop.backfill(early, middle)
    assert shop.state().since == early
    assert shop.held() == shop.orders(early)
    assert [one.equal for one in shop.act(verify, ["orders"])] == [True]
    assert shop.act(sync, streams=["orders"], since=early).complete


def test_rows_of_a_window_with_a_gap_behind_it_are_not_judged_by_a_sweep(shop: Shop) -> None:
    middle, early = shop.dates[50], shop.dates[10]
    shop.act(sync, streams=["orders"], since=middle)
    shop.backfill(early, shop.dates[20])
    assert shop.state().since == middle
    (verdict,) = shop.act(sweep, ["orders"])
    assert verdict.marked == 0
    assert len(shop.held()) == len(shop.orders(middle)) + 10


def test_a_filter_holds_for_windows_too(shop: Shop) -> None:
    shop.act(sync, streams=["orders"], where={"orders": 'orderState = "Open"'})
    before = shop.held()
    shop.backfill(shop.dates[0], None, "orders")
    assert shop.held() == before


def test_a_window_with_a_record_that_cannot_be_served_does_not_move_the_start(shop: Shop) -> None:
    middle, early = shop.dates[50], shop.dates[10]
    shop.act(sync, streams=["orders"], since=middle)
    records = {record["lastModifiedAt"]: record["id"] for record in shop.sandbox.records("orders")}
    shop.sandbox.faults.add(Fault("unservable", "/orders", records=(records[shop.dates[30]],), status=400, times=None))
    summary = shop.backfill(early, middle, "orders")
    assert summary.outcomes[0].quarantined == 1
    assert shop.state().since == middle


def test_streams_that_have_no_windows_or_were_not_read_yet_say_so(shop: Shop) -> None:
    shop.act(sync, streams=["zones"])
    zones, orders, project = shop.backfill(shop.dates[0], None, "zones", "orders", "project").outcomes
    assert zones.complete
    assert "run `sync` first" in str(orders.error)
    assert "no windows" in str(project.error)


def test_an_empty_window_is_refused(shop: Shop) -> None:
    with pytest.raises(ConfigError, match="is empty"):
        shop.backfill(shop.dates[5], shop.dates[5])
