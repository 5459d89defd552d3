"""Runs one after another, in virtual time: nothing here sleeps."""

from __future__ import annotations

import gc
import os
import random
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB, Jsonl
from commercetools_source.errors import CommercetoolsError, ConfigError, DestinationError, InUseError
from commercetools_source.extract.abilities import open_to_read
from commercetools_source.http.exchange import Timing
from commercetools_source.sandbox import Fault, Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.compare import verify
from commercetools_source.sync.repeat import Repetition, Rhythm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MINUTE = 60.0
STREAMS = ["customers", "orders", "types"]


class Clock:
    """Time that goes on when somebody sleeps, the sandbox's too; `then` is called after each sleep."""

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        self.time = 0.0
        self.then: Callable[[], None] = lambda: None
        self.timing = Timing(now=lambda: self.time, sleep=self._sleep, chance=lambda: 0.5)
        self._sandbox = sandbox

    def _sleep(self, seconds: float) -> None:
        self.time += seconds
        if self._sandbox is not None:
            self._sandbox.clock.advance(seconds)
        self.then()


@pytest.fixture
def shop() -> Iterator[Sandbox]:
    with Sandbox(size="tiny") as sandbox:
        sandbox.clock.advance(3600)
        yield sandbox


def starts(run: Callable[[Clock, int], bool], rhythm: Rhythm) -> list[int]:
    """Return when the runs began, in whole seconds."""
    clock = Clock()
    begun: list[int] = []

    def one() -> bool:
        begun.append(round(clock.time))
        return run(clock, len(begun))

    Repetition(clock.timing).go(one, rhythm)
    return begun


def test_runs_begin_at_the_interval_and_a_long_one_is_followed_at_once() -> None:
    def run(clock: Clock, number: int) -> bool:
        clock.time += 100 if number == 2 else 5
        return True

    assert starts(run, Rhythm(MINUTE, runs=4)) == [0, 60, 160, 220]


def test_failures_in_a_row_double_the_distance_up_to_a_quarter_of_an_hour() -> None:
    begun = starts(lambda _, number: number > 6, Rhythm(MINUTE, runs=9))
    assert [later - earlier for earlier, later in pairwise(begun)] == [
        *(120, 240, 480, 900, 900, 900),
        *(60, 60),
    ]
    assert Rhythm(3600.0).distance(5) == 3600.0
    assert Rhythm(1.0).distance(100_000) == 900.0


def test_a_stop_ends_the_wait_for_the_next_run_at_once() -> None:
    clock = Clock()
    repetition = Repetition(clock.timing)
    clock.then = lambda: repetition.stop() if clock.time > 10 else None
    runs: list[float] = []
    repetition.go(lambda: not runs.append(clock.time), Rhythm(3600.0))
    assert runs == [0.0]
    assert clock.time < 11


def test_a_stop_that_comes_before_the_run_can_be_told_ends_it_when_it_can() -> None:
    repetition = Repetition(Clock().timing)
    repetition.stop()
    stopped: list[bool] = []
    repetition.arm(lambda: stopped.append(True))
    assert stopped == [True]


def test_what_a_run_raises_ends_everything() -> None:
    def run(_clock: Clock, _number: int) -> bool:
        raise ConfigError("wrong")

    with pytest.raises(ConfigError):
        starts(run, Rhythm(MINUTE))


def test_a_folder_that_is_in_use_is_waited_for(tmp_path: Path) -> None:
    clock = Clock()
    other, ours = Jsonl(tmp_path / "lines"), Jsonl(tmp_path / "lines")
    other.open()
    clock.then = lambda: other.close() if clock.time > 5 else None
    told: list[str] = []
    assert Repetition(clock.timing).when_free(ours.open, 600.0, told.append) == {}
    ours.close()
    assert 5 < clock.time < 8
    assert [f"in use by process {os.getpid()}" in text for text in told] == [True]


