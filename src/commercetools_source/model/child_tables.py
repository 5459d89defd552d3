"""The catalogue of child tables: what the contract cannot know about the lists inside a record.

Which lists become tables, how they are called and what identifies an item inside its parent. Types,
columns and foreign keys come from the contract (`relations`).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAMILIES", "Child", "Family", "Fork"]


@dataclass(frozen=True, slots=True)
class Fork:
    """Fields side by side that hold the same kind of thing; the column `name` says in which one it was.

    `fields` pairs each field with the value of that column. If one of them is a list, it is the last.
    `identifies`: whether the column is part of the key.
    """

    name: str
    fields: tuple[tuple[str, bool], ...]
    identifies: bool


@dataclass(frozen=True, slots=True)
class Child:
    """One child table of a stream.

    `name`: comes behind the singular of the stream. `paths`: from the item of the child table `below`
    ("" is the record itself) to the items; several are united. `key`: the field that identifies an item
    inside its parent, "" if only its place does. `item_name`: what an item is called in the key columns of the
    tables below this one. `items`: the contract's types of an item where the contract itself only says
    "object". `carries`: fields of what the item lies in that are its columns too.
    """

    name: str
    paths: tuple[tuple[str | Fork, ...], ...]
    key: str = ""
    below: str = ""
    item_name: str = ""
    items: tuple[str, ...] = ()
    carries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """The child tables of one stream; `singular`: its name in the singular, in snake_case."""

    singular: str
    children: tuple[Child, ...]


# https://docs.commercetools.com/api/projects/products#productcatalogdata
STAGED = Fork("staged", (("current", False), ("staged", True)), identifies=True)
"""What is published and what will be."""

# https://docs.commercetools.com/api/projects/products#productdata
MASTER = Fork("isMaster", (("masterVariant", True), ("variants", False)), identifies=False)
"""A product's first variant stands beside the list of the others."""


def _child(  # a row with one path, written with dots
    name: str, path: str, key: str = "", below: str = "", item_name: str = "", items: tuple[str, ...] = ()
) -> Child:
    return Child(name, (tuple(path.split(".")),), key, below, item_name, items)


def _assets(owner: str = "", below: str = "") -> tuple[Child, ...]:
    return (
        _child(f"{owner}assets", "assets", "id", below, "asset"),
        _child(f"{owner}asset_sources", "sources", below=f"{owner}assets"),
    )


def _variant_parts(below: str) -> tuple[Child, ...]:
    """Return what product variants hold."""
    return (
        _child("variant_attributes", "attributes", "name", below),
        _child("variant_images", "images", below=below),
        *_assets("variant_", below),
    )


def _product_parts(below: str) -> tuple[Child, ...]:
    """Return what product data hold, below the table `below`."""
    return (
        _child("categories", "categories", below=below),
        _child("attributes", "attributes", "name", below),
        Child("variants", ((MASTER,),), "id", below, "variant"),
        # Embedded prices; standalone ones are a stream: https://docs.commercetools.com/api/projects/standalone-prices
        _child("variant_prices", "prices", "id", "variants", "price"),
        _child("variant_price_tiers", "tiers", below="variant_prices"),
        _child("variant_recurrence_prices", "recurrencePrices", "id", "variants", "price"),
        _child("variant_recurrence_price_tiers", "tiers", below="variant_recurrence_prices"),
        *_variant_parts("variants"),
    )


def _item_parts(items: str) -> tuple[Child, ...]:
    """Return what line items and custom line items hold alike; `items` is line_item or custom_line_item."""
    return (
        _child(f"{items}_states", "state", below=f"{items}s"),
        _child(f"{items}_tax_portions", "taxedPrice.taxPortions", below=f"{items}s"),
        _child(f"{items}_shipping_targets", "shippingDetails.targets", below=f"{items}s"),
        # Items of one line may be discounted differently: https://docs.commercetools.com/api/projects/carts#discountedlineitempriceforquantity
        _child(f"{items}_discounts", "discountedPricePerQuantity", below=f"{items}s", item_name="discount"),
        _child(f"{items}_discount_portions", "discountedPrice.includedDiscounts", below=f"{items}_discounts"),
    )


