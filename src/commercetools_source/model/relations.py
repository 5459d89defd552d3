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
    from collections.abc import Iterable, Iterator, Mapping

    from commercetools_source.catalog.kinds import Kind
    from commercetools_source.catalog.stream import Stream

__all__ = ["Branch", "Field", "ForeignKey", "Origin", "Relation", "Step", "all_relations", "relations", "unfold"]

Source = Literal["value", "position", "branch"]

_LARGE_UNION = 20
"""A union of more variants is too wide to unfold: objects that only some of them have stay JSON."""

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


@cache
def all_relations() -> Mapping[str, Relation]:
    """Return every relation of every stream by its name: each stream's own, then those below it."""
    return {found.name: found for stream in STREAMS.values() for found in relations(stream)}


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
    taken = frozenset(place for node in nodes.values() for place in node.places if place)
    return tuple(_finished(node, taken) for node in nodes.values())


def unfold(name: str, expression: Expression, path: tuple[str, ...] = (), level: int = -1) -> tuple[Field, ...]:
    """Return the columns of a value of the contract's type `expression` that lies at `path` of an item.

    They are called `name`, or `<name>_<part>` if it has parts; with name "" only by their parts.
    Works for whatever an expression can say, such as `Expression("TypedMoney")` or `parse("[LocalizedString]")`.
    """
    return tuple(replace(found, level=level) for found in _unfolded(name, expression, path, _Place()))


# --- relations ---


@dataclass(frozen=True, slots=True)
class _Node:
    """A relation whose columns are not complete yet.

    `held`: what its items hold. `places`: where they lie in the record. `one`: what an item is called below.
    """

    relation: Relation
    type_name: str
    held: Mapping[str, Expression]
    places: tuple[tuple[str, ...], ...]
    one: str
    prefix: str = ""


def _root(stream: Stream, family: Family) -> _Node:
    held = load().fields(stream.item)
    own = tuple(
        Field(one.name, one.kind, nullable=one.nullable, path=(one.name,), level=0, refers=_IDS.get(one.name, ""))
        for one in columns(stream)
        if one.name in stream.key or one.name not in held
    )
    rest = {one.name: held[one.name] for one in columns(stream) if one.name not in {field.name for field in own}}
    relation = Relation(stream.name, stream.name, (Origin(),), "", own, stream.key, ())
    return _Node(relation, stream.item, rest, ((),), _camel(family.one))


def _below(above: _Node, child: Child, family: Family) -> _Node:
    ways = [_way(above.held, path) for path in child.paths]
    items = child.items or (ways[0][1].name,)
    held = _merged(items)
    inherited = tuple(_inherited(above, len(ways[0][0])))
    identity = tuple(_identity(child, held, listed=ways[0][0][-1].branches[-1].listed))
    carried = tuple(field for name in child.carries for field in unfold(name, above.held[name], (name,), level=-2))
    relation = Relation(
        name=f"{family.one}_{child.name}",
        stream=above.relation.stream,
        origins=tuple(Origin((*way.steps, *steps)) for way in above.relation.origins for steps, _ in ways),
        parent=above.relation.name,
        columns=(*inherited, *identity, *carried),
        key=tuple(field.name for field in (*inherited, *identity) if not field.nullable),
        foreign_keys=(ForeignKey(tuple(field.name for field in inherited), above.relation.name, above.relation.key),),
    )
    rest = {name: value for name, value in held.items() if name != child.key}
    places = tuple((*place, *names) for place in above.places for path in child.paths for names in _spelled(path))
    return _Node(relation, items[0], rest, places, child.one, _reference_name(items[0]))


def _way(held: Mapping[str, Expression], path: Iterable[str | Fork]) -> tuple[tuple[Step, ...], Expression]:
    """Return the steps from an item that holds `held` along `path`, and the type of what is at its end."""
    steps: list[Step] = []
    walked: tuple[str, ...] = ()
    value = Expression()
    for part in path:
        if isinstance(part, Fork):
            branches = [
                (held[name], Branch((*walked, name), held[name].items is not None, flag)) for name, flag in part.fields
            ]
            value = branches[0][0]
            steps.append(Step(tuple(branch for _, branch in branches), part.name))
            walked = ()
        else:
            value = held[part]
            walked = (*walked, part)
            if value.items is not None:
                steps.append(Step((Branch(walked, listed=True),)))
                walked = ()
        value = value.items or value
        held = load().fields(value.name)
    return tuple(steps), value


def _inherited(above: _Node, deeper: int) -> Iterator[Field]:
    """Yield the columns that hold the key of the item above."""
    for name in above.relation.key:
        column = next(field for field in above.relation.columns if field.name == name)
        is_own = column.level == -1 or not above.relation.parent
        called = f"{above.one}{name[:1].upper()}{name[1:]}" if is_own and column.source != "branch" else name
        yield replace(
            column, name=called, nullable=False, level=column.level - deeper if column.level else 0, refers=""
        )


def _identity(child: Child, held: Mapping[str, Expression], *, listed: bool) -> Iterator[Field]:
    """Yield the columns that tell the items of one parent apart, then those that only say where an item was."""
    forks = [
        Field(part.name, "bool", nullable=not part.identifies, path=(), source="branch")
        for path in child.paths
        for part in path
        if isinstance(part, Fork)
    ]
    yield from (fork for fork in forks if not fork.nullable)
    if child.key:
        (column,) = _unfolded(child.key, held[child.key], (child.key,), _Place())
        yield replace(column, nullable=False)
    if listed:
        yield Field("position", "int", nullable=bool(child.key), path=(), source="position")
    yield from (fork for fork in forks if fork.nullable)


