"""SQL for the values of custom fields and attributes: from the JSON of one value to a typed one, if it fits.

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

__all__ = ["ENTRIES", "PARTS", "Reader", "as_map", "columns_of_type"]

ENTRIES = "STRUCT(name VARCHAR, value JSON)[]"
"""The type of a list of attributes."""

# The platform allows 5 levels of nesting: https://docs.commercetools.com/api/projects/productTypes#attributenestedtype
_DEEPEST = 8
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


def columns_of_type(field_type: FieldType) -> tuple[tuple[str, str], ...]:
    """Return the columns of a type as in PARTS; a set of enum values has two lists, of keys and of labels."""
    enums = field_type.element is not None and field_type.element.kind in {"enum", "lenum"}
    return PARTS.get(field_type.element.kind if field_type.element and enums else field_type.kind, (("", ""),))


_TEXT = "({v} ->> '$')"


class _Form(NamedTuple):
    """One kind: SQL with `{v}` for an expression that gives the JSON of a value that is there.

    `fits` may be NULL, which means no. `read` is only asked for values that fit. `type`: what `read` gives, or
    `parts`, the types of its parts.
    """

    fits: str
    read: str
    type: str = ""
    parts: Mapping[str, str] = MappingProxyType({})


def _is(json_kind: str, path: str = "") -> str:
    return f"json_type({{v}}{path and f', {string(path)}'}) = '{json_kind}'"


def _keys(*names: str) -> str:
    return f"list_sort(json_keys({{v}})) = [{', '.join(map(string, sorted(names)))}]"


def _scalar(pattern: str, sql: str) -> _Form:
    """Return the form of a kind that JSON writes as a string: of this pattern, and as `sql` can read it."""
    # Both: the pattern refuses what DuckDB reads generously, the cast what no pattern knows, such as 2026-02-30.
    fits = f"{_is('VARCHAR')} AND regexp_full_match({_TEXT}, '{pattern}') AND TRY_CAST({_TEXT} AS {sql}) IS NOT NULL"
    return _Form(fits, f"TRY_CAST({_TEXT} AS {sql})", sql)


def as_map(value: str, value_type: str = "JSON") -> str:
    """Return SQL for the JSON object `value` as a map; NULL if a key is there twice, which DuckDB 1.4 fails at."""
    keys = f"json_keys({value})"
    return (
        f"CASE WHEN len(list_distinct({keys})) = len({keys}) THEN TRY_CAST({value} AS MAP(VARCHAR, {value_type})) END"
    )


def _localized(value: str) -> str:
    """Return SQL for whether the JSON object `value` holds only texts, each under a key of its own."""
    wrong = "lambda t: t IS NOT NULL AND json_type(t) <> 'VARCHAR'"
    return f"len(list_filter(map_values({as_map(value)}), {wrong})) = 0"


def _digits(number: str) -> str:
    # The exponent goes first: 1e2 and 100 have the same digits.
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
# A list of one gives the struct a name: otherwise the JSON would be parsed again for each field of it.
_MONEY = f"list_transform([from_json({{v}}, '{{{{{_ASKED}}}}}')], lambda m: %s)[1]"
# The fields of https://docs.commercetools.com/api/types#centprecisionmoney and #highprecisionmoney, and no others.
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
    # Where there is a preciseAmount, centAmount is rounded: https://docs.commercetools.com/api/types#highprecisionmoney
    " preciseAmount := m.preciseAmount, amount := CAST(coalesce(m.preciseAmount, m.centAmount) AS DECIMAL(19, 0))"
    " * CAST('1e-' || m.fractionDigits AS DECIMAL(21, 20)))"
)
_MONEY_PARTS = MappingProxyType(
    {
        **dict.fromkeys(("centAmount", "currency", "fractionDigits", "preciseAmount"), "BIGINT"),
        "currency": "VARCHAR",
        "amount": "DECIMAL(38, 20)",
    }
)
_MAP = "MAP(VARCHAR, VARCHAR)"
_PLAIN = f"len({_TEXT}) <= 15 AND NOT contains(lower({_TEXT}), 'e')"  # any 15 digits fit a double

_FORMS: Mapping[FieldKind, _Form] = {
    "json": _Form("true", "{v}", "JSON"),
    "boolean": _Form(_is("BOOLEAN"), f"TRY_CAST({_TEXT} AS BOOLEAN)", "BOOLEAN"),
    "text": _Form(_is("VARCHAR"), _TEXT, "VARCHAR"),
    "ltext": _Form(f"{_is('OBJECT')} AND {_localized('{v}')}", as_map("{v}", "VARCHAR"), _MAP),
    "enum": _Form(
        f"{_keys('key', 'label')} AND {_is('VARCHAR', '/key')} AND {_is('VARCHAR', '/label')}",
        "struct_pack(key := ({v} ->> '/key'), label := ({v} ->> '/label'))",
        parts=MappingProxyType({"key": "VARCHAR", "label": "VARCHAR"}),
    ),
    "lenum": _Form(
        f"{_keys('key', 'label')} AND {_is('VARCHAR', '/key')} AND {_is('OBJECT', '/label')} AND {_localized(_LABEL)}",
        f"struct_pack(key := ({{v}} ->> '/key'), label := {as_map(_LABEL, 'VARCHAR')})",
        parts=MappingProxyType({"key": "VARCHAR", "label": _MAP}),
    ),
    "number": _Form(
        f"json_type({{v}}) IN ('UBIGINT', 'BIGINT', 'DOUBLE') AND ({_PLAIN}"
        f" OR {_digits(_TEXT)} = {_digits(f'CAST({_DOUBLE} AS VARCHAR)')})",
        _DOUBLE,
        "DOUBLE",
    ),
    "money": _Form(_MONEY % _IS_MONEY, _MONEY % _READ_MONEY, parts=_MONEY_PARTS),
    "date": _scalar(r"\d{{4}}-\d\d-\d\d", "DATE"),
    "time": _scalar(r"\d\d:\d\d:\d\d(\.\d{{1,6}})?", "TIME"),
    # Every moment of the API is in UTC; DuckDB would forget another zone.
    "datetime": _scalar(r"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{{1,6}})?Z", "TIMESTAMP"),
}


def _struct(types: Mapping[str, str]) -> str:
    return f"STRUCT({', '.join(f'{quoted(name)} {sql}' for name, sql in types.items())})"


@dataclass(frozen=True, slots=True)
class Reader:
    """Makes the SQL of values; `product_types`, by id, say what nested ones hold."""

    product_types: Mapping[str, ProductType] = field(default_factory=dict)
    # Parameters of lambdas must differ where one lies inside another, and values nest as deep as the project likes.
    _counter: Iterator[int] = field(default_factory=count, repr=False, compare=False)

    def resolved(self, field_type: FieldType, inside: tuple[str, ...] = ()) -> FieldType:
        """Return `field_type` as far as it can be typed; what is nested in an unknown type, or in itself, is JSON.

        So is what lies deeper than any value of the platform, or has hundreds of parts: DuckDB would
        choke on it. `inside`: the nested types that enclose it, "" for a set.
        """
        if len(inside) >= _DEEPEST:
            return FieldType("json")
        if field_type.element is not None:
            return FieldType("set", self.resolved(field_type.element, (*inside, "")))
        # A type that has itself inside would never end: it is JSON from the first repetition on.
        if field_type.kind == "nested" and (
            field_type.target in inside or not 0 < self._parts(field_type.target, inside) <= _MOST
        ):
            return FieldType("json")
        return FieldType("json") if field_type.kind == "reference" and not field_type.target else field_type

    def _parts(self, target: str, inside: tuple[str, ...]) -> int:
        """Return how many values a nested value has with all that is nested in it; it stops to count at _MOST."""
        total = 0
        for definition in self.product_types[target].attributes if target in self.product_types else ():
            field_type, inner = definition.type, (*inside, target)
            while field_type.element is not None:
                field_type, inner = field_type.element, (*inner, "")
            is_open = field_type.kind == "nested" and field_type.target not in inner and len(inner) < _DEEPEST
            total += max(1, self._parts(field_type.target, inner)) if is_open else 1
            if total > _MOST:
                break
        return total

    def fits(self, field_type: FieldType, value: str, inside: tuple[str, ...] = ()) -> str:
        """Return SQL for whether the JSON `value`, which is not NULL, is a `field_type`: true or false.

        `value` is used several times, so it should be a name.
        """
        field_type = self.resolved(field_type, inside)
        if field_type.kind == "reference":
            condition = f"{_keys('typeId', 'id')} AND {_is('VARCHAR', '/id')} AND ({{v}} ->> '/typeId') = {{target}}"
            sql = condition.format(v=value, target=string(field_type.target))
        elif field_type.element is not None:
            item = self._name()
            inner = self.fits(field_type.element, item, (*inside, ""))
            elements = f"list_filter(TRY_CAST({value} AS JSON[]), lambda {item}: {item} IS NOT NULL AND NOT {inner})"
            sql = f"json_type({value}) = 'ARRAY' AND len({elements}) = 0"
        elif field_type.kind == "nested":
            sql = self._nested_fits(field_type.target, value, inside)
        else:
            sql = _FORMS[field_type.kind].fits.format(v=value)
        # A comparison with NULL is NULL: what cannot be read would count as neither fitting nor unfit.
        return f"coalesce({sql}, false)"

    def read(self, field_type: FieldType, value: str, inside: tuple[str, ...] = ()) -> str:
        """Return SQL for the typed value of the JSON `value`, which fits; NULL is NULL."""
        field_type = self.resolved(field_type, inside)
        if field_type.kind == "reference":
            return f"({value} ->> '/id')"
        if field_type.element is not None:
            item = self._name()
            inner = self.read(field_type.element, item, (*inside, ""))
            guarded = f"CASE WHEN {item} IS NOT NULL THEN {inner} END"
            return f"list_transform(TRY_CAST({value} AS JSON[]), lambda {item}: {guarded})"
        if field_type.kind == "nested":
            return self._nested(field_type.target, value, inside)
        return _FORMS[field_type.kind].read.format(v=value)

    def type_of(self, field_type: FieldType, part: str = "", inside: tuple[str, ...] = ()) -> str:
        """Return the SQL type of what `read` gives, or of the part `part` of it as in PARTS."""
        field_type = self.resolved(field_type, inside)
        if field_type.kind == "reference":
            return "VARCHAR"
        if field_type.element is not None:
            return f"{self.type_of(field_type.element, part, (*inside, ''))}[]"
        if field_type.kind == "nested":
            deeper = (*inside, field_type.target)
            attributes = self.product_types[field_type.target].attributes
            names = column_names([(definition.name, "") for definition in attributes])
            return _struct(
                {names[definition.name, ""]: self.type_of(definition.type, "", deeper) for definition in attributes}
            )
        form = _FORMS[field_type.kind]
        return form.parts[part] if part else form.type or _struct(form.parts)

    def _name(self) -> str:
        return f"x{next(self._counter)}"

    def _nested_fits(self, target: str, value: str, inside: tuple[str, ...]) -> str:
        entry, names, item = self._name(), self._name(), self._name()
        entries = f"TRY_CAST({value} AS {ENTRIES})"
        entry_value = f"{entry}.value"
        fits = [
            (definition.name, self.fits(definition.type, entry_value, (*inside, target)))
            for definition in self.product_types[target].attributes
        ]
        cases = " ".join(f"WHEN {string(name)} THEN {entry_value} IS NULL OR {fitting}" for name, fitting in fits)
        wrong = f"list_filter({entries}, lambda {entry}: NOT coalesce(CASE {entry}.name {cases} END, false))"
        # Of two entries with one name a column could show one, and the other would be lost.
        distinct = f"len(list_distinct(list_transform({entries}, lambda {names}: {names}.name))) = len({entries})"
        keys = _keys("name", "value").format(v=item)
        shape = f"list_filter(TRY_CAST({value} AS JSON[]), lambda {item}: NOT coalesce({keys}, false))"
        return f"json_type({value}) = 'ARRAY' AND len({shape}) = 0 AND len({wrong}) = 0 AND {distinct}"

    def _nested(self, target: str, value: str, inside: tuple[str, ...]) -> str:
        attributes = self.product_types[target].attributes
        names = column_names([(definition.name, "") for definition in attributes])
        packed = [
            f"{quoted(names[definition.name, ''])} := {self._inner(definition, value, (*inside, target))}"
            for definition in attributes
        ]
        return f"struct_pack({', '.join(packed)})"

    def _inner(self, definition: Definition, value: str, inside: tuple[str, ...]) -> str:
        entry, inner = self._name(), self._name()
        named = f"list_filter(TRY_CAST({value} AS {ENTRIES}), lambda {entry}: {entry}.name = {string(definition.name)})"
        values = f"list_transform({named}, lambda {entry}: {entry}.value)"
        read = self.read(definition.type, inner, inside)
        return f"list_transform({values}, lambda {inner}: CASE WHEN {inner} IS NOT NULL THEN {read} END)[1]"
