"""What records quote from the settings of the shop: keys of stores, states, channels, tax and shipping rates."""

from __future__ import annotations

from itertools import count

import msgspec

from commercetools_source.sandbox.shop.words import CENT_RATES, MARKETS, STATES, Market
from commercetools_source.sandbox.shop.world import Json, Row, World, money

SHIPPING_METHODS = (("standard", 490), ("express", 1290), ("pickup", 0), ("freight", 4900))


TAX_CATEGORIES = (("standard", 100), ("reduced", 40), ("zero", 0))


# Longer than the shop exists, so that no cart and no shopping list is due to be purged.
KEEP_DAYS = 1825


def row(collection: str, record: Json, parent: str = "") -> Row:
    """Return `record` as one row of `collection`."""
    return collection, parent, msgspec.json.encode(record)


def store_key(world: World, number: int) -> str:
    """Return the key of a store; `number` wraps around."""
    number %= world.counts["store"]
    # Stores go round the markets, so that each country has one before any has two.
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
