"""A history of 25,000 changes within an hour, past the API's offset limit: complete in each way out, with faults."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest

from changes import KEY, NOW, change, journal, keys, shop
from commercetools_source import Client
from commercetools_source.sandbox import Fault
from commercetools_source.sync.run import sync
from frontends.conformance import FRONT_ENDS
from patience import Jumps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commercetools_source.sandbox import Sandbox

CHANGES = 25_000
COLUMNS = ", ".join(KEY)


@pytest.fixture(scope="module")
def long() -> Iterator[Sandbox]:
    with shop(journal(CHANGES, 3600)) as sandbox:
        yield sandbox


@pytest.mark.parametrize("name", ["duckdb", "parquet", "jsonl"])
def test_the_whole_hour_is_in_the_destination_and_the_next_run_adds_what_is_new(tmp_path: Path, name: str) -> None:
    sources = {
        "duckdb": "change_history",
        "parquet": f"'{tmp_path / 'held'}/change_history/*.parquet'",
        "jsonl": f"read_json('{tmp_path / 'held'}/change_history/*.jsonl', union_by_name = true)",
    }

    def stored() -> list[tuple[object, ...]]:
        with duckdb.connect(str(tmp_path / "held") if name == "duckdb" else ":memory:") as connection:
            return sorted(connection.sql(f"SELECT DISTINCT {COLUMNS} FROM {sources[name]}").fetchall())

    with shop(journal(CHANGES, 3600)) as sandbox:
        sandbox.faults.add(
            Fault("throttle", path="history:/", after=20, times=3, seconds=10),
            Fault("status", path="history:/", after=40, times=4, status=503),
            Fault("truncate", path="history:/", after=60, times=2),
        )
        for added in (0, 1):
            with Client(sandbox.settings(), timing=Jumps().timing) as client:
                summary = sync(client, f"{name}:{tmp_path / 'held'}", streams=["change_history"])
            assert summary.complete, summary.outcomes
            assert stored() == keys(sandbox.records("change_history"))
            assert len(stored()) == CHANGES + added
            sandbox.clock.advance(3600)
            sandbox.create("change_history", json.loads(change(CHANGES + 5, NOW + timedelta(minutes=20))))
        # The look-back and what lay within the settle delay, and not the whole hour again.
        assert summary.records < CHANGES / 4


def test_the_tap_writes_the_whole_hour(long: Sandbox) -> None:
    quick = {"region": "us-central1.gcp", "settle_seconds": 0, "lookback_seconds": 0}
    run = FRONT_ENDS["singer"].run({**quick, **long.settings()}, ["change_history"])
    assert run.complete, run.text
    assert sorted({tuple(row[name] for name in KEY) for row in run.records["change_history"]}) == keys(
        long.records("change_history")
    )
