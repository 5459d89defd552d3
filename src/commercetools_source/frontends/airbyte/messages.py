"""Airbyte messages: one JSON object a line on standard output. Records are copied as the bytes that the API sent.

The forms are those of https://docs.airbyte.com/platform/understanding-airbyte/airbyte-protocol.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source import errors
from commercetools_source.errors import printable
from commercetools_source.frontends.stdout import write, write_records

if TYPE_CHECKING:
    from collections.abc import Sequence

DELETED_AT, UPDATED_AT = "_ab_cdc_deleted_at", "_ab_cdc_updated_at"
"""Columns by which destinations with deduplication remove a row."""
_LONGEST = 5000
"""Of a text for people, which may quote what others wrote; half a surrogate pair in it would have no UTF-8."""
_LEVELS = {"WARNING": "WARN", "CRITICAL": "FATAL"}
"""Airbyte's names of levels where Python's are others."""
_FAILURES = {
    "config_error": (
        errors.ConfigError,
        errors.StateError,
        errors.AuthenticationError,
        errors.ForbiddenError,
        errors.NotFoundError,
    ),
    "transient_error": (errors.NetworkError, errors.RateLimitError, errors.ServerError),
}
"""Who has to act: the one who configures, or nobody but time. Airbyte repeats a transient error by itself."""


def send(message_type: str, field: str, body: Any) -> None:
    """Write one message as one whole line; raises DestinationError when nobody reads it."""
    write(msgspec.json.encode({"type": message_type, field: body}) + b"\n")


def records(stream: str, rows: Sequence[msgspec.Raw]) -> None:
    """Write a RECORD line for each of `rows`."""
    # The records are JSON already: they are put between two ends, and not decoded.
    head = msgspec.json.encode({"type": "RECORD", "record": {"stream": stream, "emitted_at": _milliseconds()}})
    write_records(head[:-2] + b',"data":', b"}}\n", rows)


def state(stream: str, value: dict[str, Any], count: int) -> None:
    """Write the state of a stream, true for the `count` records since its last one."""
    stored = {**_descriptor(stream), "stream_state": value}
    send("STATE", "state", {"type": "STREAM", "stream": stored, "sourceStats": {"recordCount": float(count)}})


def status(stream: str, word: str, reasons: Sequence[dict[str, Any]] = ()) -> None:
    """Write that a stream is STARTED, RUNNING, COMPLETE or INCOMPLETE."""
    trace("STREAM_STATUS", {**_descriptor(stream), "status": word, **({"reasons": reasons} if reasons else {})})


def trace(message_type: str, body: dict[str, Any]) -> None:
    """Write a TRACE of this type."""
    send("TRACE", "trace", {"type": message_type, message_type.lower(): body, "emitted_at": float(_milliseconds())})


def trace_error(message: str, cause: type[BaseException], stream: str | None = None) -> None:
    """Write an error that a person can act on."""
    failure = next((name for name, types in _FAILURES.items() if issubclass(cause, types)), "system_error")
    described = {"message": printable(message, _LONGEST), "failure_type": failure}
    trace("ERROR", {**described, **(_descriptor(stream) if stream else {})})


def trace_bug(error: Exception) -> None:
    """Write an error that nobody foresaw: its type and where it arose; its text may hold a record's values."""
    import traceback

    # Frames only: the error's own text may quote a record.
    lines = "".join(traceback.format_tb(error.__traceback__))
    message = f"{type(error).__name__}: this is a fault of commercetools-source; please report it with the stack trace"
    trace("ERROR", {"message": message, "failure_type": "system_error", "stack_trace": lines})


def log(level: str, message: str) -> None:
    """Write a LOG line of a level that Python's logging has by this name."""
    send("LOG", "log", {"level": _LEVELS.get(level, level), "message": printable(message, _LONGEST)})


def connection(fault: str | None) -> None:
    """Write that a connection can be made, or why not."""
    failed = {"status": "FAILED", "message": printable(fault or "", _LONGEST)}
    send("CONNECTION_STATUS", "connectionStatus", {"status": "SUCCEEDED"} if fault is None else failed)


def _descriptor(stream: str) -> dict[str, Any]:
    return {"stream_descriptor": {"name": stream}}


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
