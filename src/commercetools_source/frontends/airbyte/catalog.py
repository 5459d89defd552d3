"""Airbyte's catalog, its configured catalog and its states: ours out, theirs in and checked as a whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.schema import json_schema
from commercetools_source.catalog.streams import STREAMS, find
from commercetools_source.errors import ConfigError, StateError
from commercetools_source.extract.checkpoint import StreamState, decode
from commercetools_source.frontends.airbyte.messages import DELETED_AT, UPDATED_AT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.catalog.stream import Stream

__all__ = ["COMPLETE", "Configured", "catalog", "configured", "state_of", "states"]

COMPLETE = "__ab_full_refresh_sync_complete"
"""Key of the state with which a full refresh ends: an attempt that is handed it reads nothing."""
_TIME = {"type": ["null", "string"], "format": "date-time", "airbyte_type": "timestamp_with_timezone"}


@dataclass(frozen=True, slots=True)
class Configured:
    """A stream that is to be read: in full each time, or what has changed."""

    stream: Stream
    full: bool


def catalog() -> dict[str, Any]:
    """Return every stream with its JSON Schema, key and cursor."""
    return {"streams": [_entry(stream) for stream in STREAMS.values()]}


def _entry(stream: Stream) -> dict[str, Any]:
    schema = json_schema(stream)
    if stream.deleted_messages:
        schema["properties"] |= {DELETED_AT: _TIME, UPDATED_AT: _TIME}
    schema.pop("required", None)  # a deleted record has only its key
    entry: dict[str, Any] = {
        "name": stream.name,
        "json_schema": schema,
        "supported_sync_modes": ["full_refresh"],
        "source_defined_primary_key": [[name] for name in stream.key],
        "is_resumable": True,
    }
    if stream.cursor is not None:
        entry |= {
            "supported_sync_modes": ["full_refresh", "incremental"],
            "source_defined_cursor": True,
            "default_cursor_field": [stream.cursor],
        }
    return entry


def configured(given: Any) -> list[Configured]:
    """Return the streams of a configured catalog; raises ConfigError that names every problem."""
    entries = given.get("streams") if isinstance(given, dict) else None
    if not isinstance(entries, list):
        raise ConfigError('the catalog is broken: it must be {"streams": [{"stream": {"name": ...}, ...}]}')
    results = [_checked(entry) for entry in entries]
    problems = [problem for result in results if isinstance(result, ConfigError) for problem in result.problems]
    chosen = [result for result in results if isinstance(result, Configured)]
    names = Counter(item.stream.name for item in chosen)
    problems += [
        f"the catalog has {name} {count} times; leave it in once" for name, count in names.items() if count > 1
    ]
    if problems:
        raise ConfigError(problems)
    return chosen


def _checked(entry: Any) -> Configured | ConfigError:
    try:
        return _configured(entry)
    except ConfigError as error:
        return error


def _configured(entry: Any) -> Configured:
    described = entry.get("stream") if isinstance(entry, dict) else None
    name = described.get("name") if isinstance(described, dict) else None
    if not isinstance(name, str):
        raise ConfigError("the catalog is broken: an entry has no stream with a name")
    stream, mode = find(name), entry.get("sync_mode", "full_refresh")
    if mode not in ("full_refresh", "incremental"):  # no set: what stands there may be a list
        raise ConfigError(f"{name} has the sync mode {mode!r}; it can be full_refresh or incremental")
    # A stream without a change date may come as incremental, as PyAirbyte has them all: each run reads it whole then.
    return Configured(stream, mode == "full_refresh")


def states(given: Any) -> dict[str, Mapping[str, Any]]:
    """Return stored stream states by name, as they were sent; raises StateError when `given` has another form."""
    if given in (None, {}, []):
        return {}
    if not isinstance(given, list):
        raise StateError("the state is broken: it must be a list of STREAM states; reset it to read from the start")
    stored: dict[str, Mapping[str, Any]] = {}
    for item in given:
        stream_entry = item.get("stream") if isinstance(item, dict) else None
        descriptor = stream_entry.get("stream_descriptor") if isinstance(stream_entry, dict) else None
        name = descriptor.get("name") if isinstance(descriptor, dict) else None
        value = stream_entry.get("stream_state") if isinstance(stream_entry, dict) else None
        if not isinstance(name, str) or not isinstance(value, (dict, type(None))):
            raise StateError("the state is broken: an item is no STREAM state; reset it to read from the start")
        stored[name] = value or {}
    return stored


def state_of(item: Configured, stored: Mapping[str, Any]) -> StreamState:
    """Return where a stream goes on; raises StateError that names it when its state is broken."""
    if not stored or COMPLETE in stored:
        return StreamState()
    try:
        state = decode(stored)
    except StateError as error:
        raise StateError(f"{item.stream.name}: {error}") from None
    # What a full refresh had begun goes on; what an incremental read had reached is not a full refresh.
    return StreamState() if item.full and state.mode != "full" else state