def test_a_folder_that_stays_in_use_is_an_error_after_the_time_to_wait(tmp_path: Path) -> None:
    clock = Clock()
    other = Jsonl(tmp_path / "lines")
    other.open()
    with pytest.raises(InUseError, match=r"lines is in use by process \d+"):
        Repetition(clock.timing).when_free(Jsonl(tmp_path / "lines").open, 60.0, lambda _: None)
    other.close()
    assert clock.time == pytest.approx(60.0)


# --- against the sandbox ---


def run_once(shop: Sandbox, clock: Clock, path: Path, repetition: Repetition | None = None, **settings: Any) -> bool:
    """Run once, as the command does; a run that fails as a whole is a bad one."""
    try:
        with Client({**shop.settings(), **settings}, timing=clock.timing) as client:
            on_stoppable = repetition.arm if repetition is not None else None
            summary = sync(client, DuckDB(path), streams=STREAMS, on_stoppable=on_stoppable)
    except CommercetoolsError:
        return False
    return all(outcome.error is None for outcome in summary.outcomes)


def versions(path: Path, stream: str) -> dict[str, int]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return dict(connection.execute(f"SELECT id, version FROM raw.{stream} WHERE _deleted_at IS NULL").fetchall())


def test_an_update_is_in_the_file_after_the_next_run_which_begins_within_the_interval(
    shop: Sandbox, tmp_path: Path
) -> None:
    clock, path = Clock(shop), tmp_path / "shop.duckdb"
    ids = sorted(record["id"] for record in shop.records("orders"))
    seen: list[tuple[float, bool]] = []
    changed: list[tuple[float, int]] = []

    def change() -> None:
        if len(changed) < len(seen) and clock.time > 60 * len(changed) + 7:
            changed.append((clock.time, shop.update("orders", ids[0], {"orderState": "Complete"})["version"]))

    def run() -> bool:
        good = run_once(shop, clock, path)
        if changed:
            seen.append((clock.time - changed[-1][0], versions(path, "orders")[ids[0]] == changed[-1][1]))
        else:
            seen.append((0.0, True))
        return good

    clock.then = change
    Repetition(clock.timing).go(run, Rhythm(MINUTE, runs=4))
    assert [there for _, there in seen] == [True] * 4
    assert len(changed) == 3
    assert max(delay for delay, _ in seen) < MINUTE + 2


def test_a_stop_ends_a_run_after_its_delivery_and_the_file_is_whole(shop: Sandbox, tmp_path: Path) -> None:
    clock, path = Clock(shop), tmp_path / "shop.duckdb"
    repetition = Repetition(clock.timing)
    shop.before_request(lambda request: repetition.stop() if request.path.endswith("/orders") else None)
    repetition.go(lambda: run_once(shop, clock, path, repetition, page_size=5), Rhythm(MINUTE))
    assert repetition.stopped
    shop.before_request(lambda _: None)
    assert run_once(shop, clock, path)
    assert versions(path, "orders") == {record["id"]: record["version"] for record in shop.records("orders")}


FAULTS = (
    Fault("status", "*", times=3, status=503),
    Fault("status", "/orders", times=40, status=500),
    Fault("throttle", "*", times=2),
    Fault("truncate", "/customers", times=2),
    Fault("reset", "*", times=1),
    Fault("status", "/oauth/token", times=30, status=503),
)


def traced() -> int:
    """Return the bytes that live objects of the product take; the sandbox in this process keeps what it was sent."""
    gc.collect()
    ours = tracemalloc.Filter(inclusive=True, filename_pattern="*/commercetools_source/*")
    sandbox = tracemalloc.Filter(inclusive=False, filename_pattern="*/commercetools_source/sandbox/*")
    return sum(item.size for item in tracemalloc.take_snapshot().filter_traces([ours, sandbox]).statistics("filename"))


