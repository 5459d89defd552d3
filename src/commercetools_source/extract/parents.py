"""The values that fill a path's placeholders: which collections inside others there are to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.streams import Parents, Stream, find
from commercetools_source.errors import ON_THE_WAY, ApiError, NotFoundError, StateError
from commercetools_source.events import counted
from commercetools_source.extract import paging
from commercetools_source.extract.advice import MISSING_PERMISSION
from commercetools_source.extract.envelope import Rows, decode_rows, refuse_odd
from commercetools_source.extract.keyset import comparison
from commercetools_source.extract.request import uncounted
from commercetools_source.extract.selection import range_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_gone", "parents_of", "values_at"]

_NOT_FOUND = "ResourceNotFound"
"""The platform's code for what is not there (https://docs.commercetools.com/api/errors)."""
_GROWTH = 2
_MORE = 1_000
"""So many times the records of the start, and so many more, may be there in the end: records come meanwhile."""


def parents_of(get: paging.Get, stream: Stream, page_size: int, store: str = "") -> Iterator[tuple[str, ...]]:
    """Yield the placeholder values of each collection of `stream`, each once; one empty tuple if it has no parents.

    With `store`, the key of one, that is the only parent where stores are.
    """
    if stream.parents is None:
        yield ()
        return
    # Who may read one store cannot list all of them (https://docs.commercetools.com/api/scopes).
    if store and stream.parents.source == "stores":
        yield (store,)
        return
    # No listing of them exists: containers of custom objects are only known by the objects in them
    # (https://docs.commercetools.com/api/projects/custom-objects).
    if stream.parents.kind == "distinct":
        yield from _distinct(get, stream.parents)
        return
    seen = set()
    for values in _of_records(get, stream.parents, page_size):
        # Several records may give the same values, such as those of an associate in many units.
        if values not in seen:
            seen.add(values)
            yield values


def is_gone(get: paging.Get, stream: Stream, parent: tuple[str, ...], error: ApiError, store: str = "") -> bool:
    """Return whether `error` below `parent` means that the parent vanished since it was listed.

    Not everybody who answers 404 is the platform: a proxy or gateway without this route does, too. So the
    code must be the platform's, and the collection of the parents must show that it is not there any more. A `store`
    that was named and not listed may never have been there.
    """
    # A permission that went with the parent reads alike: then the question below answers that the parent is gone.
    missing = isinstance(error, NotFoundError) and _NOT_FOUND in error.codes
    if stream.parents is None or not (missing or MISSING_PERMISSION in error.codes):
        return False
    if store and stream.parents.source == "stores":
        return False
    fields = (path for _, path in stream.parents.fields)
    where = " and ".join(comparison(path, "=", value) for path, value in zip(fields, parent, strict=True))
    return not _look(get, _path_of_source(stream.parents), where)


def _path_of_source(parents: Parents) -> str:
    return parents.source if parents.kind == "distinct" else find(parents.source).path


def _of_records(get: paging.Get, parents: Parents, page_size: int) -> Iterator[tuple[str, ...]]:
    source = find(parents.source)
    paths = [path for _, path in parents.fields]
    fields = [path.partition(".")[0] for path in paths]
    for page in paging.pages(get, source, range_of(source), page_size, fields=fields):
        for record in page.records:
            yield from values_at(msgspec.json.decode(record), paths)


def _distinct(get: paging.Get, parents: Parents) -> Iterator[tuple[str, ...]]:
    """Yield each value of one field by a skip scan: the first record behind the last value, until none is left.

    Raises StateError for values that have no end: each has a record, so there are no more of them than records. So it
    does where the server does not sort.
    """
    ((_, field),) = parents.fields
    order = ("sort", f"{field} asc")
    seen, last = set[str](), ""
    # The first look counts the whole collection; with a predicate the platform would count to 10,000 only.
    rows, total = _counted(get, parents.source, order)
    at_start = most = total
    while rows:
        value = rows[0].get(field)
        if not isinstance(value, str):
            raise StateError(f"a record of {parents.source} has no text in {field!r}, by which it is listed")
        # Without this check a server that ignores `where` would be asked for ever.
        if value in seen:
            raise StateError(
                f"listing by {field} made no progress: {parents.source} sent {value!r} again;"
                " check that what answers there supports `where` and `sort`"
            )
        seen.add(value)
        last = value
        if len(seen) > most:
            # Records come while the list is made; a server that makes up values has more of them than it counts.
            total = _counted(get, parents.source, order)[1]
            most = min(total, _GROWTH * at_start + _MORE)
            if len(seen) > most:
                raise StateError(
                    f"listing by {field} found {counted(len(seen), 'value')} where {parents.source} counts at most"
                    f" {counted(most, 'record')};"
                    " look for a proxy or gateway that makes up answers"
                )
        yield (value,)
        # One request for each value, however many records share it: a scan of all of them would read every page.
        rows = _look(get, parents.source, comparison(field, ">", value), order)
    if seen:
        _refuse_disorder(get, parents.source, field, last)


def _refuse_disorder(get: paging.Get, path: str, field: str, last: str) -> None:
    """Raise StateError where the collection does not come in the order of `field`; `last` is its greatest value.

    Without its order a skip scan passes over values, which no count shows. That what comes first in the order is not
    the least value, or in the reverse one not the greatest, does.
    """
    for order, beyond in (("asc", "<"), ("desc", ">")):
        # Asked for now, and not taken from the scan: records may have come since.
        first = next(iter(_look(get, path, None, ("sort", f"{field} {order}"))), {}).get(field)
        if not isinstance(first, str) or (order == "desc" and first == last):
            continue
        if _counted(get, path, ("where", comparison(field, beyond, first)))[0]:
            raise StateError(
                f"answers of {path} are not in the order of {field} that was asked for, so that nobody can list them;"
                f" {ON_THE_WAY}"
            )


def _look(get: paging.Get, path: str, where: str | None, *params: tuple[str, str]) -> list[dict[str, Any]]:
    """Return at most one record of the collection at `path`.

    Raises StateError as `_counted` does when none comes.
    """
    asked = [*params, *([("where", where)] if where is not None else [])]
    answer: Rows = get(path, [("limit", "1"), *asked, ("withTotal", "false")], decode_rows, None)
    refuse_odd(path, answer.odd)
    # The end of a listing is proven by a count, as for pages: an empty answer alone may come from a proxy.
    return answer.rows or _counted(get, path, *asked)[0]


def _counted(get: paging.Get, path: str, *params: tuple[str, str]) -> tuple[list[dict[str, Any]], int]:
    """Return at most one record of the collection at `path`, and the platform's count of all of them.

    Raises StateError when the answer has no count, or no record although the platform counts some.
    """
    answer: Rows = get(path, [("limit", "1"), *params, ("withTotal", "true")], decode_rows, None)
    refuse_odd(path, answer.odd)
    if answer.total is None:
        raise StateError(uncounted(path))
    if not answer.rows and answer.total:
        raise StateError(paging.cut_short(path))
    return answer.rows, answer.total


def values_at(record: dict[str, Any], paths: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield the combinations of the values that `record` has at dotted `paths`; a path through a list has several."""
    combinations: list[tuple[str, ...]] = [()]
    for path in paths:
        combinations = [(*values, value) for values in combinations for value in _values(record, path.split("."))]
    yield from combinations


def _values(node: Any, steps: list[str]) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            # A list has no step of its own in the path: "stores.key" means the key of each store.
            yield from _values(item, steps)
    elif not steps:
        if isinstance(node, str):
            yield node
    elif isinstance(node, dict):
        yield from _values(node.get(steps[0]), steps[1:])
