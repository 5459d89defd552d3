"""How many requests may be under way at once: more while it goes well, half when the platform is overloaded."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ConcurrencyLimit", "decrease", "increase"]


def increase(limit: float, ceiling: int) -> float:
    """Return the limit after one good answer: one more for each full round of requests."""
    # Additive increase, multiplicative decrease, as TCP's congestion control (RFC 5681, section 3.1): many clients
    # that share one quota come to equal shares of it.
    return min(float(ceiling), limit + 1.0 / limit)


def decrease(limit: float) -> float:
    """Return the limit after an overload: half, but one request always may go."""
    return max(1.0, limit / 2.0)


class ConcurrencyLimit:
    """One budget of requests under way, shared by all threads of a client.

    It starts at `ceiling`, halves on overload and grows slowly from then on. Answers to requests that were
    sent before the last halving do not halve again: they tell of the same overload. (The TypeScript SDK's
    queue has 20 requests under way from the start: ts-client, `createQueueMiddleware`.)
    """

    def __init__(self, ceiling: int, now: Callable[[], float]) -> None:
        self._ceiling = ceiling
        self._limit = float(ceiling)
        self._now = now
        self._running = 0
        # Before any request, so that the first overload halves.
        self._halved_at = float("-inf")
        self._free = threading.Condition()

    @property
    def limit(self) -> int:
        """Requests that may be under way now."""
        return int(self._limit)

    def enter(self) -> float:
        """Wait for a place; return the time to hand back to `leave`."""
        with self._free:
            self._free.wait_for(lambda: self._running < int(self._limit))
            self._running += 1
            return self._now()

    def leave(self, entered: float, *, overloaded: bool, good: bool) -> None:
        """Give the place back, and say how the request ended."""
        with self._free:
            self._running -= 1
            if overloaded:
                # Twenty requests that meet one overload say so twenty times; it halves the limit once.
                if entered > self._halved_at:
                    self._limit = decrease(self._limit)
                    self._halved_at = self._now()
            elif good:
                # A 4xx says nothing about load: it neither halves nor grows.
                self._limit = increase(self._limit, self._ceiling)
            # Only as many as may go now: to wake all of them would let them contend for the lock at each answer.
            self._free.notify(max(0, int(self._limit) - self._running))