def resident() -> int:
    """Return the bytes that this process has in memory, those of DuckDB too."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system does not tell of memory")
@pytest.mark.parametrize("minutes", [120 if "HOURS" in os.environ else 6])
def test_hours_with_faults_lose_nothing_record_each_run_and_take_no_more_memory(
    shop: Sandbox, tmp_path: Path, minutes: int
) -> None:
    clock, path = Clock(shop), tmp_path / "shop.duckdb"
    chance = random.Random(5)  # noqa: S311 - the same hours each time
    memory: list[tuple[int, int]] = []
    good: list[bool] = []

    def live() -> None:
        for _ in range(chance.randrange(4)):
            stream = chance.choice(["customers", "orders"])
            record = chance.choice(shop.records(stream))
            change = {"externalId": f"e{chance.random()}"} if stream == "customers" else {}
            shop.update(stream, record["id"], change)
        if chance.random() < 0.3:
            shop.create("customers", {"email": f"{chance.random()}@example.com"})
        if chance.random() < 0.2:
            shop.delete("customers", chance.choice(shop.records("customers"))["id"])
        if chance.random() < 0.3 and good:  # a first run that reaches nothing makes no file to be recorded in
            shop.faults.add(chance.choice(FAULTS))

    def run() -> bool:
        live()
        good.append(run_once(shop, clock, path, retry_seconds=30))
        # After a third everything was used once, and what is lazy is loaded.
        if len(good) in {minutes // 3, minutes}:
            memory.append((traced(), resident()))
        return good[-1]

    tracemalloc.start()
    try:
        Repetition(clock.timing).go(run, Rhythm(MINUTE, runs=minutes))
    finally:
        tracemalloc.stop()
    shop.faults.clear()
    clock.timing.sleep(3600)
    assert run_once(shop, clock, path)
    with Client(shop.settings()) as client:
        assert [verdict.equal for verdict in verify(client, DuckDB(path), ["customers", "orders"])] == [True, True]
    for stream in STREAMS:
        assert versions(path, stream) == {record["id"]: record["version"] for record in shop.records(stream)}
    stored = DuckDB(path)
    open_to_read(stored)
    statuses = [run.status for run in stored.runs(minutes + 1)]
    stored.close()
    # The newest first, and the one after the faults on top; a run with a fault that passed is complete as well.
    assert [status == "complete" for status in reversed(statuses)] == [*good, True]
    assert any(good)
    (early, early_resident), (late, late_resident) = memory
    assert late < early + 300_000
    assert late_resident < early_resident + 100_000_000


# --- a copy for readers ---


def test_a_copy_for_readers_is_replaced_and_who_reads_the_former_goes_on(shop: Sandbox, tmp_path: Path) -> None:
    clock, path, copy = Clock(shop), tmp_path / "shop.duckdb", tmp_path / "readers.duckdb"
    assert run_once(shop, clock, path)
    path.chmod(0o600)
    DuckDB(path).publish(copy)
    assert copy.stat().st_mode == path.stat().st_mode  # nobody reads there what is closed here
    before = versions(copy, "customers")
    with duckdb.connect(str(copy), read_only=True) as reader:
        made = shop.create("customers", {"email": "new@example.com"})
        assert run_once(shop, clock, path)
        DuckDB(path).publish(copy)
        assert dict(reader.execute("SELECT id, version FROM raw.customers").fetchall()) == before
    assert versions(copy, "customers") == {**before, made["id"]: made["version"]}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["readers.duckdb", "shop.duckdb"]


FOREIGN = [
    "CREATE TABLE invoices AS SELECT 1 AS number",
    "CREATE SCHEMA sync; CREATE TABLE sync.state AS SELECT 1 AS number",
    "CREATE SCHEMA sync; CREATE TABLE sync.state AS SELECT 'zones' AS stream, json_object('project', 'other') AS state",
]
"""What a warehouse of somebody has, a file with a schema called as ours, and one of another shop."""


def test_a_copy_that_somebody_opened_to_write_is_replaced_too(shop: Sandbox, tmp_path: Path) -> None:
    """As DuckDB's own command does, if it is not told otherwise."""
    path, copy = tmp_path / "shop.duckdb", tmp_path / "readers.duckdb"
    assert run_once(shop, Clock(shop), path)
    DuckDB(path).publish(copy)
    first = copy.stat().st_ino
    with duckdb.connect(str(copy)):
        DuckDB(path).publish(copy)
    assert copy.stat().st_ino != first


