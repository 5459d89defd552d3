"""Random definitions of own fields, as the API writes them, values that fit them, and the way back from columns."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from commercetools_source.model.custom.columns import custom_columns
from commercetools_source.model.custom.definitions import ATTRIBUTE_TYPES, FIELD_TYPES, column_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime, time

    from commercetools_source.model.custom.columns import FieldSet
    from commercetools_source.model.custom.definitions import FieldType, ProductType
    from commercetools_source.model.custom.values import Reader

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
LOCALES = st.sampled_from(["en", "de", "de-AT", "zh-Hant-TW"])
LOCALIZED = st.dictionaries(LOCALES, TEXTS, max_size=3)
NUMBERS = st.one_of(
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(-(10**9), 10**9, places=4).map(float),
)
NAMES = st.text("abcXYZ019_-", min_size=2, max_size=8)
TARGETS = ("category", "product")


def _clock(value: time) -> str:
    return value.isoformat("milliseconds")


def _moment(value: datetime) -> str:
    return f"{value.isoformat(timespec='milliseconds')}Z"


def _money(fraction: int, cents: int, precise: int | None) -> dict[str, Any]:
    found = {"type": "centPrecision", "currencyCode": "EUR", "centAmount": cents, "fractionDigits": fraction}
    return found if precise is None else {**found, "type": "highPrecision", "preciseAmount": precise}


CENTS = st.integers(-(10**15), 10**15)
MONEY = st.builds(_money, st.sampled_from([0, 2, 3]), CENTS, st.none())
PRECISE = st.builds(_money, st.integers(0, 20), CENTS, st.integers(-(10**17), 10**17))
DATES = st.dates().map(lambda value: value.isoformat())
REFERENCES = {
    target: st.builds(lambda uid, typed: {"typeId": typed, "id": uid}, TEXTS, st.just(target)) for target in TARGETS
}

_PLAIN = {
    "boolean": st.booleans(),
    "text": TEXTS,
    "ltext": LOCALIZED,
    "number": NUMBERS,
    "date": DATES,
    "time": st.times().map(_clock),
    "datetime": st.datetimes().map(_moment),
}
_ATTRIBUTES = {
    **_PLAIN,
    "enum": st.fixed_dictionaries({"key": TEXTS, "label": TEXTS}),
    "lenum": st.fixed_dictionaries({"key": TEXTS, "label": LOCALIZED}),
    "money": st.one_of(MONEY, PRECISE),
}
_FIELDS = {**_PLAIN, "money": MONEY}


def definitions(names: Mapping[str, str], nested: tuple[str, ...] = ()) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of types as the API writes them: `names` is ATTRIBUTE_TYPES or FIELD_TYPES."""
    scalar = [name for name, kind in names.items() if kind not in {"set", "nested", "reference"}]
    spelled = {kind: name for name, kind in names.items()}
    plain = [st.sampled_from(scalar).map(lambda name: {"name": name})]
    plain += [st.just({"name": spelled["reference"], "referenceTypeId": target}) for target in TARGETS]
    plain += [
        st.just({"name": "nested", "typeReference": {"typeId": "product-type", "id": target}}) for target in nested
    ]
    return st.recursive(
        st.one_of(plain),
        lambda inner: inner.map(lambda one: {"name": spelled["set"], "elementType": one}),
        max_leaves=3,
    )


def values(type_: dict[str, Any], types: Mapping[str, dict[str, Any]]) -> st.SearchStrategy[Any]:
    """Return a strategy of values of a type; `types` are the records of product types by id."""
    name = type_["name"]
    if name.lower() == "set":
        return st.lists(values(type_["elementType"], types), max_size=3)
    if name.lower() == "reference":
        return REFERENCES[type_["referenceTypeId"]]
    if name == "nested":
        return fitting(types[type_["typeReference"]["id"]]["attributes"], types).map(entries)
    return _ATTRIBUTES[name] if name in ATTRIBUTE_TYPES else _FIELDS[FIELD_TYPES[name]]


def fitting(attributes: list[dict[str, Any]], types: Mapping[str, dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of values by name for some of the defined fields."""
    return st.fixed_dictionaries({}, optional={one["name"]: values(one["type"], types) for one in attributes})


def entries(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return values as a list of attributes."""
    return [{"name": name, "value": value} for name, value in found.items()]


def written(kind: FieldType, value: Any, types: Mapping[str, ProductType]) -> Any:
    """Return the JSON of a value that was read from typed columns."""
    if value is None or kind.kind in {"boolean", "text", "ltext", "enum", "lenum", "number"}:
        return value
    if kind.element is not None:
        return [written(kind.element, one, types) for one in value]
    if kind.kind == "nested":
        attributes = types[kind.target].attributes
        names = column_names([(one.name, "") for one in attributes])
        found = {one.name: written(one.type, value[names[one.name, ""]], types) for one in attributes}
        return entries({name: one for name, one in found.items() if one is not None})
    if kind.kind == "reference":
        return {"typeId": kind.target, "id": value}
    if kind.kind == "money":
        cents, fraction, precise = value["centAmount"], value["fractionDigits"], value["preciseAmount"]
        assert value["amount"].scaleb(fraction) == (cents if precise is None else precise)
        return {**_money(fraction, cents, precise), "currencyCode": value["currency"]}
    return {"date": _day, "time": _clock, "datetime": _moment}[kind.kind](value)


def _day(value: date) -> str:
    return value.isoformat()


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; the order of attributes in a list of them does not count."""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        if all(isinstance(item, dict) and item.keys() == {"name", "value"} for item in (*one, *other)):
            by_name = {item["name"]: item["value"] for item in other}
            return all(item["name"] in by_name and same(item["value"], by_name[item["name"]]) for item in one)
        return all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other and math.copysign(1, one) == math.copysign(1, other) if one else one == other
    return type(one) is type(other) and one == other


def back(row: Mapping[str, Any], place: FieldSet, reader: Reader, taken: Iterable[str]) -> dict[str, Any]:
    """Return the values by field that a row holds, the unfit ones too: what the API sent."""
    typed: dict[str, Any] = {}
    for column in custom_columns(place, reader, taken):
        value, kind = row[column.name], reader.resolved(column.definition.type)
        if value is None:
            continue
        if not column.part:
            typed[column.definition.name] = json.loads(value) if kind.kind == "json" else value
        elif kind.kind == "set":
            parts = typed.setdefault(column.definition.name, [{} for _ in value])
            for part, one in zip(parts, value, strict=True):
                part[column.part] = one
        else:
            typed.setdefault(column.definition.name, {})[column.part] = value
    kinds = {one.name: reader.resolved(one.type) for one in place.definitions}
    found = {name: _whole(kinds[name], value, reader) for name, value in typed.items()}
    unfit = json.loads(row[place.unfit] or "{}")
    assert not found.keys() & unfit.keys()
    return {**found, **unfit}


def _whole(kind: FieldType, value: Any, reader: Reader) -> Any:
    if kind.kind == "money":
        value = {"preciseAmount": None, **value}
    return value if kind.kind == "json" else written(kind, value, reader.product_types)
