"""Clocks that are wrong: what is read ends at the earlier one, positions never move back, and no change is missed."""

from __future__ import annotations

import random
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from commercetools_source.catalog.timestamps import instant, moment, shift
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.events import Event, Notice
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync
from middle import Exchange, Middle
from patience import Jumps
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from commercetools_source.extract.checkpoint import StreamState

HOURS = [0, 2, -2, 24, -30 * 24, 300 * 24]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=rows_of("/zones")) as sandbox:
        yield sandbox


def ahead(hours: float) -> Callable[[Exchange], None]:
    def change(exchange: Exchange) -> None:
        date = parsedate_to_datetime(exchange.headers["Date"]) + timedelta(hours=hours)
        exchange.headers["Date"] = format_datetime(date, usegmt=True)

    return change


def run(middle: Middle, destination: str, stream: str = "zones") -> tuple[StreamState, list[str]]:
    events: list[Event] = []
    with Client(middle.settings(), timing=Jumps().timing, hook=events.append) as client:
        assert sync(client, open_destination(destination), streams=[stream], hook=events.append).complete
    reader = open_destination(destination)
    state = reader.open()[stream]
    reader.close()
    return state, [event.about for event in events if isinstance(event, Notice)]


def create(sandbox: Sandbox, number: int) -> None:
    with Client(sandbox.settings()) as client:
        client.request("POST", "/zones", body={"name": f"zone {number}", "locations": []})


def names(path: str) -> set[str]:
    import duckdb

    with duckdb.connect(path, read_only=True) as connection:
        return {row[0] for row in connection.sql("SELECT id FROM raw.zones").fetchall()}


@pytest.mark.few(2)
@pytest.mark.parametrize("seed", range(4))
def test_no_change_is_missed_and_no_position_moves_back_whatever_the_clock_says(
    sandbox: Sandbox, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same runs each time
    path, cursor = str(tmp_path / "shop.duckdb"), ""
    with Middle(sandbox) as middle:
        for number in range(6):
            create(sandbox, number)
            hours = chance.choice(HOURS)
            middle.change = ahead(hours)
            state, notices = run(middle, path)
            assert ("clock" in notices) == (hours != 0)
            assert cursor <= str(state.cursor) <= instant(sandbox.clock.now())
            cursor = str(state.cursor)
            sandbox.clock.advance(chance.choice([60, 1800, 7200, 90_000]))
        middle.change = lambda _: None
        sandbox.clock.advance(3600)
        run(middle, path)
    assert names(path) == {zone["id"] for zone in sandbox.records("zones")}


@pytest.mark.parametrize(
    "date", ["Thu, 01 Jan 1970 00:00:00 GMT", "Wed, 31 Dec 1969 23:59:59 GMT", "Sat, 01 Jan 1000 00:00:00 GMT"]
)
def test_a_position_of_a_server_without_a_clock_is_gone_on_from(sandbox: Sandbox, tmp_path: Path, date: str) -> None:
    path = str(tmp_path / "shop.duckdb")

    def change(exchange: Exchange) -> None:
        exchange.headers["Date"] = date

    with Middle(sandbox, change) as middle:
        run(middle, path)
        middle.change = lambda _: None
        sandbox.clock.advance(3600)
        run(middle, path)
    assert names(path) == {zone["id"] for zone in sandbox.records("zones")}


@pytest.mark.few(3)
@pytest.mark.parametrize("scheme", ["", "parquet:", "jsonl:"])
@pytest.mark.parametrize("hours", [2, 30 * 24])
def test_a_position_beyond_the_bound_is_told_and_what_was_made_meanwhile_arrives(
    sandbox: Sandbox, tmp_path: Path, scheme: str, hours: int
) -> None:
    destination = f"{scheme}{tmp_path / ('shop' if scheme else 'shop.duckdb')}"
    with Middle(sandbox) as middle:
        run(middle, destination)
        sandbox.clock.advance(-3600 * hours)  # the clock was ahead in the first run, and is right from now on
        create(sandbox, 1)
        first = sandbox.records("zones")[-1]["id"]
        sandbox.clock.advance(600)
        state, notices = run(middle, destination)
        assert notices == ["zones"]
        before = state.cursor
        assert before is not None
        assert moment(before) > sandbox.clock.now()
        create(sandbox, 2)
        second = sandbox.records("zones")[-1]["id"]
        sandbox.clock.advance(3600 * hours + 86_400)
        state, notices = run(middle, destination)
        assert notices == []
        assert str(state.cursor) > shift(before, 0)
        assert state.quarantined == ()
    if not scheme:
        assert {first, second} <= names(destination)


def test_what_is_deleted_while_the_position_lies_beyond_the_bound_is_marked(tmp_path: Path) -> None:
    path = str(tmp_path / "shop.duckdb")
    with Sandbox(rows=rows_of("/orders")) as sandbox, Middle(sandbox) as middle:
        first, second, *_ = (record["id"] for record in sandbox.records("orders"))
        run(middle, path, "orders")
        sandbox.clock.advance(-7200)  # the clock was ahead in the first run, and is right from now on
        for gone, seconds in ((first, 600), (second, 86_400)):
            sandbox.delete("orders", gone)
            sandbox.clock.advance(seconds)
            run(middle, path, "orders")
            assert gone in deleted(path)
    assert deleted(path) == {first, second}


def deleted(path: str) -> set[str]:
    import duckdb

    with duckdb.connect(path, read_only=True) as connection:
        return {row[0] for row in connection.sql("SELECT id FROM raw.orders WHERE _deleted_at IS NOT NULL").fetchall()}
