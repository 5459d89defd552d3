"""The seeded sample shop: every collection of a commercetools project, streamed record by record.

The same (size, seed, now) gives the same shop, byte for byte. Nothing is kept but counters and a few
prepared pieces, so memory does not grow with the size. Only tiny shops are remembered, for tests that start many.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from commercetools_source.errors import ConfigError
from commercetools_source.sandbox.shop.basics import store_key
from commercetools_source.sandbox.shop.baskets import Baskets
from commercetools_source.sandbox.shop.catalog import Catalog
from commercetools_source.sandbox.shop.completion import Completer
from commercetools_source.sandbox.shop.extras import extras
from commercetools_source.sandbox.shop.messages import Journal
from commercetools_source.sandbox.shop.orders import Orders
from commercetools_source.sandbox.shop.people import associate_roles, business_units, customers
from commercetools_source.sandbox.shop.products import categories, products
from commercetools_source.sandbox.shop.selections import assignments, selections
from commercetools_source.sandbox.shop.setup import setup
from commercetools_source.sandbox.shop.stock import inventory, standalone_prices
from commercetools_source.sandbox.shop.types import PRODUCT_TYPES, TYPES, Customs, product_types, types
from commercetools_source.sandbox.shop.words import STATES
from commercetools_source.sandbox.shop.world import Counts, Row, Rows, World

if TYPE_CHECKING:
    from datetime import datetime

# Orders of each size; the other collections follow in proportion: a large shop has a million records.
SIZES = {"tiny": 100, "small": 2_000, "demo": 20_000, "large": 200_000}
_LEAST = 100
_SMALL = 300


def counts(size: str | int) -> Counts:
    """Return how many records a shop of `size` has, without the extra ones for completeness.

    Raises ConfigError when `size` is neither a name in SIZES nor a number of orders of at least 100.
    """
    orders = SIZES.get(size, 0) if isinstance(size, str) else size
    if orders < _LEAST:
        raise ConfigError(
            f"The size of the sample shop is {size!r:.40}, but it must be one of {', '.join(SIZES)}"
            f" or a number of orders of at least {_LEAST}."
        )
    states = sum(len(keys) for _, keys in STATES)
    return Counts.for_orders(orders, {"type": len(TYPES), "product-type": len(PRODUCT_TYPES), "state": states})


def generate(size: str | int, seed: int, now: datetime, *, burst: int = 0) -> Rows:
    """Yield every record of the shop as (collection, parent, compact JSON).

    `collection` is the path of the list endpoint without project key, with the placeholders of the platform's
    contract; `parent` fills them and is "" for ordinary collections (approval rules and flows:
    "associateId/businessUnitKey"). Records of different collections come mixed. Nothing was created or
    changed in the ten minutes before `now`; validity periods may lie ahead. Of each collection `burst` records, or all
    if it has fewer, come from one import: they share one millisecond. Raises ConfigError for an unknown `size`
    and for a `burst` below 0.
    """
    if burst < 0:
        raise ConfigError(f"The burst of the sample shop is {burst}, but it must be a number of records from 0 on.")
    if counts(size)["order"] <= _SMALL:
        return iter(_remembered(size, seed, now, burst))
    return _rows(World.of(counts(size), seed, now, burst))


@lru_cache(maxsize=4)
def _remembered(size: str | int, seed: int, now: datetime, burst: int) -> tuple[Row, ...]:
    return tuple(_rows(World.of(counts(size), seed, now, burst)))


def _rows(world: World) -> Rows:
    customs = Customs(world)
    catalog = Catalog.of(world, customs)
    journal = Journal(world)
    baskets = Baskets(world, catalog, customs)
    orders = Orders(world, baskets, customs, journal)
    yield from setup(world, customs)
    yield from types(world)
    yield from product_types(world)
    yield from categories(world, customs)
    yield from associate_roles(world, customs)
    yield from business_units(world, customs)
    yield from products(catalog)
    yield from inventory(catalog)
    yield from standalone_prices(catalog)
    yield from selections(catalog)
    for store in range(world.counts["store"]):
        yield from assignments(world, store, store_key(world, store))
    yield from customers(world, customs, journal)
    yield from orders.rows()
    yield from orders.carts()
    yield from journal.of_stock(catalog)
    yield from extras(world, customs, catalog, baskets)
    yield from Completer(world, customs, catalog, journal).rows()
