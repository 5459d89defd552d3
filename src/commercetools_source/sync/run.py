"""The main job: everything a run reads, written to a destination together with its checkpoints."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from commercetools_source.catalog.streams import streams_of
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, choice, having
from commercetools_source.errors import ConfigError, ForbiddenError
from commercetools_source.events import DeletesMarked, DeletesUnseen, Hook, PhaseBegan, ignore
from commercetools_source.extract.abilities import Advising, Comparable, DeletionSink, Observer, merges
from commercetools_source.extract.checkpoint import ANEW, StreamState
from commercetools_source.extract.selection import conflict_with, mode_of
from commercetools_source.model.custom.definitions import SOURCES
from commercetools_source.model.custom.variants import VARIANTS
from commercetools_source.sync.access import unseen_changes
from commercetools_source.sync.deletions import Lookup, look_up, marking, owing, unreadable
from commercetools_source.sync.erasure import left_of_other_choices
from commercetools_source.sync.history import keep_history
from commercetools_source.sync.projects import refuse_another_project
from commercetools_source.sync.record import begin, recorded, unreached
from commercetools_source.sync.retention import ages_of, expire, retained
from commercetools_source.sync.stores import Others, beside, mixture, of_store
from commercetools_source.sync.transfer import (
    Summary,
    Transfer,
    changes_of,
    destination_of,
    ends_earlier,
    refuse,
    selection_of,
)
from commercetools_source.sync.undefined import undefined_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from os import PathLike

    from commercetools_source.catalog.streams import Stream, Streams
    from commercetools_source.catalog.timestamps import Time
    from commercetools_source.client import Client
    from commercetools_source.extract.abilities import Tombstone
    from commercetools_source.extract.delivery import Delivery, Destination
    from commercetools_source.extract.engine import Outcome
    from commercetools_source.extract.selection import Selection
    from commercetools_source.sync.record import Recorder

__all__ = ["Summary", "sync"]


def sync(  # noqa: PLR0913 - one keyword for each thing that a run can be asked for
    client: Client,
    destination: Destination | str | PathLike[str],
    *,
    streams: Streams | None = None,
    full: bool = False,
    since: Time | None = None,
    until: Time | None = None,
    where: Mapping[str, str] | None = None,
    hard_delete: bool = False,
    settled: bool = False,
    retain: Mapping[str, str] | None = None,
    history: Sequence[str] = (),
    seconds: float = math.inf,
    totals: bool = False,
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
    A destination that merges records gets changes younger than the settle delay too, unless only what is
    `settled` is asked for; they are no part of what the run promises, and the next one reads them again.
    `retain` has ages for some streams (400d, 7y): older rows are not read, and taken out at the end of the run.
    `history` names streams whose earlier rows are kept, too, from this run on (docs: history).
    With `totals` each stream is counted first, so that events can say how far it is: not those below parents, nor past
    10,000 records where a predicate or an incremental read selects them. After `seconds` the run ends early and
    cleanly. `on_stoppable` is handed a function that ends it so; any thread or signal handler may call it at any time.
    Raises ConfigError for a span of time in which nothing can lie, for a predicate on a stream that has no queries,
    for a destination that holds another project, and for one that cannot remove rows where that is asked for;
    AuthenticationError, NotFoundError, NetworkError before anything is written when the project cannot be reached at
    all; DestinationError when the destination fails.
    """
    # A client may have asked much before this run, which its record must not claim.
    before = client.traffic()
    destination = destination_of(destination)
    chosen = streams_of(streams)
    names = [stream.name for stream in chosen]
    # Before the first request and file: what cannot be done is refused while nothing has been.
    _check_hard(destination, hard=hard_delete)
    ages = ages_of(retain or {}, chosen, destination)
    keep_history(history, chosen, destination)
    tail = not settled and merges(destination)
    anew = destination.anew if isinstance(destination, Advising) else ANEW
    ask = partial(selection_of, client, chosen, full=full, since=since, until=until, where=where, tail=tail)
    with unreached(client, destination, "sync", before, hook):
        selection = ask(anew=anew, ages=ages)
    try:
        # After the first request: a project that cannot be reached leaves no new file behind.
        states, others = _open(destination, selection)
        with recorded(client, destination, begin("sync", selection.bound), before, hook) as recorder:
            notices = (
                ends_earlier(until, selection.bound),
                unseen_changes(client, chosen, anew),
                undefined_names(client),
            )
            for notice in filter(None, notices):
                hook(notice)
            refused = _refuse(chosen, states, others, selection, recorder, behind=until is not None)
            # Refused streams keep their rows and states; their deletions wait for the run that may read them.
            chosen = tuple(stream for stream in chosen if stream.name not in refused)
            lookup = _delete(client, destination, chosen, states, others, selection, recorder, hard=hard_delete)
            transfer = Transfer(client, destination, recorder, seconds, on_stoppable, totals)
            read, expired = _read(transfer, chosen, lookup.states, others, selection)
            # In the order that was asked for, not in that of reading.
            outcomes = tuple({**refused, **read}[name] for name in names)
            summary = recorder.summary = _summary(client, destination, recorder, selection, outcomes, lookup, expired)
    finally:
        destination.close()
    return summary


def _summary(
    client: Client,
    destination: Destination,
    recorder: Recorder,
    selection: Selection,
    outcomes: tuple[Outcome, ...],
    lookup: Lookup,
    expired: Mapping[str, int],
) -> Summary:
    """Return how a run ended, with what the open `destination` says of it."""
    return Summary(
        selection.bound,
        outcomes,
        lookup.deleted,
        lookup.unseen(client.config.project_key),
        changes_of(destination),
        recorder.unfit(destination),
        expired,
    )


