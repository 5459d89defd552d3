"""Any sequence of deliveries, cut off anywhere: what is stored equals what a dict would hold."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from abc import abstractmethod
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from commercetools_source.catalog.schema import Column
from commercetools_source.catalog.timestamps import moment, shift
from commercetools_source.destinations import DuckDB, Jsonl, Parquet
from commercetools_source.destinations.duckdb.file import Attached
from commercetools_source.destinations.ducklake import DuckLake
from commercetools_source.destinations.ducklake.attachment import LakeInFile
from commercetools_source.errors import DestinationError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Phase
from destinations.conformance import (
    STREAM,
    Table,
    bucket,
    copied,
    duckdb_table,
    jsonl_table,
    killed,
    lacking_extension,
    lake_reading,
    lake_table,
    merged,
    parquet_table,
)
from manifests import read_manifest
from thorough import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from commercetools_source.extract.delivery import Destination

FIELDS = [
    Column("id", "string", nullable=True),
    Column("version", "int", nullable=True),
    Column("text", "string", nullable=True),
]
BEGIN = "2024-01-01T00:00:00.000Z"
RATES = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from("xyz")}, optional={"subRates": st.lists(st.just({"name": "s"}))}),
    unique_by=lambda rate: rate["id"],
    max_size=3,
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from("abcde"), "version": st.integers(1, 3)},
        optional={"text": st.text(max_size=2), "later": st.integers(0, 9), "rates": RATES},
    ),
    max_size=4,
)


class Machine(RuleBasedStateMachine):
    """Runs of the engine against one destination, beside the model."""

    destination: Destination

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.table: Table | None = None
        self.loading: Table = {}
        self.state = StreamState()
        self.number = 0

    @abstractmethod
    def new(self, path: Path) -> Destination:
        """Return the destination, not yet opened."""

    @abstractmethod
    def read(self, path: Path) -> Table | None:
        """Return the rows of the table, None where there is none."""

    @property
    def path(self) -> Path:
        return self.folder / str(self.number) / "store"

    @initialize(records=RECORDS, loaded=st.sampled_from([True, True, False]))
    def start(self, records: list[dict[str, Any]], loaded: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.path.parent.mkdir()
        self.destination = self.new(self.path)
        assert self.destination.open() == {}
        if loaded:  # or else few examples get as far as a merge
            self.begin_full(records, done=True)

    def teardown(self) -> None:
        self.crash(kind="copied")
        self.destination.close()
        shutil.rmtree(self.folder)

    def deliver(self, records: list[dict[str, Any]], *, replaces: bool, first: bool, done: bool) -> None:
        mode = None if done else "full" if replaces else "incremental"
        cursor = shift(self.state.cursor or BEGIN, 1) if done else self.state.cursor
        self.state = StreamState(cursor=cursor, mode=mode, bound=None if mode is None else BEGIN)
        raws = [msgspec.Raw(json.dumps(record).encode()) for record in records]
        delivery = Delivery(STREAM, raws, 1, self.state, Phase.of(full=replaces, first=first, last=done))
        self.destination.write(delivery)

    @rule(records=RECORDS, done=st.booleans())
    def begin_full(self, records: list[dict[str, Any]], done: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.deliver(records, replaces=True, first=True, done=done)
        self.take_full({}, records, done=done)

    @precondition(lambda self: self.state.mode == "full")
    @rule(records=RECORDS, done=st.booleans())
    def continue_full(self, records: list[dict[str, Any]], done: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.deliver(records, replaces=True, first=False, done=done)
        self.take_full(self.loading, records, done=done)

    def take_full(self, before: Table, records: list[dict[str, Any]], *, done: bool) -> None:
        self.loading = merged(before, records)
        if done:
            self.table, self.loading = self.loading, {}

    @precondition(lambda self: self.table is not None and self.state.mode != "full")
    @rule(records=RECORDS, done=st.booleans())
    def merge(self, records: list[dict[str, Any]], done: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.deliver(records, replaces=False, first=False, done=done)
        self.table = merged(self.table or {}, records)

    @precondition(lambda self: self.table is not None and self.state.mode != "full")
    @rule(records=RECORDS)
    def merge_and_crash(self, records: list[dict[str, Any]]) -> None:
        self.merge(records, done=True)
        self.crash(kind="copied")

    @rule(kind=st.sampled_from(["closed", "copied", "torn"]))
    def crash(self, kind: str) -> None:
        """End the run: in order, as a power failure leaves the disk, or within the next delivery."""
        if kind == "torn":
            bad = [msgspec.Raw(b'{"id":"a","version":9}'), msgspec.Raw(b"no JSON")]
            torn = Delivery(STREAM, bad, 1, StreamState(cursor=BEGIN), Phase.MERGE_LAST)
            self.tear(torn)
        before, self.number = self.path, self.number + 1
        if kind != "copied":
            self.destination.close()
        self.copy(before)
        self.destination.close()
        self.destination = self.new(self.path)
        states = self.destination.open()
        self.destination.close()
        self.check(states.get(STREAM.name, StreamState()), kind)
        assert states.keys() <= {STREAM.name}
        found = self.read(self.path)
        assert (found or {}) == (self.table or {})
        self.destination.open()

    def check(self, state: StreamState, _: str) -> None:
        """Look at the state after a crash."""
        assert state == self.state

    def copy(self, before: Path) -> None:
        shutil.copytree(before.parent, self.path.parent)

    def tear(self, delivery: Delivery) -> None:
        with pytest.raises(DestinationError):
            self.destination.write(delivery)


class DuckDBMachine(Machine):
    """Also deletes records, and looks whether the model follows, as views or as tables, or first so and then so.

    A state that came without news waits for the next transaction, so a crash may leave an earlier one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.possible = [StreamState()]
        self.deleted: set[str] = set()
        self.materialize: bool | None = True

    def new(self, path: Path) -> Destination:
        return DuckDB(path, lambda _: list(FIELDS), materialize=self.materialize)

    @rule(materialize=st.sampled_from([None, True, False]))
    def end_and_start_otherwise(self, materialize: bool | None) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.materialize = materialize
        self.crash(kind="closed")

    @precondition(lambda self: self.table is not None and self.state.mode != "full")
    @rule(identifier=st.sampled_from("abcde"))
    def delete(self, identifier: str) -> None:
        assert isinstance(self.destination, Attached)
        is_there = identifier in (self.table or {}) and identifier not in self.deleted
        assert self.destination.mark_deleted(STREAM, {identifier: "2026-01-01T00:00:00.000Z"}) == is_there
        self.deleted |= {identifier} if is_there else set()

    def deliver(self, records: list[dict[str, Any]], *, replaces: bool, first: bool, done: bool) -> None:
        super().deliver(records, replaces=replaces, first=first, done=done)
        held = {} if replaces else dict(self.table or {})
        back = {one["id"] for one in records if one["version"] >= held.get(one["id"], one)["version"]}
        if not replaces:
            self.deleted -= back
        elif done:
            self.deleted = set()
        # A full read may bring exactly what is there.
        may_wait = (first and done) if replaces else not records
        self.possible = [*(self.possible if may_wait else ()), self.state]

    def check(self, state: StreamState, kind: str) -> None:
        assert state in (self.possible if kind == "copied" else [self.state])
        self.state, self.possible = state, [state]

    def read(self, path: Path) -> Table | None:
        if self.table is not None:
            self.look_at_the_model(path)
        return self.records(path)

    def records(self, path: Path) -> Table | None:
        return duckdb_table(path)

    def connect(self, path: Path) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return duckdb.connect(str(path))

    def look_at_the_model(self, path: Path) -> None:
        live = {name: row for name, row in (self.table or {}).items() if name not in self.deleted}
        rates = [(name, rate) for name, row in live.items() for rate in row.get("rates", [])]
        with self.connect(path) as connection:
            found = connection.execute("SELECT id, version FROM main.tax_categories").fetchall()
            assert sorted(found) == sorted((name, row["version"]) for name, row in live.items())
            found = connection.execute("SELECT taxCategoryId, id FROM main.tax_category_rates").fetchall()
            assert sorted(found) == sorted((name, rate["id"]) for name, rate in rates)
            found = connection.execute("SELECT taxCategoryId, rateId FROM main.tax_category_rate_sub_rates").fetchall()
            assert sorted(found) == sorted((name, rate["id"]) for name, rate in rates for _ in rate.get("subRates", []))


