"""The counts of one run, fed by its events: what every report and display of it shows.

It knows events only: neither the engine nor what a stream is.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from commercetools_source.events import (
    Event,
    PageRead,
    PhaseBegan,
    RequestDone,
    RetryScheduled,
    RowsWritten,
    StreamFailed,
    StreamFinished,
    StreamStarted,
)
from commercetools_source.http.forks import PerProcess

if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["Tally"]


@dataclass(slots=True)
class _Row:
    total: int | None = None
    read: int = 0
    written: int = 0
    finished: bool = False


@dataclass(slots=True)
class Tally:
    """Counts of one run, safe to feed from several threads; `echo` receives each event after it was counted."""

    echo: Callable[[Event], None] | None = None
    # A field, so that a test moves the clock in place of waiting.
    now: Callable[[], float] = time.monotonic
    requests: int = 0
    retries: int = 0
    records: int = 0
    size: int = 0
    phase: PhaseBegan = field(default_factory=lambda: PhaseBegan("reading"))
    streams: dict[str, _Row] = field(default_factory=dict)
    began: float = 0.0
    # Anew in a forked process: a lock that was held when it was copied would never be free there.
    _lock: PerProcess[threading.Lock] = field(default_factory=lambda: PerProcess(threading.Lock))

    def __post_init__(self) -> None:
        self.began = self.now()

    def __call__(self, event: Event) -> None:
        """Count an event, then pass it on."""
        with self._lock.get():
            self._count(event)
        # Outside the lock: what is drawn may be slow, and readers wait for the lock.
        if self.echo is not None:
            self.echo(event)

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return self.now() - self.began

    def counted(self) -> tuple[int, int, int | None]:
        """Return the records read of streams that were counted, those that these have, and those of all streams.

        A stream that has more than was counted has what was read of it. The last is None where none was counted.
        """
        with self._lock.get():
            rows = [row for row in self.streams.values() if row.total is not None]
        read = sum(row.read for row in rows)
        total = sum(max(row.total or 0, row.read) for row in rows)
        return read, total, self.records - read + total if rows else None

    def of_total(self, stream: str) -> str:
        """Return how many records a stream has in all, as words that follow those that were read; "": not known."""
        total = self.streams[stream].total
        return "" if total is None else f" of {total:,}"

    def seconds_left(self) -> float | None:
        """Return for how long reading goes on as fast as until now; None where too little is known for that."""
        read, total, _ = self.counted()
        # Nothing read says nothing about speed, and a total that is reached leaves nothing to wait for.
        return None if read in {0, total} else self.seconds * (total - read) / read

    def under_way(self) -> list[tuple[str, int]]:
        """Return each unfinished stream of which something was read, with its records, most first."""
        with self._lock.get():
            rows = [(name, row.read) for name, row in self.streams.items() if row.read and not row.finished]
        return sorted(rows, key=lambda row: -row[1])

    def finished(self) -> int:
        """Return how many streams have ended, well or not."""
        with self._lock.get():
            return sum(row.finished for row in self.streams.values())

    def _count(self, event: Event) -> None:
        if isinstance(event, RequestDone):
            self.requests += 1
            self.size += event.size
        elif isinstance(event, RetryScheduled):
            self.retries += 1
        elif isinstance(event, PhaseBegan):
            self.phase = event
        elif isinstance(event, (StreamStarted, PageRead, RowsWritten, StreamFinished, StreamFailed)):
            row = self.streams.setdefault(event.stream, _Row())
            if isinstance(event, StreamStarted):
                row.total = event.total
            elif isinstance(event, PageRead):
                row.read += event.records
                self.records += event.records
            elif isinstance(event, RowsWritten):
                row.written += event.records
            row.finished = isinstance(event, (StreamFinished, StreamFailed))
