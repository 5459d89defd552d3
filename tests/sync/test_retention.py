"""Rows that are older than they may be are taken out at the end of a run, and later runs do not load them again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import moment
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.errors import ConfigError
from commercetools_source.extract.abilities import open_to_read
from commercetools_source.report.runs import RunsReport
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.compare import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from commercetools_source.extract.run_record import RunRecord

NAMES = ["orders", "messages"]
PLACES = ["duckdb:shop.duckdb", "parquet:folder", "jsonl:folder"]


@pytest.fixture(scope="module", name="shop")
def _shop() -> Iterator[Sandbox]:
    with Sandbox(size="tiny") as sandbox:
        yield sandbox


def ids(place: str, stream: str = "orders") -> set[str]:
    destination: Any = open_destination(place)
    destination.open()
    try:
        return {json.loads(bytes(record))["id"] for record in destination.scan(STREAMS[stream], ("id",))}
    finally:
        destination.close()


@pytest.mark.few(1)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_too_old_is_taken_out_once_and_for_all(shop: Sandbox, tmp_path: Path, place: str) -> None:
    kind, _, name = place.partition(":")
    place = f"{kind}:{tmp_path / name}"
    tables = None if kind == "jsonl" else True
    with Client(shop.settings()) as client:
        assert sync(client, open_destination(place, materialize=tables), streams=NAMES).complete
        everything, messages = ids(place), ids(place, "messages")
        edge = sorted(record["lastModifiedAt"] for record in shop.records("orders"))[len(everything) // 2]
        days = _days_between(edge, client.server_time())
        first = sync(client, place, streams=NAMES, retain={"orders": f"{days}d"})
        left = ids(place)
        assert first.complete
        assert first.expired == {"orders": len(everything - left)}
        assert set() < left < everything
        assert ids(place, "messages") == messages
        again = sync(client, place, streams=NAMES, retain={"orders": f"{days}d"}, full=True)
        assert (again.complete, again.expired, ids(place)) == (True, {}, left)
        if kind != "jsonl":
            assert all(verdict.equal for verdict in verify(client, place, NAMES))
            before, expired = _records_of_runs(place)[1], len(everything - left)
            assert before.streams[0].expired == expired
            assert f"orders: {expired} rows taken out because of their age" in RunsReport([before]).text()
        without = sync(client, place, streams=NAMES).outcomes[0]
        assert "begins with changes of" in str(without.error)
        assert "give it a start again (`since`, `start_date` or `retain`)" in str(without.error)


def _days_between(early: str, late: Any) -> int:
    return (late - moment(early)).days


def _records_of_runs(place: str) -> Sequence[RunRecord]:
    destination: Any = open_destination(place)
    open_to_read(destination)
    try:
        runs: Sequence[RunRecord] = destination.runs(5)
    finally:
        destination.close()
    return runs


@pytest.mark.parametrize(
    "retain",
    [
        {"orders": "7 years"},
        {"orders": "0d"},
        {"orders": "9999y"},
        {"project": "7y"},
        {"carts": "7y"},
        {"order": "7y"},
        {"change_history": "7y"},
    ],
)
def test_an_age_that_cannot_be_kept_is_refused_before_anything_is_written(
    shop: Sandbox, tmp_path: Path, retain: dict[str, str]
) -> None:
    with Client(shop.settings()) as client, pytest.raises(ConfigError):
        sync(client, tmp_path / "shop.duckdb", streams=[*NAMES, "project"], retain=retain)
    assert not list(tmp_path.iterdir())
