"""Reading many streams at once: the caller's side.

Workers fetch pages (`workers`, `tasks`); the caller's thread turns them into deliveries in the order they
arrived, each with the state that is true once it is stored. Memory is bounded: no page is fetched while
too many bytes wait to be looked at.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from commercetools_source.errors import CommercetoolsError
from commercetools_source.events import (
    Hook,
    Notice,
    PageRead,
    RecordQuarantined,
    StreamFailed,
    StreamFinished,
    StreamStarted,
    counted,
    ignore,
)
from commercetools_source.extract.advice import reason_of
from commercetools_source.extract.checkpoint import StreamState, finish, fits
from commercetools_source.extract.delivery import Delivery, Phase
from commercetools_source.extract.keyset import begins_after
from commercetools_source.extract.selection import Selection, clock_notice, mode_of, resumption_notice, retention_notice
from commercetools_source.extract.tasks import Task, TaskQueue
from commercetools_source.extract.workers import Reader, Threads, Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.keyset import KeyRange
    from commercetools_source.extract.limits import Limits
    from commercetools_source.extract.paging import Get, Page, Quarantine
    from commercetools_source.extract.tasks import Result

__all__ = ["Extraction", "Outcome"]

_RECORD_BYTES = 512
"""What a record takes beside its text once a destination has decoded it; small ones are mostly that."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How reading one stream ended: `records` delivered, and what went wrong, in words that say what to do.

    `stopped`: nothing went wrong, but the run was ended before this stream was complete. `cause`: the type of what was
    raised, from which a front-end tells who has to act; not the error itself, whose frames hold more than its text.
    """

    stream: str
    mode: str
    records: int
    seconds: float
    error: str | None = None
    quarantined: int = 0
    stopped: bool = False
    cause: type[BaseException] | None = None

    @property
    def complete(self) -> bool:
        """Whether every record was delivered."""
        return self.error is None and not self.quarantined

    @property
    def lack(self) -> str | None:
        """Why it is not complete; None if it is."""
        left_out = f"{counted(self.quarantined, 'record')} left out, which the platform could not serve"
        reasons = [self.error, left_out if self.quarantined else None]
        return "; ".join(filter(None, reasons)) or None


@dataclass(slots=True)
class _StreamRun:
    """One stream under way; `buffer` waits to be delivered."""

    stream: Stream
    stored: StreamState
    mode: str
    started: float
    state: StreamState = field(default_factory=StreamState)
    # A dict for its order: the state then lists the ranges as they are read, and two runs alike store equal texts.
    ranges: dict[KeyRange, None] = field(default_factory=dict)
    buffer: list[Page] = field(default_factory=list)
    size: int = 0
    weight: int = 0
    buffered_since: float = 0.0
    records: int = 0
    unconfirmed: int = 0
    emitted: bool = False
    quarantined: int = 0
    error: str | None = None
    cause: type[BaseException] | None = None
    unwritable: bool = False


class Extraction:
    """One run over several streams. Iterate over `deliveries()` once; `outcomes` tells how each stream ended."""

    def __init__(  # noqa: PLR0913 - what a run reads, how fast, and who watches
        self,
        get: Get,
        streams: Iterable[Stream],
        states: Mapping[str, StreamState],
        selection: Selection,
        limits: Limits,
        hook: Hook = ignore,
        *,
        now: Callable[[], float] = time.monotonic,
        workers: Workers | None = None,
        totals: bool = False,
    ) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._streams = tuple(streams)
        self._states = states
        self._selection = selection
        self._limits = limits
        self._hook = hook
        self._now = now
        self._runs: dict[str, _StreamRun] = {}
        self._tasks = TaskQueue(limits)
        self._reader = Reader(get, selection, limits.page_size, totals=totals)
        self._workers = workers or Threads(limits.workers)
        self._process = 0

    def deliveries(self) -> Iterator[Delivery]:
        """Yield what is read, until every stream is complete or has failed, or `stop` was called.

        A delivery counts as stored when the next one is asked for, unless `fail` was called for its
        stream. Closing the iterator stops the run. Raises CommercetoolsError in a process that was forked
        from the run's own: it has none of the workers.
        """
        self._process = os.getpid()
        end = self._now() + self._limits.seconds
        for stream in self._streams:
            stored = self._states.get(stream.name, StreamState())
            mode = mode_of(stream, stored, self._selection)
            # The mode is fixed before the first request, so that a stream which fails at once is reported with it
            # too.
            self._runs[stream.name] = _StreamRun(stream, stored, mode, self._now())
            self._tasks.begin(Task(stream, stored, None, self._limits.page_size))
        if self._now() < end:
            # Without any time to read in, no request is sent at all; the streams end as stopped.
            self._workers.start(self._tasks, self._reader)
        try:
            while len(self.outcomes) < len(self._runs) and not self._tasks.stopped:
                self._refuse_forks()
                if self._now() >= end:
                    self.stop()
                else:
                    # Woken at least once a second, so that the time given to the run is kept while nothing arrives.
                    yield from self._round(self._workers.next_result(min(1.0, self._limits.batch_seconds)))
            # What was read before a stop is paid for: it is delivered, and the next run begins behind it.
            yield from self._deliver_buffered()
        finally:
            self.stop()

    def stop(self) -> None:
        """End the run soon: no more requests are started, what was read is still delivered. Any thread may call it.

        A process that was forked from the run's own has nothing to end.
        """
        if self._process in {0, os.getpid()}:  # elsewhere a thread that is not there may hold the lock
            self._tasks.stop()

    def fail(self, stream: Stream, error: BaseException) -> None:
        """End `stream` because its last delivery could not be stored, and let the other streams go on.

        To be called before the next delivery is asked for.
        """
        run = self._runs[stream.name]
        run.error, run.cause = reason_of(error, stream, "write"), type(error)
        run.unwritable = True
        # The last delivery was counted when it was handed over, and turned out not to be stored.
        run.records -= run.unconfirmed
        run.buffer, run.size, run.weight = [], 0, 0
        self._tasks.fail(stream)

    def _refuse_forks(self) -> None:
        if self._process != os.getpid():
            raise CommercetoolsError(
                f"process {self._process} began this run, and process {os.getpid()}, forked from it, cannot go on with"
                " it; begin a run of its own there"
            )

    def _round(self, result: Result | None) -> Iterator[Delivery]:
        """Handle one result, or notice that none came for a while; yield what is due."""
        if result is not None:
            self._handle(result)
            # The last result may come without a page; what was buffered before it ends the stream.
            if result.last:
                yield from self._end(self._runs[result.task.stream.name])
        for run in self._due():
            if run.buffer:  # nobody failed it meanwhile
                yield self._delivery(run)

    def _deliver_buffered(self) -> Iterator[Delivery]:
        """Yield what was read before the run was stopped."""
        while (result := self._tasks.next_result(0.0)) is not None:
            yield from self._round(result)
        for run in self._runs.values():
            if run.stream.name not in self.outcomes:
                if run.buffer:
                    yield self._delivery(run)
                # A stream that had failed stays failed: the stop is not what a person has to know of it.
                stopped = run.error is None
                run.error = run.error or "stopped before it was complete; the next run goes on from there"
                self._conclude(run, stopped=stopped)

    def _handle(self, result: Result) -> None:
        run = self._runs[result.task.stream.name]
        if result.state is not None:
            self._plan(run, result.state, result.total)
        elif result.task.key_range is not None and result.error is None:
            # A range leaves the state only with its page in the buffer: a delivery takes both, so that no state is
            # ahead of its rows.
            run.ranges.pop(result.task.key_range, None)
            run.ranges.update(dict.fromkeys(result.ranges))
        if result.error is not None:
            if not isinstance(result.error, Exception):  # an interrupt is not the stream's
                raise result.error
            if run.error is None:
                run.error, run.cause = reason_of(result.error, run.stream, "read"), type(result.error)
        if result.quarantine is not None:
            self._quarantine(run, result.quarantine)
        if result.page is not None:
            self._buffer(run, result.page)
            self._tasks.release(result.page.size)

    def _plan(self, run: _StreamRun, state: StreamState, total: int | None) -> None:
        run.state = state
        run.ranges = dict.fromkeys(state.ranges)
        mode = mode_of(run.stream, run.stored, self._selection)
        # What the run that was cut off left out is not in the ranges that are left of it.
        run.quarantined = len(state.quarantined) if mode == "resumed" else 0
        self._hook(StreamStarted(run.stream.name, mode, total))
        # A resumed read keeps its own bound, to which the clocks of this run say nothing.
        for notice in (resumption_notice,) if mode == "resumed" else (clock_notice, retention_notice):
            if reason := notice(run.stream, run.stored, self._selection):
                self._hook(Notice(run.stream.name, reason, lacking=True))

    def _buffer(self, run: _StreamRun, page: Page) -> None:
        self._hook(PageRead(run.stream.name, len(page.records), page.size))
        # Pages of this stream that were under way when its delivery failed: nobody stores them, so none is kept.
        if run.unwritable:
            return
        if not run.buffer:
            run.buffered_since = self._now()
        run.buffer.append(page)
        run.size += page.size
        run.weight += page.size + _RECORD_BYTES * len(page.records)

    def _quarantine(self, run: _StreamRun, quarantine: Quarantine) -> None:
        key_range = quarantine.key_range
        run.quarantined += quarantine.records
        run.state = replace(run.state, quarantined=(*run.state.quarantined, key_range))
        # What a person can look for in the shop: the record before it, as its own key cannot be read.
        position = begins_after(key_range)
        self._hook(RecordQuarantined(run.stream.name, position, str(quarantine.error), quarantine.records))

    def _due(self) -> list[_StreamRun]:
        """Return the streams whose buffers should be delivered now."""
        buffered = [run for run in self._runs.values() if run.buffer]
        # A slow stream is delivered by age too, so that a run which is cut off loses seconds and not an hour.
        late = self._now() - self._limits.batch_seconds
        due = [run for run in buffered if run.weight >= self._limits.batch_bytes or run.buffered_since <= late]
        if not due and sum(run.size for run in buffered) >= self._limits.most_held:
            # Many streams with half a batch each fill the memory together: the largest gives way first.
            due = [max(buffered, key=lambda run: run.size)]
        return due

    def _end(self, run: _StreamRun) -> Iterator[Delivery]:
        """Yield what is left of a stream whose last task is done, and end it or begin its next read."""
        if run.error is None:
            yield self._delivery(run, done=True)
            if run.error is None and self._begin_incremental(run):
                return
        elif run.buffer:
            # Of a stream that failed, too: what came before the fault is stored and need not be read again.
            yield self._delivery(run)
        self._conclude(run)

    def _begin_incremental(self, run: _StreamRun) -> bool:
        """Begin the incremental read behind a resumed one, which ended at the bound of the run that was cut off."""
        state = run.state
        # Only a read that was cut off ended at an old bound; every other one is complete with its own.
        if run.stored.mode is None or run.mode != "resumed" or run.stream.cursor is None:
            return False
        # The other run ended where this one does: nothing lies between, and only what was left out is read again.
        if state.cursor is None or (state.cursor == self._selection.bound and not state.quarantined):
            return False
        # The second read is planned as if a run had just begun; its start is the bound of the run that was cut off.
        run.stored = state
        self._tasks.begin(Task(run.stream, state, None, self._limits.page_size))
        return True

    def _conclude(self, run: _StreamRun, *, stopped: bool = False) -> None:
        name, seconds = run.stream.name, self._now() - run.started
        self.outcomes[name] = Outcome(
            name, run.mode, run.records, seconds, run.error, run.quarantined, stopped=stopped, cause=run.cause
        )
        if run.error is None:
            self._hook(StreamFinished(name, run.records, seconds))
        else:
            self._hook(StreamFailed(name, run.error, stopped))

    def _delivery(self, run: _StreamRun, *, done: bool = False) -> Delivery:
        """Return what is buffered as a delivery, with the state that is true once it is stored."""
        pages, size = run.buffer, run.size
        run.buffer, run.size, run.weight = [], 0, 0
        state = replace(run.state, ranges=tuple(run.ranges))
        phase = Phase.of(full=state.mode == "full", first=not run.emitted and run.mode != "resumed", last=done)
        # The first delivery of a full read starts the table over; a resumed read adds to what is loaded already.
        run.emitted = True
        # Beside rows of another part, or of no known one, the state would be untrue.
        clears = not run.quarantined or not fits(run.stored, state)
        if done:
            state = run.state = finish(state)
        records = [record for page in pages for record in page.records]
        run.records += len(records)
        run.unconfirmed = len(records)
        return Delivery(run.stream, records, size, state, phase, clears=clears)
