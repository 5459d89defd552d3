"""Lines of a log: what happens as text or JSON with time and level, by Python's `logging`."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal, TextIO

from commercetools_source.catalog.timestamps import instant
from commercetools_source.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FORMATS", "LOGGER", "LogFormat", "formatter", "logging_to"]

LogFormat = Literal["text", "json"]
FORMATS: tuple[LogFormat, ...] = ("text", "json")
LOGGER = logging.getLogger("commercetools_source")
_LONGEST = 5000


class _Text(logging.Formatter):
    """Lines such as `2026-01-31T00:00:00.000Z WARNING orders: ...`."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{_time(record)} {record.levelname} {printable(record.getMessage(), _LONGEST)}"


class _Json(logging.Formatter):
    """One JSON object a line: `time`, `level`, `message`; of an event also its name, `event`, and its fields.

    The first line about a run that has ended has all its figures as `run`.
    """

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {"time": _time(record), "level": record.levelname, "message": record.getMessage()}
        event = getattr(record, "event", None)
        if event is not None:
            fields |= {"event": type(event).__name__, **asdict(event)}
        if (run := getattr(record, "run", None)) is not None:
            fields["run"] = run
        # ASCII alone, whatever encoding the terminal or the collector has; a line break in a text is escaped.
        return json.dumps(fields)


def formatter(log_format: LogFormat) -> logging.Formatter:
    """Return what writes a record of the log as one line."""
    return _Json() if log_format == "json" else _Text()


@contextmanager
def logging_to(out: TextIO, log_format: LogFormat) -> Iterator[None]:
    """Write what the package logs to `out` while the block runs, and to no other handler."""
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter(log_format))
    # Put back afterwards: a program may have set them before it ran a command in its process.
    before = LOGGER.level, LOGGER.propagate
    LOGGER.addHandler(handler)
    # Of the lines the front-end chooses; a level here would hide what it chose to show.
    LOGGER.setLevel(logging.DEBUG)
    # Handlers of the root logger would write each line a second time.
    LOGGER.propagate = False
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.level, LOGGER.propagate = before


def _time(record: logging.LogRecord) -> str:
    return instant(datetime.fromtimestamp(record.created, timezone.utc))
