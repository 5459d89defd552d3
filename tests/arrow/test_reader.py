"""Records of the sandbox as record batches and frames."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from commercetools_source import Client, ConfigError, ForbiddenError
from commercetools_source.arrow.decode import UNFIT
from commercetools_source.catalog.schema import SQL_TYPES, columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations.parquet.files import fields
from commercetools_source.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        # The history of a sandbox begins with the first change.
        sandbox.delete("zones", sandbox.create("zones")["id"])
        sandbox.clock.advance(900)
        yield sandbox


@pytest.fixture(scope="module")
def client(shop: Sandbox) -> Iterator[Client]:
    with Client(shop.settings()) as client:
        yield client


@pytest.mark.parametrize("stream", STREAMS)
def test_every_record_is_a_row_with_the_values_that_the_api_sent(client: Client, stream: str) -> None:
    table = client.arrow(stream, page_size=13).read_all()
    records = list(client.records(stream, page_size=13))
    assert client.count(stream) == table.num_rows == len(records) > 0
    kinds = {column.name: column.kind for column in columns(STREAMS[stream])}
    for row, record in zip(table.to_pylist(), records, strict=True):
        assert row.pop(UNFIT) is None
        for name, value in row.items():
            if kinds[name] in {"string", "int", "bool", "number"}:
                assert value == record.get(name)
            elif kinds[name] == "json":
                assert (None if value is None else json.loads(value)) == record.get(name)
            else:
                assert (value is None) == (record.get(name) is None)
        assert set(record) <= set(row)


@pytest.mark.parametrize("stream", STREAMS)
def test_columns_have_the_types_of_parquet_files(client: Client, stream: str) -> None:
    expected = fields({column.name: SQL_TYPES[column.kind] for column in columns(STREAMS[stream])})
    assert client.arrow(stream).schema == expected.append(pa.field(UNFIT, pa.string()))


def inventory(count: int, **more: Any) -> Iterator[tuple[str, str, bytes]]:
    for number in range(count):
        row = {
            "id": f"00000000-0000-4000-8000-{number:012x}",
            "version": 1,
            "createdAt": "2026-01-01T00:00:00.000Z",
            "lastModifiedAt": "2026-01-02T00:00:00.000Z",
            "sku": f"sku-{number}",
            "quantityOnStock": number,
            **more,
        }
        yield "/inventory", "", msgspec.json.encode(row)


def test_pages_are_read_as_batches_are_asked_for() -> None:
    with Sandbox(rows=inventory(200, key="k" * 100_000)) as sandbox, Client(sandbox.settings()) as client:
        reader = client.arrow("inventory", page_size=10)
        assert sandbox.requests == []
        first = reader.read_next_batch()
        assert 80 <= first.num_rows <= 90  # about 8 MB
        assert len([seen for seen in sandbox.requests if seen.path.endswith("/inventory")]) <= 10
        assert first.num_rows + sum(batch.num_rows for batch in reader) == 200


def test_what_fits_no_column_is_kept_beside_them() -> None:
    rows = inventory(3, sku=["a", "list"], brandNew={"x": 1.10})
    with Sandbox(rows=rows) as sandbox, Client(sandbox.settings()) as client:
        table = client.arrow("inventory").read_all()
    assert table["sku"].null_count == 3
    assert [json.loads(text) for text in table[UNFIT].to_pylist()] == [
        {"sku": ["a", "list"], "brandNew": {"x": 1.1}}
    ] * 3


def test_a_count_is_exact_beyond_what_the_platform_counts_even_for_one_moment() -> None:
    with Sandbox(rows=inventory(20_001)) as sandbox, Client(sandbox.settings()) as client:
        assert client.count("inventory") == 20_001
        assert client.count("inventory", since="2026-01-02", until="2026-01-03") == 20_001
        assert client.count("inventory", where="quantityOnStock >= 1") == 20_000
        assert client.count("inventory", where="quantityOnStock < 10000") == 10_000
        assert client.count("inventory", until="2026-01-02") == 0


def test_a_count_takes_the_arguments_of_records(shop: Sandbox, client: Client) -> None:
    opened = [record for record in shop.records("orders") if record["orderState"] == "Open"]
    assert client.count("orders", where='orderState = "Open"') == len(opened) > 0
    with pytest.raises(ConfigError, match="since is 'x'"):
        client.count("orders", since="x")


def test_duckdb_polars_and_pandas_take_the_reader(client: Client) -> None:
    relation = duckdb.from_arrow(client.arrow("orders"))
    count, newest = relation.aggregate("count(*), max(createdAt)").fetchall()[0]
    frame = pl.DataFrame(client.arrow("orders"))
    assert frame.height == count
    assert frame["createdAt"].max() == newest
    assert client.arrow("orders").read_pandas()["createdAt"].max() == newest


def test_frames_have_the_rows_and_exact_types_of_the_batches(client: Client) -> None:
    table = client.arrow("orders", where='orderState = "Open"').read_all()
    frame = client.polars("orders", where='orderState = "Open"')
    assert frame.schema["version"] == pl.Int64
    assert frame.schema["createdAt"] == pl.Datetime("us", "UTC")
    assert frame.to_dicts() == table.to_pylist()
    panda = client.pandas("orders", where='orderState = "Open"')
    assert panda["version"].dtype == pd.ArrowDtype(pa.int64())
    assert panda["createdAt"].dtype == pd.ArrowDtype(pa.timestamp("us", tz="UTC"))
    assert pa.Table.from_pandas(panda, preserve_index=False).to_pylist() == table.to_pylist()
    assert client.polars("orders", until="2000-01-01").shape == client.pandas("orders", until="2000-01-01").shape


def test_an_error_keeps_its_type_on_its_way_through_arrow(shop: Sandbox) -> None:
    shop.add_client("narrow", "secret", ["view_products"])
    settings = {**shop.settings(), "client_id": "narrow", "client_secret": "secret"}
    with Client(settings) as narrow:
        with pytest.raises(ForbiddenError, match="view_orders"):
            narrow.arrow("orders").read_next_batch()
        for frame in (narrow.polars, narrow.pandas):
            with pytest.raises(ForbiddenError, match="view_orders"):
                frame("orders")


@pytest.mark.parametrize(
    ("method", "package", "extra"),
    [
        ("arrow", "pyarrow", "arrow"),
        ("polars", "pyarrow", "polars"),
        ("pandas", "pyarrow", "pandas"),
        ("polars", "polars", "polars"),
        ("pandas", "pandas", "pandas"),
    ],
)
def test_a_missing_package_is_one_sentence_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, client: Client, method: str, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    sentence = rf"^this needs {package}: run pip install '\.\[{extra}\]' in the folder of its source code$"
    with pytest.raises(ConfigError, match=sentence):
        getattr(client, method)("orders")
