"""The values that fill a path's placeholders: which collections inside others there are to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.streams import Parents, Stream, find
from commercetools_source.extract import paging
from commercetools_source.extract.keyset import KeyRange, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["parents_of", "values_at"]


def parents_of(get: paging.Get, stream: Stream, page_size: int) -> Iterator[tuple[str, ...]]:
    """Yield the placeholder values of each collection of `stream`, each once; one empty tuple if it has no parents."""
    if stream.parents is None:
        yield ()
        return
    found = (
        _distinct(get, stream.parents)
        if stream.parents.kind == "distinct"
        else _records(get, stream.parents, page_size)
    )
    seen = set()
    for values in found:
        if values not in seen:
            seen.add(values)
            yield values


def _records(get: paging.Get, parents: Parents, page_size: int) -> Iterator[tuple[str, ...]]:
    source = find(parents.source)
    paths = [path for _, path in parents.fields]
    for page in paging.pages(get, source, KeyRange(*source.ordering), page_size):
        for record in page.records:
            yield from values_at(msgspec.json.decode(record), paths)


def _distinct(get: paging.Get, parents: Parents) -> Iterator[tuple[str, ...]]:
    """Yield each value of one field by a skip scan: the first record behind the last value, until none is left."""
    ((_, field),) = parents.fields
    last: str | None = None
    while True:
        params = [("limit", "1"), ("withTotal", "false"), ("sort", f"{field} asc")]
        if last is not None:
            params.append(("where", f"{field} > {literal(last)}"))
        rows: list[dict[str, Any]] = get(parents.source, params, _rows, None)
        if not rows:
            return
        last = str(rows[0][field])
        yield (last,)


def _rows(body: bytes) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = msgspec.json.decode(body)["results"]
    return results


def values_at(record: dict[str, Any], paths: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield the combinations of the values that `record` has at dotted `paths`; a path through a list has several."""
    combinations: list[tuple[str, ...]] = [()]
    for path in paths:
        combinations = [(*made, value) for made in combinations for value in _values(record, path.split("."))]
    yield from combinations


def _values(node: Any, steps: list[str]) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _values(item, steps)
    elif not steps:
        if isinstance(node, str):
            yield node
    elif isinstance(node, dict):
        yield from _values(node.get(steps[0]), steps[1:])
