"""The streaming reader: each batch has what changed since the one before, and what was deleted."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from pyspark.sql.datasource import DataSourceStreamReader, InputPartition
from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadMaxRows, SupportsTriggerAvailableNow

from commercetools_source.catalog.scopes import scope_advice
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import shift
from commercetools_source.client import Client
from commercetools_source.config import Secret
from commercetools_source.errors import ConfigError, ForbiddenError
from commercetools_source.extract.parents import parents_of
from commercetools_source.extract.records import position_of
from commercetools_source.extract.request import LARGEST_OFFSET, PageRequest
from commercetools_source.extract.selection import Selection
from commercetools_source.frontends.spark.batch import read_rows
from commercetools_source.frontends.spark.offsets import (
    Offset,
    decode,
    deletions_between,
    encode,
    range_between,
    refuse_future,
)
from commercetools_source.frontends.spark.partitions import Partition, divided, is_divisible, log
from commercetools_source.frontends.words import SPARK
from commercetools_source.sync.deletions import deletions
from commercetools_source.sync.undefined import undefined_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from pyspark.sql.streaming.datasource import ReadLimit

    from commercetools_source.extract.keyset import KeyRange, Position
    from commercetools_source.frontends.spark.options import Options

__all__ = ["StreamReader"]

Rows = Literal["all", "records", "deletions"]


class StreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Reads what changed, up to a bound behind the platform's clock that late changes do not come before.

    A streaming read reads nothing twice, so the bound lies `settle_seconds` and `lookback_seconds` behind.
    `rows`: records and deletions, or only one of them.
    """

    def __init__(self, options: Options, rows: Rows = "all") -> None:
        stream = options.stream
        if stream.cursor is None:
            raise ConfigError(f"{stream.name} has no change date, so it cannot be streamed; use spark.read")
        if options.relation is not None:
            raise ConfigError("relation is for spark.read; stream the records, and take them apart with SQL")
        if options.max_rows is not None and stream.parents is not None:
            raise ConfigError(f"max_rows cannot be used with {stream.name}, which is listed in parts; leave it out")
        self._options = options
        self._stream = stream
        # What the checkpoint keeps, to recognize another read.
        where = tuple((stream.name, predicate) for predicate in options.where)
        self._selection = replace(Selection.of(options.config, anew=SPARK.anew), where=where)
        self._deletes = rows == "deletions" or (rows == "all" and options.deletions and bool(stream.deleted_messages))
        self._reads = rows != "deletions"
        self._client: Client | None = None
        # Set once for a query with Trigger.AvailableNow, which must end although the shop goes on changing.
        self._target: str | None = None

    def initialOffset(self) -> dict[str, Any]:  # noqa: N802 - Spark's name
        """Return where a read without a checkpoint begins: at the start date, or with the first record.

        Raises ConfigError when the API client may not read the Messages that tell of deletions.
        """
        if self._deletes:
            # The first batch looks for no deletions: without this question the second one would fail.
            now = self._settled()
            self._has_messages(now, shift(now, 0.001))
        if (notice := undefined_names(self._connected())) is not None:
            log(notice)
        start = self._selection.since_of(self._stream) or ""
        return self._encoded(Offset(start, since=start))

    def getDefaultReadLimit(self) -> ReadLimit:  # noqa: N802 - Spark's name
        """Return the limit that the options name."""
        most = self._options.max_rows
        return ReadAllAvailable() if most is None else ReadMaxRows(most)

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802 - Spark's name
        """Fix where this query ends."""
        self._target = self._settled()

    def latestOffset(self, start: dict[str, Any], limit: ReadLimit) -> dict[str, Any]:  # noqa: N802 - Spark's name
        """Return the end of the next batch: `start` itself while there is nothing new."""
        begin = self._decoded(start)
        # A clock that was set back must not move an offset back: Spark would read what lies between once more.
        settled, config = self._target or self._settled(), self._options.config
        refuse_future(begin, shift(settled, config.settle_seconds + config.lookback_seconds))
        bound = max(settled, begin.bound)
        end = Offset(bound, None, begin.deletions_from or bound, begin.since)
        changes = range_between(self._stream, begin, end)
        if self._reads and self._has_records(changes):
            # Spark may ask for all that there is although a limit was named, and is to be obeyed then
            # (https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.datasource.DataSourceStreamReader.latestOffset.html).
            most = getattr(limit, "max_rows", None)
            position = None if most is None else self._position(changes, most)
            return self._encoded(replace(end, position=position))
        if self._has_deletions(begin, end):
            return self._encoded(end)
        # The same offset again: Spark then runs no batch and writes nothing to the checkpoint.
        return start

    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> list[InputPartition]:
        """Return the partitions of a batch: windows of its changes, and one of its deletions."""
        begin, last = self._decoded(start), self._decoded(end)
        # The same offsets twice: Spark asks again after a failure, and there may be nothing to read.
        if begin == last:
            return []
        client = self._connected()
        base = Partition(
            self._stream.name,
            last.bound,
            (),
            self._options.where,
            "incremental",
            access_token=Secret(client.access_token()),
        )
        pieces = self._pieces(client, range_between(self._stream, begin, last), base) if self._reads else []
        messages = self._messages(begin, last)
        if messages is not None:
            pieces = [*pieces, replace(base, ranges=(messages,), where=(), kind="deletions")]
        return [InputPartition(piece) for piece in pieces]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the rows of one partition."""
        return read_rows(self._options, partition.value)

    def stop(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _connected(self) -> Client:
        if self._client is None:
            self._client = Client(self._options.config, hook=log)
        return self._client

    def _settled(self) -> str:
        client = self._connected()
        # Others read the time before their position again; here a row that comes again would be one too many.
        return shift(client.settled_time(), -client.config.lookback_seconds)

    def _encoded(self, offset: Offset) -> dict[str, Any]:
        return encode(self._stream, self._selection, offset)

    def _decoded(self, stored: dict[str, Any]) -> Offset:
        return decode(self._stream, self._selection, stored)

    def _pieces(self, client: Client, changes: KeyRange, base: Partition) -> list[Partition]:
        if is_divisible(self._stream):
            return divided(client, self._stream, changes, base, self._options.cluster)
        ranges = tuple(self._below_parents(changes))
        return [replace(base, ranges=ranges, threads=client.config.concurrency)] if ranges else []

    def _below_parents(self, changes: KeyRange) -> Iterator[KeyRange]:
        client = self._connected()
        for parent in parents_of(client.get, self._stream, client.config.page_size, client.config.store_key):
            yield replace(changes, parent=parent)

    def _request(self, changes: KeyRange) -> PageRequest:
        return PageRequest(self._connected().get, self._stream, changes, self._options.where)

    def _has_records(self, changes: KeyRange) -> bool:
        return any(self._request(below).first() is not None for below in self._below_parents(changes))

    def _position(self, changes: KeyRange, most: int) -> Position | None:
        """Return where the record number `most` of `changes` stands, None if there are fewer."""
        while most > 0:
            # The API counts to 10,000, so a larger batch is paced out in steps of that many records.
            step = min(most, LARGEST_OFFSET)
            records = self._request(changes).fetch(1, None, skip=step - 1).page.records
            if not records:
                return None
            changes, most = replace(changes, after=position_of(records[0], changes)), most - step
        return changes.after

    def _messages(self, begin: Offset, end: Offset) -> KeyRange | None:
        return deletions_between(begin, end, whole=not self._reads) if self._deletes else None

    def _has_deletions(self, begin: Offset, end: Offset) -> bool:
        messages = self._messages(begin, end)
        if messages is None or messages.lower is None or messages.upper is None:
            return False
        return self._has_messages(messages.lower, messages.upper)

    def _has_messages(self, since: str, until: str) -> bool:
        """Return whether Messages tell of deletions in this time."""
        client, page_size = self._connected(), self._options.config.page_size
        pages = deletions(client.get, [self._stream], since, until, page_size, privacy=client.privacy)
        try:
            return bool(list(islice(pages, 1)))
        except ForbiddenError:
            advice = scope_advice([STREAMS["messages"]], self._options.config.project_key)
            raise ConfigError(
                f"deletions are told by Messages, which the API client may not read; {advice}, or set the option"
                " deletions to false"
            ) from None
