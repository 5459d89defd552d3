"""More questions of docs/analytics.md, each compared with what the records say, counted one by one in exact fractions.

The shop is changed first, so that it has what a hasty query overlooks: MISTAKES lists such queries.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync
from marts import value
from questions import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAMS = (
    "orders",
    "carts",
    "payments",
    "products",
    "categories",
    "inventory",
    "reviews",
    "business_units",
    "variants",
)
NOW = datetime(2026, 11, 2, 6, tzinfo=timezone.utc)
NOT_CANCELLED = "orderState <> 'Cancelled'"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    path = tmp_path_factory.mktemp("analytics") / "shop.duckdb"
    # At one hour, as months and days decide what a cohort and an abandoned cart are.
    with Sandbox("tiny", now=NOW) as sandbox, Client(sandbox.settings()) as client:
        change_orders(sandbox)
        change_carts(sandbox)
        change_products(sandbox)
        payment = next(
            payment
            for payment in sandbox.records("payments")
            if {transaction["state"] for transaction in payment["transactions"]} == {"Failure"}
        )
        second = {**payment["transactions"][0], "id": "second-try", "type": "Charge", "state": "Success"}
        sandbox.update("payments", payment["id"], {"transactions": [*payment["transactions"], second]})
        sandbox.clock.advance(3600)
        assert sync(client, DuckDB(path), streams=STREAMS).complete
        yield Shop(path, {name: sandbox.records(name) for name in STREAMS})


def change_orders(sandbox: Sandbox) -> None:
    """Let divisions of each depth order, in two currencies, with and without calculated taxes."""
    keys = [unit["key"] for unit in sandbox.records("business_units")]
    orders = [order for order in sandbox.records("orders") if "businessUnit" not in order]
    untaxed = [order for order in orders if "taxedPrice" not in order]
    dollars = [order for order in orders if order["totalPrice"]["currencyCode"] == "USD"]
    for number, order in enumerate((*untaxed[:3], *dollars, *orders[:20])):
        unit = {"typeId": "business-unit", "key": keys[number % len(keys)]}
        sandbox.update("orders", order["id"], {"businessUnit": unit})


def change_carts(sandbox: Sandbox) -> None:
    """Add old active carts that are empty or a merchant's, and let a customer be busy with another."""
    carts = [cart for cart in sandbox.records("carts") if cart["cartState"] == "Active" and cart["lineItems"]]
    active = sorted(
        (cart for cart in carts if cart["origin"] == "Customer"), key=lambda cart: str(cart["lastModifiedAt"])
    )
    old = {name: field for name, field in active[0].items() if name not in {"id", "key"}}
    sandbox.create("carts", {**old, "lineItems": []})
    sandbox.create("carts", {**old, "origin": "Merchant"})
    sandbox.update("carts", active[1]["id"], {"locale": "en"})


def change_products(sandbox: Sandbox) -> None:
    """List a product in a category and its parent, stage others, and sell out what is sold elsewhere or not at all."""
    products = sandbox.records("products")
    published = [product for product in products if product["masterData"]["published"]]
    hidden = next(product for product in products if not product["masterData"]["published"])
    hidden_sku = hidden["masterData"]["current"]["masterVariant"]["sku"]
    child = next(category for category in sandbox.records("categories") if len(category["ancestors"]) == 2)
    both = [{"typeId": "category", "id": child["id"]}, child["parent"]]
    sold = Counter(item["productId"] for order in sandbox.records("orders") for item in order["lineItems"])
    first, second = sorted(published, key=lambda product: -sold[product["id"]])[:2]
    sandbox.update("products", first["id"], {"masterData.current.categories": both})
    sandbox.update("products", second["id"], {"masterData.staged.categories": both})

    stock = [entry for entry in sandbox.records("inventory") if entry["sku"] != hidden_sku]
    elsewhere, oversold = [entry["sku"] for entry in stock if entry["availableQuantity"] > 0][:2]
    channel = {"typeId": "channel", "id": sandbox.records("channels")[-1]["id"]}
    for sku, quantity in ((elsewhere, 0), (oversold, -100_000), (hidden_sku, 0)):
        entry = {"sku": sku, "quantityOnStock": quantity, "availableQuantity": quantity, "supplyChannel": channel}
        sandbox.create("inventory", entry)
    for entry in sandbox.records("inventory"):
        if entry["sku"] == hidden_sku:
            sandbox.update("inventory", entry["id"], {"quantityOnStock": 0, "availableQuantity": 0})

    rated = [review for review in sandbox.records("reviews") if "rating" in review]
    review = next(review for review in rated if review["target"]["typeId"] == "product")
    sandbox.update("reviews", review["id"], {"includedInStatistics": False})
    another = {name: field for name, field in rated[-1].items() if name not in {"id", "key", "uniquenessValue"}}
    sandbox.create("reviews", {**another, "rating": another["rating"] - 7, "target": review["target"]})