def _basket() -> tuple[Child, ...]:
    """Return what orders, carts and quotes have in common."""
    return (
        _child("line_items", "lineItems", "id", item_name="lineItem"),
        *_item_parts("line_item"),
        _child("line_item_attributes", "variant.attributes", "name", "line_items"),
        _child("custom_line_items", "customLineItems", "id", item_name="customLineItem"),
        *_item_parts("custom_line_item"),
        _child("item_shipping_addresses", "itemShippingAddresses"),
        _child("direct_discounts", "directDiscounts", "id"),
        _child("payments", "paymentInfo.payments"),
        _child("tax_portions", "taxedPrice.taxPortions"),
    )


def _purchase() -> tuple[Child, ...]:
    """Return what orders and carts have in common."""
    # `shippingInfo` belongs to the shipping mode Single and `shipping` to Multiple: https://docs.commercetools.com/api/projects/carts#shippingmode
    single, multiple = ("shippingInfo", "deliveries"), ("shipping", "shippingInfo", "deliveries")
    return (
        *_basket(),
        _child("shippings", "shipping", item_name="shipping"),
        _child("shipping_discount_portions", "shippingInfo.discountedPrice.includedDiscounts", below="shippings"),
        _child("shipping_info_discount_portions", "shippingInfo.discountedPrice.includedDiscounts"),
        Child("deliveries", (single, multiple), "id", item_name="delivery", carries=("shippingKey",)),
        _child("delivery_items", "items", below="deliveries"),
        _child("parcels", "parcels", "id", "deliveries", "parcel"),
        _child("parcel_items", "items", below="parcels"),
        _child("shipping_tax_portions", "taxedShippingPrice.taxPortions"),
        _child("discount_codes", "discountCodes"),
        _child("total_discount_portions", "discountOnTotalPrice.includedDiscounts"),
        _child("refused_gifts", "refusedGifts"),
    )


