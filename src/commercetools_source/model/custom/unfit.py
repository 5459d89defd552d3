"""Values of custom fields and attributes that do not fit their definition, counted in decoded records. Pure.

The same rule as the SQL of `values`, for records that are at hand: a query would have to be bound first, one for
each relation, which takes longer than to look at some hundred records. Only a key that stands twice in one object
is not seen here.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from commercetools_source.model.custom.places import custom_field_columns
from commercetools_source.model.custom.variants import VARIANTS
from commercetools_source.model.relations import all_relations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from commercetools_source.model.custom.definitions import Definition, FieldKind, FieldType
    from commercetools_source.model.custom.queries import CustomFieldQueries
    from commercetools_source.model.custom.values import Reader
    from commercetools_source.model.relation import Origin, Relation

__all__ = [
    "Unfit",
    "count_unfit",
    "count_unfit_attributes",
    "count_unfit_variants",
    "decode",
    "fields_of",
    "fits",
]

_ATTRIBUTES = ("attributes",)

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?", re.ASCII)
# DuckDB's BIGINT.
_INT64 = 2**63
_WHOLE = 999_999_999_999_999_999  # with more digits before its point an amount is no DECIMAL(38, 20)
_MOST_DIGITS = 20

decode = msgspec.json.Decoder(float_hook=Decimal).decode
"""Decodes JSON as `fits` needs it: numbers keep their digits."""


class Unfit(NamedTuple):
    """A field of which values do not fit: the column that shows them, the field's name and in how many rows.

    The name is "" for fields that cannot be told apart at all.
    """

    column: str
    field: str
    rows: int


def fields_of(relation: Relation) -> set[str]:
    """Return the fields of a record that have all that `count_unfit` looks at."""
    names = set()
    for column in custom_field_columns(relation):
        (path,) = (field.path for field in relation.columns if field.name == column.column)
        for origin in relation.origins:
            # Of each way to the items the field of the record that it begins with: all else lies inside of that.
            first = [branch.path for branch in origin.steps[0].branches] if origin.steps else [path]
            names |= {branch_path[0] for branch_path in first}
    return names


def count_unfit(own: CustomFieldQueries, relation: Relation, records: Iterable[Mapping[str, Any]]) -> list[Unfit]:
    """Return how many rows of `relation` have custom fields that do not fit, by column and field."""
    places = []
    for column in custom_field_columns(relation):
        definitions = {definition.name: definition for definition in own.fields(column.resource)}
        (path,) = (field.path for field in relation.columns if field.name == column.column)
        if definitions:
            places.append((f"{column.prefix}unfit", (*path, "fields") if column.whole else path, definitions))
    counts: Counter[tuple[str, str]] = Counter()
    reader = own.reader
    for record in records if places else ():
        for item, *_ in _items(record, relation.origins):
            for unfit_column, path, definitions in places:
                counts.update((unfit_column, name) for name in _unfit(_at(item, path), definitions, reader))
    return [Unfit(*where, rows) for where, rows in sorted(counts.items())]


def count_unfit_attributes(
    own: CustomFieldQueries, stream: str, records: Iterable[Mapping[str, Any]]
) -> dict[str, list[Unfit]]:
    """Return the same for attributes of variants, by the relation of their product type.

    `records` are of `stream`, one of VARIANTS.
    """
    name, product, _ = VARIANTS[stream]
    origins = all_relations()[name].origins
    variants = (
        (_at(record, ("productType", "id")), _at(chain[0], _ATTRIBUTES), _at(chain[-1 - product], _ATTRIBUTES))
        for record in records
        for chain in _items(record, origins)
    )
    return count_unfit_variants(own, variants)


def count_unfit_variants(own: CustomFieldQueries, variants: Iterable[tuple[Any, Any, Any]]) -> dict[str, list[Unfit]]:
    """Return the same for variants: the id of a product type, the attributes of the variant, those of its product."""
    names = {product_type.id: name for name, product_type in own.product_types_by_name().items()}
    definitions = {
        product_type.id: {definition.name: definition for definition in product_type.attributes}
        for product_type in own.product_types
    }
    reader = own.reader
    counts: dict[str, Counter[tuple[str, str]]] = {}
    for type_id, variant, product in variants:
        # A product type that is not here has no relation to count for.
        if type_id in names:
            fields = _unfit(_entries(variant, product), definitions[type_id], reader)
            counts.setdefault(names[type_id], Counter()).update(("unfit", field) for field in fields)
    return {
        relation: [Unfit(*where, rows) for where, rows in sorted(counts[relation].items())]
        for relation in names.values()
        if relation in counts
    }


def _items(record: Any, origins: Iterable[Origin]) -> Iterator[Sequence[Any]]:
    """Yield each item of a relation with the items that it lies in, the innermost first, the record last."""
    for origin in origins:
        chains: list[Sequence[Any]] = [(record,)]
        for step in origin.steps:
            chains = [
                (item, *chain)
                for chain in chains
                for branch in step.branches
                for item in _branch(_at(chain[0], branch.path), listed=branch.listed)
                if item is not None
            ]
        yield from chains


def _branch(value: Any, *, listed: bool) -> Sequence[Any]:
    if not listed:
        return (value,)
    return value if isinstance(value, list) else ()


def _at(value: Any, path: Iterable[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _entries(variant: Any, product: Any) -> Any:
    """Return attributes of a variant and of its product by name; what cannot be read as such as it is."""
    values: dict[str, Any] = {}
    for entries in (product, variant):  # those of the variant come before those of its product
        if entries is None:
            continue
        by_name = _by_name(entries)
        if by_name is None:
            return entries
        values |= by_name
    return None if variant is None and product is None else values


def _by_name(entries: Any) -> dict[str, Any] | None:
    """Return a list of attributes by name; None where two have one name or one has none."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return None
    by_name = {entry["name"]: entry.get("value") for entry in entries if isinstance(entry.get("name"), str)}
    # A name that comes twice leaves one entry fewer.
    return by_name if len(by_name) == len(entries) else None


