"""How much a client asked: counted from its events."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from commercetools_source.events import Event, RequestDone, RetryScheduled
from commercetools_source.http.forks import PerProcess

if TYPE_CHECKING:
    from commercetools_source.events import Hook

__all__ = ["Meter", "Traffic"]


class Traffic(NamedTuple):
    """Requests, repeated ones among them, seconds waited before these, and bytes of answers after inflating."""

    requests: int = 0
    retries: int = 0
    waited: float = 0.0
    bytes: int = 0

    def since(self, earlier: Traffic) -> Traffic:
        """Return what came to `earlier` since then."""
        return Traffic(
            self.requests - earlier.requests,
            self.retries - earlier.retries,
            self.waited - earlier.waited,
            self.bytes - earlier.bytes,
        )


class Meter:
    """A hook that counts, and passes each event on; any thread may call it."""

    def __init__(self, hook: Hook) -> None:
        self._hook = hook
        self._lock = PerProcess(threading.Lock)
        # One tuple, replaced whole: `total` reads it without the lock and never sees half of a count.
        self._total = Traffic()

    def __call__(self, event: Event) -> None:
        """Count an event, then pass it on."""
        if isinstance(event, (RequestDone, RetryScheduled)):
            with self._lock.get():
                self._total = _with(self._total, event)
        self._hook(event)

    def total(self) -> Traffic:
        """Return what was counted up to now."""
        return self._total


def _with(total: Traffic, event: RequestDone | RetryScheduled) -> Traffic:
    if isinstance(event, RequestDone):
        return total._replace(requests=total.requests + 1, bytes=total.bytes + event.size)
    return total._replace(retries=total.retries + 1, waited=total.waited + event.delay)
