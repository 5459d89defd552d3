"""What the marts of the dbt project must hold, worked out from the records one by one, without SQL.

Amounts are counted in minor units and compared as exact fractions; discounts are what a line lacks of its price.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import datetime, timezone
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STREAMS = ("orders", "products", "variants", "customers", "inventory", "standalone_prices")
Records = dict[str, list[dict[str, Any]]]


def value(money: dict[str, Any]) -> Fraction:
    digits = money["fractionDigits"]
    return Fraction(money["preciseAmount"] if money["type"] == "highPrecision" else money["centAmount"], 10**digits)


def lines(order: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from order["lineItems"]
    yield from order.get("customLineItems", ())


def came_back(order: dict[str, Any]) -> Counter[str]:
    pieces: Counter[str] = Counter()
    for delivery in order.get("returnInfo", ()):
        for item in delivery["items"]:
            if item["shipmentState"] in {"Returned", "BackInStock", "Unusable"}:
                pieces[item.get("lineItemId") or item["customLineItemId"]] += item["quantity"]
    return pieces


def share(order: dict[str, Any], line: dict[str, Any], total: str) -> Fraction:
    """Return what was paid for the pieces of a line that came back, in whole minor units, halves up.

    What a discount took off the order's total was not paid.
    """
    money, pieces = line["taxedPrice"][total], came_back(order)[line["id"]]
    paid = Fraction(money["centAmount"] * pieces, line["quantity"]) if pieces else Fraction(0)
    if "discountOnTotalPrice" in order:
        total_price = value(order["totalPrice"])
        paid *= total_price / (total_price + value(order["discountOnTotalPrice"]["discountedAmount"]))
    return Fraction(math.floor(paid + Fraction(1, 2)), 10 ** money["fractionDigits"])


def returned(order: dict[str, Any], total: str) -> Fraction:
    return sum((share(order, line, total) for line in lines(order) if "taxedPrice" in line), Fraction(0))


def sold(records: Records) -> list[dict[str, Any]]:
    return [order for order in records["orders"] if order["orderState"] != "Cancelled"]


def check_order_lines(rows: list[dict[str, Any]], records: Records) -> None:
    found = {(row["order_id"], row["line_id"]): row for row in rows}
    expected = {(order["id"], line["id"]): (order, line) for order in records["orders"] for line in lines(order)}
    assert found.keys() == expected.keys()
    assert len(rows) == len(expected)
    discounted = 0
    for key, (order, line) in expected.items():
        row, pieces = found[key], came_back(order)[line["id"]]
        price = line["price"] if "price" in line else {"value": line["money"]}
        lowered = price["discounted"]["value"] if "discounted" in price else price["value"]
        assert row["product_discount"] == (value(price["value"]) - value(lowered)) * line["quantity"]
        if line.get("discountedPricePerQuantity"):
            discounted += 1
            assert row["cart_discount"] == value(lowered) * line["quantity"] - value(line["totalPrice"])
        else:
            assert row["cart_discount"] == 0
        assert row["total"] == value(line["totalPrice"])
        assert (row["quantity"], row["returned_quantity"]) == (line["quantity"], pieces)
        assert (row["sku"], row["product_id"]) == (line.get("variant", {}).get("sku"), line.get("productId"))
        assert row["name"] == line["name"].get("en", next(iter(line["name"].values())))
        taxed = line.get("taxedPrice")
        assert row["gross"] == (taxed and value(taxed["totalGross"]))
        assert row["returned_net"] == (taxed and share(order, line, "totalNet"))
    assert discounted
    assert any(came_back(order) for order in records["orders"])
    assert any(came_back(order) and "discountOnTotalPrice" in order for order in records["orders"])


def check_revenue_by_month(rows: list[dict[str, Any]], records: Records) -> None:
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for order in sold(records):
        currency = order["totalPrice"]["currencyCode"]
        groups[order["createdAt"][:7] + "-01", order.get("store", {}).get("key"), currency].append(order)
    found = {(row["month"].isoformat(), row["store_key"], row["currency"]): row for row in rows}
    assert found.keys() == groups.keys()
    assert len(rows) == len(groups)
    for group, orders in groups.items():
        row, taxed = found[group], [order["taxedPrice"] for order in orders if "taxedPrice" in order]
        assert (row["orders"], row["untaxed_orders"]) == (len(orders), len(orders) - len(taxed))
        assert row["net"] == sum(value(price["totalNet"]) for price in taxed)
        assert row["gross"] == sum(value(price["totalGross"]) for price in taxed)
        assert row["returned_net"] == sum(returned(order, "totalNet") for order in orders)
        assert row["returned_gross"] == sum(returned(order, "totalGross") for order in orders)
        untaxed = [value(order["totalPrice"]) for order in orders if "taxedPrice" not in order]
        assert row["untaxed_total"] == sum(untaxed)
    assert any(row["returned_gross"] for row in rows)
    assert any(row["untaxed_orders"] for row in rows)


def check_customer_lifetime_value(rows: list[dict[str, Any]], records: Records) -> None:
    spent: dict[Any, list[Fraction]] = defaultdict(list)
    back: dict[Any, Fraction] = defaultdict(Fraction)
    first: dict[str, str] = {}
    for order in sorted(sold(records), key=lambda order: str(order["createdAt"])):
        if "customerId" in order:
            key = order["customerId"], order["totalPrice"]["currencyCode"]
            gross = order["taxedPrice"]["totalGross"] if "taxedPrice" in order else order["totalPrice"]
            spent[key].append(value(gross))
            back[key] += returned(order, "totalGross")
            first.setdefault(key[0], order["createdAt"][:7] + "-01")
    customers = {customer["id"] for customer in records["customers"]}
    expected = {key for key in spent if key[0] in customers}
    expected |= {(customer, None) for customer in customers - set(first)}
    found = {(row["customer_id"], row["currency"]): row for row in rows}
    assert found.keys() == expected
    assert len(rows) == len(expected)
    for key, row in found.items():
        assert row["orders"] == len(spent[key])
        assert row["lifetime_value"] == sum(spent[key]) - back[key]
        assert (row["cohort_month"] and row["cohort_month"].isoformat()) == first.get(key[0])


def check_customer_cohorts(rows: list[dict[str, Any]], records: Records) -> None:
    months: dict[str, list[int]] = defaultdict(list)
    for order in sold(records):
        if "customerId" in order:
            year, month, _ = order["createdAt"].split("-", 2)
            months[order["customerId"]].append(12 * int(year) + int(month) - 1)
    expected: dict[tuple[int, int], set[str]] = defaultdict(set)
    orders: Counter[tuple[int, int]] = Counter()
    for customer, bought in months.items():
        for month in bought:
            expected[min(bought), month - min(bought)].add(customer)
            orders[min(bought), month - min(bought)] += 1
    found = {(12 * row["cohort_month"].year + row["cohort_month"].month - 1, row["months_later"]): row for row in rows}
    assert {key: row["customers"] for key, row in found.items()} == {key: len(ids) for key, ids in expected.items()}
    assert {key: row["orders"] for key, row in found.items()} == orders
    assert len(rows) == len(expected)
    for (cohort, _), row in found.items():
        assert row["cohort_size"] == sum(min(bought) == cohort for bought in months.values())
        assert row["share"] * row["cohort_size"] == row["customers"]


def check_current_variants(rows: list[dict[str, Any]], records: Records) -> None:
    resources = {(one["product"]["id"], one["variantId"]): one for one in records["variants"]}
    products = {product["id"]: product for product in records["products"]}
    expected = {(product["id"], variant["id"]): variant.get("sku") for product, variant in variants(records)}
    expected |= {key: variant["current"].get("sku") for key, variant in resources.items()}
    found = {(row["product_id"], row["variant_id"]): row for row in rows}
    assert {key: row["sku"] for key, row in found.items()} == expected
    assert len(rows) == len(expected)
    for key, row in found.items():
        product = products[key[0]]
        assert row["is_resource"] == (key in resources)
        assert row["price_mode"] == product.get("priceMode", "Standalone" if key in resources else "Embedded")
        assert (row["product_key"], row["is_published"]) == (product.get("key"), is_published(product, key[1], records))


def check_variant_prices(rows: list[dict[str, Any]], records: Records) -> None:
    now = datetime.now(timezone.utc).isoformat()
    expected: dict[Any, dict[str, Any]] = {}
    resources = {(one["product"]["id"], one["variantId"]) for one in records["variants"]}
    for product, variant in variants(records):
        if not is_published(product, variant["id"], records):
            continue
        prices = variant.get("prices", ())
        default = "Standalone" if (product["id"], variant["id"]) in resources else "Embedded"
        if product.get("priceMode", default) == "Standalone":
            active = (price for price in records["standalone_prices"] if price["active"])
            prices = [price for price in active if price["sku"] == variant.get("sku")]
        for price in prices:
            if price.get("validFrom", "") <= now < price.get("validUntil", "9"):
                expected[product["id"], variant["id"], price["id"]] = price
    found = {(row["product_id"], row["variant_id"], row["price_id"]): row for row in rows}
    assert found.keys() == expected.keys()
    assert len(rows) == len(expected)
    for key, price in expected.items():
        row, discounted = found[key], price.get("discounted")
        assert (row["price"], row["currency"]) == (value(price["value"]), price["value"]["currencyCode"])
        assert row["discounted_price"] == (discounted and value(discounted["value"]))
        assert row["country"] == price.get("country")
    assert {row["price_mode"] for row in rows} == {"Embedded", "Standalone"}


def check_variant_stock(rows: list[dict[str, Any]], records: Records) -> None:
    products = {product["id"]: product for product in records["products"]}
    expected = {(product["id"], variant["id"]): (product, variant) for product, variant in variants(records)}
    for one in records["variants"]:
        expected[one["product"]["id"], one["variantId"]] = (
            products[one["product"]["id"]], {**one["current"], "id": one["variantId"]},
        )  # fmt: skip
    found = {(row["product_id"], row["variant_id"]): row for row in rows}
    assert found.keys() == expected.keys()
    assert len(rows) == len(expected)
    for key, (product, variant) in expected.items():
        entries = [entry for entry in records["inventory"] if entry["sku"] == variant.get("sku")]
        row = found[key]
        assert row["inventory_entries"] == len(entries)
        assert (row["on_stock"] or 0) == sum(entry["quantityOnStock"] for entry in entries)
        available = sum(entry["availableQuantity"] for entry in entries)
        assert row["available"] == (available if entries else None)
        has_some = any(entry["availableQuantity"] > 0 for entry in entries)
        assert row["is_out_of_stock"] == (not has_some if entries else None)
        assert row["is_published"] == is_published(product, variant["id"], records)
        names = product["masterData"]["current"]["name"]
        assert row["product_name"] == names.get("en", next(iter(names.values())))


def is_published(product: dict[str, Any], number: int, records: Records) -> bool:
    """Whether a product is published, and its variant too where that is a resource."""
    own = [one for one in records["variants"] if (one["product"]["id"], one["variantId"]) == (product["id"], number)]
    return bool(product["masterData"]["published"] and all(one["published"] for one in own))


def variants(records: Records) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each variant with its product: those inside products, and the others, which are resources."""
    for product in records["products"]:
        current = product["masterData"]["current"]
        # One of the Modular catalog model has none.
        inside = [*filter(None, [current.get("masterVariant")]), *current.get("variants", ())]
        numbers = {variant["id"] for variant in inside}
        beside = [
            {**one["current"], "id": one["variantId"]}
            for one in records["variants"]
            if one["product"]["id"] == product["id"] and one["variantId"] not in numbers
        ]
        for variant in (*inside, *beside):
            yield product, variant


CHECKS: dict[str, Callable[[list[dict[str, Any]], Records], None]] = {
    "order_lines": check_order_lines,
    "revenue_by_month": check_revenue_by_month,
    "customer_lifetime_value": check_customer_lifetime_value,
    "customer_cohorts": check_customer_cohorts,
    "current_variants": check_current_variants,
    "variant_prices": check_variant_prices,
    "variant_stock": check_variant_stock,
}


def rows_of(cursor: Any) -> list[dict[str, Any]]:
    """Return the rows of a query as dicts, decimals as exact fractions."""
    names = [column[0] for column in cursor.description]
    return [
        {name: Fraction(cell) if isinstance(cell, Decimal) else cell for name, cell in zip(names, row, strict=True)}
        for row in cursor.fetchall()
    ]
