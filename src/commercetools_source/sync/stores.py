"""Stores that are read one after the other into one destination: each has a state, none takes another's place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.extract.checkpoint import StreamState, parted
from commercetools_source.extract.delivery import Phase
from commercetools_source.extract.selection import source_conflict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.catalog.streams import Stream
    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.extract.selection import Selection

__all__ = ["Others", "beside", "mixture", "of_store", "unlike"]

Others = dict[str, tuple[StreamState, ...]]
"""By stream, the states of the stores beside the one that is read."""


def of_store(states: Mapping[str, StreamState], selection: Selection) -> tuple[dict[str, StreamState], Others]:
    """Return the states of what is read, and those of other stores of which the destination has rows."""
    mine: dict[str, StreamState] = {}
    others: Others = {}
    for name, state in states.items():
        store = selection.store_of(STREAMS[name]) if name in STREAMS else ""
        mine[name], others[name] = parted(state, store)
    return mine, others


def mixture(stream: Stream, others: Others, selection: Selection) -> str | None:
    """Return why rows of another store cannot come beside those that are held of `stream`; None if they can."""
    for state in others.get(stream.name, ()):
        # A front-end may be handed the state of another project; a destination with its rows is refused as a whole.
        if (reason := source_conflict(stream, state, selection)) is not None:
            return reason
        # A full read replaces all rows of the table when it ends, those that came meanwhile too.
        if state.mode == "full":
            return f"the first read of the store {state.store!r} has not ended; set `store_key` to it until it has"
        if state.privacy != selection.privacy_of(stream):
            return (
                f"rows of the store {state.store!r} were read with another choice about personal data; set `personal`,"
                " `personal_fields` and `hash_key` as they were, or use a destination of its own"
            )
    return None


def beside(delivery: Delivery, before: Mapping[str, StreamState], others: Others) -> Delivery:
    """Return the delivery of a store as rows to merge beside those of `others`, whose states stay as they are.

    `before`: the states of the store by stream before it was read.
    """
    name = delivery.stream.name
    states = others.get(name, ())
    if not states:
        return delivery
    # A full read goes on as one that merges, so that what was loaded of it counts after a crash, too.
    mode = "incremental" if delivery.state.mode == "full" else delivery.state.mode
    stored = before.get(name, StreamState())
    # Merged, it does not show what was deleted before; what a wrong clock leaves to the next run is unknown besides.
    unknown = stored.deletions_from or delivery.state.deletions_from
    state = replace(delivery.state, others=states, mode=mode, deletions_from=unknown)
    phase = Phase.of(full=False, last=delivery.phase.last)
    return replace(delivery, state=state, phase=phase, joins=stored.cursor is None)


def unlike(stream: Stream, state: StreamState, selection: Selection) -> str | None:
    """Return why what an API client lists says nothing of the rows that are held of `stream`; None where it does."""
    if (reason := source_conflict(stream, state, selection)) is not None:
        return reason
    if state.others:
        stores = ", ".join(sorted(part.store for part in (state, *state.others)))
        return f"it has rows of the stores {stores}, and no API client lists those of all of them"
    if state != StreamState() and state.store != selection.store_of(stream):
        rows = f"rows of the store {state.store!r}" if state.store else "rows of the whole project"
        return f"it has {rows}; set `store_key` as it was then"
    return None
