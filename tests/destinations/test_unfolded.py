"""Relations as Parquet tables: in step with their stream, whoever asks for them and whenever."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import DuckDB, Parquet
from commercetools_source.errors import DestinationError
from commercetools_source.extract.checkpoint import StreamState
from destinations.deliveries import CURSOR

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from commercetools_source.extract.delivery import Delivery

    Make = Callable[..., Delivery]

PAYMENTS = STREAMS["payments"]


def payment(name: str, version: int, *cents: int) -> dict[str, Any]:
    money = {"type": "centPrecision", "currencyCode": "JPY", "fractionDigits": 0}
    charges = [
        {"id": f"{name}{place}", "type": "Charge", "amount": {**money, "centAmount": value}}
        for place, value in enumerate(cents)
    ]
    return {"id": name, "version": version, "createdAt": "2024-01-01T00:00:00.000Z", "transactions": charges}


@pytest.fixture
def store(tmp_path: Path, delivery: Make) -> Callable[..., None]:
    """Return what stores payments in a folder, by a destination of its own as a later run has it."""

    def write(*records: dict[str, Any], materialize: bool = False, **flags: bool) -> None:
        destination = Parquet(tmp_path / "shop", materialize=materialize)
        destination.open()
        made = delivery(list(records), **{"done": True, **flags})
        destination.write(replace(made, stream=PAYMENTS))
        destination.close()

    return write


def transactions(tmp_path: Path) -> list[tuple[str, str, int]]:
    with duckdb.connect() as connection:
        connection.execute((tmp_path / "shop" / "latest.sql").read_text())
        return connection.execute(
            'SELECT "paymentId", id, "amount_centAmount" FROM main.payment_transactions ORDER BY id'
        ).fetchall()


def test_rows_follow_the_newest_version_of_their_record(tmp_path: Path, store: Callable[..., None]) -> None:
    store(payment("a", 1, 10, 20), payment("b", 1, 30), replaces=True, first=True, materialize=True)
    assert transactions(tmp_path) == [("a", "a0", 10), ("a", "a1", 20), ("b", "b0", 30)]
    store(payment("a", 2, 11), payment("b", 2))  # one transaction less, and none at all
    assert transactions(tmp_path) == [("a", "a0", 11)]
    store(payment("a", 1, 99))  # an old version, come late
    store(payment("a", 2, 11))  # the same again
    assert transactions(tmp_path) == [("a", "a0", 11)]
    store(payment("c", 1, 40), replaces=True, first=True)
    assert transactions(tmp_path) == [("c", "c0", 40)]


def test_rows_of_a_deleted_record_are_gone(tmp_path: Path, store: Callable[..., None]) -> None:
    store(payment("a", 1, 10), payment("b", 1, 30), replaces=True, first=True, materialize=True)
    destination = Parquet(tmp_path / "shop")
    destination.open()
    destination.mark_deleted(PAYMENTS, {"a": "2024-02-01T00:00:00.000Z"})
    destination.close()
    assert transactions(tmp_path) == [("b", "b0", 30)]


def test_asked_for_later_they_are_made_from_what_is_there(tmp_path: Path, store: Callable[..., None]) -> None:
    store(payment("a", 1, 10), payment("b", 1, 30), replaces=True, first=True)
    store(payment("a", 2, 11, 12))
    assert not (tmp_path / "shop" / "main").exists()
    store(payment("c", 1, 40), materialize=True)
    assert transactions(tmp_path) == [("a", "a0", 11), ("a", "a1", 12), ("b", "b0", 30), ("c", "c0", 40)]


def test_asked_for_in_the_middle_of_a_full_read_they_come_at_its_end(
    tmp_path: Path, store: Callable[..., None]
) -> None:
    store(payment("a", 1, 10), replaces=True, first=True, done=False)
    store(payment("b", 1, 20), replaces=True, done=False, materialize=True)
    store(payment("c", 1, 30), replaces=True, materialize=True)
    assert transactions(tmp_path) == [("a", "a0", 10), ("b", "b0", 20), ("c", "c0", 30)]


def test_a_table_of_another_shape_is_made_anew(tmp_path: Path, store: Callable[..., None]) -> None:
    store(payment("a", 1, 10), payment("b", 1, 30), replaces=True, first=True, materialize=True)
    path = tmp_path / "shop" / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["streams"]["main/payment_transactions"]["columns"]["timestamp"]  # as an older version had it
    path.write_text(json.dumps(manifest))
    store(payment("a", 2, 11))
    assert transactions(tmp_path) == [("a", "a0", 11), ("b", "b0", 30)]


def test_a_table_that_this_version_does_not_know_is_removed(tmp_path: Path, store: Callable[..., None]) -> None:
    store(payment("a", 1, 10), replaces=True, first=True, materialize=True)
    path = tmp_path / "shop" / "manifest.json"
    path.write_text(path.read_text().replace("main/payment_transactions", "main/payment_charges"))
    home = tmp_path / "shop" / "main"
    (home / "payment_transactions").rename(home / "payment_charges")
    store(payment("b", 1, 20))
    assert transactions(tmp_path) == [("a", "a0", 10), ("b", "b0", 20)]
    assert list((home / "payment_charges").iterdir()) == []
    assert "payment_charges" not in (tmp_path / "shop" / "latest.sql").read_text()


def test_a_lost_file_of_a_relation_has_its_stream_read_again(tmp_path: Path, store: Callable[..., None]) -> None:
    store(payment("a", 1, 10), replaces=True, first=True, materialize=True)
    destination = Parquet(tmp_path / "shop")
    assert destination.open() == {"payments": StreamState(cursor=CURSOR)}
    destination.close()
    next((tmp_path / "shop" / "main" / "payment_transactions").glob("part-*")).unlink()
    assert destination.open() == {}
    destination.close()


@pytest.mark.parametrize("flags", [{"replaces": True, "first": True}, {}], ids=["full", "incremental"])
def test_what_cannot_be_finished_changes_no_table(
    tmp_path: Path, store: Callable[..., None], delivery: Make, flags: dict[str, bool]
) -> None:
    store(payment("a", 1, 10), replaces=True, first=True, materialize=True)
    destination = Parquet(tmp_path / "shop")
    destination.open()
    destination.write(replace(delivery([payment("a", 1, 10)], done=True), stream=PAYMENTS))  # the run's name is stored
    before = {path: path.read_bytes() for path in (tmp_path / "shop").rglob("*.parquet")}
    in_the_way = tmp_path / "shop" / "manifest.json.tmp"
    in_the_way.mkdir()  # all files are written and moved by the time the manifest cannot be
    made = replace(delivery([payment("b", 1, 20)], done=True, **flags), stream=PAYMENTS)
    with pytest.raises(DestinationError, match="what was stored before is kept"):
        destination.write(made)
    in_the_way.rmdir()
    assert {path: path.read_bytes() for path in (tmp_path / "shop").rglob("*.parquet")} == before
    destination.write(made)
    destination.close()
    kept = [] if flags else [("a", "a0", 10)]
    assert transactions(tmp_path) == [*kept, ("b", "b0", 20)]


def test_values_are_exact_for_every_reader(tmp_path: Path, store: Callable[..., None]) -> None:
    store(payment("a", 1, 2**53 + 1), replaces=True, first=True, materialize=True)
    home = tmp_path / "shop" / "main" / "payment_transactions"
    for row in (
        *ds.dataset(home).to_table().to_pylist(),
        *pd.read_parquet(home).to_dict("records"),
        *pl.read_parquet(home / "*.parquet").to_dicts(),
    ):
        assert (row["amount_amount"], row["amount_centAmount"]) == (Decimal(2**53 + 1), 2**53 + 1)


def test_localized_texts_are_maps_for_every_reader(tmp_path: Path, load: Make) -> None:
    destination = Parquet(tmp_path / "shop", materialize=True)
    destination.open()
    made = load([{"id": "a", "version": 1, "name": {"de": "Öl", "en": "oil"}}])
    destination.write(replace(made, stream=STREAMS["categories"]))
    destination.close()
    home = tmp_path / "shop" / "main" / "categories"
    (row,) = ds.dataset(home).to_table().to_pylist()
    (frame,) = pd.read_parquet(home).to_dict("records")
    assert dict(row["name"]) == dict(frame["name"]) == {"de": "Öl", "en": "oil"}
    assert pl.read_parquet(home / "*.parquet").height == 1
    with duckdb.connect() as connection:
        connection.execute((tmp_path / "shop" / "latest.sql").read_text())
        assert connection.execute("SELECT name['en'] FROM main.categories").fetchall() == [("oil",)]


def test_a_key_that_others_refer_to_leads_to_the_record_that_has_it_now(tmp_path: Path, delivery: Make) -> None:
    destination = Parquet(tmp_path / "shop", materialize=True)
    destination.open()
    for uid, day in (("b", 1), ("a", 2)):
        store = {"id": uid, "version": 1, "key": "berlin", "lastModifiedAt": f"2030-01-0{day}T00:00:00.000Z"}
        made = delivery([{**store, "countries": [{"code": "DE"}]}], done=True)
        destination.write(replace(made, stream=STREAMS["stores"]))
    destination.close()
    with duckdb.connect() as connection:
        connection.execute((tmp_path / "shop" / "latest.sql").read_text())
        assert connection.execute("SELECT id FROM main.stores").fetchall() == [("a",)]
        assert connection.execute('SELECT "storeId" FROM main.store_countries').fetchall() == [("a",)]


def test_a_relation_has_the_columns_of_fields_that_nobody_knew(tmp_path: Path, delivery: Make) -> None:
    """As in a DuckDB file: whether it is a view or a table, and whenever the field came."""

    def write(folder: str, *records: dict[str, Any], materialize: bool, **flags: bool) -> None:
        destination = Parquet(tmp_path / folder, materialize=materialize)
        destination.open()
        destination.write(replace(delivery(list(records), **{"done": True, **flags}), stream=STREAMS["zones"]))
        destination.close()

    for folder, materialize in (("views", False), ("tables", True)):
        write(folder, {"id": "1", "version": 1, "name": "north"}, materialize=materialize, replaces=True, first=True)
        write(folder, {"id": "2", "version": 1, "height": {"m": 3}}, materialize=materialize)
        write(folder, {"id": "3", "version": 1, "height": 4}, materialize=materialize)
        with duckdb.connect() as connection:
            connection.execute((tmp_path / folder / "latest.sql").read_text())
            rows = connection.execute("SELECT id, name, height FROM main.zones ORDER BY id").fetchall()
        assert rows == [("1", "north", None), ("2", None, '{"m": 3}'), ("3", None, "4")], folder


def test_a_field_that_comes_in_the_middle_of_a_full_read_is_in_the_relation(tmp_path: Path, delivery: Make) -> None:
    destination = Parquet(tmp_path / "shop", materialize=True)
    destination.open()
    for number, fields, flags in (
        (1, {}, {"replaces": True, "first": True, "done": False}),
        (2, {"height": 5}, {"replaces": True, "done": True}),
    ):
        made = delivery([{"id": str(number), "version": 1, **fields}], **flags)
        destination.write(replace(made, stream=STREAMS["zones"]))
    destination.close()
    with duckdb.connect() as connection:
        connection.execute((tmp_path / "shop" / "latest.sql").read_text())
        rows = connection.execute("SELECT id, height FROM main.zones ORDER BY id").fetchall()
    assert rows == [("1", None), ("2", "5")]


def test_a_field_inside_an_object_or_a_list_that_nobody_knew_stays_as_it_was_sent(
    tmp_path: Path, delivery: Make
) -> None:
    author = {"isPlatformClient": True, "robot": {"typeId": "robot", "id": "r"}}
    zone = {"id": "1", "version": 1, "createdBy": author, "locations": [{"country": "DE", "height": 7}]}
    files, file = Parquet(tmp_path / "files", materialize=True), DuckDB(tmp_path / "shop.duckdb", materialize=True)
    for destination in (files, file):
        destination.open()
        made = delivery([zone], done=True, replaces=True, first=True)
        destination.write(replace(made, stream=STREAMS["zones"]))
        assert [notice.message() for notice in destination.notices()] == [
            (
                "zones: has fields inside objects or lists that were not known: createdBy.robot,"
                " locations[].height; they are kept as columns of JSON in the relations: zones.createdBy_robot,"
                " zone_locations.height"
            )
        ]
        destination.close()
    with duckdb.connect() as over_files, duckdb.connect(str(tmp_path / "shop.duckdb"), read_only=True) as inside:
        over_files.execute((tmp_path / "files" / "latest.sql").read_text())
        for connection in (over_files, inside):
            rows = connection.execute('SELECT "createdBy", locations FROM raw.zones').fetchall()
            assert [tuple(map(json.loads, row)) for row in rows] == [(author, zone["locations"])]
            assert connection.execute("SELECT country FROM main.zone_locations").fetchall() == [("DE",)]
