"""From what a client sends to what the platform stores: any value made to fit any published type.

Generic on purpose: it follows the contract instead of knowing each resource, so a new resource needs no code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.changes.defaults import DEFAULTS
from commercetools_source.sandbox.contract import element, is_array
from commercetools_source.sandbox.data.expand import collection_of
from commercetools_source.sandbox.platform.clock import parse_time, write_time
from commercetools_source.sandbox.platform.ids import new_id
from commercetools_source.sandbox.platform.refusals import refuse
from commercetools_source.sandbox.platform.spec import SCALARS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from commercetools_source.sandbox.data.project import Project
    from commercetools_source.sandbox.platform.clock import Clock

__all__ = ["Drafts"]

_DEEPEST = 12
_TYPES: Mapping[str, type | tuple[type, ...]] = {"bool": bool, "int": int, "number": (int, float)}
_CENTS = 2
# Minor units of ISO 4217; all other currencies of the sandbox have two.
_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3}


class Drafts:
    """Completes drafts with the fields that the contract requires."""

    def __init__(self, project: Project, clock: Clock, random: Random) -> None:
        self.project = project
        self.spec = project.spec
        self.clock = clock
        self.random = random

    def complete(self, value: Any, expression: str, *, depth: int = 0) -> Any:  # noqa: PLR0911 - one for each kind
        """Return `value` as an instance of the type: required fields filled, unknown ones dropped, keys resolved.

        Raises the platform's 400 when a reference by key leads nowhere.
        """
        # Types may require themselves; a real record never gets this deep.
        if depth > _DEEPEST:
            return value
        if is_array(expression):
            inner = expression.rstrip("!")[1:-1]
            return [self.complete(item, inner, depth=depth + 1) for item in value] if isinstance(value, list) else []
        # Without the mark of required: whether a value is needed is decided where its field stands.
        name = element(expression)
        row = self.spec.types.get(name, {})
        if name in SCALARS or "is" in row:
            return self._scalar(value, str(row.get("is", name)))
        if "enum" in row:
            return value if isinstance(value, str) else row["enum"][0]
        if not row and not name.startswith("{"):
            return {} if value is None else value
        members = value if isinstance(value, dict) else {}
        if name.startswith("{") or "map" in row:
            inner = name[1:-1] if name.startswith("{") else str(row["map"])
            return {key: self.complete(item, inner, depth=depth + 1) for key, item in members.items()}
        return self._object(members, name, depth)

    def _scalar(self, value: Any, scalar: str) -> Any:
        if scalar in _TYPES:
            fits = isinstance(value, _TYPES[scalar]) and (scalar == "bool" or not isinstance(value, bool))
            return value if fits else _TYPES["bool" if scalar == "bool" else "int"](0)  # type: ignore[operator]
        if scalar == "datetime":
            time = parse_time(value) if isinstance(value, str) else None
            return time or write_time(self.clock.now())
        if isinstance(value, str):
            return value
        now = write_time(self.clock.now())
        return {"date": now[:10], "time": now[11:23]}.get(scalar, "")

    def _object(self, value: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        row = self.spec.types[name]
        tag = row.get("tag")
        if tag is not None:
            chosen = str(value.get(tag) or self._variant_of(value, row["variants"]))
            # The tag goes into the value, because a draft may leave it out and a record never does.
            value = {**value, tag: chosen}
            name = row["variants"].get(chosen, name)
        fields = self.spec.types.get(name, row).get("fields", {})
        value = self._resolved(value, fields, name)
        done: dict[str, Any] = {}
        for field, field_type in fields.items():
            if value.get(field) is not None:
                done[field] = self.complete(value[field], field_type, depth=depth + 1)
            elif field_type.endswith("!"):
                done[field] = self._missing((name, field), field_type, value, depth)
        return done

    def _variant_of(self, value: Mapping[str, Any], variants: Mapping[str, str]) -> str:
        """Return the first variant that has all fields of a value: a custom line item's id makes its return item."""
        given = {name for name, field in value.items() if field is not None}
        fitting = (tag for tag, name in variants.items() if given <= set(self.spec.types[name].get("fields", ())))
        return next(fitting, next(iter(variants)))

    def _missing(self, place: tuple[str, str], field_type: str, value: Mapping[str, Any], depth: int) -> Any:
        field = place[1]
        # Before what the contract alone gives: the first value of an enumeration is legal, and often not the default.
        if place in DEFAULTS:
            return self.complete(DEFAULTS[place], field_type, depth=depth + 1)
        if field == "id" and element(field_type) == "string":
            return new_id(self.random)
        if field == "fractionDigits":
            return _DIGITS.get(str(value.get("currencyCode")), _CENTS)
        return self.complete(None, field_type, depth=depth + 1)

    def _resolved(self, value: dict[str, Any], fields: Mapping[str, str], name: str) -> dict[str, Any]:
        """Return a resource identifier as a reference: its key replaced by the id, its typeId filled in."""
        if "typeId" not in fields or not name.endswith("Reference"):
            return value
        if "typeId" not in value:
            value = {**value, "typeId": _type_id(name)}
        # Some references of the contract have a key alone, as those to stores: there is no id to put in its place.
        if "id" in value or "key" not in value or "id" not in fields:
            return value
        target = self.project.collection(collection_of(str(value["typeId"]))).find("key", str(value["key"]))
        if target is None:
            message = f"The referenced object of type '{value['typeId']}' with key '{value['key']}' was not found."
            raise refuse(400, "ReferencedResourceNotFound", message, typeId=value["typeId"], key=value["key"])
        return {"typeId": value["typeId"], "id": target.id}


def _type_id(name: str) -> str:
    """Return the type id of a reference type by its name: CustomerGroupReference is customer-group."""
    words = name.removesuffix("Reference").removesuffix("Key")
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in words).lstrip("-")
