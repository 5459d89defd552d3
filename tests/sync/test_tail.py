"""Changes younger than the settle delay: read where records are merged, promised nowhere, and never the position."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq
import pytest

from commercetools_source.catalog.timestamps import instant, shift
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.events import Event, RequestDone
from commercetools_source.extract.abilities import open_to_read
from commercetools_source.sandbox import Fault, Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.compare import sweep, verify
from patience import Jumps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.sync import Summary

MERGING = ["shop.duckdb", "parquet:files"]
STREAM = "customers"


class Shop:
    """A sandbox, a destination, and the steps that the tests take."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.events: list[Event] = []

    def place(self, spec: str) -> str:
        name, _, path = spec.rpartition(":")
        return f"{name}{':' if name else ''}{self.folder / path}"

    def sync(self, spec: str, *streams: str, **wanted: Any) -> Summary:
        self.events.clear()
        with Client(self.sandbox.settings(), timing=Jumps().timing, hook=self.events.append) as client:
            return sync(client, open_destination(self.place(spec)), streams=streams or [STREAM], **wanted)

    def requests(self) -> int:
        return sum(isinstance(event, RequestDone) for event in self.events)

    def act(self, spec: str, how: Any) -> Any:
        with Client(self.sandbox.settings()) as client:
            return how(client, open_destination(self.place(spec)), [STREAM])

    def state(self, spec: str) -> StreamState:
        destination = open_destination(self.place(spec))
        try:
            return open_to_read(destination)[STREAM]
        finally:
            destination.close()

    def held(self, spec: str, stream: str = STREAM, what: str = "id, version") -> list[Any]:
        database = self.place(spec) if spec.endswith(".duckdb") else ":memory:"
        with duckdb.connect(database) as connection:
            if database == ":memory:":
                connection.execute((self.folder / "files" / "latest.sql").read_text())
            return connection.execute(
                f"SELECT {what} FROM raw.{stream} WHERE _deleted_at IS NULL ORDER BY id"
            ).fetchall()

    def truth(self, stream: str = STREAM) -> list[tuple[str, int]]:
        return sorted((record["id"], record["version"]) for record in self.sandbox.records(stream))

    def files(self) -> set[Path]:
        return set((self.folder / "files").glob("*/part-*"))

    def now(self) -> str:
        return instant(self.sandbox.clock.now())


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Sandbox(size="tiny") as sandbox:
        yield Shop(sandbox, tmp_path)


def change(shop: Shop) -> dict[str, Any]:
    """Create a customer and change another one, now."""
    first = shop.truth()[0][0]
    shop.sandbox.update(STREAM, first, {"lastName": "Fresh"})
    return shop.sandbox.create(STREAM, {"email": "fresh@example.com"})


def delete_now(shop: Shop) -> str:
    gone: str = shop.truth()[0][0]
    shop.sandbox.delete(STREAM, gone)
    return gone


@pytest.mark.parametrize("spec", MERGING)
def test_what_changed_a_moment_ago_is_there_and_the_position_stays_at_the_bound(shop: Shop, spec: str) -> None:
    change(shop)
    assert shop.sync(spec).complete  # a full read
    assert shop.held(spec) == shop.truth()
    shop.sandbox.clock.advance(3600)
    shop.sync(spec, settled=True)
    before = shop.requests()
    shop.sandbox.clock.advance(3600)
    change(shop)
    summary = shop.sync(spec)
    assert shop.held(spec) == shop.truth()
    assert shop.requests() <= before + 1
    assert shop.state(spec).cursor == summary.bound <= shift(shop.now(), -299)


@pytest.mark.parametrize("spec", MERGING)
def test_only_what_is_settled_is_read_where_that_is_asked_for(shop: Shop, spec: str) -> None:
    shop.sandbox.clock.advance(3600)
    shop.sync(spec)
    before = shop.held(spec)
    shop.sandbox.clock.advance(3600)
    change(shop)
    shop.sync(spec, settled=True)
    assert shop.held(spec) == before
    shop.sandbox.clock.advance(310)
    shop.sync(spec, settled=True)
    assert shop.held(spec) == shop.truth()


