"""Discounts of the generated shop: on carts, by code, and on products.

https://docs.commercetools.com/api/projects/cartDiscounts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.sandbox.shop.types import Customs, localized
from commercetools_source.sandbox.shop.words import ADJECTIVES, CENT_RATES
from commercetools_source.sandbox.shop.world import Json, Rows, World, money, precise, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

from commercetools_source.sandbox.shop.basics import (
    distribution_channels,
    local_amount,
    row,
    store_key,
    supply_channels,
)


def _discount_values(world: World) -> Iterator[tuple[Json, Json | None]]:
    every = [money(currency, local_amount(currency, 500)) for currency in sorted(CENT_RATES)]
    lines: Json = {"type": "lineItems", "predicate": 'sku != "nothing"'}
    custom_lines: Json = {"type": "customLineItems", "predicate": "1 = 1"}
    unit: Json = {"type": "CountOnLineItemUnits", "predicate": "1 = 1", "minCount": 2, "maxCount": 4, "excludeCount": 1}
    pattern: Json = {
        "type": "pattern",
        "triggerPattern": [unit],
        "targetPattern": [{**unit, "type": "CountOnCustomLineItemUnits"}],
        "maxOccurrence": 3,
        "selectionMode": "MostExpensive",
    }
    multi_buy: Json = {
        "type": "multiBuyLineItems",
        "predicate": "1 = 1",
        "triggerQuantity": 3,
        "discountedQuantity": 1,
        "maxOccurrence": 2,
        "selectionMode": "Cheapest",
    }
    relative: Json = {"type": "relative", "permyriad": 1500}
    yield relative, lines
    yield (
        {"type": "relative", "permyriad": 1000, "applicationMode": "ProportionateDistribution"},
        {"type": "totalPrice"},
    )
    yield {"type": "absolute", "money": every}, lines
    yield {"type": "absolute", "money": every, "applicationMode": "EvenDistribution"}, {"type": "totalPrice"}
    yield {"type": "fixed", "money": [*every, precise("EUR", 1_234_567, 5)]}, lines
    yield {"type": "fixed", "money": every, "applicationMode": "IndividualApplication"}, custom_lines
    gift: Json = {"type": "giftLineItem", "product": world.ref("product", 1), "variantId": 1}
    supply = {"typeId": "channel", "id": world.uid("channel", supply_channels(world)[0])}
    distribution = {"typeId": "channel", "id": world.uid("channel", distribution_channels(world)[0])}
    yield {**gift, "supplyChannel": supply, "distributionChannel": distribution}, None
    yield relative, {"type": "shipping"}
    yield relative, pattern
    yield relative, multi_buy
    yield relative, {**multi_buy, "type": "multiBuyCustomLineItems", "selectionMode": "MostExpensive"}


# https://docs.commercetools.com/api/projects/cartDiscounts
def cart_discounts(world: World, customs: Customs) -> Rows:
    """Yield cart discounts of every kind of value and target."""
    dice = world.dice("cart-discounts")
    total = world.counts["cart-discount"]
    times = world.times("cart-discount", total)
    values = list(_discount_values(world))
    scopes: tuple[Json, ...] = (
        {"type": "AnyOrder"},
        {"type": "NonRecurringOrdersOnly"},
        {"type": "RecurringOrdersOnly"},
        {"type": "ApplicableRecurrencePolicies", "recurrencePolicies": [world.ref("recurrence-policy", 0)]},
    )
    for number in range(total):
        value, target = values[number % len(values)]
        record = {
            **times.base(world.uid("cart-discount", number), number),
            "key": f"cart-discount-{number}",
            "name": {"en": f"{dice.one(ADJECTIVES['en'])} deal {number}", "de": f"Angebot Nr. {number}"},
            "description": localized(dice),
            "value": value,
            "cartPredicate": 'totalPrice > "10 EUR"' if number % 3 else "1 = 1",
            "sortOrder": f"0.{number + 10:03}1",
            "stores": [{"typeId": "store", "key": store_key(world, number)}] if number % 4 == 0 else [],
            "isActive": number % 5 != 4,  # noqa: PLR2004 - every fifth one
            "requiresDiscountCode": number % 2 == 0,
            "references": [world.ref("category", number)] if number % 3 == 0 else [],
            "stackingMode": "Stacking" if number % 3 else "StopAfterThisDiscount",
            "recurringOrderScope": scopes[number % len(scopes)],
        }
        if target is not None:
            record["target"] = target
        if number % 3 == 1:
            record["validFrom"] = stamp(world.latest - 86_400_000 * 200)
            record["validUntil"] = stamp(world.latest + 86_400_000 * 200)
            record["discountGroup"] = world.ref("discount-group", number)
        if number % 4 == 1:
            record["custom"] = customs.value("cart-discount", dice)
        yield row("/cart-discounts", record)


# https://docs.commercetools.com/api/projects/discountCodes
def discount_codes(world: World, customs: Customs) -> Rows:
    """Yield discount codes, most of them generated in one go."""
    dice = world.dice("discount-codes")
    total = world.counts["discount-code"]
    times = world.times("discount-code", total)
    for number in range(total):
        record = {
            **times.base(world.uid("discount-code", number), number),
            "key": f"code-{number}",
            "name": {"en": f"Code {number}", "de": f"Gutschein {number}"},
            "description": localized(dice),
            "code": f"SAVE-{world.uid('code', number)[:8].upper()}",
            "cartDiscounts": [world.ref("cart-discount", number * 2)],
            "cartPredicate": "1 = 1",
            "stores": [{"typeId": "store", "key": store_key(world, number)}] if dice.chance(20) else [],
            "isActive": dice.chance(80),
            "references": [],
            "groups": [f"campaign-{number % 4}"] if dice.chance(50) else [],
            "maxApplications": dice.between(1, 1000),
            "maxApplicationsPerCustomer": 1,
            "applicationVersion": dice.between(0, 40),
        }
        if dice.chance(30):
            record["validFrom"] = stamp(world.latest - 86_400_000 * dice.between(30, 400))
            record["validUntil"] = stamp(world.latest + 86_400_000 * dice.between(0, 90))
        if dice.chance(20):
            record["custom"] = customs.value("discount-code", dice)
        yield row("/discount-codes", record)


# https://docs.commercetools.com/api/projects/productDiscounts
def product_discounts(world: World) -> Rows:
    """Yield product discounts of every kind of value."""
    dice = world.dice("product-discounts")
    total = world.counts["product-discount"]
    times = world.times("product-discount", total)
    every = [money(currency, local_amount(currency, 300)) for currency in sorted(CENT_RATES)]
    values: tuple[Json, ...] = (
        {"type": "relative", "permyriad": 2000},
        {"type": "absolute", "money": every},
        {"type": "external"},
    )
    for number in range(total):
        record = {
            **times.base(world.uid("product-discount", number), number),
            "key": f"product-discount-{number}",
            "name": {"en": f"Sale {number}", "fr": f"Soldes n° {number}"},
            "description": localized(dice),
            "value": values[number % len(values)],
            "predicate": f'product.id = "{world.known("product", number)}"',
            "sortOrder": f"0.{number + 1:02}1",
            "isActive": number % 3 != 1,
            "references": [world.ref("product", number)],
        }
        if number % 2:
            record["validFrom"] = stamp(world.latest - 86_400_000 * 100)
            record["validUntil"] = stamp(world.latest + 86_400_000 * 30)
        yield row("/product-discounts", record)
