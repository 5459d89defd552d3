"""Categories, products with their variants and prices, inventory and standalone prices of the generated shop."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field

from commercetools_source.sandbox.shop.setup import distribution_channels, local_amount, row, state_id, supply_channels
from commercetools_source.sandbox.shop.types import PRODUCT_TYPES, Customs, attribute_rows, localized
from commercetools_source.sandbox.shop.words import ADJECTIVES, CATEGORIES, MARKETS, NOUNS, Market
from commercetools_source.sandbox.shop.world import Dice, Json, Rows, World, cents, js, precise, stamp

# Which product type a product has, by its number modulo 10: apparel, electronics, everything, plain.
_TYPE_OF = (0, 1, 0, 1, 2, 0, 0, 1, 3, 0)
_MANY_VARIANTS = 100
# Product discount 0 takes 20% off.
_DISCOUNT_PERMYRIAD = 2000
_PRICE_CURRENCIES = tuple({market.currency: market for market in MARKETS}.items())


def variant_count(product: int) -> int:
    """Return how many variants a product has, the master variant included."""
    return _MANY_VARIANTS if product % 300 == 7 else (1, 1, 2, 3, 4, 6)[product % 6]  # noqa: PLR2004 - every 300th


def sku(product: int, variant: int) -> str:
    """Return the SKU of a variant; variants count from 1."""
    return f"SKU-{product:05}-{variant:03}"


def product_names(product: int) -> Json:
    """Return the localized name of a product."""
    return {
        locale: f"{ADJECTIVES[locale][product % 10]} {NOUNS[locale][(product // 10) % len(NOUNS[locale])]} {product}"
        for locale in ("en", "de", "fr")
    }


def product_slugs(product: int) -> Json:
    """Return the localized slug of a product."""
    names = product_names(product)
    return {
        locale: "".join(c if c.isascii() and c.isalnum() else "-" for c in names[locale].lower()) for locale in names
    }


def has_standalone_prices(product: int) -> bool:
    """Return whether the prices of a product are standalone prices."""
    return product % 12 == 6  # noqa: PLR2004 - every twelfth


def is_showcase(product: int) -> bool:
    """Return whether a product has attributes of every type; few orders shall quote its long list."""
    return _TYPE_OF[product % 10] == 2  # noqa: PLR2004 - the number of that product type


def euro_cents(product: int, variant: int) -> int:
    """Return what a variant costs in euro cents, before discounts."""
    return 499 + ((product * 7919 + variant * 104_729) % 199) * 100


def quantity_on_stock(entry: int) -> int:
    """Return the stock of an inventory entry."""
    return (entry * 7919 + 13) % 500 if entry % 17 else 0


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What one unit of a variant costs in a market; `precise` counts in 1/1000 of the minor unit."""

    text: str
    precise: int

    def total(self, quantity: int) -> int:
        """Return what `quantity` units cost, in whole minor units."""
        return (self.precise * quantity + 500) // 1000