# The contract's base types of enumerations name no values: https://docs.commercetools.com/api/projects/productTypes#attributeenumtype
_PLAIN_OR_LOCALIZED = ("AttributePlainEnumValue", "AttributeLocalizedEnumValue")
_FIELD_VALUES = ("CustomFieldEnumValue", "CustomFieldLocalizedEnumValue")
_ENUM_PATHS = (("type", "values"), ("type", "elementType", "values"))

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "approval_flows": Family(
            "approval_flow",
            (
                _child("rules", "rules", "id"),
                _child("approvals", "approvals"),
                _child("eligible_approvers", "eligibleApprovers"),
                _child("pending_approvers", "pendingApprovers"),
                _child("current_tier_pending_approvers", "currentTierPendingApprovers"),
            ),
        ),
        "approval_rules": Family(
            "approval_rule",
            (_child("requesters", "requesters"), _child("approver_tiers", "approvers.tiers")),
        ),
        "attribute_groups": Family("attribute_group", (_child("attributes", "attributes", "key"),)),
        "business_units": Family(
            "business_unit",
            (
                _child("addresses", "addresses", "id"),
                _child("associates", "associates", item_name="associate"),
                _child("associate_roles", "associateRoleAssignments", below="associates"),
                _child("inherited_associates", "inheritedAssociates", item_name="associate"),
                _child("inherited_associate_roles", "associateRoleAssignments", below="inherited_associates"),
                _child("stores", "stores"),
                _child("inherited_stores", "inheritedStores"),
                _child("customer_groups", "customerGroupAssignments"),
            ),
        ),
        "cart_discounts": Family(
            "cart_discount",
            (
                _child("amounts", "value.money", items=("TypedMoney",)),
                _child("target_patterns", "target.targetPattern"),
                _child("trigger_patterns", "target.triggerPattern"),
                _child("recurrence_policies", "recurringOrderScope.recurrencePolicies"),
                _child("stores", "stores"),
                _child("references", "references"),
            ),
        ),
        "carts": Family("cart", _purchase()),
        "categories": Family("category", (_child("ancestors", "ancestors"), *_assets())),
        "customers": Family(
            "customer",
            (
                _child("addresses", "addresses", "id"),
                _child("stores", "stores"),
                _child("customer_groups", "customerGroupAssignments"),
            ),
        ),
        "discount_codes": Family(
            "discount_code",
            (
                _child("cart_discounts", "cartDiscounts"),
                _child("references", "references"),
                _child("stores", "stores"),
            ),
        ),
        "extensions": Family("extension", (_child("triggers", "triggers"), _child("dependencies", "dependencies"))),
        "order_edits": Family("order_edit", (_child("staged_actions", "stagedActions"),)),
        "orders": Family(
            "order",
            (
                *_purchase(),
                _child("sync_infos", "syncInfo"),
                _child("returns", "returnInfo", item_name="return"),
                _child("return_items", "items", "id", "returns"),
            ),
        ),
        "payments": Family(
            "payment",
            (
                _child("transactions", "transactions", "id"),
                _child("interface_interactions", "interfaceInteractions"),
            ),
        ),
        "product_discounts": Family(
            "product_discount",
            (_child("amounts", "value.money"), _child("references", "references")),
        ),
        "product_projections_current": Family("product_projection_current", _product_parts("")),
        "product_projections_staged": Family("product_projection_staged", _product_parts("")),
        "product_tailoring": Family(
            "product_tailoring",
            (
                Child("data", ((STAGED,),)),
                _child("attributes", "attributes", "name", "data"),
                _child("variants", "variants", "id", "data", "variant"),
                *_variant_parts("variants"),
            ),
        ),
        "product_types": Family(
            "product_type",
            (
                _child("attributes", "attributes", "name", item_name="attribute"),
                Child("attribute_values", _ENUM_PATHS, "key", "attributes", items=_PLAIN_OR_LOCALIZED),
            ),
        ),
        "products": Family("product", (Child("data", (("masterData", STAGED),)), *_product_parts("data"))),
        "quote_requests": Family("quote_request", _basket()),
        "quotes": Family("quote", _basket()),
        "shipping_methods": Family(
            "shipping_method",
            (
                _child("zone_rates", "zoneRates", item_name="zoneRate"),
                _child("rates", "shippingRates", below="zone_rates", item_name="rate"),
                _child("rate_tiers", "tiers", below="rates"),
                _child("stores", "stores"),
            ),
        ),
        "shopping_lists": Family(
            "shopping_list",
            (
                _child("line_items", "lineItems", "id"),
                _child("text_line_items", "textLineItems", "id"),
            ),
        ),
        "standalone_prices": Family("standalone_price", (_child("tiers", "tiers"),)),
        "states": Family("state", (_child("transitions", "transitions"),)),
        "stores": Family(
            "store",
            (
                _child("countries", "countries"),
                _child("distribution_channels", "distributionChannels"),
                _child("supply_channels", "supplyChannels"),
                _child("product_selections", "productSelections"),
            ),
        ),
        "subscriptions": Family(
            "subscription",
            (_child("messages", "messages"), _child("changes", "changes"), _child("events", "events")),
        ),
        "tax_categories": Family(
            "tax_category",
            (_child("rates", "rates", "id", item_name="rate"), _child("rate_sub_rates", "subRates", below="rates")),
        ),
        "types": Family(
            "type",
            (
                _child("field_definitions", "fieldDefinitions", "name", item_name="fieldDefinition"),
                Child("field_values", _ENUM_PATHS, "key", "field_definitions", items=_FIELD_VALUES),
            ),
        ),
        "variant_projections_current": Family(
            "variant_projection_current",
            (
                _child("categories", "categories"),
                _child("attributes", "attributes", "name"),
                _child("images", "images"),
                *_assets(),
            ),
        ),
        "variants": Family(
            "variant",
            (
                Child("data", ((STAGED,),)),
                _child("attributes", "attributes", "name", "data"),
                _child("images", "images", below="data"),
                *_assets(below="data"),
            ),
        ),
        "zones": Family("zone", (_child("locations", "locations"),)),
    }
)
"""The child tables of every stream that has some, parents before what lies below them."""