def _read(
    transfer: Transfer,
    streams: Iterable[Stream],
    states: Mapping[str, StreamState],
    others: Others,
    selection: Selection,
) -> tuple[dict[str, Outcome], dict[str, int]]:
    """Read streams, take out what is too old, tell what was noticed; return how each ended, and the rows taken out."""
    # What needs its parents listed takes the most requests one after the other, so it starts early.
    # Definitions and products before what is shown by them, which is else made twice.
    first, *_ = VARIANTS
    ordered = sorted(
        streams, key=lambda stream: (stream.name not in SOURCES, stream.parents is None, stream.name != first)
    )

    def change(delivery: Delivery) -> Delivery:
        return retained(owing(beside(delivery, states, others), states, selection), selection)

    outcomes = transfer.run(ordered, states, selection, change)
    # Of a stream that is not complete, a read under way has rows that are not judged yet.
    complete = (stream for stream in ordered if outcomes[stream.name].complete)
    expired = expire(transfer.destination, complete, selection, transfer.hook)
    notices = left_of_other_choices(transfer.destination, ordered, states, selection)
    if isinstance(transfer.destination, Observer):
        notices += transfer.destination.notices()
    for notice in notices:
        transfer.hook(notice)
    return outcomes, expired


def _open(destination: Destination, selection: Selection) -> tuple[dict[str, StreamState], Others]:
    """Return the states of what is read, and those of other stores; raises ConfigError for those of another project."""
    states = destination.open()
    # A front-end has no rows that could be mixed: it is told stream by stream, in the words of its users.
    if not isinstance(destination, Advising):
        refuse_another_project(states.values(), selection.project, destination.name)
    return of_store(states, selection)


def _state(states: Mapping[str, StreamState], stream: Stream) -> StreamState:
    return states.get(stream.name, StreamState())


def _refuse(
    streams: Iterable[Stream],
    states: Mapping[str, StreamState],
    others: Others,
    selection: Selection,
    hook: Hook,
    *,
    behind: bool,
) -> dict[str, Outcome]:
    """Tell which streams are not read, as `_conflicts` says, and return how they ended."""
    reasons = _conflicts(streams, states, others, selection, behind=behind)
    return refuse(reasons, lambda stream: mode_of(stream, _state(states, stream), selection), hook)


def _conflicts(
    streams: Iterable[Stream],
    states: Mapping[str, StreamState],
    others: Others,
    selection: Selection,
    *,
    behind: bool,
) -> dict[Stream, str]:
    """Return why streams are not read of which another part is held than is asked for.

    `behind`: an end was asked for, which may lie before what is read already.
    """
    reasons = {}
    for stream in streams:
        state = _state(states, stream)
        reason = conflict_with(stream, state, selection) or mixture(stream, others, selection)
        # A read that was cut off has no cursor yet; it will end at its bound.
        read = state.cursor or state.bound
        if reason is None and behind and not selection.full and read is not None and read > selection.bound:
            reason = f"it is read up to {read} already, after {selection.bound}; to read a part again, use `backfill`"
        if reason is not None:
            reasons[stream] = reason
    return reasons


def _delete(
    client: Client,
    destination: Destination,
    streams: Iterable[Stream],
    states: Mapping[str, StreamState],
    others: Others,
    selection: Selection,
    hook: Hook,
    *,
    hard: bool,
) -> Lookup:
    """Tell a destination that can use it what Messages say was deleted since its stream was read.

    This comes before the streams are read: what was deleted by then cannot be read again, and if the
    run is cut off, the next one looks at the same Messages again.
    """
    if selection.full:
        # It brings what is there and nothing else, so that deletions show by themselves; not beside rows of other
        # stores, among which it is merged.
        streams = [stream for stream in streams if others.get(stream.name)]
        if not streams:
            return Lookup(states, {})
    project_key = client.config.project_key
    delete: Callable[[Stream, Sequence[Tombstone]], int]
    if isinstance(destination, DeletionSink):
        streams, delete = [stream for stream in streams if destination.wants_deletions(stream)], destination.delete
    elif isinstance(destination, Comparable):
        delete = _marking(destination, hard=hard)
    else:
        return Lookup(states, {})
    hook(PhaseBegan("deletions"))
    asked_for = isinstance(destination, DeletionSink)
    # Briefly: deletions can be looked for by the next run, and records cannot wait for them.
    lookup = look_up(client.get_briefly, streams, states, selection, client.config.page_size, delete, probe=asked_for)
    for name, rows in lookup.deleted.items():
        hook(DeletesMarked(name, rows))
    # A person asked for deletions by name: to go on without them would be silence.
    if asked_for and isinstance(lookup.error, ForbiddenError):
        raise unreadable(project_key) from lookup.error
    if (reason := lookup.unseen(project_key)) is not None:
        hook(DeletesUnseen(reason))
    return lookup


def _check_hard(destination: Destination, *, hard: bool) -> None:
    if not hard:
        return
    if not isinstance(destination, Comparable):
        removing = choice(having(DESTINATIONS, Ability.REMOVE))
        raise ConfigError(
            f"{destination.name} keeps deleted records anyway; --hard-delete (hard_delete) needs {removing}"
        )
    marking(destination, hard=True)


def _marking(destination: Comparable, *, hard: bool) -> Callable[[Stream, Sequence[Tombstone]], int]:
    act = marking(destination, hard=hard)
    return lambda stream, tombstones: act(stream, {tombstone.id: tombstone.time for tombstone in tombstones})