class LakeMachine(DuckDBMachine):
    """The same with a lake."""

    def new(self, path: Path) -> Destination:
        return DuckLake(LakeInFile(path), materialize=self.materialize)

    def records(self, path: Path) -> Table | None:
        return lake_table(path)

    def connect(self, path: Path) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        return lake_reading(path)


class JsonlMachine(Machine):
    def new(self, path: Path) -> Destination:
        return Jsonl(path)

    def read(self, path: Path) -> Table | None:
        return jsonl_table(path)

    def tear(self, delivery: Delivery) -> None:
        """Leave what a crash within a delivery leaves: the file that the manifest says was about to be begun."""
        manifest = read_manifest(self.path)
        entry = manifest.streams.get(STREAM.name)
        begun = f"part-{entry.next if entry else 1:06d}-{manifest.run}.jsonl"
        for name in (begun, f"_loading/{begun}.tmp") if manifest.run else ():
            stray = self.path / STREAM.name / name
            stray.parent.mkdir(parents=True, exist_ok=True)
            stray.write_bytes(bytes(delivery.records[0]))


class ParquetMachine(Machine):
    def new(self, path: Path) -> Destination:
        return Parquet(path, lambda _: list(FIELDS))

    def read(self, path: Path) -> Table | None:
        return parquet_table(path)


