"""What DuckDB's users see of a Parquet folder: types, times and columns of a DuckDB file, wherever it lies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from pyarrow.dataset import dataset

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import DuckDB, Jsonl, Parquet
from commercetools_source.extract.abilities import Difference, Listed
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Phase
from commercetools_source.model.descriptions import descriptions
from commercetools_source.model.relations import relations
from destinations.deliveries import CURSOR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ORDERS, PRODUCTS = STREAMS["orders"], STREAMS["products"]
NIGHT = "2024-03-01T01:30:00.000Z"  # still February in Los Angeles


def order(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "version": 2,
        "createdAt": NIGHT,
        "lastModifiedAt": NIGHT,
        "completedAt": NIGHT,
        "country": f"A{number}",
        "orderState": "Open",
        "lineItems": [{"id": f"l{number}", "quantity": 1, "addedAt": NIGHT, "lastModifiedAt": NIGHT}],
        **more,
    }


def store(destination: Any, records: Sequence[dict[str, Any]], *, stream: Any = ORDERS, replaces: bool = True) -> None:
    raws = [msgspec.Raw(json.dumps(record).encode()) for record in records]
    state = StreamState(cursor=CURSOR)
    destination.write(Delivery(stream, raws, 1, state, Phase.of(full=replaces, first=True, last=True)))


def in_zone(zone: str, folder: Path | None, file: Path | None = None) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(file or ":memory:"))
    connection.execute(f"SET TimeZone = '{zone}'")
    if folder is not None:
        connection.execute((folder / "latest.sql").read_text())
    return connection


def test_readers_of_arrow_see_what_each_column_is(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    destination = Parquet(folder, materialize=True)
    destination.open()
    store(destination, [order(1, fromNowhere=1)])
    destination.close()
    records, items = (
        {field.name: (field.metadata or {}).get(b"description", b"").decode() for field in dataset(path).schema}
        for path in (folder / "orders", folder / "main" / "order_line_items")
    )
    root = next(relation for relation in relations(ORDERS) if relation.name == "order_line_items")
    assert {name: items[name] for name in descriptions(root)} == descriptions(root)
    assert records["orderState"].endswith("One of Open, Confirmed, Complete, Cancelled.")
    assert "does not know" in records["fromNowhere"]
    assert all({**records, **items}.values())


def test_descriptions_reach_a_folder_of_an_earlier_version_and_are_written_once(tmp_path: Path) -> None:
    destination = Parquet(tmp_path / "shop")
    destination.open()
    store(destination, [order(1)])
    destination.close()
    path = tmp_path / "shop" / "orders" / "columns.parquet"
    written = path.read_bytes()
    plain = pq.read_schema(path).remove_metadata()
    pq.write_table(plain.empty_table(), path)
    for _ in range(2):
        destination.open()
        destination.close()
        assert path.read_bytes() == written
    before = path.stat()
    destination.open()
    destination.close()
    assert path.stat().st_ino == before.st_ino


def test_views_have_the_types_and_times_of_a_duckdb_file_in_every_zone(tmp_path: Path) -> None:
    folder, file = tmp_path / "shop", tmp_path / "shop.duckdb"
    for destination in (Parquet(folder, materialize=True), DuckDB(file)):
        destination.open()
        store(destination, [order(1), order(2)])
        destination.mark_deleted(ORDERS, {"2": NIGHT})
        destination.close()
    types = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = ? AND table_schema = ?"
    times = "strftime(createdAt, '%Y-%m'), date_trunc('day', completedAt), _deleted_at"
    months = (
        f"SELECT id, {times} FROM raw.orders ORDER BY id",
        "SELECT strftime(createdAt, '%Y-%m'), count(*) FROM main.orders GROUP BY ALL",
        "SELECT strftime(addedAt, '%Y-%m'), count(*) FROM main.order_line_items GROUP BY ALL",
    )
    for zone in ("UTC", "America/Los_Angeles", "Asia/Tokyo"):
        with in_zone(zone, folder) as views, in_zone(zone, None, file) as tables:
            for name in (("orders", "raw"), ("orders", "main"), ("order_line_items", "main")):
                assert dict(views.execute(types, name).fetchall()) == dict(tables.execute(types, name).fetchall())
            for query in months:
                answer = views.execute(query).fetchall()
                assert answer == tables.execute(query).fetchall()
                assert any("2024-03" in row for row in answer)


def test_a_view_stays_true_when_a_later_run_brings_a_field_that_nobody_knew(tmp_path: Path) -> None:
    destination = Parquet(tmp_path, materialize=True)
    destination.open()
    store(destination, [order(1)])
    with in_zone("UTC", tmp_path) as connection:
        store(destination, [order(2, odd={"a": 1})], replaces=False)
        assert connection.execute("SELECT count(*) FROM raw.orders").fetchall() == [(2,)]
        assert connection.execute("SELECT count(*) FROM main.order_line_items").fetchall() == [(2,)]
        connection.execute((tmp_path / "latest.sql").read_text())
        assert connection.execute("SELECT odd FROM raw.orders ORDER BY id").fetchall() == [(None,), ('{"a": 1}',)]
    destination.close()


def test_the_name_of_a_folder_above_is_no_column(tmp_path: Path) -> None:
    folder = tmp_path / "country=DE/id=7/version=1/_deleted_at=x/createdAt=2020-01-01/shop"
    folder.parent.mkdir(parents=True)
    destination = Parquet(folder)
    destination.open()
    store(destination, [order(number) for number in range(3)])
    destination.close()
    later = Parquet(folder, materialize=True)
    later.open()
    store(later, [order(3)], replaces=False)
    assert later.mark_deleted(ORDERS, {"0": NIGHT}) == 1
    listed = [[Listed(str(number), 2, NIGHT) for number in (1, 2, 3)]]
    assert later.compare(ORDERS, listed, CURSOR) == Difference((), (), (), 3, 3)
    later.close()
    with in_zone("UTC", folder) as connection:
        for table in ("raw.orders", "orders"):
            query = f"SELECT id, country, version, _deleted_at IS NULL FROM {table} ORDER BY id"
            if table == "orders":
                query = query.replace("_deleted_at IS NULL", "true")
            wanted = [(str(number), f"A{number}", 2, number != 0) for number in range(4)]
            assert connection.execute(query).fetchall() == [row for row in wanted if row[3] or table == "raw.orders"]
        assert connection.execute("SELECT count(DISTINCT orderId) FROM main.order_line_items").fetchall() == [(3,)]
    frame = pd.read_parquet(folder / "orders", partitioning=None)
    scanned = pl.scan_parquet(folder / "orders" / "*.parquet", missing_columns="insert", hive_partitioning=False)
    countries = {f"A{number}" for number in range(4)}
    assert set(frame["country"]) == set(scanned.collect()["country"]) == countries


def test_the_recipe_for_json_lines_takes_no_column_from_a_path(tmp_path: Path) -> None:
    folder = tmp_path / "country=DE"
    destination = Jsonl(folder)
    destination.open()
    store(destination, [order(1)])
    destination.close()
    query = f"SELECT country FROM read_json('{folder}/orders/*.jsonl', filename = true, hive_partitioning = false)"
    assert duckdb.sql(query).fetchall() == [("A1",)]


# --- large records ---


def product(number: int, variants: int) -> dict[str, Any]:
    items = [
        {
            "id": place,
            "sku": f"{number}-{place}",
            "prices": [{"id": f"{place}-{price}", "country": "DE"} for price in range(10)],
            "attributes": [{"name": f"a{name}", "value": {"en": "x" * 900, "de": "y" * 900}} for name in range(20)],
        }
        for place in range(1, variants + 1)
    ]
    data = {"name": {"en": "n"}, "slug": {"en": "s"}, "masterVariant": items[0], "variants": items[1:]}
    return {
        "id": str(number),
        "version": 1,
        "createdAt": NIGHT,
        "lastModifiedAt": NIGHT,
        "masterData": {"published": True, "current": data, "staged": data},
    }


def materialized(destination: Parquet, records: Sequence[dict[str, Any]]) -> None:
    destination.open()
    store(destination, records, stream=PRODUCTS)
    destination.close()


def asked_for_later(destination: Parquet, records: Sequence[dict[str, Any]]) -> None:
    materialized(Parquet(Path(destination.name)), records)
    destination.open()
    store(destination, records[:1], stream=PRODUCTS, replaces=False)
    destination.close()


@pytest.mark.few(1)
@pytest.mark.parametrize("when", [materialized, asked_for_later])
def test_large_products_are_unfolded_in_the_usual_memory(
    when: Callable[[Parquet, Sequence[dict[str, Any]]], None], tmp_path: Path
) -> None:
    records = [product(number, 75) for number in range(8)]
    assert len(json.dumps(records[0])) > 5_500_000
    when(Parquet(tmp_path, materialize=True), records)
    with in_zone("UTC", tmp_path) as connection:
        (counts,) = connection.execute(
            "SELECT (SELECT count(*) FROM raw.products), (SELECT count(*) FROM main.product_variants),"
            " (SELECT count(DISTINCT id) FROM main.product_variant_prices)"
        ).fetchall()
    assert counts[:2] == (8, 8 * 75 * 2)
    assert counts[2] == 750
