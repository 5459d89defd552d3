"""What the platform makes of drafts of the catalogue: products, variants, tailoring, tax rates.

Pure functions on plain records; who reads the records that they refer to is not known here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.platform.refusals import invalid_input, refuse, required_field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["data_of", "number_of", "product_of", "rated", "tailoring_of", "variant_of", "variants_in"]

_OF_PRODUCT = frozenset({"key", "productType", "taxCategory", "state", "priceMode"})
_OF_VARIANT = frozenset({"key", "product"})
_OF_TAILORING = frozenset({"key", "product", "store"})


def product_of(draft: Mapping[str, Any]) -> dict[str, Any]:
    """Return a product draft as the product that it makes: the same data current and staged."""
    data = {name: value for name, value in draft.items() if name not in {*_OF_PRODUCT, "publish"}}
    if data.get("variants") and data.get("masterVariant") is None:
        # https://docs.commercetools.com/api/projects/products#productdraft
        raise required_field("masterVariant")
    # The master variant has id 1, the others follow: https://docs.commercetools.com/api/projects/products
    data["masterVariant"] = {"id": 1, **(data.get("masterVariant") or {})}
    data["variants"] = [{"id": number + 2, **variant} for number, variant in enumerate(data.get("variants") or [])]
    master = {"published": bool(draft.get("publish")), "hasStagedChanges": False, "current": data, "staged": data}
    return {**{name: draft[name] for name in _OF_PRODUCT if name in draft}, "masterData": master}


def data_of(product: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the current and the staged data of a product."""
    # Records that a test has given may lack what the platform's have.
    master = product.get("masterData", {})
    return [master.get("current", {}), master.get("staged", {})]


def variants_in(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the variants that are embedded in the data of a product, the master first."""
    return [variant for variant in (data.get("masterVariant"), *(data.get("variants") or ())) if variant]


def variant_of(draft: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return a variant draft as the resource that it makes, with its `number` inside the product."""
    data = {name: value for name, value in draft.items() if name not in {*_OF_VARIANT, "publish"}}
    own = {name: draft[name] for name in _OF_VARIANT if name in draft}
    return {**own, "variantId": number, "published": bool(draft.get("publish")), "current": data}


def number_of(variant: Mapping[str, Any], skus: Mapping[int, Any]) -> int | None:
    """Return the number of the variant that has the `id` and the `sku` of a draft's; None if there is none.

    `skus`: those of a product's variants by number. A draft that names neither names no variant.
    """
    named = {name: variant[name] for name in ("id", "sku") if variant.get(name) is not None}
    fitting = (number for number, sku in skus.items() if named.items() <= {"id": number, "sku": sku}.items())
    return next(fitting, None) if named else None


def tailoring_of(draft: Mapping[str, Any], skus: Mapping[int, Any]) -> dict[str, Any]:
    """Return a tailoring draft as the resource that it makes: the same data current and staged.

    `skus`: those of the product's variants by number; raises a 400 for a variant that the product does not have.
    """
    data = {name: value for name, value in draft.items() if name not in {*_OF_TAILORING, "publish"}}
    variants = []
    for position, variant in enumerate(data.get("variants") or ()):
        number = number_of(variant, skus)
        if number is None:
            raise invalid_input(f"The field 'variants[{position}]' names no variant of the product by 'id' or 'sku'.")
        variants.append({**{name: value for name, value in variant.items() if name != "sku"}, "id": number})
    if "variants" in data:
        data["variants"] = variants
    own = {name: draft[name] for name in _OF_TAILORING if name in draft}
    return {**own, "published": bool(draft.get("publish")), "hasStagedChanges": False, "current": data, "staged": data}


def rated(category: Mapping[str, Any], new_id: Callable[[], str]) -> dict[str, Any]:
    """Return a tax category whose rates have ids, and the sum of their sub-rates where they have some.

    https://docs.commercetools.com/api/projects/taxCategories#taxratedraft; raises a 400 for a sum that is another one.
    """
    return {**category, "rates": [{"id": new_id(), **_summed(rate)} for rate in category.get("rates") or ()]}


def _summed(rate: Mapping[str, Any]) -> Mapping[str, Any]:
    parts = [Decimal(str(part["amount"])) for part in rate.get("subRates") or ()]
    if not parts:
        return rate
    if rate.get("amount") is None:
        return {**rate, "amount": float(sum(parts))}
    # As decimals: 0.1 and 0.2 are 0.3 to whoever wrote them.
    if sum(parts) != Decimal(str(rate["amount"])):
        raise refuse(
            400, "InvalidOperation", f"The amount {rate['amount']} is not the sum of the sub-rates, {sum(parts)}."
        )
    return rate