class HistoryMachine(ParquetMachine):
    """Also keeps earlier versions through each full read, and marks as deleted what that does not bring."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: set[tuple[str, int]] = set()
        self.loaded: set[tuple[str, int]] = set()
        self.gone: dict[str, int] = {}

    def new(self, path: Path) -> Destination:
        destination = Parquet(path, lambda _: list(FIELDS))
        destination.keep_history([STREAM])
        return destination

    def deliver(self, records: list[dict[str, Any]], *, replaces: bool, first: bool, done: bool) -> None:
        super().deliver(records, replaces=replaces, first=first, done=done)
        brought = {(name, row["version"]) for name, row in merged({}, records).items()}
        if not replaces:
            self.versions |= brought
            return
        before = self.table or {}
        self.loaded = brought if first else self.loaded | brought
        if done:
            newest: dict[str, int] = {}
            for name, version in self.loaded:
                newest[name] = max(version, newest.get(name, 0))
            earlier = {(name, version) for name, version in self.versions if version < newest.get(name, 99)}
            self.versions = earlier | self.loaded
            self.gone |= {name: row["version"] for name, row in before.items()}
            self.gone = {name: version for name, version in self.gone.items() if name not in newest}

    @precondition(lambda self: self.table is not None and self.state.mode != "full")
    @rule(records=RECORDS, done=st.booleans())
    def merge(self, records: list[dict[str, Any]], done: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.deliver(records, replaces=False, first=False, done=done)
        # Of a deleted record nothing counts that was before its deletion.
        back = [row for name, row in merged({}, records).items() if row["version"] >= self.gone.get(name, 0)]
        self.table = merged(self.table or {}, back)
        self.gone = {name: version for name, version in self.gone.items() if name not in self.table}

    def read(self, path: Path) -> Table | None:
        found = parquet_table(path, live=True)
        if found is not None:
            files = f"read_parquet('{path / STREAM.name}/*.parquet', union_by_name = true)"
            with duckdb.connect() as connection:
                assert set(connection.execute(f"SELECT id, version FROM {files}").fetchall()) == self.versions
        return found


class BucketMachine(Machine):
    def new(self, path: Path) -> Destination:
        return Parquet(bucket(path), lambda _: list(FIELDS))

    def copy(self, before: Path) -> None:
        killed(before, self.path)

    def read(self, path: Path) -> Table | None:
        with tempfile.TemporaryDirectory() as folder:
            return parquet_table(copied(path, Path(folder) / "store"))


MANY = 18 if "KILLS" in os.environ else 2 if ALL else 1  # make crash

if find_spec("obstore"):
    TestBucket = BucketMachine.TestCase
    TestBucket.settings = settings(max_examples=2 * MANY, stateful_step_count=10)
if not lacking_extension("ducklake"):
    TestLake = LakeMachine.TestCase
    TestLake.settings = settings(max_examples=2 * MANY, stateful_step_count=8, deadline=None)
TestDuckDB = DuckDBMachine.TestCase
TestDuckDB.settings = settings(max_examples=2 * MANY, stateful_step_count=10)
TestParquet = ParquetMachine.TestCase
TestParquet.settings = settings(max_examples=4 * MANY, stateful_step_count=12)
TestHistory = HistoryMachine.TestCase
TestHistory.settings = settings(max_examples=2 * MANY, stateful_step_count=12)
TestJsonl = JsonlMachine.TestCase
TestJsonl.settings = settings(max_examples=10 * MANY, stateful_step_count=15)

READ = {"duckdb": duckdb_table, "parquet": parquet_table, "jsonl": jsonl_table}

CHILD = """
import sys
from pathlib import Path
import msgspec
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Phase
from commercetools_source.destinations import DuckDB, Jsonl, Parquet
from commercetools_source.destinations.duckdb.file import Attached
from commercetools_source.destinations.ducklake import DuckLake
from commercetools_source.destinations.ducklake.attachment import LakeInFile
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.schema import Column
from commercetools_source.catalog.timestamps import shift