MISTAKES = {
    "cancelled orders have a value": ("Average order value", f"{NOT_CANCELLED} AND ", ""),
    "orders have a value with taxes or without": (
        "Average order value",
        "avg(taxedPrice_totalNet_amount)",
        "avg(totalPrice_amount)",
    ),
    "currencies are mixed": ("Average order value", "taxedPrice_totalNet_currency AS currency", "'EUR' AS currency"),
    "cancelled orders are repeated": ("Repeat rate", f"{NOT_CANCELLED} AND ", ""),
    "everybody without an account is one customer": ("Repeat rate", " AND customerId IS NOT NULL", ""),
    "cancelled orders begin a cohort": ("Cohorts", f"{NOT_CANCELLED} AND ", ""),
    "orders are counted for customers": ("Cohorts", "count(DISTINCT customerId)", "count(*)"),
    "guests are a cohort": ("Cohorts", " AND customerId IS NOT NULL", ""),
    "parents have nothing of their children": (
        "Best sellers by category",
        "parent ON parent.categoryId = listed.category_id",
        "parent ON false",
    ),
    "a product is twice in a parent": ("Best sellers by category", "UNION\n", "UNION ALL\n"),
    "staged categories sell": (
        "Best sellers by category",
        "FROM product_categories WHERE NOT staged",
        "FROM product_categories",
    ),
    "what is cancelled sells": ("Best sellers by category", f" AND orders.{NOT_CANCELLED}", ""),
    "a channel without stock is a shop without it": (
        "Out of stock",
        "max(stock.availableQuantity)",
        "min(availableQuantity)",
    ),
    "what one channel oversold takes the stock of another": (
        "Out of stock",
        "max(stock.availableQuantity)",
        "available",
    ),
    "what is not published is missed": ("Out of stock", " AND products.masterData_published", ""),
    "empty carts are abandoned": ("Abandoned carts", " AND id IN (SELECT cartId FROM cart_line_items)", ""),
    "carts of merchants are abandoned": ("Abandoned carts", "origin = 'Customer' AND ", ""),
    "carts in use are abandoned": (
        "Abandoned carts",
        "lastModifiedAt < (SELECT max(lastModifiedAt) FROM carts) - INTERVAL 1 DAY",
        "true",
    ),
    "merged carts are ordered": ("Abandoned carts", "cartState = 'Ordered'", "cartState <> 'Active'"),
    "refunds fail to be paid": ("Payment failures", "WHERE type IN ('Authorization', 'Charge')", ""),
    "a second try does not count": ("Payment failures", "failed AND NOT succeeded) AS lost,", "failed) AS lost,"),
    "what was paid later is lost": (
        "Payment failures",
        "FILTER (WHERE failed AND NOT succeeded) AS lost_amount",
        "FILTER (WHERE failed) AS lost_amount",
    ),
    "reviews that do not count are rated": ("Ratings", "review.includedInStatistics AND ", ""),
    "reviews without a rating are rated": ("Ratings", " AND review.rating IS NOT NULL", ""),
    "products are rated once for each version": ("Ratings", " AND NOT product.staged", ""),
    "cancelled orders are spent": ("Spending of business units", f"WHERE {NOT_CANCELLED}", ""),
    "divisions of divisions spend nothing": (
        "Spending of business units",
        "division.parentUnit_key = units.key",
        "division.parentUnit_key = units.key AND units.key = units.unit",
    ),
    "orders without taxes are not spent": (
        "Spending of business units",
        "coalesce(taxedPrice_totalGross_amount, totalPrice_amount)",
        "taxedPrice_totalGross_amount",
    ),
}
"""What the page's queries would answer wrongly without a word: a question, what it says, what a hasty author writes."""


@pytest.mark.few(12)
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_each_of_these_mistakes_changes_what_the_shop_answers(shop: Shop, mistake: tuple[str, str, str]) -> None:
    assert shop.responds_otherwise(*mistake)


def near(number: Fraction) -> Any:
    """Averages are floats, whose last digit may differ."""
    return pytest.approx(float(number), rel=1e-12)


