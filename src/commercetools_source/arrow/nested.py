"""Fields inside the objects and lists of records that the contract does not know: found in a sample, named by path.

A path has names of fields only, never a key that is data: what lies in a custom field, an attribute or a custom
object, and the keys of a map, are not looked at.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.contract import Expression, Type, published
from commercetools_source.catalog.lazy import lazy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from commercetools_source.catalog.stream import Stream

__all__ = ["NestedFields", "legible_paths"]

_WHOLE_BYTES = 1_000_000
"""So much of each stream is looked at whole: it is all that most runs bring."""
_SHARE = 256
"""Of what follows, one byte in so many is looked at, which costs a load about a hundredth of its CPU time."""
_LARGEST = 2_000_000
"""Larger records are not looked at: as Python values they take ten times their size in memory."""
_MOST_NAMES = 20
"""More unknown names than these in one object are data and no fields, and none of them is told."""
_OPEN = frozenset({"any", "object"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

_Path = tuple[str, ...]


class NestedFields:
    """Looks at a sample of each stream's records, and lists the unknown fields that it finds, each once.

    The sample is the first MB, then a part of each megabyte: which records it has depends on their sizes only.
    """

    def __init__(self) -> None:
        self._samples: dict[str, _Sample] = {}

    def look(self, stream: Stream, records: Iterable[msgspec.Raw]) -> None:
        """Look at those of `records` that belong to the sample; what cannot be decoded is not looked at."""
        sample, root = self._sample(stream)
        for record in records:
            if root is not None and sample.takes(memoryview(record).nbytes):
                with suppress(msgspec.DecodeError, RecursionError):
                    _collect(root, msgspec.json.decode(record), sample.paths)

    def look_into(self, stream: Stream, record: object, size: int) -> None:
        """Look at a record that is decoded already, and was so many bytes, if it belongs to the sample."""
        sample, root = self._sample(stream)
        if root is not None and sample.takes(size):
            _collect(root, record, sample.paths)

    def _sample(self, stream: Stream) -> tuple[_Sample, _Node | None]:
        return self._samples.setdefault(stream.name, _Sample()), _node(frozenset({Expression(stream.item)}))

    def legible(self, stream: Stream) -> list[str]:
        """Return the paths of the unknown fields found of a stream, sorted, without names that may be data."""
        sample = self._samples.get(stream.name)
        if sample is None or not sample.paths:
            return []
        return sorted(_text((*above, name)) for above, fields, _ in _by_object(sample.paths) for name in fields)

    def fields(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each stream that has some with the paths of its unknown fields, sorted."""
        for name, sample in self._samples.items():
            if sample.paths:
                yield name, legible_paths(sample.paths)


@dataclass(slots=True)
class _Sample:
    """What was seen and looked at of a stream, in bytes, and the unknown fields in it."""

    seen: int = 0
    looked: int = 0
    paths: set[_Path] = field(default_factory=set)

    def takes(self, size: int) -> bool:
        """Return whether the next record, of so many bytes, belongs to the sample."""
        self.seen += size
        if size > _LARGEST or self.looked + size > _WHOLE_BYTES + self.seen // _SHARE:
            return False
        self.looked += size
        return True


def legible_paths(paths: Iterable[_Path]) -> list[str]:
    """Return `paths` as sorted texts, such as `lineItems[].variant.colour`; names that may be data are only counted."""
    texts = []
    for above, fields, odd in _by_object(paths):
        texts += [_text((*above, name)) for name in fields]
        if odd:
            texts.append(_text((*above, f"({odd} odd {'name' if odd == 1 else 'names'})")))
    return sorted(texts)


def _by_object(paths: Iterable[_Path]) -> Iterator[tuple[_Path, set[str], int]]:
    """Yield each object that has some of `paths`, the names of its fields, and the number of those that may be data."""
    names: dict[_Path, set[str]] = {}
    for path in paths:
        names.setdefault(path[:-1], set()).add(path[-1])
    for above, below in names.items():
        fields = {name for name in below if _NAME.fullmatch(name)} if len(below) <= _MOST_NAMES else set()
        yield above, fields, len(below) - len(fields)


def _text(path: _Path) -> str:
    return ".".join(path).replace(".[]", "[]")


def _collect(root: _Node, record: Any, paths: set[_Path]) -> None:
    """Add to `paths` the unknown fields of a record below its own: those are columns, and told as such."""
    pending: list[tuple[_Node, Any, _Path]] = [(root, record, ())]
    while pending:
        node, value, path = pending.pop()
        if isinstance(value, list):
            below = (*path, "[]")
            pending += [(node, item, below) for item in value if isinstance(item, (dict, list))]
        elif isinstance(value, dict):
            if node.values is not None:
                below = (*path, "*")
                pending += [(node.values, item, below) for item in value.values()]
                continue
            if path and not value.keys() <= node.fields.keys():
                paths.update((*path, name) for name in value.keys() - node.fields.keys())
            # By the fields that are there: a type has up to hundreds.
            for name, inner in value.items():
                if inner and isinstance(inner, (dict, list)) and (part := node.parts.get(name)) is not None:
                    pending.append((part, inner, (*path, name)))


@dataclass(frozen=True)
class _Node:
    """What the contract says of an object: its `fields`, or what the `values` of a map are, whose keys are data."""

    fields: Mapping[str, frozenset[Expression]]
    values: _Node | None = None

    @lazy
    def parts(self) -> Mapping[str, _Node]:
        """The fields that can hold something unknown; made late, because types contain each other."""
        nodes = {name: _node(values) for name, values in self.fields.items()}
        return {name: node for name, node in nodes.items() if node is not None}


@cache
def _node(expressions: frozenset[Expression]) -> _Node | None:
    """Return what is known of a value, or of the items of a list, that is one of `expressions`.

    None where nothing in it can be unknown: a scalar, or what the contract leaves open.
    """
    types: list[Type] = []
    values: set[Expression] = set()
    pending = list(expressions)
    while pending:
        expression = pending.pop()
        row = published().types.get(expression.name, Type())
        if meant := _meant(expression, row):
            pending += meant
        elif expression.name in _OPEN:
            return None
        elif (every := expression.values or row.values) is not None:
            values.add(every)
        elif row.fields or row.variants:
            types.append(row)
    if values:
        below = _node(frozenset(values))
        return None if below is None else _Node({}, below)
    return _Node(_fields(types)) if types else None


def _meant(expression: Expression, row: Type) -> tuple[Expression, ...]:
    """Return what an expression only stands for: options, items of a list, the scalar of an alias."""
    return expression.options or tuple(inner for inner in (expression.items, row.alias) if inner is not None)


def _fields(types: Iterable[Type]) -> dict[str, frozenset[Expression]]:
    """Return the fields of all `types` and of their variants; each is known with whatever one of them says of it."""
    fields: dict[str, frozenset[Expression]] = {}
    for row in types:
        for member in (row, *(published().types[name] for name in dict.fromkeys(row.variants.values()))):
            for name, value in member.fields.items():
                fields[name] = fields.get(name, frozenset()) | {value}
    return fields
