"""Every run is recorded in its destination: complete, failed, cut off, killed, and those of an interval."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.destinations.duckdb.runs import RUNS
from commercetools_source.errors import AuthenticationError, DestinationError
from commercetools_source.events import Event, Notice, RequestDone, RetryScheduled, RowsWritten
from commercetools_source.extract.abilities import RunStore, open_to_read
from commercetools_source.sandbox import Fault, Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.backfill import backfill
from patience import Jumps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from commercetools_source.extract.delivery import Destination
    from commercetools_source.extract.run_record import RunRecord, StreamRecord

STREAMS = ["customers", "zones"]
STORES = ["shop.duckdb", "parquet:files", "jsonl:lines"]


class Shop:
    """A sandbox, the folder of its destinations, and the events of the last run."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.events: list[Event] = []

    def target_text(self, spec: str) -> str:
        name, sign, path = spec.rpartition(":")
        return f"{name}{sign}{self.folder / path}"

    def target(self, spec: str) -> Destination:
        return open_destination(self.target_text(spec))

    def sync(self, spec: str, **options: Any) -> None:
        self.events.clear()
        options.setdefault("hook", self.events.append)
        with Client(self.sandbox.settings(), timing=Jumps().timing, hook=self.events.append) as client:
            sync(client, self.target(spec), streams=STREAMS, **options)

    def runs(self, spec: str) -> Sequence[RunRecord]:
        destination = self.target(spec)
        assert isinstance(destination, RunStore)
        try:
            open_to_read(destination)
            return list(destination.runs(99))
        finally:
            destination.close()


@pytest.fixture
def shop(sandbox: Sandbox, tmp_path: Path) -> Shop:
    return Shop(sandbox, tmp_path)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(size="tiny") as running:
        yield running


def stream(run: RunRecord, name: str) -> StreamRecord:
    (chosen,) = [record for record in run.streams if record.stream == name]
    return chosen


@pytest.mark.parametrize("spec", STORES)
def test_a_run_is_recorded_with_what_it_stored_and_what_it_took(shop: Shop, spec: str) -> None:
    shop.sandbox.faults.add(Fault("status", path="/customers", status=502))
    shop.sync(spec)
    requests = [event for event in shop.events if isinstance(event, RequestDone)]
    retries = [event for event in shop.events if isinstance(event, RetryScheduled)]
    customers = len(shop.sandbox.records("customers"))
    (run,) = shop.runs(spec)
    assert (run.command, run.status, run.error) == ("sync", "complete", None)
    assert (run.requests, run.retries) == (len(requests), len(retries))
    assert run.retries == 1
    assert run.waited == pytest.approx(sum(event.delay for event in retries))
    assert run.bytes == sum(event.size for event in requests)
    assert run.ended is not None
    assert run.started <= run.ended
    assert run.bound is not None
    first = stream(run, "customers")
    assert (first.mode, first.records, first.left_out, first.error) == ("full", customers, 0, None)
    assert first.started is not None
    assert first.ended is not None
    assert first.pages >= 1
    assert 0 < first.bytes < run.bytes
    shop.sync(spec)
    second, before = shop.runs(spec)
    assert before == run
    assert stream(second, "customers").mode == "incremental"
    assert second.run != run.run


def test_rows_of_a_run_are_counted_as_new_changed_deleted_and_unfit(shop: Shop) -> None:
    with Sandbox(size="tiny") as own:
        mine = Shop(own, shop.folder)
        mine.sync("own.duckdb")
        own.clock.advance(3600)
        ids = sorted(record["id"] for record in own.records("customers"))
        own.update("customers", ids[0], {"lastName": "Other"})
        own.update("customers", ids[1], {"customerNumber": {"no": "text"}})
        own.create("customers", {"email": "new@example.com"})
        own.delete("customers", ids[2])
        own.clock.advance(3600)
        mine.sync("own.duckdb")
        counts = stream(mine.runs("own.duckdb")[0], "customers")
        assert (counts.new, counts.changed, counts.deleted, counts.unfit) == (1, 2, 1, 1)


@pytest.mark.parametrize("spec", STORES)
def test_a_stream_that_fails_and_a_run_that_is_stopped_say_so(shop: Shop, spec: str) -> None:
    shop.sandbox.faults.add(Fault("status", path="/zones", status=403, times=None))
    shop.sync(spec)
    shop.sandbox.faults.clear()
    shop.sync(spec, seconds=0.0)
    stopped, incomplete = shop.runs(spec)
    assert incomplete.status == "incomplete"
    assert "zones" in str(stream(incomplete, "zones").error)
    assert stream(incomplete, "customers").error is None
    assert stopped.status == "stopped"


