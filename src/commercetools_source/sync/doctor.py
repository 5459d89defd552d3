"""What is doubted about the platform, looked at: the order of ids, its clock, its headers, how each stream goes on.

A few small requests, all of them reads. What comes back can be pasted into an issue: it holds no record, no id, no
project key and no secret.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from commercetools_source.catalog.scopes import readable_with
from commercetools_source.catalog.stream import Paging
from commercetools_source.catalog.streams import streams_of
from commercetools_source.catalog.timestamps import parse_time
from commercetools_source.errors import ApiError, CommercetoolsError, ForbiddenError
from commercetools_source.events import counted, seconds_text
from commercetools_source.extract.keyset import KeyRange
from commercetools_source.extract.records import position_of
from commercetools_source.extract.request import PageRequest
from commercetools_source.http.retry import http_date

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.catalog.streams import Streams
    from commercetools_source.client import Client
    from commercetools_source.extract.keyset import Position

__all__ = ["Diagnosis", "Finding", "diagnose", "id_order"]

_SAMPLE = 20
"""Records of each stream that are looked at."""
_ATTEMPTS = 2
_SECONDS_APART = 60.0
_PLATFORM = ".commercetools.com"
_ORDERS: Mapping[str, Callable[[UUID], str | bytes]] = {
    "their text": str,
    # The halves backwards, as MongoDB's legacy Java format stores a UUID.
    "their stored bytes": lambda uuid: uuid.bytes[7::-1] + uuid.bytes[:7:-1],
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen of `about`, in words; `expected`: whether extraction can rely on it, None: it does not."""

    about: str
    text: str
    expected: bool | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was seen of the platform as a whole, and of each stream."""

    platform: tuple[Finding, ...]
    streams: tuple[Finding, ...]

    @property
    def expected(self) -> bool:
        """Whether nothing was seen that extraction does not expect."""
        return all(finding.expected is not False for finding in (*self.platform, *self.streams))


def diagnose(client: Client, streams: Streams | None = None) -> Diagnosis:
    """Return what the platform does where its documentation leaves doubts; asks a few times for each stream.

    Raises AuthenticationError, NotFoundError and NetworkError when nothing can be seen at all.
    """
    chosen = streams_of(streams)
    client.server_time()  # says what to do where there is no such project
    answers = _Answers(client)
    rows = tuple(_stream(answers, stream) for stream in chosen)
    scopes = client.granted_scopes()
    host = urlsplit(client.config.api_url).hostname or ""
    platform = (
        Finding("API host", host if host.endswith(_PLATFORM) else "not the platform's own"),
        Finding("token", "its answer names scopes" if scopes else "its answer names no scopes"),
        *answers.findings(),
        _ids(answers.ids),
    )
    return Diagnosis(platform, rows)


@dataclass(slots=True)
class _Answers:
    """Asks, and notes of each answer what is no data: its headers, and how long it took."""

    client: Client
    headers: list[Mapping[str, str]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    apart: list[float] = field(default_factory=list)
    ids: list[list[str]] = field(default_factory=list)

    def get(
        self,
        path: str,
        params: Sequence[tuple[str, str]],
        parse: Callable[[bytes], Any],
        oversized_attempts: int | None,
    ) -> Any:
        begun = time.monotonic()
        answer = self.client.send("GET", path, params=params, parse=parse, oversized_attempts=oversized_attempts)
        self.seconds.append(time.monotonic() - begun)
        self.headers.append(answer.headers)
        # The sandbox's clock is moved by tests; its answers say so.
        now = http_date(answer.headers.get("X-Sandbox-Clock")) or datetime.now(timezone.utc)
        if (date := http_date(answer.headers.get("Date"))) is not None:
            self.apart.append((date - now).total_seconds())
        return answer.value

    def findings(self) -> list[Finding]:
        """Return what the answers have in common."""
        if not self.headers:
            return [Finding("answers", "none: the API client may read no stream", expected=False)]
        latency = f"{median(self.seconds) * 1000:,.0f} ms (median of {counted(len(self.seconds), 'request')})"
        limits = sorted({name.lower() for headers in self.headers for name in headers if "ratelimit" in name.lower()})
        packed = sum(headers.get("Content-Encoding") == "gzip" for headers in self.headers)
        return [
            Finding("latency", latency),
            self._date(),
            Finding("rate limit", f"headers {', '.join(limits)}" if limits else "no headers"),
            Finding("gzip", f"{packed:,} of {counted(len(self.headers), 'answer')}"),
        ]

    def _date(self) -> Finding:
        if len(self.apart) < len(self.headers):
            lacking = len(self.headers) - len(self.apart)
            text = f"{lacking:,} of {counted(len(self.headers), 'answer')} without it: this machine's clock is used"
            return Finding("Date header", text, expected=False)
        most = max(self.apart, key=abs)
        side = "ahead of" if most > 0 else "behind"
        text = f"{seconds_text(abs(most))} {side} this machine's clock at most"
        return Finding("Date header", text, abs(most) <= _SECONDS_APART)


def _stream(answers: _Answers, stream: Stream) -> Finding:
    """Return how a stream goes on from a place in the middle of its first records."""
    try:
        return _continued(answers, stream)
    except ForbiddenError:
        return Finding(stream.name, f"not readable: needs the scope {readable_with(stream)[0]}")
    except ApiError as error:  # without its message, which may have values in it
        return Finding(stream.name, f"fails with {' '.join([str(error.status), *error.codes])}", expected=False)
    except CommercetoolsError as error:
        return Finding(stream.name, f"fails with {type(error).__name__}", expected=False)


def _continued(answers: _Answers, stream: Stream) -> Finding:
    if stream.parents is not None:
        return Finding(stream.name, "below parents: not looked at")
    if stream.paging is Paging.SINGLE:
        answers.get(stream.path, stream.params, len, _ATTEMPTS)
        return Finding(stream.name, "answers")
    by, tie = (stream.cursor, stream.tie) if stream.cursor else stream.ordering
    first = PageRequest(answers.get, stream, KeyRange(by if stream.paging is Paging.KEYSET else "", tie))
    whole = first.fetch(_SAMPLE, _ATTEMPTS, counted=True)
    number = len(whole.page.records)
    if stream.paging in {Paging.OFFSET, Paging.DATED} or not by:
        return Finding(stream.name, f"{'answers' if number else 'empty'}; read by counting")
    positions = [position_of(record, first.key_range) for record in whole.page.records]
    if tie == "id" or by == "id":
        answers.ids.extend(_equal_runs(positions, by))
    if number < 3:  # noqa: PLR2004 - there is no middle
        return Finding(stream.name, "empty" if not number else "too few records to look at")
    problems = _problems(stream, positions, by)
    middle = number // 2
    for end in (None, positions[-1]) if tie else (None,):  # only ranges with a tie-break are divided
        key_range = KeyRange(by, tie, after=positions[middle - 1], until=end)
        page = PageRequest(answers.get, stream, key_range).fetch(number - middle, _ATTEMPTS).page
        if [position_of(record, key_range) for record in page.records] != positions[middle:]:
            problems.append(f"behind a place in the middle{' and up to another' if end else ''} come other records")
    order = f"by {by}{f', {tie}' if tie else ''}"
    return Finding(stream.name, "; ".join(problems) or f"goes on {order}", expected=not problems)


def _problems(stream: Stream, positions: Sequence[Position], by: str) -> list[str]:
    """Return what is wrong with the first records in themselves."""
    problems = []
    if len({(position.value, position.tie) for position in positions}) < len(positions):
        problems.append("a record comes twice in a page")
    if by == stream.cursor or by.endswith("At"):
        values = [position.value for position in positions]
        if any(later < earlier for earlier, later in pairwise(values)):
            problems.append(f"not in the order of {by}")
        if any(not _is_canonical(value) for value in values):
            problems.append(f"values of {by} are not UTC with milliseconds")
    return problems


def _is_canonical(value: str) -> bool:
    try:
        return parse_time(value) == value
    except ValueError:
        return False


def _equal_runs(positions: Sequence[Position], by: str) -> list[list[str]]:
    """Return the ids of records that the id alone puts in their order."""
    if by == "id":
        return [[position.value for position in positions]]
    runs: dict[str, list[str]] = {}
    for position in positions:
        runs.setdefault(position.value, []).append(position.tie)
    return [ids for ids in runs.values() if len(ids) > 1]


def id_order(runs: Sequence[Sequence[UUID]]) -> list[str]:
    """Return the orders in which all of these lists of ids can be."""
    return [name for name, key in _ORDERS.items() if all(list(ids) == sorted(ids, key=key) for ids in runs)]


def _uuids(ids: Sequence[str]) -> list[UUID]:
    """Return ids as UUIDs; none where one of them, as that of an API client, is no UUID."""
    try:
        return [UUID(text) for text in ids]
    except ValueError:
        return []


def _ids(texts: Sequence[Sequence[str]]) -> Finding:
    runs = [uuids for uuids in map(_uuids, texts) if uuids]
    # Nothing here compares ids itself: the platform does, in whatever order it has.
    if not runs:
        return Finding("id order", "not seen: no records that only their ids put in order")
    orders = id_order(runs)
    seen = counted(sum(map(len, runs)), "id")
    return Finding("id order", f"that of {' or '.join(orders)} ({seen})" if orders else f"none that is known ({seen})")
