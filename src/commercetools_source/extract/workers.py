"""Who carries out the tasks: what one task does, and the threads that do many at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from commercetools_source.catalog.stream import Paging
from commercetools_source.errors import ApiError, CommercetoolsError
from commercetools_source.extract import paging
from commercetools_source.extract.counting import count_range, total_params
from commercetools_source.extract.envelope import Rows, decode_rows
from commercetools_source.extract.parents import is_gone, parents_of
from commercetools_source.extract.records import position_of
from commercetools_source.extract.selection import needs_parents, started
from commercetools_source.extract.tasks import Result
from commercetools_source.extract.windows import pages_left, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.keyset import KeyRange
    from commercetools_source.extract.selection import Selection
    from commercetools_source.extract.tasks import Task, TaskQueue

__all__ = ["Reader", "Threads", "Workers"]


_COUNTED = 2
"""Ranges of a stream that are counted at most: the totals of more would take as long as some pages."""


class Reader:
    """Carries out a task by requests through `get`."""

    def __init__(self, get: paging.Get, selection: Selection, page_size: int, *, totals: bool = False) -> None:
        self._get = get
        self._selection = selection
        self._page_size = page_size
        self._totals = totals

    def perform(self, task: Task, idle: Callable[[], int]) -> Result:
        """Return what came of `task`; an error of any type is in the result and never raised.

        `idle()` guesses how many workers have nothing to do, to cut what is left of a range for them.
        """
        try:
            return self._plan(task) if task.key_range is None else self._read(task, task.key_range, idle)
        except BaseException as error:  # noqa: BLE001 - one stream fails with it, the other streams go on
            return Result(task, error=error)

    def _plan(self, task: Task) -> Result:
        parents: list[tuple[str, ...]] = [()]
        if needs_parents(task.stream, task.stored, self._selection):
            parents = list(parents_of(self._get, task.stream, self._page_size, self._selection.store))
        state = started(task.stream, task.stored, self._selection, parents)
        return Result(task, state.ranges, task.limit, state=state, total=self._total(task, state))

    def _total(self, task: Task, state: StreamState) -> int | None:
        """Return how many records a read brings, where totals are asked for and few questions tell it."""
        stream, where = task.stream, self._selection.where_of(task.stream)
        # Children have no common count, a single record needs none, and spans of time are counted as they are read.
        if not self._totals or stream.parents is not None or stream.paging in {Paging.SINGLE, Paging.DATED}:
            return None

        def ask(conditions: tuple[str, ...]) -> int | None:
            answer: Rows = self._get(stream.path, total_params(stream.params, conditions), decode_rows, 1)
            return answer.total

        try:
            # The windows of a full read are together all there is, which one question counts past the ceiling.
            if state.mode == "full" and not where and not any(key_range.lower for key_range in state.ranges):
                return ask(())
            counts = [count_range(ask, key_range, where=where, questions=1) for key_range in state.ranges[:_COUNTED]]
        except CommercetoolsError:
            return None  # the read that follows says what is wrong, if it is
        # A total at the ceiling is only the least that there is.
        known = [count.records for count in counts if count is not None and count.exact]
        return sum(known) if len(known) == len(state.ranges) else None

    def _read(self, task: Task, key_range: KeyRange, idle: Callable[[], int]) -> Result:
        where = self._selection.where_of(task.stream)
        try:
            step = paging.read(
                self._get,
                task.stream,
                key_range,
                task.limit,
                most=self._page_size,
                where=where,
                privacy=self._selection.privacy,
            )
        except ApiError as error:
            # Asked only after a refusal: to look for each parent first would double the requests of a whole stream.
            parent = key_range.parent
            if parent and is_gone(self._get, task.stream, parent, error, self._selection.store):
                # The collection went with its parent: no record is missing, so the range ends here without an error.
                return Result(task)
            raise
        ranges = step.left
        # Ranges that the page itself divided are shared already.
        if len(ranges) == 1 and step.page.records:
            ranges = self._share(task, key_range, ranges[0], step.page, idle)
        return Result(task, ranges, step.limit, page=step.page, quarantine=step.quarantine)

    def _share(
        self, task: Task, key_range: KeyRange, remainder: KeyRange, page: paging.Page, idle: Callable[[], int]
    ) -> tuple[KeyRange, ...]:
        """Return what is left of a range, cut for the idle workers if it is worth their while."""
        spare = idle()
        # By an offset nothing says which time lies behind a page.
        if spare <= 0 or remainder.after is None or task.stream.paging is Paging.DATED:
            return (remainder,)
        try:
            first = position_of(page.records[0], key_range).value
            # A whole page of one moment (an import): time does not divide it, so it is cut at a record in its middle.
            if first == remainder.after.value and len(page.records) > 1:
                where = self._selection.where_of(task.stream)
                return paging.halves(self._get, task.stream, remainder, self._page_size, where)
            if remainder.upper is None:
                return (remainder,)
            # Not into more ranges than pages: each range takes a request of its own to prove its end.
            return split(remainder, min(spare + 1, pages_left(remainder, first, remainder.after.value)))
        except (ValueError, OverflowError):  # a time that is none: the range goes on uncut
            return (remainder,)


class Workers(Protocol):
    """Takes tasks from a queue and records their results there."""

    def start(self, tasks: TaskQueue, reader: Reader) -> None:
        """Begin to carry out `tasks`."""
        ...

    def next_result(self, patience: float) -> Result | None:
        """Return the next result, None when none comes within `patience` seconds."""
        ...


class Threads:
    """`count` threads; they end when the queue is stopped."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._tasks: TaskQueue | None = None

    def start(self, tasks: TaskQueue, reader: Reader) -> None:
        """Start the threads."""
        self._tasks = tasks
        for number in range(self._count):
            # Shown by debuggers and py-spy, where "Thread-7" says nothing.
            name = f"commercetools-{number}"
            # Daemons: a process that ends early must not wait for a request of up to `request_timeout` seconds.
            thread = threading.Thread(target=_work, args=(tasks, reader), name=name, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system has no room for one more; fewer of them do the same tasks
                if number == 0:
                    raise CommercetoolsError(
                        "the system lets this process begin no thread; raise its limit of memory or of processes"
                    ) from None
                return

    def next_result(self, patience: float) -> Result | None:
        """Return the next result, None when none comes within `patience` seconds."""
        return self._tasks.next_result(patience) if self._tasks is not None else None


def _work(tasks: TaskQueue, reader: Reader) -> None:
    while (task := tasks.wait_for_task()) is not None:
        tasks.record(reader.perform(task, tasks.spare))
