"""docs/analytics.md: its questions are asked of a generated shop, and answered the same by hand from the records."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync
from questions import PAGE, QUESTIONS, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAMS = ("orders", "products", "customers", "inventory", "channels", "cart_discounts", "standalone_prices",
           "variants")  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    path = tmp_path_factory.mktemp("analytics") / "shop.duckdb"
    with Sandbox("tiny") as sandbox, Client(sandbox.settings()) as client:
        change_prices(sandbox)
        sell_without_attributes(sandbox)
        sandbox.clock.advance(3600)
        assert sync(client, DuckDB(path), streams=STREAMS).complete
        yield Shop(path, {name: sandbox.records(name) for name in STREAMS})


def sell_without_attributes(sandbox: Sandbox) -> None:
    """Let the best-selling variants be one that has no attributes, and one of a product that was deleted."""
    orders = [order for order in sandbox.records("orders") if order["orderState"] != "Cancelled"]
    products = {row["id"]: row for row in sandbox.records("products")}
    resources = {row["product"]["id"] for row in sandbox.records("variants")}
    bare, gone = [
        (order, item)
        for order in orders
        for item in order["lineItems"]
        if item["productId"] in products.keys() - resources and item["variant"]["id"] == 1
    ][:2]
    for order, item in (bare, gone):
        sandbox.update("orders", order["id"], {"lineItems": [{**item, "quantity": 10_000}]})
    sandbox.update("products", bare[1]["productId"], {"masterData.current.masterVariant.attributes": []})
    sandbox.delete("products", gone[1]["productId"])


def change_prices(sandbox: Sandbox) -> None:
    """Change a price of a published product, take one out, and add one, all staged; and stage a standalone price.

    Nobody is to be told of those that are changed in a product that is not published, or has standalone prices.
    """
    published = [row for row in sandbox.records("products") if row["masterData"]["published"]]
    products = [row for row in published if len(row["masterData"]["staged"]["masterVariant"].get("prices", ())) > 1]
    changed, removed, added, standalone = products[:4]
    hidden = next(
        row
        for row in sandbox.records("products")
        if not row["masterData"]["published"]
        and row["masterData"]["staged"]["masterVariant"].get("prices")
        and row.get("priceMode", "Embedded") == "Embedded"
    )
    for product in (changed, removed, added, hidden, standalone):
        prices = product["masterData"]["staged"]["masterVariant"]["prices"]
        if product in (changed, hidden, standalone):
            prices[0]["value"]["centAmount"] += 100
        elif product is removed:
            del prices[0]
        else:
            prices.append({**prices[0], "id": "new-price"})
        mode = "Standalone" if product is standalone else "Embedded"
        sandbox.update("products", product["id"], {"masterData": product["masterData"], "priceMode": mode})
    price = sandbox.records("standalone_prices")[0]
    staged = {"value": {**price["value"], "centAmount": price["value"]["centAmount"] + 1}}
    sandbox.update("standalone_prices", price["id"], {"staged": staged})


def amount(money: dict[str, Any]) -> Decimal:
    whole = money["preciseAmount"] if money["type"] == "highPrecision" else money["centAmount"]
    return Decimal(whole).scaleb(-money["fractionDigits"])


def inside(value: Any, name: str, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield whatever stands under `name` anywhere in a record, with the objects that it lies in, outermost first."""
    for key, element in value.items() if isinstance(value, dict) else enumerate(value):
        if key == name:
            yield element, (*above, value)
        elif isinstance(element, (dict, list)):
            yield from inside(element, name, (*above, value))


def test_every_question_of_the_page_is_tested() -> None:
    assert len(QUESTIONS) == PAGE.count("```sql") == 17
    source = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*analytics.py"))
    assert all(f'ask("{question}")' in source for question in QUESTIONS)


def test_the_page_asks_the_default_schema_without_quotes() -> None:
    assert not [name for name, query in QUESTIONS.items() if re.search(r'"|\b(main|raw|sync)\.', query)]


