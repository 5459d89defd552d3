"""The platform's published contract as the sandbox needs it: endpoints, and which fields a type has.

It reads contract.json as data; the code that the client derives from the same file is not shared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.contract import element, published

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["SCALARS", "Spec"]

SCALARS = frozenset({"string", "int", "number", "bool", "datetime", "date", "time"})
_FREE = frozenset({"any", "object"})
# Live answers carry these though the contract does not list them; predicates and sort accept them.
_UNDOCUMENTED = {"versionModifiedAt": "datetime", "lastMessageSequenceNumber": "int"}


class Spec:
    """Answers questions about endpoints and types; loaded once per sandbox."""

    def __init__(self, endpoints: Mapping[str, Any], types: Mapping[str, Any]) -> None:
        self.endpoints = endpoints
        self.types = types
        self._fields: dict[str, Mapping[str, str] | None] = {}

    @classmethod
    def load(cls) -> Spec:
        """Return the contract that ships with the package."""
        contract = published()
        return cls(contract["endpoints"], contract["types"])

    def scalar(self, expression: str) -> str:
        """Return the scalar that values of the type are: enums are strings; "object" for what has fields."""
        name = element(expression)
        if name in SCALARS or name in _FREE:
            return "any" if name in _FREE else name
        row = self.types.get(name)
        if row is None:
            return "any"
        if "is" in row:
            return str(row["is"])
        return "string" if "enum" in row else "object"

    def values(self, expression: str) -> Sequence[str]:
        """Return the values of an enum, nothing for every other type."""
        values: Sequence[str] = self.types.get(element(expression), {}).get("enum", ())
        return values

    def fields(self, expression: str) -> Mapping[str, str] | None:
        """Return name and type of the fields that values of the type may have; None when any name is possible.

        Scalars have no fields. A union has those of all its variants.
        """
        name = element(expression)
        if name in SCALARS:
            return {}
        if name.startswith("{") or name in _FREE:
            return None
        if name not in self._fields:
            self._fields[name] = self._gather(name)
        return self._fields[name]

    def field(self, expression: str, name: str) -> str | None:
        """Return the type of field `name` inside the type, "any" when everything is allowed, None when it has none."""
        inner = element(expression)
        if inner.startswith("{"):
            return inner[1:-1]
        row = self.types.get(inner, {})
        if "map" in row:
            return str(row["map"])
        fields = self.fields(inner)
        return "any" if fields is None else fields.get(name)

    def _gather(self, name: str) -> Mapping[str, str] | None:
        row = self.types.get(name)
        if row is None or "map" in row:
            return None
        if "fields" not in row and "variants" not in row:
            return {}
        fields: dict[str, str] = dict(row.get("fields", ()))
        # A union has the fields of all its variants: a predicate may ask for any of them.
        for variant in row.get("variants", {}).values():
            for field, field_type in (self._gather(variant) or {}).items():
                # Variants may disagree on the type of a field; then any value is compared as it is.
                fields[field] = field_type if fields.get(field, field_type) == field_type else "any"
        if "id" in fields and "version" in fields:
            fields |= {field: field_type for field, field_type in _UNDOCUMENTED.items() if field not in fields}
        return fields
