"""What a run reads: from stored state to the first walks of each stream. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from commercetools_source.checkpoint import StreamState, begin
from commercetools_source.keyset import Walk
from commercetools_source.windows import shift

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.checkpoint import Mode
    from commercetools_source.resources import Stream

__all__ = ["Selection", "mode_of", "needs_parents", "started", "walks_of"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run is asked for.

    `bound`: API timestamp, the end of what is read (excluded). `full`: read everything again.
    `start_date`: a first read leaves out what was last changed before it. `lookback`: seconds that
    an incremental read goes back before its cursor, for changes that became visible late.
    """

    bound: str
    full: bool = False
    start_date: str | None = None
    lookback: float = 600.0


def mode_of(stream: Stream, state: StreamState, selection: Selection) -> Literal["full", "incremental", "resumed"]:
    """Return how `stream` is read: on from a run that was cut off, from its cursor, or from its start."""
    if selection.full:
        return "full"
    if state.mode is not None:
        return "resumed"
    return "incremental" if stream.cursor is not None and state.cursor is not None else "full"


def walks_of(
    stream: Stream, mode: Mode, state: StreamState, selection: Selection, parents: Sequence[tuple[str, ...]]
) -> tuple[Walk, ...]:
    """Return the walks that together cover what a run in `mode` reads, one for each of `parents`.

    A full read goes by an immutable field, so that records which change meanwhile stay in place; what
    changed after the bound is the next run's. Only a `start_date` selects by the date of change.
    """
    if mode == "incremental" and state.cursor is not None:
        lower = shift(state.cursor, -selection.lookback)
        kind = Walk(stream.cursor or "", stream.tie, lower=lower, upper=selection.bound)
    elif selection.start_date is not None and stream.cursor is not None:
        kind = Walk(stream.cursor, stream.tie, lower=selection.start_date, upper=selection.bound)
    else:
        field, tie = (*stream.order, "", "")[:2]
        kind = Walk(field, tie, upper=selection.bound if field.endswith("At") else None)
    return tuple(Walk(kind.field, kind.tie, lower=kind.lower, upper=kind.upper, parent=parent) for parent in parents)


def started(
    stream: Stream, state: StreamState, selection: Selection, parents: Sequence[tuple[str, ...]]
) -> StreamState:
    """Return the state with which a run over `stream` starts or goes on."""
    mode = mode_of(stream, state, selection)
    if mode == "resumed":
        return state
    return begin(state, mode, selection.bound, walks_of(stream, mode, state, selection, parents))


def needs_parents(stream: Stream, state: StreamState, selection: Selection) -> bool:
    """Return whether the parents of `stream` must be listed before `started`."""
    return stream.parents is not None and mode_of(stream, state, selection) != "resumed"
