"""The settings of the generated shop: project, zones, taxes, channels, stores, states, shipping, discounts."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.sandbox.shop.types import Customs, localized
from commercetools_source.sandbox.shop.words import ADJECTIVES, CENT_RATES, LANGUAGES, MARKETS, STATES, Market
from commercetools_source.sandbox.shop.world import Json, Row, Rows, World, money, precise, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

SHIPPING_METHODS = (("standard", 490), ("express", 1290), ("pickup", 0), ("freight", 4900))
TAX_CATEGORIES = (("standard", 100), ("reduced", 40), ("zero", 0))
PROJECT_KEY = "sample-shop"
# Longer than the shop exists, so that no cart and no shopping list is due to be purged.
KEEP_DAYS = 1825


def row(collection: str, record: Json, parent: str = "") -> Row:
    """Return `record` as one row of `collection`."""
    return collection, parent, msgspec.json.encode(record)


def store_key(world: World, number: int) -> str:
    """Return the key of a store; `number` wraps around."""
    number %= world.counts["store"]
    return f"{MARKETS[number % len(MARKETS)].country.lower()}-store-{number}"


def state_id(world: World, state_type: str, step: int) -> str:
    """Return the id of a state of the state machine `state_type`; `step` wraps around."""
    numbers = count()
    for machine, keys in STATES:
        machine_numbers = [next(numbers) for _ in keys]
        if machine == state_type:
            return world.uid("state", machine_numbers[step % len(machine_numbers)])
    raise KeyError(state_type)


def supply_channels(world: World) -> list[int]:
    """Return the numbers of the channels that supply inventory."""
    return [number for number in range(world.counts["channel"]) if number % 3 != 1]


def distribution_channels(world: World) -> list[int]:
    """Return the numbers of the channels that distribute products."""
    return [number for number in range(world.counts["channel"]) if number % 3 != 0]


def local_amount(currency: str, euro_cents: int) -> int:
    """Return an amount of euro cents in the minor unit of `currency`."""
    return euro_cents * CENT_RATES[currency] // 100


def tax_rate(world: World, market: Market, category: int = 0) -> Json:
    """Return the tax rate of `market` in a tax category, as line items and tax categories show it."""
    key, share = TAX_CATEGORIES[category]
    amount = market.tax * share // 100
    number = category * len(MARKETS) + MARKETS.index(market)
    rate: Json = {
        "id": world.uid("tax-rate", number)[:8],
        "key": f"{key}-{market.country.lower()}",
        "name": market.tax_name if category == 0 else f"{market.tax_name} ({key})",
        "amount": amount / 100_000,
        "includedInPrice": market.tax_included,
        "country": market.country,
        "subRates": [],
    }
    if market.country == "US":
        state = amount // 2
        rate["state"] = "New York"
        rate["subRates"] = [
            {"name": "state", "amount": state / 100_000},
            {"name": "city", "amount": (amount - state) / 100_000},
        ]
    return rate


def project(world: World) -> Row:
    """Return the settings of the project."""
    activated = {
        "status": "Activated",
        "lastModifiedAt": stamp(world.latest - 900 * 86_400_000),
        "lastModifiedBy": {"clientId": world.client(0)},
    }
    return row(
        "/",
        {
            "version": 17,
            "key": PROJECT_KEY,
            "name": "Sample shop",
            "countries": sorted({market.country for market in MARKETS}),
            "currencies": sorted(CENT_RATES),
            "languages": list(LANGUAGES),
            "createdAt": stamp(world.latest - 1200 * 86_400_000),
            "trialUntil": "2030-01",
            "messages": {"enabled": True, "deleteDaysAfterCreation": 90},
            "carts": {
                "deleteDaysAfterLastModification": KEEP_DAYS,
                "countryTaxRateFallbackEnabled": False,
                "priceRoundingMode": "HalfEven",
                "taxRoundingMode": "HalfEven",
            },
            "shoppingLists": {"deleteDaysAfterLastModification": KEEP_DAYS},
            "shippingRateInputType": {
                "type": "CartClassification",
                "values": [
                    {"key": "light", "label": {"en": "Light", "de": "Leicht"}},
                    {"key": "heavy", "label": {"en": "Heavy", "de": "Schwer"}},
                ],
            },
            "externalOAuth": {"url": "https://auth.example.com/introspect", "authorizationHeader": "****"},
            "searchIndexing": {
                "products": activated,
                "productsSearch": {"status": "Indexing"},
                "orders": {"status": "Deactivated"},
                "customers": activated,
                "businessUnits": activated,
            },
            "businessUnits": {
                "myBusinessUnitStatusOnCreation": "Inactive",
                "myBusinessUnitAssociateRoleOnCreation": {"typeId": "associate-role", "key": "role-0"},
            },
            "inventory": {"reservationExpirationInMinutes": 60, "releaseExpiredReservations": True},
            "discounts": {"discountCombinationMode": "Stacking"},
            "productCatalogModel": "Classic",
        },
    )


def zones(world: World) -> Rows:
    """Yield one shipping zone for each market."""
    times = world.times("zone", len(MARKETS))
    for number, market in enumerate(MARKETS):
        states = [city.state for city in market.cities[:1] if city.state]
        locations = [{"country": market.country, "state": state} for state in states] or [{"country": market.country}]
        yield row(
            "/zones",
            {
                **times.base(world.uid("zone", number), number),
                "key": f"zone-{market.country.lower()}",
                "name": f"Zone {market.country}",
                "description": f"Everything that ships to {market.country}",
                "locations": locations,
            },
        )


def tax_categories(world: World) -> Rows:
    """Yield the tax categories, each with a rate for each market."""
    times = world.times("tax-category", len(TAX_CATEGORIES))
    for number, (key, _) in enumerate(TAX_CATEGORIES):
        yield row(
            "/tax-categories",
            {
                **times.base(world.uid("tax-category", number), number),
                "key": key,
                "name": key.title(),
                "description": f"{key} rates",
                "rates": [tax_rate(world, market, number) for market in MARKETS],
            },
        )


def customer_groups(world: World, customs: Customs) -> Rows:
    """Yield the customer groups, some with custom fields."""
    dice = world.dice("customer-groups")
    times = world.times("customer-group", world.counts["customer-group"])
    for number, name in enumerate(("Retail", "Wholesale", "Staff", "VIP ⭐", "Press", "Partners")):
        record = {
            **times.base(world.uid("customer-group", number), number),
            "key": f"group-{number}",
            "name": name,
        }
        if number % 2:
            record["custom"] = customs.value("customer-group", dice)
        yield row("/customer-groups", record)


def states(world: World) -> Rows:
    """Yield the state machines; each state leads to the next one."""
    total = sum(len(keys) for _, keys in STATES)
    times = world.times("state", total)
    numbers = count()
    for state_type, keys in STATES:
        machine_numbers = [next(numbers) for _ in keys]
        for step, key in enumerate(keys):
            record = {
                **times.base(world.uid("state", machine_numbers[step]), machine_numbers[step]),
                "key": key,
                "type": state_type,
                "name": {"en": key.replace("-", " "), "de": f"{key} (de)"},
                "description": {"en": f"Step {step + 1} of {state_type}"},
                "initial": step == 0,
                "builtIn": key == "Initial",
                "transitions": [
                    {"typeId": "state", "id": world.uid("state", number)} for number in machine_numbers[step + 1 :]
                ],
            }
            if key == "review-approved":
                record["roles"] = ["ReviewIncludedInStatistics"]
            if key == "item-returned":
                record["roles"] = ["Return"]
            yield row("/states", record)


def channels(world: World, customs: Customs) -> Rows:
    """Yield warehouses and sales channels with addresses and places on the map."""
    dice = world.dice("channels")
    total = world.counts["channel"]
    times = world.times("channel", total)
    roles = (["InventorySupply"], ["ProductDistribution", "Primary"], ["InventorySupply", "ProductDistribution"])
    for number in range(total):
        market = MARKETS[number % len(MARKETS)]
        city = dice.one(market.cities)
        record = {
            **times.base(world.uid("channel", number), number),
            "key": f"channel-{number}",
            "roles": [*roles[number % 3], *(["OrderExport", "OrderImport"] if number % 5 == 0 else [])],
            "name": {"en": f"{city.name} channel {number}"},
            "description": localized(dice),
            "address": {
                "country": market.country,
                "streetName": dice.one(market.streets),
                "streetNumber": str(1 + number),
                "postalCode": city.postal_code,
                "city": city.name,
            },
            "geoLocation": {
                "type": "Point",
                "coordinates": [
                    round(city.longitude + dice.random() / 10, 6),
                    round(city.latitude + dice.random() / 10, 6),
                ],
            },
        }
        if number % 2:
            record["custom"] = customs.value("channel", dice)
        yield row("/channels", record)


def stores(world: World, customs: Customs) -> Rows:
    """Yield the stores: one or more for each market."""
    dice = world.dice("stores")
    total = world.counts["store"]
    times = world.times("store", total)
    supply, distribution = supply_channels(world), distribution_channels(world)
    for number in range(total):
        market = MARKETS[number % len(MARKETS)]
        record = {
            **times.base(world.uid("store", number), number),
            "key": store_key(world, number),
            "name": {"en": f"{market.country} store {number}", market.locale: f"Store {market.country} {number}"},
            "languages": sorted({market.locale, "en"}),
            "countries": [{"code": market.country}],
            "distributionChannels": [{"typeId": "channel", "id": world.uid("channel", dice.one(distribution))}],
            "supplyChannels": [{"typeId": "channel", "id": world.uid("channel", dice.one(supply))}],
            "productSelections": [
                {"productSelection": world.ref("product-selection", number + step), "active": step != 2}  # noqa: PLR2004 - the third one waits
                for step in range(3)
            ],
        }
        if number % 2 == 0:
            record["custom"] = customs.value("store", dice)
        yield row("/stores", record)


def shipping_methods(world: World, customs: Customs) -> Rows:
    """Yield the shipping methods with rates for every zone, and price tiers of each kind."""
    dice = world.dice("shipping-methods")
    times = world.times("shipping-method", len(SHIPPING_METHODS))
    for number, (key, base) in enumerate(SHIPPING_METHODS):
        rates = [
            {
                "zone": {"typeId": "zone", "id": world.uid("zone", zone)},
                "shippingRates": [shipping_rate(market, number)],
            }
            for zone, market in enumerate(MARKETS)
        ]
        record = {
            **times.base(world.uid("shipping-method", number), number),
            "key": key,
            "name": key.title(),
            "localizedName": {"en": key.title(), "de": f"{key.title()} (Versand)"},
            "description": f"{key} delivery",
            "localizedDescription": localized(dice),
            "taxCategory": {"typeId": "tax-category", "id": world.uid("tax-category", 0)},
            "zoneRates": rates,
            "active": key != "freight",
            "isDefault": number == 0,
            "stores": [],
            "carrier": "DHL",
        }
        if base:
            record["custom"] = customs.value("shipping-method", dice)
        if key == "freight":
            record["predicate"] = 'customer.email != "nobody@example.com"'
            record["stores"] = [{"typeId": "store", "key": store_key(world, 0)}]
        yield row("/shipping-methods", record)


def shipping_rate(market: Market, method: int) -> Json:
    """Return what a shipping method costs in `market`."""
    base = SHIPPING_METHODS[method][1]
    currency = market.currency
    tiers: tuple[list[Json], ...] = (
        [
            {
                "type": "CartValue",
                "minimumCentAmount": local_amount(currency, 5000),
                "price": {"currencyCode": currency, "centAmount": local_amount(currency, base // 2)},
            }
        ],
        [
            {
                "type": "CartClassification",
                "value": "heavy",
                "price": {"currencyCode": currency, "centAmount": local_amount(currency, base * 2)},
            }
        ],
        [],
        [
            {"type": "CartScore", "score": 10, "price": {"currencyCode": currency, "centAmount": 0}},
            {
                "type": "CartScore",
                "score": 20,
                "priceFunction": {"currencyCode": currency, "function": "(50 * x) + 4000"},
            },
        ],
    )
    rate: Json = {"price": money(currency, local_amount(currency, base)), "tiers": tiers[method]}
    if method == 0:
        rate["freeAbove"] = money(currency, local_amount(currency, 9900))
    return rate


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


def setup(world: World, customs: Customs) -> Rows:
    """Yield all settings of the shop."""
    yield project(world)
    for section in (zones, tax_categories, states, product_discounts):
        yield from section(world)
    for custom_section in (customer_groups, channels, stores, shipping_methods, cart_discounts, discount_codes):
        yield from custom_section(world, customs)
