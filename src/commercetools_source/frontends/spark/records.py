"""Records as Arrow batches whose columns never change: a plan that was made before the first record came relies on it.

What the contract does not know goes to `_unfit`, where a destination would add a column.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from commercetools_source.arrow.arrays import moments
from commercetools_source.arrow.decode import DELETED_AT, OWN, Decoder
from commercetools_source.catalog.schema import columns
from commercetools_source.catalog.timestamps import moment
from commercetools_source.destinations.parquet.files import fields, fitted, reader
from commercetools_source.errors import ConfigError
from commercetools_source.errors.extras import install_hint
from commercetools_source.model.select import select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb
    import msgspec
    import pyarrow as pa

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.model.relation import Relation

__all__ = ["Batches"]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the decoder takes UTC without a zone


class Batches:
    """Makes Arrow batches of the records of `stream`, with columns of these DuckDB types.

    `relation`: its rows in place of the records. `unique`: no two rows with one key, whatever is handed in.
    """

    def __init__(
        self, stream: Stream, types: Mapping[str, str], relation: Relation | None = None, *, unique: bool = False
    ) -> None:
        self.schema = fields(types)
        # `fixed`: what the contract does not know goes to `_unfit`, because the plan has no column for it.
        self._decoder = Decoder(stream.name, columns(stream), stream.key, fixed=True)
        self._relation = None if relation is None else _Relation(relation)
        self._seen: set[tuple[object, ...]] | None = set() if unique else None

    @property
    def empty(self) -> pa.RecordBatch:
        """A batch without rows."""
        import pyarrow as pa

        return pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in self.schema], schema=self.schema)

    def of(self, records: Sequence[msgspec.Raw], deleted: Mapping[str, str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield batches of a few megabytes; `deleted`: when each record was deleted, by its id, as API timestamps."""
        rows = self._decoder.rows(records)
        for decoded in self._decoder.batches(rows, _EPOCH):
            batch = self._unseen(decoded if deleted is None else _with_times(decoded, deleted))
            for piece in (batch,) if self._relation is None else self._relation.rows(batch):
                # Cast to the schema of the plan: Spark refuses a batch whose types differ from it.
                yield from fitted(piece, self.schema).to_batches()

    def _unseen(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self._seen is None:
            return batch
        # The first one counts: a record that is listed twice in one read is as new the first time.
        keys = list(zip(*(batch.column(name).to_pylist() for name in self._decoder.key), strict=True))
        places = [index for index, key in enumerate(keys) if key not in self._seen]
        self._seen.update(keys)
        return batch if len(places) == len(keys) else batch.take(_indices(places))


def _indices(places: Sequence[int]) -> pa.Array[pa.Int64Scalar]:
    import pyarrow as pa

    return pa.array(places, pa.int64())


def _with_times(batch: pa.RecordBatch, deleted: Mapping[str, str]) -> pa.RecordBatch:
    """Return `batch` with the times of deletions, by the ids of its records."""
    ids: list[str] = batch.column("id").to_pylist()  # type: ignore[assignment] # a key is never null
    times = [moment(deleted[name]).replace(tzinfo=None) for name in ids]
    return batch.set_column(batch.schema.get_field_index(DELETED_AT), DELETED_AT, moments(times))


class _Relation:
    """Computes the rows of a relation from batches of records, in a DuckDB database in memory."""

    def __init__(self, relation: Relation) -> None:
        self._relation = relation
        self._connection: duckdb.DuckDBPyConnection | None = None

    def rows(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the records in `batch`."""
        from commercetools_source.catalog.streams import STREAMS
        from commercetools_source.frontends.spark.schema import column_types

        if self._connection is None:
            self._connection = _connected()
        types = {**column_types(STREAMS[self._relation.stream]), **OWN}
        self._connection.register("_records", batch)
        try:
            yield from reader(self._connection.sql(select(self._relation, "_records", types)))
        finally:
            self._connection.unregister("_records")


def _connected() -> duckdb.DuckDBPyConnection:
    try:
        import duckdb  # noqa: F401 - only whether it is there
    except ImportError:
        raise ConfigError(
            "a relation is computed with DuckDB, which is not installed where it is read;"
            f" {install_hint('duckdb')} there"
        ) from None
    from commercetools_source.destinations.duckdb_engine import connect

    # One thread: a worker has one slot, and its neighbours have the other cores.
    return connect({"threads": 1, "memory_limit": "1GB"})
