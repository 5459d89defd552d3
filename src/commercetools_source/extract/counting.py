"""How many records a range has, counted past the number at which the platform's totals end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from commercetools_source.extract.keyset import predicate
from commercetools_source.extract.windows import split

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from commercetools_source.extract.keyset import KeyRange

__all__ = ["CEILING", "Count", "count_range", "total_params"]

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
    return [*params, ("limit", str(limit)), ("withTotal", "true"), *(("where", text) for text in where)]


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
    pending, asked = [key_range], 0
    records, exact = 0, True
    while pending:
        part = pending.pop()
        selected = predicate(part)
        conditions = (*where, selected) if selected else tuple(where)
        total = ask(conditions)
        asked += 1
        if total is None:
            return None
        capped = bool(conditions) and total >= CEILING
        halves = split(part, 2) if capped and asked + len(pending) + 2 <= questions else ()
        if len(halves) > 1:
            pending += reversed(halves)
        else:
            records, exact = records + total, exact and not capped
    return Count(records, exact)
