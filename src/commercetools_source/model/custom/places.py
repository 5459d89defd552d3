"""Who has custom fields: the columns of the model's relations that hold them, each with its resource type id. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from commercetools_source.catalog.contract import load
from commercetools_source.catalog.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from commercetools_source.catalog.contract import Expression
    from commercetools_source.model.relation import Relation

__all__ = ["CUSTOM_FIELD_PLACES", "CustomFieldColumn", "CustomFieldPlace", "custom_field_columns"]


@dataclass(frozen=True, slots=True)
class CustomFieldPlace:
    """A place of the contract that holds custom fields: the field `field` of the type `item`."""

    resource: str
    item: str
    field: str = "custom"


CUSTOM_FIELD_PLACES: tuple[CustomFieldPlace, ...] = (
    CustomFieldPlace("address", "Address"),
    CustomFieldPlace("approval-flow", "ApprovalFlow"),
    CustomFieldPlace("approval-rule", "ApprovalRule"),
    CustomFieldPlace("asset", "Asset"),
    CustomFieldPlace("associate-role", "AssociateRole"),
    CustomFieldPlace("business-unit", "BusinessUnit"),
    CustomFieldPlace("cart-discount", "CartDiscount"),
    CustomFieldPlace("category", "Category"),
    CustomFieldPlace("channel", "Channel"),
    CustomFieldPlace("custom-line-item", "CustomLineItem"),
    CustomFieldPlace("customer", "Customer"),
    CustomFieldPlace("customer-group", "CustomerGroup"),
    CustomFieldPlace("discount-code", "DiscountCode"),
    CustomFieldPlace("inventory-entry", "InventoryEntry"),
    CustomFieldPlace("line-item", "LineItem"),
    # Line items of shopping lists are a type of their own:
    # https://docs.commercetools.com/api/projects/shoppingLists#shoppinglistlineitem
    CustomFieldPlace("line-item", "ShoppingListLineItem"),
    # One resource type for carts and orders: https://docs.commercetools.com/api/projects/types#resourcetypeid
    CustomFieldPlace("order", "Cart"),
    CustomFieldPlace("order", "Order"),
    CustomFieldPlace("order", "StagedOrder"),
    CustomFieldPlace("order-delivery", "Delivery"),
    CustomFieldPlace("order-edit", "OrderEdit"),
    CustomFieldPlace("order-parcel", "Parcel"),
    CustomFieldPlace("order-return-item", "ReturnItem"),
    CustomFieldPlace("payment", "Payment"),
    # Each interaction is itself a set of custom fields, without an object around it:
    # https://docs.commercetools.com/api/projects/payments#payment
    CustomFieldPlace("payment-interface-interaction", "Payment", "interfaceInteractions"),
    CustomFieldPlace("payment-method", "PaymentMethod"),
    CustomFieldPlace("payment-method-info", "PaymentMethodInfo"),
    CustomFieldPlace("product-price", "Price"),
    CustomFieldPlace("product-price", "ScopedPrice"),
    CustomFieldPlace("product-selection", "ProductSelection"),
    CustomFieldPlace(
        "product-tailoring", "ProductTailoring"
    ),  # a resource type, though the contract shows no such field
    CustomFieldPlace("quote", "Quote"),
    CustomFieldPlace("quote", "QuoteRequest"),
    CustomFieldPlace("quote", "StagedQuote"),
    CustomFieldPlace("recurring-order", "RecurringOrder"),
    CustomFieldPlace("reservation", "Reservation"),  # a resource type without an endpoint, so nobody can read one
    CustomFieldPlace("review", "Review"),
    CustomFieldPlace("shipping", "Cart", "shippingCustomFields"),
    CustomFieldPlace("shipping", "Order", "shippingCustomFields"),
    CustomFieldPlace("shipping", "Shipping", "shippingCustomFields"),
    CustomFieldPlace("shipping", "StagedOrder", "shippingCustomFields"),
    CustomFieldPlace("shipping-method", "ShippingMethod"),
    CustomFieldPlace("shopping-list", "ShoppingList"),
    CustomFieldPlace("shopping-list-text-line-item", "TextLineItem"),
    CustomFieldPlace("standalone-price", "StandalonePrice"),
    CustomFieldPlace("store", "Store"),
    CustomFieldPlace("transaction", "Transaction"),
)
"""Every place with custom fields, by resource type id (https://docs.commercetools.com/api/projects/types#resourcetypeid)."""

_REPEATS = frozenset({"messages"})
"""Streams whose custom fields only repeat what other streams hold: a hundred columns that nobody would look at."""

_COPIES = frozenset(
    {
        ("OrderEditResult", "preview"),
        ("ProductVariant", "price"),
        ("ProductVariant", "scopedPrice"),
        ("VariantProjection", "price"),
    }
)
"""Fields that hold a copy of what stands elsewhere: a preview, and prices picked for a request that asks for it."""


@dataclass(frozen=True, slots=True)
class CustomFieldColumn:
    """A column of a relation that holds the JSON object of custom fields of a kind of resource.

    `prefix` is what the names of the other columns of the same place begin with: `shippingAddress_custom_`.
    `whole`: the column has all of `custom`, with the object under `fields`.
    """

    column: str
    prefix: str
    resource: str
    whole: bool = False


def custom_field_columns(relation: Relation) -> tuple[CustomFieldColumn, ...]:
    """Return the columns of `relation` that hold custom fields, without those that only repeat others."""
    return () if relation.stream in _REPEATS else tuple(_custom_field_columns(relation))


def _custom_field_columns(relation: Relation) -> Iterator[CustomFieldColumn]:
    before = [field for step in relation.origins[0].steps for field in step.branches[0].path]
    item = STREAMS[relation.stream].item
    for column in relation.columns:
        inherited = column.level != -1 and bool(before)
        if inherited or not column.path or column.kind != "json":
            continue
        # A field that the contract does not know is a column of its own, such as the `custom` of product tailorings.
        whole = column.path == ("custom",)
        resource = _resource(item, (*before, *(column.path if whole else column.path[:-1])))
        if resource and (whole or column.path[-1] == "fields"):
            prefix = f"{column.name}_" if whole else column.name.removesuffix("fields")
            yield CustomFieldColumn(column.name, prefix or "custom_", resource, whole)


@cache
def _resource(item: str, path: tuple[str, ...]) -> str:
    # Several types, because behind a union each of its variants may have the next field.
    """Return the resource type of the custom fields at `path` of a record of type `item`, "" if there are none."""
    types, owner = {item}, ""
    for name in path:
        if any((type_name, name) in _COPIES for type_name in types):
            return ""
        # The last one on the path decides: an address with custom fields lies in a record that may have some itself.
        owner = next((row.resource for row in CUSTOM_FIELD_PLACES if row.item in types and row.field == name), "")
        types = {inner for type_name in types for inner in _types(load().fields(type_name).get(name))}
    return owner


def _types(expression: Expression | None) -> Iterable[str]:
    """Return the names of the types that a value, or each item of a list, may have."""
    if expression is None:
        return ()
    if expression.items is not None:
        return _types(expression.items)
    return (expression.name, *(name for option in expression.options for name in _types(option)))
