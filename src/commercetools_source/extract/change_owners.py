"""Whose a row of the Change History may be: what it tells of a person, as a record of theirs would. Pure functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["OWNED", "SEARCHED", "TELLING", "owners_of"]

_FIELDS = {"Email": "customerEmail", "AnonymousId": "anonymousId"}

TELLING = ("resourceId", "resourceType", "modifiedAt", "modifiedBy", "label", "previousLabel", "changes")
"""The columns of a row that can tell whose it is."""
SEARCHED = frozenset({"key-value-document", "discount-code"})
"""Types of resources without a customer, in whose changes the id or an e-mail address of one may stand anywhere."""
OWNED = frozenset(
    {
        *("cart", "order", "payment", "payment-method", "quote", "quote-request", "recurring-order", "review"),
        *("shopping-list", "staged-quote"),
    }
)
"""Types of resources that are of whoever makes them in a session of a customer, or an anonymous one."""
_NAMING = re.compile(r"(Email|Customer|CustomerId|AnonymousId)$")
"""Changes whose values say whose a resource is, such as setCustomerEmail; those of custom fields may be of anybody
(https://docs.commercetools.com/api/history/change-history).
"""


def owners_of(fields: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield for each hint of a row, an object with the columns TELLING, a record that would be the same person's."""
    dated = {"createdAt": fields.get("modifiedAt")}
    for name in ("label", "previousLabel"):
        if isinstance(label := fields.get(name), dict):
            yield {**dated, **{name: label.get(name) for name in ("customer", "customerEmail")}}
    maker = fields.get("modifiedBy")
    if isinstance(maker, dict) and fields.get("resourceType") in OWNED:
        yield {**dated, **{name: maker.get(name) for name in ("customer", "anonymousId")}}
    changes = fields.get("changes")
    for change in changes if isinstance(changes, list) else ():
        if isinstance(change, dict) and _NAMING.search(str(change.get("change"))):
            for value in (change.get("previousValue"), change.get("nextValue")):
                yield {**dated, **_owner(str(change["change"]), value)}


def _owner(change: str, value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return {"customer": value}
    name = next((name for end, name in _FIELDS.items() if change.endswith(end)), "customerId")
    return {name: value} if isinstance(value, str) else {}
