"""Parts of streams: from a date, up to a date, with a filter; what is held is never taken for another part."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import instant, shift
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.errors import ConfigError
from commercetools_source.events import Event, Notice
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.selection import Selection, conflict_with
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.backfill import backfill
from commercetools_source.sync.compare import Verdict, sweep, verify
from commercetools_source.sync.plan import plan
from commercetools_source.sync.run import Summary, sync
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPEN = {"orders": 'orderState = "Open"'}


class Shop:
    """A sandbox, a DuckDB file, and the steps that the tests take."""

    def __init__(self, sandbox: Sandbox, path: Path) -> None:
        self.sandbox = sandbox
        self.path = path

    def sync(self, *streams: str, **wanted: Any) -> Summary:
        with Client(self.sandbox.settings()) as client:
            return sync(client, open_destination(str(self.path)), streams=streams, **wanted)

    def compare(self, how: Any, *streams: str) -> list[Verdict]:
        with Client(self.sandbox.settings()) as client:
            return list(how(client, open_destination(str(self.path)), streams))

    def held(self, stream: str = "orders") -> list[str]:
        with duckdb.connect(str(self.path)) as connection:
            rows = connection.execute(f"SELECT id FROM raw.{stream} WHERE _deleted_at IS NULL ORDER BY id").fetchall()
        return [name for (name,) in rows]

    def orders(self, wanted: Any = lambda _: True) -> list[str]:
        return sorted(record["id"] for record in self.sandbox.records("orders") if wanted(record))

    def dates(self) -> list[str]:
        return sorted(record["lastModifiedAt"] for record in self.sandbox.records("orders"))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Sandbox(rows=rows_of("/orders", "/payments", "/zones")) as sandbox:
        yield Shop(sandbox, tmp_path / "shop.duckdb")


def is_open(record: dict[str, Any]) -> bool:
    return bool(record["orderState"] == "Open")


def test_a_filter_reads_what_fulfils_it_in_the_first_run_and_in_the_next(shop: Shop) -> None:
    assert shop.sync("orders", where=OPEN).complete
    assert shop.held() == shop.orders(is_open)
    assert 0 < len(shop.held()) < len(shop.orders())
    shop.sandbox.clock.advance(3600)
    shop.sandbox.create("orders", {"orderState": "Open"})
    shop.sandbox.create("orders", {"orderState": "Complete"})
    shop.sandbox.clock.advance(3600)
    assert shop.sync("orders", where=OPEN).records == 1
    assert shop.held() == shop.orders(is_open)


@pytest.mark.parametrize(
    ("first", "second"),
    [(OPEN, {}), ({}, OPEN), (OPEN, {"orders": 'orderState = "Complete"'})],
    ids=["without it", "with one", "with another"],
)
def test_a_change_of_filter_is_refused_and_changes_nothing(
    shop: Shop, first: dict[str, str], second: dict[str, str]
) -> None:
    shop.sync("orders", "zones", where=first)
    before = shop.held()
    shop.sandbox.clock.advance(3600)
    shop.sandbox.create("orders", {"orderState": "Open"})
    shop.sandbox.clock.advance(3600)
    orders, zones = shop.sync("orders", "zones", where=second).outcomes
    assert "what is held of it was read" in str(orders.error)
    assert "--full" in str(orders.error)
    assert zones.complete
    assert shop.held() == before
    assert shop.sync("orders", where=first).records == 1
    assert shop.sync("orders", where=second, full=True).complete
    state = second["orders"].split('"')[1] if second else None
    assert shop.held() == shop.orders(lambda record: state in {None, record["orderState"]})


def test_a_sweep_of_a_filtered_stream_judges_only_what_the_filter_lets_through(shop: Shop) -> None:
    shop.sync("orders", where=OPEN)
    assert [verdict.equal for verdict in shop.compare(verify, "orders")] == [True]
    left, gone, *_ = shop.held()
    shop.sandbox.update("orders", left, {"orderState": "Complete"})
    shop.sandbox.delete("orders", gone)
    (verdict,) = shop.compare(sweep, "orders")
    assert (verdict.marked, verdict.mended) == (2, 0)
    assert shop.held() == shop.orders(is_open)


def test_a_row_that_left_the_filter_and_comes_back_is_no_longer_marked(shop: Shop) -> None:
    shop.sync("orders", where=OPEN)
    moved = shop.held()[0]
    shop.sandbox.update("orders", moved, {"orderState": "Complete"})
    shop.compare(sweep, "orders")
    assert moved not in shop.held()
    shop.sandbox.clock.advance(3600)
    shop.sandbox.update("orders", moved, {"orderState": "Open"})
    shop.sandbox.clock.advance(3600)
    shop.sync("orders", where=OPEN)
    assert moved in shop.held()


def test_since_leaves_out_what_is_older_and_a_sweep_does_not_bring_it(shop: Shop) -> None:
    middle = shop.dates()[50]
    shop.sync("orders", since=middle)
    wanted = shop.orders(lambda record: record["lastModifiedAt"] >= middle)
    assert shop.held() == wanted
    (verdict,) = shop.compare(sweep, "orders")
    assert verdict.equal
    assert shop.held() == wanted


def test_an_earlier_since_than_what_is_held_is_refused_and_a_later_one_is_not(shop: Shop) -> None:
    dates = shop.dates()
    shop.sync("orders", since=dates[50])
    for since in (dates[10], None):
        (refused,) = shop.sync("orders", since=since).outcomes
        assert f"begins with changes of {dates[50]}" in str(refused.error)
    assert shop.sync("orders", since=dates[60]).complete
    assert shop.sync("orders", since=dates[10], full=True).complete
    assert shop.held() == shop.orders(lambda record: record["lastModifiedAt"] >= dates[10])


def test_until_leaves_the_rest_to_the_next_run(shop: Shop) -> None:
    middle = shop.dates()[50]
    events: list[Event] = []
    first = shop.sync("orders", until=middle, hook=events.append)
    assert first.bound == middle
    assert not any(isinstance(event, Notice) for event in events)
    assert 0 < first.records < 100
    assert not [verdict for verdict in shop.compare(verify, "orders") if not verdict.equal]
    second = shop.sync("orders")
    assert second.outcomes[0].mode == "incremental"
    assert shop.held() == shop.orders()


@pytest.mark.parametrize("days", [0, 1, 365_000])
def test_an_end_that_no_run_can_reach_is_told_with_the_time_up_to_which_it_is_complete(shop: Shop, days: int) -> None:
    events: list[Event] = []
    until = shift(instant(shop.sandbox.clock.now()), 86_400 * days)
    bounds = [shop.sync("orders", until=until, hook=events.append).bound]
    with Client(shop.sandbox.settings()) as client:
        file = open_destination(str(shop.path))
        bounds.append(backfill(client, file, "2020-01-01", until, hook=events.append).bound)
    told = [event for event in events if isinstance(event, Notice)]
    assert [event.about for event in told] == ["until"] * 2
    assert all(until in event.reason and bound in event.reason for event, bound in zip(told, bounds, strict=True))


def test_until_before_what_is_read_already_is_refused(shop: Shop) -> None:
    shop.sync("orders")
    (refused,) = shop.sync("orders", until=shop.dates()[50]).outcomes
    assert "to read a part again, use `backfill`" in str(refused.error)
    assert shop.sync("orders").complete


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ({"project": 'key = "x"'}, "cannot be filtered"),
        ({"zones": 'name = "x"'}, "not among the chosen streams"),
        ({"orders": "  "}, "is empty"),
        ({"ordes": "x"}, "ordes"),
    ],
)
def test_a_filter_that_cannot_be_used_is_refused_before_anything_is_read(
    shop: Shop, where: dict[str, str], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        shop.sync("orders", "project", where=where)
    assert not shop.path.exists()


def test_a_predicate_that_the_platform_refuses_fails_its_stream_and_says_why(shop: Shop) -> None:
    orders, zones = shop.sync("orders", "zones", where={"orders": "orderState ~ 1"}).outcomes
    assert "400" in str(orders.error)
    assert zones.complete


def test_an_end_that_is_no_number_is_refused(shop: Shop) -> None:
    with pytest.raises(ConfigError, match="NaN"):
        shop.sync("orders", seconds=float("nan"))


def test_a_run_out_of_time_ends_cleanly_and_the_next_one_goes_on(shop: Shop) -> None:
    summary = shop.sync("orders", seconds=0.0)
    assert "the next run goes on from there" in str(summary.outcomes[0].error)
    assert shop.sync("orders", seconds=math.inf).complete
    assert shop.held() == shop.orders()


def test_hard_delete_removes_the_rows_that_messages_and_sweeps_find_gone(shop: Shop) -> None:
    shop.sync("orders", "payments")
    shop.sandbox.clock.advance(3600)
    told, untold = shop.held()[0], shop.held("payments")[0]
    shop.sandbox.delete("orders", told)
    shop.sandbox.delete("payments", untold)
    shop.sandbox.clock.advance(3600)
    shop.sync("orders", "payments", hard_delete=True)
    with Client(shop.sandbox.settings()) as client:
        verdicts = sweep(client, open_destination(str(shop.path)), ["orders", "payments"], hard_delete=True)
    assert [verdict.marked for verdict in verdicts] == [0, 1]
    with duckdb.connect(str(shop.path)) as connection:
        rows = connection.execute("SELECT id FROM raw.orders UNION ALL SELECT id FROM raw.payments").fetchall()
    assert {told, untold}.isdisjoint(name for (name,) in rows)


@pytest.mark.parametrize("place", ["parquet:files", "jsonl:lines"])
def test_rows_that_cannot_be_removed_are_said_to_be_before_anything_is_read(shop: Shop, place: str) -> None:
    kind, _, name = place.partition(":")
    target = open_destination(f"{kind}:{shop.path.parent / name}")
    with Client(shop.sandbox.settings()) as client, pytest.raises(ConfigError, match="DuckDB file"):
        sync(client, target, streams=["orders"], hard_delete=True)
    assert list(shop.path.parent.iterdir()) == []


def test_a_part_in_parquet_files_is_judged_as_a_part_too(shop: Shop) -> None:
    middle = shop.dates()[50]
    place = f"parquet:{shop.path.parent / 'files'}"
    with Client(shop.sandbox.settings()) as client:
        sync(client, open_destination(place), streams=["orders"], since=middle)
        (verdict,) = sweep(client, open_destination(place), ["orders"])
        assert verdict.equal
        with pytest.raises(ConfigError, match="DuckDB file"):
            sweep(client, open_destination(place), ["orders"], hard_delete=True)


def test_a_state_that_was_never_stored_fits_every_selection() -> None:
    selection = Selection(
        bound="2026-01-01T00:00:00.000Z", start_date="2025-01-01T00:00:00.000Z", where=(("orders", "x"),)
    )
    assert conflict_with(STREAMS["orders"], StreamState(), selection) is None


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"since": "2999-01-01T00:00:00.000Z"}, "since is 2999-01-01T00:00:00.000Z, which is in the future"),
        ({"until": "0001-01-01T00:05:00.000Z"}, "until is 0001-01-01T00:05:00.000Z, when no shop was there"),
        ({"until": "1969-12-31T00:00:00.000Z"}, "until is 1969-12-31T00:00:00.000Z, when no shop was there"),
        ({"since": "2026-02-01T00:00:00.000Z", "until": "2026-01-01T00:00:00.000Z"}, "since must be earlier"),
        ({"since": "2026-02-01T00:00:00.000Z", "until": "2026-02-01T00:00:00.000Z"}, "since must be earlier"),
    ],
)
def test_a_part_in_which_nothing_can_lie_is_refused_and_the_next_run_reads_all(
    shop: Shop, part: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        shop.sync("orders", **part)
    assert not shop.path.exists()
    assert shop.sync("orders").complete
    assert shop.held() == shop.orders()


def test_a_plan_refuses_a_start_in_the_future_as_the_run_does(shop: Shop) -> None:
    with Client(shop.sandbox.settings()) as client, pytest.raises(ConfigError, match="in the future"):
        plan(client, {}, streams=["orders"], since="2999-01-01T00:00:00.000Z")


def test_a_start_date_in_the_future_is_refused_by_its_name(shop: Shop) -> None:
    settings = {**shop.sandbox.settings(), "start_date": "2999-01-01"}
    with Client(settings) as client, pytest.raises(ConfigError, match=r"start_date is 2999-01-01.* in the future"):
        sync(client, open_destination(str(shop.path)), streams=["orders"])


def test_a_start_of_today_is_accepted_though_it_is_younger_than_the_settle_delay(shop: Shop) -> None:
    now = instant(shop.sandbox.clock.now())
    assert shop.sync("orders", since=shift(now, -60)).complete
