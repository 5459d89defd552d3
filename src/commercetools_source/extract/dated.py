"""Reading by counting inside a span of time: spans of few enough records, and pages that prove that they meet.

The Change History API has neither predicates nor an order that it promises; it has dates and offsets up to 10,000
(https://docs.commercetools.com/api/history/change-history).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from commercetools_source.errors import StateError
from commercetools_source.events import counted
from commercetools_source.extract.records import mark_of
from commercetools_source.extract.step import EMPTY, Step, step_of
from commercetools_source.extract.unreadable import fetch_smaller
from commercetools_source.extract.windows import bisected

if TYPE_CHECKING:
    from commercetools_source.extract.request import Fetched, PageRequest

__all__ = ["read_dated"]


def read_dated(request: PageRequest, limit: int, most: int) -> Step:
    """Return the next page of a span, or the span in halves if offsets do not reach to its end.

    Each page begins with the last record of the one before. If another record is there, something was put into the
    span or taken out of it meanwhile, and counting has lost its place: the halves are read from their starts.
    Raises ApiError, NetworkError, and StateError for a millisecond that cannot be read by counting.
    """
    key_range, reach = request.key_range, request.stream.reach
    if key_range.offset > reach:
        return _halves(request, most, f"has more than {counted(reach, 'record')}")
    again = 0 if key_range.after is None else 1
    result = fetch_smaller(
        request,
        limit,
        lambda size, attempts: request.fetch(max(size, 1 + again), attempts, skip=-again, counted=not key_range.offset),
    )
    if isinstance(result, Step):
        return result
    fetched, limit = result
    # At the limit a total may be the least that there is, as it is of the API's lists.
    if (fetched.total or 0) >= reach:
        return _halves(request, most, f"has {counted(reach, 'record')} or more")
    if again and not _meets(request, fetched):
        return _halves(request, most, "changes while it is read")
    page = replace(fetched.page, records=fetched.page.records[again:])
    return step_of(request, replace(fetched, page=page), limit, most)


def _meets(request: PageRequest, fetched: Fetched) -> bool:
    """Return whether a page begins with the record at which the one before ended."""
    records = fetched.page.records
    return bool(records) and mark_of(records[0], request.stream) == request.key_range.after


def _halves(request: PageRequest, most: int, reason: str) -> Step:
    halves = bisected(request.key_range)
    if not halves:
        raise StateError(
            f"{request.label} {reason} at {request.key_range.lower}, a time that cannot be"
            " divided; run it again, and ask commercetools if it stays so"
        )
    return Step(EMPTY, halves, most)
