"""What workers do, and the queue between them and the caller's thread.

A task is one page of one range. The queue knows nothing of HTTP; a lock of its own keeps results in the
order in which the ranges of a stream advance.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.keyset import KeyRange
    from commercetools_source.extract.limits import Limits
    from commercetools_source.extract.paging import Page, Quarantine

__all__ = ["Result", "Task", "TaskQueue"]


@dataclass(frozen=True, slots=True)
class Task:
    """Read the next page of `key_range`, `limit` records at most; without a range, plan `stream` from `stored`."""

    stream: Stream
    stored: StreamState
    key_range: KeyRange | None
    limit: int


@dataclass(frozen=True, slots=True)
class Result:
    """What came of `task`: its range is replaced by `ranges`; `state` is there if the stream was planned.

    `total`: the records that the platform counts in the stream, where it was asked.
    `last`: no task of the stream is left. A `task` without range and without `state` failed to be planned.
    """

    task: Task
    ranges: tuple[KeyRange, ...] = ()
    limit: int = 0
    state: StreamState | None = None
    page: Page | None = None
    quarantine: Quarantine | None = None
    error: BaseException | None = None
    last: bool = False
    total: int | None = None


class TaskQueue:
    """Tasks to do and results to look at. All methods may be called from any thread."""

    def __init__(self, limits: Limits) -> None:
        self.tasks: deque[Task] = deque()
        self.ahead = 0
        """Bytes of the pages that nobody has looked at yet."""
        self._limits = limits
        self._busy = 0
        # Not queue.Queue: nobody joins or bounds it, and SimpleQueue's `put` waits for no lock.
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._pending: Counter[str] = Counter()
        self._failed: set[str] = set()
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def begin(self, task: Task) -> None:
        """Add the first task of a stream."""
        with self._changed:
            self._pending[task.stream.name] = 1
            self.tasks.append(task)
            self._changed.notify()

    def wait_for_task(self) -> Task | None:
        """Return the next task once it may be begun; None when the queue was stopped. Each needs its `record`."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or (bool(self.tasks) and self._free() > 0))
            return None if self._stopped else self._take(0)

    def take(self, position: int) -> Task:
        """Return one of `tasks` at once; it needs its `record`."""
        with self._changed:
            return self._take(position)

    def spare(self) -> int:
        """Guess how many workers may start a request and find no task: others come and go meanwhile."""
        # Without the lock: a guess that is old by a moment cuts a range once more or less, and no record depends on it.
        return self._free() - len(self.tasks)

    def record(self, result: Result) -> None:
        """Queue what follows from `result`, and the result itself, which learns whether it is the stream's last.

        Both under one lock: results reach the caller in the order in which ranges advance.
        """
        task = result.task
        name = task.stream.name
        with self._changed:
            self._busy -= 1
            if result.error is not None:
                self._drop(name)
            ranges = () if name in self._failed or self._stopped else result.ranges
            # A stream under way goes on before another begins: nobody knows how long it is until it is cut.
            self.tasks.extendleft(
                replace(task, key_range=remainder, limit=result.limit) for remainder in reversed(ranges)
            )
            # The task itself is done, and each range that is left of it is a new one; at zero the stream has ended.
            self._pending[name] += len(ranges) - 1
            # Counted before the caller sees the page, so that workers stop reading ahead while it is still in the
            # queue.
            self.ahead += result.page.size if result.page is not None else 0
            self._put(result)
            self._changed.notify(len(ranges))

    def fail(self, stream: Stream) -> None:
        """Read no more of `stream`. Its last result still comes, unless that was there already."""
        with self._changed:
            task = next((task for task in self.tasks if task.stream.name == stream.name), None)
            self._drop(stream.name)
            if task is not None and not self._pending[stream.name]:
                # Nothing of the stream is under way, so no result would come to end it: this one does.
                self._put(Result(task))

    def next_result(self, patience: float) -> Result | None:
        """Return the next result, None when none comes within `patience` seconds."""
        try:
            return self._results.get(timeout=patience) if patience else self._results.get_nowait()
        except queue.Empty:
            return None

    def release(self, size: int) -> None:
        """Take `size` bytes as looked at, so that as many may be read ahead."""
        with self._changed:
            self.ahead -= size
            self._changed.notify(len(self.tasks))

    def stop(self) -> None:
        """Give out no more tasks; what was read stays to be looked at."""
        with self._changed:
            self._stopped = True
            # What they would have read is still in each stream's state, from which the next run goes on.
            self.tasks.clear()
            self._changed.notify_all()

    def _take(self, position: int) -> Task:
        task = self.tasks[position]
        del self.tasks[position]
        self._busy += 1
        return task

    def _free(self) -> int:
        return self._limits.working(self.ahead) - self._busy

    def _drop(self, name: str) -> None:
        self._failed.add(name)
        # Tasks under way cannot be taken back: they stay pending, and their results come with nothing to follow.
        tasks = deque(task for task in self.tasks if task.stream.name != name)
        self._pending[name] -= len(self.tasks) - len(tasks)
        self.tasks = tasks

    def _put(self, result: Result) -> None:
        # After a stop no stream is complete, whatever is left of it: `last` would store its new cursor.
        last = not self._pending[result.task.stream.name] and not self._stopped
        self._results.put(replace(result, last=last))
