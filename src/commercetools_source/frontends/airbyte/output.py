"""A destination of `sync` that writes Airbyte's messages: records, then the state that is true behind them."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.events import RetryScheduled, StreamStarted
from commercetools_source.extract.checkpoint import encode
from commercetools_source.frontends.airbyte import messages
from commercetools_source.frontends.airbyte.catalog import COMPLETE, Configured, state_of
from commercetools_source.frontends.airbyte.messages import DELETED_AT, UPDATED_AT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.events import Event
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery, Tombstone

__all__ = ["AirbyteOutput"]


class AirbyteOutput:
    """Writes what `sync` reads of `streams`; `stored` are the states of the last attempt by stream."""

    name = "standard output"
    batch_bytes = 4 << 20

    def __init__(
        self, streams: Iterable[Configured], stored: Mapping[str, Mapping[str, Any]], *, deletions: bool
    ) -> None:
        self._streams = {item.stream.name: item for item in streams}
        self._states = {name: state_of(item, stored.get(name, {})) for name, item in self._streams.items()}
        self._deletions = deletions
        self._lock = threading.Lock()  # workers tell of retries while the caller's thread writes records
        self._started: set[str] = set()
        self._running: set[str] = set()
        self._unsaid: dict[str, int] = {}

    def open(self) -> Mapping[str, StreamState]:
        """Return the states to go on from."""
        return self._states

    def write(self, delivery: Delivery) -> None:
        """Write the records of a delivery, and its state."""
        name = delivery.stream.name
        value = encode(delivery.state)
        # A further attempt of the same refresh then reads nothing of it again.
        if delivery.phase.last and self._streams[name].full and not delivery.state.quarantined:
            value = {COMPLETE: True}
        with self._lock:
            self._send(name, delivery.records, delivery.size)
            messages.state(name, value, self._unsaid.pop(name, 0))

    def wants_deletions(self, stream: Stream) -> bool:
        """Return whether deletions of `stream` become records: those of incremental streams that Messages tell of."""
        return self._deletions and bool(stream.deleted_messages) and not self._streams[stream.name].full

    def delete(self, stream: Stream, tombstones: Sequence[Tombstone]) -> int:
        """Write a record with the times of its end for each deletion."""
        rows = [_with_time(tombstone.record(DELETED_AT)) for tombstone in tombstones]
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
                messages.log(event.level, event.message())
            if isinstance(event, RetryScheduled) and "429" in event.reason:
                self._tell_limited(event)

    def _tell_limited(self, event: RetryScheduled) -> None:
        """Write that a stream goes on, but waits because the platform asks for it."""
        until = time.time_ns() // 1_000_000 + round(event.delay * 1000)
        reason = {"type": "RATE_LIMITED", "rate_limited": {"quota_reset": until}}
        for name, item in self._streams.items():
            if name in self._started and event.path.endswith(item.stream.path):
                messages.status(name, "RUNNING", [reason])

    def _send(self, name: str, rows: Sequence[msgspec.Raw], size: int) -> None:
        if rows and name not in self._running:
            self._running.add(name)
            messages.status(name, "RUNNING")
        messages.records(name, rows, size)
        self._unsaid[name] = self._unsaid.get(name, 0) + len(rows)


def _with_time(row: msgspec.Raw) -> msgspec.Raw:
    """Return a deleted record with its end as time of change, so that it wins over what the destination has."""
    fields = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
    return msgspec.Raw(msgspec.json.encode({**fields, UPDATED_AT: fields[DELETED_AT]}))
