"""What `sync`, `backfill` and `plan` share: what is asked for, checked, and the loop from platform to destination."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from os import PathLike, fsdecode
from typing import TYPE_CHECKING

from commercetools_source.catalog.streams import find
from commercetools_source.catalog.timestamps import shift, time_of
from commercetools_source.destinations import open_destination, open_stored
from commercetools_source.errors import ConfigError
from commercetools_source.events import Notice, PhaseBegan, StreamFailed
from commercetools_source.extract.abilities import Counting, Hurrying
from commercetools_source.extract.checkpoint import ANEW
from commercetools_source.extract.delivery import Destination
from commercetools_source.extract.engine import Extraction, Outcome
from commercetools_source.extract.limits import Limits
from commercetools_source.extract.selection import Selection, checked_predicate, refuse_future_start
from commercetools_source.extract.writing import write_all
from commercetools_source.sync.erasure import catch_up, erasure_of, without_forgotten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.catalog.timestamps import Time
    from commercetools_source.client import Client
    from commercetools_source.events import Hook
    from commercetools_source.extract.abilities import Changes
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery

__all__ = [
    "Summary",
    "Transfer",
    "by_stream",
    "changes_of",
    "destination_of",
    "ends_earlier",
    "predicates",
    "refuse",
    "selection_of",
]

_AFTER_START = 60.0
"""Seconds after the start of a run up to which its tail reaches: the API's `Date` has whole seconds, and what changes
while a run reads comes with it."""

_EARLIEST = "1970-01-01T00:00:00.000Z"
"""An end before this cannot be stored as a position."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended: one outcome per stream in the order asked for; `bound` is the API time up to which it read.

    `deleted`: rows by stream that were marked as deleted, or removed; `deletions_unseen`: why deletions were not
    looked for, None if they were or there was nothing that could be deleted. `changes`: what became of rows by stream,
    as far as the destination knows. `unfit`: values by stream that did not fit the type of their column, None where
    columns have none. `expired`: rows by stream that were taken out because of their age.
    """

    bound: str
    outcomes: tuple[Outcome, ...]
    deleted: Mapping[str, int] = field(default_factory=dict)
    deletions_unseen: str | None = None
    changes: Mapping[str, Changes] = field(default_factory=dict)
    unfit: Mapping[str, int] | None = None
    expired: Mapping[str, int] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every record of every stream was delivered."""
        return all(outcome.complete for outcome in self.outcomes)

    @property
    def stopped(self) -> bool:
        """Whether nothing is wrong but that the run was ended early, so that the next one goes on."""
        # One stream that failed makes a run more than stopped: somebody has to look at it.
        return not self.complete and all(outcome.complete or outcome.stopped for outcome in self.outcomes)

    @property
    def records(self) -> int:
        """Records delivered in all."""
        return sum(outcome.records for outcome in self.outcomes)

    def deleted_rows(self, stream: str) -> int:
        """Return how many rows of a stream were marked as deleted, removed, or gone when a full read replaced them."""
        changes = self.changes.get(stream)
        return self.deleted.get(stream, 0) + (changes.deleted if changes else 0)


def changes_of(destination: Destination) -> Mapping[str, Changes]:
    """Return by stream what a destination says of the rows that it stored."""
    return dict(destination.changes()) if isinstance(destination, Counting) else {}


def destination_of(destination: Destination | str | PathLike[str], *, stored: bool = False) -> Destination:
    """Return a destination; a path, or a text such as `parquet:FOLDER`, is read as `open_destination` does.

    Raises ConfigError, for what is neither too. With `stored` DestinationError where nothing is: whoever writes into
    what a run has made would else make it where a name is mistyped, and find nothing that is wrong.
    """
    given: object = destination  # type checkers know nothing of what a notebook hands over
    if isinstance(given, (str, PathLike)):
        return (open_stored if stored else open_destination)(fsdecode(given))
    if isinstance(given, Destination):
        return given
    kind = type(given).__name__
    raise ConfigError(f"a destination is a path, or a text such as parquet:FOLDER or shop.duckdb, and not {kind}")


