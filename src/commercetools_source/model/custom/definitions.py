"""Custom fields and attributes: from the records of `product_types` and `types` to typed definitions. Pure.

Knows nothing of SQL. Whatever a record holds, something comes out: a type that is not known is `json`,
a definition without a name is left out, for no value could belong to it.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from commercetools_source.events import first_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "ATTRIBUTE_TYPES",
    "FIELD_TYPES",
    "SOURCES",
    "Change",
    "Conflict",
    "CustomType",
    "Definition",
    "FieldKind",
    "FieldType",
    "ProductType",
    "changes",
    "column_names",
    "custom_fields",
    "custom_type",
    "identifier",
    "product_type",
]

FieldKind = Literal[
    "boolean",
    "text",
    "ltext",
    "enum",
    "lenum",
    "number",
    "money",
    "date",
    "time",
    "datetime",
    "reference",
    "set",
    "nested",
    "json",
]

SOURCES = ("product_types", "types")
"""The streams whose records define fields of others; they are small, and read before the others."""

ATTRIBUTE_TYPES: Mapping[str, FieldKind] = MappingProxyType(
    {
        "boolean": "boolean",
        "text": "text",
        "ltext": "ltext",
        "enum": "enum",
        "lenum": "lenum",
        "number": "number",
        "money": "money",
        "date": "date",
        "time": "time",
        "datetime": "datetime",
        "reference": "reference",
        "set": "set",
        "nested": "nested",
    }
)
"""The kind of an attribute type; types that are not in it are `json`.