def test_json_lines_get_only_what_is_settled(shop: Shop) -> None:
    shop.sandbox.clock.advance(3600)
    made = change(shop)
    shop.sync("jsonl:lines")
    lines = [line for path in (shop.folder / "lines" / STREAM).iterdir() for line in path.read_text().splitlines()]
    assert lines
    assert made["id"] not in {json.loads(line)["id"] for line in lines}


@pytest.mark.parametrize("spec", MERGING)
def test_neither_verify_nor_sweep_judge_the_tail(shop: Shop, spec: str) -> None:
    shop.sandbox.clock.advance(3600)
    shop.sync(spec)
    change(shop)
    shop.sync(spec)
    assert [verdict.equal for verdict in shop.act(spec, verify)] == [True]
    assert [verdict.marked for verdict in shop.act(spec, sweep)] == [0]
    assert shop.held(spec) == shop.truth()


@pytest.mark.parametrize("spec", MERGING)
def test_a_deletion_of_a_moment_ago_is_marked_and_counted_once(shop: Shop, spec: str) -> None:
    shop.sandbox.clock.advance(3600)
    shop.sync(spec)
    gone = delete_now(shop)
    assert shop.sync(spec).deleted == {STREAM: 1}
    assert gone not in {one for one, _ in shop.held(spec)}
    shop.sandbox.clock.advance(60)
    assert shop.sync(spec).deleted == {}
    assert shop.held(spec) == shop.truth()


def test_deletions_that_were_told_in_the_tail_do_not_move_the_position_behind_the_bound(shop: Shop) -> None:
    spec = MERGING[0]
    shop.sandbox.clock.advance(3600)
    shop.sync(spec)
    shop.sandbox.clock.advance(3600)
    for _ in range(3):
        delete_now(shop)
        shop.sandbox.clock.advance(1)
    with Client({**shop.sandbox.settings(), "page_size": 1}, timing=Jumps().timing) as client:
        shop.sandbox.faults.add(Fault("status", "/messages", after=2, times=None, status=403))
        summary = sync(client, open_destination(shop.place(spec)), streams=[STREAM])
    assert summary.deletions_unseen is not None
    assert shop.state(spec).deletions_from == summary.bound


def test_an_end_that_was_asked_for_ends_the_tail_too(shop: Shop) -> None:
    spec = MERGING[0]
    shop.sandbox.clock.advance(3600)
    until = shop.now()
    shop.sandbox.clock.advance(2)
    made = change(shop)
    summary = shop.sync(spec, until=until)
    assert made["id"] not in {one for one, _ in shop.held(spec)}
    assert summary.bound < until


def test_what_is_read_again_and_is_equal_adds_no_file(shop: Shop) -> None:
    spec = MERGING[1]
    shop.sandbox.clock.advance(3600)
    shop.sync(spec, "customers", "orders")
    shop.sandbox.clock.advance(3600)
    change(shop)
    files = [shop.files()]
    for _ in range(3):
        summary = shop.sync(spec, "customers", "orders")
        assert summary.records == 2
        files.append(shop.files())
        shop.sandbox.clock.advance(60)
    assert files[0] != files[1] == files[2] == files[3]
    assert shop.held(spec) == shop.truth()


def test_of_what_is_read_again_only_the_rows_that_changed_are_added(shop: Shop) -> None:
    spec = MERGING[1]
    shop.sandbox.clock.advance(3600)
    shop.sync(spec)
    shop.sandbox.clock.advance(3600)
    made = change(shop)
    shop.sync(spec)
    before = shop.files()
    shop.sandbox.update(STREAM, made["id"], {"lastName": "Again"})
    shop.sync(spec)
    (added,) = shop.files() - before
    assert [row["id"] for row in pq.read_table(added).to_pylist()] == [made["id"]]
    assert shop.held(spec) == shop.truth()
