"""One page at a time: ask, shrink when it is too much, step over what cannot be served.

Knows how to read the next page of a range and what is left of it then; who asks for which range, and
when, is the engine's business. Requests go through the `Get` it is handed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.catalog.stream import Paging
from commercetools_source.catalog.timestamps import shift
from commercetools_source.errors import CommercetoolsError, StateError, UndecodableError
from commercetools_source.extract.envelope import decode_object
from commercetools_source.extract.privacy import KEEP
from commercetools_source.extract.records import position_of, record_shaper
from commercetools_source.extract.request import (
    LARGEST_OFFSET,
    PATIENT_ATTEMPTS,
    Fetched,
    Get,
    Page,
    PageRequest,
    cut_short,
    is_oversized,
    path_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.keyset import KeyRange
    from commercetools_source.extract.privacy import Privacy

__all__ = [
    "LARGEST_OFFSET",
    "Get",
    "Page",
    "Quarantine",
    "Step",
    "cut_short",
    "halves",
    "is_countable",
    "pages",
    "path_of",
    "read",
]

_PAGE_BYTES_LIMIT = 16 << 20
"""Pages are kept near this size, so that the pages under way at once fit into memory (a record may have 16 MB)."""

# More than for a page: what is given up here is a record, and not only a page size.
_LONE_ATTEMPTS = 5
# Rounds in which the record fails and its neighbour is served; one alone may be an outage that comes and goes.
_PROBES = 2
_ADJACENT = 20
"""Undecodable records in a row that are stepped over where not even their order can be read."""
_WORTH_HALVING = 4
"""Pages that are worth the two small requests that find their middle."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A record that cannot be served or decoded, even alone: it is the first record of `key_range`."""

    key_range: KeyRange
    error: CommercetoolsError


@dataclass(frozen=True, slots=True)
class Step:
    """What one read gave: a page, what is `left` of the range (empty: nothing), the limit to go on with."""

    page: Page
    left: tuple[KeyRange, ...]
    limit: int
    quarantine: Quarantine | None = None


_REPLACED = "\ufffd".encode()
"""What stands where bytes were no UTF-8: a key that has it is not the key that the platform knows."""
_EMPTY = Page((), 0)


def read(
    get: Get,
    stream: Stream,
    key_range: KeyRange,
    limit: int,
    *,
    most: int,
    where: Sequence[str] = (),
    privacy: Privacy = KEEP,
) -> Step:
    """Return the next page of `key_range`, asking for `limit` records at first and never for more than `most`.

    Personal data become what `privacy` says.

    The limit is halved while the page is too large or too slow, and doubles after a good one. A
    record that cannot be served or decoded even alone is stepped over and named in the step. Raises
    ApiError, NetworkError, StateError.
    """
    if stream.paging is Paging.SINGLE:
        return _shaped(_read_single(get, stream, key_range), stream, key_range, privacy)
    return _shaped(_read(PageRequest(get, stream, key_range, where), limit, most), stream, key_range, privacy)


def _read(request: PageRequest, limit: int, most: int) -> Step:
    key_range = request.key_range
    # A page that reaches across the largest offset leaves a range that begins behind it.
    if request.by_offset and key_range.offset > LARGEST_OFFSET:
        return _divide(request, most)
    asked = limit
    while True:
        attempts = PATIENT_ATTEMPTS if limit > 1 else _LONE_ATTEMPTS
        try:
            fetched = request.fetch(limit, attempts, counted=limit == asked and is_countable(request))
        except CommercetoolsError as error:
            if not is_oversized(error):
                raise
            # Nothing smaller can be asked for: this record is the fault, or the platform is down.
            if limit == 1:
                return _step_over(request, error)
            # Halving ends at one record, which is then either served with more attempts or stepped over.
            limit //= 2
            continue
        # Known from the first total, before a request beyond the largest offset is refused.
        if request.by_offset and key_range.field and (fetched.total or 0) > LARGEST_OFFSET:
            return _divide(request, most)
        return _step(request, fetched, limit, most)


