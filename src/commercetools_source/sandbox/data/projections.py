"""What the platform derives: product and variant projections from products and variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from commercetools_source.sandbox.data.store import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.sandbox.platform.spec import Spec

__all__ = ["product_projection", "variant_projection"]

_PRODUCT_FIELDS = (
    "id",
    "version",
    "createdAt",
    "lastModifiedAt",
    "key",
    "productType",
    "taxCategory",
    "state",
    "reviewRatingStatistics",
    "priceMode",
)
_VARIANT_FIELDS = ("id", "version", "createdAt", "key", "product", "variantId")
_FROM_DATA = ("sku", "attributes", "images", "assets")
_FROM_PRODUCT = ("name", "description", "slug", "categories", "categoryOrderHints")

_Raws = dict[str, msgspec.Raw]
# Values stay raw JSON: a projection copies them without decoding.
_RAWS = msgspec.json.Decoder(_Raws)


def product_projection(spec: Spec, *, staged: bool) -> Callable[[Record], Record | None]:
    """Return the function from a product to its projection; None for the current one of an unpublished product."""
    legal = spec.fields("ProductProjection") or {}

    def derive(product: Record) -> Record | None:
        fields = _RAWS.decode(product.body)
        master = _RAWS.decode(fields["masterData"])
        # https://docs.commercetools.com/api/projects/productProjections
        if not staged and bytes(master["published"]) != b"true":
            return None
        data = _RAWS.decode(master["staged" if staged else "current"])
        rows = {name: fields[name] for name in _PRODUCT_FIELDS if name in fields}
        rows |= {"published": master["published"], "hasStagedChanges": master["hasStagedChanges"]}
        rows |= {name: value for name, value in data.items() if name in legal}
        return Record(msgspec.json.encode(rows))

    return derive


def variant_projection(product: Callable[[str], Record | None], *, staged: bool) -> Callable[[Record], Record | None]:
    """Return the function from a variant to its projection; None for the current one of an unpublished variant.

    `product` finds the product projection by id, whose name, slug and categories the projection carries.
    """

    def derive(variant: Record) -> Record | None:
        fields = _RAWS.decode(variant.body)
        if not staged and bytes(fields["published"]) != b"true":
            return None
        data = _RAWS.decode(fields["staged" if staged and "staged" in fields else "current"])
        owner = product(msgspec.json.decode(fields["product"])["id"])
        shared = {} if owner is None else _RAWS.decode(owner.body)
        # Number 1 is the one that a product without `/variants` has as its master variant.
        default = bytes(fields["variantId"]) == b"1"
        rows: dict[str, object] = {name: fields[name] for name in _VARIANT_FIELDS if name in fields}
        # Required by the contract, and overwritten below by what product and variant have.
        rows |= {"staged": staged, "default": default, "name": {}, "slug": {}, "categories": []}
        rows |= {"attributes": [], "images": [], "assets": []}
        rows |= {name: shared[name] for name in _FROM_PRODUCT if name in shared}
        rows |= {name: data[name] for name in _FROM_DATA if name in data}
        return Record(msgspec.json.encode(rows))

    return derive
