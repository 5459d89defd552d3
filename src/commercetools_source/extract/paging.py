"""One page at a time: ask, shrink when it is too much, step over what cannot be served.

Knows how to read the next page of a range and what is left of it then; who asks for which range, and
when, is the engine's business. Requests go through the `Get` it is handed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import msgspec

from commercetools_source.catalog.streams import Paging, Stream
from commercetools_source.errors import ApiError, CommercetoolsError, NetworkError, PageTooLargeError, StateError
from commercetools_source.extract.keyset import KeyRange, advance, predicate, sort
from commercetools_source.extract.records import _shape, position_of, record_shaper
from commercetools_source.http.retry import OVERSIZED
from commercetools_source.timestamps import shift

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["LARGEST_OFFSET", "Get", "Page", "Quarantine", "Step", "halves", "pages", "path_of", "read"]

LARGEST_OFFSET = 10_000
"""The API refuses larger offsets (docs: General concepts, offset)."""

_PAGE_BYTES_LIMIT = 16 << 20
"""Pages are kept near this size, so that the pages under way at once fit into memory (a record may have 16 MB)."""

_PATIENT_ATTEMPTS = 2
_LONE_ATTEMPTS = 5
_PROBES = 2
_COUNT = (("limit", "0"), ("withTotal", "true"))
_WORTH_HALVING = 4
"""Pages that are worth the two small requests that find their middle."""


class Get(Protocol):
    """Sends a GET and returns what `parse` made of the body.

    `oversized_attempts` limits the attempts that end as a too heavy page would. Raises ApiError, NetworkError.
    """

    def __call__(
        self,
        path: str,
        params: Sequence[tuple[str, str]],
        parse: Callable[[bytes], Any],
        oversized_attempts: int | None,
    ) -> Any:
        """Return what `parse` made of a 2xx body."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its records as the platform sent them (spliced columns in front) and its bytes in all."""

    records: tuple[msgspec.Raw, ...] = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A record that the platform cannot serve, even alone: it is the first record of `key_range`."""

    key_range: KeyRange
    error: CommercetoolsError


@dataclass(frozen=True, slots=True)
class Step:
    """What one read gave: a page, what is `left` of the range (None: nothing), the limit to go on with."""

    page: Page
    left: KeyRange | None
    limit: int
    quarantine: Quarantine | None = None


class _Envelope(msgspec.Struct):
    results: list[msgspec.Raw]
    limit: int | None = None


class _Count(msgspec.Struct):
    total: int = 0


_EMPTY = Page((), 0)


def read(get: Get, stream: Stream, key_range: KeyRange, limit: int, *, most: int, where: Sequence[str] = ()) -> Step:
    """Return the next page of `key_range`, asking for `limit` records at first and never for more than `most`.

    The limit is halved while the page is too large or too slow, and doubles after a good one. A
    record that cannot be served even alone is stepped over and named in the step. Raises ApiError,
    NetworkError, StateError.
    """
    if stream.paging is Paging.SINGLE:
        return _read_single(get, stream, key_range)
    while True:
        try:
            page, full = _fetch(
                get, stream, key_range, limit, where, _PATIENT_ATTEMPTS if limit > 1 else _LONE_ATTEMPTS
            )
        except CommercetoolsError as error:
            if not _is_oversized(error):
                raise
            if limit == 1:
                return _step_over(get, stream, key_range, where, error)
            limit //= 2
            continue
        return _step(stream, key_range, page, limit, full=full, most=most)


def pages(
    get: Get, stream: Stream, key_range: KeyRange, page_size: int, *, where: Sequence[str] = ()
) -> Iterator[Page]:
    """Yield every page of `key_range`, in order; raises the error of a record that cannot be served."""
    left: KeyRange | None = key_range
    limit = page_size
    while left is not None:
        step = read(get, stream, left, limit, most=page_size, where=where)
        if step.quarantine is not None:
            raise step.quarantine.error
        yield step.page
        left, limit = step.left, step.limit


def halves(
    get: Get, stream: Stream, key_range: KeyRange, page_size: int, where: Sequence[str] = ()
) -> tuple[KeyRange, ...]:
    """Return what is left of `key_range` as two ranges that meet at a record in its middle.

    A range of few pages comes back as it is.

    This divides records of one moment, which no time divides. The platform names the record and compares
    with it, so no order of ids is assumed; the offset that finds it decides where to cut and nothing else.
    """
    try:
        total: int = get(path_of(stream, key_range), [*_selecting(stream, key_range, where), *_COUNT], _total, 1)
        if total < _WORTH_HALVING * page_size or not key_range.tie:
            return (key_range,)
        middle = [("limit", "1"), ("offset", str(total // 2)), ("withTotal", "false")]
        envelope, _ = get(path_of(stream, key_range), [*_selecting(stream, key_range, where), *middle], _envelope, 1)
        cut = position_of(envelope.results[0], key_range)
    except (CommercetoolsError, IndexError):
        return (key_range,)  # it goes on alone; what is wrong shows when it is read
    end = shift(cut.value, 0.001)
    upper = end if key_range.upper is None else min(end, key_range.upper)
    return (replace(key_range, until=cut, upper=upper), replace(key_range, after=cut))


def _selecting(stream: Stream, key_range: KeyRange, where: Sequence[str]) -> list[tuple[str, str]]:
    """Return the parameters that select what is left of `key_range`, in its order."""
    restrictions = [*where, *filter(None, (predicate(key_range),))]
    return [
        *stream.params,
        *(("sort", value) for value in sort(key_range) or stream.sort),
        *(("where", value) for value in restrictions),
    ]


def _read_single(get: Get, stream: Stream, key_range: KeyRange) -> Step:
    body: bytes = get(path_of(stream, key_range), stream.params, _whole_object, None)
    return Step(Page((_shape(stream, key_range, msgspec.Raw(body)),), len(body)), None, 1)


def _fetch(
    get: Get,
    stream: Stream,
    key_range: KeyRange,
    limit: int,
    where: Sequence[str],
    attempts: int | None,
    *,
    skip: int = 0,
) -> tuple[Page, bool]:
    """Return a page and whether it is full, so that more may follow."""
    offset = key_range.offset + skip
    if offset > LARGEST_OFFSET:
        raise StateError(
            f"{stream.name} has more than {LARGEST_OFFSET} records under {path_of(stream, key_range)}, and this"
            " endpoint"
            " can only be read by offset, which the API limits; use `where` to read it in parts"
        )
    params = [
        *_selecting(stream, key_range, where),
        ("limit", str(limit)),
        ("withTotal", "false"),
        *((("offset", str(offset)),) if offset else ()),
    ]
    envelope, size = get(path_of(stream, key_range), params, _envelope, attempts)
    asked = limit if envelope.limit is None else min(limit, envelope.limit)
    return Page(tuple(envelope.results), size), len(envelope.results) >= asked > 0


def _step(stream: Stream, key_range: KeyRange, page: Page, limit: int, *, full: bool, most: int) -> Step:
    left = _left(key_range, page, 0) if full and page.records else None
    if left is not None and key_range.until is not None and left.after == key_range.until:
        left = None
    shape = record_shaper(stream, key_range.parent)
    shaped = page if shape is None else Page(tuple(shape(record) for record in page.records), page.size)
    return Step(shaped, left, min(most, limit * 2, _fitting(page)))


def _fitting(page: Page) -> int:
    """Return how many records like those of `page` make a page of bearable size."""
    return max(1, _PAGE_BYTES_LIMIT * len(page.records) // page.size) if page.records else _PAGE_BYTES_LIMIT


def _left(key_range: KeyRange, page: Page, skip: int) -> KeyRange:
    if not key_range.field:
        return replace(key_range, offset=key_range.offset + skip + len(page.records))
    return advance(key_range, position_of(page.records[-1], key_range))


def _step_over(get: Get, stream: Stream, key_range: KeyRange, where: Sequence[str], error: CommercetoolsError) -> Step:
    """Go on behind a record that failed alone, provided that the records behind it are served.

    If they are not, the platform is down: then the record is asked for with full patience.
    """
    for _ in range(_PROBES):
        try:
            page, _full = _fetch(get, stream, key_range, 1, where, 1, skip=1)
        except CommercetoolsError as probe:
            if not _is_oversized(probe):
                raise
            page, full = _fetch(get, stream, key_range, 1, where, None)
            return _step(stream, key_range, page, 1, full=full, most=1)
        try:
            good, full = _fetch(get, stream, key_range, 1, where, _LONE_ATTEMPTS)
        except CommercetoolsError as again:
            if not _is_oversized(again):
                raise
        else:
            return _step(stream, key_range, good, 1, full=full, most=1)
    left = _left(key_range, page, 1) if page.records else None
    return replace(
        _step(stream, key_range, page, 1, full=False, most=1),
        left=left,
        quarantine=Quarantine(_around(key_range, left), error),
    )


def _around(key_range: KeyRange, left: KeyRange | None) -> KeyRange:
    """Return the smallest range that surely holds the first record of `key_range`, known to lie before `left`."""
    if not key_range.field or not key_range.tie or left is None or left.after is None:
        return key_range
    return replace(key_range, upper=shift(left.after.value, 0.001))


def _is_oversized(error: CommercetoolsError) -> bool:
    if isinstance(error, NetworkError):
        return error.timed_out or error.damaged
    return isinstance(error, PageTooLargeError) or (isinstance(error, ApiError) and error.status in OVERSIZED)


def path_of(stream: Stream, key_range: KeyRange) -> str:
    """Return the path below the project key, with the range's parent in the placeholders."""
    if stream.parents is None:
        return stream.path
    names = (name for name, _ in stream.parents.fields)
    values = (quote(value, safe="") for value in key_range.parent)
    return stream.path.format(**dict(zip(names, values, strict=True)))


_decoder = msgspec.json.Decoder(_Envelope)
_counter = msgspec.json.Decoder(_Count)


def _envelope(body: bytes) -> tuple[_Envelope, int]:
    if b"\n" in body:  # a pretty-printed answer would break line protocols; its records are written compactly
        body = msgspec.json.format(body, indent=-1)
    return _decoder.decode(body), len(body)


def _total(body: bytes) -> int:
    return _counter.decode(body).total


def _whole_object(body: bytes) -> bytes:
    msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    compact: bytes = msgspec.json.format(body, indent=-1)
    return compact
