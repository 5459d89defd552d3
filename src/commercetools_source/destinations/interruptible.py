"""Work of DuckDB's that a signal can end: Python handles signals only while its main thread is not in a query."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

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
        with ThreadPoolExecutor(1, "duckdb") as executor:
            future = executor.submit(operation)
            try:
                self._wait(future)
            except BaseException:
                # Again and again: between two queries there is nothing to interrupt.
                while not future.done():
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