https://docs.commercetools.com/api/projects/productTypes#attributetype
"""

FIELD_TYPES: Mapping[str, FieldKind] = MappingProxyType(
    {
        "Boolean": "boolean",
        "String": "text",
        "LocalizedString": "ltext",
        "Enum": "text",  # a custom field holds the key alone, an attribute key and label
        "LocalizedEnum": "text",
        "Number": "number",
        "Money": "money",
        "Date": "date",
        "Time": "time",
        "DateTime": "datetime",
        "Reference": "reference",
        "Set": "set",
    }
)
"""The same for custom field types (https://docs.commercetools.com/api/projects/types#fieldtype)."""


_MOST_KEYS = 5
"""So many keys are named in a sentence."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """What a field's values are: `element` of a set, `target` of a reference (type id) or nested (product type id)."""

    kind: FieldKind
    element: FieldType | None = None
    target: str = ""

    def __str__(self) -> str:
        """Return it in words: `set of reference to category`."""
        # Two types are compared by these words when definitions change, so they say all that matters of a type.
        if self.element is not None:
            return f"set of {self.element}"
        return f"{self.kind} to {self.target}" if self.kind == "reference" else self.kind


@dataclass(frozen=True, slots=True)
class Definition:
    """One attribute or custom field. `level`: "Product" or "Variant" for attributes, "" for custom fields.

    `keys`: those of its enumeration, None where it is none. No column depends on them: records keep a value whose key
    was removed (https://docs.commercetools.com/api/releases of 2026-09-03).
    """

    name: str
    type: FieldType
    level: str = ""
    keys: tuple[str, ...] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ProductType:
    """A product type: its attributes in the project's order, each name once."""

    id: str
    key: str
    attributes: tuple[Definition, ...]


@dataclass(frozen=True, slots=True)
class CustomType:
    """A Type: the fields that it gives to records of `resources` (resource type ids)."""

    id: str
    key: str
    resources: tuple[str, ...]
    fields: tuple[Definition, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """One name that several Types (or one, twice) give different types to; its values stay JSON.

    `where`: a resource type id or a product type. `types`: what is defined, each with the key of its definer.
    """

    where: str
    name: str
    types: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """Return it as half a sentence."""
        defined = ", ".join(f"{type_name} in {definer}" for definer, type_name in self.types)
        return f"{self.name!r} of {self.where} is {defined}"


@dataclass(frozen=True, slots=True)
class Change:
    """A field whose definition is not what it was; `before` or `after` is "" where there was or is none.

    `gone`: the keys that its enumeration has no more.
    """

    where: str
    name: str
    before: str
    after: str
    gone: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it in words."""
        field = f"{'attribute' if self.where.startswith('product type ') else 'custom field'} {self.name!r}"
        if not self.before:
            return f"new {field} ({self.after}) on {self.where}"
        if not self.after:
            return f"{field} ({self.before}) was removed from {self.where}"
        if self.before == self.after:
            keys = first_of([repr(key) for key in self.gone], _MOST_KEYS)
            return f"{field} on {self.where} can be no more {keys}; rows that have such a value keep it"
        return f"{field} on {self.where} was {self.before} and is now {self.after}"


def changes(
    before: Mapping[str, Sequence[Definition]], after: Mapping[str, Sequence[Definition]]
) -> tuple[Change, ...]:
    """Return how the definitions of each place differ; both map what has the fields to their definitions."""
    differences = []
    # In a fixed order, so that the notices of one change read alike in each run.
    for where in sorted({*before, *after}):
        old, new = ({definition.name: definition for definition in side.get(where, ())} for side in (before, after))
        differences += [_change(where, name, old.get(name), new.get(name)) for name in sorted({*old, *new})]
    return tuple(change for change in differences if change.before != change.after or change.gone)


def _change(where: str, name: str, old: Definition | None, new: Definition | None) -> Change:
    before, after = (side.keys if side else None for side in (old, new))
    gone = () if before is None or after is None else tuple(key for key in before if key not in after)
    return Change(where, name, str(old.type) if old else "", str(new.type) if new else "", gone)


# --- reading records ---


def product_type(record: Mapping[str, Any]) -> ProductType:
    """Return the definitions in a record of `product_types`. Of a name defined twice, the first one counts."""
    definitions = _definitions(record.get("attributes"), ATTRIBUTE_TYPES)
    return ProductType(_text(record.get("id")), _text(record.get("key")), tuple(definitions))


def custom_type(record: Mapping[str, Any]) -> CustomType:
    """Return the definitions in a record of `types`."""
    resources = tuple(filter(None, map(_text, _list(record.get("resourceTypeIds")))))
    definitions = _definitions(record.get("fieldDefinitions"), FIELD_TYPES)
    return CustomType(_text(record.get("id")), _text(record.get("key")), resources, tuple(definitions))


def _definitions(value: object, kinds: Mapping[str, FieldKind]) -> list[Definition]:
    definitions: dict[str, Definition] = {}
    for row in map(_dict, _list(value)):
        name = _text(row.get("name"))
        if name:
            field_type = _type(row.get("type"), kinds)
            definition = Definition(name, field_type, _text(row.get("level")), _keys(_dict(row.get("type"))))
            definitions.setdefault(name, definition)
    return list(definitions.values())


def _keys(row: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the keys of an enumeration, or of that of a set; None for another type."""
    element = _dict(row.get("elementType")) if "elementType" in row else row
    if "values" not in element:
        return None
    return tuple(filter(None, (_text(_dict(value).get("key")) for value in _list(element["values"]))))


def _type(value: object, kinds: Mapping[str, FieldKind]) -> FieldType:
    row = _dict(value)
    # A type that is newer than this package: JSON holds whatever its values are.
    field_kind = kinds.get(_text(row.get("name")), "json")
    if field_kind == "set":
        return FieldType(field_kind, _type(row.get("elementType"), kinds))
    if field_kind == "reference":
        return FieldType(field_kind, target=_text(row.get("referenceTypeId")))
    if field_kind == "nested":
        return FieldType(field_kind, target=_text(_dict(row.get("typeReference")).get("id")))
    return FieldType(field_kind)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


# --- several types for one kind of record ---


def custom_fields(types: Iterable[CustomType], resource: str) -> tuple[tuple[Definition, ...], tuple[Conflict, ...]]:
    """Return all custom fields that records of `resource` may have, by name, and where their types disagree.

    The platform refuses such a disagreement, but a definition may have been removed and made anew
    between two reads. A name whose types differ is `json`: every value fits it.
    """
    types_by_name: dict[str, list[tuple[str, FieldType]]] = defaultdict(list)
    keys_by_name: dict[str, list[tuple[str, ...] | None]] = defaultdict(list)
    # By key and then id, so that the answer does not depend on the order of the records.
    for definer_type in sorted(types, key=lambda definer_type: (definer_type.key, definer_type.id)):
        if resource in definer_type.resources:
            for field in definer_type.fields:
                types_by_name[field.name].append((definer_type.key or definer_type.id, field.type))
                keys_by_name[field.name].append(field.keys)
    fields, conflicts = [], []
    for name, defined in sorted(types_by_name.items()):
        field_types = {field_type for _, field_type in defined}
        # JSON takes the values of all of them.
        field_type = field_types.pop() if len(field_types) == 1 else FieldType("json")
        fields.append(Definition(name, field_type, keys=_united(keys_by_name[name])))
        if len({field_type for _, field_type in defined}) > 1:
            conflicts.append(
                Conflict(resource, name, tuple((definer, str(field_type)) for definer, field_type in defined))
            )
    return tuple(fields), tuple(conflicts)


def _united(keys: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """Return the keys that a field can have by one definition or another; None where one of them is no enumeration."""
    united: dict[str, None] = {}
    for row in keys:
        if row is None:
            return None
        united |= dict.fromkeys(row)
    return tuple(united)


# --- names ---


def identifier(name: str) -> str:
    """Return `name` with `_` for all but letters, digits and `_`; only a word of SQL still needs quotes."""
    # Names of fields may have hyphens: https://docs.commercetools.com/api/projects/types#fielddefinition
    plain = re.sub(r"[^0-9A-Za-z_]", "_", name)
    # A name with a digit in front would need quotes in each query.
    return plain if plain and not plain[0].isdigit() else f"_{plain}"


def column_names(
    pairs: Sequence[tuple[str, str]], reserved: Iterable[str] = (), prefix: str = ""
) -> dict[tuple[str, str], str]:
    """Return a column name for each of `pairs` (a field's name, a suffix): an `identifier`, none that is `reserved`.

    SQL ignores case. Where several names come out alike, or like one that is taken, each of them gets
    a suffix made of the name itself: what a column means then never depends on which other fields are
    there, so a new field breaks a query on the old column openly instead of changing what it says.
    """
    plain = {pair: identifier(prefix + "".join(pair)) for pair in pairs}
    used = {name.casefold() for name in reserved}
    alike = Counter(column.casefold() for column in plain.values())
    names = {}
    for pair, column in plain.items():
        if alike[column.casefold()] > 1 or column.casefold() in used:
            # Python's own hash differs from process to process; this one must stay for good.
            column += f"_{zlib.crc32(chr(0).join(pair).encode()):08x}"  # noqa: PLW2901
            while column.casefold() in used or column.casefold() in alike:
                column += "_"  # noqa: PLW2901
            used.add(column.casefold())
        names[pair] = column
    return names
