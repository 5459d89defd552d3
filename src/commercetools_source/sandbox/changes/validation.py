"""Refuses what a draft or an update action cannot be by the contract, in the shape of the platform's errors.

https://docs.commercetools.com/api/errors: RequiredField, InvalidField.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.changes.drafts import digits_of
from commercetools_source.sandbox.changes.values import below, refuse_field, refuse_languages, refuse_object
from commercetools_source.sandbox.contract import Expr, parse
from commercetools_source.sandbox.platform.clock import parse_time
from commercetools_source.sandbox.platform.refusals import invalid_field, invalid_input, lost_reference, required_field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


__all__ = ["Rules", "type_id", "validate"]

# https://docs.commercetools.com/api/types#date and #time
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?", re.ASCII)
# https://docs.commercetools.com/api/types#highprecisionmoney
_MOST_DIGITS = 20
# An amount may be sent as it was read: https://docs.commercetools.com/api/types
_MONEY = {"type": "MoneyType", "fractionDigits": "int", "preciseAmount": "int"}

# The cent amount follows from the precise one: https://docs.commercetools.com/api/types#highprecisionmoneydraft
_PRECISE = {"centAmount": "int", "fractionDigits": "int!", "preciseAmount": "int!"}


def type_id(name: str) -> str:
    """Return the type id of a type of references by its name: CustomerGroupReference is customer-group."""
    words = re.sub(r"(KeyReference|Reference|ResourceIdentifier)$", "", name)
    # https://docs.commercetools.com/api/projects/custom-objects: the type id of what the contract calls CustomObject
    words = "KeyValueDocument" if words == "CustomObject" else words
    return re.sub(r"(?<!^)(?=[A-Z])", "-", words).lower()


def _is_datetime(value: Any) -> bool:
    return isinstance(value, str) and parse_time(value) is not None


def _is_long(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_date(value: Any) -> bool:
    # Python reads other forms as well, from 3.11 on those of weeks too.
    if not isinstance(value, str) or _DATE.fullmatch(value) is None:
        return False
    try:
        return bool(date.fromisoformat(value))
    except ValueError:
        return False


_SCALARS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "string": (lambda value: isinstance(value, str), "a string"),
    "bool": (lambda value: isinstance(value, bool), "true or false"),
    # https://docs.commercetools.com/api/types: the specification's widest format of whole numbers is int64
    "int": (_is_long, "a whole number of at most 64 bits"),
    "number": (lambda value: isinstance(value, (int, float)) and not isinstance(value, bool), "a number"),
    "datetime": (_is_datetime, "a time such as 2026-01-31T10:00:00.000Z"),
    "date": (_is_date, "a date such as 2026-01-31"),
    "time": (
        lambda value: isinstance(value, str) and _TIME_OF_DAY.fullmatch(value) is not None,
        "a time of day such as 10:00:00.000",
    ),
    "object": (lambda value: isinstance(value, dict), "an object"),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """The types of the contract, and what the project has.

    `exists`: whether a reference leads somewhere, by type id, `id` or `key`, and its value. `languages`: the project's.
    """

    types: Mapping[str, Any]
    exists: Callable[[str, str, str], bool]
    languages: Callable[[], Sequence[str]]


def validate(rules: Rules, value: Any, expression: str, path: str = "") -> None:
    """Raise a 400 where `value` is not of the type; a null is a field that is left out."""
    # Before anything is completed or stored: a client has to hear of its own mistake, not of what became of it.
    try:
        _value(rules, value, parse(expression), path)
    except RecursionError:
        raise invalid_input("The request body is nested too deep.") from None


def _value(rules: Rules, value: Any, expected: Expr, path: str) -> None:
    if expected.wrappers:
        _many(rules, value, expected, path)
    elif expected.base in _SCALARS:
        fits, wanted = _SCALARS[expected.base]
        if not fits(value):
            raise invalid_field(path, value, wanted)
    elif expected.base in rules.types:
        _named(rules, value, expected.base, path)


def _many(rules: Rules, value: Any, expected: Expr, path: str) -> None:
    # The outermost wrapper is taken off; what is inside a list or map is always there.
    inner = Expr(expected.base, expected.wrappers[1:], required=True)
    if expected.wrappers[0] == "[":
        if not isinstance(value, list):
            raise invalid_field(path, value, "an array")
        for number, item in enumerate(value):
            _value(rules, item, inner, f"{path}[{number}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            _value(rules, item, inner, f"{path}.{name}")
    else:
        raise invalid_field(path, value, "an object")


def _named(rules: Rules, value: Any, name: str, path: str) -> None:
    row = rules.types[name]
    if "enum" in row:
        if value not in row["enum"]:
            raise invalid_field(path, value, f"one of {', '.join(row['enum'])}", row["enum"])
    elif "is" in row:
        _value(rules, value, parse(row["is"]), path)
        if name == "Locale":
            refuse_languages([value], path)
    elif "map" in row:
        inner = parse(row["map"])
        _many(rules, value, Expr(inner.base, "{" + inner.wrappers, required=True), path)
        if name == "LocalizedString":
            refuse_languages(list(value), path)
    elif not isinstance(value, dict):
        raise invalid_field(path or "the request body", value, "an object")
    elif "variants" in row:
        _union(rules, value, row, path)
    else:
        _object(rules, value, name, path)


def _union(rules: Rules, value: Mapping[str, Any], row: Mapping[str, Any], path: str) -> None:
    tag = row["tag"]
    field = below(path, tag)
    chosen = value.get(tag)
    if chosen is None:
        # What an object must have depends on its tag, so that one is asked for first.
        raise required_field(field)
    if chosen not in row["variants"]:
        raise invalid_field(field, chosen, f"one of {', '.join(row['variants'])}", list(row["variants"]))
    _named(rules, value, row["variants"][chosen], path)


def _object(rules: Rules, value: Mapping[str, Any], name: str, path: str) -> None:
    fields: dict[str, str] = rules.types[name]["fields"]
    if name == "Money":
        fields = {**fields, **_MONEY}
        if value.get("type") == "highPrecision":
            fields |= _PRECISE
    reference = "typeId" in fields and name.endswith(("Reference", "ResourceIdentifier"))
    for field, expression in fields.items():
        # The type of a reference follows from where it stands: https://docs.commercetools.com/api/types
        if value.get(field) is None and expression.endswith("!") and not (reference and field == "typeId"):
            raise required_field(below(path, field))
    for field, item in value.items():
        place = below(path, field)
        if field not in fields:
            raise invalid_input(f"The field '{place}' is none of {name}, which has {', '.join(sorted(fields))}.")
        if item is not None:
            _value(rules, item, parse(fields[field]), place)
            refuse_field(name, field, item, place, exists=rules.exists, languages=rules.languages)
    if reference:
        _reference(rules, value, name, path)
    refuse_object(name, value, path)
    if "currencyCode" in fields and value.get("fractionDigits") is not None:
        _digits(value, path)


def _digits(money: Mapping[str, Any], path: str) -> None:
    """Raise a 400 for fraction digits that an amount of the currency cannot have."""
    # A precise amount has more than its currency: https://docs.commercetools.com/api/types#highprecisionmoneydraft
    usual = digits_of(str(money.get("currencyCode")))
    least, most = (usual + 1, _MOST_DIGITS) if money.get("type") == "highPrecision" else (usual, usual)
    if not least <= money["fractionDigits"] <= most:
        wanted = f"a number from {least} to {most}" if least < most else str(usual)
        raise invalid_field(below(path, "fractionDigits"), money["fractionDigits"], wanted)


def _reference(rules: Rules, value: Mapping[str, Any], name: str, path: str) -> None:
    # A reference may leave out its type; one that it names must be the right one.
    expected = type_id(name)
    if value.get("typeId", expected) != expected:
        raise invalid_field(below(path, "typeId"), value["typeId"], f"'{expected}'", [expected])
    if value.get("id") is None and value.get("key") is None:
        raise required_field(below(path, "id"))
    field = "id" if value.get("id") is not None else "key"
    if not rules.exists(expected, field, str(value[field])):
        raise lost_reference(expected, field, value[field])