@dataclass(frozen=True, slots=True)
class Catalog:
    """The products as text that other records quote from."""

    world: World
    customs: Customs
    skus: array[int] = field(default_factory=lambda: array("I", [0]))
    _attributes: dict[str, list[str]] = field(default_factory=dict)
    _levels: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World, customs: Customs) -> Catalog:
        """Return the catalog of `world`, with the number of SKUs before each product counted."""
        catalog = cls(world, customs)
        total = 0
        for product in range(world.counts["product"]):
            total += variant_count(product)
            catalog.skus.append(total)
        dice = world.dice("attributes")
        for name, attribute in attribute_rows(world).items():
            catalog._levels[name] = attribute.level
            catalog._attributes[name] = [js({"name": name, "value": attribute.sample(world, dice)}) for _ in range(12)]
        return catalog

    def at(self, number: int) -> tuple[int, int]:
        """Return (product, variant) of the SKU `number`, counted through the whole shop."""
        number %= self.skus[-1]
        product = bisect_right(self.skus, number) - 1
        return product, number - self.skus[product] + 1

    def type_id(self, product: int) -> str:
        """Return the id of a product's product type."""
        return self.world.uid("product-type", _TYPE_OF[product % 10])

    def attributes(self, product: int, variant: int) -> str:
        """Return the attributes of a variant, or with variant 0 those of the product itself, as a JSON array."""
        level = "Variant" if variant else "Product"
        fields = []
        for step, name in enumerate(PRODUCT_TYPES[_TYPE_OF[product % 10]][1]):
            if self._levels[name] != level or (product + step) % 9 == 8:  # noqa: PLR2004 - every ninth is not set
                continue
            if name == "article-code":
                fields.append(f'{{"name":"article-code","value":"A-{sku(product, variant)}"}}')
                continue
            spread = 0 if name == "care" else variant * 5
            fields.append(self._attributes[name][(product * 7 + spread + step) % 12])
        return f"[{','.join(fields)}]"

    def unit_price(self, product: int, variant: int, market: Market) -> UnitPrice:
        """Return the embedded price that a variant has in the currency of `market`."""
        currency = market.currency
        amount = max(local_amount(currency, euro_cents(product, variant)), 1)
        number = (product * 101 + variant) * 8 + [code for code, _ in _PRICE_CURRENCIES].index(currency)
        fields = [f'{{"id":"{self.world.uid("price", number)}"']
        exact = amount * 1000
        if product % 40 == 5 and currency == "EUR":  # noqa: PLR2004 - a few prices are not whole cents
            exact += 345
            fields.append(f'"value":{js(precise(currency, exact, 5))}')
        else:
            fields.append(f'"value":{cents(currency, amount)}')
        if currency != "EUR":
            fields.append(f'"country":"{market.country}"')
        if product % 3 == 1:
            fields.append(f'"key":"price-{product}-{variant}-{currency.lower()}"')
        if product % 20 == 3:  # noqa: PLR2004 - one in twenty is on sale
            amount = amount * (10_000 - _DISCOUNT_PERMYRIAD) // 10_000
            exact = amount * 1000
            discount = self.world.uid("product-discount", 0)
            fields.append(
                f'"discounted":{{"value":{cents(currency, amount)},'
                f'"discount":{{"typeId":"product-discount","id":"{discount}"}}}}'
            )
        return UnitPrice(f"{','.join(fields)}}}", exact)

    def prices(self, product: int, variant: int) -> list[str]:
        """Return all embedded prices of a variant: one for each currency, then tiers, groups, channels, validity."""
        if has_standalone_prices(product):
            return []
        texts = [self.unit_price(product, variant, market).text for _, market in _PRICE_CURRENCIES]
        if product % 4 == 2:  # noqa: PLR2004 - every fourth has special prices
            dice = self.world.dice(f"price/{product}/{variant}")
            amount = euro_cents(product, variant)
            texts.append(
                js(
                    {
                        "id": self.world.uid("price", (product * 101 + variant) * 8 + 6),
                        "value": {
                            "type": "centPrecision",
                            "currencyCode": "EUR",
                            "centAmount": amount - 50,
                            "fractionDigits": 2,
                        },
                        "country": "DE",
                        "customerGroup": self.world.ref("customer-group", product),
                        "channel": {
                            "typeId": "channel",
                            "id": self.world.uid("channel", dice.one(distribution_channels(self.world))),
                        },
                        "validFrom": stamp(self.world.latest - 86_400_000 * 100),
                        "validUntil": stamp(self.world.latest + 86_400_000 * 100),
                        "tiers": [
                            {
                                "minimumQuantity": 100,
                                "value": {
                                    "type": "centPrecision",
                                    "currencyCode": "EUR",
                                    "centAmount": amount - 99,
                                    "fractionDigits": 2,
                                },
                            },
                            {"minimumQuantity": 500, "value": precise("EUR", (amount - 120) * 1000 + 5, 5)},
                        ],
                        "custom": self.customs.value("product-price", dice),
                    }
                )
            )
        return texts

    def variant(self, product: int, variant: int, prices: list[str], *, in_stock: bool = True) -> str:
        """Return a variant with the given prices as JSON text, with its availability unless not `in_stock`."""
        code = sku(product, variant)
        stock = self._availability(product, variant) if in_stock else ""
        images = ",".join(
            f'{{"url":"https://images.example.com/{code}/{shot}.jpg","dimensions":{{"w":{800 + 100 * shot},"h":600}}'
            + (f',"label":"Bild {shot} · „{code}“"}}' if shot else "}")
            for shot in range(1 + (product % 4 == 0))
        )
        return (
            f'{{"id":{variant},"sku":"{code}","key":"{code.lower()}","prices":[{",".join(prices)}],'
            f'"images":[{images}],"attributes":{self.attributes(product, variant)},'
            f'"assets":[{self._asset(product, variant)}]{stock}}}'
        )

    def _asset(self, product: int, variant: int) -> str:
        if product % 9 != 5:  # noqa: PLR2004 - every ninth has a manual
            return ""
        dice = self.world.dice(f"asset/{product}")
        return js(
            {
                "id": self.world.uid("asset", product * 101 + variant),
                "key": f"manual-{product}-{variant}",
                "name": {"en": "Manual", "de": "Anleitung"},
                "description": localized(dice),
                "tags": ["manual", "pdf"],
                "sources": [
                    {
                        "uri": f"https://files.example.com/{product}.pdf",
                        "key": "pdf",
                        "dimensions": {"w": 2100, "h": 2970},
                        "contentType": "application/pdf",
                    }
                ],
                "custom": self.customs.value("asset", dice),
            }
        )

    def _availability(self, product: int, variant: int) -> str:
        number = self.skus[product] + variant - 1
        if number >= self.world.counts["inventory-entry"]:
            return ""
        channel = entry_channel(self.world, number, 0)
        stock = quantity_on_stock(number)
        values = (
            f'{{"isOnStock":{"true" if stock else "false"},"availableQuantity":{stock},"version":{1 + number % 7},'
            f'"id":"{self.world.uid("inventory-entry", number)}"'
        )
        if number % 3 == 0:
            values += ',"restockableInDays":7'
        if channel is None:
            return f',"availability":{values}}}'
        return f',"availability":{{"channels":{{"{self.world.uid("channel", channel)}":{values}}}}}}}'


