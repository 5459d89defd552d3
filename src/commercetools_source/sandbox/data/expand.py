"""Reference expansion: `expand=lineItems[*].productType` puts the referenced object beside its id as `obj`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.sandbox.data.project import Project
    from commercetools_source.sandbox.data.store import Record

__all__ = ["Expander", "collection_of"]

_STEP = re.compile(r"([^.\[\]]+)(?:\[\*\])?")
_PLURALS = {
    "business-unit": "/business-units",
    "category": "/categories",
    "inventory-entry": "/inventory",
    "key-value-document": "/custom-objects",
    "order-edit": "/orders/edits",
    "product-tailoring": "/product-tailoring",
    "recurrence-policy": "/recurrence-policies",
    "tax-category": "/tax-categories",
}


def collection_of(type_id: str) -> str:
    """Return the path of the collection that references of this type point into."""
    return _PLURALS.get(type_id, f"/{type_id}s")


class Expander:
    """Resolves references within one project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def expand(self, record: Record, paths: Sequence[str]) -> bytes:
        """Return the record's bytes with `obj` added at the paths; what does not exist stays as it is."""
        value = record.decoded()
        for path in paths:
            self._walk(value, _STEP.findall(path))
        # Encoded again as a whole: what is expanded lies in the middle, and pages with expansion are few.
        return msgspec.json.encode(value)

    def _walk(self, value: Any, steps: Sequence[str]) -> None:
        if isinstance(value, list):
            for item in value:
                self._walk(item, steps)
            return
        if not isinstance(value, dict):
            return
        # A path may go on inside the referenced object: `parent.parent` expands both levels.
        # https://docs.commercetools.com/api/general-concepts
        if "typeId" in value and ("id" in value or "key" in value) and (not steps or steps[0] not in value):
            self._resolve(value)
            value = value.get("obj")
            if steps and value is not None:
                self._walk(value, steps)
            return
        if steps:
            self._walk(value.get(steps[0]), steps[1:])

    def _resolve(self, reference: dict[str, Any]) -> None:
        # Several paths may share their start; an object once expanded is extended.
        if "obj" in reference or "id" not in reference:
            return
        target = self.project.collection(collection_of(str(reference["typeId"]))).get(str(reference["id"]))
        # A path that leads nowhere is passed over without an error:
        # https://docs.commercetools.com/api/general-concepts#reference-expansion
        if target is not None:
            reference["obj"] = target.decoded()