kind, path = sys.argv[1], Path(sys.argv[2])
fields = [Column(name, "string", nullable=True) for name in ("id", "text")] + [Column("version", "int", nullable=True)]
makers = {"duckdb": lambda: DuckDB(path, lambda _: fields), "parquet": lambda: Parquet(path, lambda _: fields)}
destination = makers.get(kind, lambda: Jsonl(path))()
destination.open()
stream = STREAMS["tax_categories"]
for number in range(100_000):
    records = [msgspec.Raw(b'{"id":"%d","version":1,"text":"%s"}' % (number, b"x" * 1000))]
    state = StreamState(cursor=shift("2024-01-01T00:00:00.000Z", number))
    destination.write(Delivery(stream, records, 1000, state, Phase.MERGE_LAST))
    print(number, flush=True)
"""


@pytest.fixture(params=["duckdb", "parquet", "jsonl"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def writer(kind: str, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", CHILD, kind, str(tmp_path / "store")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def open_again(kind: str, path: Path) -> Destination:
    if kind == "jsonl":
        return Jsonl(path)
    return (DuckDB if kind == "duckdb" else Parquet)(path, lambda _: list(FIELDS))


def test_a_killed_process_leaves_rows_and_state_of_the_same_delivery(
    kind: str, writer: subprocess.Popen[str], tmp_path: Path
) -> None:
    path = tmp_path / "store"
    assert writer.stdout is not None
    for _ in range(20):
        told = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    destination = open_again(kind, path)
    cursor = destination.open()[STREAM.name].cursor
    destination.close()
    found = READ[kind](path)
    last = int((moment(cursor or "") - moment(BEGIN)).total_seconds())
    assert last >= told
    assert found is not None
    assert set(found) == {str(number) for number in range(last + 1)}


def test_a_second_run_is_told_which_process_to_wait_for(
    kind: str, writer: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert writer.stdout is not None
    writer.stdout.readline()
    destination = open_again(kind, tmp_path / "store")
    with pytest.raises(DestinationError, match=f"in use by process {writer.pid}; .*run again"):
        destination.open()
    destination.close()
