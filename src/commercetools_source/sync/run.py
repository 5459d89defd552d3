"""The main job: everything a run reads, written to a destination together with its checkpoints."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from commercetools_source.catalog import contract
from commercetools_source.catalog.scopes import missing_scope
from commercetools_source.catalog.streams import STREAMS, find
from commercetools_source.errors import ConfigError, ForbiddenError
from commercetools_source.events import DeletesMarked, DeletesUnseen, Hook, RowsWritten, StreamFailed, ignore
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Comparable, DeletionSink, Observer
from commercetools_source.extract.engine import Extraction, Outcome
from commercetools_source.extract.limits import Limits
from commercetools_source.extract.selection import Selection, conflict_with, mode_of
from commercetools_source.model.custom.definitions import SOURCES
from commercetools_source.sync.deletions import deletions, deletions_since, marking, unreadable
from commercetools_source.timestamps import shift

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.client import Client
    from commercetools_source.extract.delivery import Destination, Tombstone

__all__ = ["Summary", "predicates", "sync"]


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended: one outcome per stream in the order asked for; `bound` is the API time up to which it read."""

    bound: str
    outcomes: tuple[Outcome, ...]

    @property
    def complete(self) -> bool:
        """Whether every record of every stream was delivered."""
        return all(outcome.complete for outcome in self.outcomes)

    @property
    def records(self) -> int:
        """Records delivered in all."""
        return sum(outcome.records for outcome in self.outcomes)


def sync(  # noqa: PLR0913 - one keyword for each thing that a run can be asked for
    client: Client,
    destination: Destination,
    *,
    streams: Iterable[str] | None = None,
    full: bool = False,
    since: str | None = None,
    until: str | None = None,
    where: Mapping[str, str] | None = None,
    hard_delete: bool = False,
    seconds: float = math.inf,
    hook: Hook = ignore,
    on_stoppable: Callable[[Callable[[], None]], None] | None = None,
) -> Summary:
    """Read `streams` (all, if None) into `destination` and return how it went; one that fails does not stop the others.

    A stream read before goes on from its stored cursor; `full` reads it again from its start and
    replaces what is there. Rows that Messages say were deleted are marked, where the destination can,
    or removed with `hard_delete`.
    `since` (API timestamp; by default the setting `start_date`) leaves out what was last changed before
    it, `until` what was changed from then on, which the next run reads; `where` has a predicate of the
    API's query language for some of the streams. What part of a stream is held is stored: a run that
    asks for another part of it fails for that stream, and says what to do, unless it is `full`.
    After `seconds` the run ends early and cleanly. `on_stoppable` is handed a function that ends it so at
    any time; it may be called from any thread or signal handler.
    Raises ConfigError for a predicate on a stream that has no queries, and for a destination that cannot
    remove rows where that is asked for; AuthenticationError, NotFoundError,
    NetworkError before anything is written when the project cannot be reached at all; DestinationError
    when the destination fails.
    """
    chosen = tuple(STREAMS.values()) if streams is None else tuple(find(name) for name in streams)
    names = [stream.name for stream in chosen]
    config = client.config
    pairs = predicates(where or {}, chosen)
    if hard_delete:
        _check_hard(destination)
    settled = client.settled_time()
    bound = settled if until is None else min(until, settled)
    selection = Selection(bound, full, since or config.start_date, config.lookback_seconds, pairs)
    try:
        states = destination.open()
        refused = _refused(chosen, states, selection, behind=until is not None)
        chosen = tuple(stream for stream in chosen if stream.name not in refused)
        for name, outcome in refused.items():
            hook(StreamFailed(name, str(outcome.error)))
        if not full:
            _delete(client, destination, chosen, states, selection, hook, hard=hard_delete)
        limits = Limits.of(config.concurrency, config.page_size, destination.batch_bytes)
        # What needs its parents listed takes the most requests one after the other, so it starts early.
        ordered = sorted(chosen, key=lambda stream: (stream.name not in SOURCES, stream.parents is None))
        extraction = Extraction(client.get, ordered, states, selection, replace(limits, seconds=seconds), hook)
        if on_stoppable is not None:
            on_stoppable(extraction.stop)
        for delivery in extraction.deliveries():
            destination.write(delivery)
            hook(RowsWritten(delivery.stream.name, len(delivery.records)))
        for found in destination.notices() if isinstance(destination, Observer) else ():
            hook(found)
    finally:
        destination.close()
    return Summary(bound, tuple({**refused, **extraction.outcomes}[name] for name in names))