def _unfit(fields: Any, definitions: Mapping[str, Definition], reader: Reader) -> Iterator[str]:
    if fields is not None and not isinstance(fields, dict):
        yield ""
        return
    for name, value in (fields or {}).items():
        # The platform sends null for a field without a value: it fits every type.
        if value is not None and not (name in definitions and fits(definitions[name].type, value, reader)):
            yield name


def fits(field_type: FieldType, value: Any, reader: Reader, inside: tuple[str, ...] = ()) -> bool:
    """Return whether a decoded JSON value, which is not null, is a `field_type`; `inside` as in `Reader.resolved`."""
    field_type = reader.resolved(field_type, inside)
    if field_type.element is not None:
        element = field_type.element
        return isinstance(value, list) and all(
            item is None or fits(element, item, reader, (*inside, "")) for item in value
        )
    # An expanded one has `obj` besides, and would lose it in columns.
    if field_type.kind == "reference":
        is_reference = _has_keys(value, "typeId", "id") and isinstance(value["id"], str)
        return is_reference and value["typeId"] == field_type.target
    if field_type.kind == "nested":
        return _nested_fits(field_type.target, value, reader, inside)
    return _CHECKS[field_type.kind](value)


def _nested_fits(target: str, value: Any, reader: Reader, inside: tuple[str, ...]) -> bool:
    if not isinstance(value, list) or not all(_has_keys(entry, "name", "value") for entry in value):
        return False
    types = {definition.name: definition.type for definition in reader.product_types[target].attributes}
    names = [entry["name"] for entry in value]
    if not all(isinstance(name, str) and name in types for name in names) or len(set(names)) < len(names):
        return False
    return all(
        entry["value"] is None or fits(types[entry["name"]], entry["value"], reader, (*inside, target))
        for entry in value
    )


def _has_keys(value: Any, *names: str) -> bool:
    return isinstance(value, dict) and value.keys() == set(names)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_localized(value: Any) -> bool:
    return isinstance(value, dict) and all(text is None or isinstance(text, str) for text in value.values())


def _is_integer(value: Any) -> bool:
    # In Python True is an int.
    return isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64


def _is_number(value: Any) -> bool:
    """Return whether a double has all the digits of a number."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return False
    double = float(str(value))  # of a whole number that is too large for float() itself, too
    return _digits(Decimal(value)) == _digits(Decimal(repr(double)))


def _digits(number: Decimal) -> str:
    # Zeros at the ends are left away: 1.50 and 1.5 are one number.
    return "".join(map(str, number.as_tuple().digits)).strip("0")


def _is_money(value: Any) -> bool:
    """Return whether it is a money of https://docs.commercetools.com/api/types#typedmoney with all its fields."""
    fields = ["type", "currencyCode", "centAmount", "fractionDigits"]
    integers = ["centAmount", "fractionDigits"]
    if isinstance(value, dict) and value.get("type") == "highPrecision":
        fields.append("preciseAmount")
        integers.append("preciseAmount")
    if not _has_keys(value, *fields) or value["type"] not in {"centPrecision", "highPrecision"}:
        return False
    if not isinstance(value["currencyCode"], str) or not all(_is_integer(value[name]) for name in integers):
        return False
    digits, amount = value["fractionDigits"], value.get("preciseAmount", value["centAmount"])
    # DECIMAL(38, 20): https://duckdb.org/docs/stable/sql/data_types/numeric
    return bool(0 <= digits <= _MOST_DIGITS and (digits > 0 or -_WHOLE <= amount <= _WHOLE))


def _is_date(value: Any) -> bool:
    from datetime import date

    if not isinstance(value, str) or (match := _DATE.fullmatch(value)) is None:
        return False
    year, month, day = map(int, match.groups())
    try:
        date(year or 2000, month, day)  # DuckDB has a year 0, which is a leap year too
    except ValueError:
        return False
    return True


def _is_time(value: Any) -> bool:
    if not isinstance(value, str) or (match := _TIME.fullmatch(value)) is None:
        return False
    hour, minute, second, fraction = (int(part or 0) for part in match.groups())
    # DuckDB takes 24:00:00, and nothing after it.
    return (hour < 24 or hour * 3600 + minute * 60 + second + fraction == 86400) and minute < 60 and second < 60  # noqa: PLR2004


def _is_moment(value: Any) -> bool:
    if not isinstance(value, str) or value[10:11] != "T" or value[-1:] != "Z":
        return False
    return _is_date(value[:10]) and _is_time(value[11:-1])


_CHECKS: Mapping[FieldKind, Callable[[Any], bool]] = {
    "json": lambda _: True,
    "boolean": lambda value: isinstance(value, bool),
    "text": _is_text,
    "ltext": _is_localized,
    "enum": lambda value: _has_keys(value, "key", "label") and all(map(_is_text, value.values())),
    "lenum": lambda value: (
        _has_keys(value, "key", "label") and _is_text(value["key"]) and _is_localized(value["label"])
    ),
    "number": _is_number,
    "money": _is_money,
    "date": _is_date,
    "time": _is_time,
    "datetime": _is_moment,
}
