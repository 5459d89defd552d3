"""A window of time read again beside the running cursor: rows are merged, and where runs go on is left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from commercetools_source.catalog.streams import STREAMS, streams_of
from commercetools_source.catalog.timestamps import time_of
from commercetools_source.errors import ConfigError
from commercetools_source.events import Hook, ignore
from commercetools_source.extract.abilities import lost_streams
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Phase
from commercetools_source.extract.selection import Selection, privacy_conflict
from commercetools_source.sync.projects import refuse_another_project
from commercetools_source.sync.record import begin, recorded, unreached
from commercetools_source.sync.stores import unlike
from commercetools_source.sync.transfer import Summary, Transfer, changes_of, destination_of, ends_earlier, refuse
from commercetools_source.sync.undefined import undefined_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from os import PathLike

    from commercetools_source.catalog.streams import Stream, Streams
    from commercetools_source.catalog.timestamps import Time
    from commercetools_source.client import Client
    from commercetools_source.extract.delivery import Delivery, Destination

__all__ = ["backfill", "merged", "obstacle"]


def backfill(
    client: Client,
    destination: Destination | str | PathLike[str],
    since: Time,
    until: Time | None = None,
    *,
    streams: Streams | None = None,
    hook: Hook = ignore,
    on_stoppable: Callable[[Callable[[], None]], None] | None = None,
) -> Summary:
    """Read what was last changed from `since` to before `until` and merge it into `destination`.

    Without `until` it ends where a run would. A stream must have been read before; without `streams` those
    that were are taken. Where only a part of a stream is held, its filter holds here too, and a window that
    touches that part's start moves the start back once it is read to its end. A backfill that is cut off is
    started again: its rows stay, and merging them once more changes nothing.
    Raises ConfigError for a window that is empty, DestinationError where there is no destination, else as `sync`.
    """
    before = client.traffic()
    named = None if streams is None else streams_of(streams)
    start, end = time_of(since, "since"), time_of(until, "until")
    destination = destination_of(destination, stored=True)
    with unreached(client, destination, "backfill", before, hook):
        settled = client.settled_time()
    bound = settled if end is None else min(end, settled)
    # Against the bound and not only `until`: a window of the last minutes holds nothing that is settled.
    if start >= bound:
        raise ConfigError(f"the window from {start} to {bound} is empty; it must begin before it ends")
    asked = Selection.of(client.config, bound)
    try:
        states = destination.open()
        refuse_another_project(states.values(), asked.project, destination.name)
        lost = lost_streams(destination)
        chosen = _read_whole(states, lost) if named is None else named
        with recorded(client, destination, begin("backfill", bound), before, hook) as recorder:
            for notice in filter(None, (ends_earlier(until, bound), undefined_names(client))):
                hook(notice)
            refused = refuse(_obstacles(chosen, states, lost, asked), lambda _: "window", recorder)
            ready = [stream for stream in chosen if stream.name not in refused]
            pairs = tuple((stream.name, predicate) for stream in ready for predicate in states[stream.name].where)
            outcomes = Transfer(client, destination, recorder, on_stoppable=on_stoppable).run(
                ready,
                # No states: a window is read by itself, and its own progress is thrown away with it.
                {},
                replace(asked, until=True, start_date=start, where=pairs),
                # The state of the running cursor is written with the rows, unchanged.
                lambda delivery: merged(delivery, states[delivery.stream.name], start, bound),
            )
            read = {name: replace(outcome, mode="window") for name, outcome in outcomes.items()}
            ordered = tuple({**refused, **read}[stream.name] for stream in chosen)
            summary = recorder.summary = Summary(
                bound, ordered, changes=changes_of(destination), unfit=recorder.unfit(destination)
            )
    finally:
        destination.close()
    return summary


def _read_whole(states: Mapping[str, StreamState], lost: Mapping[str, str]) -> tuple[Stream, ...]:
    """Return the streams that were read to their end, those included of which nothing counts any more."""
    # Left out untold, a damaged stream would look as if its window had been read.
    return tuple(
        stream
        for name, stream in STREAMS.items()
        for state in (states.get(name, StreamState()),)
        if stream.cursor is not None and (name in lost or state.broken is not None or obstacle(stream, state) is None)
    )


def obstacle(stream: Stream, state: StreamState) -> str | None:
    """Return why no window of `stream` can be read yet, None if one can."""
    if stream.cursor is None:
        return "it has no date of change, so it has no windows; every run reads it whole"
    if state.broken is not None:
        return state.broken
    if state.cursor is None or state.mode is not None:
        return "it is not read to its end yet; run `sync` first"
    return None


def _obstacles(
    streams: Iterable[Stream], states: Mapping[str, StreamState], lost: Mapping[str, str], selection: Selection
) -> dict[Stream, str]:
    obstacles: dict[Stream, str | None] = {}
    for stream in streams:
        state = states.get(stream.name, StreamState())
        reason = unlike(stream, state, selection) or privacy_conflict(state.privacy, selection.privacy_of(stream))
        missing = f"{lost[stream.name]}; run `sync` first" if stream.name in lost else None
        obstacles[stream] = missing or obstacle(stream, state) or reason
    return {stream: reason for stream, reason in obstacles.items() if reason is not None}


def merged(delivery: Delivery, stored: StreamState, since: str, until: str) -> Delivery:
    """Return the delivery of a read of its own as rows to merge beside `stored`."""
    state = stored
    # A record that had to be left out would be a hole in a part that the state calls whole.
    complete = delivery.phase.last and not delivery.state.quarantined
    # The part held grows only by a window that touches it: between two that do not, records would be missing.
    if complete and stored.since is not None and since < stored.since <= until:
        state = replace(stored, since=since)
    return replace(delivery, state=state, phase=Phase.MERGE)
