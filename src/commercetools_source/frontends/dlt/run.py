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
from dlt.common.configuration.container import Container
from dlt.common.pipeline import pipeline_state
from dlt.common.storages.exceptions import CurrentLoadPackageStateNotAvailable

from commercetools_source.errors import CommercetoolsError, ForbiddenError
from commercetools_source.events import Notice, StreamFailed
from commercetools_source.extract.selection import conflict_with
from commercetools_source.frontends.words import DLT
from commercetools_source.model.custom.places import custom_field_columns
from commercetools_source.model.custom.queries import NO_FIELDS, CustomFieldQueries
from commercetools_source.model.custom.variants import VARIANTS
from commercetools_source.model.relations import relations
from commercetools_source.sync.transfer import selection_of
from commercetools_source.sync.undefined import undefined_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.client import Client
    from commercetools_source.events import Event
    from commercetools_source.extract.selection import Selection

__all__ = ["Run", "conflict_elsewhere", "package", "tell"]


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
    _load_id: str = ""
    _readers: int = 0
    _begun: Selection | CommercetoolsError | None = None
    _end: float = math.inf
    _custom: CustomFieldQueries | CommercetoolsError | None = None

    @contextmanager
    def opened(self) -> Iterator[Selection]:
        """Give what is read, or raise what the first resource failed with; the last one to end closes connections."""
        load_id = package()
        with self._lock:
            # dlt reads resources in threads, and in any order; and a source may be run again.
            if load_id != self._load_id:
                self._load_id, self._begun, self._custom = load_id, None, None
                if load_id:
                    _lacking(dlt.current.pipeline(), load_id)
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
            selection = selection_of(self.client, self.streams, since=self.since, where=self.where, anew=DLT.anew)
        except CommercetoolsError as error:
            # Kept, so that each resource raises it and no further one asks again.
            return error
        if (notice := undefined_names(self.client)) is not None:
            tell(notice)
        return selection

    @property
    def seconds_left(self) -> float:
        """Until the run should end."""
        return max(self._end - time.monotonic(), 0.0)

    def variants_of(self, stream: Stream) -> str:
        """Return which of the source's streams relations of product types are made of, "" if none; `stream` is read."""
        best = next((name for name in VARIANTS if any(one.name == name for one in self.streams)), "")
        if stream.name in VARIANTS and best not in {stream.name, *dlt.current.source().selected_resources}:
            reason = f"tables of product types are made of {best}: select it, or leave it out of `streams`"
            tell(Notice(stream.name, reason))
        return best

    def custom_fields(self, stream: Stream) -> CustomFieldQueries:
        """Return what the project defines for records of `stream`; nothing where the API client may not read it.

        Raises CommercetoolsError where it cannot be read otherwise.
        """
        if stream.name not in VARIANTS and not any(map(custom_field_columns, relations(stream))):
            return NO_FIELDS
        with self._lock:
            if self._custom is None:
                self._custom = self._read_custom_fields()
            if isinstance(self._custom, CommercetoolsError):
                raise self._custom
            return self._custom

    def _read_custom_fields(self) -> CustomFieldQueries | CommercetoolsError:
        records = self.client.records
        try:
            return CustomFieldQueries.of(records("product_types"), records("types"))
        except ForbiddenError as error:
            logger.warning(f"custom fields and attributes stay JSON: {error}")
            return NO_FIELDS
        except CommercetoolsError as error:
            # Kept, so that no further stream asks again, for minutes each.
            return error

    def fail(self, stream: Stream, reason: str) -> None:
        """Note that `stream` is not complete: the run raises when the others are loaded, without a pipeline at once."""
        logger.error(f"{stream.name}: {reason}")
        if not self._load_id:
            raise CommercetoolsError(f"{stream.name} is not complete: {reason}")
        _lacking(dlt.current.pipeline(), self._load_id)[stream.name] = reason


def conflict_elsewhere(stream: Stream, selection: Selection) -> str | None:
    """Return why another source of the pipeline keeps the current resource from its table; None if none does.

    A source that was cloned has a state of its own, and its tables have the same names in the same dataset.
    """
    resource: Any = dlt.current.resource()
    kept, of_a_run = pipeline_state(Container())
    if not of_a_run or not dlt.current.pipeline().config.use_single_dataset:
        return None
    for name, source in list(kept.get("sources", {}).items()):
        state = DLT.restored(source.get("resources", {}).get(resource.name, {}).get("state"))
        if state.broken is None and conflict_with(stream, state, selection) is not None:
            return (
                f"the source {name!r} of this pipeline has rows of another project, or another part of the stream, in"
                " its table; load one of them into a dataset of its own, or with use_single_dataset = false"
            )
    return None


def package() -> str:
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
    if replaced := [table for table in schema.tables.values() if table.get("write_disposition") == "replace"]:
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


def _lacking(pipeline: Any, load_id: str) -> dict[str, str]:
    """Return which streams lack rows in a package of `pipeline`, and why: what its next load raises when it has loaded.

    An error in a resource would have dlt load nothing at all, and dlt has no hook behind the load.
    """
    # dlt reads resources in threads, those of several sources too. One step of a dict is whole among threads
    # (https://docs.python.org/3/faq/library.html#what-kinds-of-global-value-mutation-are-thread-safe).
    with vars(pipeline).setdefault("_commercetools_hooking", threading.Lock()):
        if not hasattr(pipeline.load, "lacking"):
            pipeline.load = _raising(pipeline.load)
        lacking: dict[str, dict[str, str]] = pipeline.load.lacking
        # What was noted of a package that dlt dropped, because its extraction failed, says nothing of this one.
        kept = {load_id, *pipeline.list_extracted_load_packages(), *pipeline.list_normalized_load_packages()}
        for dropped in lacking.keys() - kept:
            del lacking[dropped]
        return lacking.setdefault(load_id, {})


def _raising(load: Any) -> Any:
    lacking: dict[str, dict[str, str]] = {}

    @wraps(load)
    def load_and_raise(*args: Any, **options: Any) -> Any:
        info = load(*args, **options)
        reasons = [f"{name} is not complete: {why}" for lack in lacking.values() for name, why in lack.items()]
        lacking.clear()
        if reasons:
            raise CommercetoolsError("; ".join(reasons))
        return info

    vars(load_and_raise)["lacking"] = lacking
    return load_and_raise
