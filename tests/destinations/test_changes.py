"""Destinations know which records of a run were new, changed or gone: by merges and by full reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.destinations.duckdb import DuckDB
from commercetools_source.destinations.parquet import counts
from commercetools_source.destinations.parquet.session import Session
from commercetools_source.destinations.store.local import Local
from commercetools_source.extract.abilities import Changes, Comparable, Counting
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Phase
from commercetools_source.sync import sync
from commercetools_source.sync.backfill import backfill

if TYPE_CHECKING:
    from pathlib import Path

    from commercetools_source.sandbox import Sandbox

T0, T1 = "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"


def zones(**versions: int) -> list[msgspec.Raw]:
    fields = {"createdAt": T0, "lastModifiedAt": T0, "locations": []}
    return [
        msgspec.Raw(msgspec.json.encode({"id": name, "version": version, "name": name, **fields}))
        for name, version in versions.items()
    ]


def store(path: str | Path, *deliveries: tuple[Phase, list[msgspec.Raw]], stream: str = "zones") -> Changes | None:
    destination = open_destination(str(path))
    assert isinstance(destination, Counting)
    destination.open()
    try:
        for phase, records in deliveries:
            state = StreamState(cursor=T1) if phase.last else StreamState(mode="full", bound=T1)
            destination.write(Delivery(STREAMS[stream], records, 1, state, phase))
        return destination.changes().get(stream)
    finally:
        destination.close()


@pytest.fixture(params=["shop.duckdb", "parquet:shop", "jsonl:shop"])
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return str(request.param)


def test_the_keys_of_a_first_read_are_counted_in_little_memory(tmp_path: Path) -> None:
    files = Local(tmp_path)
    session = Session(files)
    keys = tmp_path / "keys.parquet"
    with duckdb.connect() as connection:
        rows = "SELECT uuid()::VARCHAR AS id, NULL::TIMESTAMP AS _deleted_at FROM range(500_000)"
        connection.execute(f"COPY (FROM ({rows}) UNION ALL FROM (SELECT 'twice', NULL FROM range(2))) TO '{keys}'")
    usual = session.connection.execute("SELECT current_setting('memory_limit')").fetchone()
    with session.limited(counts.MEMORY, 1) as limited:
        # DuckDB 1.4 cannot spill them, so that the count is not known.
        known = None if duckdb.__version__.startswith("1.4.") else Changes(new=500_001)
        assert counts.first_changes(limited, [str(keys)], ("id",)) == known
    assert session.connection.execute("SELECT current_setting('memory_limit')").fetchone() == usual
    session.close()


def test_a_first_read_is_all_new(path: str) -> None:
    deliveries = [(Phase.FULL_FIRST, zones(a=1, b=1)), (Phase.FULL_LAST, zones(c=1, a=2))]
    assert store(path, *deliveries) == Changes(new=3)


@pytest.mark.parametrize(
    ("deliveries", "changes"),
    [
        ([(Phase.MERGE_LAST, [])], Changes()),
        ([(Phase.MERGE_LAST, zones(a=1, b=2))], Changes()),
        ([(Phase.MERGE, zones(a=2, d=1)), (Phase.MERGE_LAST, zones(a=3))], Changes(new=1, changed=2)),
        ([(Phase.MERGE_LAST, zones(b=1))], Changes()),  # an older version than the stored one
        ([(Phase.FULL_ONLY, zones(a=1, b=2, c=1))], Changes()),
        ([(Phase.FULL_ONLY, zones(a=2, c=1, d=1))], Changes(new=1, changed=1, deleted=1)),
        ([(Phase.FULL_FIRST, zones(a=2)), (Phase.FULL_LAST, zones(d=1))], Changes(new=1, changed=1, deleted=2)),
        ([(Phase.FULL_ONLY, [])], Changes(deleted=3)),
        ([(Phase.FULL_FIRST, zones(a=2))], None),  # it replaces nothing yet
    ],
)
def test_a_later_read_is_counted_against_what_is_stored(
    path: str, deliveries: list[tuple[Phase, list[msgspec.Raw]]], changes: Changes | None
) -> None:
    if path.startswith("jsonl") and deliveries[0][1] and not deliveries[0][0].full:
        pytest.skip("judges by dates, below")
    store(path, (Phase.FULL_ONLY, zones(a=1, b=2, c=1)))
    assert store(path, *deliveries) == changes


def synced(path: Path) -> dict[str, Any]:
    with duckdb.connect(path, read_only=True) as connection:
        return dict(connection.execute("SELECT id, _synced_at FROM raw.zones").fetchall())


def test_a_full_read_that_brings_what_is_stored_leaves_every_row_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    store(path, (Phase.FULL_ONLY, zones(a=1, b=2)))
    before = synced(path)
    store(path, (Phase.FULL_ONLY, zones(b=2, a=1)))
    assert synced(path) == before


@pytest.mark.parametrize("records", [zones(a=1), zones(a=1, c=2), zones(a=1, b=2, c=3), zones(a=1, b=3)])
def test_a_full_read_that_brings_anything_else_replaces_the_table(tmp_path: Path, records: list[msgspec.Raw]) -> None:
    path = tmp_path / "shop.duckdb"
    store(path, (Phase.FULL_ONLY, zones(a=1, b=2)))
    before = synced(path)
    store(path, (Phase.FULL_ONLY, records))
    after = synced(path)
    assert after.keys() == {msgspec.json.decode(record)["id"] for record in records}
    assert after["a"] > before["a"]


def test_a_value_that_changed_under_the_same_version_is_stored_by_a_full_read(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    store(path, (Phase.FULL_ONLY, zones(a=1)))
    (record,) = zones(a=1)
    store(path, (Phase.FULL_ONLY, [msgspec.Raw(bytes(record).replace(b'"name":"a"', b'"name":"z"'))]))
    with duckdb.connect(path, read_only=True) as connection:
        assert connection.execute("SELECT name FROM raw.zones").fetchall() == [("z",)]


@pytest.mark.parametrize("spec", ["shop.duckdb", "parquet:shop"])
@pytest.mark.parametrize("first", [False, True])
def test_a_row_that_is_deleted_in_the_middle_of_a_full_read_is_counted_once_if_it_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, *, first: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    if not first:
        store(spec, (Phase.FULL_ONLY, zones(a=1, b=1, c=1)))
    store(spec, (Phase.FULL_FIRST, zones(a=1, b=1)))
    destination = open_destination(spec)
    assert isinstance(destination, Comparable)
    assert isinstance(destination, Counting)
    destination.open()
    assert destination.mark_deleted(STREAMS["zones"], {"a": T1}) == (0 if first else 1)
    state = StreamState(cursor=T1)
    destination.write(Delivery(STREAMS["zones"], zones(c=1), 1, state, Phase.FULL_LAST))
    assert destination.changes()["zones"] == (Changes(new=2) if first else Changes())
    destination.close()


def test_a_row_that_was_marked_as_deleted_comes_back_with_a_full_read(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    store(path, (Phase.FULL_ONLY, zones(a=1, b=2)))
    destination = DuckDB(path)
    destination.open()
    destination.mark_deleted(STREAMS["zones"], {"a": T1})
    destination.close()
    store(path, (Phase.FULL_ONLY, zones(a=1, b=2)))
    with duckdb.connect(path, read_only=True) as connection:
        assert connection.execute("SELECT count(*), count(_deleted_at) FROM raw.zones").fetchall() == [(2, 0)]


def test_records_without_a_version_changed_where_their_values_did(path: str) -> None:
    def rows(**values: int) -> list[msgspec.Raw]:
        fields = {"productSelectionId": "s", "createdAt": T0}
        return [
            msgspec.Raw(msgspec.json.encode({**fields, "product": {"typeId": "product", "id": key}, "rank": value}))
            for key, value in values.items()
        ]

    stream = "product_selection_products"
    key = STREAMS[stream].key
    keyed = [
        [
            msgspec.Raw(msgspec.json.encode({**msgspec.json.decode(row), **{name: str(index) for name in key}}))
            for index, row in enumerate(records)
        ]
        for records in (rows(a=1, b=1), rows(a=1, b=2))
    ]
    assert store(path, (Phase.FULL_ONLY, keyed[0]), stream=stream) == Changes(new=2)
    assert store(path, (Phase.FULL_ONLY, keyed[0]), stream=stream) == Changes()
    assert store(path, (Phase.FULL_ONLY, keyed[1]), stream=stream) == Changes(changed=1)


@pytest.mark.parametrize("destination", ["shop.duckdb", "parquet:shop", "jsonl:shop"])
def test_every_destination_tells_the_same_of_the_same_runs(shop: Sandbox, destination: str) -> None:
    def run(**options: Any) -> list[tuple[str, Changes]]:
        with Client({**shop.settings(), "lookback_seconds": 3600}) as client:
            summary = sync(client, destination, streams=["customers", "states", "customer_groups"], **options)
        assert summary.complete
        return sorted(summary.changes.items())

    shop.clock.advance(3600)
    first = {stream: Changes(len(shop.records(stream))) for stream in ("customer_groups", "customers", "states")}
    assert dict(run(settled=True)) == first
    customers, (group, *_) = shop.records("customers"), shop.records("customer_groups")
    for customer in customers[:3]:
        shop.update("customers", customer["id"], {"firstName": "Ada"})
    shop.create("customers", {"email": "new@example.com"})
    shop.update("customer_groups", group["id"], {"name": "Others"})
    shop.clock.advance(3600)
    # What is read once more because of the look-back is neither new nor changed.
    assert dict(run(settled=True)) == {
        "customers": Changes(1, 3),
        "customer_groups": Changes(0, 1),
        "states": Changes(),
    }
    shop.delete("customer_groups", group["id"])
    assert dict(run(settled=True))["customer_groups"] == Changes(0, 0, 1)


def test_the_same_window_read_again_tells_nothing_of_json_lines(shop: Sandbox, tmp_path: Path) -> None:
    shop.clock.advance(3600)
    with Client(shop.settings()) as client:
        sync(client, f"jsonl:{tmp_path / 'lines'}", streams=["states"])
        assert backfill(client, f"jsonl:{tmp_path / 'lines'}", "2000-01-01").changes == {}
