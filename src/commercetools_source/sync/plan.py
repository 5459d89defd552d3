"""What a run would read, before it does: records, requests and time of each stream, by cheap questions.

Totals are exact to the platform's own knowledge. It counts to 10,000 only where a predicate is given, so
a longer span of time is counted in parts, as far as a few requests go; beyond that the answer is "at least".
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from commercetools_source.catalog.streams import Paging, find, streams_of
from commercetools_source.errors import CommercetoolsError
from commercetools_source.extract.abilities import Comparable, merges
from commercetools_source.extract.advice import reason_of
from commercetools_source.extract.checkpoint import Mode, StreamState
from commercetools_source.extract.parents import parents_of, values_at
from commercetools_source.extract.selection import conflict_with, mode_of, ranges_of
from commercetools_source.sync.cost import Cost, listing_cost
from commercetools_source.sync.deletions import lookup_span, messages_of
from commercetools_source.sync.estimate import Asker, Counter, Forecast, Precision
from commercetools_source.sync.projects import refuse_another_project
from commercetools_source.sync.retention import ages_of
from commercetools_source.sync.stores import of_store
from commercetools_source.sync.transfer import selection_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from commercetools_source.catalog.streams import Parents, Stream, Streams
    from commercetools_source.catalog.timestamps import Time
    from commercetools_source.client import Client
    from commercetools_source.extract.delivery import Destination
    from commercetools_source.extract.selection import Selection

__all__ = ["Forecast", "Plan", "plan"]

_How = Literal["full", "incremental", "resumed"]

_PARENTS = 100
"""Records asked for to see how many collections of a child stream one parent has."""
_CHILDREN = 5
"""Collections of a child stream that are counted, of those that it has."""
_CONTAINERS = 40
"""Containers that are looked for: each takes a request."""
_BEFORE = 2
"""Requests before the first stream: one for a token, one for the platform's time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run takes; iterates over the forecasts of its streams.

    `deletions`: what looking for them in Messages takes, None where a run does not. `pause`: the seconds that the
    smallest request takes.
    """

    streams: tuple[Forecast, ...]
    deletions: Forecast | None = None
    pause: float = 0.0

    def __iter__(self) -> Iterator[Forecast]:
        """Iterate over the forecasts of the streams."""
        return iter(self.streams)

    @property
    def records(self) -> int:
        """Records of all streams of which the number is known."""
        return sum(forecast.records or 0 for forecast in self.streams)

    @property
    def requests(self) -> int:
        """Requests in all, those before the first stream too."""
        return _BEFORE + sum(forecast.requests for forecast in self._all)

    @property
    def precision(self) -> Precision:
        """The precision of `records`: a single lower bound makes all of it one."""
        return _together(forecast.precision for forecast in self.streams)

    def seconds(self, concurrency: int) -> float:
        """Return how long the answers of a run take with so many concurrent requests."""
        before = _BEFORE * self.pause + (self.deletions.seconds if self.deletions else 0.0)
        work = sum(forecast.seconds for forecast in self.streams) / concurrency
        # No number of workers makes a sequence shorter.
        return before + max([work, *(forecast.chain for forecast in self.streams)])

    @property
    def _all(self) -> tuple[Forecast, ...]:
        return self.streams if self.deletions is None else (self.deletions, *self.streams)


def plan(  # noqa: PLR0913 - one keyword for each thing that a run can be asked for
    client: Client,
    states: Mapping[str, StreamState],
    *,
    streams: Streams | None = None,
    full: bool = False,
    since: Time | None = None,
    where: Mapping[str, str] | None = None,
    retain: Mapping[str, str] | None = None,
    destination: Destination | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Plan:
    """Return what a `sync` with these arguments would read, given the stored `states`; reads next to nothing.

    `destination`, which is not opened, says whether the run looks for deletions and reads what is not settled yet.
    `now` is the clock by which answers are timed.
    What the run finds can differ: the project goes on living. Raises as `sync` does before it reads.
    """
    chosen = streams_of(streams)
    ages = ages_of(retain or {}, chosen, destination)
    selection = selection_of(client, chosen, full=full, since=since, where=where, tail=merges(destination), ages=ages)
    if destination is not None:
        refuse_another_project(states.values(), selection.project, destination.name)
    states, _ = of_store(states, selection)
    asker = Asker(client, now)
    # One after the other: the times of single requests are what the forecast is made of.
    forecasts = tuple(_forecast(asker, stream, states.get(stream.name, StreamState()), selection) for stream in chosen)
    target: object = destination
    marks = isinstance(target, Comparable) and not full
    return Plan(forecasts, _deletions(asker, chosen, states, selection) if marks else None, asker.pause)


def _forecast(asker: Asker, stream: Stream, state: StreamState, selection: Selection) -> Forecast:
    mode = mode_of(stream, state, selection)
    note = conflict_with(stream, state, selection)
    if note is None:
        try:
            return _counted(Counter(asker, stream, selection.where_of(stream)), mode, state, selection)
        except Exception as error:  # noqa: BLE001 - one stream cannot be counted, the others are
            note = reason_of(error, stream, "read")
    return Forecast(stream.name, mode, None, 0, 0.0, "about", note)


def _deletions(
    asker: Asker, streams: Sequence[Stream], states: Mapping[str, StreamState], selection: Selection
) -> Forecast | None:
    """Return what looking for deletions takes; None where no stream has rows that could be deleted."""
    loaded, _, lower = lookup_span(streams, states, selection)
    if not loaded:
        return None
    types = [name for stream in loaded for name in stream.deleted_messages]
    messages = find("messages")
    key_range, only = messages_of(types, lower, selection.end)
    try:
        counter = Counter(asker, messages, (only,))
        forecast = counter.forecast("deletions", [key_range], workers=1)
    except CommercetoolsError as error:
        # The run goes on without them, and says so.
        return Forecast("messages", "deletions", None, 1, asker.pause, "about", str(error))
    return forecast


def _counted(counter: Counter, mode: _How, state: StreamState, selection: Selection) -> Forecast:
    stream = counter.stream
    if stream.paging is Paging.SINGLE:
        seconds = counter.asker.time(stream.path, stream.params)
        return Forecast(stream.name, mode, 1, 1, seconds, chain=seconds)
    if mode == "resumed":
        return counter.forecast(mode, state.ranges)
    if stream.parents is None:
        return counter.forecast(mode, ranges_of(stream, mode, state, selection, [()]))
    if stream.parents.kind == "distinct":
        return _in_containers(counter, stream.parents, mode, state, selection)
    return _below_parents(counter, stream.parents, mode, state, selection)


def _in_containers(
    counter: Counter, parents: Parents, mode: Mode, state: StreamState, selection: Selection
) -> Forecast:
    """Return what reading each container takes; together they are one collection, which counts their records."""
    stream, size = counter.stream, counter.asker.client.config.page_size
    containers = list(islice(parents_of(counter.asker.client.get_briefly, stream, size), _CONTAINERS))
    (key_range,) = ranges_of(stream, mode, state, selection, [()])
    count = counter.count(key_range, parents.source)
    records, number = count.records, len(containers)
    # Found by a skip scan: a request for each, one behind the last, one that proves the end, three that prove their
    # order.
    listing = Cost(number + 5, number + 5)
    pages = Cost(number + records // size, 1 + records // size)
    exact = count.exact and number < _CONTAINERS
    note = "" if number < _CONTAINERS else f"there may be more than {_CONTAINERS} containers, each a request"
    return counter.costed(mode, records, "exact" if exact else "at least", (listing, pages), parents.source, note)


def _below_parents(
    counter: Counter, parents: Parents, mode: Mode, state: StreamState, selection: Selection
) -> Forecast:
    """Return what reading below each parent takes, judged by the first parents and by some of their collections."""
    client = counter.asker.client
    source, size = find(parents.source), client.config.page_size
    if client.config.store_key and source.name == "stores":
        ranges = ranges_of(counter.stream, mode, state, selection, [(client.config.store_key,)])
        return counter.forecast(mode, ranges)
    rows, total = counter.asker.rows(source.path, source.params, min(_PARENTS, size))
    paths = [path for _, path in parents.fields]
    values = list(dict.fromkeys(value for row in rows for value in values_at(row, paths)))
    # As many for each parent as in the sample, which for few parents is all of them.
    number = round(len(values) * max(1.0, total / max(1, len(rows))))
    ranges = ranges_of(counter.stream, mode, state, selection, values)
    return counter.forecast(mode, ranges, number=number, listing=listing_cost(total, size), most=_CHILDREN)


def _together(precisions: Iterable[Precision]) -> Precision:
    names = set(precisions)
    if "at least" in names:
        return "at least"
    return "about" if "about" in names else "exact"
