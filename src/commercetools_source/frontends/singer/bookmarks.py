"""Singer bookmarks to stored states and back: what other taps and people write there is understood too.

A bookmark has the two keys that every Singer tool knows, and beside them the whole state, with which
a read that was cut off goes on in its middle:

    {"replication_key": "lastModifiedAt", "replication_key_value": "2026-01-02T03:04:05.678Z",
     "commercetools": {…}}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.timestamps import parse_time
from commercetools_source.errors import StateError
from commercetools_source.extract import checkpoint
from commercetools_source.extract.checkpoint import moved
from commercetools_source.frontends.words import SINGER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.checkpoint import StreamState

__all__ = ["STATE", "VERSION", "bookmarks_in", "read", "write"]

STATE = "commercetools"
VERSION = "version"
_KEY, _VALUE = "replication_key", "replication_key_value"


def bookmarks_in(state: Any) -> dict[str, dict[str, Any]]:
    """Return the bookmarks of a Singer state by stream name.

    Raises StateError when `state` has not the form of a Singer state.
    """
    bookmarks = state.get("bookmarks", {}) if isinstance(state, dict) else None
    # A whole STATE message, or what Meltano stores of one, would count as a first run.
    is_other = isinstance(state, dict) and "bookmarks" not in state and state.keys() - {"currently_syncing"}
    if not isinstance(bookmarks, dict) or is_other:
        raise StateError('the state is not a Singer state: it must be {} or {"bookmarks": {"<stream>": {…}}}')
    for name, bookmark in bookmarks.items():
        if not isinstance(bookmark, dict):
            raise StateError(f"the state of {name} is not an object; remove it to read the stream from its start")
    return bookmarks


def read(stream: Stream, bookmark: Mapping[str, Any]) -> StreamState:
    """Return where `stream` goes on.

    A `replication_key_value` that somebody else wrote, or a person changed, is taken as the cursor: it
    wins over our own state. Raises StateError when the bookmark cannot be used.
    """
    stored = bookmark.get(STATE)
    state = SINGER.state(stream, stored)
    # Without a cursor there is nothing that another tool could have written, only our own ranges.
    if stream.cursor is None:
        return state
    cursor = _cursor(stream, bookmark)
    # Our ranges and bound belong to our own cursor, so another cursor drops them.
    return state if cursor is None or cursor == state.cursor else moved(state, cursor)


def write(stream: Stream, state: StreamState, version: int | None = None) -> dict[str, Any]:
    """Return the bookmark for `state`; `version` is the table version that its records carry, if they do."""
    bookmark: dict[str, Any] = {}
    # https://hub.meltano.com/singer/spec/#state: other tools read these two, and `commercetools` is ours.
    if stream.cursor is not None and state.cursor is not None:
        bookmark = {_KEY: stream.cursor, _VALUE: state.cursor}
    # Kept in the bookmark, because a target drops older versions: a read that goes on must carry the same one.
    if version is not None:
        bookmark[VERSION] = version
    return {**bookmark, STATE: checkpoint.encode(state)}


def _cursor(stream: Stream, bookmark: Mapping[str, Any]) -> str | None:
    value, key = bookmark.get(_VALUE), bookmark.get(_KEY)
    if value is None:
        return None
    # Another tap's bookmark: its value may be an id, or a date of something else.
    if key is not None and key != stream.cursor:
        raise StateError(
            f"the state of {stream.name} goes by {key!r}, this tap by {stream.cursor!r};"
            " remove it to read the stream from its start"
        )
    try:
        return parse_time(value)
    except ValueError as problem:
        raise StateError(f"the state of {stream.name} has {_VALUE} {value!r}; {problem}") from None
