"""What all modules of the generated shop share: ids, dice, the calendar, money.

An id is a function of (seed, type id, number). So one module can refer to a record of another
without a list of ids, and memory stays flat however large the shop is.
Kinds are the platform's reference type ids ("customer", "key-value-document", ...).
"""

from __future__ import annotations

import random
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

from commercetools_source.sandbox.shop.words import FRACTION_DIGITS, MARKETS, Market

T = TypeVar("T")
Json = dict[str, Any]
# (collection, parent, the record as compact JSON)
Row = tuple[str, str, bytes]
Rows = Iterator[Row]

_DAY = 86_400_000
# The third group of a UUIDv4 starts with 4, the fourth with 8, 9, a or b.
_UUID_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


class Dice(random.Random):
    """Random choices that are quick; the same for the same seed."""

    def chance(self, percent: float) -> bool:
        """Return True in `percent` of 100 calls."""
        return self.random() < percent / 100

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to `limit` - 1."""
        return int(self.random() * limit)

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def one(self, choices: Sequence[T]) -> T:
        """Return one of `choices`."""
        return choices[int(self.random() * len(choices))]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many realistic records a shop has of each type; the rows for completeness come on top."""

    by_type: Mapping[str, int]

    @classmethod
    def for_orders(cls, orders: int, fixed: Mapping[str, int]) -> Counts:
        """Return counts in proportion to the number of `orders`; `fixed` has the ones that no size changes."""

        def scaled(least: int, share: float, most: int = 1_000_000) -> int:
            return min(max(least, round(orders * share)), most)

        return cls(
            {
                "order": orders,
                # Order 1 of every 20 has two payments, order 0 none; see shop_orders.
                "payment": orders - (orders % 20 == 1),
                "customer": scaled(60, 0.62),
                "product": scaled(24, 0.075, 20_000),
                # A warehouse holds more rows than its shop has orders only when the shop is large.
                "inventory-entry": orders if orders > 100_000 else scaled(60, 0.3),  # noqa: PLR2004 - the switch itself
                "cart": scaled(30, 0.25),
                "category": scaled(24, 0.004, 2_000),
                "review": scaled(20, 0.1),
                "shopping-list": scaled(12, 0.04),
                "standalone-price": scaled(20, 0.05),
                "discount-code": scaled(12, 0.02),
                "key-value-document": scaled(24, 0.05),
                "business-unit": scaled(6, 0.004, 4_000),
                "product-selection": scaled(4, 0.0004, 60),
                "channel": scaled(10, 0.001, 36),
                "store": scaled(8, 0.0004, 40),
                "product-tailoring": scaled(6, 0.005, 5_000),
                "variant": scaled(24, 0.03, 20_000),
                "quote-request": scaled(6, 0.004, 4_000),
                "staged-quote": scaled(6, 0.004, 4_000),
                "quote": scaled(6, 0.004, 4_000),
                "order-edit": scaled(6, 0.004, 4_000),
                "recurring-order": scaled(6, 0.005, 5_000),
                "payment-method": scaled(6, 0.02, 20_000),
                "cart-discount": 16,
                "product-discount": 6,
                "discount-group": 4,
                "customer-group": 6,
                "associate-role": 5,
                "attribute-group": 4,
                "shipping-method": 4,
                "tax-category": 3,
                "zone": len(MARKETS),
                "recurrence-policy": 4,
                "extension": 4,
                "subscription": 4,
                "mcp-server": 4,
                "api-client": 6,
                **fixed,
                "approval-rule": scaled(6, 0.004, 4_000),
                "approval-flow": scaled(6, 0.004, 4_000),
            }
        )

    def __getitem__(self, type_id: str) -> int:
        return self.by_type[type_id]


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(days=number)).strftime("%Y-%m-%dT")


# A record repeats its own times many times.
@lru_cache(maxsize=512)
def stamp(ms: int) -> str:
    """Return milliseconds since 1970 as the platform writes them: 2026-01-02T03:04:05.678Z."""
    day, milliseconds = divmod(ms, _DAY)
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{_day(day)}{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}Z"


def js(value: object) -> str:
    """Return `value` as compact JSON text."""
    return msgspec.json.encode(value).decode()


def cents(currency: str, amount: int) -> str:
    """Return money in whole minor units as JSON text."""
    return (
        f'{{"type":"centPrecision","currencyCode":"{currency}","centAmount":{amount},'
        f'"fractionDigits":{FRACTION_DIGITS[currency]}}}'
    )


def money(currency: str, amount: int) -> Json:
    """Return money in whole minor units."""
    return {
        "type": "centPrecision",
        "currencyCode": currency,
        "centAmount": amount,
        "fractionDigits": FRACTION_DIGITS[currency],
    }


