"""The main job against the sandbox: everything arrives, runs go on where they stopped, failures stay apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from commercetools_source.catalog.streams import find, streams_of
from commercetools_source.client import Client
from commercetools_source.errors import AuthenticationError, DestinationError, ForbiddenError, NotFoundError
from commercetools_source.events import Event, Notice, RecordQuarantined, StreamFailed, StreamStarted
from commercetools_source.extract.checkpoint import StreamState, decode, encode
from commercetools_source.extract.limits import Limits
from commercetools_source.sandbox import Fault, Sandbox
from commercetools_source.sync.run import Summary, sync
from hidden import shown
from patience import Jumps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from commercetools_source.extract.delivery import Delivery


USUAL = {row.name: row for row in streams_of(None)}
"""The streams that are read where none is named."""


class Memory:
    """The plainest destination: dicts, and states that go through their stored form."""

    name = "memory"

    def __init__(self, batch_bytes: int = 100_000) -> None:
        self.batch_bytes = batch_bytes
        self.tables: dict[str, dict[Any, dict[str, Any]]] = {}
        self.loading: dict[str, dict[Any, dict[str, Any]]] = {}
        self.states: dict[str, dict[str, Any]] = {}
        self.deliveries: list[Delivery] = []
        self.after: Callable[[], None] = lambda: None
        self.opened = 0

    def open(self) -> Mapping[str, StreamState]:
        self.opened += 1
        return {name: decode(state) for name, state in self.states.items()}

    def write(self, delivery: Delivery) -> None:
        name = delivery.stream.name
        if delivery.phase.first:
            self.loading[name] = {}
        table = self.loading.setdefault(name, {}) if delivery.phase.full else self.tables.setdefault(name, {})
        for record in delivery.records:
            row = msgspec.json.decode(record)
            table[tuple(row[key] for key in delivery.stream.key)] = row
        if delivery.phase.swaps:
            self.tables[name] = self.loading.pop(name)
        self.states[name] = encode(delivery.state)
        self.deliveries.append(delivery)
        self.after()

    def close(self) -> None:
        self.opened -= 1

    def ids(self, stream: str) -> list[str]:
        return sorted(row["id"] for row in self.tables.get(stream, {}).values())


@pytest.fixture
def shop() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def run(shop: Sandbox, memory: Memory, *streams: str, hook: Any = None, full: bool = False, **settings: Any) -> Summary:
    with Client({**shop.settings(), **settings}, timing=Jumps().timing, hook=hook or (lambda _: None)) as client:
        return sync(client, memory, streams=streams or None, full=full, hook=hook or (lambda _: None))


def test_definitions_of_own_fields_come_before_the_records_that_have_them(shop: Sandbox) -> None:
    memory = Memory()
    summary = run(shop, memory, "customers", "orders", "types", "products", "product_types", concurrency=1)
    first = list(dict.fromkeys(delivery.stream.name for delivery in memory.deliveries))
    assert set(first[:2]) == {"product_types", "types"}
    assert [one.stream for one in summary.outcomes] == ["customers", "orders", "types", "products", "product_types"]


def ids(shop: Sandbox, stream: str) -> list[str]:
    return sorted(record["id"] for record in shop.records(stream))


def test_every_stream_arrives_record_for_record(shop: Sandbox) -> None:
    memory = Memory()
    summary = run(shop, memory, page_size=20)
    assert summary.complete, [outcome for outcome in summary.outcomes if not outcome.complete]
    assert [outcome.stream for outcome in summary.outcomes] == list(USUAL)
    for name, stream in USUAL.items():
        if stream.parents is None:
            sent = [shown(row, stream.item) for row in shop.records(name)]
            held = {tuple(row[key] for key in stream.key): row for row in sent}
            assert memory.tables[name] == held, name
        assert memory.tables[name], name
    assert memory.opened == 0


def test_a_second_run_reads_only_what_changed_and_the_look_back(shop: Sandbox) -> None:
    memory = Memory()
    run(shop, memory, "orders", "customers")
    shop.clock.advance(3600)
    made = shop.create("customers", {"email": "new@example.com"})
    changed = shop.update("orders", ids(shop, "orders")[0], {"orderState": "Cancelled"})
    shop.clock.advance(3600)
    events: list[Event] = []
    summary = run(shop, memory, "orders", "customers", hook=events.append)
    assert [event.mode for event in events if isinstance(event, StreamStarted)] == ["incremental", "incremental"]
    assert summary.records == 2
    assert memory.tables["orders"][(changed["id"],)]["orderState"] == "Cancelled"
    assert (made["id"],) in memory.tables["customers"]


def test_what_changed_within_the_settle_delay_waits_for_the_next_run(shop: Sandbox) -> None:
    memory = Memory()
    run(shop, memory, "customers")
    shop.clock.advance(3600)
    made = shop.create("customers", {"email": "fresh@example.com"})
    run(shop, memory, "customers")
    assert (made["id"],) not in memory.tables["customers"]
    shop.clock.advance(301)
    run(shop, memory, "customers")
    assert (made["id"],) in memory.tables["customers"]


def test_a_stream_that_fails_leaves_the_others_alone_and_is_named(shop: Sandbox) -> None:
    shop.add_client("narrow", "secret", ["view_customers"])
    events: list[Event] = []
    memory = Memory()
    summary = run(shop, memory, "orders", "customers", hook=events.append, client_id="narrow", client_secret="secret")
    assert not summary.complete
    assert memory.ids("customers") == ids(shop, "customers")
    (failed,) = [event for event in events if isinstance(event, StreamFailed)]
    assert failed.stream == "orders"
    assert "create an API client that also has the scope view_orders:sample-shop" in failed.reason
    assert "orders" not in memory.states


def test_an_unreachable_project_raises_before_the_destination_is_touched(shop: Sandbox) -> None:
    memory = Memory()
    with pytest.raises((NotFoundError, ForbiddenError, AuthenticationError)):
        run(shop, memory, project_key="no-such-project")
    assert memory.opened == 0
    assert memory.tables == {}


def test_a_destination_that_fails_ends_the_run_and_is_closed(shop: Sandbox) -> None:
    memory = Memory(batch_bytes=1)

    def full_disk() -> None:
        raise DestinationError("the disk is full; make room and run again")

    memory.after = full_disk
    with pytest.raises(DestinationError, match="disk is full"):
        run(shop, memory, "orders")
    assert memory.opened == 0


@pytest.mark.parametrize("fails_after", [1, 2, 5])
def test_a_run_that_was_cut_off_goes_on_and_then_catches_up(shop: Sandbox, fails_after: int) -> None:
    memory = Memory(batch_bytes=1)
    countdown = iter(range(fails_after, -1, -1))

    def cut() -> None:
        if next(countdown) == 1:
            raise KeyboardInterrupt

    memory.after = cut
    with pytest.raises(KeyboardInterrupt):
        run(shop, memory, "orders", page_size=9)
    read_before = sum(len(delivery.records) for delivery in memory.deliveries)
    shop.clock.advance(3600)
    made = shop.create("orders", {"orderNumber": "new"})
    shop.clock.advance(3600)
    memory.after = lambda: None
    memory.deliveries.clear()
    events: list[Event] = []
    run(shop, memory, "orders", page_size=9, hook=events.append)
    assert [event.mode for event in events if isinstance(event, StreamStarted)] == ["resumed", "incremental"]
    assert memory.ids("orders") == ids(shop, "orders")
    assert made["id"] in memory.ids("orders")
    read_after = sum(len(delivery.records) for delivery in memory.deliveries)
    assert read_after == len(ids(shop, "orders")) - read_before


def test_a_record_that_cannot_be_served_is_named_and_read_again_by_the_next_run(shop: Sandbox) -> None:
    lost = ids(shop, "orders")[40]
    shop.faults.add(Fault("unservable", "/orders", records=(lost,), status=500, times=None))
    memory, events = Memory(), list[Event]()
    summary = run(shop, memory, "orders", hook=events.append)
    assert [outcome.quarantined for outcome in summary.outcomes] == [1]
    assert not summary.complete
    assert sum(isinstance(event, RecordQuarantined) for event in events) == 1
    assert memory.ids("orders") == [name for name in ids(shop, "orders") if name != lost]
    shop.faults.clear()
    assert run(shop, memory, "orders").complete
    assert memory.ids("orders") == ids(shop, "orders")
    assert not memory.states["orders"]["quarantined"]


@pytest.mark.parametrize(("stream", "stays"), [("orders", True), ("orders", False), ("customer_groups", False)])
def test_a_run_that_goes_on_knows_what_the_one_that_was_cut_off_left_out(
    shop: Sandbox, stream: str, *, stays: bool
) -> None:
    """Within the same second, so that nothing lies between their bounds; groups have no date to read them again by."""
    lost = next(iter(shop.records(stream)))["id"]
    shop.faults.add(Fault("unservable", find(stream).path, records=(lost,), status=500, times=None))
    memory, left_out = Memory(batch_bytes=1), list[Event]()

    def cut() -> None:
        if left_out:
            raise KeyboardInterrupt

    def watch(event: Event) -> None:
        if isinstance(event, RecordQuarantined):
            left_out.append(event)

    memory.after = cut
    with pytest.raises(KeyboardInterrupt):
        run(shop, memory, stream, page_size=1, concurrency=1, hook=watch)
    assert memory.states[stream]["quarantined"]
    assert memory.states[stream]["mode"] == "full"
    memory.after = lambda: None
    if not stays:
        shop.faults.clear()
    summary = run(shop, memory, stream)
    complete = memory.ids(stream) == ids(shop, stream)
    assert [outcome.quarantined for outcome in summary.outcomes] == [0 if complete else 1]
    assert complete == (stream == "orders" and not stays)
    shop.faults.clear()
    assert run(shop, memory, stream).complete
    assert memory.ids(stream) == ids(shop, stream)


def test_a_run_that_goes_on_says_what_it_may_lack_where_changes_have_no_date(shop: Sandbox) -> None:
    memory = Memory(batch_bytes=1)

    def cut() -> None:
        raise KeyboardInterrupt

    memory.after = cut
    with pytest.raises(KeyboardInterrupt):
        run(shop, memory, "customer_groups", page_size=1, concurrency=1)
    (read,) = memory.loading["customer_groups"].values()
    memory.after = lambda: None
    shop.clock.advance(3600)
    shop.update("customer_groups", read["id"], {"key": "changed"})
    shop.clock.advance(3600)
    for missed in (True, False):
        events: list[Event] = []
        assert run(shop, memory, "customer_groups", hook=events.append).complete
        assert [one.about for one in events if isinstance(one, Notice) and one.lacking] == ["customer_groups"] * missed
        assert (memory.tables["customer_groups"][(read["id"],)].get("key") != "changed") == missed


def test_full_reads_everything_again_and_replaces(shop: Sandbox) -> None:
    memory = Memory()
    run(shop, memory, "zones")
    memory.tables["zones"][("gone",)] = {"id": "gone"}
    run(shop, memory, "zones")
    assert "gone" in memory.ids("zones")
    run(shop, memory, "zones", full=True)
    assert memory.ids("zones") == ids(shop, "zones")


def test_start_date_leaves_out_what_was_last_changed_before_it(shop: Sandbox) -> None:
    dates = sorted(record["lastModifiedAt"] for record in shop.records("orders"))
    memory = Memory()
    run(shop, memory, "orders", start_date=dates[30])
    assert sorted(row["lastModifiedAt"] for row in memory.tables["orders"].values()) == dates[30:]


def test_a_run_that_is_asked_to_stop_keeps_what_it_read(shop: Sandbox) -> None:
    memory = Memory(batch_bytes=1)
    stops: list[Callable[[], None]] = []

    def stop() -> None:
        stops[0]()

    memory.after = stop
    with Client({**shop.settings(), "page_size": 5}) as client:
        summary = sync(client, memory, streams=["orders"], on_stoppable=stops.append)
    assert "the next run goes on from there" in str(summary.outcomes[0].error)
    memory.after = lambda: None
    run(shop, memory, "orders")
    assert memory.ids("orders") == ids(shop, "orders")


@pytest.mark.parametrize("batch_bytes", [1, 4 << 20, 64_000_000])
def test_a_batch_can_become_full_while_the_workers_still_have_room(batch_bytes: int) -> None:
    limits = Limits.of(16, 500, batch_bytes)
    assert batch_bytes <= limits.most_held
    assert batch_bytes / 2 <= limits.ahead_bytes
    assert limits.working(0) == 16


@pytest.mark.parametrize(("ahead", "workers"), [(0, 16), (60, 16), (75, 12), (90, 8), (119, 1), (120, 0), (500, 0)])
def test_the_more_waits_to_be_looked_at_the_fewer_workers_fetch_more(ahead: int, workers: int) -> None:
    assert Limits(workers=16, ahead_bytes=120).working(ahead) == workers
