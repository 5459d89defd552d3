"""The ids of all streams, and the class that reads each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.frontends.mage.commercetools.streams import CLASSES

if TYPE_CHECKING:
    from commercetools_source.frontends.mage.commercetools.streams.base import BaseStream

__all__ = ["IDS", "STREAMS"]


class IDS:
    """The id of each stream under its upper-case name: `IDS.DISCOUNT_CODES` is `discount_codes`.

    Typed here are the documented six; the others come from the catalogue of streams.
    """

    CUSTOMERS = "customers"
    DISCOUNT_CODES = "discount_codes"
    INVENTORY = "inventory"
    ORDERS = "orders"
    PAYMENTS = "payments"
    PRODUCTS = "products"


STREAMS: dict[str, type[BaseStream]] = dict(CLASSES)

# The others are set here, so that a stream is added in the catalogue alone.
for _name in STREAMS:
    setattr(IDS, _name.upper(), _name)
