"""The shop is the same for the same seed, has the sizes it promises, and looks like one that grew over years."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.errors import ConfigError
from commercetools_source.sandbox.shop.generate import SIZES, counts, generate
from commercetools_source.sandbox.shop.world import Dice, World, stamp

NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


def digest(size: str | int, seed: int, now: datetime = NOW) -> str:
    found = hashlib.sha256()
    for collection, parent, record in generate(size, seed, now):
        found.update(f"{collection} {parent} ".encode() + record)
    return found.hexdigest()


@pytest.fixture(scope="module")
def small() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for collection, _, record in generate(1000, 5, NOW):
        found[collection].append(msgspec.json.decode(record))
    return found


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert digest("tiny", 1) == digest("tiny", 1)


def test_a_tiny_shop_is_made_once_and_a_large_one_is_streamed() -> None:
    assert all(one is two for one, two in zip(generate("tiny", 1, NOW), generate("tiny", 1, NOW), strict=True))
    assert next(generate("large", 1, NOW))[0] == next(generate("large", 1, NOW))[0] == "/"  # at once


def test_another_seed_or_another_now_gives_another_shop() -> None:
    assert len({digest("tiny", 1), digest("tiny", 2), digest("tiny", 1, NOW + timedelta(days=1))}) == 3


def test_a_now_without_zone_is_utc() -> None:
    assert digest("tiny", 1, NOW.replace(tzinfo=None)) == digest("tiny", 1)


@pytest.mark.parametrize("size", ["huge", "", 0, 99, -5])
def test_an_unknown_size_is_refused_with_the_legal_ones(size: str | int) -> None:
    with pytest.raises(ConfigError, match="tiny, small, demo, large or a number of orders of at least 100"):
        generate(size, 1, NOW)


def test_a_burst_below_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match="burst of the sample shop is -1"):
        generate("tiny", 1, NOW, burst=-1)


def test_the_demo_has_what_was_promised() -> None:
    found = counts("demo")
    assert found["order"] >= 20_000
    assert found["customer"] >= 12_000
    assert found["payment"] >= 20_000
    assert found["product"] == 1_500
    assert found["inventory-entry"] == 6_000
    assert found["cart"] == 5_000


def test_the_large_shop_has_a_million_records() -> None:
    found = counts("large")
    assert {found[kind] for kind in ("order", "payment", "inventory-entry")} == {200_000}
    messages = 200_000  # at most: see shop_messages
    assert sum(found.by_type.values()) + messages > 1_000_000


@pytest.mark.parametrize("size", ["tiny", 500])
def test_collections_have_at_least_the_counted_records(size: str | int) -> None:
    made = Counter(collection for collection, _, _ in generate(size, 1, NOW))
    expected = counts(size)
    paths = {
        "order": "/orders",
        "customer": "/customers",
        "product": "/products",
        "inventory-entry": "/inventory",
        "cart": "/carts",
        "payment": "/payments",
        "review": "/reviews",
        "category": "/categories",
        "variant": "/variants",
    }
    for kind, path in paths.items():
        assert expected[kind] <= made[path] <= expected[kind] + 60, path


def test_every_size_is_larger_than_the_one_before() -> None:
    orders = [counts(size)["order"] for size in SIZES]
    assert orders == sorted(set(orders))


def test_every_record_is_one_line_of_compact_json() -> None:
    for collection, parent, record in generate("tiny", 4, NOW):
        assert collection.startswith("/")
        assert isinstance(parent, str)
        assert record == msgspec.json.encode(msgspec.json.decode(record)), collection
        assert b"\n" not in record


def test_no_record_was_created_or_changed_in_the_last_ten_minutes(small: dict[str, list[Any]]) -> None:
    latest = stamp(int((NOW - timedelta(minutes=10)).timestamp() * 1000))
    for records in small.values():
        for record in records:
            created = record.get("createdAt", "")
            modified = record.get("lastModifiedAt", created)
            assert created <= modified < latest


def test_versions_start_at_one_and_grow_with_changes(small: dict[str, list[Any]]) -> None:
    versions = [record["version"] for record in small["/orders"]]
    assert min(versions) == 1
    assert max(versions) > 10


def test_the_shop_grew_over_three_years(small: dict[str, list[Any]]) -> None:
    for path in ("/orders", "/customers"):
        days = sorted(record["createdAt"] for record in small[path])
        assert days[0] < "2024-01"
        assert days[-1] > "2026-11"


def test_bulk_imports_share_a_millisecond(small: dict[str, list[Any]]) -> None:
    for path, least in (("/orders", 25), ("/customers", 15), ("/inventory", 8)):
        assert Counter(record["createdAt"] for record in small[path]).most_common(1)[0][1] >= least


@pytest.mark.parametrize("burst", [700, 5000])
def test_as_many_records_as_wanted_share_a_millisecond(burst: int) -> None:
    at: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for collection, _, record in generate(1000, 1, NOW, burst=burst):
        value = msgspec.json.decode(record)
        at[collection][value.get("createdAt", ""), value.get("lastModifiedAt", "")] += 1
    for collection, total in (("/orders", 1000), ("/payments", 1000), ("/customers", 620)):
        assert at[collection].most_common(1)[0][1] == min(burst, total)


def test_a_bulk_update_shares_a_millisecond(small: dict[str, list[Any]]) -> None:
    changed = Counter(r["lastModifiedAt"] for r in small["/orders"] if r["lastModifiedAt"] != r["createdAt"])
    assert changed.most_common(1)[0][1] >= 20


def test_some_records_changed_on_the_last_day(small: dict[str, list[Any]]) -> None:
    assert [record for record in small["/orders"] if record["lastModifiedAt"] > "2026-11-23T12"]


def test_products_differ_as_in_a_real_shop(small: dict[str, list[Any]]) -> None:
    products = small["/products"]
    data = [product["masterData"] for product in products]
    assert any(len(part["current"]["variants"]) == 99 for part in data)
    assert any(not part["published"] for part in data)
    assert any(part["hasStagedChanges"] and part["staged"] != part["current"] for part in data)
    assert any(product.get("priceMode") == "Standalone" for product in products)
    prices = [price for part in data for price in part["current"]["masterVariant"].get("prices", ())]
    assert {price["value"]["currencyCode"] for price in prices} >= {"EUR", "USD", "JPY", "KWD"}
    assert any(price["value"]["type"] == "highPrecision" for price in prices)
    for name in ("tiers", "customerGroup", "channel", "validFrom", "custom", "discounted", "country", "key"):
        assert any(name in price for price in prices), name


def test_categories_are_a_tree(small: dict[str, list[Any]]) -> None:
    by_id = {category["id"]: category for category in small["/categories"]}
    depths = set()
    for category in by_id.values():
        ancestors = [reference["id"] for reference in category["ancestors"]]
        depths.add(len(ancestors))
        assert category.get("parent", {}).get("id") == (ancestors[-1] if ancestors else None)
        if ancestors:
            above = [reference["id"] for reference in by_id[ancestors[-1]]["ancestors"]]
            assert ancestors == [*above, ancestors[-1]]
    assert len(depths) >= 3


def test_addresses_and_texts_are_of_several_countries_and_scripts(small: dict[str, list[Any]]) -> None:
    addresses = [address for customer in small["/customers"] for address in customer["addresses"]]
    assert {address["country"] for address in addresses} >= {"DE", "FR", "US", "GB", "JP", "KW", "AT"}
    emails = {customer["email"] for customer in small["/customers"]}
    assert all(email.endswith("@example.com") for email in emails)
    text = msgspec.json.encode(small["/products"]).decode() + msgspec.json.encode(addresses).decode()
    for piece in ("📦", '\\"', "\\n", "ß", "京"):
        assert piece in text or piece in msgspec.json.encode(small["/orders"]).decode(), piece


def test_orders_are_in_every_state(small: dict[str, list[Any]]) -> None:
    orders = small["/orders"]
    assert {order["orderState"] for order in orders} == {"Open", "Confirmed", "Complete", "Cancelled"}
    assert {order.get("paymentState") for order in orders} >= {"BalanceDue", "Failed", "Pending", "CreditOwed", "Paid"}
    assert {order["shippingMode"] for order in orders} == {"Single", "Multiple"}
    for name in ("returnInfo", "syncInfo", "customLineItems", "discountCodes", "directDiscounts"):
        assert any(order[name] for order in orders), name
    for name in ("store", "businessUnit", "state", "custom", "anonymousId", "discountOnTotalPrice", "cart", "quote"):
        assert any(name in order for order in orders), name


def test_messages_are_one_version_old_and_within_their_retention(small: dict[str, list[Any]]) -> None:
    oldest = stamp(int((NOW - timedelta(days=90)).timestamp() * 1000))
    for message in small["/messages"]:
        assert message["version"] == 1
        assert message["createdAt"] == message["lastModifiedAt"] > oldest
    assert small["/"][0]["messages"] == {"enabled": True, "deleteDaysAfterCreation": 90}


@given(st.integers(0, 10**6), st.sampled_from(["order", "customer"]))
def test_an_id_depends_on_seed_kind_and_number_only(number: int, kind: str) -> None:
    worlds = [World.of(counts(size), 1, NOW) for size in ("tiny", "demo")]
    assert worlds[0].uid(kind, number) == worlds[1].uid(kind, number)
    assert World.of(counts("tiny"), 2, NOW).uid(kind, number) != worlds[0].uid(kind, number)


@given(st.integers(0, 4_000_000_000_000))
def test_a_stamp_is_what_datetime_writes(ms: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=ms)
    assert stamp(ms) == moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03}Z"


@given(st.integers(), st.integers(-50, 50), st.integers(0, 100))
def test_dice_stay_within_their_bounds(seed: int, low: int, more: int) -> None:
    dice = Dice(seed)
    assert low <= dice.between(low, low + more) <= low + more
    assert 0 <= dice.below(more + 1) <= more
    assert dice.chance(100)
    assert not dice.chance(0)
