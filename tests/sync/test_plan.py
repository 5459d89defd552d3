"""What a run would read is told beforehand, by few and small questions."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import msgspec
import pytest

from changes import journal
from changes import shop as shop_of_changes
from commercetools_source.catalog.streams import STREAMS, streams_of
from commercetools_source.catalog.timestamps import instant
from commercetools_source.cli.app import run
from commercetools_source.client import Client
from commercetools_source.errors import ConfigError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.report.plan import PlanReport
from commercetools_source.sandbox import Fault, Sandbox
from commercetools_source.sync.plan import Forecast, Plan, plan
from patience import Jumps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def test_a_first_run_is_foretold_to_the_record(shop: Sandbox) -> None:
    before = len(shop.requests)
    with Client(shop.settings()) as client:
        forecasts = plan(client, {})
    assert [one.stream for one in forecasts] == [stream.name for stream in streams_of(None)]
    for one in forecasts:
        stream = STREAMS[one.stream]
        if stream.parents is None or stream.parents.kind == "distinct":
            assert (one.mode, one.precision) == ("full", "exact")
            assert one.records == len(shop.records(one.stream)), one.stream
        else:
            assert one.precision == "about"
            assert one.note.endswith(f" of its {one.requests - 2:,} parts")
    assert len(shop.requests) - before <= 3 * len(STREAMS)


def test_a_later_run_counts_only_what_changed(shop: Sandbox) -> None:
    dates = sorted(record["lastModifiedAt"] for record in shop.records("orders"))
    states = {"orders": StreamState(cursor=dates[80])}
    with Client({**shop.settings(), "lookback_seconds": 0}) as client:
        (orders,) = plan(client, states, streams=["orders"])
        (full,) = plan(client, states, streams=["orders"], full=True)
    assert (orders.mode, orders.records, orders.requests) == ("incremental", len(dates) - 80, 1)
    assert (full.mode, full.records) == ("full", len(dates))


def test_what_is_too_old_to_be_kept_is_not_counted(shop: Sandbox) -> None:
    now = shop.clock.now()
    dates = [
        datetime.fromisoformat(record["lastModifiedAt"].replace("Z", "+00:00")) for record in shop.records("orders")
    ]
    days = sorted((now - date).days for date in dates)[len(dates) // 2] + 1
    with Client(shop.settings()) as client:
        (orders,) = plan(client, {}, streams=["orders"], retain={"orders": f"{days}d"})
        with pytest.raises(ConfigError, match="not among the chosen streams"):
            plan(client, {}, streams=["zones"], retain={"orders": "1d"})
    young = sum(now - date <= timedelta(days=days) for date in dates)
    assert 0 < young < len(dates)
    assert orders.records == young


def zones(count: int, spread: timedelta) -> Iterator[tuple[str, str, bytes]]:
    for number in range(count):
        time = instant(START + spread * number / count)
        row = {"id": f"{number:08x}-0000-4000-8000-000000000000", "version": 1, "name": f"Z{number}", "locations": []}
        yield "/zones", "", msgspec.json.encode({**row, "createdAt": time, "lastModifiedAt": time})


def test_more_than_ten_thousand_changes_are_counted_in_parts() -> None:
    with Sandbox(rows=zones(25_000, timedelta(days=9))) as shop, Client(shop.settings()) as client:
        (found,) = plan(client, {"zones": StreamState(cursor=instant(START))}, streams=["zones"])
    assert (found.records, found.exact) == (25_000, True)
    assert found.requests >= 50


def test_a_history_that_began_this_month_is_not_estimated_as_none() -> None:
    with shop_of_changes(journal(300, 3600)) as shop, Client(shop.settings()) as client:
        (found,) = plan(client, {}, streams=["change_history"])
    assert found.precision == "about"
    assert found.records is not None
    assert 300 <= found.records <= 600


def test_more_than_ten_thousand_changes_of_one_moment_are_said_to_be_at_least_that_many() -> None:
    with Sandbox(rows=zones(12_000, timedelta(0))) as shop, Client(shop.settings()) as client:
        (found,) = plan(client, {"zones": StreamState(cursor=instant(START))}, streams=["zones"])
    assert found.records is not None
    assert 10_000 <= found.records <= 12_000
    assert not found.exact
    assert ">= 10,000" in PlanReport(Plan((found,)), 8).text()


def test_a_stream_that_cannot_be_read_or_brought_up_to_date_says_why(shop: Sandbox) -> None:
    shop.add_client("narrow", "secret", ["view_customers"])
    with Client({**shop.settings(), "client_id": "narrow", "client_secret": "secret"}) as client:
        states = {"customers": StreamState(cursor=instant(START), where=('email = "x"',))}
        orders, customers = plan(client, states, streams=["orders", "customers"])
    assert orders == Forecast("orders", "full", None, 0, 0.0, "about", orders.note)
    assert "view_orders:sample-shop" in orders.note
    assert "what is held of it was read where" in customers.note


def test_a_stream_whose_connection_breaks_costs_a_forecast_no_other_stream(shop: Sandbox) -> None:
    jumps = Jumps()
    shop.faults.add(Fault("reset", "/orders", times=None), Fault("reset", "/custom-objects", times=None))
    try:
        with Client(shop.settings(), timing=jumps.timing) as client:
            orders, objects, zones = plan(client, {}, streams=["orders", "custom_objects", "zones"])
    finally:
        shop.faults.clear()
    assert orders.records is objects.records is None
    assert "broke" in orders.note
    assert "broke" in objects.note
    assert zones.records == len(shop.records("zones"))
    assert sum(jumps.waits) < 60  # nobody waits minutes for a forecast


def test_the_commands_plan_and_state(
    shop: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in shop.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert run(["plan", "--streams", "zones,orders", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["records"] == len(shop.records("zones")) + len(shop.records("orders"))
    assert list(tmp_path.iterdir()) == []
    assert run(["state", "show"]) == 1
    assert "run `commercetools-source sync` first" in capsys.readouterr().err
    for place in ("shop.duckdb", "jsonl:lines", "parquet:files"):
        assert (
            run(["sync", "-d", place, "--streams", "zones,orders", "--where", 'orders=orderState = "Open"', "-q"]) == 0
        )
        assert run(["state", "show", "-d", place]) == 0
        assert 'orderState = "Open"' in capsys.readouterr().out
        assert run(["state", "reset", "orders", "types", "-d", place]) == 0
        assert "orders: reset" in (said := capsys.readouterr().err)
        assert "types: nothing was stored" in said
        assert run(["state", "show", "-d", place, "--json"]) == 0
        assert list(json.loads(capsys.readouterr().out)) == ["zones"]
        assert run(["plan", "-d", place, "--streams", "zones,orders"]) == 0
        assert "incremental" in (text := capsys.readouterr().out)
        assert "full" in text
        assert run(["sync", "-d", place, "--streams", "orders", "-q"]) == 0
        assert run(["backfill", "-d", place, "--since", "2026-01-01", "--streams", "orders", "-q"]) == 0
        capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["sync", "--since", "yesterday"], "--since is 'yesterday'"),
        (["sync", "--where", "orders"], "it must be STREAM=PREDICATE"),
        (["sync", "--where", "orders=a", "--where", "orders=b"], "names orders twice"),
        (["sync", "--where", "ordres=a"], "ordres"),
        (["sync", "--until", "2026-13-01"], "--until is '2026-13-01'"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_what_would(
    shop: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: list[str],
    problem: str,
) -> None:
    for name, value in shop.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    assert problem in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
