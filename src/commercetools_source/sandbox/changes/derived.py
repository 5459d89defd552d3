"""What the platform derives from a write: stock, ancestors, the store of the path, the state of an ordered cart.

Pure functions on plain records; the writer reads and stores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.platform.refusals import invalid_input, refuse, required_field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "SOURCES",
    "addressed",
    "below_parent",
    "below_unit",
    "concealed",
    "counted",
    "in_store",
    "ordered",
    "refuse_closed",
    "renamed",
    "stocked",
    "units_below",
    "within",
    "without_nulls",
]

# Fields that refer to what a quote request, quote, staged quote or recurring order is made of.
SOURCES = ("cart", "quoteRequest", "stagedQuote")
_CONCEALED = "****"
_VERSIONS = frozenset(f"{source}Version" for source in SOURCES)
# https://docs.commercetools.com/api/projects/carts: no operation is allowed on carts of these states.
_CLOSED = frozenset({"Merged", "Ordered"})


def concealed(customer: Mapping[str, Any], path: str = "password") -> dict[str, Any]:
    """Return a customer, or a draft, without the password in clear, which nobody can read again.

    Raises a 400 where one is needed: https://docs.commercetools.com/api/projects/customers#authenticationmode. Who is
    authenticated elsewhere has none. `path` is where the request has it.
    """
    if customer.get("authenticationMode") == "ExternalAuth":
        return {name: value for name, value in customer.items() if name != "password"}
    if customer.get("password") is None:
        raise required_field(path)
    return {**customer, "password": _CONCEALED}


def without_nulls(value: Any) -> Any:
    """Return a custom object's value without the fields that are null; nulls in arrays stay.

    https://docs.commercetools.com/api/projects/custom-objects
    """
    if isinstance(value, dict):
        return {name: without_nulls(field) for name, field in value.items() if field is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def renamed(path: str, draft: Mapping[str, Any]) -> dict[str, Any]:
    """Return a draft with what it says under another name than the record: a group's name, a cart's currency.

    Versions of what a quote or recurring order is made of are no fields of it; the writer has checked them.
    """
    fields = {name: value for name, value in draft.items() if name not in _VERSIONS}
    if path == "/customer-groups":
        fields["name"] = fields.pop("groupName")
    if path == "/carts":
        # Nothing is in the cart: the sandbox refuses line items, whose prices it cannot select.
        fields["totalPrice"] = {"currencyCode": fields.pop("currency"), "centAmount": 0}
    return fields


def addressed(draft: Mapping[str, Any], new_id: Callable[[], str]) -> dict[str, Any]:
    """Return a draft whose addresses have ids, and these in place of their positions.

    https://docs.commercetools.com/api/projects/customers
    """
    addresses = [{**address, "id": new_id()} for address in draft.get("addresses") or ()]
    fields = {**draft, "addresses": addresses}
    for kind in ("shipping", "billing"):
        default, many = f"default{kind.title()}Address", f"{kind}Addresses"
        chosen, positions = fields.pop(default, None), fields.pop(many, None) or []
        ids = [_at(addresses, position, f"{many}[{number}]") for number, position in enumerate(positions)]
        if chosen is not None:
            fields[f"{default}Id"] = _at(addresses, chosen, default)
            ids.append(fields[f"{default}Id"])
        # An address may be default and listed as well; its id stands in the list once.
        fields[f"{kind}AddressIds"] = list(dict.fromkeys(ids))
    return fields


def _at(addresses: list[dict[str, Any]], position: int, path: str) -> str:
    if not 0 <= position < len(addresses):
        raise invalid_input(f"The field '{path}' is {position}, and there are {len(addresses)} addresses, from 0 on.")
    return str(addresses[position]["id"])


def stocked(new: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return an inventory entry with the quantity that is available: nothing is reserved, unless `old` says so."""
    # What is reserved stays reserved when the stock is counted anew:
    # https://docs.commercetools.com/api/projects/inventory
    reserved = 0 if old is None else old["quantityOnStock"] - old.get("availableQuantity", old["quantityOnStock"])
    return {**new, "availableQuantity": new["quantityOnStock"] - reserved}


def below_parent(category: Mapping[str, Any], parent: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a category with its ancestors, the root first; raises a 400 for a category below itself."""
    if parent is None:
        return {**category, "ancestors": []}
    # With the root first, as in https://docs.commercetools.com/api/projects/categories#category
    ancestors = [*parent.get("ancestors", ()), {"typeId": "category", "id": parent["id"]}]
    if any(ancestor["id"] == category.get("id") for ancestor in ancestors):
        raise invalid_input(f"The category '{category['id']}' cannot be below itself.")
    return {**category, "ancestors": ancestors}


def below_unit(draft: Mapping[str, Any], parent: Mapping[str, Any]) -> dict[str, Any]:
    """Return a business unit's draft with the unit at the top, which is that of its parent, or itself."""
    top = parent.get("topLevelUnit") or {"typeId": "business-unit", "key": draft["key"]}
    return {**draft, "topLevelUnit": top}


def units_below(units: Sequence[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
    """Return the business units below the one with this key, those right below it first."""
    children = [unit for unit in units if (unit.get("parentUnit") or {}).get("key") == key]
    # Without them: a copied shop may have units that are below each other.
    others = [unit for unit in units if unit not in children]
    return [*children, *(unit for child in children for unit in units_below(others, child["key"]))]


def counted(review: Mapping[str, Any], state: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a review that says whether it counts: unless it is in a state without that role.

    https://docs.commercetools.com/api/projects/reviews#review
    """
    return {**review, "includedInStatistics": state is None or "ReviewIncludedInStatistics" in state.get("roles", ())}


def in_store(draft: Mapping[str, Any], store: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return what is written at the path of a store with that store; raises a 400 when the draft names others."""
    # By key: records name their stores so (https://docs.commercetools.com/api/projects/stores#storekeyreference).
    reference = {"typeId": "store", "key": store}
    field, value = ("store", reference) if "store" in fields else ("stores", [reference])
    if draft.get(field) is not None and not within({field: draft[field]}, store):
        raise invalid_input(f"The field '{field}' does not name the store '{store}' of the path.")
    return {**draft, field: draft.get(field) or value}


def within(record: Mapping[str, Any], store: str) -> bool:
    """Return whether a record belongs to the store with this key."""
    stores = [record.get("store"), *(record.get("stores") or ())]
    return any(isinstance(row, dict) and row.get("key") == store for row in stores)


def refuse_closed(cart: Mapping[str, Any]) -> None:
    """Raise a 400 for a cart that can be neither changed nor ordered any more."""
    if cart.get("cartState") in _CLOSED:
        message = f"The cart with ID '{cart['id']}' is {cart['cartState']}: no operation is allowed on it."
        raise refuse(400, "InvalidOperation", message)


def ordered(cart: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cart as it is once an order was made of it."""
    return {**cart, "cartState": "Ordered"}
