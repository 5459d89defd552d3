"""SQL for the values of the project's own fields: from the JSON of one value to a typed one, if it fits.

A value fits exactly when its JSON can be written again from what is read. Speaks the SQL of DuckDB 1.4
and later; knows neither tables nor streams.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from commercetools_source.model.custom.definitions import FieldType, column_names
from commercetools_source.model.quoting import quoted, string

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commercetools_source.model.custom.definitions import Definition, FieldKind, ProductType

__all__ = ["ENTRIES", "PARTS", "Reader", "as_map", "parts_of"]

ENTRIES = "STRUCT(name VARCHAR, value JSON)[]"
"""The type of a list of attributes."""

_DEEPEST = 8  # the platform allows 5 levels
_MOST = 300

PARTS: Mapping[FieldKind, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "enum": (("", "key"), ("_label", "label")),
        "lenum": (("", "key"), ("_label", "label")),
        "money": tuple(
            (f"_{part}", part) for part in ("centAmount", "currency", "fractionDigits", "preciseAmount", "amount")
        ),
    }
)
"""The columns of kinds that have more than one: the suffix of each, and the part of the value it shows."""


def parts_of(kind: FieldType) -> tuple[tuple[str, str], ...]:
    """Return the columns of a type as in PARTS; a set of enum values has two lists, of keys and of labels."""
    enums = kind.element is not None and kind.element.kind in {"enum", "lenum"}
    return PARTS.get(kind.element.kind if kind.element and enums else kind.kind, (("", ""),))


_TEXT = "({v} ->> '$')"


class _Form(NamedTuple):
    """One kind: SQL with `{v}` for an expression that gives the JSON of a value that is there.

    `fits` may be NULL, which means no. `read` is only asked for values that fit.
    """

    fits: str
    read: str


def _is(kind: str, path: str = "") -> str:
    return f"json_type({{v}}{path and f', {string(path)}'}) = '{kind}'"


def _keys(*names: str) -> str:
    return f"list_sort(json_keys({{v}})) = [{', '.join(map(string, sorted(names)))}]"


def _scalar(pattern: str, sql: str) -> _Form:
    """Return the form of a kind that JSON writes as a string: of this pattern, and as `sql` can read it."""
    fits = f"{_is('VARCHAR')} AND regexp_full_match({_TEXT}, '{pattern}') AND TRY_CAST({_TEXT} AS {sql}) IS NOT NULL"
    return _Form(fits, f"TRY_CAST({_TEXT} AS {sql})")


def as_map(value: str, of: str = "JSON") -> str:
    """Return SQL for the JSON object `value` as a map; NULL if a key is there twice, which DuckDB 1.4 fails at."""
    keys = f"json_keys({value})"
    return f"CASE WHEN len(list_distinct({keys})) = len({keys}) THEN TRY_CAST({value} AS MAP(VARCHAR, {of})) END"


def _localized(value: str) -> str:
    """Return SQL for whether the JSON object `value` holds only texts, each under a key of its own."""
    wrong = "lambda t: t IS NOT NULL AND json_type(t) <> 'VARCHAR'"
    return f"len(list_filter(map_values({as_map(value)}), {wrong})) = 0"


def _digits(number: str) -> str:
    return f"trim(regexp_replace(regexp_replace({number}, '[eE].*', ''), '[^0-9]', '', 'g'), '0')"


_LABEL = "json_extract({v}, '/label')"
_DOUBLE = f"TRY_CAST({_TEXT} AS DOUBLE)"
_WHOLE = "999999999999999999"  # with more digits before its point an amount is no DECIMAL(38, 20)
_INTEGERS = ", ".join(map(string, ("/centAmount", "/fractionDigits", "/preciseAmount")))
_ASKED = ", ".join(
    f'"{name}":"{sql}"'
    for name, sql in (
        *((name, "VARCHAR") for name in ("type", "currencyCode")),
        *((name, "BIGINT") for name in ("centAmount", "fractionDigits", "preciseAmount")),
    )
)
_MONEY = f"list_transform([from_json({{v}}, '{{{{{_ASKED}}}}}')], lambda m: %s)[1]"
_CENT_KEYS = _keys("type", "currencyCode", "centAmount", "fractionDigits")
_HIGH_KEYS = _keys("type", "currencyCode", "centAmount", "fractionDigits", "preciseAmount")
_IS_MONEY = (
    f"CASE m.type WHEN 'centPrecision' THEN {_CENT_KEYS}"
    f" WHEN 'highPrecision' THEN {_HIGH_KEYS} AND m.preciseAmount IS NOT NULL END AND {_is('VARCHAR', '/currencyCode')}"
    f" AND len(list_filter(json_type({{v}}, [{_INTEGERS}]), lambda t: t NOT IN ('UBIGINT', 'BIGINT'))) = 0"
    " AND m.centAmount IS NOT NULL AND m.fractionDigits BETWEEN 0 AND 20"
    f" AND (m.fractionDigits > 0 OR coalesce(m.preciseAmount, m.centAmount) BETWEEN -{_WHOLE} AND {_WHOLE})"
)
_READ_MONEY = (  # the amount is a product of decimals, which is exact
    "struct_pack(centAmount := m.centAmount, currency := m.currencyCode, fractionDigits := m.fractionDigits,"
    " preciseAmount := m.preciseAmount, amount := CAST(coalesce(m.preciseAmount, m.centAmount) AS DECIMAL(19, 0))"
    " * CAST('1e-' || m.fractionDigits AS DECIMAL(21, 20)))"
)
_PLAIN = f"len({_TEXT}) <= 15 AND NOT contains(lower({_TEXT}), 'e')"  # any 15 digits fit a double

_FORMS: Mapping[FieldKind, _Form] = {
    "json": _Form("true", "{v}"),
    "boolean": _Form(_is("BOOLEAN"), f"TRY_CAST({_TEXT} AS BOOLEAN)"),
    "text": _Form(_is("VARCHAR"), _TEXT),
    "ltext": _Form(f"{_is('OBJECT')} AND {_localized('{v}')}", as_map("{v}", "VARCHAR")),
    "enum": _Form(
        f"{_keys('key', 'label')} AND {_is('VARCHAR', '/key')} AND {_is('VARCHAR', '/label')}",
        "struct_pack(key := ({v} ->> '/key'), label := ({v} ->> '/label'))",
    ),
    "lenum": _Form(
        f"{_keys('key', 'label')} AND {_is('VARCHAR', '/key')} AND {_is('OBJECT', '/label')} AND {_localized(_LABEL)}",
        f"struct_pack(key := ({{v}} ->> '/key'), label := {as_map(_LABEL, 'VARCHAR')})",
    ),
    "number": _Form(
        f"json_type({{v}}) IN ('UBIGINT', 'BIGINT', 'DOUBLE') AND ({_PLAIN}"
        f" OR {_digits(_TEXT)} = {_digits(f'CAST({_DOUBLE} AS VARCHAR)')})",
        _DOUBLE,
    ),
    "money": _Form(_MONEY % _IS_MONEY, _MONEY % _READ_MONEY),
    "date": _scalar(r"\d{{4}}-\d\d-\d\d", "DATE"),
    "time": _scalar(r"\d\d:\d\d:\d\d(\.\d{{1,6}})?", "TIME"),
    # Every moment of the API is in UTC; DuckDB would forget another zone.
    "datetime": _scalar(r"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{{1,6}})?Z", "TIMESTAMP"),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Makes the SQL of values; `product_types`, by id, say what nested ones hold."""

    product_types: Mapping[str, ProductType] = field(default_factory=dict)
    _counter: Iterator[int] = field(default_factory=count, repr=False, compare=False)

    def resolved(self, kind: FieldType, inside: tuple[str, ...] = ()) -> FieldType:
        """Return `kind` as far as it can be typed; what is nested in an unknown product type, or in itself, is JSON.

        So is what lies deeper than any value of the platform, or has hundreds of parts: DuckDB would
        choke on it. `inside`: what is around it, "" for a set.
        """
        if len(inside) >= _DEEPEST:
            return FieldType("json")
        if kind.element is not None:
            return FieldType("set", self.resolved(kind.element, (*inside, "")))
        if kind.kind == "nested" and (kind.target in inside or not 0 < self._parts(kind.target, inside) <= _MOST):
            return FieldType("json")
        return FieldType("json") if kind.kind == "reference" and not kind.target else kind

    def _parts(self, target: str, inside: tuple[str, ...]) -> int:
        """Return how many values a nested value has with all that is nested in it; it stops to count at _MOST."""
        found = 0
        for one in self.product_types[target].attributes if target in self.product_types else ():
            kind, around = one.type, (*inside, target)
            while kind.element is not None:
                kind, around = kind.element, (*around, "")
            is_open = kind.kind == "nested" and kind.target not in around and len(around) < _DEEPEST
            found += max(1, self._parts(kind.target, around)) if is_open else 1
            if found > _MOST:
                break
        return found

    def fits(self, kind: FieldType, value: str, inside: tuple[str, ...] = ()) -> str:
        """Return SQL for whether the JSON `value`, which must be there, is one of `kind`: true or false.

        `value` is used several times, so it should be a name.
        """
        kind = self.resolved(kind, inside)
        if kind.kind == "reference":
            told = f"{_keys('typeId', 'id')} AND {_is('VARCHAR', '/id')} AND ({{v}} ->> '/typeId') = {{target}}"
            sql = told.format(v=value, target=string(kind.target))
        elif kind.element is not None:
            item = self._name()
            inner = self.fits(kind.element, item, (*inside, ""))
            elements = f"list_filter(TRY_CAST({value} AS JSON[]), lambda {item}: {item} IS NOT NULL AND NOT {inner})"
            sql = f"json_type({value}) = 'ARRAY' AND len({elements}) = 0"
        elif kind.kind == "nested":
            sql = self._nested_fits(kind.target, value, inside)
        else:
            sql = _FORMS[kind.kind].fits.format(v=value)
        return f"coalesce({sql}, false)"

    def read(self, kind: FieldType, value: str, inside: tuple[str, ...] = ()) -> str:
        """Return SQL for the typed value of the JSON `value`, which fits; NULL is NULL."""
        kind = self.resolved(kind, inside)
        if kind.kind == "reference":
            return f"({value} ->> '/id')"
        if kind.element is not None:
            item = self._name()
            inner = self.read(kind.element, item, (*inside, ""))
            guarded = f"CASE WHEN {item} IS NOT NULL THEN {inner} END"
            return f"list_transform(TRY_CAST({value} AS JSON[]), lambda {item}: {guarded})"
        if kind.kind == "nested":
            return self._nested(kind.target, value, inside)
        return _FORMS[kind.kind].read.format(v=value)

    def _name(self) -> str:
        return f"x{next(self._counter)}"

    def _nested_fits(self, target: str, value: str, inside: tuple[str, ...]) -> str:
        entry, names, item = self._name(), self._name(), self._name()
        entries = f"TRY_CAST({value} AS {ENTRIES})"
        one = f"{entry}.value"
        cases = [
            f"WHEN {string(one_of.name)} THEN {one} IS NULL OR {self.fits(one_of.type, one, (*inside, target))}"
            for one_of in self.product_types[target].attributes
        ]
        wrong = f"list_filter({entries}, lambda {entry}: NOT coalesce(CASE {entry}.name {' '.join(cases)} END, false))"
        distinct = f"len(list_distinct(list_transform({entries}, lambda {names}: {names}.name))) = len({entries})"
        keys = _keys("name", "value").format(v=item)
        shape = f"list_filter(TRY_CAST({value} AS JSON[]), lambda {item}: NOT coalesce({keys}, false))"
        return f"json_type({value}) = 'ARRAY' AND len({shape}) = 0 AND len({wrong}) = 0 AND {distinct}"

    def _nested(self, target: str, value: str, inside: tuple[str, ...]) -> str:
        attributes = self.product_types[target].attributes
        names = column_names([(one.name, "") for one in attributes])
        packed = [
            f"{quoted(names[one.name, ''])} := {self._inner(one, value, (*inside, target))}" for one in attributes
        ]
        return f"struct_pack({', '.join(packed)})"

    def _inner(self, one: Definition, value: str, inside: tuple[str, ...]) -> str:
        entry, inner = self._name(), self._name()
        named = f"list_filter(TRY_CAST({value} AS {ENTRIES}), lambda {entry}: {entry}.name = {string(one.name)})"
        values = f"list_transform({named}, lambda {entry}: {entry}.value)"
        read = self.read(one.type, inner, inside)
        return f"list_transform({values}, lambda {inner}: CASE WHEN {inner} IS NOT NULL THEN {read} END)[1]"
