"""What reading a range costs in requests, as `extract.paging` and `extract.workers` read it. Pure functions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from commercetools_source.extract.paging import is_countable

if TYPE_CHECKING:
    from commercetools_source.extract.request import PageRequest

__all__ = ["NOTHING", "Cost", "listing_cost", "range_cost"]


class Cost(NamedTuple):
    """How many `requests` there are, and how many `turns`: the longest sequence in which each waits for the last."""

    requests: float
    turns: float


NOTHING = Cost(0, 0)


def listing_cost(records: int, page_size: int) -> Cost:
    """Return what it costs to list a whole collection of so many records by one worker."""
    # A page that is not full ends the listing, and a request of its own proves that end (`PageRequest.ends`).
    requests = records // page_size + 2
    return Cost(requests, requests)


def range_cost(request: PageRequest, records: int, page_size: int, workers: int) -> Cost:
    """Return what it costs to read the range of `request` when it has so many records."""
    # The first page of a short range counts too, which proves the end without another request.
    if is_countable(request) and records <= page_size:
        return Cost(1, 1)
    alone = listing_cost(records, page_size)
    pages = alone.requests - 1
    if request.by_offset or request.key_range.upper is None:
        return alone
    # What is left of a range in time is cut for idle workers. Each of these ranges ends with a page that is not
    # full. How many workers are idle depends on the other streams; half of them is as far from none as from all.
    shares = min(workers, pages) // 2
    return Cost(alone.requests + shares, min(alone.turns, 2 + math.ceil(pages / (shares + 1))))
