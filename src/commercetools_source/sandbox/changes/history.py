"""The Change History of a project: what each write changed, who made it, and when.

https://docs.commercetools.com/api/history/change-history

It begins with the first write to the sandbox: of the generated shop nobody knows what was before. Each field that
changed is an `UnknownChange`, the contract's form for a change without a type of its own.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.platform.clock import write_time
from commercetools_source.sandbox.platform.endpoints import HISTORY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.sandbox.data.project import Project
    from commercetools_source.sandbox.platform.clock import Clock

__all__ = ["History"]

_BOOKKEEPING = frozenset({"version", "createdAt", "createdBy", "lastModifiedAt", "lastModifiedBy"})
_LABELS: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "associate-role": ("AssociateRoleLabel", {"key": "key", "name": "name"}),
        "business-unit": ("BusinessUnitLabel", {"key": "key", "name": "name"}),
        "customer": (
            "CustomerLabel",
            {"firstName": "firstName", "lastName": "lastName", "customerNumber": "customerNumber"},
        ),
        "key-value-document": ("CustomObjectLabel", {"key": "key", "container": "container"}),
        "order": ("OrderLabel", {"customerEmail": "customerEmail", "orderNumber": "orderNumber"}),
        "payment": ("PaymentLabel", {"key": "key", "amountPlanned": "amountPlanned"}),
        "product": ("ProductLabel", {"slug": "masterData.staged.slug", "name": "masterData.staged.name"}),
        "review": ("ReviewLabel", {"key": "key", "title": "title"}),
        "shipping-method": ("ShippingMethodLabel", {"key": "key", "name": "name"}),
        "standalone-price": ("StandalonePriceLabel", {"key": "key", "sku": "sku"}),
    }
)
"""The label of a resource type: its own type, and from which field of the resource each of its own comes."""


class History:
    """Writes records of changes into the project."""

    def __init__(self, project: Project, clock: Clock) -> None:
        self.project = project
        self.clock = clock
        self._types = frozenset(project.spec.values("HistoryResourceType"))

    def created(self, type_id: str, new: Mapping[str, Any]) -> None:
        """Note a new resource."""
        self._note("ResourceCreated", type_id, {}, new, [])

    def updated(self, type_id: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """Note what changed of a resource."""
        changed = [field for field in {**old, **new} if field not in _BOOKKEEPING and old.get(field) != new.get(field)]
        changes = [
            {
                "type": "UnknownChange",
                "change": f"set{field[:1].upper()}{field[1:]}",
                "previousValue": old.get(field, ""),
                "nextValue": new.get(field, ""),
            }
            for field in changed
        ]
        self._note("ResourceUpdated", type_id, old, new, changes)

    def deleted(self, type_id: str, old: Mapping[str, Any]) -> None:
        """Note that a resource is gone."""
        gone = {**old, "version": old.get("version", 0) + 1, "lastModifiedAt": write_time(self.clock.now())}
        self._note("ResourceDeleted", type_id, old, gone, [])

    def _note(
        self,
        change: str,
        type_id: str,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        changes: list[dict[str, Any]],
    ) -> None:
        if type_id not in self._types:
            return
        author = new.get("lastModifiedBy") or {}
        record = {
            "version": new.get("version", 1),
            "previousVersion": old.get("version", 0),
            "type": change,
            "modifiedBy": {"type": "api-client", "isPlatformClient": False, "clientId": author.get("clientId", "")},
            "modifiedAt": new.get("lastModifiedAt") or write_time(self.clock.now()),
            "label": _label(type_id, new),
            "previousLabel": _label(type_id, old or new),
            "changes": changes,
            "resource": {
                "typeId": type_id,
                "id": new["id"],
                **({"key": new["key"]} if isinstance(new.get("key"), str) else {}),
            },
            "stores": _stores(new),
            "withoutChanges": change == "ResourceUpdated" and not changes,
        }
        self.project.collection(HISTORY).put(self.project.record(HISTORY, msgspec.json.encode(record)))


def _label(type_id: str, resource: Mapping[str, Any]) -> dict[str, Any]:
    if type_id in _LABELS:
        label, sources = _LABELS[type_id]
        return {"type": label, **{field: _at(resource, path) for field, path in sources.items()}}
    name = resource.get("name")
    if isinstance(name, dict):
        return {"type": "LocalizedLabel", "value": name}
    texts = (name, *(resource.get(field) for field in ("key", "code", "sku", "id")))
    return {"type": "StringLabel", "value": next(text for text in (*texts, "") if isinstance(text, str))}


def _at(resource: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path; what a label needs and a resource lacks is an empty text."""
    value: Any = resource
    for step in path.split("."):
        value = value.get(step, "") if isinstance(value, dict) else ""
    return value


def _stores(resource: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the stores that a resource belongs to, as key references."""
    own = resource.get("store")
    several = resource.get("stores") or []
    rows = [*([own] if isinstance(own, dict) else []), *(several if isinstance(several, list) else [])]
    return [{"typeId": "store", "key": row["key"]} for row in rows if isinstance(row, dict) and "key" in row]