def precise(currency: str, amount: int, digits: int) -> Json:
    """Return money with more digits than its currency has; `amount` counts in the smallest of them."""
    step = 10 ** (digits - FRACTION_DIGITS[currency])
    return {
        "type": "highPrecision",
        "currencyCode": currency,
        "centAmount": (amount + step // 2) // step,
        "preciseAmount": amount,
        "fractionDigits": digits,
    }


@dataclass(frozen=True, slots=True)
class World:
    """The one shop that (counts, seed, now) describe."""

    seed: int
    now: int
    counts: Counts
    burst: int = 0

    @classmethod
    def of(cls, counts: Counts, seed: int, now: datetime, burst: int = 0) -> World:
        """Return the world whose clock stands at `now`; a `now` without zone is taken as UTC.

        Of each collection, `burst` records were created and changed in the same millisecond.
        """
        if now.tzinfo is None:
            now = now.replace(tzinfo=timezone.utc)
        return cls(seed, int(now.timestamp() * 1000), counts, burst)

    @property
    def latest(self) -> int:
        """The newest moment that any record may carry, in milliseconds: ten minutes before now."""
        return self.now - 601_000

    def uid(self, type_id: str, number: int) -> str:
        """Return the id of record `number` of a type: a UUIDv4 as text."""
        # A hash, so that an id needs no table of what was generated before.
        h = blake2b(f"{self.seed}/{type_id}/{number}".encode(), digest_size=16).hexdigest()
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{_UUID_VARIANT[h[16]]}{h[17:20]}-{h[20:]}"

    def dice(self, name: str) -> Dice:
        """Return dice that roll the same for the same seed and `name`."""
        return Dice(f"{self.seed}/{name}")

    def known(self, type_id: str, number: int) -> str:
        """Return the id of an existing record of the type; `number` wraps around."""
        return self.uid(type_id, number % self.counts[type_id])

    def ref(self, type_id: str, number: int) -> Json:
        """Return a reference to an existing record of the type; `number` wraps around."""
        return {"typeId": type_id, "id": self.known(type_id, number)}

    def client(self, number: int) -> str:
        """Return the id of an API client: 24 characters, not a UUID."""
        number %= self.counts["api-client"]
        return urlsafe_b64encode(blake2b(f"{self.seed}/client/{number}".encode(), digest_size=18).digest()).decode()

    def market(self, number: int) -> Market:
        """Return one of the markets, the first ones more often."""
        return MARKETS[(0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 0, 1, 2, 3, 6)[number % 16]]

    def times(self, name: str, total: int) -> Timeline:
        """Return the calendar of a collection of `total` records."""
        return Timeline(self, name, total)


class Timeline:
    """When the records of one collection were created and changed, in milliseconds since 1970.

    Three years of growth, one bulk import (5% of the records within a second, most of them in the
    same millisecond), one bulk update, and a few changes on the last day.
    """

    def __init__(self, world: World, name: str, total: int) -> None:
        self._dice = world.dice(f"times/{name}")
        self._oldest = world.latest - 3 * 365 * _DAY - self._dice.below(20 * _DAY)
        self._span = world.latest - self._oldest
        self._latest = world.latest
        self._total = max(total, 1)
        self._burst = min(world.burst, total)
        size = max(total // 20, min(6, total // 3), self._burst)
        first = min(total * 2 // 5, total - size)
        self._import = range(first, first + size)
        self._import_at = self._oldest + int(self._span * 0.55) // 1000 * 1000
        self._update_at = self._oldest + int(self._span * 0.93)

    def created(self, number: int) -> int:
        """Return when record `number` was created."""
        dice = self._dice
        if number in self._import:
            if number - self._import.start < self._burst:
                return self._import_at + 417
            return self._import_at + (417 if dice.chance(65) else dice.below(1000))
        # The exponent below 1 makes the shop grow: more records in later months.
        share = min((number + dice.random()) / self._total, 1.0)
        return self._oldest + int(self._span * share**0.75)

    def modified(self, created: int) -> int:
        """Return when a record created at `created` was changed last."""
        dice = self._dice
        if self._burst and created == self._import_at + 417:
            return created
        roll = dice.random() * 100
        if roll < 40:  # noqa: PLR2004 - percent of records never touched again
            return created
        if roll < 48 and created <= self._update_at:  # noqa: PLR2004 - percent of the bulk update
            return self._update_at + (0 if dice.chance(50) else dice.below(1000))
        if roll < 51:  # noqa: PLR2004 - percent changed on the last day
            return max(created, self._latest - dice.below(_DAY))
        return min(created + int(dice.expovariate(1 / (20 * _DAY))), self._latest)

    def pair(self, number: int) -> tuple[int, int]:
        """Return when record `number` was created and when it was changed last."""
        created = self.created(number)
        return created, self.modified(created)

    def head(self, uid: str, number: int) -> tuple[str, int, int]:
        """Return how the JSON of record `number` starts (without its end), and both its times."""
        created = self.created(number)
        modified = self.modified(created)
        version = 1 if created == modified else 2 + self._dice.below(30)
        return (
            f'{{"id":"{uid}","version":{version},"createdAt":"{stamp(created)}","lastModifiedAt":"{stamp(modified)}"',
            created,
            modified,
        )

    def base(self, uid: str, number: int) -> Json:
        """Return the four fields that almost every record starts with."""
        created, modified = self.pair(number)
        version = 1 if created == modified else 2 + self._dice.below(30)
        return {"id": uid, "version": version, "createdAt": stamp(created), "lastModifiedAt": stamp(modified)}
