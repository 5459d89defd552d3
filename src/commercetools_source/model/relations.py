"""The relational model of a shop: tables with exact types, keys and foreign keys, derived from rows and contract.

A stream gives one relation of its records and one for each list inside them that the catalogue of child
tables names. Pure: what a relation is, not how it is computed (`select`). The rules of naming:

- A relation is called like its stream, one below it `<singular>_<list>`: `orders`, `order_line_items`.
- A column has the API's name; parts of an object hang behind it: `shippingAddress_city`, `customerGroup_id`.
- A child's rows begin with the key of their parent: `orderId`, `lineItemId`; `position` counts from 1.
- Money is `_centAmount`, `_currency`, `_fractionDigits` and the exact `_amount`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from commercetools_source.catalog.contract import Expression, load
from commercetools_source.catalog.schema import KINDS_BY_SQL, columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.child_table import Child, Family, Fork
from commercetools_source.model.child_tables import FAMILIES
from commercetools_source.model.fields import (
    IDS,
    Context,
    columns_at,
    columns_of,
    merged_fields,
    reference_name,
    type_fields,
    value_columns,
)
from commercetools_source.model.relation import Branch, Field, ForeignKey, Origin, Relation, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from commercetools_source.catalog.stream import Stream

__all__ = ["all_relations", "relations", "with_columns"]


# Made once for the whole catalogue: each table of a run asks for its own.
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
    # What a table of its own holds is no JSON column of its parent, too.
    child_paths = frozenset(path for node in nodes.values() for path in node.paths if path)
    return tuple(_finished(node, child_paths) for node in nodes.values())


def with_columns(known: Sequence[Relation], stream: Stream, types: Mapping[str, str]) -> list[Relation]:
    """Return the relations of a stream, its own with the columns of `types` that the contract does not know.

    `types` are the SQL types of the fields in the table of its records; those of fields that a project has besides
    were added when they came.
    """
    if not known:
        return []
    root, *below = known
    in_contract = {column.name for column in columns(stream)}
    # DuckDB's names ignore case: https://duckdb.org/docs/stable/sql/dialect/keywords_and_identifiers
    used = {field.name.casefold() for field in root.columns}
    unknown = [
        Field(name, KINDS_BY_SQL[sql], nullable=True, path=(name,), level=0)
        for name, sql in types.items()
        if name not in in_contract and name.casefold() not in used
    ]
    return [replace(root, columns=(*root.columns, *unknown)), *below]


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
    fields = type_fields(stream.item)
    key_columns = tuple(
        Field(
            column.name,
            column.kind,
            nullable=column.nullable,
            path=(column.name,),
            level=0,
            refers=IDS.get(column.name, ""),
        )
        for column in columns(stream)
        # The key, and what reading put in front of the records, such as the key of their parent.
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
    # Several routes lead to items of one type, or the catalogue names all their types itself.
    items = child.items or (routes[0][1].name,)
    fields = merged_fields(items)
    # A route of several steps lies deeper by as many levels, which is what `level` counts.
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
    return _Node(relation, items[0], others, paths, child.item_name, reference_name(items[0]))


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
        fields = type_fields(value.name)
    return tuple(steps), value


def _inherited(above: _Node, deeper: int) -> Iterator[Field]:
    """Yield the columns that hold the key of the item above."""
    for name in above.relation.key:
        column = next(field for field in above.relation.columns if field.name == name)
        # Only the key of the item just above gets its name in front; those above it have theirs already.
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
    # First what identifies, then what describes: keys stand at the front of a table.
    yield from (fork for fork in forks if not fork.nullable)
    if child.key:
        (column,) = columns_at(child.key, fields[child.key], (child.key,), Context())
        yield replace(column, nullable=False)
    # An object that is no list has no place: there is one of it at most.
    if listed:
        # Where an item has a key, its place may change without a change of the item, so it identifies nothing.
        yield Field("position", "int", nullable=bool(child.key), path=(), source="position")
    yield from (fork for fork in forks if fork.nullable)


def _finished(node: _Node, child_paths: frozenset[tuple[str, ...]]) -> Relation:
    # The first of its ways: all of them lead to items with the same fields.
    columns = columns_of(node.prefix, node.type_name, node.fields, (), Context(node.paths[0], child_paths))
    # Records are level 0 for themselves; what is below them counts from its own items, as new columns do.
    if not node.relation.parent:
        columns = (replace(field, level=0) for field in columns)
    whole = (*node.relation.columns, *columns)
    references = (ForeignKey((field.name,), *_split(field.refers)) for field in whole if field.refers)
    return replace(node.relation, columns=whole, foreign_keys=(*node.relation.foreign_keys, *references))


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
