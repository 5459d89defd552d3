"""The items of a relation in a record that is decoded, as `model.select` finds them with SQL. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from commercetools_source.model.relation import Branch, Field, Origin

__all__ = ["items", "text"]

Item = tuple[Any, ...]
"""An item with all that it lies in: the record first, then one item for each step, itself last."""


def items(record: Mapping[str, Any], origins: Iterable[Origin]) -> list[Item]:
    """Return the items of all `origins` in a record; what is no list where one belongs has none, as null has."""
    rows: list[Item] = []
    for origin in origins:
        level: list[Item] = [(record,)]
        for step in origin.steps:
            level = [
                (*above, item) for above in level for branch in step.branches for item in _below(above[-1], branch)
            ]
        rows += level
    return rows


def text(item: Item, field: Field) -> str | None:
    """Return the text of a column in the row of `item`, None where there is no text."""
    value = _at(item[field.level], field.path)
    return value if isinstance(value, str) else None


def _below(item: Any, branch: Branch) -> Iterator[Any]:
    value = _at(item, branch.path)
    values = value if branch.listed and isinstance(value, list) else () if branch.listed else (value,)
    return (inner for inner in values if inner is not None)


def _at(value: Any, path: Iterable[str]) -> Any:
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value
