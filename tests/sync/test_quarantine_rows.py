"""A full read that has to leave a record out takes no stored row of it away, in whatever destination."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source import STREAMS, Client
from commercetools_source.destinations import open_destination
from commercetools_source.sandbox import Fault, Sandbox
from commercetools_source.sync import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commercetools_source.sync import Summary

KINDS = ["shop.duckdb", "jsonl:shop", "parquet:shop"]
# Zones have no date of change that selects them: every run reads them whole.
# The last delivery brings all records, or some behind those of others.
CASES = [(kind, stream, size) for kind in KINDS for stream, size in (("customer_groups", 1), ("zones", 64_000_000))]


@pytest.fixture(scope="module", name="shop")
def _shop() -> Iterator[Sandbox]:
    with Sandbox("tiny", seed=7) as sandbox:
        yield sandbox


def load(
    shop: Sandbox,
    place: str,
    stream: str,
    *,
    batch_bytes: int = 64_000_000,
    where: dict[str, str] | None = None,
    **settings: str,
) -> Summary:
    materialize = None if place.startswith("jsonl") else True
    with Client({**shop.settings(), "settle_seconds": 0, "page_size": 2, "retry_seconds": 0, **settings}) as client:
        destination = open_destination(place, materialize=materialize)
        destination.batch_bytes = batch_bytes
        return sync(client, destination, streams=[stream], full=True, where=where)


def ids(place: str, stream: str) -> list[str]:
    """Return the ids of the rows that count, as a person reads them."""
    if place.endswith(".duckdb"):
        with duckdb.connect(place, read_only=True) as file:
            return [row[0] for row in file.execute(f"SELECT id FROM raw.{stream} ORDER BY id").fetchall()]
    folder = Path(place.partition(":")[2])
    if place.startswith("parquet"):
        with duckdb.connect() as session:
            session.execute((folder / "latest.sql").read_text())
            return [row[0] for row in session.execute(f"SELECT id FROM raw.{stream} ORDER BY id").fetchall()]
    files = json.loads((folder / "manifest.json").read_text())["streams"][stream]["files"]
    lines = [line for file in files for line in (folder / stream / file["name"]).read_text().splitlines()]
    return sorted({json.loads(line)["id"] for line in lines})


def place_of(kind: str, folder: Path) -> str:
    scheme, separator, name = kind.rpartition(":")
    return f"{scheme}{separator}{folder / name}"


@pytest.mark.few(3)
@pytest.mark.parametrize(("kind", "stream", "batch_bytes"), CASES)
def test_the_row_of_a_record_that_cannot_be_served_stays(
    shop: Sandbox, tmp_path: Path, kind: str, stream: str, batch_bytes: int
) -> None:
    place = place_of(kind, tmp_path)
    assert load(shop, place, stream).complete
    stored = ids(place, stream)
    assert stored == sorted(record["id"] for record in shop.records(stream))
    gone, lost, *_ = stored
    shop.delete(stream, gone)
    created = shop.create(stream, {"name": tmp_path.name})["id"]
    shop.clock.advance(60)
    shop.faults.add(Fault("unservable", STREAMS[stream].path, records=(lost,), status=500, times=None))
    try:
        summary = load(shop, place, stream, batch_bytes=batch_bytes)
        assert [outcome.quarantined for outcome in summary.outcomes] == [1]
        assert sorted({*ids(place, stream), gone}) == sorted({*stored, created})
        assert len(ids(place, stream)) == len(set(ids(place, stream)))
    finally:
        shop.faults.clear()
    assert load(shop, place, stream).complete
    assert ids(place, stream) == sorted(record["id"] for record in shop.records(stream))


@pytest.mark.few(1)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "asked", [{"personal": "drop"}, {"where": {"customers": 'email != "none"'}}], ids=["choice", "part"]
)
def test_a_full_read_of_another_part_keeps_no_row_of_the_one_before(
    shop: Sandbox, tmp_path: Path, kind: str, asked: dict[str, Any]
) -> None:
    place = place_of(kind, tmp_path)
    lost, *others = sorted(record["id"] for record in shop.records("customers"))
    assert load(shop, place, "customers").complete
    shop.faults.add(Fault("unservable", "/customers", records=(lost,), status=500, times=None))
    try:
        assert [outcome.quarantined for outcome in load(shop, place, "customers", **asked).outcomes] == [1]
    finally:
        shop.faults.clear()
    assert ids(place, "customers") == others


@pytest.mark.parametrize("kind", KINDS)
def test_a_first_read_stores_all_other_records(shop: Sandbox, tmp_path: Path, kind: str) -> None:
    place = place_of(kind, tmp_path)
    lost, *others = sorted(record["id"] for record in shop.records("zones"))
    shop.faults.add(Fault("unservable", "/zones", records=(lost,), status=500, times=None))
    try:
        assert not load(shop, place, "zones").complete
    finally:
        shop.faults.clear()
    assert ids(place, "zones") == others