def predicates(where: Mapping[str, str], streams: Iterable[Stream]) -> tuple[tuple[str, str], ...]:
    """Return `where` as pairs; raises ConfigError for what cannot be filtered, or is not among `streams`."""
    chosen = {stream.name for stream in streams}
    for stream in map(find, where):
        if stream.name not in chosen:
            raise ConfigError(f"there is a predicate for {stream.name}, which is not among the chosen streams")
        endpoint = contract.load().endpoints.get(stream.path)
        if endpoint is not None and "where" not in endpoint.params:
            raise ConfigError(f"{stream.name} cannot be filtered: the API offers no `where` there")
        if not where[stream.name].strip():
            raise ConfigError(f"the predicate for {stream.name} is empty; leave it out to read everything")
    return tuple((name, predicate.strip()) for name, predicate in where.items())


def _refused(
    streams: Iterable[Stream], states: Mapping[str, StreamState], selection: Selection, *, behind: bool
) -> dict[str, Outcome]:
    """Return how those streams end of which another part is held than is asked for."""
    refused = {}
    for stream in streams:
        state = states.get(stream.name, StreamState())
        reason = conflict_with(stream, state, selection)
        read = state.cursor or state.bound
        if reason is None and behind and not selection.full and read is not None and read > selection.bound:
            reason = f"it is read up to {read} already, after {selection.bound}; to read a part again, use `backfill`"
        if reason is not None:
            mode = mode_of(stream, state, selection)
            refused[stream.name] = Outcome(stream.name, mode, 0, 0.0, reason)
    return refused


def _delete(
    client: Client,
    destination: Destination,
    streams: Iterable[Stream],
    states: Mapping[str, StreamState],
    selection: Selection,
    hook: Hook,
    *,
    hard: bool,
) -> None:
    """Tell a destination that can use it what Messages say was deleted since its stream was read.

    This comes before the streams are read: what was deleted by then cannot be read again, and if the
    run is cut off, the next one looks at the same Messages again.
    """
    delete: Callable[[Stream, Sequence[Tombstone]], int]
    if isinstance(destination, DeletionSink):
        streams, delete = [stream for stream in streams if destination.wants_deletions(stream)], destination.delete
    elif isinstance(destination, Comparable):
        delete = _marking(destination, hard=hard)
    else:
        return
    starts = {stream: deletions_since(states.get(stream.name, StreamState())) for stream in streams}
    known = {stream: since for stream, since in starts.items() if since}
    if not known and not isinstance(destination, DeletionSink):
        return
    # Where deletions are asked for, a first run asks for none of them, so that a missing scope is told at once.
    since = shift(min(known.values()), -selection.lookback) if known else selection.bound
    try:
        for stream, found in deletions(client.get, known or starts, since, selection.bound, client.config.page_size):
            if rows := delete(stream, found):
                hook(DeletesMarked(stream.name, rows))
    except ForbiddenError:
        if isinstance(destination, DeletionSink):
            raise unreadable(client.config.project_key) from None
        scope = missing_scope(STREAMS["messages"], (), client.config.project_key)
        hook(DeletesUnseen(f"deletions were not looked for: the API client lacks {scope}"))


def _check_hard(destination: Destination) -> None:
    if not isinstance(destination, Comparable):
        raise ConfigError(f"{destination.name} keeps deleted records anyway; --hard-delete needs a DuckDB file")
    marking(destination, hard=True)


def _marking(ledger: Comparable, *, hard: bool) -> Callable[[Stream, Sequence[Tombstone]], int]:
    act = marking(ledger, hard=hard)
    return lambda stream, found: act(stream, {one.id: one.time for one in found})
