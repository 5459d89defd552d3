"""Ctrl-C, SIGTERM and the hang-up of a terminal: the first ends a run cleanly, the second at once."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from commercetools_source.frontends.stdio import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["Stopper", "stop_signals", "stopping"]


class Stopper:
    """Ends a run early and cleanly on the first signal; a second one interrupts at once. `signal` is 0 or the last one.

    `kept` says to the person who stopped it what becomes of what was read.
    """

    def __init__(self, kept: str = "what was read is kept") -> None:
        self.signal = 0
        self._message = f"\nstopping; {kept} (once more to stop at once)\n".encode()
        self._stop: Callable[[], None] | None = None

    def arm(self, stop: Callable[[], None] | None) -> None:
        """Take the function that ends the run; with None the first signal interrupts at once."""
        self._stop = stop

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if self.signal or self._stop is None:
            self.signal = number
            raise SystemExit(128 + number)
        self.signal = number
        # Before it is said: what matters must happen even if nobody can read the message.
        self._stop()
        # Past the buffers of sys.stderr: the signal may have come in the middle of a write to it.
        tell(self._message)


def stop_signals() -> list[signal.Signals]:
    """Return what ends a command: SIGINT, SIGTERM, and SIGHUP unless the process was started to ignore it."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    # Windows has no hang-up; under nohup a run goes on when its terminal is closed.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers


@contextmanager
def stopping() -> Iterator[Stopper]:
    """Let the signals of `stop_signals` end the run cleanly while the block runs."""
    stopper = Stopper()
    # Python lets only the main thread set handlers: https://docs.python.org/3/library/signal.html#signals-and-threads
    if threading.current_thread() is not threading.main_thread():
        yield stopper
        return
    before = {number: signal.signal(number, stopper) for number in stop_signals()}
    try:
        yield stopper
    except KeyboardInterrupt:  # DuckDB raises its own error in place of SystemExit, and its destination this
        if not stopper.signal:
            raise
        raise SystemExit(128 + stopper.signal) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
