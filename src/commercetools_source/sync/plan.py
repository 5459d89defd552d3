"""What a run would read, before it does: records, requests and time of each stream, by cheap questions.

Totals are exact to the platform's own knowledge. It counts to 10,000 only where a predicate is given, so
a longer span of time is counted in parts, as far as a few requests go; beyond that the answer is "at least".
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from commercetools_source.catalog.scopes import scope_advice
from commercetools_source.catalog.streams import Paging, find, streams_of
from commercetools_source.errors import ApiError, CommercetoolsError, ForbiddenError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.counting import Count, count_range, total_params
from commercetools_source.extract.paging import path_of
from commercetools_source.extract.request import is_oversized
from commercetools_source.extract.selection import conflict_with, mode_of, ranges_of
from commercetools_source.sync.transfer import selection_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commercetools_source.catalog.streams import Stream, Streams
    from commercetools_source.catalog.timestamps import Time
    from commercetools_source.client import Client
    from commercetools_source.extract.keyset import KeyRange
    from commercetools_source.extract.selection import Selection

__all__ = ["Forecast", "plan"]

_How = Literal["full", "incremental", "resumed"]

_QUESTIONS = 40
"""Requests that counting one stream may take."""
_SAMPLE = 20
"""Records asked for to see how long a page takes."""
_ATTEMPTS = 4
"""Attempts at a question whose answer is of no use: nobody waits minutes for a forecast."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What reading one stream takes: `records`, `requests`, and the `seconds` of their answers one after the other.

    `exact`: the numbers are not "at least". `records` is None where it cannot be told, with a `note`.
    """

    stream: str
    mode: str
    records: int | None
    requests: int
    seconds: float
    exact: bool
    note: str = ""


def plan(
    client: Client,
    states: Mapping[str, StreamState],
    *,
    streams: Streams | None = None,
    full: bool = False,
    since: Time | None = None,
    where: Mapping[str, str] | None = None,
) -> tuple[Forecast, ...]:
    """Return what a `sync` with these arguments would read, given the stored `states`; reads next to nothing.

    What the run finds can differ: the project goes on living. Raises as `sync` does before it reads.
    """
    chosen = streams_of(streams)
    selection = selection_of(client, chosen, full=full, since=since, where=where)
    # One after the other: the times of single requests are what the forecast is made of.
    return tuple(_forecast(client, stream, states.get(stream.name, StreamState()), selection) for stream in chosen)


def _forecast(client: Client, stream: Stream, state: StreamState, selection: Selection) -> Forecast:
    mode = mode_of(stream, state, selection)
    note = conflict_with(stream, state, selection)
    if note is None:
        try:
            return _counted(_Counter(client, stream, selection.where_of(stream)), mode, state, selection)
        except ForbiddenError:
            note = f"the API client may not read it; {scope_advice([stream], client.config.project_key)}"
        except CommercetoolsError as error:
            if not isinstance(error, ApiError) and not is_oversized(error):
                raise  # nothing answers, or it is no matter of this stream
            note = str(error)
    return Forecast(stream.name, mode, None, 0, 0.0, exact=False, note=note)


def _counted(counter: _Counter, mode: _How, state: StreamState, selection: Selection) -> Forecast:
    stream = counter.stream
    if stream.paging is Paging.SINGLE:
        return Forecast(stream.name, mode, 1, 1, counter.pause(stream.path), exact=True)
    if mode == "resumed":
        return counter.forecast(mode, state.ranges)
    if stream.parents is not None:
        return _below_parents(counter, mode)
    return counter.forecast(mode, ranges_of(stream, mode, state, selection, [()]))


def _below_parents(counter: _Counter, mode: str) -> Forecast:
    """Return what can be told without a look into each parent: one request for each of them at least."""
    stream = counter.stream
    parents = stream.parents
    source = find(parents.source).path if parents is not None and parents.kind == "records" else "/custom-objects"
    total, _ = counter.total(source, ())
    if parents is not None and parents.kind == "distinct" and mode == "full" and not counter.where:
        requests = math.ceil(total / counter.client.config.page_size)
        seconds = requests * counter.page_seconds(total)
        return Forecast(
            stream.name, mode, total, requests, seconds, exact=False, note="one request a container or more"
        )
    note = "one request for each parent or more; the records inside are not counted"
    return Forecast(stream.name, mode, None, total, total * counter.pause(source), exact=False, note=note)


class _Counter:
    """Counts the records of one stream, and measures how long a page of them takes."""

    def __init__(self, client: Client, stream: Stream, where: Sequence[str]) -> None:
        self.client = client
        self.stream = stream
        self.where = tuple(where)
        self._questions = _QUESTIONS

    def forecast(self, mode: str, ranges: Iterable[KeyRange]) -> Forecast:
        """Return what reading `ranges` takes."""
        records, exact, requests = 0, True, 0
        size = self.client.config.page_size
        for key_range in ranges:
            count = self.count(key_range, path_of(self.stream, key_range))
            records, exact = records + count.records, exact and count.exact
            # One more than pages that are full: the last one proves the end, empty or not.
            requests += count.records // size + 1
        seconds = requests * self.page_seconds(records)
        return Forecast(self.stream.name, mode, records, requests, seconds, exact=exact)

    def count(self, key_range: KeyRange, path: str) -> Count:
        """Return how many records `key_range` has.

        A full read up to now is counted without a predicate, by one question; what was created since its
        bound is counted too, which is minutes.
        """
        # Without a predicate the platform counts past 10,000 (see `counting.CEILING`), so one question is enough.
        if not self.where and key_range.lower is None and key_range.after is None:
            return Count(self.total(path, ())[0], exact=True)
        counted = count_range(
            lambda where: self.total(path, where)[0], key_range, where=self.where, questions=self._questions
        )
        return counted or Count(0, exact=False)

    def total(self, path: str, where: Sequence[str]) -> tuple[int, float]:
        """Return the total that the platform tells, and the seconds that took."""
        self._questions -= 1
        begun = time.monotonic()
        answer: _Total = self.client.get(path, total_params(self.stream.params, where), _total.decode, _ATTEMPTS)
        return answer.total, time.monotonic() - begun

    def pause(self, path: str) -> float:
        """Return the seconds that the smallest request takes."""
        return self._seconds(path, 0)

    def page_seconds(self, records: int) -> float:
        """Return how long a full page takes: a request for nothing, and as much for each record as in a sample."""
        if not records:
            return 0.0
        sample, size = min(_SAMPLE, records), min(self.client.config.page_size, records)
        path = self.stream.path if self.stream.parents is None else "/custom-objects"
        # The difference is what records cost; the smallest request is the way to the platform and back.
        idle, busy = self.pause(path), self._seconds(path, sample)
        return idle + max(0.0, busy - idle) * size / sample

    def _seconds(self, path: str, limit: int) -> float:
        begun = time.monotonic()
        # Only the time matters: a record that nobody can decode is for the run to name, so nothing is decoded.
        self.client.get(path, total_params(self.stream.params, (), limit), len, _ATTEMPTS)
        return time.monotonic() - begun


class _Total(msgspec.Struct):
    total: int


_total = msgspec.json.Decoder(_Total)
