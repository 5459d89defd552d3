"""What `state show` answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from commercetools_source.events import counted
from commercetools_source.extract.checkpoint import encode
from commercetools_source.report.answer import Report
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.extract.checkpoint import StreamState

__all__ = ["StateReport"]


@dataclass(frozen=True, slots=True)
class StateReport(Report):
    """The states of a destination by stream, and why nothing counts of those that are `lost`."""

    states: Mapping[str, StreamState]
    lost: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """Return a line for each stream of which something is stored."""
        if not self.states and not self.lost:
            return "nothing is stored yet; the next run reads every stream from its start"
        rows = [
            [name, state.cursor or "", _under_way(state), len(state.quarantined), _selected(state)]
            for name, state in sorted(self.states.items())
        ]
        # A stream whose files are gone has no state, and would be missing here where it is looked for.
        rows += [[name, "", reason, 0, ""] for name, reason in sorted(self.lost.items())]
        return table(rows, header=("stream", "read up to", "under way", "left out", "part held"))

    def value(self) -> object:
        """Return each state as it is stored, or why it is `broken` or `lost`."""
        states = {
            name: {"broken": state.broken} if state.broken else encode(state)
            for name, state in sorted(self.states.items())
        }
        return {**states, **{name: {"lost": reason} for name, reason in sorted(self.lost.items())}}


def _under_way(state: StreamState) -> str:
    if state.broken is not None:
        return state.broken
    if state.mode is None:
        return ""
    return f"{state.mode} up to {state.bound}, {counted(len(state.ranges), 'window')} left"


def _selected(state: StreamState) -> str:
    since = [f"changed since {state.since}"] if state.since else []
    owed = f"; deletions since {state.deletions_from} not looked for" if state.deletions_from else ""
    return (" and ".join([*since, *state.where]) or "all") + owed
