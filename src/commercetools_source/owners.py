"""Who has custom fields: the columns of the model's relations that hold them, each with its resource type id. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from commercetools_source.contract import load
from commercetools_source.relations import Field
from commercetools_source.resources import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from commercetools_source.contract import Expression
    from commercetools_source.kinds import Kind
    from commercetools_source.relations import Relation

__all__ = ["OWNERS", "Owned", "Owner", "owned", "with_unlisted"]


@dataclass(frozen=True, slots=True)
class Owner:
    """A place of the contract that holds custom fields: the field `field` of the type `item`."""

    resource: str
    item: str
    field: str = "custom"


OWNERS: tuple[Owner, ...] = (
    Owner("address", "Address"),
    Owner("approval-flow", "ApprovalFlow"),
    Owner("approval-rule", "ApprovalRule"),
    Owner("asset", "Asset"),
    Owner("associate-role", "AssociateRole"),
    Owner("business-unit", "BusinessUnit"),
    Owner("cart-discount", "CartDiscount"),
    Owner("category", "Category"),
    Owner("channel", "Channel"),
    Owner("custom-line-item", "CustomLineItem"),
    Owner("customer", "Customer"),
    Owner("customer-group", "CustomerGroup"),
    Owner("discount-code", "DiscountCode"),
    Owner("inventory-entry", "InventoryEntry"),
    Owner("line-item", "LineItem"),
    Owner("line-item", "ShoppingListLineItem"),
    Owner("order", "Cart"),
    Owner("order", "Order"),
    Owner("order", "StagedOrder"),
    Owner("order-delivery", "Delivery"),
    Owner("order-edit", "OrderEdit"),
    Owner("order-parcel", "Parcel"),
    Owner("order-return-item", "ReturnItem"),
    Owner("payment", "Payment"),
    Owner("payment-interface-interaction", "Payment", "interfaceInteractions"),
    Owner("payment-method", "PaymentMethod"),
    Owner("payment-method-info", "PaymentMethodInfo"),
    Owner("product-price", "Price"),
    Owner("product-price", "ScopedPrice"),
    Owner("product-selection", "ProductSelection"),
    Owner("product-tailoring", "ProductTailoring"),  # a resource type, though the contract shows no such field
    Owner("quote", "Quote"),
    Owner("quote", "QuoteRequest"),
    Owner("quote", "StagedQuote"),
    Owner("recurring-order", "RecurringOrder"),
    Owner("reservation", "Reservation"),  # a resource type without an endpoint, so nobody can read one
    Owner("review", "Review"),
    Owner("shipping", "Cart", "shippingCustomFields"),
    Owner("shipping", "Order", "shippingCustomFields"),
    Owner("shipping", "Shipping", "shippingCustomFields"),
    Owner("shipping", "StagedOrder", "shippingCustomFields"),
    Owner("shipping-method", "ShippingMethod"),
    Owner("shopping-list", "ShoppingList"),
    Owner("shopping-list-text-line-item", "TextLineItem"),
    Owner("standalone-price", "StandalonePrice"),
    Owner("store", "Store"),
    Owner("transaction", "Transaction"),
)
"""Every place with custom fields, by resource type id (API reference, ResourceTypeId)."""

_COPIES = frozenset({"messages"})
"""Streams whose custom fields are copies of what other streams hold: a hundred columns that nobody would look at."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A column of a relation that holds the JSON object of custom fields of a kind of resource.

    `prefix` is what the names of the other columns of the same place begin with: `shippingAddress_custom_`.
    """

    column: str
    prefix: str
    resource: str


def owned(relation: Relation) -> tuple[Owned, ...]:
    """Return the columns of `relation` that hold custom fields; none in a Message, which only repeats them."""
    return () if relation.stream in _COPIES else tuple(_owned(relation))


def with_unlisted(relation: Relation, have: Iterable[str]) -> Relation:
    """Return `relation` with the custom fields that its records have (columns `have`) though the contract knows none.

    Product tailorings are an example: a resource type without the field in the contract.
    """
    item = STREAMS[relation.stream].item
    known = {column.path[:1] for column in relation.columns}
    if relation.parent or "custom" not in have or ("custom",) in known or not _resource(item, ("custom",)):
        return relation
    paths = (("custom", "fields"), ("custom", "type", "id"))
    kinds: tuple[Kind, ...] = ("json", "string")
    more = (
        Field("_".join(path), kind, nullable=True, path=path, level=0) for path, kind in zip(paths, kinds, strict=True)
    )
    return replace(relation, columns=(*relation.columns, *more))


def _owned(relation: Relation) -> Iterator[Owned]:
    before = [field for step in relation.origins[0].steps for field in step.branches[0].path]
    item = STREAMS[relation.stream].item
    for column in relation.columns:
        inherited = column.level != -1 and bool(before)
        if inherited or not column.path or column.path[-1] != "fields" or column.kind != "json":
            continue
        resource = _resource(item, (*before, *column.path[:-1]))
        if resource:
            yield Owned(column.name, column.name.removesuffix("fields") or "custom_", resource)


@cache
def _resource(item: str, path: tuple[str, ...]) -> str:
    """Return the resource type of the custom fields at `path` of a record of type `item`, "" if there are none."""
    types, owner = {item}, ""
    for name in path:
        owner = next((row.resource for row in OWNERS if row.item in types and row.field == name), "")
        types = {found for one in types for found in _types(load().fields(one).get(name))}
    return owner


def _types(expression: Expression | None) -> Iterable[str]:
    """Return the names of the types that a value, or each item of a list, may have."""
    if expression is None:
        return ()
    if expression.items is not None:
        return _types(expression.items)
    return (expression.name, *(name for option in expression.options for name in _types(option)))
