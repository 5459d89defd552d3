"""One request for a page: which parameters it has, and what its answer says about the end of a range."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from commercetools_source.catalog.stream import LARGEST_OFFSET, Paging, Stream
from commercetools_source.catalog.timestamps import shift
from commercetools_source.errors import (
    ON_THE_WAY,
    ApiError,
    CommercetoolsError,
    NetworkError,
    PageTooLargeError,
    StateError,
    UndecodableError,
)
from commercetools_source.extract.envelope import Rows, decode_page, decode_rows, refuse_odd
from commercetools_source.extract.keyset import KeyRange, advance, predicate, sort, where
from commercetools_source.extract.records import position_of
from commercetools_source.http.retry import OVERSIZED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import msgspec

__all__ = [
    "LARGEST_OFFSET",
    "PATIENT_ATTEMPTS",
    "Fetched",
    "Get",
    "Page",
    "PageRequest",
    "cut_short",
    "is_oversized",
    "path_of",
    "uncounted",
]

PATIENT_ATTEMPTS = 2
"""Attempts at a page that may be too large, before half of it is asked for."""


class Get(Protocol):
    """Sends a GET and returns what `parse` made of the body.

    `oversized_attempts` limits the attempts that end as an oversized page would. Raises ApiError, NetworkError.
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
class Fetched:
    """A page, and whether records follow it; `more` is None when its answer proves neither."""

    page: Page
    more: bool | None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Asks for pages of one range of `stream` whose records fulfil `where`; `redact` makes records of their fields."""

    get: Get
    stream: Stream
    key_range: KeyRange
    where: Sequence[str] = ()
    redact: Callable[[dict[str, msgspec.Raw]], msgspec.Raw] | None = None

    @property
    def by_offset(self) -> bool:
        """Whether the range is read by counting its records."""
        return self.stream.paging in {Paging.OFFSET, Paging.DATED} or not self.key_range.field

    @property
    def label(self) -> str:
        """What an error calls the range: its path, or its stream where the path is that of another service."""
        path = path_of(self.stream, self.key_range)
        return path if path.startswith("/") else self.stream.name

    def fetch(self, limit: int, attempts: int | None, *, skip: int = 0, counted: bool = False) -> Fetched:
        """Return a page of `limit` records at most, behind `skip` others; `counted` lets the platform count them all.

        Raises ApiError, NetworkError, UndecodableError, and StateError for an answer with fewer records than it counts,
        from another offset, or with something else in place of a number.
        """
        offset = self.key_range.offset + skip
        params = [
            *self.selecting(),
            ("limit", str(limit)),
            # Said each time: the default is true, and counting slows the query down
            # (https://docs.commercetools.com/api/general-concepts).
            ("withTotal", "true" if counted else "false"),
            *((("offset", str(offset)),) if offset else ()),
        ]
        decode = decode_page if self.redact is None else partial(decode_page, redact=self.redact)
        envelope, size = self.get(path_of(self.stream, self.key_range), params, decode, attempts)
        refuse_odd(self.label, envelope.odd)
        # Without its offset a request is answered with the first records again, however many were counted off.
        if offset and envelope.offset not in {None, offset}:
            raise StateError(
                f"answers of {self.label} begin at the offset {envelope.offset} where {offset} was asked for;"
                f" {ON_THE_WAY}"
            )
        count, total = len(envelope.results), envelope.total if counted else None
        if envelope.count not in {None, count}:
            raise StateError(cut_short(self.label))
        # The answer names the limit that counted, which a gateway may have lowered: a page that is full by it has a
        # successor.
        asked = limit if envelope.limit is None else min(limit, envelope.limit)
        continues: bool | None = True if count >= asked > 0 else None
        # The other way round proves nothing: with a predicate totals end at 10,000. A total below what came is untrue.
        if total is not None and total == offset + count:
            continues = False
        return Fetched(Page(tuple(envelope.results), size), continues, total)

    def first(self) -> msgspec.Raw | None:
        """Return the first record, None where the platform's count says that there is none.

        Raises StateError as `ends` does.
        """
        for counted in (False, True):
            # As at the end of a range: an empty page proves nothing by itself.
            fetched = self.fetch(1, None, counted=counted)
            if fetched.page.records:
                return fetched.page.records[0]
        self._refuse_unproven(fetched.total)
        return None

    def look(self) -> list[dict[str, Any]]:
        """Return the first record, however broken its texts are, as plain values."""
        params = [*self.selecting(), ("limit", "1"), ("withTotal", "false")]
        params += [("offset", str(self.key_range.offset))] if self.key_range.offset else []
        answer: Rows = self.get(path_of(self.stream, self.key_range), params, decode_rows, PATIENT_ATTEMPTS)
        return answer.rows

    def ends(self) -> bool:
        """Return whether nothing is left of the range: it takes one small request.

        A page may be shorter than asked for though it is not the last one, when something between us and the
        platform lowers `limit`. Raises StateError when no record comes although the platform counts some, or does not
        say how many it counts.
        """
        if self.key_range.offset > LARGEST_OFFSET:
            return True  # nobody can ask
        try:
            # An empty page proves no end by itself (a proxy may send one); a total that says so does.
            fetched = self.fetch(1, PATIENT_ATTEMPTS, counted=True)
        except CommercetoolsError as error:
            if is_oversized(error):
                return False  # whatever is wrong with it, a record is there
            raise
        if fetched.page.records:
            return False
        self._refuse_unproven(fetched.total)
        return True

    def _refuse_unproven(self, total: int | None) -> None:
        """Raise StateError unless `total`, which was asked for, says that an empty page is the end."""
        # Some gateways answer what they do not understand with an empty list; only the total gives them away.
        if total is None:
            raise StateError(uncounted(self.label))
        if total > self.key_range.offset:
            raise StateError(cut_short(self.label))

    def behind(self, record: msgspec.Raw) -> KeyRange:
        """Return what is left of the range behind `record`; raises StateError as `advance` does."""
        position = position_of(record, self.key_range)
        return advance(self.key_range, position, path_of(self.stream, self.key_range))

    def selecting(self) -> list[tuple[str, str]]:
        """Return the parameters that select what is left of the range, in its order."""
        if self.stream.paging is Paging.DATED:
            return [*self.stream.params, *dates(self.key_range)]
        restrictions = [*self.where, *filter(None, (predicate(self.key_range),))]
        order = self.stream.sort if self.by_offset else sort(self.key_range)
        return [
            *self.stream.params,
            *(("sort", value) for value in order),
            *where(restrictions),
        ]


def dates(key_range: KeyRange) -> list[tuple[str, str]]:
    """Return the parameters that select the span of `key_range`.

    Nobody says whether the platform includes the ends, so the span begins a millisecond earlier: if it does not, the
    first moment is in it all the same, and if it does, a record of an end comes twice and is merged by its key.
    """
    ends = (("date.from", key_range.lower and shift(key_range.lower, -0.001)), ("date.to", key_range.upper))
    return [(name, value) for name, value in ends if value is not None]


def cut_short(label: str) -> str:
    """Return what a person should know when answers have fewer records than the platform counts."""
    return f"answers of {label} have fewer records than the platform counts there; {ON_THE_WAY}"


def uncounted(label: str) -> str:
    """Return what a person should know when an empty answer lacks the total that was asked for."""
    return f"answers of {label} have no total, without which nobody can tell whether records are missing; {ON_THE_WAY}"


def is_oversized(error: CommercetoolsError) -> bool:
    """Return whether fewer records at once may help: the page is too large, too slow or has one that fails."""
    if isinstance(error, NetworkError):
        return error.timed_out or error.damaged
    # Of a page that cannot be decoded, all records but one usually can: halving finds that one.
    if isinstance(error, (PageTooLargeError, UndecodableError)):
        return True
    return isinstance(error, ApiError) and error.status in OVERSIZED


def path_of(stream: Stream, key_range: KeyRange) -> str:
    """Return the path below the project key, with the range's parent in the placeholders."""
    if stream.parents is None:
        return stream.path
    names = (name for name, _ in stream.parents.fields)
    # Keys and containers come from the shop's owner and may hold "/" or "%".
    values = (_segment(value) for value in key_range.parent)
    return stream.path.format(**dict(zip(names, values, strict=True)))


def _segment(value: str) -> str:
    # "." and ".." would be resolved on the way and name another path (RFC 3986, 5.2.4).
    return value.replace(".", "%2E") if value in {".", ".."} else quote(value, safe="")
