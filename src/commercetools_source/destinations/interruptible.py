"""Work of DuckDB's that a signal can end: Python handles signals only while its main thread is not in a query."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Interruptible"]

T = TypeVar("T")

_PATIENCE, _STEP, _PAUSE = 2.0, 0.25, 0.05
"""Seconds that an operation may take once the run is to end; how often that is looked at; between two interruptions."""


class Interruptible:
    """Does operations beside the main thread, which waits for signals meanwhile; one at a time.

    `interrupt` ends the query under way with an error, from another thread.
    """

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self._interrupt = interrupt
        self._hurried = threading.Event()

    def hurry(self) -> None:
        """Interrupt from now on what takes longer than seconds; any thread or signal handler may call it."""
        self._hurried.set()

    def run(self, operation: Callable[[], T]) -> T:
        """Return what `operation` returns; raise what it raises, or what a signal's handler raises meanwhile.

        The operation has ended then: it takes back what it began. KeyboardInterrupt: it took too long after `hurry`.
        """
        if threading.current_thread() is not threading.main_thread():  # signals are not handled here
            return operation()
        future: Future[T] = Future()
        turn = threading.Lock()
        thread = threading.Thread(target=_do, args=(operation, future, turn), name="duckdb")
        try:
            # Inside: a signal's handler may raise while the thread begins, of which nobody knows then whether it has.
            try:
                thread.start()
            except RuntimeError as error:
                # It has begun: several signals confused the lock that `start` waits by, in place of what they raised.
                if thread.ident is not None:
                    raise error.__context__ or error from None
                _do(operation, future, turn)  # the system has no room for one more
            self._wait(future)
        except BaseException:
            # Again and again: between two queries there is nothing to interrupt.
            while not (future.done() or future.cancel()):
                # Nor is there anything else to do for a third signal: the file can be closed when the query has ended.
                with suppress(BaseException):
                    self._interrupt()
                    wait([future], _PAUSE)
            raise
        return future.result()

    def _wait(self, future: Future[T]) -> None:
        left = _PATIENCE
        while not wait([future], _STEP).done:
            # Only while somebody waits for the end: a long operation of a normal run is none of its business.
            left -= _STEP if self._hurried.is_set() else 0
            if left <= 0:
                raise KeyboardInterrupt


def _do(operation: Callable[[], T], future: Future[T], turn: threading.Lock) -> None:
    """Do `operation` for `future`, unless that was cancelled before or another thread took its `turn`."""
    if not turn.acquire(blocking=False) or not future.set_running_or_notify_cancel():
        return
    try:
        result = operation()
    except BaseException as error:  # noqa: BLE001 - raised where the future is waited for
        future.set_exception(error)
    else:
        future.set_result(result)
