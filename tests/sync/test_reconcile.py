"""Deletions and proof, with the sandbox and a real DuckDB file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import duckdb
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import shift
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.errors import ConfigError, DestinationError
from commercetools_source.events import DeletesMarked, DeletesUnseen, Event
from commercetools_source.extract.abilities import Difference, Tombstone
from commercetools_source.extract.checkpoint import StreamState, decode, encode
from commercetools_source.extract.selection import Selection
from commercetools_source.http.exchange import Timing
from commercetools_source.report.compare import ComparisonReport
from commercetools_source.sandbox import Fault, Sandbox
from commercetools_source.sync.compare import Verdict, sweep, verify
from commercetools_source.sync.deletions import Kept, lookup
from commercetools_source.sync.run import Summary, sync
from commercetools_source.sync.sweeping import Guard, refusal
from deleting import delete_one
from patience import Jumps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


class Shop:
    """A sandbox, a DuckDB file, and the two steps that every test takes."""

    def __init__(self, sandbox: Sandbox, path: Path) -> None:
        self.sandbox = sandbox
        self.path = path
        self.events: list[Event] = []

    def sync(self, *streams: str, full: bool = False, timing: Timing | None = None, **settings: Any) -> Summary:
        self.events.clear()
        with Client({**self.sandbox.settings(), **settings}, timing=timing or Timing()) as client:
            target = open_destination(str(self.path))
            return sync(client, target, streams=streams, full=full, hook=self.events.append)

    def verify(self, *streams: str) -> list[Verdict]:
        with Client(self.sandbox.settings()) as client:
            return list(verify(client, open_destination(str(self.path)), streams))

    def sweep(self, *streams: str, guard: Guard | None = None) -> list[Verdict]:
        with Client(self.sandbox.settings()) as client:
            return list(sweep(client, open_destination(str(self.path)), streams, guard))

    def query(self, sql: str, *values: str) -> list[Any]:
        with duckdb.connect(str(self.path)) as connection:
            return [row[0] for row in connection.execute(sql, values).fetchall()]

    def ids(self, stream: str) -> list[str]:
        return sorted(record["id"] for record in self.sandbox.records(stream))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Sandbox() as sandbox:
        yield Shop(sandbox, tmp_path / "shop.duckdb")


@pytest.mark.parametrize(
    ("payload", "record"),
    [
        ({"order": {"id": "o1", "orderNumber": "7"}}, {"id": "o1", "orderNumber": "7"}),
        ({"order": {"id": "another", "orderNumber": "7"}}, {"id": "o1"}),
        ({"order": "o1"}, {"id": "o1"}),
        ({}, {"id": "o1"}),
    ],
)
def test_a_tombstone_is_the_record_as_it_was_at_last_or_its_id(payload: dict[str, Any], record: dict[str, Any]) -> None:
    message = msgspec.json.encode({"type": "OrderDeleted", "resource": {"id": "o1"}, **payload})
    found = Tombstone("o1", "2026-01-01T00:00:00.000Z", msgspec.Raw(message)).record("gone")
    assert msgspec.json.decode(found) == {**record, "gone": "2026-01-01T00:00:00.000Z"}


def test_a_deletion_that_messages_tell_of_is_marked_by_the_next_run(shop: Shop) -> None:
    shop.sync("orders", "customers")
    shop.sandbox.clock.advance(3600)
    gone = [shop.ids("orders")[3], shop.ids("orders")[5]]
    for name in gone:
        shop.sandbox.delete("orders", name)
    shop.sandbox.clock.advance(3600)
    shop.sync("orders", "customers")
    assert [event for event in shop.events if isinstance(event, DeletesMarked)] == [DeletesMarked("orders", 2)]
    assert shop.query("SELECT id FROM raw.orders WHERE _deleted_at IS NOT NULL ORDER BY id") == sorted(gone)
    assert shop.query("SELECT id FROM raw.orders WHERE _deleted_at IS NULL ORDER BY id") == shop.ids("orders")
    shop.sync("orders", "customers")
    assert not [event for event in shop.events if isinstance(event, DeletesMarked)]


def test_without_the_scope_for_messages_the_run_says_that_deletions_were_not_looked_for(shop: Shop) -> None:
    shop.sandbox.add_client("narrow", "secret", ["view_orders"])
    narrow = {"client_id": "narrow", "client_secret": "secret"}
    shop.sync("orders", **narrow)
    shop.sync("orders", **narrow)
    (unseen,) = [event for event in shop.events if isinstance(event, DeletesUnseen)]
    assert "view_messages:sample-shop" in unseen.reason


@pytest.mark.parametrize("stream", ["orders", "custom_objects", "zones"])
def test_rows_that_are_there_twice_are_named_and_a_sweep_leaves_one(shop: Shop, stream: str) -> None:
    shop.sync(stream)
    table, (one, other, *_) = f"raw.{stream}", shop.ids(stream)
    for name in (one, one, other):
        shop.query(f"INSERT INTO {table} FROM (FROM {table} WHERE id = ? LIMIT 1)", name)
    (verdict,) = shop.verify(stream)
    assert not verdict.equal
    assert verdict.difference is not None
    assert verdict.difference.doubled == tuple(sorted([one, other]))
    assert (verdict.difference.missing, verdict.difference.stale, verdict.difference.gone) == ((), (), ())
    assert f"{stream} doubled: {', '.join(verdict.difference.doubled)}" in ComparisonReport((verdict,)).text()
    (verdict,) = shop.sweep(stream)
    assert verdict.mended == 2
    (verdict,) = shop.verify(stream)
    assert verdict.equal
    assert "doubled" not in ComparisonReport((verdict,)).text()
    assert shop.query(f"SELECT id FROM {table} ORDER BY id") == shop.ids(stream)


def test_a_doubled_row_that_changes_is_one_change_and_one_row(shop: Shop) -> None:
    shop.sync("orders")
    name = shop.ids("orders")[0]
    shop.query("INSERT INTO raw.orders FROM raw.orders WHERE id = ?", name)
    shop.sandbox.clock.advance(3600)
    shop.sandbox.update("orders", name, {"orderState": "Complete"})
    shop.sandbox.clock.advance(3600)
    changes = shop.sync("orders").changes["orders"]
    assert (changes.new, changes.changed) == (0, 1)
    assert shop.query("SELECT id FROM raw.orders ORDER BY id") == shop.ids("orders")


@given(st.integers(52, 5000), st.integers(60, 20_000))
def test_the_share_that_a_refusal_advises_is_enough(gone: int, held: int) -> None:
    difference = Difference((), (), ("id",) * min(gone, held), held, 1)
    if (reason := refusal(STREAMS["orders"], difference, Guard())) is not None:
        share = float(reason.partition("--allow-deletes ")[2].split()[0])
        assert refusal(STREAMS["orders"], difference, Guard(share)) is None


MESSAGES_FAULTS = [
    Fault("status", "/messages", times=None, status=500),
    Fault("status", "/messages", times=None, status=404),
    Fault("status", "/messages", times=None, status=400),
    Fault("status", "/messages", times=None, status=403),
    Fault("html", "/messages", times=None, status=502),
    Fault("throttle", "/messages", times=None, header=""),
    Fault("query_timeout", "/messages", times=None),
    Fault("too_large", "/messages", times=None),
    Fault("truncate", "/messages", times=None),
    Fault("corrupt", "/messages", times=None),
    Fault("reset", "/messages", times=None),
]


@pytest.mark.few(4)
@pytest.mark.parametrize("fault", MESSAGES_FAULTS, ids=lambda fault: f"{fault.kind}-{fault.status}")
def test_a_lasting_fault_of_messages_costs_runs_their_deletions_and_no_record(shop: Shop, fault: Fault) -> None:
    assert shop.sync("orders", "zones").complete
    gone = delete_one(shop.sandbox, "orders")["id"]
    shop.sandbox.faults.add(fault)
    for number in (1, 2):
        added = shop.sandbox.create("orders")["id"]
        shop.sandbox.clock.advance(3600)
        summary = shop.sync("orders", "zones", timing=Jumps().timing, retry_seconds=5)
        assert summary.complete
        assert summary.deletions_unseen is not None
        assert "deletions since" in summary.deletions_unseen
        assert shop.query("SELECT count(*) FROM raw.orders WHERE id = ?", added) == [1]
        assert [event for event in shop.events if isinstance(event, DeletesUnseen)], number
    shop.sandbox.faults.clear()
    summary = shop.sync("orders", "zones")
    assert (summary.deletions_unseen, summary.deleted) == (None, {"orders": 1})
    assert shop.query("SELECT id FROM raw.orders WHERE _deleted_at IS NOT NULL") == [gone]
    shop.sandbox.clock.advance(3600)
    assert shop.sync("orders").deleted == {}


@pytest.mark.parametrize(
    "odd",
    [{"createdAt": value} for value in ("soon", "9999-12-31T23:59:59-12:00", 5, None)]
    + [{"resource": value} for value in (None, {}, {"id": 5}, [])]
    + [{"type": 5}],
)
def test_a_message_of_another_form_is_named_and_ends_no_run(odd: dict[str, Any]) -> None:
    time = "2026-01-01T00:00:00.000Z"
    message = {"id": "a", "type": "OrderDeleted", "createdAt": time, "resource": {"id": "b"}, **odd}
    stored = {"orders": StreamState(cursor=time)}

    def get(_path: str, _params: object, parse: Callable[[bytes], Any], _attempts: int | None) -> Any:
        return parse(json.dumps({"results": [message], "count": 1, "total": 1}).encode())

    pages = Kept(lookup(get, [STREAMS["orders"]], stored, Selection(bound="2026-01-02T00:00:00.000Z"), 500))
    assert list(pages) == []
    assert str(pages.result.error).startswith(("a Message is not of the documented form: ", "a record has no text in"))
    assert pages.result.states["orders"].deletions_from == time


@pytest.mark.parametrize("order", ['{"id":"b","city":"\\ud83d"}', "NaN"])
def test_a_message_that_nobody_can_decode_hides_no_deletion(order: str) -> None:
    times = [f"2026-01-01T00:00:0{number}.000Z" for number in range(3)]
    messages = [
        f'{{"id":"{number}","type":"OrderDeleted","createdAt":"{time}","resource":{{"id":"b{number}"}},"order":{order}}}'
        for number, time in enumerate(times)
    ]
    messages[0] = messages[0].replace(order, "{}")

    def get(_path: str, params: Sequence[tuple[str, str]], parse: Callable[[bytes], Any], _attempts: int | None) -> Any:
        where = " ".join(value for name, value in params if name == "where")
        rest = next((messages[number + 1 :] for number in (2, 1, 0) if f'"{number}"' in where), messages)
        page = rest[: int(dict(params)["limit"])]
        return parse(f'{{"results":[{",".join(page)}],"count":{len(page)},"total":{len(rest)}}}'.encode())

    stored = {"orders": StreamState(cursor=times[0])}
    pages = Kept(lookup(get, [STREAMS["orders"]], stored, Selection(bound="2026-01-02T00:00:00.000Z"), 500))
    assert [(one.id, one.time) for _, page in pages for one in page] == [
        (f"b{n}", time) for n, time in enumerate(times)
    ]
    assert pages.result.error is None


def test_rows_that_cannot_be_marked_cost_their_stream_its_deletions_and_nothing_else(shop: Shop) -> None:
    shop.sync("orders", "customers")
    shop.query("ALTER TABLE raw.orders ALTER _deleted_at TYPE INTEGER[]")
    gone = {name: delete_one(shop.sandbox, name)["id"] for name in ("orders", "customers")}
    for _ in range(2):
        shop.sandbox.create("customers")
        shop.sandbox.clock.advance(3600)
        summary = shop.sync("orders", "customers")
        assert "cannot mark deleted orders" in str(summary.deletions_unseen)
        assert sorted(shop.query("SELECT id FROM raw.customers WHERE _deleted_at IS NULL")) == shop.ids("customers")
    shop.query("ALTER TABLE raw.orders ALTER _deleted_at TYPE TIMESTAMP USING NULL")
    summary = shop.sync("orders", "customers")
    assert (summary.complete, summary.deletions_unseen, summary.deleted) == (True, None, {"orders": 1})
    assert shop.query("SELECT id FROM raw.orders WHERE _deleted_at IS NOT NULL") == [gone["orders"]]
    assert shop.query("SELECT id FROM raw.customers WHERE _deleted_at IS NOT NULL") == [gone["customers"]]


def test_a_lasting_fault_of_messages_holds_the_streams_up_for_seconds_only(shop: Shop) -> None:
    shop.sync("orders")
    shop.sandbox.faults.add(Fault("status", "/messages", times=None, status=503))
    jumps = Jumps()
    assert shop.sync("orders", timing=jumps.timing, retry_seconds=300).complete
    assert 5 < sum(jumps.waits) <= 20


def test_a_fault_of_messages_that_passes_within_seconds_costs_nothing(shop: Shop) -> None:
    shop.sync("orders")
    gone = delete_one(shop.sandbox, "orders")["id"]
    shop.sandbox.faults.add(Fault("status", "/messages", times=4, status=503))
    summary = shop.sync("orders", timing=Jumps().timing, retry_seconds=300)
    assert (summary.deletions_unseen, summary.deleted) == (None, {"orders": 1})
    assert shop.query("SELECT id FROM raw.orders WHERE _deleted_at IS NOT NULL") == [gone]


def test_the_next_look_for_deletions_begins_where_the_last_one_ended(shop: Shop) -> None:
    shop.sync("orders")
    first, second = (delete_one(shop.sandbox, "orders")["id"] for _ in "ab")
    shop.sandbox.faults.add(Fault("status", "/messages", times=None, after=1, status=500))
    assert shop.sync("orders", timing=Jumps().timing, retry_seconds=5, page_size=1).deleted == {"orders": 1}
    assert shop.query("SELECT id FROM raw.orders WHERE _deleted_at IS NOT NULL") == [first]
    shop.sandbox.faults.clear()
    shop.sandbox.clock.advance(3600)
    asked = len(shop.sandbox.requests)
    assert shop.sync("orders").deleted == {"orders": 1}
    (look,) = [seen for seen in shop.sandbox.requests[asked:] if seen.path.endswith("/messages")]
    (time,) = shop.query("SELECT strftime(_deleted_at, '%Y-%m-%dT%H:%M:%S.%gZ') FROM raw.orders WHERE id = ?", first)
    assert f'createdAt >= "{shift(time, -600)}"' in unquote(look.query)
    assert sorted(shop.query("SELECT id FROM raw.orders WHERE _deleted_at IS NOT NULL")) == sorted([first, second])


def test_a_full_read_after_a_look_that_failed_leaves_no_deletion_out(shop: Shop) -> None:
    shop.sync("orders")
    delete_one(shop.sandbox, "orders")
    shop.sandbox.faults.add(Fault("status", "/messages", times=None, status=400))
    shop.sync("orders")
    delete_one(shop.sandbox, "orders")
    shop.sync("orders", full=True)
    gone = delete_one(shop.sandbox, "orders")["id"]
    assert shop.sync("orders").deletions_unseen is not None
    shop.sandbox.faults.clear()
    assert shop.sync("orders").deleted == {"orders": 1}
    assert shop.query("SELECT id FROM raw.orders WHERE _deleted_at IS NOT NULL") == [gone]
    assert shop.query("SELECT id FROM raw.orders WHERE _deleted_at IS NULL ORDER BY id") == shop.ids("orders")


def test_what_was_deleted_is_marked_after_a_full_read_that_had_to_leave_a_record_out(shop: Shop) -> None:
    shop.sync("orders")
    gone = delete_one(shop.sandbox, "orders")["id"]
    left_out = shop.sandbox.records("orders")[0]["id"]
    shop.sandbox.faults.add(Fault("unservable", "/orders", records=(left_out,), status=500, times=None))
    (outcome,) = shop.sync("orders", full=True, timing=Jumps().timing, retry_seconds=0).outcomes
    assert outcome.quarantined == 1
    shop.sandbox.faults.clear()
    assert shop.sync("orders").deleted == {"orders": 1}
    assert shop.query("SELECT id FROM raw.orders WHERE _deleted_at IS NOT NULL") == [gone]


def test_a_state_after_a_look_that_ended_well_is_stored_as_before() -> None:
    assert "deletions_from" not in encode(StreamState("2026-01-01T00:00:00.000Z"))
    pending = StreamState("2026-01-02T00:00:00.000Z", deletions_from="2026-01-01T00:00:00.000Z")
    assert decode(encode(pending)) == pending


def test_verify_is_content_after_a_sync_and_names_what_differs(shop: Shop) -> None:
    shop.sync("zones", "orders")
    assert [verdict.equal for verdict in shop.verify("zones", "orders")] == [True, True]
    lost, old, gone = shop.ids("orders")[0], shop.ids("orders")[1], shop.ids("orders")[2]
    shop.query(f"DELETE FROM raw.orders WHERE id = '{lost}' RETURNING id")
    shop.query(f"UPDATE raw.orders SET version = 0 WHERE id = '{old}' RETURNING id")
    shop.sandbox.delete("orders", gone)
    (verdict,) = shop.verify("orders")
    assert verdict.difference is not None
    assert (verdict.difference.missing, verdict.difference.stale) == ((lost,), (old,))
    assert verdict.difference.gone == (gone,)
    assert not verdict.equal


def test_a_sweep_marks_what_is_gone_and_reads_again_what_is_missing_or_stale(shop: Shop) -> None:
    shop.sync("zones")
    (lost, gone, *_), count = shop.ids("zones"), len(shop.ids("zones"))
    shop.query(f"DELETE FROM raw.zones WHERE id = '{lost}' RETURNING id")
    shop.sandbox.delete("zones", gone)
    (verdict,) = shop.sweep("zones")
    assert (verdict.mended, verdict.marked, verdict.note) == (1, 1, "")
    assert shop.query("SELECT count(*) FROM raw.zones") == [count]
    assert shop.verify("zones")[0].equal
    assert shop.sweep("zones")[0].marked == 0


def test_a_sweep_does_not_believe_that_nearly_everything_is_gone(shop: Shop) -> None:
    shop.sync("customers")
    for name in shop.ids("customers"):
        shop.sandbox.delete("customers", name)
    (verdict,) = shop.sweep("customers")
    assert "lists nothing of customers" in verdict.note
    assert verdict.marked == 0
    assert shop.query("SELECT count(*) FROM raw.customers WHERE _deleted_at IS NOT NULL") == [0]


@pytest.mark.parametrize(
    ("gone", "held", "listed", "refused"),
    [
        (0, 0, 0, False),
        (0, 10, 10, False),
        (1, 10, 9, False),
        (10, 10, 0, True),
        (60, 100, 40, True),
        (60, 1000, 940, False),
    ],
)
def test_the_guard_lets_ordinary_losses_pass_and_stops_the_others(
    gone: int,
    held: int,
    listed: int,
    refused: bool,  # noqa: FBT001 - a column of the table
) -> None:
    difference = Difference((), (), tuple(map(str, range(gone))), held, listed)
    assert (refusal(STREAMS["orders"], difference, Guard()) is not None) is refused
    assert "--allow-deletes" in (refusal(STREAMS["orders"], difference, Guard()) or "--allow-deletes")
    assert refusal(STREAMS["orders"], difference, Guard(share=1.0)) is None


def test_messages_that_vanish_after_their_retention_are_kept(shop: Shop) -> None:
    shop.sync("messages")
    held = shop.query("SELECT count(*) FROM raw.messages")
    shop.sandbox.clock.advance(400 * 86_400)
    assert shop.ids("messages") == []
    (verdict,) = shop.sweep("messages")
    assert (verdict.equal, verdict.marked, verdict.note) == (True, 0, "")
    assert shop.query("SELECT count(*) FROM raw.messages WHERE _deleted_at IS NULL") == held


def test_streams_that_cannot_be_compared_say_why(shop: Shop, tmp_path: Path) -> None:
    shop.sync("zones")
    notes = {verdict.stream: verdict.note for verdict in shop.verify("zones", "orders", "project")}
    assert notes["zones"] == ""
    assert "run `sync` first" in notes["orders"]
    assert "reads it whole" in notes["project"]
    with Client(shop.sandbox.settings()) as client, pytest.raises(ConfigError, match="a Parquet folder can"):
        verify(client, open_destination(f"jsonl:{tmp_path / 'lines'}"))


def test_a_file_that_holds_nothing_is_not_compared(tmp_path: Path) -> None:
    place = str(tmp_path / "shop.duckdb")
    empty = open_destination(place)
    empty.open()
    empty.close()
    with Sandbox(size="tiny") as shop, Client(shop.settings()) as client:
        reason = "holds no stream yet; run `sync` first"
        with pytest.raises(DestinationError, match=reason):
            verify(client, open_destination(place))