@pytest.mark.parametrize("spec", STORES)
@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit, DestinationError("the disk is full")])
def test_a_run_that_ends_by_an_error_is_recorded_with_its_reason_and_what_it_stored(
    shop: Shop, spec: str, raised: Any
) -> None:
    stored: list[int] = []

    def fail(event: Event) -> None:
        if isinstance(event, RowsWritten):
            stored.append(event.records)
            raise raised

    with pytest.raises(type(raised) if isinstance(raised, Exception) else raised):
        shop.sync(spec, hook=fail)
    (run,) = shop.runs(spec)
    # What a person ended is no failure, wherever the run was.
    told = ("failed", str(raised)) if isinstance(raised, Exception) else ("stopped", None)
    assert (run.status, run.error, run.streams) == (*told, ())
    assert [run.records] == stored != [0]


@pytest.mark.parametrize("spec", STORES)
def test_a_run_under_way_is_stored_as_begun(shop: Shop, spec: str) -> None:
    destination = shop.target(spec)
    assert isinstance(destination, RunStore)
    stored: list[RunRecord] = []

    def look(_event: Event) -> None:
        stored[:] = destination.runs(1)

    with Client(shop.sandbox.settings()) as client:
        sync(client, destination, streams=STREAMS, hook=look)
    (begun,) = stored
    assert (begun.status, begun.ended, begun.streams) == ("begun", None, ())


@pytest.mark.parametrize("spec", STORES)
def test_a_backfill_is_recorded(shop: Shop, spec: str) -> None:
    shop.sync(spec)
    with Client(shop.sandbox.settings()) as client:
        backfill(client, shop.target(spec), "2000-01-01", streams=["customers"])
    newest = shop.runs(spec)[0]
    assert (newest.command, newest.status, stream(newest, "customers").mode) == ("backfill", "complete", "window")


KILLED = """
import os, sys
from commercetools_source.client import Client
from commercetools_source.sync import sync
with Client(%r) as client:
    sync(client, sys.argv[1], streams=["zones"], hook=lambda event: os._exit(9))
"""


@pytest.mark.parametrize("spec", STORES)
def test_a_run_that_was_killed_has_begun_and_not_ended(shop: Shop, spec: str) -> None:
    code = KILLED % shop.sandbox.settings()
    killed = subprocess.run([sys.executable, "-c", code, shop.target_text(spec)], check=False)
    assert killed.returncode == 9
    shop.sync(spec)
    next_run, first = shop.runs(spec)
    assert (first.status, first.ended, first.streams) == ("begun", None, ())
    assert next_run.status == "complete"


def test_a_record_that_cannot_be_stored_is_told_and_ends_no_run(shop: Shop) -> None:
    shop.sync("jsonl:lines")
    (shop.folder / "lines" / "_commercetools_runs.jsonl").write_text("notes of somebody")
    shop.sync("jsonl:lines")
    told = [event for event in shop.events if isinstance(event, Notice)]
    assert [event.lacking for event in told] == [True, True]
    notices = [event.message() for event in told]
    assert all("the record of this run is not stored" in notice and "rename it" in notice for notice in notices)
    assert (shop.folder / "lines" / "_commercetools_runs.jsonl").read_text() == "notes of somebody"


@pytest.mark.parametrize("spec", STORES)
def test_a_run_that_cannot_reach_the_platform_is_recorded_beside_what_is_there(shop: Shop, spec: str) -> None:
    with Sandbox(size="tiny") as own:
        away = Shop(own, shop.folder)
        away.sync(spec)
        own.faults.add(Fault("status", path="/oauth/token", status=401, times=None))
        with pytest.raises(AuthenticationError):
            away.sync(spec)
        with pytest.raises(AuthenticationError), Client(own.settings(), timing=Jumps().timing) as client:
            backfill(client, away.target(spec), "2000-01-01", streams=["customers"])
        newest, failed, complete = away.runs(spec)
    assert (newest.command, newest.status) == ("backfill", "failed")
    assert (failed.status, failed.bound, failed.requests) == ("failed", None, 1)
    assert "no access token: 401" in str(failed.error)
    assert complete.status == "complete"


def test_a_run_that_cannot_reach_the_platform_makes_nothing_and_waits_for_nobody(shop: Shop) -> None:
    with Sandbox(size="tiny") as own:
        away = Shop(own, shop.folder)
        away.sync("used.duckdb")
        user = away.target("used.duckdb")
        user.open()
        own.faults.add(Fault("status", path="/oauth/token", status=401, times=None))
        for spec in ("used.duckdb", *STORES):
            with pytest.raises(AuthenticationError):
                away.sync(spec)
        user.close()
        assert [run.status for run in away.runs("used.duckdb")] == ["complete"]
    assert [path.name for path in shop.folder.iterdir()] == ["used.duckdb"]


def test_records_of_a_version_that_knew_less_are_read(shop: Shop) -> None:
    shop.sync("shop.duckdb")
    with duckdb.connect(str(shop.folder / "shop.duckdb")) as connection:
        connection.execute(f"ALTER TABLE {RUNS} DROP COLUMN deletions_unseen")
    assert [run.status for run in shop.runs("shop.duckdb")] == ["complete"]
    shop.sync("shop.duckdb")
    assert [run.deletions_unseen for run in shop.runs("shop.duckdb")] == [None, None]