def test_what_a_reader_who_was_killed_changed_in_a_copy_goes_with_the_copy(shop: Sandbox, tmp_path: Path) -> None:
    """It lies in a log beside the copy, with which DuckDB opens no other file."""
    clock, path, copy = Clock(shop), tmp_path / "shop.duckdb", tmp_path / "readers.duckdb"
    log = tmp_path / "readers.duckdb.wal"
    assert run_once(shop, clock, path)
    DuckDB(path).publish(copy)
    with duckdb.connect(str(copy)) as reader:
        reader.execute("CREATE VIEW theirs AS SELECT 1 AS number")
        changes = log.read_bytes()
    for _ in range(2):  # beside the copy that it was made of, and beside a later one
        log.write_bytes(changes)
        shop.create("customers", {"email": "new@example.com"})
        assert run_once(shop, clock, path)
        DuckDB(path).publish(copy)
        assert versions(copy, "customers") == versions(path, "customers")
        assert not log.exists()
    copy.unlink()
    log.write_bytes(changes)  # whose they are nobody knows
    with pytest.raises(DestinationError, match="without the DuckDB file that it is the log of"):
        DuckDB(path).check_publish(copy)


def test_a_file_whose_newest_rows_are_in_its_log_is_not_copied_without_them(shop: Sandbox, tmp_path: Path) -> None:
    clock, path, copy = Clock(shop), tmp_path / "shop.duckdb", tmp_path / "readers.duckdb"
    assert run_once(shop, clock, path)
    before = path.read_bytes()
    with duckdb.connect(str(path)) as writer:
        writer.execute("UPDATE raw.customers SET version = version + 1")
        log = (tmp_path / "shop.duckdb.wal").read_bytes()
    path.write_bytes(before)  # as it is where a full disk kept the log from being written into it
    (tmp_path / "shop.duckdb.wal").write_bytes(log)
    with pytest.raises(DestinationError, match=r"its newest rows are in .*shop\.duckdb\.wal"):
        DuckDB(path).publish(copy)
    assert not copy.exists()
    assert run_once(shop, clock, path)
    DuckDB(path).publish(copy)
    assert versions(copy, "customers") == versions(path, "customers")


def test_a_copy_replaces_neither_the_file_itself_nor_what_is_no_database(shop: Sandbox, tmp_path: Path) -> None:
    clock, path, other = Clock(shop), tmp_path / "shop.duckdb", tmp_path / "notes.txt"
    assert run_once(shop, clock, path)
    other.write_text("a text that is somebody's")
    with pytest.raises(DestinationError, match="no DuckDB file"):
        DuckDB(path).publish(other)
    assert other.read_text() == "a text that is somebody's"
    for number, statements in enumerate(FOREIGN):
        theirs = tmp_path / f"theirs{number}.duckdb"
        with duckdb.connect(str(theirs)) as connection:
            connection.execute(statements)
        content = theirs.read_bytes()
        with pytest.raises(DestinationError, match="so it is not replaced"):
            DuckDB(path).check_publish(theirs)
        with duckdb.connect(str(theirs)), pytest.raises(DestinationError, match="did not write, so it is not replaced"):
            DuckDB(path).publish(theirs)
        assert theirs.read_bytes() == content
    with pytest.raises(ConfigError, match="under another name"):
        DuckDB(path).publish(path)
    with pytest.raises(DestinationError, match="does not exist"):
        DuckDB(path).publish(tmp_path / "nowhere" / "copy.duckdb")
