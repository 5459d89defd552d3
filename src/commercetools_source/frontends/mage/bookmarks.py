"""Our checkpoints as bookmarks of Mage's: the value it shows to its user, and beside it what resumes a run.

Mage keeps of a state only what is inside a stream's bookmark, and merges that key by key; so the
keys are always the same two, and the second one changes as a whole. Pure functions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.timestamps import instant, moment
from commercetools_source.errors import ConfigError, StateError
from commercetools_source.extract.checkpoint import StreamState, encode, moved
from commercetools_source.extract.selection import conflict_with
from commercetools_source.frontends.words import MAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.selection import Selection

__all__ = ["KEY", "checked", "read", "written"]

KEY = "commercetools_source"
"""The key, inside a stream's bookmark, of what resumes a run that was cut off."""


def read(bookmarks: Mapping[str, Any] | None, stream: Stream) -> StreamState:
    """Return the state in a stream's bookmark; without one, the state of a stream that was never read.

    A bookmark that Mage or its user wrote has only the cursor's value, and that one counts. Raises
    StateError when it cannot be used.
    """
    # A stream without a cursor has no bookmark in Mage, so it has no place for a state either.
    if not bookmarks or stream.cursor is None:
        return StreamState()
    stored_cursor = _normal(bookmarks.get(stream.cursor), stream)
    state = MAGE.state(stream, bookmarks.get(KEY) or None)
    # Somebody has moved the bookmark: our ranges are of another read.
    return state if state.cursor == stored_cursor else moved(state, stored_cursor)


def checked(bookmarks: Mapping[str, Any] | None, stream: Stream, selection: Selection) -> StreamState:
    """Return what `read` does; raises ConfigError where that is the state of another read than `selection` asks for."""
    state = read(bookmarks, stream)
    if (reason := conflict_with(stream, state, selection)) is not None:
        raise ConfigError(f"{stream.name}: {reason}")
    return state


def written(before: StreamState, state: StreamState, stream: Stream) -> dict[str, Any] | None:
    """Return the bookmark for `state`, which never falls behind `before`; None when the stream has no cursor."""
    if stream.cursor is None:
        return None
    # A read under way may have no cursor yet.
    if before.cursor is not None and (state.cursor is None or moment(state.cursor) < moment(before.cursor)):
        state = replace(state, cursor=before.cursor)
    return {stream.cursor: state.cursor, KEY: encode(state)}


def _normal(value: object, stream: Stream) -> str | None:
    """Return a time as the API writes it, None for none."""
    if value is None or value == "":
        return None
    try:
        return instant(moment(str(value)))
    except ValueError:
        raise StateError(
            f"the bookmark {stream.cursor} of {stream.name} is {value!r}, which is no time such as"
            " 2026-01-31T00:00:00.000Z; correct it, or reset the bookmark to read the stream from its start"
        ) from None
