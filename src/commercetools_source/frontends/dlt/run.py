"""One run of the source: what its resources share, and how what went wrong is told."""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

import dlt
from dlt.common import logger

from commercetools_source.client import Client
from commercetools_source.errors import CommercetoolsError, ForbiddenError
from commercetools_source.events import StreamFailed
from commercetools_source.frontends.words import DLT
from commercetools_source.model.custom.queries import NO_FIELDS, CustomFieldQueries
from commercetools_source.model.custom.variants import VARIANTS
from commercetools_source.sync.transfer import selection_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.config import Config
    from commercetools_source.events import Event
    from commercetools_source.extract.selection import Selection

__all__ = ["Run", "tell"]


@dataclass
class Run:
    """What the resources of a source share: a Client, and what is asked for. Nothing is sent before one is read."""

    config: Config
    streams: tuple[Stream, ...]
    where: Mapping[str, str]
    deletions: bool
    seconds: float
    form: str
    relations: bool
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _failures: dict[str, str] = field(default_factory=dict)
    _readers: int = 0
    _client: Client | None = None
    _begun: tuple[Client, Selection] | CommercetoolsError | None = None
    _end: float = math.inf
    _custom: CustomFieldQueries | None = None

    @contextmanager
    def opened(self) -> Iterator[tuple[Client, Selection]]:
        """Give the client and what is read; connections are closed when no resource is being read."""
        with self._lock:
            # dlt reads resources in threads, and in any order: the last one to end closes.
            self._readers += 1
        try:
            yield self._begin()
        finally:
            with self._lock:
                self._readers -= 1
                if not self._readers and self._client is not None:
                    self._client.close()

    @property
    def seconds_left(self) -> float:
        """Until the run should end."""
        return max(self._end - time.monotonic(), 0.0)

    @property
    def variants_of(self) -> str:
        """The stream that the relations of product types are made of, "" if none of them is read."""
        return next((name for name in VARIANTS if any(stream.name == name for stream in self.streams)), "")

    def custom_fields(self, client: Client) -> CustomFieldQueries:
        """Return what the project defines itself, read once; nothing where the API client may not read it."""
        with self._lock:
            if self._custom is None:
                try:
                    self._custom = CustomFieldQueries.of(client.records("product_types"), client.records("types"))
                except ForbiddenError as error:
                    logger.warning(f"custom fields and attributes stay JSON: {error}")
                    self._custom = NO_FIELDS
            return self._custom

    def fail(self, stream: Stream, reason: str) -> None:
        """Note that `stream` is not complete: the others are loaded, then the run raises."""
        logger.error(f"{stream.name}: {reason}")
        with self._lock:
            self._failures[stream.name] = reason
            # One hook for all of them; it reads the mapping when the load has ended.
            if len(self._failures) == 1:
                _raise_after_load(dlt.current.pipeline(), self._failures)

    def _begin(self) -> tuple[Client, Selection]:
        """Return what the first resource began the run with; raises, for each resource, what it failed with."""
        with self._lock:
            if self._begun is None:
                self._client = client = Client(self.config, hook=tell)
                self._end = time.monotonic() + self.seconds
                try:
                    self._begun = client, selection_of(client, self.streams, where=self.where, anew=DLT.anew)
                except CommercetoolsError as error:
                    # Kept, so that each resource raises it and no further one asks again.
                    self._begun = error
            if isinstance(self._begun, CommercetoolsError):
                raise self._begun
            return self._begun


def tell(event: Event) -> None:
    """Log what a person should know of an event; how a stream failed, `Run.fail` says."""
    if not isinstance(event, StreamFailed):
        logger.log(event.level, event.message())


def _raise_after_load(pipeline: Any, failures: Mapping[str, str]) -> None:
    """Let the next load of `pipeline` raise once it has loaded.

    An error in a resource would have dlt load nothing at all, and dlt has no hook behind the load.
    """
    load = pipeline.load

    @wraps(load)
    def load_and_raise(*args: Any, **options: Any) -> Any:
        # Once only: the next run of this pipeline is another one.
        del pipeline.load
        load(*args, **options)
        raise CommercetoolsError("; ".join(f"{name} is not complete: {reason}" for name, reason in failures.items()))

    pipeline.load = load_and_raise
