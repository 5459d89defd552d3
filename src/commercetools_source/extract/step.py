"""What a page that has come leaves of its range, and with how many records the next one is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from commercetools_source.catalog.stream import Paging
from commercetools_source.errors import ON_THE_WAY, CommercetoolsError, StateError
from commercetools_source.extract.keyset import in_order, is_comparable
from commercetools_source.extract.records import mark_of, position_of, text_in
from commercetools_source.extract.request import Fetched, Page, PageRequest, cut_short

if TYPE_CHECKING:
    from collections.abc import Sequence

    import msgspec

    from commercetools_source.extract.keyset import KeyRange

__all__ = ["EMPTY", "Quarantine", "Step", "behind_page", "refuse_gaps", "step_of"]

_PAGE_BYTES_LIMIT = 16 << 20
"""Pages are kept near this size, so that the pages under way at once fit into memory (a record may have 16 MB)."""


_SAMPLED = 12
"""Records of a page whose order is looked at: of so many in any order, one page in half a billion seems right."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Records that cannot be served or decoded, even alone: the first ones of `key_range`, mostly one."""

    key_range: KeyRange
    error: CommercetoolsError
    records: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """What one read gave: a page, what is `left` of the range (empty: nothing), the limit to go on with."""

    page: Page
    left: tuple[KeyRange, ...]
    limit: int
    quarantine: Quarantine | None = None


EMPTY = Page((), 0)
"""A page without records."""


def step_of(request: PageRequest, fetched: Fetched, limit: int, most: int) -> Step:
    """Return the step that a good page makes; its range ends only where that is proven."""
    key_range, page = request.key_range, fetched.page
    # An empty page says nothing about where it lies: the range stays, until its end is proven.
    remainder = behind_page(request, page, 0) if page.records else key_range
    # Doubling finds the way back after one large record, without a full page at once that would fail again.
    size = min(limit * 2, _fitting(page, most))
    continues = fetched.more
    # `until` is the last record of the range, and it has just come: no request has to prove what follows.
    if key_range.until is not None and remainder.after == key_range.until:
        continues = False
    if continues is None:
        continues = not replace(request, key_range=remainder).ends()
        # Something lowered the limit on the way: to ask for more than it lets through gains nothing.
        size = min(size, len(page.records) or 1)
        if continues and not page.records and limit == 1:
            raise StateError(cut_short(request.label))
    return Step(page, (remainder,) if continues else (), size)


def _fitting(page: Page, most: int) -> int:
    """Return how many records like those of `page` fit into the page size limit, `most` at most."""
    return min(most, max(1, _PAGE_BYTES_LIMIT * len(page.records) // page.size)) if page.records else most


def behind_page(request: PageRequest, page: Page, skip: int) -> KeyRange:
    """Return the range behind a page, which lies behind `skip` records of the range that did not come."""
    key_range = request.key_range
    if request.by_offset:
        # By a date pages overlap by the last record of the one before.
        last = mark_of(page.records[-1], request.stream) if request.stream.paging is Paging.DATED else None
        return replace(key_range, offset=key_range.offset + skip + len(page.records), after=last)
    if not in_order(key_range, filter(None, (text_in(record, key_range.field) for record in _sample(page.records)))):
        raise StateError(_disordered(request))
    return request.behind(page.records[-1])


def refuse_gaps(request: PageRequest, fetched: Fetched) -> None:
    """Raise StateError for a page that passes over records, where what orders them cannot be compared here.

    The platform counts them: none lies before the first record of a page, or it is in another order.
    """
    records = fetched.page.records
    # With a tie-break several records have one value, of which none lies before the value.
    if request.by_offset or is_comparable(request.key_range) or request.key_range.tie:
        return
    if fetched.more is False or not records:
        return
    # A record that came or went meanwhile makes a difference once; the page as it was then is right all the same.
    if _has_gaps(request, fetched.page) and _has_gaps(request, request.fetch(len(records), None).page):
        raise StateError(_disordered(request))


def _has_gaps(request: PageRequest, page: Page) -> bool:
    if not page.records:
        return False
    first = position_of(page.records[0], request.key_range).value
    before = replace(request, key_range=replace(request.key_range, upper=first))
    return bool(before.fetch(0, None, counted=True).total)


def _disordered(request: PageRequest) -> str:
    return (
        f"answers of {request.label} are not in the order of {request.key_range.field} that was asked for,"
        f" so that nobody can go on behind them; {ON_THE_WAY}"
    )


def _sample(records: Sequence[msgspec.Raw]) -> list[msgspec.Raw]:
    """Return some records from the first to the last: to look into all of them would take as long as half a load."""
    most = min(len(records), _SAMPLED)
    return [records[index * (len(records) - 1) // max(most - 1, 1)] for index in range(most)]
