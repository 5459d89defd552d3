"""A clock for retries that jumps instead of sleeping."""

from __future__ import annotations

import time

from commercetools_source.http.exchange import Timing


class Jumps:
    """What retries waited for, in seconds, without waiting; time moves on as if they had."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._idle = 0.0
        self.timing = Timing(now=self._now, sleep=self._sleep, chance=lambda: 0.5)

    def pass_by(self, seconds: float) -> None:
        """Let time go by in which nobody asks for anything."""
        self._idle += seconds

    def _now(self) -> float:
        return time.monotonic() + self._idle + sum(self.waits)

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
