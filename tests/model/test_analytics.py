"""docs/analytics.md: its questions are asked of a generated shop, and answered the same by hand from the records."""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[2] / "docs" / "analytics.md").read_text(encoding="utf-8")
QUESTIONS = dict(re.findall(r"## ([^\n]*)\n```sql\n(.*?)```", PAGE, re.DOTALL))
STREAMS = ("orders", "products", "customers", "inventory", "channels", "cart_discounts")
Records = dict[str, list[dict[str, Any]]]
Response = list[tuple[Any, ...]]


class Shop:
    def __init__(self, path: Path, records: Records) -> None:
        self.path = path
        self.records = records

    def ask(self, question: str) -> Response:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(QUESTIONS[question]).fetchall()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    path = tmp_path_factory.mktemp("analytics") / "shop.duckdb"
    with Sandbox("tiny") as sandbox, Client(sandbox.settings()) as client:
        product = next(
            one for one in sandbox.records("products") if one["masterData"]["staged"]["masterVariant"]["prices"]
        )
        product["masterData"]["staged"]["masterVariant"]["prices"][0]["value"]["centAmount"] += 100
        sandbox.update("products", product["id"], {"masterData": product["masterData"]})
        sandbox.clock.advance(3600)
        assert sync(client, DuckDB(path), streams=STREAMS).complete
        yield Shop(path, {name: sandbox.records(name) for name in STREAMS})


def amount(money: dict[str, Any]) -> Decimal:
    whole = money["preciseAmount"] if money["type"] == "highPrecision" else money["centAmount"]
    return Decimal(whole).scaleb(-money["fractionDigits"])


def test_every_question_of_the_page_is_tested_here() -> None:
    assert len(QUESTIONS) == PAGE.count("```sql") == 6


def test_revenue(shop: Shop) -> None:
    found = {row[:3]: row[3:] for row in shop.ask("Revenue per month, store and currency")}
    wanted: dict[Any, list[Decimal]] = defaultdict(list)
    for order in shop.records["orders"]:
        place = (order["createdAt"][:7], order.get("store", {}).get("key"), order["totalPrice"]["currencyCode"])
        wanted[place].append(amount(order["totalPrice"]))
    assert found == {place: (len(paid), sum(paid)) for place, paid in wanted.items()}


def test_best_sellers(shop: Shop) -> None:
    pieces: dict[Any, int] = defaultdict(int)
    for order in shop.records["orders"]:
        for item in order["lineItems"]:
            pieces[item["productId"], item["variant"]["id"]] += item["quantity"]
    found = shop.ask("Best-selling variants with their attributes")
    ranked = sorted(pieces.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    assert [(row[:2], row[3]) for row in found] == ranked
    for product_id, variant_id, _, _, attributes in found:
        data = next(one for one in shop.records["products"] if one["id"] == product_id)["masterData"]["current"]
        variant = next(one for one in (data["masterVariant"], *data["variants"]) if one["id"] == variant_id)
        assert [name for name in attributes or {} if name] == [one["name"] for one in variant["attributes"]]


def test_stock(shop: Shop) -> None:
    keys = {channel["id"]: channel["key"] for channel in shop.records["channels"]}
    wanted: dict[Any, list[int]] = defaultdict(lambda: [0, 0, 0])
    for entry in shop.records["inventory"]:
        row = wanted[keys.get(entry.get("supplyChannel", {}).get("id"))]
        row[:] = [row[0] + 1, row[1] + entry["quantityOnStock"], row[2] + entry["availableQuantity"]]
    assert {row[0]: list(row[1:]) for row in shop.ask("Stock per channel")} == wanted


def test_lifetime_value(shop: Shop) -> None:
    spent: dict[Any, list[Decimal]] = defaultdict(list)
    known = {customer["id"] for customer in shop.records["customers"]}
    for order in shop.records["orders"]:
        if order.get("customerId") in known:
            spent[order["customerId"], order["totalPrice"]["currencyCode"]].append(amount(order["totalPrice"]))
    found = shop.ask("Customer lifetime value")
    assert len(found) == 10
    assert found[0][4] == max(map(sum, spent.values()))
    for customer, _, currency, orders, total, *_ in found:
        assert (orders, total) == (len(spent[customer, currency]), sum(spent[customer, currency]))


def test_discounts(shop: Shop) -> None:
    keys = {discount["id"]: discount.get("key") for discount in shop.records["cart_discounts"]}
    given: dict[Any, Decimal] = defaultdict(Decimal)
    for order in shop.records["orders"]:
        for item in order["lineItems"]:
            for part in item["discountedPricePerQuantity"]:
                for portion in part["discountedPrice"]["includedDiscounts"]:
                    money, discount = portion["discountedAmount"], portion["discount"]["id"]
                    if discount in keys:
                        given[keys[discount], money["currencyCode"]] += amount(money) * part["quantity"]
    assert given
    assert {row[:2]: row[3] for row in shop.ask("Discount use")} == given


def test_price_changes(shop: Shop) -> None:
    wanted = []
    for product in shop.records["products"]:
        current, staged = (prices(product["masterData"][place]) for place in ("current", "staged"))
        wanted += [
            (sku, money["currencyCode"], amount(current[price][1]), amount(money))
            for price, (sku, money) in staged.items()
            if price in current and amount(current[price][1]) != amount(money)
        ]
    assert wanted
    assert sorted(shop.ask("Price changes that wait to be published")) == sorted(wanted)


def prices(data: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    variants = (data["masterVariant"], *data["variants"])
    return {
        price["id"]: (variant.get("sku"), price["value"]) for variant in variants for price in variant.get("prices", [])
    }
