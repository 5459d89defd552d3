"""What happens during a run, as frozen values handed to one hook.

The library never prints and never configures logging; a front-end passes a `Hook` and turns events
into progress bars, log lines or metrics. No event carries a secret, a query value or a record: `message()` is one
sentence for people, without a line break, and `level` its weight as in Python's `logging`. `log` is the hook that
writes there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from commercetools_source.errors import printable

__all__ = [
    "DeletesMarked",
    "DeletesUnseen",
    "Event",
    "Hook",
    "Notice",
    "PageRead",
    "PhaseBegan",
    "RecordQuarantined",
    "RequestDone",
    "RetryScheduled",
    "RowsWritten",
    "RunPhase",
    "StreamFailed",
    "StreamFinished",
    "StreamStarted",
    "TokenFetched",
    "counted",
    "first_of",
    "ignore",
    "log",
    "seconds_text",
]

RunPhase = Literal["deletions", "reading", "storing", "checkpoint"]
"""What a run does at a time, in this order; storing and reading take turns."""

_PHASES: dict[RunPhase, str] = {
    "deletions": "looking for deletions",
    "reading": "reading",
    "storing": "storing",
    "checkpoint": "closing the destination",
}
_LOGGER = logging.getLogger("commercetools_source")
_LONG_WAIT = 5.0
"""Seconds of waiting that a person would notice; the platform's own limits let most waits end sooner."""
# Room for an error of the platform with its detail; a whole record must not become a line.
_LONGEST_MESSAGE = 2000


def _line(text: str) -> str:
    """Return `text` without what could forge a line of a log: a server's words may be in it."""
    return printable(text, _LONGEST_MESSAGE)


@dataclass(frozen=True, slots=True)
class TokenFetched:
    """A new access token is in force for `expires_in` seconds; None: the server did not say how long."""

    expires_in: float | None
    # Of the class: it costs an event no memory, and two events are compared without it.
    level: ClassVar[int] = logging.DEBUG

    def message(self) -> str:
        """Return the event as a sentence."""
        lifetime = "" if self.expires_in is None else f" for {seconds_text(self.expires_in)}"
        return f"a new access token is in force{lifetime}"


@dataclass(frozen=True, slots=True)
class RequestDone:
    """One HTTP exchange ended with `status` after `seconds`; `size` counts body bytes after inflating."""

    method: str
    # Without its query: a predicate may hold an e-mail address or a customer's number.
    path: str
    status: int
    seconds: float
    size: int
    level: ClassVar[int] = logging.DEBUG

    def message(self) -> str:
        """Return the event as a sentence."""
        size, seconds = counted(self.size, "byte"), seconds_text(self.seconds)
        return _line(f"{self.method} {self.path}: {self.status}, {size} in {seconds}")


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """The request is repeated in `delay` seconds; `reason` is a status or the kind of network fault."""

    method: str
    path: str
    reason: str
    delay: float
    attempt: int

    @property
    def level(self) -> int:
        """How much it matters: a long wait more than a short one."""
        # A short wait is how the platform slows clients down, and no reason for anybody to act.
        return logging.WARNING if self.delay >= _LONG_WAIT else logging.INFO

    def message(self) -> str:
        """Return the event as a sentence."""
        wait = seconds_text(self.delay)
        return _line(f"{self.method} {self.path} is repeated in {wait}: {self.reason} (attempt {self.attempt})")


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """Reading of `stream` begins, from its start (`full`), from its cursor, or where a run was cut off.

    `total`: the records that the platform counts; None where it was not asked.
    """

    stream: str
    mode: Literal["full", "incremental", "resumed"]
    total: int | None = None
    level: ClassVar[int] = logging.INFO

    def message(self) -> str:
        """Return the event as a sentence."""
        return f"{self.stream}: {self.mode} read begins"


@dataclass(frozen=True, slots=True)
class PhaseBegan:
    """The run goes on with another `phase`; `stream`: what is being stored, with its relations, "" in other phases."""

    phase: RunPhase
    stream: str = ""
    level: ClassVar[int] = logging.DEBUG

    def message(self) -> str:
        """Return the event as a sentence."""
        return f"{_PHASES[self.phase]} {self.stream}".rstrip()


@dataclass(frozen=True, slots=True)
class PageRead:
    """One page of `records` records (`size` bytes) arrived."""

    stream: str
    records: int
    size: int
    level: ClassVar[int] = logging.DEBUG

    def message(self) -> str:
        """Return the event as a sentence."""
        return f"{self.stream}: a page of {counted(self.records, 'record')}, {counted(self.size, 'byte')}"


