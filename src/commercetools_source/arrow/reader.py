"""Records as a stream of Arrow record batches, and as whole frames of Polars and pandas."""

from __future__ import annotations

import os
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from commercetools_source.arrow.arrays import stored_type
from commercetools_source.arrow.decode import UNFIT, Decoder
from commercetools_source.catalog.schema import columns
from commercetools_source.errors import CommercetoolsError, ConfigError
from commercetools_source.errors.extras import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import msgspec
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from commercetools_source.catalog.stream import Stream

__all__ = ["pandas_frame", "polars_frame", "record_reader"]

_BATCH_BYTES = 8_000_000
"""JSON that is joined before it is decoded: a page may have few records, and small batches are slow to work with."""
_NEVER = datetime(1970, 1, 1)  # noqa: DTZ001 - as the decoder takes times; the column is left out
_Result = TypeVar("_Result")


def record_reader(stream: Stream, pages: Iterable[Sequence[msgspec.Raw]]) -> pa.RecordBatchReader:
    """Return the records of `pages` as record batches; a page is asked for when a batch is.

    A column is a field of the contract, typed as in Parquet files: times are UTC, nested values JSON texts. Fields
    without a column and values that do not fit theirs are in `_unfit`, a JSON object. Raises ConfigError where
    PyArrow is not installed.
    """
    return _with("pyarrow", "arrow", lambda: _reader(stream, pages))


def polars_frame(read: Callable[[], pa.RecordBatchReader]) -> pl.DataFrame:
    """Return all that the reader has that `read` makes.

    Raises ConfigError where Polars is not installed, and CommercetoolsError in a process that was forked from one which
    has called this: Polars would wait there for threads that only the other one has
    (https://docs.pola.rs/user-guide/misc/multiprocessing/).
    """

    def frame() -> pl.DataFrame:
        import polars as pl
        import pyarrow as pa  # noqa: F401 - before `read` says how it is installed without Polars

        first, process = _first_process(), os.getpid()
        if first != process:
            raise CommercetoolsError(
                f"process {first} has used Polars, whose threads process {process}, forked from it, does not have:"
                " start it by spawn, or use arrow or pandas in it"
            )
        return pl.DataFrame(read().read_all())

    return _with("polars", "polars", frame)


@cache
def _first_process() -> int:
    """Return the process that made the first frame of Polars, in all that were forked from it, too."""
    return os.getpid()


def pandas_frame(read: Callable[[], pa.RecordBatchReader]) -> pd.DataFrame:
    """Return all that the reader has that `read` makes, in columns of Arrow's types: whole numbers stay whole.

    Raises ConfigError where pandas is not installed.
    """

    def frame() -> pd.DataFrame:
        import pandas as pd
        import pyarrow as pa  # noqa: F401 - before `read` says how it is installed without pandas

        return read().read_all().to_pandas(types_mapper=pd.ArrowDtype)

    return _with("pandas", "pandas", frame)


def _reader(stream: Stream, pages: Iterable[Sequence[msgspec.Raw]]) -> pa.RecordBatchReader:
    import pyarrow as pa

    # Fixed: a reader of record batches must know its schema before the first record is asked for.
    decoder = Decoder(stream.name, columns(stream), stream.key, fixed=True)
    types = {field.name: stored_type(field.kind) for field in decoder.fields}
    schema = pa.schema({**types, UNFIT: pa.string()})

    def batches() -> Iterator[pa.RecordBatch]:
        for records in _joined(pages):
            for batch in decoder.batches(decoder.rows(records), _NEVER):
                # By name, because batches have the columns of a destination besides, in their own order.
                arrays = [batch.column(field.name).cast(field.type) for field in schema]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _joined(pages: Iterable[Sequence[msgspec.Raw]]) -> Iterator[list[msgspec.Raw]]:
    records: list[msgspec.Raw] = []
    size = 0
    for page in pages:
        records.extend(page)
        size += sum(memoryview(record).nbytes for record in page)
        if size >= _BATCH_BYTES:
            yield records
            records, size = [], 0
    if records:
        yield records


def _with(package: str, extra: str, make: Callable[[], _Result]) -> _Result:
    """Return what `make` makes; raises ConfigError that says how to install `package` when it is missing."""
    try:
        return make()
    except ModuleNotFoundError as error:
        if error.name is None or error.name not in {package, "pyarrow"}:
            raise
        raise ConfigError(needs(error.name, extra) or str(error)) from error
