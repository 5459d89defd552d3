"""How many records a range has, counted past the number at which the platform's totals end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from commercetools_source.catalog.stream import Paging
from commercetools_source.extract import keyset
from commercetools_source.extract.paging import pages
from commercetools_source.extract.request import PageRequest
from commercetools_source.extract.windows import split

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.keyset import KeyRange
    from commercetools_source.extract.request import Get

__all__ = ["CEILING", "Count", "count_range", "count_records", "total_params"]

CEILING = 10_000
"""Where totals with a predicate end.

https://docs.commercetools.com/api/releases/2020-10-12-the-total-of-pagedqueryresult-is-limited-to-the-maximum-offset
"""


class Count(NamedTuple):
    """How many `records` a range has; `exact`: not "at least"."""

    records: int
    exact: bool


def total_params(params: Sequence[tuple[str, str]], where: Sequence[str], limit: int = 0) -> list[tuple[str, str]]:
    """Return the query that asks for a total of the records that fulfil all of `where`."""
    # A limit of 0 is legal and lets the platform count without sending a record.
    return [*params, ("limit", str(limit)), ("withTotal", "true"), *keyset.where(where)]


def count_range(
    ask: Callable[[tuple[str, ...]], int | None],
    key_range: KeyRange,
    *,
    where: Sequence[str] = (),
    questions: float = math.inf,
) -> Count | None:
    """Return how many records of `key_range` fulfil `where`; None where the endpoint does not count.

    `ask` gets predicates and returns the platform's total. Where that is the platform's ceiling, the range is counted
    in halves, as far as `questions` requests go.
    """
    # A stack and no recursion: a range of ten years can be halved nearly forty times before a moment is left.
    pending, asked = [key_range], 0
    records, exact = 0, True
    while pending:
        subrange = pending.pop()
        selected = keyset.predicate(subrange)
        conditions = (*where, selected) if selected else tuple(where)
        total = ask(conditions)
        asked += 1
        if total is None:
            return None
        # Without a predicate the platform counts to the end; with one it stops at the ceiling.
        capped = bool(conditions) and total >= CEILING
        # Each half takes a question of its own, and those that wait take theirs: it must be enough for all.
        halves = split(subrange, 2) if capped and asked + len(pending) + 2 <= questions else ()
        if len(halves) > 1:
            pending += reversed(halves)
        else:
            records, exact = records + total, exact and not capped
    return Count(records, exact)


def count_records(get: Get, stream: Stream, key_range: KeyRange, page_size: int, where: Sequence[str] = ()) -> int:
    """Return exactly how many records `key_range` has that fulfil `where`.

    It takes one request, and one more for each 10,000 records where a predicate is needed. What the platform
    does not count is read. Raises ApiError, NetworkError.
    """
    if stream.paging is Paging.SINGLE:
        return 1
    request = PageRequest(get, stream, key_range, where)
    if stream.paging is Paging.DATED:
        total = None  # of spans that offsets do not reach through nobody knows what a total says
    elif not any(name == "where" for name, _ in request.selecting()):
        total = request.fetch(0, None, counted=True).total
    else:
        # By offset nothing lies behind the ceiling that could be counted from there; it is read instead.
        total = None if request.by_offset else _stepped(request)
    if total is None:
        return sum(len(page.records) for page in pages(get, stream, key_range, page_size, where=where))
    return total


def _stepped(request: PageRequest) -> int | None:
    """Count by the record at the largest offset, and again behind it; None where the platform does not count.

    Offsets reach to the ceiling too, so that a record there says that a total with a predicate may end early.
    """
    counted = 0
    while True:
        fetched = request.fetch(1, None, skip=CEILING - 1, counted=True)
        if not fetched.page.records:
            return None if fetched.total is None else counted + fetched.total
        # Skipped are 9,999 records, and the one that came is the 10,000th; counting goes on behind it.
        counted += CEILING
        left = request.behind(fetched.page.records[0])
        request = PageRequest(request.get, request.stream, left, request.where)
