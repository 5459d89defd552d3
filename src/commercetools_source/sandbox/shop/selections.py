"""Product selections of the generated shop, and the assignments of its stores.

https://docs.commercetools.com/api/projects/product-selections
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.sandbox.shop.basics import row
from commercetools_source.sandbox.shop.catalog import Catalog, sku

if TYPE_CHECKING:
    from commercetools_source.sandbox.shop.world import Json, Rows, World


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
