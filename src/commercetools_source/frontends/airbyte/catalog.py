"""Airbyte's catalog, its configured catalog and its states: ours out, theirs in and checked as a whole."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.schema import json_schema
from commercetools_source.catalog.streams import STREAMS, find
from commercetools_source.config.values import shown
from commercetools_source.errors import ConfigError, StateError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.selection import Selection, conflict_with
from commercetools_source.frontends.airbyte.messages import DELETED_AT, UPDATED_AT
from commercetools_source.frontends.arguments import checked
from commercetools_source.frontends.words import AIRBYTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.config import Config

__all__ = ["COMPLETE", "catalog", "completed", "configured", "states"]

COMPLETE = "__ab_full_refresh_sync_complete"
"""Key of the state with which a full refresh ends: an attempt that is handed it reads nothing."""
_ORIGIN = ("project", "stream", "store", "privacy", "since")
"""Fields of a state that say what was read; the mark of a full refresh has those that are not empty."""
_TIME = {"type": ["null", "string"], "format": "date-time", "airbyte_type": "timestamp_with_timezone"}
_MODES = ("full_refresh", "incremental")


class _Descriptor(msgspec.Struct):
    name: str


class _Entry(msgspec.Struct):
    stream: _Descriptor
    sync_mode: Any = "full_refresh"


class _Catalog(msgspec.Struct):
    streams: list[_Entry]


class _Stored(msgspec.Struct):
    stream_descriptor: _Descriptor
    stream_state: Any = None


class _State(msgspec.Struct):
    stream: _Stored


# Before there are threads, as in `extract.checkpoint`.
msgspec.json.Decoder(_Catalog)
msgspec.json.Decoder(list[_State])


def catalog() -> dict[str, Any]:
    """Return every stream with its JSON Schema, key and cursor."""
    return {"streams": [_entry(stream) for stream in STREAMS.values()]}


def _entry(stream: Stream) -> dict[str, Any]:
    schema = json_schema(stream)
    if stream.deleted_messages:
        schema["properties"] |= {DELETED_AT: _TIME, UPDATED_AT: _TIME}
    schema.pop("required", None)  # a deleted record has only its key
    cursor = {} if stream.cursor is None else {"source_defined_cursor": True, "default_cursor_field": [stream.cursor]}
    return {
        "name": stream.name,
        "json_schema": schema,
        "supported_sync_modes": list(_MODES if cursor else _MODES[:1]),
        "source_defined_primary_key": [[name] for name in stream.key],
        "is_resumable": True,
        **cursor,
    }


def configured(given: Any) -> dict[Stream, bool]:
    """Return the streams of a configured catalog, and whether each is read in full; raises ConfigError."""
    try:
        entries = msgspec.convert(given, _Catalog).streams
    except msgspec.ValidationError as error:
        raise ConfigError(f"the catalog is broken: {error}") from None
    chosen = checked(*(partial(_chosen, entry) for entry in entries))
    if twice := [stream.name for stream, count in Counter(stream for stream, _ in chosen).items() if count > 1]:
        raise ConfigError(f"the catalog has {', '.join(twice)} more than once; leave each in once")
    return dict(chosen)


def _chosen(entry: _Entry) -> tuple[Stream, bool]:
    stream = find(entry.stream.name)
    if entry.sync_mode not in _MODES:
        raise ConfigError(f"{stream.name} has the sync mode {shown(entry.sync_mode)}; it can be {' or '.join(_MODES)}")
    # PyAirbyte asks for changes of all streams; one without a change date is read whole each time.
    return stream, entry.sync_mode == _MODES[0]


def completed(state: StreamState) -> dict[str, Any]:
    """Return the state with which a full refresh ends."""
    return {COMPLETE: True, **{name: value for name in _ORIGIN if (value := getattr(state, name))}}


def states(given: Any, chosen: Mapping[Stream, bool], config: Config) -> dict[Stream, StreamState]:
    """Return where the `chosen` streams go on, without those whose full refresh with these settings is complete.

    Raises StateError for what is no list of states. A state that cannot be used is `broken`: it stops its stream alone.
    """
    try:
        items = msgspec.convert(given or [], list[_State])
    except msgspec.ValidationError as error:
        raise StateError(
            f"the state is broken, as it must be a list of STREAM states: {error}; {AIRBYTE.anew}"
        ) from None
    asked = Selection.of(config)
    stored = {item.stream.stream_descriptor.name: item.stream.stream_state or {} for item in items}
    going_on: dict[Stream, StreamState] = {}
    for stream, full in chosen.items():
        previous = stored.get(stream.name, {})
        mark = previous if isinstance(previous, dict) else {}
        done = mark.get(COMPLETE) is True
        # That of another project, store, stream, start or choice about personal data says nothing of what is asked for.
        origin: dict[str, Any] = {name: value for name in _ORIGIN if isinstance(value := mark.get(name), str)}
        if not (full and done and conflict_with(stream, StreamState(**origin), asked) is None):
            # To an incremental read, a full refresh that was complete says nothing.
            going_on[stream] = AIRBYTE.restored(None if done or not previous else previous, full=full)
    return going_on
