"""Airbyte's catalog, its configured catalog and its states: ours out, theirs in and checked as a whole."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.schema import json_schema
from commercetools_source.catalog.streams import STREAMS, find
from commercetools_source.errors import ConfigError, StateError
from commercetools_source.frontends.airbyte.messages import DELETED_AT, UPDATED_AT
from commercetools_source.frontends.words import AIRBYTE

if TYPE_CHECKING:
    from commercetools_source.catalog.stream import Stream

__all__ = ["COMPLETE", "catalog", "configured", "states"]

COMPLETE = "__ab_full_refresh_sync_complete"
"""Key of the state with which a full refresh ends: an attempt that is handed it reads nothing."""
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
    stream_state: dict[str, Any] | None = None


class _State(msgspec.Struct):
    stream: _Stored


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
    chosen: dict[Stream, bool] = {}
    problems: list[str] = []
    for name, count in Counter(entry.stream.name for entry in entries).items():
        if count > 1:
            problems.append(f"the catalog has {name} {count} times; leave it in once")
    for entry in entries:
        if entry.sync_mode not in _MODES:
            problems.append(
                f"{entry.stream.name} has the sync mode {entry.sync_mode!r:.50}; it can be {' or '.join(_MODES)}"
            )
        try:
            # PyAirbyte asks for changes of all streams; one without a change date is read whole each time.
            chosen[find(entry.stream.name)] = entry.sync_mode == _MODES[0]
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return chosen


def states(given: Any) -> dict[str, dict[str, Any]]:
    """Return stored stream states by name, as they were sent; raises StateError when `given` has another form."""
    try:
        items = msgspec.convert(given or [], list[_State])
    except msgspec.ValidationError as error:
        raise StateError(
            f"the state is broken, as it must be a list of STREAM states: {error}; {AIRBYTE.anew}"
        ) from None
    return {item.stream.stream_descriptor.name: item.stream.stream_state or {} for item in items}
