"""From what a client sends to what the platform stores: any value made to fit any published type.

Generic on purpose: it follows the contract instead of knowing each resource, so a new resource needs no code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.changes.defaults import DEFAULTS
from commercetools_source.sandbox.contract import element, is_array
from commercetools_source.sandbox.data.expand import collection_of
from commercetools_source.sandbox.platform.clock import parse_time, write_time
from commercetools_source.sandbox.platform.ids import new_id
from commercetools_source.sandbox.platform.refusals import lost_reference
from commercetools_source.sandbox.platform.spec import SCALARS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from commercetools_source.sandbox.data.project import Project
    from commercetools_source.sandbox.platform.clock import Clock

__all__ = ["Drafts", "cents_of", "digits_of"]

_DEEPEST = 12
_TYPES: Mapping[str, type | tuple[type, ...]] = {"bool": bool, "int": int, "number": (int, float)}
_CENTS = 2
# Names of times that are the moment of the write.
_NOW = frozenset({"addedAt", "createdAt", "lastModifiedAt"})
# https://docs.commercetools.com/api/projects/orders#returnitem: the state of payment that a new item has
_RETURNED = {"Advised": "NonRefundable", "Returned": "Initial"}
# Minor units of ISO 4217; all other currencies have two.
_DIGITS: Mapping[str, int] = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),  # noqa: SIM905
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


class Drafts:
    """Completes drafts with the fields that the contract requires.

    `exact`: a value that follows neither from the draft nor from a default is UNSET, to be derived or refused. Else
    it is any legal one, as a test wants that names only the fields which matter to it.
    """

    def __init__(self, project: Project, clock: Clock, random: Random, *, exact: bool = False) -> None:
        self.project = project
        self.spec = project.spec
        self.clock = clock
        self.random = random
        self.exact = exact

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

    def _object(self, value: dict[str, Any], name: str, depth: int) -> Any:
        row = self.spec.types[name]
        tag = row.get("tag")
        if tag is not None:
            chosen = str(value.get(tag) or self._variant_of(value, (name, tag), row["variants"]))
            if not chosen:
                return msgspec.UNSET
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

    def _variant_of(self, value: Mapping[str, Any], place: tuple[str, str], variants: Mapping[str, str]) -> str:
        """Return the variant that has all fields of a value: a custom line item's id makes its return item.

        Of several it is the default, else the first; with `exact` "" unless there is only one.
        """
        given = {name for name, field in value.items() if field is not None}
        fitting = [tag for tag, name in variants.items() if given <= set(self.spec.types[name].get("fields", ()))]
        if DEFAULTS.get(place) in fitting:
            return str(DEFAULTS[place])
        if self.exact:
            return fitting[0] if len(fitting) == 1 else ""
        return next(iter(fitting or variants))

    def _missing(self, place: tuple[str, str], field_type: str, value: Mapping[str, Any], depth: int) -> Any:
        name, field = place
        # Before what the contract alone gives: the first value of an enumeration is legal, and often not the default.
        if place in DEFAULTS:
            return self.complete(DEFAULTS[place], field_type, depth=depth + 1)
        # The id of a reference leads to a record; every other one is of what is made here.
        if field == "id" and element(field_type) == "string" and not (self.exact and name.endswith("Reference")):
            return new_id(self.random)
        follows = _following(name, field, value)
        if follows is not None:
            return follows
        if self.exact and field not in _NOW and self._is_plain(field_type):
            return msgspec.UNSET
        return self.complete(None, field_type, depth=depth + 1)

    def _is_plain(self, field_type: str) -> bool:
        """Return whether values of a type are neither lists nor maps nor objects, which may be empty."""
        name = element(field_type)
        row = self.spec.types.get(name, {})
        return not is_array(field_type) and not name.startswith("{") and not row.keys() & {"fields", "map", "variants"}

    def _resolved(self, value: dict[str, Any], fields: Mapping[str, str], name: str) -> dict[str, Any]:
        """Return a resource identifier as a reference: its key replaced by the id or the other way, its typeId set."""
        if "typeId" not in fields or not name.endswith("Reference"):
            return value
        if "typeId" not in value:
            value = {**value, "typeId": _type_id(name)}
        # Some references of the contract have a key alone, as those to stores, and all others an id.
        wanted, given = ("id", "key") if "id" in fields else ("key", "id")
        if value.get(wanted) is not None or value.get(given) is None:
            return value
        records = self.project.collection(collection_of(str(value["typeId"])))
        target = records.find("key", str(value["key"])) if given == "key" else records.get(str(value["id"]))
        if target is None:
            raise lost_reference(str(value["typeId"]), given, value[given])
        return {"typeId": value["typeId"], wanted: target.id if wanted == "id" else target.decoded().get("key")}


def _following(name: str, field: str, value: Mapping[str, Any]) -> Any:
    """Return a field's value that follows from the others of its object, None if none does."""
    if field == "fractionDigits":
        return digits_of(str(value.get("currencyCode")))
    if name == "HighPrecisionMoney" and field == "centAmount" and value.get("preciseAmount") is not None:
        return cents_of(value)
    return _RETURNED.get(str(value.get("shipmentState"))) if field == "paymentState" else None


def cents_of(money: Mapping[str, Any], quantity: int = 1) -> int:
    """Return the cent amount of a quantity at a price; of high precision it is rounded half to even.

    https://docs.commercetools.com/api/types#highprecisionmoneydraft
    """
    if money.get("preciseAmount") is None:
        return int(money["centAmount"]) * quantity
    scale = 10 ** (money["fractionDigits"] - digits_of(money["currencyCode"]))
    whole, rest = divmod(money["preciseAmount"] * quantity, scale)
    return int(whole + (2 * rest > scale or (2 * rest == scale and whole % 2 == 1)))


def digits_of(currency: str) -> int:
    """Return how many fraction digits amounts in the currency's smallest unit have."""
    return _DIGITS.get(currency, _CENTS)


def _type_id(name: str) -> str:
    """Return the type id of a reference type by its name: CustomerGroupReference is customer-group."""
    words = name.removesuffix("Reference").removesuffix("Key")
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in words).lstrip("-")
