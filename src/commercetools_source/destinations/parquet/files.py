"""Arrow batches as Parquet files: the types in them, row groups of a bounded size, several files made one.

Knows nothing of streams, folders or manifests. Types are the plainest that are exact, so that DuckDB, Polars,
pandas and Spark read them alike: a moment is in UTC with a zone, a nested value is JSON text. Arrow's own mark for
JSON is left out: Polars 1 fails to open a file that has it, and Polars 2 cannot use such a column as text.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from commercetools_source.arrow.arrays import stored_type
from commercetools_source.catalog.kinds import KINDS
from commercetools_source.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    import duckdb
    import pyarrow as pa

__all__ = ["empty", "fields", "fitted", "halves", "has_rows", "pieces", "reader", "rows_at_once", "schema_of", "write"]

_ROW_GROUP_BYTES = 32_000_000
"""Of a row group before it is encoded: what writer and readers hold in memory at once for each thread."""


def fields(columns: Mapping[str, str]) -> pa.Schema:
    """Return the schema of a file whose columns have these DuckDB types; raises DestinationError for others."""
    import pyarrow as pa

    kinds = {form.duckdb: name for name, form in KINDS.items()}
    if strange := [f"{name} ({sql})" for name, sql in columns.items() if sql not in kinds]:
        raise DestinationError(
            f"commercetools-source writes no columns of such types in this version: {', '.join(strange)};"
            " go back to the version that wrote them, or choose an empty folder"
        )
    return pa.schema([pa.field(name, stored_type(kinds[sql])) for name, sql in columns.items()])


def empty(schema: pa.Schema) -> pa.Table:
    """Return a table without rows; `schema.empty_table` makes the same, and loads pandas for it."""
    import pyarrow as pa

    return pa.Table.from_batches([], schema)


def fitted(batch: pa.RecordBatch | pa.Table, schema: pa.Schema) -> pa.Table:
    """Return `batch` with exactly the columns of `schema`; one that it lacks is null."""
    import pyarrow as pa

    table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
    names = set(table.column_names)
    columns = [
        _cast(table.column(field.name), field.type)
        if field.name in names
        else pa.chunked_array([pa.nulls(table.num_rows, field.type)])
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _cast(column: pa.ChunkedArray[Any], to: Any) -> pa.ChunkedArray[Any]:
    # Arrow copies a text that is cast to text.
    return column if column.type == to else column.cast(to)


def write(out: BinaryIO, schema: pa.Schema, batches: Iterable[pa.RecordBatch | pa.Table]) -> int:
    """Write one Parquet file with the columns of `schema` and return its number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    # Every reader of Parquet has had zstd for years, and JSON texts get much smaller by it than by snappy.
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for group in _groups(batches, schema):
            # One row group for each table that is handed over: its size was decided by bytes.
            writer.write_table(group, row_group_size=max(group.num_rows, 1))
            rows += group.num_rows
    pa.default_memory_pool().release_unused()
    return rows


def _groups(batches: Iterable[pa.RecordBatch | pa.Table], schema: pa.Schema) -> Iterator[pa.Table]:
    import pyarrow as pa

    tables: list[pa.Table] = []
    size = 0
    # By bytes, because records of one stream differ from 1 KB to 16 MB (https://docs.commercetools.com/api/limits).
    for batch in batches:
        tables.append(fitted(batch, schema))
        size += tables[-1].nbytes
        if size >= _ROW_GROUP_BYTES:
            yield pa.concat_tables(tables)
            tables, size = [], 0
    if tables:
        yield pa.concat_tables(tables)


def reader(relation: duckdb.DuckDBPyRelation, rows: int = 1000) -> pa.RecordBatchReader:
    """Return what a query finds, so many rows at a time."""
    read: Any = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader  # its name before DuckDB 1.5
    batches: pa.RecordBatchReader = read(rows)
    return batches


def schema_of(file: bytes | None) -> pa.Schema | None:
    """Return the columns of what is in a file, None when there is none or it is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return None if file is None else pq.read_schema(BytesIO(file))
    except pa.ArrowInvalid:
        return None


def has_rows(file: bytes | None) -> bool:
    """Return whether what is in a file is Parquet and has rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return file is not None and bool(pq.read_metadata(BytesIO(file)).num_rows)
    except pa.ArrowInvalid:
        return False


def pieces(paths: Sequence[Path], most: int = _ROW_GROUP_BYTES) -> Iterator[pa.Table]:
    """Yield what is in the files, at most about `most` bytes at a time, but always at least one row.

    Row group by row group: a number of rows bounds nothing, because a document of the platform may have 16 MB
    (https://docs.commercetools.com/api/limits), and batches of a file reach over its row groups.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in paths:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            for index in range(file.num_row_groups):  # each thread would keep memory of its own
                yield from halves(file.read_row_group(index, use_threads=False), most)
        pa.default_memory_pool().release_unused()


def halves(table: pa.Table, most: int) -> Iterator[pa.Table]:
    """Yield a table in slices of at most `most` bytes, or of a single row."""
    if not table.num_rows:
        return
    if table.nbytes <= most or table.num_rows == 1:
        yield table
        return
    middle = table.num_rows // 2
    yield from halves(table.slice(0, middle), most)
    yield from halves(table.slice(middle), most)


def rows_at_once(connection: duckdb.DuckDBPyConnection, sources: Sequence[str]) -> int:
    """Return how many rows of these files have together about as much as a row group, 1,000 at most."""
    # From the footers alone: no row is read to learn how large rows are.
    query = "SELECT max(row_group_bytes // greatest(row_group_num_rows, 1)) FROM parquet_metadata($1)"
    (row,) = connection.execute(query, [list(sources)]).fetchall()
    largest = max(row[0] or 1, 1)
    return max(1, min(1000, _ROW_GROUP_BYTES // largest))
