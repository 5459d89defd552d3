"""One run of the source: a Client and an upper bound that all resources share, and the reading of one stream."""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import dlt
from dlt.common import logger

from commercetools_source.client import Client
from commercetools_source.errors import CommercetoolsError, RecordError, StateError
from commercetools_source.events import Notice, RecordQuarantined, RetryScheduled
from commercetools_source.extract.checkpoint import StreamState, decode, encode
from commercetools_source.extract.engine import Extraction
from commercetools_source.extract.limits import Limits
from commercetools_source.extract.selection import conflict_with, mode_of
from commercetools_source.frontends.dlt.tables import Tables
from commercetools_source.sync.deletions import lookup
from commercetools_source.sync.transfer import selection_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, MutableMapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.config import Config
    from commercetools_source.events import Event
    from commercetools_source.extract.selection import Selection
    from commercetools_source.sync.deletions import Lookup

__all__ = ["Run"]

_BATCH_BYTES = 8 << 20
"""Of a table, and of what is read ahead of it: dlt has as many streams under way as it likes."""
_ANEW = 'with dlt that is pipeline.run(..., refresh="drop_resources")'


@dataclass
class Run:
    """What the resources of a source share. Nothing is sent before the first of them is read."""

    config: Config
    streams: tuple[Stream, ...]
    where: Mapping[str, str]
    deletions: bool
    seconds: float
    form: str
    failures: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _readers: int = 0
    _client: Client | None = None
    _begun: tuple[Client, Selection] | CommercetoolsError | None = None
    _end: float = math.inf

    def read(self, stream: Stream) -> Iterator[Any]:
        """Yield tables of `stream`; the state in the resource's state is true once those before it are stored."""
        kept: MutableMapping[str, Any] = dlt.current.resource_state(stream.name)
        with self._opened() as (client, selection):
            try:
                state = decode(kept["state"]) if "state" in kept else StreamState()
            except StateError as error:
                self._fail(stream, f"{error}; {_ANEW}")
                return
            if (reason := conflict_with(stream, state, selection)) is not None:
                self._fail(stream, f"{reason}; {_ANEW}")
                return
            tables = Tables(stream, self.form, kept.get("fields", ()))
            if self.deletions and mode_of(stream, state, selection) != "full":
                state = yield from self._deleted(client, stream, state, selection, tables)
            yield from self._records(client, stream, state, selection, tables, kept)
            self._note_unfit(stream, tables, kept)

    def _deleted(
        self, client: Client, stream: Stream, state: StreamState, selection: Selection, tables: Tables
    ) -> Generator[Any, None, StreamState]:
        """Yield rows for what was deleted since the last run; return the state to read on from."""
        pages = lookup(client.get, [stream], {stream.name: state}, selection, self.config.page_size)
        while True:
            try:
                _, tombstones = next(pages)
            except StopIteration as end:
                ended: Lookup = end.value
                break
            yield tables.deleted(tombstones)
        if (reason := ended.unseen(self.config.project_key)) is not None:
            logger.warning(f"{stream.name}: {reason}")
        return ended.states[stream.name]

    def _records(
        self,
        client: Client,
        stream: Stream,
        state: StreamState,
        selection: Selection,
        tables: Tables,
        kept: MutableMapping[str, Any],
    ) -> Iterator[Any]:
        limits = Limits(self.config.concurrency, self.config.page_size, _BATCH_BYTES, ahead_bytes=_BATCH_BYTES)
        limits = replace(limits, seconds=max(self._end - time.monotonic(), 0.0))
        extraction = Extraction(client.get, [stream], {stream.name: state}, selection, limits, _tell)
        whole = False
        for delivery in extraction.deliveries():
            whole = whole or delivery.phase.first
            try:
                item = tables.item(delivery.records)
            except RecordError as error:
                extraction.fail(stream, error)
                continue
            if whole and delivery.phase.last:
                item = item if len(item) or self.form == "arrow" else dlt.mark.materialize_table_schema()
                yield dlt.mark.with_hints(item, dlt.mark.make_hints(write_disposition="replace"))
            elif len(item):
                yield item
            kept["state"] = encode(delivery.state)
        outcome = extraction.outcomes[stream.name]
        if outcome.quarantined:
            self._fail(stream, f"{outcome.quarantined} records could not be served and were left out")
        elif outcome.error is not None and not outcome.stopped:
            self._fail(stream, outcome.error)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Client, Selection]]:
        """Give the run's client, whose connections are closed when no resource is being read."""
        with self._lock:
            self._readers += 1
        try:
            yield self._begin()
        finally:
            with self._lock:
                self._readers -= 1
                if not self._readers and self._client is not None:
                    self._client.close()

    def _begin(self) -> tuple[Client, Selection]:
        """Return what the first resource began the run with; raises, for each resource, what it failed with."""
        with self._lock:
            if self._begun is None:
                self._client = client = Client(self.config, hook=_tell)
                self._end = time.monotonic() + self.seconds
                try:
                    self._begun = client, selection_of(client, self.streams, where=self.where)
                except CommercetoolsError as error:
                    self._begun = error
            if isinstance(self._begun, CommercetoolsError):
                raise self._begun
            return self._begun

    def _fail(self, stream: Stream, reason: str) -> None:
        """Note that `stream` is not complete: the others are loaded, then the run raises."""
        logger.error(f"{stream.name}: {reason}")
        with self._lock:
            self.failures[stream.name] = reason
            if len(self.failures) == 1:
                _raise_after_load(dlt.current.pipeline(), self.failures)

    def _note_unfit(self, stream: Stream, tables: Tables, kept: MutableMapping[str, Any]) -> None:
        """Let new fields become columns of the next run, unless the schema's contract forbids new columns."""
        for name, count in tables.unfit.items():
            logger.warning(f"{stream.name}: values of {name} that fit no column: {count}; _unfit has them")
        contract = dlt.current.source_schema().resolve_contract_settings_for_table(stream.name)
        if contract["columns"] == "evolve" and (new := tables.new_fields()):
            kept["fields"] = [*kept.get("fields", ()), *new]


def _raise_after_load(pipeline: Any, failures: Mapping[str, str]) -> None:
    """Let the next load of `pipeline` raise once it has loaded: dlt itself has no error that lets the others load."""
    load = pipeline.load

    @wraps(load)
    def load_and_raise(*args: Any, **options: Any) -> Any:
        del pipeline.load
        load(*args, **options)
        raise CommercetoolsError("; ".join(f"{name} is not complete: {reason}" for name, reason in failures.items()))

    pipeline.load = load_and_raise


def _tell(event: Event) -> None:
    match event:
        case RetryScheduled():
            logger.warning(f"{event.method} {event.path}: {event.reason}; again in {event.delay:.1f} s")
        case RecordQuarantined():
            logger.warning(f"{event.stream}: a record after {event.position} cannot be served: {event.reason}")
        case Notice():
            logger.warning(f"{event.about}: {event.reason}")
