"""The settings of the generated shop: project, zones, taxes, channels, stores, states, shipping, discounts."""

from __future__ import annotations

from itertools import count

from commercetools_source.sandbox.shop.basics import (
    KEEP_DAYS,
    SHIPPING_METHODS,
    TAX_CATEGORIES,
    distribution_channels,
    row,
    shipping_rate,
    store_key,
    supply_channels,
    tax_rate,
)
from commercetools_source.sandbox.shop.discounts import cart_discounts, discount_codes, product_discounts
from commercetools_source.sandbox.shop.types import Customs, localized
from commercetools_source.sandbox.shop.words import CENT_RATES, LANGUAGES, MARKETS, STATES
from commercetools_source.sandbox.shop.world import Row, Rows, World, stamp

PROJECT_KEY = "sample-shop"


# https://docs.commercetools.com/api/projects/project
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


# https://docs.commercetools.com/api/projects/zones
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


# https://docs.commercetools.com/api/projects/taxCategories
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


# https://docs.commercetools.com/api/projects/customerGroups
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


# https://docs.commercetools.com/api/projects/states
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


# https://docs.commercetools.com/api/projects/channels
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


# https://docs.commercetools.com/api/projects/stores
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


# https://docs.commercetools.com/api/projects/shippingMethods
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


def setup(world: World, customs: Customs) -> Rows:
    """Yield all settings of the shop."""
    yield project(world)
    for section in (zones, tax_categories, states, product_discounts):
        yield from section(world)
    for custom_section in (customer_groups, channels, stores, shipping_methods, cart_discounts, discount_codes):
        yield from custom_section(world, customs)