def _finished(node: _Node, taken: frozenset[tuple[str, ...]]) -> Relation:
    level = -1 if node.relation.parent else 0
    own = _columns(node.prefix, node.type_name, node.held, (), _Place(node.places[0], taken))
    whole = (*node.relation.columns, *(replace(field, level=level) for field in own))
    references = (ForeignKey((field.name,), *_split(field.refers)) for field in whole if field.refers)
    return replace(node.relation, columns=whole, foreign_keys=(*node.relation.foreign_keys, *references))


# --- columns ---


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a record a value lies; `taken`: places of other relations; `inside`: the types around it."""

    names: tuple[str, ...] = ()
    taken: frozenset[tuple[str, ...]] = frozenset()
    inside: frozenset[str] = frozenset()


def _unfolded(name: str, value: Expression, path: tuple[str, ...], place: _Place) -> Iterator[Field]:
    if place.names in place.taken:
        return
    kind = _kind(value)
    if kind is not None:
        yield Field(name, kind, nullable=True, path=path)
    elif value.name in _records() or value.name in place.inside:
        yield Field(name, "json", nullable=True, path=path)
    elif _is_money(value.name):
        yield from _money(name, value.name, path)
    else:
        around = replace(place, inside=place.inside | {value.name})
        yield from _columns(name, value.name, _parts(value.name), path, around)


def _columns(
    name: str, type_name: str, held: Mapping[str, Expression], path: tuple[str, ...], place: _Place
) -> Iterator[Field]:
    """Yield the columns of an object of the type `type_name` that holds `held`."""
    for part, value in held.items():
        target = _targets().get((type_name, part), _IDS.get(part, ""))
        below = replace(place, names=(*place.names, part))
        for field in _unfolded(f"{name}_{part}" if name else part, value, (*path, part), below):
            yield replace(field, refers=target) if target and field.kind == "string" else field


def _kind(value: Expression) -> Kind | None:
    """Return the kind of a value that one column holds, None for an object with parts."""
    if value.options:
        return "json"
    if value.items is not None:
        return next((kind for kind in KINDS if kind == f"[{_kind(value.items)}]"), "json")
    row = load().types.get(value.name)
    values = value.values or (row.values if row is not None else None)
    if values is not None:
        return "map" if _kind(values) == "string" else "json"
    if scalar := load().scalar(value):
        return next((kind for kind in SCALARS if kind == scalar), "json")
    return None if load().fields(value.name) else "json"


def _parts(name: str) -> dict[str, Expression]:
    """Return the fields of an object; those of a large union that have parts and belong to some variants stay JSON."""
    row, held = load().types[name], load().fields(name)
    if len(row.variants) <= _LARGE_UNION:
        return held
    return {
        field: value
        if field in row.fields or _kind(value) or _is_money(value.name) or _is_reference(value.name)
        else Expression("any")
        for field, value in held.items()
    }


def _is_money(name: str) -> bool:
    return {"centAmount", "currencyCode"} <= load().fields(name).keys()


def _is_reference(name: str) -> bool:
    return load().fields(name).keys() <= {"typeId", "id", "key"}


def _money(name: str, type_name: str, path: tuple[str, ...]) -> Iterator[Field]:
    """Yield the columns of a money; one of a type without fraction digits (`Money`) has no amount."""
    held = load().fields(type_name)
    before = f"{name}_" if name else ""
    is_typed, is_precise = "fractionDigits" in held, "preciseAmount" in held
    yield Field(f"{before}centAmount", "int", nullable=True, path=(*path, "centAmount"))
    yield Field(f"{before}currency", "string", nullable=True, path=(*path, "currencyCode"))
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
    found = {}
    for tag, name in load().types["Reference"].variants.items():
        if tag in streams:
            found[name, "id"] = f"{streams[tag]}.id"
            found[f"{name.removesuffix('Reference')}KeyReference", "key"] = f"{streams[tag]}.key"
    return found


def _reference_name(name: str) -> str:
    """Return what to call the id of an item that is itself a reference of the type `name`, "" if it is none."""
    if not name.endswith("Reference") or not _is_reference(name):
        return ""
    bare = name.removesuffix("Reference").removesuffix("Key")
    return bare[:1].lower() + bare[1:] or "reference"


def _merged(names: Iterable[str]) -> dict[str, Expression]:
    """Return the fields of all the types `names`; where they differ, what fits them all."""
    contract, found = load(), dict[str, Expression]()
    for name in names:
        for field, value in _parts(name).items():
            found[field] = contract.wider(found[field], value) if field in found else value
    return found


def _spelled(path: Iterable[str | Fork]) -> Iterator[tuple[str, ...]]:
    """Yield every path that a path with forks stands for."""
    yield from product(*([name for name, _ in part.fields] if isinstance(part, Fork) else [part] for part in path))


def _split(target: str) -> tuple[str, tuple[str, ...]]:
    relation, _, column = target.partition(".")
    return relation, (column,)


def _camel(snake: str) -> str:
    first, *rest = snake.split("_")
    return first + "".join(word.capitalize() for word in rest)
