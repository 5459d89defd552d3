"""Values of required fields that a draft leaves out, and the refusal of what would be dropped.

https://docs.commercetools.com/api/projects: each draft's table names its default values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.platform.refusals import invalid_input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.errors import ApiError

__all__ = ["DEFAULTS", "refuse_lost"]

# Where nothing stands here, the default is false, zero, empty or the first value of an enum.
DEFAULTS: Mapping[tuple[str, str], Any] = {
    ("AssociateRole", "buyerAssignable"): True,
    ("AttributeDefinition", "attributeConstraint"): "None",
    ("AttributeDefinition", "inputHint"): "SingleLine",
    ("AttributeDefinition", "isSearchable"): True,
    ("AttributeDefinition", "level"): "Variant",
    ("Cart", "cartState"): "Active",
    ("Cart", "inventoryMode"): "None",
    ("Cart", "origin"): "Customer",
    ("Cart", "priceRoundingMode"): "HalfEven",
    ("Cart", "shippingMode"): "Single",
    ("Cart", "taxCalculationMode"): "LineItemLevel",
    ("Cart", "taxMode"): "Platform",
    ("Cart", "taxRoundingMode"): "HalfEven",
    ("CartDiscount", "isActive"): True,
    ("CartDiscount", "stackingMode"): "Stacking",
    ("Channel", "roles"): ["InventorySupply"],
    ("Customer", "authenticationMode"): "Password",
    ("DiscountCode", "isActive"): True,
    ("DiscountGroup", "isActive"): True,
    ("PaymentMethod", "paymentMethodStatus"): "Active",
    ("ProductSelection", "mode"): "Individual",
    ("ShippingMethod", "active"): True,
    ("StandalonePrice", "active"): True,
    ("State", "initial"): True,
}


def refuse_lost(given: Any, stored: Any, path: str = "") -> None:
    """Raise a 400 when a value that a client sent would not be stored; null is a field that is left out."""
    if isinstance(given, dict) and isinstance(stored, dict):
        # A resource identifier became a reference: its key stands as an id.
        if "typeId" in stored:
            return
        for field, value in given.items():
            below = f"{path}.{field}" if path else field
            if value is not None and field not in stored:
                raise _not_imitated(below)
            refuse_lost(value, stored.get(field), below)
    elif isinstance(given, list) and isinstance(stored, list):
        # `strict`: a list that lost an item is a fault of the sandbox, and not of the client.
        for number, (value, kept) in enumerate(zip(given, stored, strict=True)):
            refuse_lost(value, kept, f"{path}[{number}]")
    elif given is not None and isinstance(given, (dict, list)) is not isinstance(stored, (dict, list)):
        raise _not_imitated(path)


def _not_imitated(path: str) -> ApiError:
    return invalid_input(f"The sandbox does not imitate what the platform does with '{path}'; leave it out.")