def test_average_order(shop: Shop) -> None:
    prices: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for order in shop.orders:
        if "taxedPrice" in order:
            year = int(order["createdAt"].partition("-")[0])
            prices[year, order["totalPrice"]["currencyCode"]].append(order["taxedPrice"])
    averages = {
        group: tuple(
            near(sum((value(price[total]) for price in taxed), Fraction(0)) / len(taxed))
            for total in ("totalNet", "totalGross")
        )
        for group, taxed in prices.items()
    }
    rows = shop.ask("Average order value")
    assert {row[:2]: row[3:] for row in rows} == averages
    assert {row[:2]: row[2] for row in rows} == {group: len(taxed) for group, taxed in prices.items()}
    assert len(rows) == len(prices)


def test_repeat_rate(shop: Shop) -> None:
    years = [sorted(int(month[:4]) for month in months) for months in months_of_customers(shop).values()]
    first = Counter(bought[0] for bought in years)
    again = Counter(bought[0] for bought in years if len(bought) > 1)
    assert again
    expected = [
        (year, first[year], again[year], near(Fraction(again[year], first[year])))
        for year in sorted(first, reverse=True)
    ]
    assert shop.ask("Repeat rate") == expected


def months_of_customers(shop: Shop) -> dict[str, list[str]]:
    months: dict[str, list[str]] = defaultdict(list)
    for order in shop.orders:
        if "customerId" in order:
            months[order["customerId"]].append(order["createdAt"][:7])
    return months


def test_cohorts(shop: Shop) -> None:
    customers: dict[tuple[str, int], set[str]] = defaultdict(set)
    sizes: Counter[str] = Counter()
    for customer, months in months_of_customers(shop).items():
        sizes[min(months)] += 1
        for month in months:
            customers[min(months), distance(min(months), month)].add(customer)
    assert any(later for _, later in customers)
    rows = shop.ask("Cohorts")
    assert {(row[0].strftime("%Y-%m"), row[1]): row[2:] for row in rows} == {
        group: (len(ids), near(Fraction(len(ids), sizes[group[0]]))) for group, ids in customers.items()
    }
    assert len(rows) == len(customers)


def distance(first: str, second: str) -> int:
    (year, month), (later_year, later_month) = (map(int, text.split("-")) for text in (first, second))
    return 12 * (later_year - year) + later_month - month


def test_best_sellers_by_category(shop: Shop) -> None:
    """Each piece goes up the tree from the product's categories, by their parents."""
    categories = {category["id"]: category for category in shop.records["categories"]}
    products = {product["id"]: product for product in shop.records["products"]}
    pieces: dict[str, Counter[str]] = defaultdict(Counter)
    for order in shop.orders:
        for item in order["lineItems"]:
            product = products.get(item["productId"])
            listed = product["masterData"]["current"]["categories"] if product else []
            for category in {above for reference in listed for above in (reference["id"], *up(categories, reference))}:
                pieces[category][item["productId"]] += item["quantity"]
    expected = []
    for category, counts in sorted(pieces.items(), key=lambda pair: (-sum(pair[1].values()), pair[0])):
        parents = [categories[id_]["name"].get("en") for id_ in up(categories, {"id": category})][::-1]
        names = parents or None, categories[category]["name"].get("en"), sum(counts.values())
        ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
        expected += [(category, *names, product, count) for product, count in ranked]
    rows = shop.ask("Best sellers by category")
    assert [(*row[:5], row[6]) for row in rows] == expected
    assert {len(row[1] or ()) for row in rows} == {0, 1, 2}
    named = defaultdict(set)
    for order in shop.orders:
        for item in order["lineItems"]:
            named[item["productId"]].add(item["name"].get("en"))
    assert all(row[5] in named[row[4]] for row in rows)


def up(categories: dict[str, dict[str, Any]], reference: dict[str, Any]) -> list[str]:
    parent = categories[reference["id"]].get("parent")
    return [parent["id"], *up(categories, parent)] if parent else []


def test_out_of_stock(shop: Shop) -> None:
    names, resources = {}, defaultdict(list)
    for variant in shop.records["variants"]:
        resources[variant["product"]["id"]].append(variant)
    for product in shop.records["products"]:
        if product["masterData"]["published"]:
            current, own = product["masterData"]["current"], resources[product["id"]]
            numbers = {variant["variantId"] for variant in own}
            embedded = (current["masterVariant"], *current["variants"])
            skus = [variant.get("sku") for variant in embedded if variant["id"] not in numbers]
            skus += [variant["current"].get("sku") for variant in own if variant["published"] and "current" in variant]
            names.update(dict.fromkeys(skus, current["name"].get("en")))
    entries: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in shop.records["inventory"]:
        entries[entry["sku"]].append(entry)
    expected = []
    for sku, stock in sorted(entries.items()):
        available = sum(entry["availableQuantity"] for entry in stock)
        if sku in names and not any(entry["availableQuantity"] > 0 for entry in stock):
            dates = [entry["expectedDelivery"] for entry in stock if "expectedDelivery" in entry]
            on_stock = sum(entry["quantityOnStock"] for entry in stock)
            expected.append((sku, names[sku], on_stock, available, time(min(dates)) if dates else None))
    assert expected
    assert shop.ask("Out of stock") == expected