MISTAKES = {
    "cancelled orders count as revenue": (
        "Revenue per month, store and currency",
        "WHERE orderState <> 'Cancelled'",
        "",
    ),
    "totals are summed, with taxes or without": (
        "Revenue per month, store and currency",
        "sum(taxedPrice_totalNet_amount)",
        "sum(totalPrice_amount)",
    ),
    "cancelled orders sell": (
        "Best-selling variants with their attributes",
        " AND orders.orderState <> 'Cancelled'",
        "",
    ),
    "announced returns are back": ("Returns per variant", " AND shipmentState <> 'Advised'", ""),
    "returns of cancelled orders count": ("Returns per variant", " AND orders.orderState <> 'Cancelled'", ""),
    "orders of multiple shipping are left out": (
        "Shipping per method",
        "FROM order_shippings\n  WHERE shippingInfo_shippingMethodName IS NOT NULL",
        "FROM order_shippings\n  WHERE false",
    ),
    "cancelled orders are shipped": ("Shipping per method", " AND orders.orderState <> 'Cancelled'", ""),
    "discounts of the total are left out": (
        "Discount use",
        "FROM order_total_discount_portions",
        "FROM order_total_discount_portions WHERE false",
    ),
    "discounts of shipping are left out": (
        "Discount use",
        "FROM order_shipping_info_discount_portions",
        "FROM order_shipping_info_discount_portions WHERE false",
    ),
    "discounts of multiple shipping are left out": (
        "Discount use",
        "FROM order_shipping_discount_portions",
        "FROM order_shipping_discount_portions WHERE false",
    ),
    "discounts of custom line items are left out": (
        "Discount use",
        "line.customLineItemId AND",
        "line.customLineItemId AND false AND",
    ),
    "discounts are given once for all pieces": ("Discount use", " * part.quantity", ""),
    "discounts of cancelled orders are given": ("Discount use", " AND orders.orderState <> 'Cancelled'", ""),
    "cancelled orders were paid": ("Customer lifetime value", "WHERE orders.orderState <> 'Cancelled'", ""),
    "what was paid lacks taxes": (
        "Customer lifetime value",
        "taxedPrice_totalGross_amount",
        "taxedPrice_totalNet_amount",
    ),
    "standalone prices never change": ("Price changes that wait to be published", "IS NOT NULL\n)", "IS NULL\n)"),
    "products that are not published change": (
        "Price changes that wait to be published",
        " AND product.masterData_published",
        "",
    ),
    "embedded prices of products with standalone ones count": (
        "Price changes that wait to be published",
        "\n   AND coalesce(product.priceMode, 'Embedded') = 'Embedded'",
        "",
    ),
}
"""What the page's queries would answer wrongly without a word: a question, what it says, what a hasty author writes."""


@pytest.mark.few(8)
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_each_of_these_mistakes_changes_what_the_shop_answers(shop: Shop, mistake: tuple[str, str, str]) -> None:
    """So the tests below, which hold the page's own queries against the records, would notice it."""
    assert shop.responds_otherwise(*mistake)


def test_the_shop_has_what_makes_a_plain_sum_wrong(shop: Shop) -> None:
    assert len(shop.orders) < len(shop.records["orders"])
    assert {order["shippingMode"] for order in shop.orders if "shippingMode" in order} == {"Single", "Multiple"}
    assert any("taxedPrice" not in order for order in shop.orders)
    assert any("returnInfo" in order for order in shop.orders)
    included = {rate["includedInPrice"] for order in shop.orders for rate, _ in inside(order, "taxRate")}
    assert included == {True, False}


