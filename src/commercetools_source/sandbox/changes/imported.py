"""The order that an import draft makes (https://docs.commercetools.com/api/projects/orders-import).

Pure functions on plain records: prices are those of the draft, and nothing is calculated but a line's total.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.changes.drafts import cents_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["order_of"]

Variant = tuple["Mapping[str, Any]", int]


def order_of(
    draft: Mapping[str, Any],
    variant_of: Callable[[Mapping[str, Any], str], Variant],
    initial: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the fields of the order.

    `variant_of` finds the product and number of the variant of a line, and is told where it stands; `initial` refers
    to the state of items whose state the draft does not say.
    """
    order = dict(draft)
    for name, complete in (("lineItems", _line), ("customLineItems", _custom_line)):
        if draft.get(name) is not None:
            order[name] = [
                _item(complete(item, variant_of, f"{name}[{number}]"), initial)
                for number, item in enumerate(draft[name])
            ]
    return order


def _line(item: Mapping[str, Any], variant_of: Callable[[Mapping[str, Any], str], Variant], path: str) -> Any:
    product, number = variant_of(item, path)
    price = item["price"]
    return {
        **item,
        "productId": product["id"],
        "productType": product["productType"],
        "variant": {**item["variant"], "id": number},
        "totalPrice": _times(price["value"], item["quantity"]),
    }


def _custom_line(item: Mapping[str, Any], _: object, __: str) -> dict[str, Any]:
    return {**item, "totalPrice": _times(item["money"], item["quantity"])}


def _item(item: Mapping[str, Any], initial: Mapping[str, Any]) -> dict[str, Any]:
    done = {**item, "state": item.get("state") or [{"quantity": item["quantity"], "state": dict(initial)}]}
    if item.get("shippingDetails") is not None:
        targets = item["shippingDetails"].get("targets") or []
        # https://docs.commercetools.com/api/projects/carts#itemshippingdetails: valid if all of the quantity is sent
        valid = sum(target["quantity"] for target in targets) == item["quantity"]
        done["shippingDetails"] = {**item["shippingDetails"], "valid": valid}
    return done


def _times(money: Mapping[str, Any], quantity: int) -> dict[str, Any]:
    return {"currencyCode": money["currencyCode"], "centAmount": cents_of(money, quantity)}