@dataclass(frozen=True, slots=True)
class RowsWritten:
    """`records` records and the checkpoint that follows them are safely stored."""

    stream: str
    records: int
    level: ClassVar[int] = logging.DEBUG

    def message(self) -> str:
        """Return the event as a sentence."""
        return f"{self.stream}: {counted(self.records, 'record')} stored"


@dataclass(frozen=True, slots=True)
class RecordQuarantined:
    """The platform cannot serve one record, even alone; it comes after `position`. `records`: so many in a row."""

    stream: str
    position: str
    reason: str
    records: int = 1
    # An error though the run goes on: nobody else would tell that this record is missing.
    level: ClassVar[int] = logging.ERROR

    def message(self) -> str:
        """Return the event as a sentence."""
        which = "the record" if self.records == 1 else counted(self.records, "record")
        return _line(f"{self.stream}: {which} after {self.position} cannot be read: {self.reason}")


@dataclass(frozen=True, slots=True)
class StreamFinished:
    """`stream` is complete up to the run's bound; `records` were delivered in this run."""

    stream: str
    records: int
    seconds: float
    level: ClassVar[int] = logging.INFO

    def message(self) -> str:
        """Return the event as a sentence."""
        return f"{self.stream}: {counted(self.records, 'record')} in {seconds_text(self.seconds)}"


@dataclass(frozen=True, slots=True)
class StreamFailed:
    """`stream` is not complete; `reason` is one line that says what to do. `stopped`: somebody ended the run early."""

    stream: str
    reason: str
    stopped: bool = False

    @property
    def level(self) -> int:
        """How much it matters: an end that somebody asked for is no failure."""
        return logging.INFO if self.stopped else logging.ERROR

    def message(self) -> str:
        """Return the event as a sentence."""
        return _line(f"{self.stream}: {'' if self.stopped else 'failed: '}{self.reason}")


@dataclass(frozen=True, slots=True)
class DeletesMarked:
    """Messages told that `rows` rows of `stream`, held until now, were deleted; they are marked."""

    stream: str
    rows: int
    level: ClassVar[int] = logging.INFO

    def message(self) -> str:
        """Return the event as a sentence."""
        return f"{self.stream}: {counted(self.rows, 'record')} deleted on the platform"


@dataclass(frozen=True, slots=True)
class DeletesUnseen:
    """Messages could not be read, so deletions were not looked for; `reason` says what to do."""

    reason: str
    # What was read is complete, only rows that the platform deleted stay: a warning, and no error.
    level: ClassVar[int] = logging.WARNING

    def message(self) -> str:
        """Return the event as a sentence."""
        return _line(self.reason)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the data that a person should know; `about`: a stream or relation.

    `lacking`: something may be missing although the run is complete.
    """

    about: str
    reason: str
    lacking: bool = False
    level: ClassVar[int] = logging.WARNING

    def message(self) -> str:
        """Return the event as a sentence."""
        return _line(f"{self.about}: {self.reason}")


# A union and no base class: mypy tells a hook which of them it forgets
# (https://typing.python.org/en/latest/guides/unreachable.html).
Event = (
    TokenFetched
    | RequestDone
    | RetryScheduled
    | PhaseBegan
    | StreamStarted
    | PageRead
    | RowsWritten
    | RecordQuarantined
    | StreamFinished
    | StreamFailed
    | DeletesMarked
    | DeletesUnseen
    | Notice
)
Hook = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Do nothing: the hook when nobody listens."""


def log(event: Event) -> None:
    """Write an event to the logger `commercetools_source`, with its level: a hook for programs that use `logging`.

    The event itself is the record's `event`. Handlers are the program's.
    """
    # As an argument: in the place of the format a percent sign in it would be one of a format.
    _LOGGER.log(event.level, "%s", event.message(), extra={"event": event})


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 record`, `1,234 records`, `2 retries`."""
    if number == 1:
        return f"1 {noun}"
    changes_y = noun.endswith("y") and noun[-2:-1] not in tuple("aeiou")  # retries, but keys
    return f"{number:,} {noun[:-1]}ies" if changes_y else f"{number:,} {noun}s"


def first_of(names: Sequence[str], most: int) -> str:
    """Return names as a text, of more than `most` the first ones and how many others there are."""
    others = f" and {len(names) - most} others" if len(names) > most else ""
    return f"{', '.join(names[:most])}{others}"


def seconds_text(seconds: float) -> str:
    """Return a duration for people: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 9.95:  # noqa: PLR2004 - below, tenths matter
        return f"{seconds:.1f} s"
    # Rounded before it is divided: 59.96 s are 1 min 0 s, and not 60 s.
    minutes, seconds = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{seconds} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
