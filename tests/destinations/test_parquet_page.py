"""A Parquet folder as a user meets it: `sync`, the examples of its page, deletions, `verify` and `sweep`."""

from __future__ import annotations

import json
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.schema import columns
from commercetools_source.catalog.streams import STREAMS, streams_of
from commercetools_source.cli.app import run
from commercetools_source.model.quoting import quoted
from commercetools_source.model.relations import relations
from commercetools_source.model.select import select
from hidden import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from commercetools_source.sandbox import Sandbox

PAGE = (Path(__file__).parents[2] / "docs" / "parquet.md").read_text(encoding="utf-8")


def sync(*options: str) -> None:
    assert run(["sync", "--destination", "parquet:shop", "--quiet", *options]) == 0


def counts(*streams: str, schema: str = "main") -> dict[str, int]:
    with duckdb.connect() as connection:
        connection.execute(Path("shop/latest.sql").read_text())
        return {name: connection.execute(f"SELECT count(*) FROM {schema}.{name}").fetchall()[0][0] for name in streams}


def test_all_streams_are_read_and_each_has_a_view(shop: Sandbox) -> None:
    sync()
    for schema in ("main", "raw"):
        usual = [stream.name for stream in streams_of(None)]
        assert counts(*usual, schema=schema) == {name: len(shop.records(name)) for name in usual}


def test_the_examples_of_the_page_run_and_agree(shop: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sync("--streams", "orders", "--materialize")
    shop.clock.advance(3600)
    for record in shop.records("orders")[:3]:
        shop.delete("orders", record["id"])
    shop.clock.advance(3600)
    sync("--streams", "orders")
    examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    printed = []
    for example in examples:
        capsys.readouterr()
        exec(example, {})  # noqa: S102 - the page's own code
        printed.append(capsys.readouterr().out)
    with_duckdb, with_polars, with_pandas, of_lines = printed
    orders = shop.records("orders")
    counted = Counter(order["totalPrice"]["currencyCode"] for order in orders)
    assert dict(re.findall(r"│ ([A-Z]{3})\s+│\s+(\d+) │", with_duckdb)) == {name: str(n) for name, n in counted.items()}
    for currency, amount in sums(order["totalPrice"] for order in orders).items():
        assert f"{amount:.4f}" in with_duckdb
        prices = [order["totalPrice"] for order in orders]
        cents = sum(price["centAmount"] for price in prices if price["currencyCode"] == currency)
        assert re.search(rf"{currency}\s+┆ {cents} ", with_polars)
    assert int(with_pandas) == len(orders)
    amounts = sums(line["totalPrice"] for order in orders for line in order["lineItems"])
    assert len(amounts) > 1
    assert all(re.search(rf"{currency}\s+┆ {amount:.4f}", of_lines) for currency, amount in amounts.items())
    (query,) = re.findall(r"^    (SELECT .*)$", PAGE, re.MULTILINE)
    with duckdb.connect() as connection:
        connection.execute(Path("shop/latest.sql").read_text())
        assert dict(connection.execute(query).fetchall()) == amounts


def sums(prices: Iterable[dict[str, Any]]) -> dict[str, Decimal]:
    """Return what prices come to, by currency."""
    amounts: dict[str, Decimal] = {}
    for price in prices:
        amount = Decimal(price["centAmount"]).scaleb(-price["fractionDigits"])
        amounts[price["currencyCode"]] = amounts.get(price["currencyCode"], Decimal(0)) + amount
    return amounts


def test_relations_hold_what_the_records_hold(shop: Sandbox) -> None:
    names = ("customers", "payments", "shipping_methods", "stores", "tax_categories")
    sync("--streams", ",".join(names), "--materialize")
    shop.clock.advance(3600)
    shop.delete("customers", shop.records("customers")[0]["id"])
    shop.clock.advance(3600)
    sync("--streams", ",".join(names))
    with duckdb.connect() as connection:
        connection.execute(Path("shop/latest.sql").read_text())
        for name in names:
            sent = [shown(record, STREAMS[name].item) for record in shop.records(name)]
            connection.register("_records", pa.table({"record": list(map(json.dumps, sent))}))
            have = {column.name: KINDS[column.kind].duckdb for column in columns(STREAMS[name])}
            fields = [f"(record->>'{one}')::{sql} AS {quoted(one)}" for one, sql in have.items()]
            for relation in relations(STREAMS[name]):
                wanted = select(relation, f"(SELECT {', '.join(fields)} FROM _records)", have)
                found = f"SELECT * FROM main.{quoted(relation.name)}"
                assert differing(connection, wanted, found) == 0, relation.name


def differing(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> int:
    """Return how many rows are in one query only; moments are compared as UTC, whatever they are called."""
    rows = [sorted(map(str, plain(connection.sql(query).to_arrow_table()))) for query in (one, other)]
    assert rows[0] or not rows[1]
    return sum(a != b for a, b in zip(*rows, strict=True))


def plain(table: pa.Table) -> list[Any]:
    utc = [
        pa.field(field.name, pa.timestamp("us", tz="UTC") if pa.types.is_timestamp(field.type) else field.type)
        for field in table.schema
    ]
    return table.cast(pa.schema(utc)).to_pylist()


def test_deletions_come_with_messages_and_with_a_sweep(shop: Sandbox) -> None:
    sync("--streams", "orders,zones")
    shop.clock.advance(3600)
    for name in ("orders", "zones"):
        shop.delete(name, shop.records(name)[0]["id"])
    shop.clock.advance(3600)
    sync("--streams", "orders,zones")
    live = {name: len(shop.records(name)) for name in ("orders", "zones")}
    assert counts("orders", "zones") == {"orders": live["orders"], "zones": live["zones"] + 1}
    where = ["--destination", "parquet:shop", "--streams", "orders,zones"]
    assert run(["verify", *where]) == 1
    assert run(["sweep", *where]) == 0
    assert run(["verify", *where]) == 0
    assert counts("orders", "zones") == live
    assert counts("orders", "zones", schema="raw") == {name: count + 1 for name, count in live.items()}
