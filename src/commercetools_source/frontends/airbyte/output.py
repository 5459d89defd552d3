"""A destination of `sync` that writes Airbyte's messages: records, then the state that is true behind them."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from commercetools_source.events import RetryScheduled, StreamStarted
from commercetools_source.extract.checkpoint import encode
from commercetools_source.frontends.airbyte import messages
from commercetools_source.frontends.airbyte.catalog import completed
from commercetools_source.frontends.airbyte.messages import DELETED_AT, UPDATED_AT
from commercetools_source.frontends.words import AIRBYTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import msgspec

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.events import Event
    from commercetools_source.extract.abilities import Tombstone
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery

__all__ = ["AirbyteOutput"]


class AirbyteOutput:
    """Writes what `sync` reads on from `states`; `full`: whether a stream is read in full or what changed of it."""

    name = "standard output"
    anew = AIRBYTE.anew
    batch_bytes = 4 << 20

    def __init__(self, states: Mapping[Stream, StreamState], full: Mapping[Stream, bool], *, deletions: bool) -> None:
        self._states = {stream.name: state for stream, state in states.items()}
        self._requests = {stream.name: _request_of(stream) for stream in states}
        self._full = full
        self._deletions = deletions
        self._lock = threading.Lock()  # workers tell of retries while the caller's thread writes records
        self._statuses: dict[str, str] = {}
        self._uncounted: Counter[str] = Counter()

    def open(self) -> Mapping[str, StreamState]:
        """Return the states to go on from."""
        return self._states

    def write(self, delivery: Delivery) -> None:
        """Write the records of a delivery, and its state."""
        name = delivery.stream.name
        # A further attempt of the same refresh then reads nothing of it again.
        complete = delivery.phase.last and self._full[delivery.stream] and not delivery.state.quarantined
        with self._lock:
            self._send(name, delivery.records)
            state = completed(delivery.state) if complete else encode(delivery.state)
            messages.state(name, state, self._uncounted.pop(name, 0))

    def wants_deletions(self, stream: Stream) -> bool:
        """Return whether deletions of `stream` become records: those of incremental streams that Messages tell of."""
        return self._deletions and bool(stream.deleted_messages) and not self._full[stream]

    def delete(self, stream: Stream, tombstones: Sequence[Tombstone]) -> int:
        """Write a record with its end as time of change, too, for each deletion: it wins over what is stored."""
        # Destinations keep the row with the latest cursor, and of those with one that has none the other.
        times = (stream.cursor or UPDATED_AT, DELETED_AT, UPDATED_AT)
        with self._lock:
            self._send(stream.name, [tombstone.record(*times) for tombstone in tombstones])
        return len(tombstones)

    def close(self) -> None:
        """Do nothing: every write was flushed."""

    def tell(self, event: Event) -> None:
        """Write what a person or the platform should know of an event; any thread may call it."""
        with self._lock:
            if isinstance(event, StreamStarted):
                self._start(event.stream)
            elif event.level >= logging.INFO:
                messages.log(logging.getLevelName(event.level), event.message())
            if isinstance(event, RetryScheduled) and "429" in event.reason:
                until = time.time_ns() // 1_000_000 + round(event.delay * 1000)
                reason = {"type": "RATE_LIMITED", "rate_limited": {"quota_reset": until}}
                for name in sorted(name for name, path in self._requests.items() if path.fullmatch(event.path)):
                    self._start(name)
                    messages.status(name, "RUNNING", [reason])

    def _send(self, name: str, rows: Sequence[msgspec.Raw]) -> None:
        if rows and self._statuses.get(name) != "RUNNING":
            self._show(name, "RUNNING")
        messages.records(name, rows)
        self._uncounted[name] += len(rows)

    def _start(self, name: str) -> None:
        # A worker that must wait may tell of it before its stream is known to have started.
        if name not in self._statuses:
            self._show(name, "STARTED")

    def _show(self, name: str, status: str) -> None:
        self._statuses[name] = status
        messages.status(name, status)


def _request_of(stream: Stream) -> re.Pattern[str]:
    """Return what matches the path of a request for `stream`, below any parent and in any store."""
    _, _, path = stream.path.rpartition(":")  # behind the name of another service
    literals = (re.escape(text) for text in re.split(r"\{\w+\}", path.rstrip("/")))
    return re.compile(f"/[^/]+(/in-store/key=[^/]+)?{'[^/]+'.join(literals)}")
