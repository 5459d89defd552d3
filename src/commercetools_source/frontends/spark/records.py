"""Records as Arrow batches that have the columns of a plan, which was made before the first record came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.destinations.parquet.files import fields, fitted, reader
from commercetools_source.frontends.arrow_rows import RECORDS, ArrowRows, queried
from commercetools_source.model.select import select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import msgspec
    import pyarrow as pa

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.model.relation import Relation

__all__ = ["Batches"]


class Batches:
    """Makes Arrow batches of the records of `stream`, with columns of these DuckDB types.

    `relation`: its rows in place of the records.
    """

    def __init__(self, stream: Stream, types: Mapping[str, str], relation: Relation | None = None) -> None:
        self.schema = fields(types)
        self._rows = ArrowRows(stream)
        self._query = None if relation is None else select(relation, RECORDS, self._rows.types)

    @property
    def empty(self) -> pa.RecordBatch:
        """A batch without rows."""
        import pyarrow as pa

        return pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in self.schema], schema=self.schema)

    def of(self, records: Sequence[msgspec.Raw], deleted: Mapping[str, str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield batches of a few megabytes; `deleted`: when each record was deleted, by its id, as API timestamps."""
        for batch in self._rows.batches(records, deleted):
            for piece in (batch,) if self._query is None else _rows(self._query, batch):
                yield from fitted(piece, self.schema).to_batches()


def _rows(query: str, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a relation that the records in `batch` have."""
    with queried(batch) as connection:
        yield from reader(connection.sql(query))
