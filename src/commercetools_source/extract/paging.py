"""One page at a time: ask, shrink when it is too much, step over what cannot be served.

Knows how to read the next page of a range and what is left of it then; who asks for which range, and
when, is the engine's business. Requests go through the `Get` it is handed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.catalog.stream import Paging
from commercetools_source.catalog.timestamps import shift
from commercetools_source.errors import CommercetoolsError, StateError
from commercetools_source.extract.dated import read_dated
from commercetools_source.extract.envelope import decode_object
from commercetools_source.extract.privacy import KEEP
from commercetools_source.extract.records import position_of, record_shaper, record_splicer, refuse_unidentified
from commercetools_source.extract.redaction import field_redactor
from commercetools_source.extract.request import (
    LARGEST_OFFSET,
    Get,
    Page,
    PageRequest,
    cut_short,
    path_of,
)
from commercetools_source.extract.step import EMPTY, Quarantine, Step, refuse_gaps, step_of
from commercetools_source.extract.unreadable import fetch_smaller, readable_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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

_WORTH_HALVING = 4
"""Pages that are worth the two small requests that find their middle."""


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
    ApiError, NetworkError, and StateError, also for a record without its key.
    """
    redact = field_redactor(stream.item, privacy)
    if stream.paging is Paging.SINGLE:
        step = _read_single(get, stream, key_range)
    else:
        next_page = read_dated if stream.paging is Paging.DATED else _read
        step = next_page(PageRequest(get, stream, key_range, where, redact), limit, most)
        # What `redact` made of a record is not to be hashed a second time.
        if redact is not None:
            return _shaped(step, stream, record_splicer(stream, key_range.parent))
    return _shaped(step, stream, record_shaper(stream, key_range.parent, privacy))


def _read(request: PageRequest, limit: int, most: int) -> Step:
    key_range = request.key_range
    # A page that reaches across the largest offset leaves a range that begins behind it.
    if request.by_offset and key_range.offset > LARGEST_OFFSET:
        return _divide(request, most)
    result = fetch_smaller(
        request,
        limit,
        lambda size, attempts: request.fetch(size, attempts, counted=size == limit and is_countable(request)),
    )
    if isinstance(result, Step):
        return result
    fetched, limit = result
    # Known from the first total, before a request beyond the largest offset is refused.
    if request.by_offset and key_range.field and (fetched.total or 0) > LARGEST_OFFSET:
        return _divide(request, most)
    refuse_gaps(request, fetched)
    return step_of(request, fetched, limit, most)


def pages(
    get: Get,
    stream: Stream,
    key_range: KeyRange,
    page_size: int,
    *,
    where: Sequence[str] = (),
    privacy: Privacy = KEEP,
    fields: Sequence[str] = (),
) -> Iterator[Page]:
    """Yield every page of `key_range`, in order; raises the error of a record that cannot be served.

    Who hands records on has to say what becomes of personal data (`privacy`). Who needs no more than `fields` of a
    record gets these alone of one that nobody can decode.
    """
    remainder: tuple[KeyRange, ...] = (key_range,)
    limit = page_size
    # Depth first: what a divided range leaves is read in its order before what lies behind it.
    while remainder:
        step = read(get, stream, remainder[0], limit, most=page_size, where=where, privacy=privacy)
        if step.quarantine is not None:
            yield readable_part(PageRequest(get, stream, remainder[0], where), step.quarantine, fields)
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


def _shaped(step: Step, stream: Stream, shape: Callable[[msgspec.Raw], msgspec.Raw] | None) -> Step:
    if shape is not None:
        # The size stays that of the wire, by which pages are grown and memory is counted.
        step = replace(step, page=Page(tuple(shape(record) for record in step.page.records), step.page.size))
    # Behind the splice, which puts columns of the key into the record.
    refuse_unidentified(stream, step.page.records)
    return step


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
    return Step(EMPTY, (replace(key_range, upper=cut, offset=0), replace(key_range, lower=cut, offset=0)), most)
