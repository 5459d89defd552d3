"""A destination of `sync` that writes Airbyte's messages: records, then the state that is true behind them."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from commercetools_source.events import RetryScheduled, StreamStarted
from commercetools_source.extract.checkpoint import encode
from commercetools_source.frontends.airbyte import messages
from commercetools_source.frontends.airbyte.catalog import COMPLETE
from commercetools_source.frontends.airbyte.messages import DELETED_AT, UPDATED_AT
from commercetools_source.frontends.words import AIRBYTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    import msgspec

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.events import Event
    from commercetools_source.extract.abilities import Tombstone
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery

__all__ = ["AirbyteOutput"]


class AirbyteOutput:
    """Writes what `sync` reads of `streams`, each in full or what changed; `stored`: their states as they were sent."""

    name = "standard output"
    anew = AIRBYTE.anew
    batch_bytes = 4 << 20

    def __init__(self, streams: Mapping[Stream, bool], stored: Mapping[str, Any], *, deletions: bool) -> None:
        self._full = {stream.name: full for stream, full in streams.items()}
        self._paths = {stream.name: stream.path for stream in streams}
        self._states = {
            stream.name: AIRBYTE.state(stream, _left(stored.get(stream.name)), full=full)
            for stream, full in streams.items()
        }
        self._deletions = deletions
        self._lock = threading.Lock()  # workers tell of retries while the caller's thread writes records
        self._started: set[str] = set()
        self._running: set[str] = set()
        self._uncounted: dict[str, int] = {}

    def open(self) -> Mapping[str, StreamState]:
        """Return the states to go on from."""
        return self._states

    def write(self, delivery: Delivery) -> None:
        """Write the records of a delivery, and its state."""
        name = delivery.stream.name
        # A further attempt of the same refresh then reads nothing of it again.
        complete = delivery.phase.last and self._full[name] and not delivery.state.quarantined
        with self._lock:
            self._send(name, delivery.records, delivery.size)
            messages.state(name, {COMPLETE: True} if complete else encode(delivery.state), self._uncounted.pop(name, 0))

    def wants_deletions(self, stream: Stream) -> bool:
        """Return whether deletions of `stream` become records: those of incremental streams that Messages tell of."""
        return self._deletions and bool(stream.deleted_messages) and not self._full[stream.name]

    def delete(self, stream: Stream, tombstones: Sequence[Tombstone]) -> int:
        """Write a record with its end as time of change, too, for each deletion: it wins over what is stored."""
        rows = [tombstone.record(DELETED_AT, UPDATED_AT) for tombstone in tombstones]
        with self._lock:
            self._send(stream.name, rows, sum(len(memoryview(row)) for row in rows))
        return len(rows)

    def close(self) -> None:
        """Do nothing: every write was flushed."""

    def tell(self, event: Event) -> None:
        """Write what a person or the platform should know of an event; any thread may call it."""
        with self._lock:
            if isinstance(event, StreamStarted):
                self._started.add(event.stream)
                messages.status(event.stream, "STARTED")
            elif event.level >= logging.INFO:
                messages.log(logging.getLevelName(event.level), event.message())
            if isinstance(event, RetryScheduled) and "429" in event.reason:
                until = time.time_ns() // 1_000_000 + round(event.delay * 1000)
                reason = {"type": "RATE_LIMITED", "rate_limited": {"quota_reset": until}}
                for name in filter(lambda name: event.path.endswith(self._paths[name]), sorted(self._started)):
                    messages.status(name, "RUNNING", [reason])

    def _send(self, name: str, rows: Sequence[msgspec.Raw], size: int) -> None:
        if rows and name not in self._running:
            self._running.add(name)
            messages.status(name, "RUNNING")
        messages.records(name, rows, size)
        self._uncounted[name] = self._uncounted.get(name, 0) + len(rows)


def _left(stored: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a stored state that something is left to read from: neither empty nor the mark of a whole full refresh."""
    return None if not stored or COMPLETE in stored else stored