def entry_channel(world: World, number: int, turn: int) -> int | None:
    """Return the supply channel of the inventory entry for SKU `number` in `turn`; None is the entry without one."""
    supply = supply_channels(world)
    position = (number + turn) % (len(supply) + 1)
    return supply[position - 1] if position else None


def categories(world: World, customs: Customs) -> Rows:
    """Yield a tree of categories, each with the path to its root in `ancestors`."""
    dice = world.dice("categories")
    total = world.counts["category"]
    times = world.times("category", total)
    roots = len(CATEGORIES)
    for number in range(total):
        path: list[int] = []
        above = number
        while above >= roots:
            above = (above - roots) // 3
            path.insert(0, above)
        key, names, children = CATEGORIES[number % roots]
        if number >= roots:
            names = {locale: f"{children[number % len(children)]} {number}" for locale in names}
        record = {
            **times.base(world.uid("category", number), number),
            "key": f"category-{number}",
            "externalId": f"ext-{key}-{number}",
            "name": names,
            "slug": {locale: f"{key}-{number}-{locale}" for locale in names},
            "description": localized(dice, 3),
            "metaTitle": names,
            "metaDescription": localized(dice),
            "metaKeywords": {"en": f"{key}, shop"},
            "orderHint": f"0.{number + 1:06}",
            "ancestors": [{"typeId": "category", "id": world.uid("category", step)} for step in path],
            "assets": [],
        }
        if path:
            record["parent"] = {"typeId": "category", "id": world.uid("category", path[-1])}
        if dice.chance(30):
            record["custom"] = customs.value("category", dice)
        yield row("/categories", record)


def _data(catalog: Catalog, product: int, *, staged: bool) -> str:
    world = catalog.world
    names = product_names(product)
    count = variant_count(product)
    if staged:
        names = {locale: f"{name} *new*" for locale, name in names.items()}
        count = min(count + 1, _MANY_VARIANTS)
    ids = sorted({world.known("category", product), world.known("category", product * 7 + 3)})
    variants = [catalog.variant(product, step, catalog.prices(product, step)) for step in range(1, count + 1)]
    text = {
        "name": names,
        "slug": product_slugs(product),
        "categories": [{"typeId": "category", "id": uid} for uid in ids],
        "categoryOrderHints": {ids[0]: f"0.{product % 1000 + 1:04}"},
        "searchKeywords": {
            "en": [{"text": names["en"]}, {"text": "gift", "suggestTokenizer": {"type": "whitespace"}}],
            "de": [
                {
                    "text": names["de"],
                    "suggestTokenizer": {"type": "custom", "inputs": [names["de"].lower(), "geschenk"]},
                }
            ],
        }
        if product % 5 == 0
        else {},
    }
    if product % 4:
        text |= {
            "description": localized(world.dice(f"product/{product}"), 3),
            "metaTitle": names,
            "metaDescription": {"en": names["en"]},
            "metaKeywords": {"en": "shop, sample"},
        }
    return (
        f'{js(text)[:-1]},"attributes":{catalog.attributes(product, 0)},'
        f'"masterVariant":{variants[0]},"variants":[{",".join(variants[1:])}]}}'
    )


