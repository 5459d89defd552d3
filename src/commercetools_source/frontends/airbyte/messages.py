"""Airbyte messages: one JSON object a line on standard output. Records are copied as the bytes that the API sent.

The forms are those of https://docs.airbyte.com/platform/understanding-airbyte/airbyte-protocol.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.frontends.stdout import write, write_records

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "DELETED_AT",
    "UPDATED_AT",
    "connection_status",
    "estimate",
    "failure_type",
    "log",
    "records",
    "send",
    "state",
    "status",
    "trace_bug",
    "trace_error",
]

DELETED_AT, UPDATED_AT = "_ab_cdc_deleted_at", "_ab_cdc_updated_at"
"""Columns by which destinations with deduplication remove a row."""
_LEVELS = {logging.ERROR: "ERROR", logging.WARNING: "WARN", logging.INFO: "INFO", logging.DEBUG: "DEBUG"}


def send(message: dict[str, Any]) -> None:
    """Write one message as one whole line; raises DestinationError when nobody reads it."""
    write(msgspec.json.encode(message) + b"\n")


def records(stream: str, rows: Sequence[msgspec.Raw], size: int) -> None:
    """Write a RECORD line for each of `rows`, JSON objects of `size` bytes in all."""
    # The records are JSON already: they are put between two ends, and not decoded.
    head = msgspec.json.encode({"type": "RECORD", "record": {"stream": stream, "emitted_at": _milliseconds()}})
    write_records(head[:-2] + b',"data":', b"}}\n", rows, size)


def state(stream: str, value: dict[str, Any], count: int) -> None:
    """Write the state of a stream, true for the `count` records since its last one."""
    descriptor = {"stream_descriptor": {"name": stream}, "stream_state": value}
    send(
        {
            "type": "STATE",
            "state": {"type": "STREAM", "stream": descriptor, "sourceStats": {"recordCount": float(count)}},
        }
    )


def status(stream: str, word: str, reasons: Sequence[dict[str, Any]] = ()) -> None:
    """Write that a stream is STARTED, RUNNING, COMPLETE or INCOMPLETE."""
    body: dict[str, Any] = {"stream_descriptor": {"name": stream}, "status": word}
    if reasons:
        body["reasons"] = list(reasons)
    _trace({"type": "STREAM_STATUS", "stream_status": body})


def trace_error(message: str, failure: str, stream: str | None = None) -> None:
    """Write an error that a person can act on; `failure` is config_error, transient_error or system_error."""
    body: dict[str, Any] = {"message": message, "failure_type": failure}
    if stream is not None:
        body["stream_descriptor"] = {"name": stream}
    _trace({"type": "ERROR", "error": body})


def trace_bug(error: Exception) -> None:
    """Write an error that nobody foresaw: its type and where it arose; its text may hold a record's values."""
    import traceback

    # Frames only: the error's own text may quote a record.
    lines = "".join(traceback.format_tb(error.__traceback__))
    message = f"{type(error).__name__}: this is a fault of commercetools-source; please report it with the stack trace"
    _trace({"type": "ERROR", "error": {"message": message, "failure_type": "system_error", "stack_trace": lines}})


def estimate(stream: str, rows: int) -> None:
    """Write about how many records a stream will bring."""
    # https://docs.airbyte.com/understanding-airbyte/airbyte-protocol#airbytetracemessage
    _trace({"type": "ESTIMATE", "estimate": {"type": "STREAM", "name": stream, "row_estimate": rows}})


def connection_status(problem: str | None) -> None:
    """Write whether a connection can be made; `problem` says why not."""
    body = {"status": "SUCCEEDED"} if problem is None else {"status": "FAILED", "message": problem}
    send({"type": "CONNECTION_STATUS", "connectionStatus": body})


def log(level: int, message: str) -> None:
    """Write a LOG line of a level of Python's logging."""
    send({"type": "LOG", "log": {"level": _LEVELS.get(level, "INFO"), "message": message}})


def failure_type(cause: type[BaseException]) -> str:
    """Return who has to act on an error of this type: the one who configures, nobody but time, or who develops."""
    from commercetools_source import errors

    if issubclass(cause, (errors.ConfigError, errors.AuthenticationError, errors.ForbiddenError, errors.StateError)):
        return "config_error"
    # Airbyte repeats a transient error by itself, and shows a config_error at once.
    if issubclass(cause, (errors.NetworkError, errors.RateLimitError, errors.ServerError)):
        return "transient_error"
    return "config_error" if issubclass(cause, errors.NotFoundError) else "system_error"


def _trace(body: dict[str, Any]) -> None:
    send({"type": "TRACE", "trace": {**body, "emitted_at": float(_milliseconds())}})


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
