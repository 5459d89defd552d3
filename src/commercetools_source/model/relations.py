"""The relational model of a shop: tables with exact types, keys and foreign keys, derived from rows and contract.

A stream gives one relation of its records and one for each list inside them that the catalogue of child
tables names. Pure: what a relation is, not how it is computed (`relations_sql`). The rules of naming:

- A relation is called like its stream, one below it `<singular>_<list>`: `orders`, `order_line_items`.
- A column has the API's name; parts of an object hang behind it: `shippingAddress_city`, `customerGroup_id`.
- A child's rows begin with the key of their parent: `orderId`, `lineItemId`; `position` counts from 1.
- Money is `_centAmount`, `_currency`, `_fractionDigits` and the exact `_amount`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Literal

from commercetools_source.catalog.contract import Expression, load
from commercetools_source.catalog.kinds import KINDS, SCALARS
from commercetools_source.catalog.schema import columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.child_tables import FAMILIES, Child, Family, Fork

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from commercetools_source.catalog.kinds import Kind
    from commercetools_source.catalog.stream import Stream

__all__ = ["Branch", "Field", "ForeignKey", "Origin", "Relation", "Step", "all_relations", "relations", "value_columns"]

Source = Literal["value", "position", "branch"]

_LARGE_UNION = 20
"""A union of more variants would make too many columns: objects that only some of them have stay JSON."""

# These are plain texts in the API, so that no type says what they refer to.
_IDS = {
    "customerId": "customers.id",
    "productId": "products.id",
    "productSelectionId": "product_selections.id",
    "storeKey": "stores.key",
}
"""Fields that hold the id of another record without being a reference."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a relation.

    `path`: where the value lies in its item, () for the item itself. `level`: which item: 0 is the
    record, -1 what the row stands for, -2 what that lies in. `source`: the value at `path`, or the place of
    the item in its list, counted from 1, or in which field of a fork the item was. `refers`: "relation.column" that
    it points to, "" if none.
    """

    name: str
    kind: Kind
    nullable: bool
    path: tuple[str, ...]
    level: int = -1
    source: Source = "value"
    refers: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """One field, by its path in the item above, whose items a step leads to; `value`: its value in the step's fork."""

    path: tuple[str, ...]
    listed: bool
    value: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One level down: from an item to the items of all branches, in their order; of several, only the last is a list.

    `fork`: the column that says from which branch an item comes, "" if none does.
    """

    branches: tuple[Branch, ...]
    fork: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """One way from a record to a relation's items; without steps the record is the item."""

    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` hold what the columns `to` of `relation` hold, or one of them is null."""

    columns: tuple[str, ...]
    relation: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """One table of the model.

    `origins`: its rows are the items of all of them together. `parent`: the relation of what the
    items lie in, "" for a stream's own. `key`: columns that identify a row, none of them null.
    """

    name: str
    stream: str
    origins: tuple[Origin, ...]
    parent: str
    columns: tuple[Field, ...]
    key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]

    def record_key(self, key: Sequence[str]) -> dict[str, str]:
        """Return which columns hold which field of the `key` of the record that a row comes from."""
        return {field.name: field.path[0] for field in self.columns if field.level == 0 and field.path[0] in key}


@cache
def all_relations() -> Mapping[str, Relation]:
    """Return every relation of every stream by its name: each stream's own, then those below it."""
    return {relation.name: relation for stream in STREAMS.values() for relation in relations(stream)}


@cache
def relations(stream: Stream) -> tuple[Relation, ...]:
    """Return the relation of a stream's records, then its child relations, parents first.

    A stream whose records the contract does not know has none.
    """
    if stream.item not in load().types:
        return ()
    family = FAMILIES.get(stream.name, Family("", ()))
    nodes = {"": _root(stream, family)}
    for child in family.children:
        nodes[child.name] = _below(nodes[child.below], child, family)
    child_paths = frozenset(path for node in nodes.values() for path in node.paths if path)
    return tuple(_finished(node, child_paths) for node in nodes.values())


def value_columns(name: str, expression: Expression, path: tuple[str, ...] = (), level: int = -1) -> tuple[Field, ...]:
    """Return the columns of a value of the contract's type `expression` that lies at `path` of an item.

    They are called `name`, or `<name>_<part>` if it has parts; with name "" only by their parts.
    Works for whatever an expression can say, such as `Expression("TypedMoney")` or `parse("[LocalizedString]")`.
    """
    return tuple(replace(column, level=level) for column in _value_columns(name, expression, path, _Context()))


# --- relations ---


@dataclass(frozen=True, slots=True)
class _Node:
    """A relation whose columns are not complete yet.

    `fields`: what its items hold. `paths`: where they lie in the record. `item_name`: what an item is called below.
    """

    relation: Relation
    type_name: str
    fields: Mapping[str, Expression]
    paths: tuple[tuple[str, ...], ...]
    item_name: str
    prefix: str = ""


def _root(stream: Stream, family: Family) -> _Node:
    fields = load().fields(stream.item)
    key_columns = tuple(
        Field(
            column.name,
            column.kind,
            nullable=column.nullable,
            path=(column.name,),
            level=0,
            refers=_IDS.get(column.name, ""),
        )
        for column in columns(stream)
        if column.name in stream.key or column.name not in fields
    )
    others = {
        column.name: fields[column.name]
        for column in columns(stream)
        if column.name not in {field.name for field in key_columns}
    }
    relation = Relation(stream.name, stream.name, (Origin(),), "", key_columns, stream.key, ())
    return _Node(relation, stream.item, others, ((),), _camel(family.singular))


def _below(above: _Node, child: Child, family: Family) -> _Node:
    routes = [_route(above.fields, path) for path in child.paths]
    items = child.items or (routes[0][1].name,)
    fields = _merged(items)
    inherited = tuple(_inherited(above, len(routes[0][0])))
    identity = tuple(_identity(child, fields, listed=routes[0][0][-1].branches[-1].listed))
    carried = tuple(
        field for name in child.carries for field in value_columns(name, above.fields[name], (name,), level=-2)
    )
    relation = Relation(
        name=f"{family.singular}_{child.name}",
        stream=above.relation.stream,
        origins=tuple(Origin((*route.steps, *steps)) for route in above.relation.origins for steps, _ in routes),
        parent=above.relation.name,
        columns=(*inherited, *identity, *carried),
        key=tuple(field.name for field in (*inherited, *identity) if not field.nullable),
        foreign_keys=(ForeignKey(tuple(field.name for field in inherited), above.relation.name, above.relation.key),),
    )
    others = {name: value for name, value in fields.items() if name != child.key}
    paths = tuple(
        (*above_path, *names) for above_path in above.paths for path in child.paths for names in _field_paths(path)
    )
    return _Node(relation, items[0], others, paths, child.item_name, _reference_name(items[0]))


def _route(fields: Mapping[str, Expression], path: Iterable[str | Fork]) -> tuple[tuple[Step, ...], Expression]:
    """Return the steps from an item that has `fields` along `path`, and the type of what is at its end."""
    steps: list[Step] = []
    walked: tuple[str, ...] = ()
    value = Expression()
    for element in path:
        if isinstance(element, Fork):
            branches = [
                (fields[name], Branch((*walked, name), fields[name].items is not None, flag))
                for name, flag in element.fields
            ]
            value = branches[0][0]
            steps.append(Step(tuple(branch for _, branch in branches), element.name))
            walked = ()
        else:
            value = fields[element]
            walked = (*walked, element)
            if value.items is not None:
                steps.append(Step((Branch(walked, listed=True),)))
                walked = ()
        value = value.items or value
        fields = load().fields(value.name)
    return tuple(steps), value


def _inherited(above: _Node, deeper: int) -> Iterator[Field]:
    """Yield the columns that hold the key of the item above."""
    for name in above.relation.key:
        column = next(field for field in above.relation.columns if field.name == name)
        is_own = column.level == -1 or not above.relation.parent
        called = f"{above.item_name}{name[:1].upper()}{name[1:]}" if is_own and column.source != "branch" else name
        yield replace(
            column, name=called, nullable=False, level=column.level - deeper if column.level else 0, refers=""
        )


def _identity(child: Child, fields: Mapping[str, Expression], *, listed: bool) -> Iterator[Field]:
    """Yield the columns that tell the items of one parent apart, then those that only say where an item was."""
    forks = [
        Field(element.name, "bool", nullable=not element.identifies, path=(), source="branch")
        for path in child.paths
        for element in path
        if isinstance(element, Fork)
    ]
    yield from (fork for fork in forks if not fork.nullable)
    if child.key:
        (column,) = _value_columns(child.key, fields[child.key], (child.key,), _Context())
        yield replace(column, nullable=False)
    if listed:
        yield Field("position", "int", nullable=bool(child.key), path=(), source="position")
    yield from (fork for fork in forks if fork.nullable)


def _finished(node: _Node, child_paths: frozenset[tuple[str, ...]]) -> Relation:
    level = -1 if node.relation.parent else 0
    columns = _columns(node.prefix, node.type_name, node.fields, (), _Context(node.paths[0], child_paths))
    whole = (*node.relation.columns, *(replace(field, level=level) for field in columns))
    references = (ForeignKey((field.name,), *_split(field.refers)) for field in whole if field.refers)
    return replace(node.relation, columns=whole, foreign_keys=(*node.relation.foreign_keys, *references))


# --- columns ---


@dataclass(frozen=True, slots=True)
class _Context:
    """Where in a record a value lies (`path`); `child_paths`: where child tables lie; `inside`: the enclosing types."""

    path: tuple[str, ...] = ()
    child_paths: frozenset[tuple[str, ...]] = frozenset()
    inside: frozenset[str] = frozenset()


def _value_columns(name: str, value: Expression, path: tuple[str, ...], context: _Context) -> Iterator[Field]:
    if context.path in context.child_paths:
        return
    column_kind = _kind(value)
    if column_kind is not None:
        yield Field(name, column_kind, nullable=True, path=path)
    elif value.name in _records() or value.name in context.inside:
        yield Field(name, "json", nullable=True, path=path)
    elif _is_money(value.name):
        yield from _money(name, value.name, path)
    else:
        inner = replace(context, inside=context.inside | {value.name})
        yield from _columns(name, value.name, _inner_fields(value.name), path, inner)


def _columns(
    name: str, type_name: str, fields: Mapping[str, Expression], path: tuple[str, ...], context: _Context
) -> Iterator[Field]:
    """Yield the columns of an object of the type `type_name` that has `fields`."""
    for field_name, value in fields.items():
        # A reference's own type says what it refers to; a plain text only its name.
        target = _targets().get((type_name, field_name), _IDS.get(field_name, ""))
        below = replace(context, path=(*context.path, field_name))
        for field in _value_columns(f"{name}_{field_name}" if name else field_name, value, (*path, field_name), below):
            yield replace(field, refers=target) if target and field.kind == "string" else field


def _kind(value: Expression) -> Kind | None:
    """Return the kind of a value that one column holds, None for an object with parts."""
    if value.options:  # no SQL type holds all of them
        return "json"
    if value.items is not None:
        return next((column_kind for column_kind in KINDS if column_kind == f"[{_kind(value.items)}]"), "json")
    row = load().types.get(value.name)
    values = value.values or (row.values if row is not None else None)
    if values is not None:
        return "map" if _kind(values) == "string" else "json"
    if scalar := load().scalar(value):
        return next((column_kind for column_kind in SCALARS if column_kind == scalar), "json")
    return None if load().fields(value.name) else "json"


def _inner_fields(name: str) -> dict[str, Expression]:
    """Return the fields of an object; those of a large union that have parts and belong to some variants stay JSON."""
    row, fields = load().types[name], load().fields(name)
    if len(row.variants) <= _LARGE_UNION:
        return fields
    return {
        field: value
        if field in row.fields or _kind(value) or _is_money(value.name) or _is_reference(value.name)
        else Expression("any")
        for field, value in fields.items()
    }


def _is_money(name: str) -> bool:
    return {"centAmount", "currencyCode"} <= load().fields(name).keys()


def _is_reference(name: str) -> bool:
    return load().fields(name).keys() <= {"typeId", "id", "key"}


def _money(name: str, type_name: str, path: tuple[str, ...]) -> Iterator[Field]:
    """Yield the columns of a money; one of a type without fraction digits (`Money`) has no amount."""
    fields = load().fields(type_name)
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
def _records() -> frozenset[str]:
    """Return the types of whole records."""
    return frozenset(stream.item for stream in STREAMS.values())


@cache
def _targets() -> Mapping[tuple[str, str], str]:
    """Return what the reference types' fields refer to, as "relation.column", by type and field."""
    streams = {stream.resource_type: stream.name for stream in STREAMS.values()}
    targets = {}
    for tag, name in load().types["Reference"].variants.items():
        if tag in streams:
            targets[name, "id"] = f"{streams[tag]}.id"
            targets[f"{name.removesuffix('Reference')}KeyReference", "key"] = f"{streams[tag]}.key"
    return targets


def _reference_name(name: str) -> str:
    """Return what to call the id of an item that is itself a reference of the type `name`, "" if it is none."""
    if not name.endswith("Reference") or not _is_reference(name):
        return ""
    bare = name.removesuffix("Reference").removesuffix("Key")
    return bare[:1].lower() + bare[1:] or "reference"


def _merged(names: Iterable[str]) -> dict[str, Expression]:
    """Return the fields of all the types `names`; where they differ, what fits them all."""
    contract, merged = load(), dict[str, Expression]()
    for name in names:
        for field, value in _inner_fields(name).items():
            merged[field] = contract.wider(merged[field], value) if field in merged else value
    return merged


def _field_paths(path: Iterable[str | Fork]) -> Iterator[tuple[str, ...]]:
    """Yield every path that a path with forks stands for."""
    yield from product(
        *([name for name, _ in element.fields] if isinstance(element, Fork) else [element] for element in path)
    )


def _split(target: str) -> tuple[str, tuple[str, ...]]:
    relation, _, column = target.partition(".")
    return relation, (column,)


def _camel(snake: str) -> str:
    first, *words = snake.split("_")
    return first + "".join(word.capitalize() for word in words)
