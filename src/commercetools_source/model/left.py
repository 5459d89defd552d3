"""Lists inside records that deliberately have no table: each type of item with the reason. Pure.

A list in one of them is a JSON column of what it lies in, whole and unchanged; `from_json` or `unnest` reads it. A
test fails for a list that has neither a table nor a row here.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COPIES", "LEFT_LISTS"]

COPIES: Mapping[str, str] = MappingProxyType(
    {
        "messages": "What a Message tells of is in the tables of its resource; of each type of Message others are set.",
        "order_edits": "The preview and excerpts of an order that may never be; one that is changed is in `orders`.",
    }
)
"""Streams whose lists only repeat, or foretell, what tables of other streams hold."""

_COPIED_VARIANT = "A copy of the variant in the line item; the variant's own are in the tables of `products`."
_BY_METHOD = "Only where several shipping methods have taxes of their own; the sums are columns or in tax portions."

LEFT_LISTS: Mapping[str, str] = MappingProxyType(
    {
        "ApproverConjunction": "A copy of the tiers of the rule, which the tables of `approval_rules` have.",
        "AssociateRoleAssignment": "Of an associate who decided; all roles are in the tables of `business_units`.",
        "Asset": _COPIED_VARIANT,
        "Attribute": _COPIED_VARIANT,
        "CustomFieldLocalizedEnumValue": "A setting of the project, in its one row.",
        "Delivery": "Quotes and requests are not delivered; the deliveries of orders have tables.",
        "DiscountedLineItemPortion": "Of the shipping of a quote or request; those of carts and orders have tables.",
        "Image": _COPIED_VARIANT,
        "MethodTaxRate": _BY_METHOD,
        "MethodTaxedPrice": _BY_METHOD,
        "PatternComponent": "Of a discount on one cart or order; those of `cart_discounts` have tables.",
        "Price": _COPIED_VARIANT,
        "PriceTier": "Of a price copied into a line item, or picked on request; tiers of prices have tables.",
        "RuleRequester": "A copy of the requesters of the rule, which `approval_rule_requesters` has.",
        "ShippingRatePriceTier": "Of the rate that was taken; those of `shipping_methods` have a table.",
        "SubRate": "Of the tax rate that was taken; those of `tax_categories` have a table.",
        "TaxPortion": "Of the shipping alone; the portions of the whole and of the shipping's taxed price have tables.",
        "ToolCustomization": "How one MCP server shows its tools.",
        "WarningObject": "What the platform warns of in one answer.",
    }
)
"""The contract's types of items whose lists stay JSON outside of `COPIES`, with the reason."""
