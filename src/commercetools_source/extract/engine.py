"""Reading many streams at once: the only place with threads.

Workers fetch pages; the caller's thread turns them into deliveries in the order they arrived, each
with the state that is true once it is stored. Memory is bounded: no page is fetched while too many
bytes wait to be taken.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from commercetools_source.catalog.scopes import scope_advice
from commercetools_source.errors import ApiError, CommercetoolsError, ForbiddenError, NotFoundError
from commercetools_source.events import (
    Hook,
    PageRead,
    RecordQuarantined,
    StreamFailed,
    StreamFinished,
    StreamStarted,
    ignore,
)
from commercetools_source.extract import paging
from commercetools_source.extract.checkpoint import StreamState, finish
from commercetools_source.extract.delivery import Delivery
from commercetools_source.extract.parents import parents_of
from commercetools_source.extract.records import position_of
from commercetools_source.extract.selection import Selection, mode_of, needs_parents, started
from commercetools_source.extract.windows import pages_left, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from commercetools_source.catalog.streams import Stream
    from commercetools_source.extract.keyset import KeyRange
    from commercetools_source.extract.limits import Limits

__all__ = ["Extraction", "Outcome"]

_RECORD_BYTES = 512
"""What a record takes beside its text once a destination has decoded it; small ones are mostly that."""
_CLOSED_PARENT = frozenset({"AssociateMissingPermission"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """How reading one stream ended: `records` delivered, and what went wrong, in words that say what to do.

    `stopped`: nothing went wrong, but the run was ended before this stream was complete.
    """

    stream: str
    mode: str
    records: int
    seconds: float
    error: str | None = None
    quarantined: int = 0
    stopped: bool = False

    @property
    def complete(self) -> bool:
        """Whether every record was delivered."""
        return self.error is None and not self.quarantined


@dataclass(slots=True)
class _StreamRun:
    """One stream under way. `tasks` and `stopped` belong to the workers' lock, the rest to the caller's thread."""

    stream: Stream
    stored: StreamState
    mode: str
    begun: float
    tasks: int = 0
    stopped: bool = False
    state: StreamState = field(default_factory=StreamState)
    ranges: dict[KeyRange, None] = field(default_factory=dict)
    buffer: list[paging.Page] = field(default_factory=list)
    size: int = 0
    weight: int = 0
    touched: float = 0.0
    records: int = 0
    opened: bool = False
    quarantined: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    """Read the next page of `key_range`, `limit` records at most; without a range, plan the stream."""

    reading: _StreamRun
    key_range: KeyRange | None
    limit: int


@dataclass(frozen=True, slots=True)
class _Result:
    """What a worker did: `before` was replaced by `after`; `state` is there if the stream was planned."""

    reading: _StreamRun
    limit: int = 0
    state: StreamState | None = None
    page: paging.Page | None = None
    before: KeyRange | None = None
    after: tuple[KeyRange, ...] = ()
    quarantine: paging.Quarantine | None = None
    error: BaseException | None = None
    last: bool = False


class Extraction:
    """One run over several streams. Iterate over `deliveries()` once; `outcomes` tells how each stream ended."""

    def __init__(
        self,
        get: paging.Get,
        streams: Iterable[Stream],
        states: Mapping[str, StreamState],
        selection: Selection,
        limits: Limits,
        hook: Hook = ignore,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._get = get
        self._streams = tuple(streams)
        self._states = states
        self._selection = selection
        self._limits = limits
        self._hook = hook
        self._now = now
        self._readings: list[_StreamRun] = []
        self._results: queue.SimpleQueue[_Result] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._tasks: deque[_Task] = deque()
        self._idle = 0
        self._ahead = 0
        self._stopped = False
        self._process = 0

    def deliveries(self) -> Iterator[Delivery]:
        """Yield what is read, until every stream is complete or has failed, or `stop` was called.

        A delivery counts as taken when the next one is asked for. Closing the iterator stops the run. Raises
        CommercetoolsError in a process that was forked from the run's own: it has none of the workers.
        """
        self._process = os.getpid()
        end = self._now() + self._limits.seconds
        for stream in self._streams:
            self._open(stream)
        if self._now() < end:
            self._employ()
        try:
            while len(self.outcomes) < len(self._readings) and not self._stopped:
                self._refuse_forks()
                if self._now() >= end:
                    self.stop()
                else:
                    yield from self._round(min(1.0, self._limits.batch_seconds))
            yield from self._leave()
        finally:
            self.stop()

    def stop(self) -> None:
        """End the run soon: no more requests are started, what was read is still delivered. Any thread may call it.

        A process that was forked from the run's own has nothing to end.
        """
        if self._process not in {0, os.getpid()}:
            return  # a thread that is not here may hold the lock
        with self._changed:
            self._stopped = True
            self._tasks.clear()
            self._changed.notify_all()

    # --- the caller's thread ---

    def _refuse_forks(self) -> None:
        if self._process != os.getpid():
            raise CommercetoolsError(
                f"process {self._process} began this run, and process {os.getpid()}, forked from it, cannot go on with"
                " it; begin a run of its own there"
            )

    def _open(self, stream: Stream) -> None:
        stored = self._states.get(stream.name, StreamState())
        reading = _StreamRun(stream, stored, mode_of(stream, stored, self._selection), self._now())
        self._readings.append(reading)
        self._schedule(reading)

    def _schedule(self, reading: _StreamRun) -> None:
        with self._changed:
            reading.tasks = 1
            self._tasks.append(_Task(reading, None, self._limits.page_size))
            self._changed.notify()

    def _round(self, patience: float) -> Iterator[Delivery]:
        """Take one result, or notice that none came for a while; yield what is ready to be handed over."""
        result = self._next_result(patience)
        if result is not None:
            self._take(result)
            if result.last:
                yield from self._close(result.reading)
        for reading in self._ripe():
            yield self._hand_over(reading)

    def _leave(self) -> Iterator[Delivery]:
        """Hand over what was read before the run was stopped."""
        while not self._results.empty():
            yield from self._round(0.0)
        for reading in self._readings:
            if reading.stream.name not in self.outcomes:
                if reading.buffer:
                    yield self._hand_over(reading)
                stopped = reading.error is None
                reading.error = reading.error or "stopped before it was complete; the next run goes on from here"
                self._conclude(reading, stopped=stopped)

    def _take(self, result: _Result) -> None:
        reading = result.reading
        if result.state is not None:
            reading.state = result.state
            reading.ranges = dict.fromkeys(result.state.ranges)
            self._hook(StreamStarted(reading.stream.name, mode_of(reading.stream, reading.stored, self._selection)))
        if result.error is not None:
            if not isinstance(result.error, CommercetoolsError):
                raise result.error
            reading.error = reading.error or _advice(result.error, reading.stream)
        if result.before is not None:
            reading.ranges.pop(result.before, None)
            reading.ranges.update(dict.fromkeys(result.after))
        if result.quarantine is not None:
            self._quarantine(reading, result.quarantine)
        if result.page is not None:
            self._keep(reading, result.page)
            with self._changed:
                self._ahead -= result.page.size
                self._changed.notify(len(self._tasks))

    def _keep(self, reading: _StreamRun, page: paging.Page) -> None:
        if not reading.buffer:
            reading.touched = self._now()
        reading.buffer.append(page)
        reading.size += page.size
        reading.weight += page.size + _RECORD_BYTES * len(page.records)
        self._hook(PageRead(reading.stream.name, len(page.records), page.size))

    def _quarantine(self, reading: _StreamRun, quarantine: paging.Quarantine) -> None:
        key_range = quarantine.key_range
        reading.quarantined += 1
        reading.state = replace(reading.state, quarantined=(*reading.state.quarantined, key_range))
        position = key_range.after.value if key_range.after is not None else key_range.lower or "the start"
        self._hook(RecordQuarantined(reading.stream.name, position, str(quarantine.error)))

    def _ripe(self) -> list[_StreamRun]:
        """Return the streams whose buffers should be handed over now."""
        held = [reading for reading in self._readings if reading.buffer]
        late = self._now() - self._limits.batch_seconds
        ripe = [one for one in held if one.weight >= self._limits.batch_bytes or one.touched <= late]
        if not ripe and sum(one.size for one in held) >= self._limits.most_held:
            ripe = [max(held, key=lambda one: one.size)]
        return ripe

    def _close(self, reading: _StreamRun) -> Iterator[Delivery]:
        """Hand over the end of a stream whose last task is done."""
        if reading.error is None:
            yield self._hand_over(reading, done=True)
            if self._goes_on(reading):
                return
        elif reading.buffer:
            yield self._hand_over(reading)
        self._conclude(reading)

    def _goes_on(self, reading: _StreamRun) -> bool:
        """Start the incremental read behind a resumed one, which ended at the bound of the run that was cut off."""
        state = reading.state
        if reading.stored.mode is None or reading.mode != "resumed" or reading.stream.cursor is None:
            return False
        if state.cursor is None or state.cursor >= self._selection.bound:
            return False
        reading.stored = state
        self._schedule(reading)
        return True

    def _conclude(self, reading: _StreamRun, *, stopped: bool = False) -> None:
        name, seconds = reading.stream.name, self._now() - reading.begun
        self.outcomes[name] = Outcome(
            name, reading.mode, reading.records, seconds, reading.error, reading.quarantined, stopped
        )
        if reading.error is None:
            self._hook(StreamFinished(name, reading.records, seconds))
        else:
            self._hook(StreamFailed(name, reading.error))

    def _hand_over(self, reading: _StreamRun, *, done: bool = False) -> Delivery:
        pages, size = reading.buffer, reading.size
        reading.buffer, reading.size, reading.weight = [], 0, 0
        state = replace(reading.state, ranges=tuple(reading.ranges))
        replaces = state.mode == "full"
        first = replaces and not reading.opened and reading.mode != "resumed"
        reading.opened = True
        if done:
            state = reading.state = finish(state)
        records = [record for page in pages for record in page.records]
        reading.records += len(records)
        return Delivery(reading.stream, records, size, state, replaces=replaces, first=first, done=done)

    # --- the workers ---

    def _employ(self) -> None:
        """Start the workers. A simulation that replaces this and `_next_result` runs without threads."""
        for number in range(self._limits.workers):
            threading.Thread(target=self._work, name=f"commercetools-{number}", daemon=True).start()

    def _next_result(self, patience: float) -> _Result | None:
        try:
            return self._results.get(timeout=patience) if patience else self._results.get_nowait()
        except queue.Empty:
            return None

    def _work(self) -> None:
        while (task := self._next_task()) is not None:
            self._perform(task)

    def _perform(self, task: _Task) -> None:
        try:
            result = self._plan(task) if task.key_range is None else self._read(task, task.key_range)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
            result = _Result(task.reading, error=error)
        self._settle(result)

    def _next_task(self) -> _Task | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._stopped or (bool(self._tasks) and self._free() > 0))
            self._idle -= 1
            return None if self._stopped else self._tasks.popleft()

    def _free(self) -> int:
        """Return how many idle workers may start a request."""
        return self._idle - self._limits.workers + self._limits.working(self._ahead)

    def _plan(self, task: _Task) -> _Result:
        reading = task.reading
        parents: list[tuple[str, ...]] = [()]
        if needs_parents(reading.stream, reading.stored, self._selection):
            parents = list(parents_of(self._get, reading.stream, self._limits.page_size))
        state = started(reading.stream, reading.stored, self._selection, parents)
        return _Result(reading, task.limit, state=state, after=state.ranges)

    def _read(self, task: _Task, key_range: KeyRange) -> _Result:
        try:
            stream, most = task.reading.stream, self._limits.page_size
            where = self._selection.where_of(stream)
            step = paging.read(self._get, stream, key_range, task.limit, most=most, where=where)
        except ApiError as error:
            if key_range.parent and _is_closed(error):
                return _Result(task.reading, before=key_range)
            raise
        after = () if step.left is None else self._share(task, key_range, step.left, step.page)
        return _Result(
            task.reading, step.limit, page=step.page, before=key_range, after=after, quarantine=step.quarantine
        )

    def _share(self, task: _Task, key_range: KeyRange, left: KeyRange, page: paging.Page) -> tuple[KeyRange, ...]:
        """Return what is left of a range, cut for the idle workers if it is worth their while."""
        spare = self._free() - len(self._tasks)  # a guess: others come and go meanwhile
        if spare <= 0 or left.after is None:
            return (left,)
        first = position_of(page.records[0], key_range).value
        if first == left.after.value and len(page.records) > 1:
            stream = task.reading.stream
            where = self._selection.where_of(stream)
            return paging.halves(self._get, stream, left, self._limits.page_size, where)
        if left.upper is None:
            return (left,)
        return split(left, min(spare + 1, pages_left(left, first, left.after.value)))

    def _settle(self, result: _Result) -> None:
        """Queue what follows from a result, and the result itself, which says whether it is the stream's last.

        Both under one lock: results reach the caller in the order in which ranges advance.
        """
        reading = result.reading
        with self._changed:
            if result.error is not None:
                reading.stopped = True
                dropped = [task for task in self._tasks if task.reading is reading]
                self._tasks = deque(task for task in self._tasks if task.reading is not reading)
                reading.tasks -= len(dropped)
            follow = () if reading.stopped or self._stopped else result.after
            # A stream under way goes on before another begins: nobody knows how long it is until it is cut.
            self._tasks.extendleft(_Task(reading, key_range, result.limit) for key_range in reversed(follow))
            reading.tasks += len(follow) - 1
            self._ahead += result.page.size if result.page is not None else 0
            last = reading.tasks == 0 and not self._stopped
            self._results.put(replace(result, last=last))
            self._changed.notify(len(follow))


def _is_closed(error: ApiError) -> bool:
    """Return whether a parent vanished since it was listed, or does not let us look into it."""
    return isinstance(error, NotFoundError) or bool(_CLOSED_PARENT.intersection(error.codes))


def _advice(error: CommercetoolsError, stream: Stream) -> str:
    if not isinstance(error, ForbiddenError):
        return str(error)
    project = error.problem.path.split("/")[1]
    return f"the API client may not read it; {scope_advice([stream], project)}, or leave the stream out"
