"""Singer messages with Mage's extra keys, one JSON object a line on stdout."""

# ruff: noqa: FBT001, PLR0913, PLR0917 - signatures are those that Mage documents

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Message",
    "RecordMessage",
    "SchemaMessage",
    "StateMessage",
    "format_message",
    "write_message",
    "write_record",
    "write_records",
    "write_schema",
    "write_state",
]


class Message(Protocol):
    """Anything that says itself as a JSON object."""

    def asdict(self) -> dict[str, Any]:
        """Return the message as the object to write."""
        ...


class SchemaMessage:
    """The columns of a stream and how its rows are to be merged."""

    def __init__(
        self,
        disable_column_type_check: bool | None = None,
        partition_keys: list[str] | None = None,
        replication_method: str | None = None,
        unique_conflict_method: str | None = None,
        unique_constraints: list[str] | None = None,
        *,
        stream: str,
        schema: dict[str, Any],
        key_properties: list[str],
        bookmark_properties: list[str] | str | None = None,
    ) -> None:
        if isinstance(bookmark_properties, str):
            bookmark_properties = [bookmark_properties]
        self.stream = stream
        self.schema = schema
        self.key_properties = key_properties
        self.bookmark_properties = bookmark_properties
        self.disable_column_type_check = disable_column_type_check
        self.partition_keys = partition_keys
        self.replication_method = replication_method
        self.unique_conflict_method = unique_conflict_method
        self.unique_constraints = unique_constraints

    def asdict(self) -> dict[str, Any]:
        """Return the message; keys that say nothing are left out."""
        result: dict[str, Any] = {
            "type": "SCHEMA",
            "stream": self.stream,
            "schema": self.schema,
            "key_properties": self.key_properties,
        }
        if self.bookmark_properties:
            result["bookmark_properties"] = self.bookmark_properties
        if self.disable_column_type_check is not None:
            result["disable_column_type_check"] = self.disable_column_type_check
        for name in ("partition_keys", "replication_method", "unique_conflict_method", "unique_constraints"):
            if getattr(self, name):
                result[name] = getattr(self, name)
        return result


class RecordMessage:
    """One row of a stream."""

    def __init__(self, *, stream: str, record: dict[str, Any], time_extracted: datetime | None = None) -> None:
        if time_extracted is not None and time_extracted.tzinfo is None:
            raise ValueError("time_extracted must name its time zone")
        self.stream = stream
        self.record = record
        self.time_extracted = time_extracted

    def asdict(self) -> dict[str, Any]:
        """Return the message."""
        result: dict[str, Any] = {"type": "RECORD", "stream": self.stream, "record": self.record}
        if self.time_extracted is not None:
            result["time_extracted"] = self.time_extracted.isoformat()
        return result


class StateMessage:
    """Where the next run goes on."""

    def __init__(self, *, value: Any) -> None:
        self.value = value

    def asdict(self) -> dict[str, Any]:
        """Return the message."""
        return {"type": "STATE", "value": self.value}


def format_message(message: Message) -> str:
    """Return `message` as one line of JSON, without the line's end.

    NaN and infinity become null, times ISO 8601, decimals numbers with all their digits.
    """
    plain = message.asdict()
    try:
        # The plain way first, which is much faster and right for nearly every line.
        return json.dumps(plain, allow_nan=False)
    except (TypeError, ValueError):
        encoder = msgspec.json.Encoder(decimal_format="number")
        return encoder.encode(_plain(plain)).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (timedelta, UUID)):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def write_message(message: Message) -> None:
    """Write `message` as one whole line."""
    sys.stdout.write(format_message(message) + "\n")
    sys.stdout.flush()


def write_schema(
    stream_name: str,
    schema: dict[str, Any],
    key_properties: list[str] | str,
    bookmark_properties: list[str] | str | None = None,
    disable_column_type_check: bool | None = None,
    partition_keys: list[str] | None = None,
    replication_method: str | None = None,
    stream_alias: str | None = None,
    unique_conflict_method: str | None = None,
    unique_constraints: list[str] | None = None,
) -> None:
    """Write a SCHEMA line."""
    if isinstance(key_properties, (str, bytes)):
        key_properties = [key_properties]
    if not isinstance(key_properties, list):
        raise TypeError("key_properties must be a string or list of strings")
    message = SchemaMessage(
        stream=stream_alias or stream_name,
        schema=schema,
        key_properties=key_properties,
        bookmark_properties=bookmark_properties,
        disable_column_type_check=disable_column_type_check,
        partition_keys=partition_keys,
        replication_method=replication_method,
        unique_conflict_method=unique_conflict_method,
        unique_constraints=unique_constraints,
    )
    write_message(message)


def write_record(
    stream_name: str,
    record: dict[str, Any],
    stream_alias: str | None = None,
    time_extracted: datetime | None = None,
) -> None:
    """Write a RECORD line."""
    write_message(RecordMessage(stream=stream_alias or stream_name, record=record, time_extracted=time_extracted))


def write_records(stream_name: str, records: Iterable[dict[str, Any]]) -> None:
    """Write a RECORD line for each of `records`."""
    for record in records:
        write_record(stream_name, record)


def write_state(value: Any) -> None:
    """Write a STATE line."""
    write_message(StateMessage(value=value))
