"""Money and taxes of a market, and a basket while it is filled: sums in whole minor units."""

from __future__ import annotations

from dataclasses import dataclass, field

from commercetools_source.sandbox.shop.basics import (
    SHIPPING_METHODS,
    shipping_rate,
    tax_rate,
)
from commercetools_source.sandbox.shop.people import Person, quoted
from commercetools_source.sandbox.shop.words import FRACTION_DIGITS, Market
from commercetools_source.sandbox.shop.world import World, js


class Till:
    """Money and taxes of one market as text."""

    def __init__(self, world: World, market: Market) -> None:
        digits = FRACTION_DIGITS[market.currency]
        self.before = f'{{"type":"centPrecision","currencyCode":"{market.currency}","centAmount":'
        self.after = f',"fractionDigits":{digits}}}'
        self.rate = js(tax_rate(world, market))
        self.shipping_rates = [js(shipping_rate(market, method)) for method in range(len(SHIPPING_METHODS))]
        self.method_prices = [shipping_rate(market, m)["price"]["centAmount"] for m in range(len(SHIPPING_METHODS))]
        self._tax = market.tax
        self._included = market.tax_included
        portion = f'"rate":{js(market.tax / 100_000)},"name":{quoted(market.tax_name)},"amount":'
        self._portion = portion

    def money(self, amount: int) -> str:
        """Return an amount as JSON text."""
        return f"{self.before}{amount}{self.after}"

    def split(self, total: int) -> tuple[int, int]:
        """Return (net, gross) of `total`, which is one of the two, depending on the market."""
        rate = self._tax
        if self._included:
            # Rounded half up: the added half of the divisor makes the integer division round.
            return (total * 100_000 + (100_000 + rate) // 2) // (100_000 + rate), total
        return total, total + (total * rate + 50_000) // 100_000

    def taxed(self, net: int, gross: int) -> str:
        """Return a taxed price as JSON text."""
        before, after = self.before, self.after
        return (
            f'{{"totalNet":{before}{net}{after},"totalGross":{before}{gross}{after},'
            f'"taxPortions":[{{{self._portion}{before}{gross - net}{after}}}],"totalTax":{before}{gross - net}{after}}}'
        )


@dataclass(slots=True)
class Basket:
    """A basket while it is filled: the text of its lines, and its sums."""

    lines: list[str] = field(default_factory=list)
    # (id, quantity) of each line item
    items: list[tuple[str, int]] = field(default_factory=list)
    custom_lines: list[str] = field(default_factory=list)
    total: int = 0
    net: int = 0
    gross: int = 0
    text: str = ""

    def add(self, total: int, net: int, gross: int) -> None:
        """Add the amounts of a line, of shipping or of a discount."""
        self.total += total
        self.net += net
        self.gross += gross


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose basket is filled, when, and whether its goods are shipped."""

    who: Person
    uid: str
    number: int
    created: int
    modified: int
    shipped: bool = False