def test_revenue(shop: Shop) -> None:
    found = {row[:3]: row[3:] for row in shop.ask("Revenue per month, store and currency")}
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for order in shop.orders:
        group = (order["createdAt"][:7], order.get("store", {}).get("key"), order["totalPrice"]["currencyCode"])
        groups[group].append(order)
    assert found.keys() == groups.keys()
    for group, orders in groups.items():
        taxed = [order["taxedPrice"] for order in orders if "taxedPrice" in order]
        untaxed = [amount(order["totalPrice"]) for order in orders if "taxedPrice" not in order]
        gross = sum(amount(price["totalGross"]) for price in taxed)
        net = sum(net_of(price) for price in taxed)
        count, net_found, gross_found, untaxed_count, untaxed_total = found[group]
        assert (count, untaxed_count, untaxed_total or 0) == (len(orders), len(untaxed), sum(untaxed))
        assert (net_found or 0, gross_found or 0) == (net, gross)


def net_of(price: dict[str, Any]) -> Decimal:
    """Return gross without its tax portions; a price that came from outside may have none."""
    if not price["taxPortions"]:
        return amount(price["totalNet"])
    return amount(price["totalGross"]) - sum(amount(portion["amount"]) for portion in price["taxPortions"])


def test_best_sellers(shop: Shop) -> None:
    pieces: dict[Any, int] = defaultdict(int)
    for order in shop.orders:
        for item in order["lineItems"]:
            pieces[item["productId"], item["variant"]["id"]] += item["quantity"]
    found = shop.ask("Best-selling variants with their attributes")
    ranked = sorted(pieces.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    assert [(row[:2], row[3]) for row in found] == ranked
    for product_id, variant_id, _, _, attributes in found:
        product = next((row for row in shop.records["products"] if row["id"] == product_id), None)
        if product is None:
            assert attributes is None
            continue
        data = product["masterData"]["current"]
        resources = [
            {"id": row["variantId"], **row.get("current", {"attributes": []})}
            for row in shop.records["variants"]
            if row["product"]["id"] == product_id
        ]
        embedded = (data["masterVariant"], *data["variants"])
        variant = next(row for row in (*resources, *embedded) if row["id"] == variant_id)
        values = {name: json.loads(value) for name, value in (attributes or {}).items()}
        assert values == {row["name"]: row["value"] for row in variant.get("attributes", ())}
    assert any(row[4] for row in found)


def test_returns(shop: Shop) -> None:
    """Every piece that came back, counted one by one."""
    sold, back, refunded = Counter[Any](), Counter[Any](), Counter[Any]()
    for order in shop.orders:
        variants = {item["id"]: (item["productId"], item["variant"]["id"]) for item in order["lineItems"]}
        for item in order["lineItems"]:
            sold[variants[item["id"]]] += item["quantity"]
        for items, _ in inside(order.get("returnInfo", []), "items"):
            for item in items:
                variant = variants.get(item.get("lineItemId"))
                if variant is not None and item["shipmentState"] != "Advised":
                    back[variant] += item["quantity"]
                    refunded[variant] += item["quantity"] if item["paymentState"] == "Refunded" else 0
    assert back
    found = {row[:2]: row[2:] for row in shop.ask("Returns per variant")}
    assert found == {variant: (sold[variant], count, refunded[variant]) for variant, count in back.items()}


def test_shipping(shop: Shop) -> None:
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for order in shop.orders:
        for info, _ in inside(order, "shippingInfo"):
            groups[info["shippingMethodName"], info["price"]["currencyCode"]].append(info)
    found = {row[:2]: row[2:] for row in shop.ask("Shipping per method")}
    assert found.keys() == groups.keys()
    for group, infos in groups.items():
        taxed = [info["taxedPrice"] for info in infos if "taxedPrice" in info]
        count, net, gross, untaxed = found[group]
        assert (count, untaxed) == (len(infos), len(infos) - len(taxed))
        assert (net or 0, gross or 0) == tuple(
            sum(amount(price[name]) for price in taxed) for name in ("totalNet", "totalGross")
        )


def test_stock(shop: Shop) -> None:
    keys = {channel["id"]: channel["key"] for channel in shop.records["channels"]}
    wanted: dict[Any, list[int]] = defaultdict(lambda: [0, 0, 0])
    for entry in shop.records["inventory"]:
        row = wanted[keys.get(entry.get("supplyChannel", {}).get("id"))]
        row[:] = [row[0] + 1, row[1] + entry["quantityOnStock"], row[2] + entry["availableQuantity"]]
    assert {row[0]: list(row[1:]) for row in shop.ask("Stock per channel")} == wanted


def test_lifetime_value(shop: Shop) -> None:
    """What each customer paid, ranked within its currency."""
    paid: dict[str, dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    known = {customer["id"] for customer in shop.records["customers"]}
    for order in shop.orders:
        if order.get("customerId") in known:
            money = order["taxedPrice"]["totalGross"] if "taxedPrice" in order else order["totalPrice"]
            paid[money["currencyCode"]][order["customerId"]].append(amount(money))
    found = shop.ask("Customer lifetime value")
    for currency, customers in paid.items():
        ranked = sorted(customers.items(), key=lambda pair: (-sum(pair[1]), pair[0]))[:10]
        rows = [(row[0], row[3], row[4]) for row in found if row[2] == currency]
        assert rows == [(customer, len(sums), sum(sums)) for customer, sums in ranked]
    assert {row[2] for row in found} == paid.keys()


def test_discounts(shop: Shop) -> None:
    """Whatever an order includes of discounts, wherever it lies; what is said of one piece counts for each."""
    keys = {discount["id"]: discount.get("key") for discount in shop.records["cart_discounts"]}
    given: dict[Any, Decimal] = defaultdict(Decimal)
    orders: dict[Any, set[str]] = defaultdict(set)
    holders = set()
    for order in shop.orders:
        for portions, above in inside(order, "includedDiscounts"):
            pieces = (
                above[-2].get("quantity", 1) if isinstance(above[-2], dict) and "discountedPrice" in above[-2] else 1
            )
            holders.add(next(name for name, value in order.items() if value is above[1]))
            for portion in portions:
                reference, money = portion["discount"], portion["discountedAmount"]
                is_known = reference["typeId"] == "cart-discount"
                name = (keys.get(reference["id"]) or reference["id"]) if is_known else reference["typeId"]
                given[name, money["currencyCode"]] += amount(money) * pieces
                orders[name, money["currencyCode"]].add(order["id"])
    assert holders == {"lineItems", "customLineItems", "discountOnTotalPrice", "shippingInfo", "shipping"}
    found = {row[:2]: row[2:] for row in shop.ask("Discount use")}
    assert found == {group: (len(orders[group]), total) for group, total in given.items()}


def test_price_changes(shop: Shop) -> None:
    wanted: list[tuple[Any, ...]] = []
    for product in shop.records["products"]:
        if product["masterData"]["published"] and product.get("priceMode", "Embedded") == "Embedded":
            now, next_ = (prices(product["masterData"][name]) for name in ("current", "staged"))
            for price in {**now, **next_}:
                skus = [side[price][0] for side in (next_, now) if price in side]
                before, after = (shown(side[price][1]) if price in side else (None, None) for side in (now, next_))
                wanted += [(skus[0], *before, *after)] if before != after else []
    for row in shop.records["standalone_prices"]:
        staged = row.get("staged", {}).get("value")
        if staged is not None and shown(staged) != shown(row["value"]):
            wanted.append((row["sku"], *shown(row["value"]), *shown(staged)))
    assert {(None in row[1:3], None in row[3:]) for row in wanted} == {(False, False), (True, False), (False, True)}
    assert sorted(map(str, shop.ask("Price changes that wait to be published"))) == sorted(map(str, wanted))


def shown(money: dict[str, Any]) -> tuple[Decimal, str]:
    return amount(money).quantize(Decimal("1e-20")), money["currencyCode"]


def prices(data: dict[str, Any]) -> dict[tuple[Any, str], tuple[str, dict[str, Any]]]:
    variants = (data["masterVariant"], *data["variants"])
    return {
        (variant["id"], price["id"]): (variant.get("sku"), price["value"])
        for variant in variants
        for price in variant.get("prices", [])
    }
