"""Smaller collections of the generated shop: reviews, shopping lists, custom objects, variants and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.shop.basics import KEEP_DAYS, row, state_id, store_key
from commercetools_source.sandbox.shop.catalog import product_names, product_slugs, sku
from commercetools_source.sandbox.shop.people import person, unit_key
from commercetools_source.sandbox.shop.quotes import quotes
from commercetools_source.sandbox.shop.types import localized
from commercetools_source.sandbox.shop.words import FIRST_NAMES, PAYMENT_INTERFACES, PAYMENT_METHODS, SENTENCES
from commercetools_source.sandbox.shop.world import Dice, Json, Rows, World, stamp

if TYPE_CHECKING:
    from commercetools_source.sandbox.shop.baskets import Baskets
    from commercetools_source.sandbox.shop.catalog import Catalog
    from commercetools_source.sandbox.shop.types import Customs

_DAY = 86_400_000
# Containers of custom objects; keys repeat from one to the next.
CONTAINERS = ("settings", "erp-sync", "size-guides", "feature_flags", "Store-Locator")


# https://docs.commercetools.com/api/projects/reviews
def reviews(world: World, customs: Customs) -> Rows:
    """Yield reviews of products and of channels, with ratings that may be missing."""
    dice = world.dice("reviews")
    total = world.counts["review"]
    times = world.times("review", total)
    for number in range(total):
        type_id = "channel" if number % 6 == 0 else "product"
        record = {
            **times.base(world.uid("review", number), number),
            "key": f"review-{number}",
            "uniquenessValue": f"once-{number}",
            "authorName": dice.one(FIRST_NAMES),
            "title": f"{dice.one(('Great', 'Nicht schlecht', 'Décevant', '最高'))} #{number}",
            "text": dice.one(SENTENCES[dice.one(("en", "de", "fr"))]),
            "target": world.ref(type_id, dice.below(10**6)),
            "includedInStatistics": dice.chance(80),
            "customer": world.ref("customer", dice.below(10**6)),
        }
        if dice.chance(85):
            record["rating"] = dice.between(-100, 100)
        if dice.chance(70):
            record["locale"] = dice.one(("en", "de", "fr"))
        if dice.chance(60):
            record["state"] = {"typeId": "state", "id": state_id(world, "ReviewState", number)}
        if dice.chance(15):
            record["custom"] = customs.value("review", dice)
        yield row("/reviews", record)


def _wish(catalog: Catalog, dice: Dice, base: Json, number: int, step: int) -> Json:
    """Return a line item of shopping list `number`, whose id and times are in `base`."""
    product = dice.below(catalog.world.counts["product"])
    item: Json = {
        "id": catalog.world.uid(f"wish/{number}", step),
        "addedAt": base["createdAt"],
        "productId": catalog.world.uid("product", product),
        "productType": {"typeId": "product-type", "id": catalog.type_id(product)},
        "name": product_names(product),
        "productSlug": product_slugs(product),
        "published": True,
        "quantity": dice.between(1, 4),
        "variantId": 1,
    }
    if dice.chance(10):
        item["deactivatedAt"] = base["lastModifiedAt"]
    return item


# https://docs.commercetools.com/api/projects/shoppingLists
def shopping_lists(world: World, customs: Customs, catalog: Catalog) -> Rows:
    """Yield shopping lists with products, free text, or nothing in them."""
    dice = world.dice("shopping-lists")
    total = world.counts["shopping-list"]
    times = world.times("shopping-list", total)
    for number in range(total):
        base = times.base(world.uid("shopping-list", number), number)
        items = [_wish(catalog, dice, base, number, step) for step in range(dice.one((0, 1, 2, 3, 8)))]
        record = {
            **base,
            "key": f"list-{number}",
            "name": {"en": f"Wish list {number}", "de": f"Wunschliste {number} 💡"},
            "slug": {"en": f"list-{number}"},
            "lineItems": items,
            "textLineItems": [
                {
                    "id": world.uid(f"text-wish/{number}", step),
                    "addedAt": base["createdAt"],
                    "name": {"en": "Something blue"},
                    "description": localized(dice),
                    "quantity": 1,
                }
                for step in range(dice.below(2))
            ],
        }
        if dice.chance(80):
            record["customer"] = world.ref("customer", dice.below(10**6))
        else:
            record |= {"anonymousId": f"guest-{number}", "deleteDaysAfterLastModification": KEEP_DAYS}
        if dice.chance(40):
            record["store"] = {"typeId": "store", "key": store_key(world, number)}
        if dice.chance(15):
            record["custom"] = customs.value("shopping-list", dice)
        yield row("/shopping-lists", record)


def _custom_value(world: World, dice: Dice, number: int) -> Any:
    samples: tuple[Any, ...] = (
        {"enabled": dice.chance(50), "limit": dice.between(1, 99)},
        [1, 2.5, "three", None, {"four": [4]}],
        'just text with "quotes" and\nlines',
        dice.between(-5, 5_000_000_000),
        False,
        {"rows": [{"size": "M", "chest": [96.5, 101]}], "unit": "cm", "größe": "ü"},
        {"reference": world.ref("product", number), "at": stamp(world.latest - number)},
    )
    return samples[number % len(samples)]


# https://docs.commercetools.com/api/projects/custom-objects
def custom_objects(world: World) -> Rows:
    """Yield custom objects in several containers; the same keys exist in more than one of them."""
    dice = world.dice("custom-objects")
    total = world.counts["key-value-document"]
    times = world.times("key-value-document", total)
    for number in range(total):
        record = {
            **times.base(world.uid("key-value-document", number), number),
            "container": CONTAINERS[number % len(CONTAINERS)],
            "key": f"entry-{number // len(CONTAINERS)}",
            "value": _custom_value(world, dice, number),
            "createdBy": {"clientId": world.client(number)},
        }
        yield row("/custom-objects", record)


def variants(catalog: Catalog) -> Rows:
    """Yield variants as records of their own, for the first variants of the shop."""
    world = catalog.world
    total = min(world.counts["variant"], catalog.skus[-1])
    times = world.times("variant", total)
    shown = ("sku", "images", "attributes", "assets")
    for number in range(total):
        product, variant = catalog.at(number)
        data: Json = msgspec.json.decode(catalog.variant(product, variant, []))
        current = {name: data[name] for name in shown}
        record = {
            **times.base(world.uid("variant", number), number),
            "key": f"variant-{sku(product, variant).lower()}",
            "variantId": variant,
            "product": {"typeId": "product", "id": world.uid("product", product)},
            "published": number % 9 != 0,
            "current": current,
        }
        if number % 4 == 0:
            record["staged"] = {**current, "images": []}
        yield row("/variants", record)


# https://docs.commercetools.com/api/projects/payment-methods
def payment_methods(world: World, customs: Customs) -> Rows:
    """Yield stored ways to pay; their tokens are masked."""
    dice = world.dice("payment-methods")
    total = world.counts["payment-method"]
    times = world.times("payment-method", total)
    for number in range(total):
        method, name = PAYMENT_METHODS[number % 3]
        record = {
            **times.base(world.uid("payment-method", number), number),
            "key": f"payment-method-{number}",
            "name": name,
            "method": method,
            "paymentInterface": PAYMENT_INTERFACES[number % 3],
            "interfaceAccount": f"account-{number % 4}",
            "token": {"value": "****"},
            "paymentMethodStatus": "Active" if dice.chance(90) else "Inactive",
            "default": dice.chance(30),
            "customer": world.ref("customer", number * 7),
        }
        if dice.chance(20):
            record["businessUnit"] = {"typeId": "business-unit", "key": unit_key(world, number)}
        if dice.chance(20):
            record["custom"] = customs.value("payment-method", dice)
        yield row("/payment-methods", record)


# https://docs.commercetools.com/api/projects/recurring-orders
def recurring_orders(world: World, customs: Customs) -> Rows:
    """Yield recurring orders on both kinds of schedule."""
    dice = world.dice("recurring-orders")
    total = world.counts["recurring-order"]
    times = world.times("recurring-order", total)
    schedules = (
        {"type": "standard", "value": 2, "intervalUnit": "Weeks"},
        {"type": "dayOfMonth", "day": 15},
        {"type": "standard", "value": 1, "intervalUnit": "Months"},
        {"type": "standard", "value": 10, "intervalUnit": "Days"},
    )
    for number in range(total):
        base = times.base(world.uid("recurring-order", number), number)
        who = person(world, number * 11)
        record = {
            **base,
            "key": f"recurring-{number}",
            "cart": world.ref("cart", number),
            "originOrder": world.ref("order", number * 13),
            "startsAt": base["createdAt"],
            "lastOrderAt": base["lastModifiedAt"],
            "nextOrderAt": stamp(world.latest + dice.between(1, 30) * _DAY),
            "schedule": schedules[number % len(schedules)],
            "recurringOrderState": dice.one(("Active", "Active", "Active", "Paused", "Expired", "Canceled", "Failed")),
            "customer": {"typeId": "customer", "id": world.uid("customer", who.number)},
            "customerEmail": who.email,
        }
        if dice.chance(50):
            record["store"] = {"typeId": "store", "key": store_key(world, number)}
            record["state"] = {"typeId": "state", "id": state_id(world, "RecurringOrderState", number)}
        if dice.chance(20):
            record["skipConfiguration"] = {"type": "Counter", "totalToSkip": 2, "skipped": 1}
        if dice.chance(20):
            record["custom"] = customs.value("recurring-order", dice)
        yield row("/recurring-orders", record)


def extras(world: World, customs: Customs, catalog: Catalog, baskets: Baskets) -> Rows:
    """Yield all smaller collections."""
    yield from reviews(world, customs)
    yield from shopping_lists(world, customs, catalog)
    yield from custom_objects(world)
    yield from variants(catalog)
    yield from payment_methods(world, customs)
    yield from recurring_orders(world, customs)
    yield from quotes(world, baskets)
