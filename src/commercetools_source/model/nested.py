"""Columns for fields inside objects and lists that the contract does not know, at the level where they lie. Pure.

A path is the text of the names from the record to the field, `lineItems[].variant.colour`: that one becomes the column
`variant_colour` of the relation of line items.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.model.relation import Field

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from commercetools_source.model.relation import Origin, Relation

__all__ = ["column_names", "new_paths", "with_nested"]

_MOST_NESTED = 50
"""No more unknown fields of a stream get columns: a row of a relation is parsed for all its columns at once."""
_ITEM, _VALUE = "[]", "*"
"""Stand in a path for the items of a list, and for the values of a map, whose keys are data."""

_Path = tuple[str, ...]


def with_nested(relations: Sequence[Relation], paths: Iterable[str]) -> list[Relation]:
    """Return a stream's relations, each with a JSON column for every path that leads into its items.

    None for a path that leads into a column of JSON, which has the value, and for a name that DuckDB would take
    for another one: it does not tell `Country` from `country`, as column or as field.
    """
    added: dict[str, list[Field]] = {}
    for relation, field in _columns(relations, paths):
        added.setdefault(relation.name, []).append(field)
    return [
        replace(relation, columns=(*relation.columns, *added[relation.name])) if relation.name in added else relation
        for relation in relations
    ]


def column_names(relations: Sequence[Relation], paths: Iterable[str]) -> dict[str, list[str]]:
    """Return by each path that has columns what these are called, such as `order_line_items.variant_colour`."""
    names: dict[str, list[str]] = {}
    # One by one: paths from several lists to items of one relation share a column.
    for path in paths:
        if columns := list(_columns(relations, [path])):
            names[path] = [f"{relation.name}.{field.name}" for relation, field in columns]
    return names


def new_paths(paths: Iterable[str], there: Collection[str]) -> list[str]:
    """Return those of `paths` that are not `there`, as many as may still get columns beside these."""
    return [path for path in paths if path not in there][: max(0, _MOST_NESTED - len(there))]


def _columns(relations: Sequence[Relation], paths: Iterable[str]) -> Iterator[tuple[Relation, Field]]:
    reached = [
        (relation, {path for origin in relation.origins for path in _item_paths(origin)}) for relation in relations
    ]
    # DuckDB's names ignore case: https://duckdb.org/docs/stable/sql/dialect/keywords_and_identifiers
    used = {relation.name: {field.name.casefold() for field in relation.columns} for relation in relations}
    read = {relation.name: _read(relation) for relation in relations}
    for text in paths:
        path = tuple(text.replace(_ITEM, f".{_ITEM}").split("."))
        depths = [max((len(item) for item in items if path[: len(item)] == item), default=-1) for _, items in reached]
        deepest = max(depths, default=-1)
        below = path[deepest:]
        if deepest < 0 or {_ITEM, _VALUE} & set(below):
            continue
        name = "_".join(below)
        for relation in (relation for (relation, _), depth in zip(reached, depths, strict=True) if depth == deepest):
            if name.casefold() in used[relation.name] or _is_in_json(relation, below):
                continue
            prefixes = {_folded(below[:length]): below[:length] for length in range(1, len(below) + 1)}
            if all(read[relation.name].get(folded, prefix) == prefix for folded, prefix in prefixes.items()):
                used[relation.name].add(name.casefold())
                read[relation.name] |= prefixes
                level = -1 if relation.parent else 0
                yield relation, Field(name, "json", nullable=True, path=below, level=level)


def _item_paths(origin: Origin) -> Iterator[_Path]:
    """Yield the paths on which an origin leads to its items."""
    steps = ([(*branch.path, *([_ITEM] * branch.listed)) for branch in step.branches] for step in origin.steps)
    for branches in product(*steps):
        yield tuple(name for names in branches for name in names)


def _own(relation: Relation) -> Iterator[Field]:
    """Yield the columns that hold values of the item itself."""
    level = -1 if relation.parent else 0
    return (field for field in relation.columns if field.source == "value" and field.level == level)


def _is_in_json(relation: Relation, path: _Path) -> bool:
    return any(field.kind == "json" and path[: len(field.path)] == field.path for field in _own(relation))


def _read(relation: Relation) -> dict[_Path, _Path]:
    """Return the paths of all fields that a query reads of an item, and of the objects around them, by their folds."""
    paths = set[_Path]()
    for field in _own(relation):
        # An amount is read from several fields of its money.
        read = KINDS[field.kind].read
        ends = [(*field.path, name) for name in read] if isinstance(read, dict) else [field.path]
        paths |= {end[:length] for end in ends for length in range(1, len(end) + 1)}
    return {_folded(path): path for path in paths}


def _folded(path: _Path) -> _Path:
    return tuple(name.casefold() for name in path)
