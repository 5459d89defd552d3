"""The catalogue of child tables: what the contract cannot know about the lists inside a record.

Which lists become tables, how they are called and what identifies an item inside its parent. Types,
columns and foreign keys come from the contract (`relations`).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from commercetools_source.model.child_groups import STAGED, assets, basket, product_parts, purchase, variant_parts
from commercetools_source.model.child_table import Child, Family, child

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAMILIES"]

# The contract's base types of enumerations name no values: https://docs.commercetools.com/api/projects/productTypes#attributeenumtype
_PLAIN_OR_LOCALIZED = ("AttributePlainEnumValue", "AttributeLocalizedEnumValue")
_FIELD_VALUES = ("CustomFieldEnumValue", "CustomFieldLocalizedEnumValue")
_ENUM_PATHS = (("type", "values"), ("type", "elementType", "values"))

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "approval_flows": Family(
            "approval_flow",
            (
                child("rules", "rules", "id"),
                child("approvals", "approvals"),
                child("eligible_approvers", "eligibleApprovers"),
                child("pending_approvers", "pendingApprovers"),
                child("current_tier_pending_approvers", "currentTierPendingApprovers"),
            ),
        ),
        "approval_rules": Family(
            "approval_rule",
            (
                child("requesters", "requesters"),
                # Who has to approve: each tier after the other, all groups of a tier, of a group any role
                # (https://docs.commercetools.com/api/projects/approval-rules#approverhierarchy).
                child("approver_tiers", "approvers.tiers", item_name="tier"),
                child("approver_groups", "and", below="approver_tiers", item_name="group"),
                child("approver_roles", "or", below="approver_groups"),
            ),
        ),
        "attribute_groups": Family("attribute_group", (child("attributes", "attributes", "key"),)),
        "business_units": Family(
            "business_unit",
            (
                child("addresses", "addresses", "id"),
                child("associates", "associates", item_name="associate"),
                child("associate_roles", "associateRoleAssignments", below="associates"),
                # A list of its own beside those of the unit itself:
                # https://docs.commercetools.com/api/projects/business-units
                child("inherited_associates", "inheritedAssociates", item_name="associate"),
                child("inherited_associate_roles", "associateRoleAssignments", below="inherited_associates"),
                child("stores", "stores"),
                child("inherited_stores", "inheritedStores"),
                child("customer_groups", "customerGroupAssignments"),
            ),
        ),
        "cart_discounts": Family(
            "cart_discount",
            (
                child("amounts", "value.money", items=("TypedMoney",)),
                child("target_patterns", "target.targetPattern"),
                child("trigger_patterns", "target.triggerPattern"),
                child("recurrence_policies", "recurringOrderScope.recurrencePolicies"),
                child("stores", "stores"),
                child("references", "references"),
            ),
        ),
        "carts": Family("cart", purchase()),
        "categories": Family("category", (child("ancestors", "ancestors"), child("stores", "stores"), *assets())),
        "change_history": Family("change_history", (child("changes", "changes"), child("stores", "stores"))),
        "customers": Family(
            "customer",
            (
                child("addresses", "addresses", "id"),
                child("stores", "stores"),
                child("customer_groups", "customerGroupAssignments"),
            ),
        ),
        "discount_codes": Family(
            "discount_code",
            (
                child("cart_discounts", "cartDiscounts"),
                child("references", "references"),
                child("stores", "stores"),
            ),
        ),
        "extensions": Family("extension", (child("triggers", "triggers"), child("dependencies", "dependencies"))),
        "order_edits": Family("order_edit", (child("staged_actions", "stagedActions"),)),
        "orders": Family(
            "order",
            (
                *purchase(),
                child("sync_infos", "syncInfo"),
                child("returns", "returnInfo", item_name="return"),
                # An item of a return has an id, the return around it has none:
                # https://docs.commercetools.com/api/projects/orders#returninfo
                child("return_items", "items", "id", "returns"),
            ),
        ),
        "payments": Family(
            "payment",
            (
                child("transactions", "transactions", "id"),
                child("interface_interactions", "interfaceInteractions"),
            ),
        ),
        "product_discounts": Family(
            "product_discount",
            (child("amounts", "value.money"), child("references", "references")),
        ),
        "product_projections_current": Family("product_projection_current", product_parts("")),
        "product_projections_staged": Family("product_projection_staged", product_parts("")),
        "product_tailoring": Family(
            "product_tailoring",
            (
                Child("data", ((STAGED,),)),
                child("attributes", "attributes", "name", "data"),
                child("variants", "variants", "id", "data", "variant"),
                *variant_parts("variants"),
            ),
        ),
        "product_types": Family(
            "product_type",
            (
                child("attributes", "attributes", "name", item_name="attribute"),
                Child("attribute_values", _ENUM_PATHS, "key", "attributes", items=_PLAIN_OR_LOCALIZED),
            ),
        ),
        "products": Family("product", (Child("data", (("masterData", STAGED),)), *product_parts("data"))),
        "quote_requests": Family("quote_request", basket()),
        "quotes": Family("quote", basket()),
        "shipping_methods": Family(
            "shipping_method",
            (
                child("zone_rates", "zoneRates", item_name="zoneRate"),
                child("rates", "shippingRates", below="zone_rates", item_name="rate"),
                child("rate_tiers", "tiers", below="rates"),
                child("stores", "stores"),
            ),
        ),
        "shopping_lists": Family(
            "shopping_list",
            (
                child("line_items", "lineItems", "id"),
                child("text_line_items", "textLineItems", "id"),
            ),
        ),
        "standalone_prices": Family("standalone_price", (child("tiers", "tiers"),)),
        "states": Family("state", (child("transitions", "transitions"),)),
        "stores": Family(
            "store",
            (
                child("countries", "countries"),
                child("distribution_channels", "distributionChannels"),
                child("supply_channels", "supplyChannels"),
                child("product_selections", "productSelections"),
            ),
        ),
        "subscriptions": Family(
            "subscription",
            (child("messages", "messages"), child("changes", "changes"), child("events", "events")),
        ),
        "tax_categories": Family(
            "tax_category",
            (child("rates", "rates", "id", item_name="rate"), child("rate_sub_rates", "subRates", below="rates")),
        ),
        "types": Family(
            "type",
            (
                child("field_definitions", "fieldDefinitions", "name", item_name="fieldDefinition"),
                Child("field_values", _ENUM_PATHS, "key", "field_definitions", items=_FIELD_VALUES),
            ),
        ),
        "variant_projections_current": Family(
            "variant_projection_current",
            (
                child("categories", "categories"),
                child("attributes", "attributes", "name"),
                child("images", "images"),
                *assets(),
            ),
        ),
        "variants": Family(
            "variant",
            (
                Child("data", ((STAGED,),)),
                child("attributes", "attributes", "name", "data"),
                child("images", "images", below="data"),
                *assets(below="data"),
            ),
        ),
        "zones": Family("zone", (child("locations", "locations"),)),
    }
)
"""The child tables of every stream that has some, parents before what lies below them."""
