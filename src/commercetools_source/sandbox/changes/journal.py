"""The Messages that writes produce when the project's settings enable them.

https://docs.commercetools.com/api/projects/messages

Which Messages there are comes from the contract: `<Item>Created`, `<Item>Deleted`, `<Item><Field>Set` and
`<Item><Field>Changed`, each with the payload that it declares.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.data.store import Record
from commercetools_source.sandbox.platform.clock import write_time
from commercetools_source.sandbox.platform.ids import new_id
from commercetools_source.sandbox.query.bounds import Ordering, Range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.sandbox.changes.drafts import Drafts
    from commercetools_source.sandbox.data.project import Project

__all__ = ["Journal"]

_COMMON = frozenset(
    {
        "id",
        "version",
        "createdAt",
        "createdBy",
        "lastModifiedAt",
        "lastModifiedBy",
        "sequenceNumber",
        "resource",
        "resourceVersion",
        "resourceUserProvidedIdentifiers",
        "type",
    }
)
# The contract's list of Message types leaves out those of orders, which have a supertype of their own.
_OF_ORDERS: Mapping[str, Mapping[str, str]] = {
    "OrderCreated": {"order": "Order!"},
    "OrderImported": {"order": "Order!"},
    "OrderDeleted": {"order": "Order!"},
    "OrderStateChanged": {"orderState": "OrderState!", "oldOrderState": "OrderState!"},
    "OrderPaymentStateChanged": {"paymentState": "PaymentState!", "oldPaymentState": "PaymentState"},
    "OrderShipmentStateChanged": {"shipmentState": "ShipmentState!", "oldShipmentState": "ShipmentState"},
    "OrderCustomerEmailSet": {"customerEmail": "string", "oldCustomerEmail": "string"},
    "OrderPurchaseOrderNumberSet": {"purchaseOrderNumber": "string", "oldPurchaseOrderNumber": "string"},
}
_IDENTIFIERS = ("key", "externalId", "orderNumber", "customerNumber", "sku")
# https://docs.commercetools.com/api/projects/project
_RETENTION_DAYS = 15
_BY_TIME = Ordering("createdAt")


class Journal:
    """Writes Messages into the project and forgets old ones."""

    def __init__(self, project: Project, drafts: Drafts) -> None:
        self.project = project
        self.drafts = drafts
        self._numbers: dict[str, int] | None = None

    @property
    def enabled(self) -> bool:
        """Whether the project keeps Messages."""
        return bool(self.project.settings().get("messages", {}).get("enabled"))

    def purge(self) -> None:
        """Forget the Messages that are older than the project keeps them."""
        days = self.project.settings().get("messages", {}).get("deleteDaysAfterCreation") or _RETENTION_DAYS
        messages = self.project.collection("/messages")
        # By time, so that old Messages are a part at the front and no scan is needed.
        index = messages.index(_BY_TIME)
        limit = write_time(self.drafts.clock.now() - timedelta(days=days)).encode()
        _, last = index.span(Range(high=limit))
        for record in index.records[:last]:
            messages.remove(record.id)

    def created(self, item: str, type_id: str, value: Mapping[str, Any], *, imported: bool = False) -> None:
        """Announce a new resource; an order that was imported has a Message of its own."""
        self._announce(f"{item}{'Imported' if imported else 'Created'}", item, type_id, value, {})

    def deleted(self, item: str, type_id: str, value: Mapping[str, Any]) -> None:
        """Announce that a resource is gone."""
        self._announce(f"{item}Deleted", item, type_id, value, {})

    def updated(self, item: str, type_id: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """Announce each changed field for which there is a Message."""
        # Publishing is one change of a nested field, which the generic rule below would not name.
        if item == "Product":
            self._published(type_id, old, new)
        for field in {**old, **new}:
            if old.get(field) != new.get(field):
                # An order's `orderState` is announced as OrderStateChanged, a customer's `email` as
                # CustomerEmailChanged.
                capital = field[:1].upper() + field[1:]
                stem = capital if capital.startswith(item) else f"{item}{capital}"
                for suffix in ("Set", "Changed"):
                    self._announce(f"{stem}{suffix}", item, type_id, new, old)

    def _published(self, type_id: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        before, after = old.get("masterData", {}), new.get("masterData", {})
        if after.get("published") and (not before.get("published") or before.get("current") != after.get("current")):
            self._announce("ProductPublished", "Product", type_id, new, old)
        elif before.get("published") and not after.get("published"):
            self._announce("ProductUnpublished", "Product", type_id, new, old)
        for staged in (False, True):
            data = "staged" if staged else "current"
            was, now = _variants(before.get(data)), _variants(after.get(data))
            for change, variants, others in (("Deleted", was, now), ("Added", now, was)):
                for variant in (variant for number, variant in variants.items() if number not in others):
                    news = {**new, "variant": variant, "staged": staged}
                    self._announce(f"ProductVariant{change}", "Product", type_id, news, {})

    def _payload_types(self, name: str) -> Mapping[str, str] | None:
        variants = self.project.spec.types.get("Message", {}).get("variants", {})
        if name in variants:
            fields: Mapping[str, str] = self.project.spec.types[variants[name]]["fields"]
            return {field: field_type for field, field_type in fields.items() if field not in _COMMON}
        return _OF_ORDERS.get(name)

    def _announce(self, name: str, item: str, type_id: str, value: Mapping[str, Any], old: Mapping[str, Any]) -> None:
        payload_types = self._payload_types(name)
        # Most changes have no Message of their own.
        if payload_types is None or not self.enabled:
            return
        now = write_time(self.drafts.clock.now())
        # Numbers go up per resource, and so put its Messages in order:
        # https://docs.commercetools.com/api/projects/messages
        number = self._next_number(str(value["id"]))
        message: dict[str, Any] = {
            "id": new_id(self.drafts.random),
            "version": 1,
            "createdAt": now,
            "lastModifiedAt": now,
            "sequenceNumber": number,
            "resource": {"typeId": type_id, "id": value["id"]},
            "resourceVersion": value.get("version", 1),
            "type": name,
        }
        identifiers = {key: value[key] for key in _IDENTIFIERS if isinstance(value.get(key), str)}
        if identifiers:
            message["resourceUserProvidedIdentifiers"] = identifiers
        for field, field_type in payload_types.items():
            entry = self._value(field, item, value, old)
            if entry is not None:
                message[field] = entry
            # A required field without a value is filled, so that the Message is valid by the contract.
            elif field_type.endswith("!"):
                message[field] = self.drafts.complete(None, field_type)
        self.project.collection("/messages").put(Record(msgspec.json.encode(message)))

    def _value(self, field: str, item: str, value: Mapping[str, Any], old: Mapping[str, Any]) -> Any:
        if field == item[0].lower() + item[1:]:
            # The whole record, as in OrderCreated: https://docs.commercetools.com/api/projects/messages
            return value
        if field in {"productProjection", "currentProjection"}:
            view = self.project.view("/product-projections", "current" if field == "currentProjection" else "staged")
            projection = view.get(str(value["id"]))
            return None if projection is None else projection.decoded()
        if field.startswith("old") and field[3:4].isupper():
            return old.get(field[3].lower() + field[4:])
        return value.get(field)

    def _next_number(self, resource: str) -> int:
        if self._numbers is None:
            # Counted from the stored Messages once, then carried on.
            self._numbers = {}
            probe = self.project.prober.probe(frozenset({"resource", "sequenceNumber"}))
            for head in map(probe, self.project.collection("/messages")):
                owner, number = head.get("resource", {}).get("id", ""), head.get("sequenceNumber", 0)
                self._numbers[owner] = max(number, self._numbers.get(owner, 0))
        self._numbers[resource] = self._numbers.get(resource, 0) + 1
        return self._numbers[resource]


def _variants(data: Any) -> dict[str, Any]:
    """Return the variants of a product's data, the master too, by their numbers."""
    if not isinstance(data, dict):
        return {}
    rows = [data.get("masterVariant"), *(data.get("variants") or ())]
    return {str(row.get("id")): row for row in rows if isinstance(row, dict)}
