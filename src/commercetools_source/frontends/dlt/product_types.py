"""What the tables of product types are called from run to run. Pure.

A run loads the products that changed. A product type that gets another key would have a table with those alone, and
one that was deleted would keep its rows: so a table keeps its name, and its product type, until products are read anew.
"""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING

from commercetools_source.model.custom.definitions import ProductType

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["product_types_by_table"]

_GONE = ProductType("", "", ())
"""In place of one that is no more: no product is of it, so that its table only loses rows."""


def product_types_by_table(
    current: Mapping[str, ProductType], stored: Mapping[str, str], *, anew: bool
) -> dict[str, ProductType]:
    """Return the product types by the tables that have their variants.

    `current` has them by the names that they would have now, `stored` their ids by the tables that were loaded. With
    `anew` all products are read again.
    """
    living = {product_type.id: product_type for product_type in current.values()}
    tables = {} if anew else {name: living[uid] for name, uid in stored.items() if uid in living}
    held = {product_type.id for product_type in tables.values()}
    for name, product_type in current.items():
        if product_type.id not in held:
            # The table of one that had this key before may be called so.
            names = chain((name,), (f"{name}_{number}" for number in count(2)))
            tables[next(free for free in names if free not in tables)] = product_type
    return {**dict.fromkeys(stored, _GONE), **tables}
