"""Inventory entries and standalone prices of the generated shop."""

from __future__ import annotations

from commercetools_source.sandbox.shop.basics import distribution_channels, local_amount, supply_channels
from commercetools_source.sandbox.shop.catalog import Catalog, euro_cents, quantity_on_stock, sku, variant_count
from commercetools_source.sandbox.shop.words import MARKETS, Market
from commercetools_source.sandbox.shop.world import Dice, Rows, cents, js, stamp


# https://docs.commercetools.com/api/projects/inventory
def inventory(catalog: Catalog) -> Rows:
    """Yield inventory entries: one for each SKU, then more of the same SKUs in other channels."""
    world, customs = catalog.world, catalog.customs
    dice = world.dice("inventory")
    total = world.counts["inventory-entry"]
    times = world.times("inventory-entry", total)
    channels = [None, *(world.uid("channel", number) for number in supply_channels(world))]
    every = catalog.skus[-1]
    number = 0
    for turn in range(len(channels)):
        for product in range(world.counts["product"]):
            for variant in range(1, variant_count(product) + 1):
                if number == total:
                    return
                position = (number % every + turn) % len(channels)
                channel = channels[position]
                head, _, modified = times.head(world.uid("inventory-entry", number), number)
                stock = quantity_on_stock(number)
                text = (
                    f'{head},"sku":"{sku(product, variant)}","quantityOnStock":{stock},"availableQuantity":'
                    f"{max(stock - number % 4, 0)}"
                )
                if channel:
                    text += f',"supplyChannel":{{"typeId":"channel","id":"{channel}"}}'
                if number % 5 == 0:
                    text += f',"key":"stock-{number}","restockableInDays":{1 + number % 30}'
                if not stock:
                    text += f',"expectedDelivery":"{stamp(modified + 86_400_000 * 21)}"'
                if number % 7 == 0:
                    text += (
                        ',"minCartQuantity":1,"maxCartQuantity":20,"reservationExpirationInMinutes":30,'
                        '"stockLevels":{"reorderPoint":10,"safetyStock":4}'
                    )
                if dice.chance(10):
                    text += f',"custom":{customs.text("inventory-entry", dice)}'
                yield "/inventory", "", f"{text}}}".encode()
                number += 1


# https://docs.commercetools.com/api/projects/standalone-prices
def standalone_prices(catalog: Catalog) -> Rows:
    """Yield standalone prices: for the products that live on them, and more scopes for others."""
    world = catalog.world
    dice = world.dice("standalone-prices")
    total = world.counts["standalone-price"]
    times = world.times("standalone-price", total)
    for number in range(total):
        product = number * 12 % world.counts["product"] // 12 * 12 + 6
        product, variant = (product, 1) if number % 2 and product < world.counts["product"] else catalog.at(number)
        market = MARKETS[number % len(MARKETS)]
        amount = max(local_amount(market.currency, euro_cents(product, variant)), 1)
        text = (
            f'{times.head(world.uid("standalone-price", number), number)[0]},"key":"standalone-{number}",'
            f'"sku":"{sku(product, variant)}","value":{cents(market.currency, amount)},'
            f'"country":"{market.country}","active":{"false" if number % 9 == 8 else "true"}'  # noqa: PLR2004
        )
        text += _price_extras(catalog, dice, number, market, amount)
        yield "/standalone-prices", "", f"{text}}}".encode()


def _price_extras(catalog: Catalog, dice: Dice, number: int, market: Market, amount: int) -> str:
    world, currency = catalog.world, market.currency
    text = ""
    if dice.chance(20):
        text += f',"customerGroup":{js(world.ref("customer-group", number))}'
    if dice.chance(20):
        channel = world.uid("channel", dice.one(distribution_channels(world)))
        text += f',"channel":{{"typeId":"channel","id":"{channel}"}}'
    if dice.chance(20):
        text += f',"validFrom":"{stamp(world.latest - 86_400_000)}","validUntil":"{stamp(world.latest + 86_400_000)}"'
    if dice.chance(20):
        text += f',"tiers":[{{"minimumQuantity":10,"value":{cents(currency, amount * 9 // 10)}}}]'
    if dice.chance(15):
        discount = js(world.ref("product-discount", 2))
        text += f',"discounted":{{"value":{cents(currency, amount * 8 // 10)},"discount":{discount}}}'
    if dice.chance(10):
        text += f',"staged":{{"value":{cents(currency, amount + 100)}}}'
    if dice.chance(10):
        text += f',"custom":{catalog.customs.text("standalone-price", dice)}'
    return text