def selection_of(  # noqa: PLR0913 - one keyword for each thing that a run can be asked for
    client: Client,
    streams: Iterable[Stream],
    *,
    full: bool = False,
    since: Time | None = None,
    until: Time | None = None,
    where: Mapping[str, str] | None = None,
    tail: bool = False,
    anew: str = ANEW,
    ages: Mapping[str, float] | None = None,
) -> Selection:
    """Return what a run with these arguments reads; asks the platform for its time.

    With `tail` that includes changes younger than the settle delay. `anew`: what a person does to read from the start.
    `ages`: seconds by stream for which rows are kept.

    Raises ConfigError for what is no time, for a span of time that nothing can lie in, and as `predicates`.
    """
    pairs = predicates(where or {}, streams)
    config = client.config
    start = time_of(since, "since") or config.start_date
    end = time_of(until, "until")
    # What the person wrote, so that the error names what has to be changed.
    name = "since" if since else "start_date"
    if start is not None and end is not None and start >= end:
        raise ConfigError(f"{name} is {start} and until is {end}: nothing can lie between; {name} must be earlier")
    if end is not None and end < _EARLIEST:
        raise ConfigError(f"until is {end}, when no shop was there; it must be a time after {_EARLIEST}")
    # Not by the time of this machine alone: where its clock is ahead, that would skip what commits late.
    settled = client.settled_time()
    now = shift(settled, config.settle_seconds)
    refuse_future_start(start, now, name)
    # Nothing behind the settled time is promised, whatever end was asked for.
    bound = settled if end is None else min(end, settled)
    latest = shift(now, _AFTER_START)
    return replace(
        Selection.of(config, bound, anew),
        # An end that lies ahead is cut at the settled time, so the next run has to go on from there as from any other.
        until=end is not None and end <= settled,
        tail=(latest if end is None else min(end, latest)) if tail else None,
        full=full,
        start_date=start,
        where=pairs,
        retain=tuple((name, shift(now, -age)) for name, age in (ages or {}).items()),
    )


def ends_earlier(until: Time | None, bound: str) -> Notice | None:
    """Return what a person should know when `until` names a time that a run does not reach: it ends at `bound`."""
    end = time_of(until, "until")
    if end is None or end <= bound:
        return None
    reason = f"it is {end}, and changes from {bound} on are not settled yet; the run is complete up to then"
    return Notice("until", reason)


def by_stream(given: object, name: str, example: str) -> Mapping[str, str]:
    """Return what has a value by stream; raises ConfigError for what has none. `name` is the argument's."""
    if not isinstance(given, Mapping):
        raise ConfigError(f"{name} is {given!r}; it must have a value by stream, such as {example}")
    return given


def predicates(where: Mapping[str, str], streams: Iterable[Stream]) -> tuple[tuple[str, str], ...]:
    """Return `where` as pairs; raises ConfigError for what cannot be filtered, or is not among `streams`."""
    chosen = {stream.name for stream in streams}
    for stream in map(find, by_stream(where, "where", "{'orders': 'orderState = \"Open\"'}")):
        if stream.name not in chosen:
            raise ConfigError(
                f"there is a predicate for {stream.name}, which is not among the chosen streams; choose it, too, or"
                " leave the predicate out"
            )
    return tuple((name, checked_predicate(find(name), predicate)) for name, predicate in where.items())


def refuse(reasons: Mapping[Stream, str], mode: Callable[[Stream], str], hook: Hook) -> dict[str, Outcome]:
    """Tell that streams are not read, and return how they ended."""
    for stream, reason in reasons.items():
        # As if it had failed while it was read: who watches events learns of it in one form.
        hook(StreamFailed(stream.name, reason))
    return {
        stream.name: Outcome(stream.name, mode(stream), 0, 0.0, reason, cause=ConfigError)
        for stream, reason in reasons.items()
    }


@dataclass(frozen=True, slots=True)
class Transfer:
    """The way from the platform into an open destination. `seconds`: after them the run ends early and cleanly.

    `totals`: count each stream that is read in full before it is read, for who watches.
    """

    client: Client
    destination: Destination
    hook: Hook
    seconds: float = math.inf
    on_stoppable: Callable[[Callable[[], None]], None] | None = None
    totals: bool = False

    def run(
        self,
        streams: Iterable[Stream],
        states: Mapping[str, StreamState],
        selection: Selection,
        change: Callable[[Delivery], Delivery] = lambda delivery: delivery,
    ) -> dict[str, Outcome]:
        """Read `streams` on from `states`, write each delivery as `change` returns it, return how each stream ended."""
        config = self.client.config
        limits = Limits.of(config.concurrency, config.page_size, self.destination.batch_bytes)
        limits = replace(limits, seconds=self.seconds)
        erasure = erasure_of(self.destination)
        selection = replace(selection, privacy=erasure.watching(selection.privacy))
        extraction = Extraction(self.client.get, streams, states, selection, limits, self.hook, totals=self.totals)
        # Handed out before the first request, so that a signal during it ends the run cleanly too.
        if self.on_stoppable is not None:
            self.on_stoppable(partial(self._stop, extraction))
        self.hook(PhaseBegan("reading"))
        erase = partial(without_forgotten, self.destination, erasure)
        write_all(extraction, self.destination, self.hook, lambda delivery: change(erase(delivery)))
        catch_up(self.destination, erasure)
        return extraction.outcomes

    def _stop(self, extraction: Extraction) -> None:
        extraction.stop()
        if isinstance(self.destination, Hurrying):
            self.destination.hurry()
