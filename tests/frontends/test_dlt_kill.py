"""A pipeline whose process was killed at some moment of dlt's work, and is run again, ends as if it had not been."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("dlt")

import duckdb
from dlt.pipeline.exceptions import PipelineStepFailed

import frontends.dlt_runs  # noqa: F401 - turns dlt's telemetry off
from commercetools_source.sandbox import Sandbox
from frontends.dlt_kills import MOMENTS, STREAMS, STUCK, run, run_until
from shops import rows_of
from thorough import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="it has no SIGKILL"),
    # dlt calls it where it says that it loads what was left behind.
    pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated:DeprecationWarning"),
]
KILLS = int(os.environ.get("KILLS", "0"))  # `make crash`: each moment, and so many random ones
EACH = bool(KILLS) or ALL
DESTINATIONS = ("duckdb", "filesystem") if EACH else ("duckdb",)
OF_THE_RUN = {"_dlt_load_id", "_dlt_id", "_synced_at"}
CASES = [
    pytest.param(destination, MOMENTS[moment], id=f"{destination}, {moment}")
    for destination in DESTINATIONS
    for moment in MOMENTS
    if EACH or moment == "between extract and load, before the schema is stored"
]


class Case:
    """Destinations that have the shop as it was, and what they must hold now that the shop has changed."""

    def __init__(self, shop: Sandbox, folder: Path) -> None:
        self._folder, self._work = folder, folder / "work"
        quick = {"settle_seconds": 0, "lookback_seconds": 0, "page_size": 50, "concurrency": 2}
        self._credentials = {**shop.settings(), **quick}
        for destination in DESTINATIONS:
            self.run(destination)
            self._work.rename(folder / destination)
        shop.clock.advance(5)
        changed, gone = [order["id"] for order in shop.records("orders")][:2]
        shop.update("orders", changed, {"orderState": "Complete"})
        shop.delete("orders", gone)
        shop.create("zones", {"name": "new"})
        shop.delete("customer_groups", shop.records("customer_groups")[0]["id"])
        shop.clock.advance(5)
        self.expected = {}
        for destination in DESTINATIONS:
            self.reset(destination)
            self.run(destination)
            self.expected[destination] = self.rows(destination)
        for name in STREAMS:
            ids = {row["id"] for row in self.expected["duckdb"][name]}
            assert ids == {record["id"] for record in shop.records(name)}

    def run(self, destination: str) -> None:
        run(self._work, destination, self._credentials)

    def run_until(self, destination: str, moment: Sequence[str] | int) -> int:
        return run_until(self._work, destination, self._credentials, moment)

    def reset(self, destination: str) -> None:
        shutil.rmtree(self._work, ignore_errors=True)
        shutil.copytree(self._folder / destination, self._work)

    def forget(self) -> None:
        shutil.rmtree(self._work / "state")

    def rows(self, destination: str) -> dict[str, list[dict[str, Any]]]:
        """Return the sorted rows by stream; of a destination that appends, all that were ever loaded."""
        with duckdb.connect(
            ":memory:" if destination == "filesystem" else str(self._work / "file.duckdb")
        ) as connection:
            return {name: self._sorted(connection, destination, name) for name in STREAMS}

    def _sorted(self, connection: duckdb.DuckDBPyConnection, destination: str, name: str) -> list[dict[str, Any]]:
        table = f"'{self._work}/bucket/shop/{name}/*.parquet'" if destination == "filesystem" else f"shop.{name}"
        result = connection.sql(f"FROM {table} ORDER BY id, version")
        columns = [column for column in result.columns if column not in OF_THE_RUN]
        return [dict(zip(columns, row, strict=True)) for row in result.select(*columns).fetchall()]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    with Sandbox(rows=rows_of("/orders", "/zones", "/customer-groups", "/types", "/messages")) as shop:
        yield Case(shop, tmp_path_factory.mktemp("kills"))


@pytest.mark.parametrize(("destination", "moment"), CASES)
def test_what_was_killed_is_loaded_by_the_next_runs_row_for_row(
    case: Case, destination: str, moment: Sequence[str]
) -> None:
    case.reset(destination)
    assert case.run_until(destination, moment) == -signal.SIGKILL
    # The first of them loads what was left behind, and reads nothing: the second one reads on.
    case.run(destination)
    case.run(destination)
    assert case.rows(destination) == case.expected[destination]


@pytest.mark.skipif(not KILLS, reason="`make crash` kills at every moment")
@pytest.mark.parametrize("destination", DESTINATIONS)
@pytest.mark.parametrize("moment", STUCK)
def test_where_dlt_cannot_go_on_the_state_in_the_destination_does(case: Case, destination: str, moment: str) -> None:
    case.reset(destination)
    assert case.run_until(destination, STUCK[moment]) == -signal.SIGKILL
    with pytest.raises(PipelineStepFailed):
        case.run(destination)
    case.forget()
    case.run(destination)
    assert case.rows(destination) == case.expected[destination]


@pytest.mark.skipif(not KILLS, reason="`make crash` kills at random moments")
@pytest.mark.parametrize("destination", DESTINATIONS)
def test_a_kill_at_any_moment_loses_and_doubles_nothing(case: Case, destination: str) -> None:
    chance = random.Random(KILLS)  # noqa: S311 - the same moments each time
    for _ in range(KILLS):
        case.reset(destination)
        moment = chance.randrange(1, 140)  # a run makes about so many changes
        case.run_until(destination, moment)
        try:
            case.run(destination)
            case.run(destination)
        except PipelineStepFailed:
            case.forget()
            case.run(destination)
        assert case.rows(destination) == case.expected[destination], moment
