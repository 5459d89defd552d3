"""What `state show` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from commercetools_source.extract.checkpoint import encode
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.extract.checkpoint import StreamState

__all__ = ["states_json", "states_text"]


def states_text(states: Mapping[str, StreamState]) -> str:
    """Return a line for each stream of which something is stored."""
    if not states:
        return "nothing is stored yet; the next run reads every stream from its start"
    rows = [
        [name, state.cursor or "", _under_way(state), len(state.quarantined), _part(state)]
        for name, state in sorted(states.items())
    ]
    return table(rows, header=("stream", "read up to", "under way", "left out", "part held"))


def _under_way(state: StreamState) -> str:
    if state.broken is not None:
        return state.broken
    if state.mode is None:
        return ""
    windows = "1 window" if len(state.ranges) == 1 else f"{len(state.ranges)} windows"
    return f"{state.mode} up to {state.bound}, {windows} left"


def _part(state: StreamState) -> str:
    since = [f"changed since {state.since}"] if state.since else []
    return " and ".join([*since, *state.where]) or "all"


def states_json(states: Mapping[str, StreamState]) -> str:
    """Return the same as one JSON object: each state as it is stored, or why it is `broken`."""
    plain = {name: {"broken": state.broken} if state.broken else encode(state) for name, state in states.items()}
    return json.dumps(dict(sorted(plain.items())), indent=2, ensure_ascii=False)
