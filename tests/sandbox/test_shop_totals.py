"""The sums in carts, orders, quotes and payments are right, in every currency."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.sandbox.shop.generate import counts, generate
from commercetools_source.sandbox.shop.till import Till
from commercetools_source.sandbox.shop.words import MARKETS
from commercetools_source.sandbox.shop.world import World, cents, money, precise

NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
DISCOUNTED = {"discountedNetAmount", "discountedGrossAmount"}
PRICED = ("/orders", "/carts", "/quotes", "/quote-requests")


@pytest.fixture(scope="module")
def shop() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for collection, _, record in generate(300, 3, NOW):
        if collection in {*PRICED, "/payments"}:
            found[collection].append(msgspec.json.decode(record))
    return found


def amount(value: Any) -> int:
    return int(value["centAmount"])


def line_total(line: Any) -> int:
    """Return what a line item must cost: its discounted price, its sale price or its price, times its quantity."""
    for discounted in line["discountedPricePerQuantity"]:
        assert discounted["quantity"] == line["quantity"]
        return amount(discounted["discountedPrice"]["value"]) * int(line["quantity"])
    price = line["price"].get("discounted", line["price"])["value"]
    if price["type"] == "highPrecision" and price["fractionDigits"] == 5 and "discounted" not in line["price"]:
        return int(price["preciseAmount"] * line["quantity"] + 500) // 1000
    return amount(price) * int(line["quantity"])


def custom_line_total(line: Any) -> int:
    for discounted in line["discountedPricePerQuantity"]:
        return amount(discounted["discountedPrice"]["value"]) * int(line["quantity"])
    return amount(line["money"]) * int(line["quantity"])


def shipping_infos(record: Any) -> list[Any]:
    alone = [record["shippingInfo"]] if "shippingInfo" in record else []
    return alone + [part["shippingInfo"] for part in record.get("shipping", ())]


def charged(info: Any) -> int:
    return amount(info["discountedPrice"]["value"] if "discountedPrice" in info else info["price"])


@pytest.mark.parametrize("path", PRICED)
def test_line_items_cost_price_times_quantity(shop: dict[str, list[Any]], path: str) -> None:
    for record in shop[path]:
        for line in record["lineItems"]:
            assert amount(line["totalPrice"]) == line_total(line), record["id"]
        for line in record["customLineItems"]:
            assert amount(line["totalPrice"]) == custom_line_total(line), record["id"]


@pytest.mark.parametrize("path", PRICED)
def test_the_total_is_the_sum_of_the_items_and_the_shipping_without_the_discount(
    shop: dict[str, list[Any]], path: str
) -> None:
    for record in shop[path]:
        total = sum(amount(line["totalPrice"]) for line in (*record["lineItems"], *record["customLineItems"]))
        total += sum(charged(info) for info in shipping_infos(record))
        if "discountOnTotalPrice" in record:
            total -= amount(record["discountOnTotalPrice"]["discountedAmount"])
        assert amount(record["totalPrice"]) == total, record["id"]


@pytest.mark.parametrize("path", PRICED)
def test_every_taxed_price_is_net_plus_its_tax_portions(shop: dict[str, list[Any]], path: str) -> None:
    for record in shop[path]:
        parts = [record, *record["lineItems"], *record["customLineItems"], *shipping_infos(record)]
        for taxed in [part["taxedPrice"] for part in parts if "taxedPrice" in part]:
            tax = amount(taxed["totalGross"]) - amount(taxed["totalNet"])
            assert tax >= 0
            assert amount(taxed.get("totalTax", {"centAmount": tax})) == tax
            if taxed["taxPortions"]:
                assert sum(amount(portion["amount"]) for portion in taxed["taxPortions"]) == tax


def test_the_taxed_price_of_an_order_is_the_sum_of_its_parts(shop: dict[str, list[Any]]) -> None:
    for record in shop["/orders"]:
        parts = [*record["lineItems"], *record["customLineItems"], *shipping_infos(record)]
        discount = record.get("discountOnTotalPrice", {"discountedNetAmount": 0, "discountedGrossAmount": 0})
        if any("taxedPrice" not in part for part in (record, *parts)) or len(discount.keys() & DISCOUNTED) != len(
            DISCOUNTED
        ):
            continue
        for name, of_discount in (("totalNet", "discountedNetAmount"), ("totalGross", "discountedGrossAmount")):
            total = sum(amount(part["taxedPrice"][name]) for part in parts)
            if "discountOnTotalPrice" in record:
                total -= amount(record["discountOnTotalPrice"][of_discount])
            assert amount(record["taxedPrice"][name]) == total, record["id"]


def test_an_order_has_one_currency_and_all_currencies_occur(shop: dict[str, list[Any]]) -> None:
    seen = set()
    for record in shop["/orders"]:
        totals = [record["totalPrice"], *(line["totalPrice"] for line in record["lineItems"])]
        assert len({total["currencyCode"] for total in totals}) == 1
        seen |= {(total["currencyCode"], total["fractionDigits"]) for total in totals}
    assert seen == {("EUR", 2), ("USD", 2), ("GBP", 2), ("JPY", 0), ("KWD", 3)}


def test_the_payments_of_an_order_plan_its_total(shop: dict[str, list[Any]]) -> None:
    payments = {payment["id"]: payment for payment in shop["/payments"]}
    paid = [order for order in shop["/orders"] if order.get("orderNumber", "")[4:5] == "-" and "paymentInfo" in order]
    assert len(paid) > 250
    for order in paid:
        planned = [payments[reference["id"]]["amountPlanned"] for reference in order["paymentInfo"]["payments"]]
        assert sum(amount(value) for value in planned) == amount(order["totalPrice"])


def test_most_baskets_are_small_and_a_few_are_large(shop: dict[str, list[Any]]) -> None:
    sizes = sorted(len(order["lineItems"]) for order in shop["/orders"])
    assert sizes[len(sizes) // 2] <= 3
    assert sizes[-1] > 12


@given(st.integers(0, 10**9), st.sampled_from(MARKETS))
def test_net_and_gross_of_any_amount_are_in_order(total: int, market: Any) -> None:
    net, gross = Till(World.of(counts("tiny"), 1, NOW), market).split(total)
    assert net <= gross
    assert total == (gross if market.tax_included else net)
    assert abs((gross - net) - net * market.tax / 100_000) <= 1


@given(st.sampled_from(["EUR", "USD", "JPY", "KWD"]), st.integers(0, 10**12))
def test_money_is_the_same_as_text_and_as_object(currency: str, value: int) -> None:
    assert msgspec.json.decode(cents(currency, value)) == money(currency, value)


@given(st.integers(0, 10**12), st.integers(3, 9))
def test_precise_money_rounds_to_whole_cents(value: int, digits: int) -> None:
    found = precise("EUR", value, digits)
    assert abs(found["centAmount"] * 10 ** (digits - 2) - found["preciseAmount"]) * 2 <= 10 ** (digits - 2)
