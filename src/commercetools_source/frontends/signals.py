"""Ctrl-C, SIGTERM and a hang-up: the first ends a run cleanly and the second at once; other work ends at once."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from commercetools_source.frontends.stdio import raise_between_writes, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["Stopper", "ended_by_signals", "stop_signals", "stopping"]


class Stopper:
    """Ends a run early and cleanly on the first signal; a second one interrupts at once. `signal` is 0 or the last one.

    `kept` says to the person who stopped it what becomes of what was read.
    """

    def __init__(self, kept: str = "what was read is kept") -> None:
        self.signal = 0
        self._message = f"stopping; {kept} (once more to stop at once)"
        self._stop: Callable[[], None] | None = None

    def arm(self, stop: Callable[[], None] | None) -> None:
        """Take the function that ends the run; with None the first signal interrupts at once."""
        self._stop = stop

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        again, self.signal = bool(self.signal), number
        if again or self._stop is None:
            if not again:
                tell(_line(f"stopped by {signal.Signals(number).name}"))
            raise_between_writes(SystemExit(128 + number))
            return
        # Before it is said: what matters must happen even if nobody can read the message.
        self._stop()
        # Past the buffers of sys.stderr: the signal may have come in the middle of a write to it.
        tell(_line(self._message))


def _line(message: str) -> bytes:
    """Return what standard error gets: below a display that is redrawn, or as a line of the log where that is one."""
    for handler in logging.getLogger("commercetools_source").handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
            record = logging.LogRecord("commercetools_source", logging.WARNING, "", 0, message, None, None)
            return f"{handler.format(record)}\n".encode()
    return f"\n{message}\n".encode()


def stop_signals() -> list[signal.Signals]:
    """Return what ends a command: SIGINT, SIGTERM, and SIGHUP unless the process was started to ignore it."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    # Windows has no hang-up; under nohup a run goes on when its terminal is closed.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers


@contextmanager
def stopping(stopper: Stopper | None = None) -> Iterator[Stopper]:
    """Let the signals of `stop_signals` end the run cleanly while the block runs."""
    stopper = stopper or Stopper()
    try:
        with ended_by_signals(stopper):
            yield stopper
    except KeyboardInterrupt:  # DuckDB raises its own error in place of SystemExit, and its destination this
        if not stopper.signal:
            raise
        raise SystemExit(128 + stopper.signal) from None


@contextmanager
def ended_by_signals(stopper: Stopper | None = None) -> Iterator[Stopper]:
    """Let the signals of `stop_signals` end what the block does: at once, unless the stopper is armed."""
    stopper = stopper or Stopper()
    # Python lets only the main thread set handlers: https://docs.python.org/3/library/signal.html#signals-and-threads
    if threading.current_thread() is not threading.main_thread():
        yield stopper
        return
    before = {number: signal.signal(number, stopper) for number in stop_signals()}
    try:
        yield stopper
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
