"""The batch reader: partitions planned on the driver, each read where Spark wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql.datasource import DataSourceReader, InputPartition

from commercetools_source.client import Client
from commercetools_source.frontends.spark.filters import predicate_of
from commercetools_source.frontends.spark.partitions import log, whole
from commercetools_source.frontends.spark.reading import read_partition, relation_of
from commercetools_source.frontends.spark.variants import with_variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from pyspark.sql.datasource import Filter

    from commercetools_source.frontends.spark.options import Options
    from commercetools_source.frontends.spark.partitions import Partition

__all__ = ["BatchReader", "PushdownReader", "read_rows"]


class BatchReader(DataSourceReader):
    """Reads all records of a stream that were created until the read was planned."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._where = options.where

    def partitions(self) -> list[InputPartition]:
        """Return what can be read side by side; asks the platform to count."""
        options = self._options
        # Closed before reading begins: workers make clients of their own, maybe on other machines.
        with Client(options.config, hook=log) as client:
            pieces = whole(client, options.stream, self._where, options.cluster)
        # Spark itself puts a partition of None where there is none.
        return [InputPartition(piece) for piece in pieces] or [InputPartition(None)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the rows of one partition; None is one without rows."""
        return read_rows(self._options, partition.value)


class PushdownReader(BatchReader):
    """A reader that sends filters to the platform: only where Spark's setting allows it, or Spark refuses to use it."""

    def pushFilters(self, filters: list[Filter]) -> Iterable[Filter]:  # noqa: N802 - Spark's name
        """Take what the platform can filter, and leave every filter to Spark as well, which compares exactly."""
        # Spark removes from its plan what is not handed back; handing all back costs little and cannot lose a row.
        stream, name = self._options.stream, self._options.relation
        relation = None if name is None else relation_of(name, stream)
        pushed = filter(None, (predicate_of(stream, condition, relation) for condition in filters))
        self._where = (*self._where, *pushed)
        return filters


def read_rows(options: Options, partition: Partition | None) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a partition as the schema of the read has them."""
    if partition is None:
        return
    batches = read_partition(partition, options.config, columns=list(options.types), relation=options.relation)
    for batch in batches:
        yield with_variants(batch, options.types) if options.variant else batch
