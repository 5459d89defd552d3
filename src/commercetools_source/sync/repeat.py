"""Runs one after another in one process: at an interval, after failures at a longer one, until somebody ends it.

Knows neither what a run does nor how it is shown. Time is what the caller brings, so a test needs none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from commercetools_source.errors import InUseError
from commercetools_source.http.exchange import Timing

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Repetition", "Rhythm"]

_Result = TypeVar("_Result")

_LONGEST = 900.0
"""Seconds between the starts of two runs, however many failed in a row, unless the interval is longer."""
# 2 ** 30 intervals of a second are 34 years: enough to reach the bound, and a float holds it.
_DOUBLINGS = 30
_STEP = 0.2
"""Seconds after which a wait looks whether it was ended: a signal interrupts no sleep for longer than its handler."""
_LOOK_AGAIN = 1.0
"""Seconds after which a destination that is in use is tried again."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When runs begin: every `interval` seconds, and at most `runs` of them (None: without end).

    A run that takes longer than that is followed by the next one at once.
    """

    interval: float
    runs: int | None = None

    def distance(self, failures: int) -> float:
        """Return the seconds from the start of a run to the next, when so many in a row have failed.

        It is doubled by each failure, up to 15 minutes.
        """
        return max(self.interval, min(self.interval * 2.0 ** min(failures, _DOUBLINGS), _LONGEST))


class Repetition:
    """Repeats a run until `stop` is called, which any thread or signal handler may do."""

    def __init__(self, timing: Timing | None = None) -> None:
        self.stopped = False
        self._timing = timing or Timing()
        self._stop_run: Callable[[], None] | None = None

    def stop(self) -> None:
        """End the run under way after its next delivery, or the wait for the next one at once."""
        self.stopped = True
        if self._stop_run is not None:
            self._stop_run()

    def arm(self, stop_run: Callable[[], None]) -> None:
        """Take the function that ends the run under way; to be passed as `on_stoppable`."""
        self._stop_run = stop_run
        if self.stopped:  # before the run could be told
            stop_run()

    def go(self, run: Callable[[], bool], rhythm: Rhythm) -> None:
        """Call `run` as `rhythm` says until it was called often enough, or `stop` was; it returns whether it went well.

        What it raises ends everything.
        """
        count = failures = 0
        while not self.stopped:
            # From the start, not the end: every hour stays every hour, however long a run takes.
            began = self._timing.now()
            failures = 0 if run() else failures + 1
            # The function belongs to the run that has ended; a signal in the wait ends the wait.
            self._stop_run = None
            count += 1
            if count == rhythm.runs:
                return
            self._wait_until(began + rhythm.distance(failures))

    def when_free(self, run: Callable[[], _Result], seconds: float, tell: Callable[[str], None]) -> _Result:
        """Return what `run` returns, which is called again while its destination is in use, for so many seconds.

        `tell` is told once by whom it is used. Raises InUseError when it still is then, or when `stop` was called.
        """
        end = self._timing.now() + seconds
        announced = False
        while True:
            try:
                return run()
            except InUseError as error:
                if self.stopped or self._timing.now() >= end:
                    raise
                if not announced:
                    tell(str(error))
                announced = True
            self._wait_until(min(end, self._timing.now() + _LOOK_AGAIN))

    def _wait_until(self, moment: float) -> None:
        while not self.stopped and (seconds_left := moment - self._timing.now()) > 0:
            self._timing.sleep(min(seconds_left, _STEP))
