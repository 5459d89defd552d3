"""Records of one stream as Arrow, for engines that fix a table's columns before its first row comes.

The columns are those of the contract, and never change. What it does not know goes to `_unfit`, where a destination
would add a column. Rows of relations are computed from them by a DuckDB in memory.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from commercetools_source.arrow.arrays import moments
from commercetools_source.arrow.decode import DELETED_AT, MOST_COLUMNS, OWN, Decoder
from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.schema import Column, columns
from commercetools_source.catalog.stream import Paging
from commercetools_source.catalog.timestamps import moment
from commercetools_source.errors.extras import require
from commercetools_source.extract.fields import decode_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import duckdb
    import msgspec
    import pyarrow as pa

    from commercetools_source.catalog.stream import Stream

__all__ = ["RECORDS", "ArrowRows", "queried"]

RECORDS = "_records"
"""The table of records that queries of `queried` read."""


class ArrowRows:
    """Makes Arrow batches of the records of `stream`; `added` are fields with a column of JSON besides.

    `types`: the DuckDB types of the columns by name. `misfits` counts, by field, the values that are in `_unfit`.
    """

    def __init__(self, stream: Stream, added: Iterable[str] = ()) -> None:
        added_columns = [Column(name, "json", nullable=True) for name in added]
        self._decoder = Decoder(stream.name, [*columns(stream), *added_columns], stream.key, fixed=True)
        # Below parents the same record may be listed twice, and offsets move when records come and go.
        listed_once = stream.parents is None and stream.paging is Paging.KEYSET
        self._seen: set[tuple[bytes, ...]] | None = None if listed_once else set()
        self.types = {**{field.name: KINDS[field.kind].duckdb for field in self._decoder.fields}, **OWN}
        self.misfits = self._decoder.misfits

    def addable(self) -> list[str]:
        """Return the fields without a column, met until now, that can be `added` the next time."""
        return [name for name in self.misfits if self._decoder.takes(name)][: MOST_COLUMNS - len(self.types)]

    @property
    def schema(self) -> pa.Schema:
        """The columns of `batches`."""
        return self._decoder.schema()

    def batches(
        self, records: Sequence[msgspec.Raw], deleted: Mapping[str, str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield batches of a few megabytes; raises RecordError for a record that has no key.

        `deleted`: when each record was deleted, by its id, as API timestamps.
        """
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        for batch in self._decoder.batches(self._decoder.rows(self._new(records)), now):
            yield batch if deleted is None else _with_times(batch, deleted)

    def table(self, records: Sequence[msgspec.Raw], deleted: Mapping[str, str] | None = None) -> pa.Table:
        """Return the rows of `batches` together; raises as it does."""
        import pyarrow as pa

        return pa.Table.from_batches(list(self.batches(records, deleted)), self.schema)

    def _new(self, records: Sequence[msgspec.Raw]) -> Sequence[msgspec.Raw]:
        """Return the records that no call before had, each once; all of them where each comes once anyway."""
        if self._seen is None:
            return records
        by_key = {self._key(record): record for record in records}
        # The first one counts: a record that is listed twice in one run is as new the first time, because what changes
        # meanwhile lies beyond the bound of the run.
        new = {key: record for key, record in by_key.items() if key not in self._seen}
        self._seen.update(new)
        return list(new.values())

    def _key(self, record: msgspec.Raw) -> tuple[bytes, ...]:
        parsed = decode_fields(record)
        return tuple(bytes(parsed.get(name, b"")) for name in self._decoder.key)


def _with_times(batch: pa.RecordBatch, deleted: Mapping[str, str]) -> pa.RecordBatch:
    """Return `batch` with the times of deletions, by the ids of its records."""
    ids: list[str] = batch.column("id").to_pylist()  # type: ignore[assignment] # a key is never null
    times = [moment(deleted[name]).replace(tzinfo=None) for name in ids]
    return batch.set_column(batch.schema.get_field_index(DELETED_AT), DELETED_AT, moments(times))


@contextmanager
def queried(records: pa.RecordBatch | pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a DuckDB in memory that has `records` as its table RECORDS; raises ConfigError where it is not installed."""
    require("reading a relation", "duckdb")
    from commercetools_source.destinations.duckdb_engine import connect

    # One thread: a worker has one slot, and its neighbours have the other cores.
    settings: dict[str, Any] = {"threads": 1, "memory_limit": "1GB"}
    with connect(settings) as connection:
        connection.register(RECORDS, records)
        yield connection
