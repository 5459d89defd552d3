"""The main job: everything a run reads, written to a destination together with its checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from commercetools_source.checkpoint import StreamState
from commercetools_source.definitions import SOURCES
from commercetools_source.deletes import Graveyard, Ledger, buried_since, deletions, unreadable
from commercetools_source.delivery import Observer
from commercetools_source.engine import Extraction, Limits, Outcome
from commercetools_source.errors import ForbiddenError
from commercetools_source.events import DeletesMarked, DeletesUnseen, Hook, RowsWritten, ignore
from commercetools_source.planning import Selection
from commercetools_source.resources import STREAMS, find, missing_scope
from commercetools_source.windows import instant, shift

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from commercetools_source.client import Client
    from commercetools_source.deletes import Tombstone
    from commercetools_source.delivery import Destination
    from commercetools_source.stream import Stream

__all__ = ["Summary", "sync"]


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


def sync(
    client: Client,
    destination: Destination,
    *,
    streams: Iterable[str] | None = None,
    full: bool = False,
    hook: Hook = ignore,
    on_stoppable: Callable[[Callable[[], None]], None] | None = None,
) -> Summary:
    """Read `streams` (all, if None) into `destination` and return how it went; one that fails does not stop the others.

    A stream read before goes on from its stored cursor; `full` reads it again from its start and
    replaces what is there. Rows that Messages say were deleted are marked, where the destination can.
    `on_stoppable` is handed a function that ends the run early and cleanly, with what was read kept;
    it may be called from any thread or signal handler.
    Raises AuthenticationError, NotFoundError, NetworkError before anything is written when the
    project cannot be reached at all, and DestinationError when the destination fails.
    """
    chosen = tuple(STREAMS.values()) if streams is None else tuple(find(name) for name in streams)
    config = client.config
    bound = shift(instant(client.server_time()), -config.settle_seconds)
    selection = Selection(bound, full=full, start_date=config.start_date, lookback=config.lookback_seconds)
    try:
        states = destination.open()
        if not full:
            _bury(client, destination, chosen, states, selection, hook)
        limits = Limits.of(config.concurrency, config.page_size, destination.batch_bytes)
        # What needs its parents listed takes the most requests one after the other, so it starts early.
        ordered = sorted(chosen, key=lambda stream: (stream.name not in SOURCES, stream.parents is None))
        extraction = Extraction(client.get, ordered, states, selection, limits, hook)
        if on_stoppable is not None:
            on_stoppable(extraction.stop)
        for delivery in extraction.deliveries():
            destination.write(delivery)
            hook(RowsWritten(delivery.stream.name, len(delivery.records)))
        for found in destination.noticed() if isinstance(destination, Observer) else ():
            hook(found)
    finally:
        destination.close()
    return Summary(bound, tuple(extraction.outcomes[stream.name] for stream in chosen))


def _bury(
    client: Client,
    destination: Destination,
    streams: Iterable[Stream],
    states: Mapping[str, StreamState],
    selection: Selection,
    hook: Hook,
) -> None:
    """Tell a destination that can use it what Messages say was deleted since its stream was read.

    This comes before the streams are read: what was deleted by then cannot be read again, and if the
    run is cut off, the next one looks at the same Messages again.
    """
    bury: Callable[[Stream, Sequence[Tombstone]], int]
    if isinstance(destination, Graveyard):
        streams, bury = [stream for stream in streams if destination.buries(stream)], destination.bury
    elif isinstance(destination, Ledger):
        bury = _marking(destination)
    else:
        return
    starts = {stream: buried_since(states.get(stream.name, StreamState())) for stream in streams}
    known = {stream: since for stream, since in starts.items() if since}
    if not known and not isinstance(destination, Graveyard):
        return
    # Where deletions are asked for, a first run asks for none of them, so that a missing scope is told at once.
    since = shift(min(known.values()), -selection.lookback) if known else selection.bound
    try:
        for stream, found in deletions(client.get, known or starts, since, selection.bound, client.config.page_size):
            if rows := bury(stream, found):
                hook(DeletesMarked(stream.name, rows))
    except ForbiddenError:
        if isinstance(destination, Graveyard):
            raise unreadable(client.config.project_key) from None
        scope = missing_scope(STREAMS["messages"], (), client.config.project_key)
        hook(DeletesUnseen(f"deletions were not looked for: the API client lacks {scope}"))


def _marking(ledger: Ledger) -> Callable[[Stream, Sequence[Tombstone]], int]:
    return lambda stream, found: ledger.mark_deleted(stream, {one.id: one.time for one in found})
