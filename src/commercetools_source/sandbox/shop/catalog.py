"""The products of the generated shop as text that other records quote: variants, attributes, prices, availability."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field

from commercetools_source.sandbox.shop.basics import distribution_channels, local_amount, supply_channels
from commercetools_source.sandbox.shop.types import PRODUCT_TYPES, Customs, attribute_rows, localized
from commercetools_source.sandbox.shop.words import ADJECTIVES, MARKETS, NOUNS, Market
from commercetools_source.sandbox.shop.world import Json, World, cents, js, precise, stamp

# Which product type a product has, by its number modulo 10: apparel, electronics, everything, plain.
_TYPE_OF = (0, 1, 0, 1, 2, 0, 0, 1, 3, 0)
MANY_VARIANTS = 100
# Product discount 0 takes 20% off.
_DISCOUNT_PERMYRIAD = 2000
_PRICE_CURRENCIES = tuple({market.currency: market for market in MARKETS}.items())


def variant_count(product: int) -> int:
    """Return how many variants a product has, the master variant included."""
    return MANY_VARIANTS if product % 300 == 7 else (1, 1, 2, 3, 4, 6)[product % 6]  # noqa: PLR2004 - every 300th


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
    # Primes, so that neighbouring products and variants have prices that look unlike each other.
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
        # Half a unit is added before it is divided: rounded half up, in integers.
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
            # A dozen values for each attribute, made once: products share them, as real ones share colours and sizes.
            catalog._attributes[name] = [js({"name": name, "value": attribute.sample(world, dice)}) for _ in range(12)]
        return catalog

    def at(self, number: int) -> tuple[int, int]:
        """Return (product, variant) of the SKU `number`, counted through the whole shop."""
        # Numbers beyond the last SKU start again at the first.
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
        # Ids of prices: at most 100 variants and 8 prices each, so no two share a number.
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
            texts.append(self._special_price(product, variant))
        return texts

    def _special_price(self, product: int, variant: int) -> str:
        """Return a price with a group, a channel, a validity, tiers and custom fields."""
        dice = self.world.dice(f"price/{product}/{variant}")
        amount = euro_cents(product, variant)
        return js(
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
