"""Values of required fields that a draft leaves out, and the refusal of what would be dropped.

https://docs.commercetools.com/api/projects: each draft's table names its default values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.platform.refusals import invalid_input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.errors import ApiError

__all__ = ["DEFAULTS", "refuse_lost", "refuse_underived"]

# What stands nowhere here is empty if it is a list, map or object, and else worked out or refused.
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
    ("CartDiscount", "recurringOrderScope"): {"type": "NonRecurringOrdersOnly"},
    ("CartDiscount", "requiresDiscountCode"): False,
    ("CartDiscount", "stackingMode"): "Stacking",
    ("CentPrecisionMoney", "type"): "centPrecision",
    ("Channel", "roles"): ["InventorySupply"],
    # No public source says these three.
    ("CommerceMcpServerConfig", "url"): "https://mcp.example.com",
    ("McpServer", "authenticationMode"): "ClientCredentials",
    ("McpServer", "state"): "Enabled",
    ("Company", "approvalRuleMode"): "Explicit",
    ("Company", "associateMode"): "Explicit",
    ("Company", "status"): "Active",
    ("Company", "storeMode"): "Explicit",
    ("CustomLineItem", "priceMode"): "Standard",
    ("Customer", "authenticationMode"): "Password",
    ("Customer", "isEmailVerified"): False,
    ("DiscountCode", "isActive"): True,
    ("DiscountGroup", "isActive"): True,
    ("Division", "approvalRuleMode"): "ExplicitAndFromParent",
    ("Division", "associateMode"): "ExplicitAndFromParent",
    ("Division", "status"): "Active",
    ("Division", "storeMode"): "FromParent",
    ("LineItem", "lineItemMode"): "Standard",
    ("LineItem", "priceMode"): "Platform",
    ("Order", "orderState"): "Open",
    ("Order", "origin"): "Customer",
    ("Order", "shippingMode"): "Single",
    ("OrderEdit", "result"): {"type": "NotProcessed"},
    ("PaymentMethod", "default"): False,
    ("PaymentMethod", "paymentMethodStatus"): "Active",
    ("ProductSelection", "mode"): "Individual",
    ("ProductSelection", "productCount"): 0,
    ("Quote", "quoteState"): "Pending",
    ("QuoteRequest", "quoteRequestState"): "Submitted",
    ("RecurringOrder", "recurringOrderState"): "Active",
    # A cart says it in its line items, which the sandbox does not make.
    ("RecurringOrder", "schedule"): {"type": "standard", "value": 1, "intervalUnit": "Months"},
    ("ShippingInfo", "shippingMethodState"): "MatchesCart",
    ("ShippingMethod", "active"): True,
    ("StagedQuote", "stagedQuoteState"): "InProgress",
    ("StandalonePrice", "active"): True,
    ("State", "builtIn"): False,
    ("State", "initial"): True,
    ("Subscription", "format"): {"type": "Platform"},
    ("Subscription", "status"): "Healthy",
    ("TextLineItem", "quantity"): 1,
    ("Transaction", "state"): "Initial",
    ("TypedMoney", "type"): "centPrecision",
}


def refuse_underived(stored: Any, path: str = "") -> None:
    """Raise a 400 when a required value follows neither from what a client sent nor from a default."""
    if stored is msgspec.UNSET:
        message = f"The sandbox does not work out '{path}', which the platform derives here; nothing was changed."
        raise invalid_input(message)
    if isinstance(stored, dict):
        for field, value in stored.items():
            refuse_underived(value, f"{path}.{field}" if path else field)
    elif isinstance(stored, list):
        for number, value in enumerate(stored):
            refuse_underived(value, f"{path}[{number}]")


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