def products(catalog: Catalog) -> Rows:
    """Yield the products: most published, some with staged changes, a few with a hundred variants."""
    world = catalog.world
    dice = world.dice("products")
    total = world.counts["product"]
    times = world.times("product", total)
    reviewed = {"averageRating": 4.25, "highestRating": 5, "lowestRating": 3, "count": 4}
    for product in range(total):
        head, _, _ = times.head(world.uid("product", product), product)
        changed = dice.chance(15)
        current = _data(catalog, product, staged=False)
        fields: Json = {
            "key": f"product-{product}",
            "productType": {"typeId": "product-type", "id": catalog.type_id(product)},
            "taxCategory": {"typeId": "tax-category", "id": world.uid("tax-category", 0)},
            "priceMode": "Standalone" if has_standalone_prices(product) else "Embedded",
            "createdBy": {"clientId": world.client(product)},
            "lastModifiedBy": {"clientId": world.client(product), "externalUserId": "merchandiser"},
        }
        if dice.chance(60):
            fields["state"] = {"typeId": "state", "id": state_id(world, "ProductState", product)}
        if dice.chance(25):
            fields["reviewRatingStatistics"] = {**reviewed, "ratingsDistribution": {"3": 1, "4": 1, "5": 2}}
        staged = _data(catalog, product, staged=True) if changed else current
        text = (
            f'{head},{js(fields)[1:-1]},"masterData":{{"published":{"false" if dice.chance(8) else "true"},'
            f'"hasStagedChanges":{"true" if changed else "false"},"current":{current},"staged":{staged}}}}}'
        )
        yield "/products", "", text.encode()


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


def selections(catalog: Catalog) -> Rows:
    """Yield product selections, the products in them, and what each store sees of them."""
    world = catalog.world
    total = world.counts["product-selection"]
    times = world.times("product-selection", total)
    dice = world.dice("product-selections")
    for number in range(total):
        rows = [_assigned(world, number, product) for product in selected(world, number)]
        uid = world.uid("product-selection", number)
        excluding = number % 4 == 3  # noqa: PLR2004 - every fourth
        record = {
            **times.base(uid, number),
            "key": f"selection-{number}",
            "name": {"en": f"Selection {number}", "de": f"Auswahl {number}"},
            "productCount": len(rows),
            "type": "individualExclusion" if excluding else "individual",
            "mode": "IndividualExclusion" if excluding else "Individual",
        }
        if number % 2 == 0:
            record["custom"] = catalog.customs.value("product-selection", dice)
        yield row("/product-selections", record)
        for product in rows:
            yield row("/product-selections/{ID}/products", product, uid)


def selected(world: World, selection: int) -> range:
    """Return the numbers of the products in a selection: at most a few hundred."""
    return range(selection, world.counts["product"], max(2, world.counts["product"] // 200))


def _assigned(world: World, selection: int, product: int) -> Json:
    record: Json = {"product": {"typeId": "product", "id": world.uid("product", product)}}
    if selection % 4 == 3:  # noqa: PLR2004 - the selections that exclude
        record["variantExclusion"] = {"skus": [sku(product, 1)]}
    elif product % 3 == 0:
        modes = ("inclusion", "exclusion", "includeOnly", "includeAllExcept")
        record["variantSelection"] = {"type": modes[product // 3 % 4], "skus": [sku(product, 1)]}
    return record


def assignments(world: World, store: int, key: str) -> Rows:
    """Yield what the store `key` sees: the products of its two active selections."""
    for step in range(2):
        yield from assigned(world, (store + step) % world.counts["product-selection"], key)


def assigned(world: World, selection: int, key: str) -> Rows:
    """Yield what the store `key` sees of one active selection."""
    reference = {"typeId": "product-selection", "id": world.uid("product-selection", selection)}
    for product in selected(world, selection):
        record = {"productSelection": reference, **_assigned(world, selection, product)}
        yield row("/in-store/key={storeKey}/product-selection-assignments", record, key)