def pages(
    get: Get,
    stream: Stream,
    key_range: KeyRange,
    page_size: int,
    *,
    where: Sequence[str] = (),
    privacy: Privacy = KEEP,
) -> Iterator[Page]:
    """Yield every page of `key_range`, in order; raises the error of a record that cannot be served.

    Who hands records on has to say what becomes of personal data (`privacy`).
    """
    remainder: tuple[KeyRange, ...] = (key_range,)
    limit = page_size
    # Depth first: what a divided range leaves is read in its order before what lies behind it.
    while remainder:
        step = read(get, stream, remainder[0], limit, most=page_size, where=where, privacy=privacy)
        if step.quarantine is not None:
            raise step.quarantine.error
        yield step.page
        remainder, limit = (*step.left, *remainder[1:]), step.limit


def halves(
    get: Get, stream: Stream, key_range: KeyRange, page_size: int, where: Sequence[str] = ()
) -> tuple[KeyRange, ...]:
    """Return what is left of `key_range` as two ranges that meet at a record in its middle.

    A range of few pages comes back as it is.

    This divides records of one moment, which no time divides. The platform names the record and compares
    with it, so no order of ids is assumed; the offset that finds it decides where to cut and nothing else.
    """
    request = PageRequest(get, stream, key_range, where)
    try:
        total = request.fetch(0, 1, counted=True).total or 0
        # Without a tie-break all records of one value are one position, which nothing can cut.
        if total < _WORTH_HALVING * page_size or not key_range.tie:
            return (key_range,)
        middle = request.fetch(1, 1, skip=total // 2).page
        cut = position_of(middle.records[0], key_range)
    except (CommercetoolsError, IndexError):
        return (key_range,)  # it goes on alone; what is wrong shows when it is read
    # `upper` is excluded, and the record at the cut belongs to the first half: a millisecond more holds it.
    end = shift(cut.value, 0.001)
    upper = end if key_range.upper is None else min(end, key_range.upper)
    return (replace(key_range, until=cut, upper=upper), replace(key_range, after=cut))


def is_countable(request: PageRequest) -> bool:
    """Return whether counting costs little and saves the request that proves the end: at the start of a short range.

    Changes since the last run and the children of one parent are few; a whole collection can be huge.
    """
    key_range = request.key_range
    # A range that was begun is on its way; its end is proven when it comes.
    if key_range.after is not None or key_range.offset:
        return False
    return bool(key_range.parent) or request.by_offset or key_range.lower is not None


def _read_single(get: Get, stream: Stream, key_range: KeyRange) -> Step:
    body: bytes = get(path_of(stream, key_range), stream.params, decode_object, None)
    return Step(Page((msgspec.Raw(body),), len(body)), (), 1)


def _shaped(step: Step, stream: Stream, key_range: KeyRange, privacy: Privacy) -> Step:
    shape = record_shaper(stream, key_range.parent, privacy)
    if shape is None:
        return step
    # The size stays that of the wire, by which pages are grown and memory is counted.
    return replace(step, page=Page(tuple(shape(record) for record in step.page.records), step.page.size))


def _step(request: PageRequest, fetched: Fetched, limit: int, most: int) -> Step:
    """Return the step that a good page makes; its range ends only where that is proven."""
    key_range, page = request.key_range, fetched.page
    # An empty page says nothing about where it lies: the range stays, until its end is proven.
    remainder = _left(request, page, 0) if page.records else key_range
    # Doubling finds the way back after one large record, without a full page at once that would fail again.
    size = min(most, limit * 2, _fitting(page))
    continues = fetched.more
    # `until` is the last record of the range, and it has just come: no request has to prove what follows.
    if key_range.until is not None and remainder.after == key_range.until:
        continues = False
    if continues is None:
        continues = not replace(request, key_range=remainder).ends()
        # Something lowered the limit on the way: to ask for more than it lets through gains nothing.
        size = min(size, len(page.records) or 1)
        if continues and not page.records and limit == 1:
            raise StateError(cut_short(path_of(request.stream, key_range)))
    return Step(page, (remainder,) if continues else (), size)


def _fitting(page: Page) -> int:
    """Return how many records like those of `page` fit into the page size limit."""
    return max(1, _PAGE_BYTES_LIMIT * len(page.records) // page.size) if page.records else _PAGE_BYTES_LIMIT


def _left(request: PageRequest, page: Page, skip: int) -> KeyRange:
    key_range = request.key_range
    if request.by_offset:
        return replace(key_range, offset=key_range.offset + skip + len(page.records))
    return request.behind(page.records[-1])


def _divide(request: PageRequest, most: int) -> Step:
    """Return two ranges for one that is longer than offsets reach, to be read from their starts.

    They meet at a value of the partition field. In whatever order the platform compares its values, each
    record is on one side of it.
    """
    key_range, path = request.key_range, path_of(request.stream, request.key_range)
    if not key_range.field:
        raise StateError(
            f"{path} has more than {LARGEST_OFFSET} records, and the API lists no more of them there;"
            " leave the stream out, or ask commercetools for another way to list them"
        )
    start = replace(request, key_range=replace(key_range, offset=0))
    # A value from the middle of what offsets reach, so that they reach to the end of the first range.
    page = start.fetch(most, None, skip=LARGEST_OFFSET // 2).page
    # Not the lower end itself: a range that is cut there would be as long as before.
    values = sorted({position_of(record, key_range).value for record in page.records} - {key_range.lower or ""})
    if not values:
        raise StateError(f"{path} has more than {LARGEST_OFFSET} records that only {key_range.field} could divide")
    cut = values[len(values) // 2]
    return Step(_EMPTY, (replace(key_range, upper=cut, offset=0), replace(key_range, lower=cut, offset=0)), most)


def _step_over(request: PageRequest, error: CommercetoolsError) -> Step:
    """Go on behind a record that failed alone, provided that the records behind it are served.

    If they are not, the platform is down: then the record is asked for with full patience.
    """
    undecodable = isinstance(error, UndecodableError)
    # The order of a broken record can often be read although its texts cannot; then no neighbour has to be asked.
    if undecodable and (remainder := _behind_undecodable(request)) is not None:
        return Step(_EMPTY, (remainder,), 1, Quarantine(_around(request, remainder), error))
    for probe in range(1, 1 + (_ADJACENT if undecodable else _PROBES)):
        skip = probe if undecodable else 1
        try:
            page = request.fetch(1, 1, skip=skip).page
        except CommercetoolsError as next_error:
            if isinstance(next_error, UndecodableError) and undecodable:
                continue
            if not is_oversized(next_error):
                raise
            # The record behind it fails too: an outage, and no single record. No limit of attempts: the retry budget
            # decides.
            return _step(request, request.fetch(1, None), 1, 1)
        try:
            # Asked once more, now that the platform answers: a fault that passed quarantines no good record.
            good = request.fetch(1, _LONE_ATTEMPTS)
        except CommercetoolsError as again:
            if not is_oversized(again):
                raise
        else:
            return _step(request, good, 1, 1)
        if undecodable or probe == _PROBES:
            return _quarantine(request, page, skip, error)
    raise error


def _quarantine(request: PageRequest, page: Page, skipped: int, error: CommercetoolsError) -> Step:
    """Return the step to `page`, which lies behind `skipped` records that nobody can read."""
    remainder = _left(request, page, skipped) if page.records else None
    ranges = () if remainder is None else (remainder,)
    return Step(page, ranges, 1, Quarantine(_around(request, remainder), error))


def _behind_undecodable(request: PageRequest) -> KeyRange | None:
    """Return what lies behind a record whose text is broken, if the fields that order it can be read."""
    key_range = request.key_range
    try:
        rows, _ = request.look()
        if request.by_offset:
            return replace(key_range, offset=key_range.offset + 1) if rows else None
        # Only the fields of the order, encoded anew: the others hold the bytes that could not be decoded.
        names = {name.partition(".")[0] for name in (key_range.field, key_range.tie)}
        fields = msgspec.json.encode({name: rows[0][name] for name in names if name in rows[0]})
        return request.behind(msgspec.Raw(fields)) if _REPLACED not in fields else None
    except (UndecodableError, IndexError, ValueError):
        return None


def _around(request: PageRequest, remainder: KeyRange | None) -> KeyRange:
    """Return the smallest range that surely holds the first record of the range, which lies before `remainder`."""
    key_range = request.key_range
    if request.by_offset or not key_range.tie or remainder is None or remainder.after is None:
        return key_range
    return replace(key_range, upper=shift(remainder.after.value, 0.001))
