"""A clock for retries that jumps instead of sleeping."""

from __future__ import annotations

import time

from commercetools_source.transport import Timing


class Jumps:
    """What retries waited for, in seconds, without waiting; time moves on as if they had."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.timing = Timing(now=self._now, sleep=self._sleep, chance=lambda: 0.5)

    def _now(self) -> float:
        return time.monotonic() + sum(self.waits)

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