def time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: DTZ007 - TIMESTAMP has no time zone


def test_abandonment(shop: Shop) -> None:
    newest = max(time(cart["lastModifiedAt"]) for cart in shop.records["carts"])
    states: dict[tuple[str, str], list[str]] = defaultdict(list)
    worth: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for cart in shop.records["carts"]:
        group = cart["createdAt"][:7], cart["totalPrice"]["currencyCode"]
        is_busy = newest - time(cart["lastModifiedAt"]) <= timedelta(days=1)
        if cart["origin"] != "Customer" or not cart["lineItems"]:
            continue
        if cart["cartState"] == "Ordered" or (cart["cartState"] == "Active" and not is_busy):
            states[group].append(cart["cartState"])
            worth[group] += value(cart["totalPrice"]) if cart["cartState"] == "Active" else 0
    rows = shop.ask("Abandoned carts")
    assert {row[:2]: (row[2], row[3], row[5] or 0) for row in rows} == {
        group: (len(group_states), group_states.count("Active"), worth[group]) for group, group_states in states.items()
    }
    assert all(row[4] == near(Fraction(row[3], row[2])) for row in rows)
    assert {bool(row[3]) for row in rows} == {True, False}
    assert len(rows) == len(states)


def test_payment_failures(shop: Shop) -> None:
    counts: dict[tuple[Any, str], Counter[str]] = defaultdict(Counter)
    lost: dict[tuple[Any, str], Fraction] = defaultdict(Fraction)
    for payment in shop.records["payments"]:
        states = [row["state"] for row in payment["transactions"] if row["type"] in {"Authorization", "Charge"}]
        if not states:
            continue
        group = payment["paymentMethodInfo"].get("method"), payment["amountPlanned"]["currencyCode"]
        counts[group]["payments"] += 1
        if "Failure" in states:
            counts[group]["failed"] += 1
            if "Success" not in states:
                counts[group]["lost"] += 1
                lost[group] += value(payment["amountPlanned"])
    rows = shop.ask("Payment failures")
    assert {row[:2]: (*row[2:5], row[5] or 0) for row in rows} == {
        group: (count["payments"], count["failed"], count["lost"], lost[group]) for group, count in counts.items()
    }
    assert len(rows) == len(counts)


def test_ratings(shop: Shop) -> None:
    names = {product["id"]: product["masterData"]["current"]["name"] for product in shop.records["products"]}
    ratings: dict[str, list[int]] = defaultdict(list)
    for review in shop.records["reviews"]:
        if review["includedInStatistics"] and "rating" in review and review.get("target", {}).get("id") in names:
            ratings[review["target"]["id"]].append(review["rating"])
    assert max(map(len, ratings.values())) > 1
    expected = [
        (product, names[product].get("en"), len(stars), near(Fraction(sum(stars), len(stars))), min(stars), max(stars))
        for product, stars in sorted(
            ratings.items(), key=lambda pair: (-Fraction(sum(pair[1]), len(pair[1])), -len(pair[1]), pair[0])
        )
    ]
    assert shop.ask("Ratings") == expected


def test_spending_of_business_units(shop: Shop) -> None:
    """Each order goes to its unit, and to whatever is above it."""
    parents = {unit["key"]: unit.get("parentUnit", {}).get("key") for unit in shop.records["business_units"]}
    totals: dict[tuple[str, str], list[Fraction]] = defaultdict(list)
    spent: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for order in shop.orders:
        currency, unit = order["totalPrice"]["currencyCode"], order.get("businessUnit", {}).get("key")
        amount = value(order["taxedPrice"]["totalGross"] if "taxedPrice" in order else order["totalPrice"])
        spent[unit, currency] += amount
        while unit is not None:
            totals[unit, currency].append(amount)
            unit = parents[unit]
    rows = shop.ask("Spending of business units")
    assert {row[:2]: (row[2], row[3] or 0, row[4]) for row in rows} == {
        group: (len(amounts), spent[group], sum(amounts)) for group, amounts in totals.items()
    }
    assert len({currency for _, currency in totals}) > 1
    assert len(rows) == len(totals)
