"""The columns of a value, from its type in the contract: of parts, moneys, references and lists. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from commercetools_source.catalog.contract import Expression, load
from commercetools_source.catalog.kinds import KINDS, SCALARS
from commercetools_source.catalog.streams import STREAMS, record_types
from commercetools_source.model.relation import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from commercetools_source.catalog.kinds import Kind

__all__ = [
    "IDS",
    "Context",
    "columns_at",
    "columns_of",
    "merged_fields",
    "reference_name",
    "type_fields",
    "value_columns",
]

_LARGE_UNION = 20
"""A union of more variants would make too many columns: objects that only some of them have stay JSON."""

# These are plain texts in the API, so that no type says what they refer to.
IDS = {
    "customerId": "customers.id",
    "productId": "products.id",
    "productSelectionId": "product_selections.id",
    "storeKey": "stores.key",
}
"""Fields that hold the id of another record without being a reference."""


@cache
def type_fields(name: str) -> Mapping[str, Expression]:
    """Return the fields of a type of the contract: merged once, for the columns of all tables ask 9,000 times."""
    return load().fields(name)


def value_columns(name: str, expression: Expression, path: tuple[str, ...] = (), level: int = -1) -> tuple[Field, ...]:
    """Return the columns of a value of the contract's type `expression` that lies at `path` of an item.

    They are called `name`, or `<name>_<part>` if it has parts; with name "" only by their parts.
    Works for whatever an expression can say, such as `Expression("TypedMoney")` or `parse("[LocalizedString]")`.
    """
    return tuple(replace(column, level=level) for column in columns_at(name, expression, path, Context()))


@dataclass(frozen=True, slots=True)
class Context:
    """Where in a record a value lies (`path`); `child_paths`: where child tables lie; `inside`: the enclosing types."""

    path: tuple[str, ...] = ()
    child_paths: frozenset[tuple[str, ...]] = frozenset()
    inside: frozenset[str] = frozenset()


def columns_at(name: str, value: Expression, path: tuple[str, ...], context: Context) -> Iterator[Field]:
    """Yield the columns of a value at `path` of an item: one, those of its parts, or none where a table has it."""
    # A list that has a table is no JSON column of its parent, too.
    if context.path in context.child_paths:
        return
    column_kind = _kind(value)
    if column_kind is not None:
        type_name = value.name or (value.items or value).name
        yield Field(name, column_kind, nullable=True, path=path, type_name=type_name)
    # A record inside a record is a copy that was expanded, and a type inside itself has no end.
    elif value.name in record_types() or value.name in context.inside:
        yield Field(name, "json", nullable=True, path=path)
    elif _is_money(value.name):
        yield from _money(name, value.name, path)
    else:
        inner = Context(context.path, context.child_paths, context.inside | {value.name})
        yield from columns_of(name, value.name, _inner_fields(value.name), path, inner)


def columns_of(
    name: str, type_name: str, fields: Mapping[str, Expression], path: tuple[str, ...], context: Context
) -> Iterator[Field]:
    """Yield the columns of an object of the type `type_name` that has `fields`."""
    for field_name, value in fields.items():
        # A reference's own type says what it refers to; a plain text only its name.
        target = _targets().get((type_name, field_name), IDS.get(field_name, ""))
        below = Context((*context.path, field_name), context.child_paths, context.inside)
        for field in columns_at(f"{name}_{field_name}" if name else field_name, value, (*path, field_name), below):
            yield replace(field, refers=target) if target and field.kind == "string" else field


def _kind(value: Expression) -> Kind | None:
    """Return the kind of a value that one column holds, None for an object with parts."""
    if value.options:  # no SQL type holds all of them
        return "json"
    if value.items is not None:
        # Lists of plain values have kinds of their own; lists of objects are tables or JSON.
        return next((column_kind for column_kind in KINDS if column_kind == f"[{_kind(value.items)}]"), "json")
    row = load().types.get(value.name)
    values = value.values or (row.values if row is not None else None)
    if values is not None:
        return "map" if _kind(values) == "string" else "json"
    if scalar := load().scalar(value):
        return next((column_kind for column_kind in SCALARS if column_kind == scalar), "json")
    return None if type_fields(value.name) else "json"


def _inner_fields(name: str) -> Mapping[str, Expression]:
    """Return the fields of an object; those of a large union that have parts and belong to some variants stay JSON."""
    row, fields = load().types[name], type_fields(name)
    if len(row.variants) <= _LARGE_UNION:
        return fields
    return {
        field: value
        if field in row.fields or _kind(value) or _is_money(value.name) or _is_reference(value.name)
        else Expression("any")
        for field, value in fields.items()
    }


def _is_money(name: str) -> bool:
    # By its fields and not its name: the contract has moneys under several names.
    return {"centAmount", "currencyCode"} <= type_fields(name).keys()


def _is_reference(name: str) -> bool:
    return type_fields(name).keys() <= {"typeId", "id", "key"}


def _money(name: str, type_name: str, path: tuple[str, ...]) -> Iterator[Field]:
    """Yield the columns of a money; one of a type without fraction digits (`Money`) has no amount."""
    fields = type_fields(type_name)
    before = f"{name}_" if name else ""
    is_typed, is_precise = "fractionDigits" in fields, "preciseAmount" in fields
    yield Field(f"{before}centAmount", "int", nullable=True, path=(*path, "centAmount"))
    yield Field(f"{before}currency", "string", nullable=True, path=(*path, "currencyCode"))
    # Only a typed money says how many digits a cent amount has: https://docs.commercetools.com/api/types#typedmoney
    if is_typed:
        yield Field(f"{before}fractionDigits", "int", nullable=True, path=(*path, "fractionDigits"))
    if is_precise:
        yield Field(f"{before}preciseAmount", "int", nullable=True, path=(*path, "preciseAmount"))
    if is_typed:
        yield Field(f"{before}amount", "precise" if is_precise else "cents", nullable=True, path=path)


@cache
def _targets() -> Mapping[tuple[str, str], str]:
    """Return what the reference types' fields refer to, as "relation.column", by type and field."""
    streams = {stream.resource_type: stream.name for stream in STREAMS.values()}
    targets = {}
    # The variants of Reference are tagged by resource type: https://docs.commercetools.com/api/types#reference
    for tag, name in load().types["Reference"].variants.items():
        if tag in streams:
            targets[name, "id"] = f"{streams[tag]}.id"
            targets[f"{name.removesuffix('Reference')}KeyReference", "key"] = f"{streams[tag]}.key"
    return targets


def reference_name(name: str) -> str:
    """Return what to call the id of an item that is itself a reference of the type `name`, "" if it is none."""
    if not name.endswith("Reference") or not _is_reference(name):
        return ""
    bare = name.removesuffix("Reference").removesuffix("Key")
    return bare[:1].lower() + bare[1:] or "reference"


def merged_fields(names: Iterable[str]) -> dict[str, Expression]:
    """Return the fields of all the types `names`; where they differ, what fits them all."""
    contract, merged = load(), dict[str, Expression]()
    for name in names:
        for field, value in _inner_fields(name).items():
            merged[field] = contract.wider(merged[field], value) if field in merged else value
    return merged
