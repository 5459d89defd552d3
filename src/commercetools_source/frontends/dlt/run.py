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
from dlt.common.storages.exceptions import CurrentLoadPackageStateNotAvailable

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.errors import CommercetoolsError, ForbiddenError
from commercetools_source.events import StreamFailed
from commercetools_source.frontends.words import DLT
from commercetools_source.model.custom.queries import NO_FIELDS, CustomFieldQueries
from commercetools_source.model.custom.variants import VARIANTS
from commercetools_source.sync.transfer import selection_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.client import Client
    from commercetools_source.events import Event
    from commercetools_source.extract.selection import Selection

__all__ = ["Run", "tell"]


@dataclass
class Run:
    """What the resources of a source share: a Client, and what is asked for. Nothing is sent before one is read."""

    client: Client
    streams: tuple[Stream, ...]
    since: str | None
    where: Mapping[str, str]
    deletions: bool
    seconds: float
    form: str
    relations: bool
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _failures: dict[str, str] = field(default_factory=dict)
    _load_id: str = ""
    _readers: int = 0
    _begun: Selection | CommercetoolsError | None = None
    _end: float = math.inf
    _custom: CustomFieldQueries | None = None

    @contextmanager
    def opened(self) -> Iterator[Selection]:
        """Give what is read, or raise what the first resource failed with; the last one to end closes connections."""
        load_id = _load_id()
        with self._lock:
            # dlt reads resources in threads, and in any order; and a source may be run again.
            if load_id != self._load_id:
                self._load_id, self._failures, self._begun, self._custom = load_id, {}, None, None
                _merge_by_default()
            begun = self._begun = self._begun or self._begin()
            self._readers += 1
        try:
            if isinstance(begun, CommercetoolsError):
                raise begun
            yield begun
        finally:
            with self._lock:
                self._readers -= 1
                if not self._readers:
                    self.client.close()

    def _begin(self) -> Selection | CommercetoolsError:
        self._end = time.monotonic() + self.seconds
        try:
            return selection_of(self.client, self.streams, since=self.since, where=self.where, anew=DLT.anew)
        except CommercetoolsError as error:
            # Kept, so that each resource raises it and no further one asks again.
            return error

    @property
    def seconds_left(self) -> float:
        """Until the run should end."""
        return max(self._end - time.monotonic(), 0.0)

    @property
    def variants_of(self) -> str:
        """The stream that the relations of product types are made of, "" if none of them is read."""
        return next((name for name in VARIANTS if any(stream.name == name for stream in self.streams)), "")

    def custom_fields(self) -> CustomFieldQueries:
        """Return what the project defines itself, read once; nothing where the API client may not read it."""
        with self._lock:
            if self._custom is None:
                try:
                    records = self.client.records
                    self._custom = CustomFieldQueries.of(records("product_types"), records("types"))
                except ForbiddenError as error:
                    logger.warning(f"custom fields and attributes stay JSON: {error}")
                    self._custom = NO_FIELDS
            return self._custom

    def fail(self, stream: Stream, reason: str) -> None:
        """Note that `stream` is not complete: the run raises when the others are loaded, without a pipeline at once."""
        logger.error(f"{stream.name}: {reason}")
        if not self._load_id:
            raise CommercetoolsError(f"{stream.name} is not complete: {reason}")
        with self._lock:
            self._failures[stream.name] = reason
            # One hook for all of them; it reads the mapping when the load has ended.
            if len(self._failures) == 1:
                _raise_after_load(dlt.current.pipeline(), self._failures)


def _load_id() -> str:
    """Return the name of the load package that dlt is making, "" where a resource is read without a pipeline."""
    try:
        return str(dlt.current.load_package_state()["load_id"])
    except CurrentLoadPackageStateNotAvailable:
        return ""


def _merge_by_default() -> None:
    """Store that tables are merged, where the last run has stored that it replaces them.

    What a process that was killed has extracted, dlt 1.31 loads by the stored schema, not by that of the package:
    by the one of the last run, a few changes would replace a whole table.
    """
    schema = dlt.current.source_schema()
    tables = (table for table in schema.tables.values() if table.get("resource") in STREAMS)
    if replaced := [table for table in tables if table.get("write_disposition") == "replace"]:
        for table in replaced:
            table["write_disposition"] = "merge"
        schemas = dlt.current.pipeline().schemas
        schemas.save_schema(schema.clone())
        # With the hash of what is stored now: when the run has extracted, dlt stores a schema with another one.
        schema.replace_schema_content(schemas.load_schema(schema.name))


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
