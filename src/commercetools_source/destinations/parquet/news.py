"""Which rows of a batch are news: those that are not stored already, value for value.

Every run reads the look-back and the tail again. Without this each run would add a file with rows that are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.destinations.duckdb_engine import lacks_memory, registered
from commercetools_source.destinations.parquet.views import files, newest
from commercetools_source.model.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb
    import pyarrow as pa

__all__ = ["news"]

_CHANGED = "lastModifiedAt"
_ROW = "_row"
_HASH = "_hash"
"""Of 64 bits: rows of one key and version that differ in values are few, and whole rows would fill the memory."""


def news(
    connection: duckdb.DuckDBPyConnection,
    batch: pa.Table,
    sources: Sequence[str],
    key: Sequence[str],
    columns: Mapping[str, str],
) -> list[int]:
    """Return the indices of the rows of `batch` whose newest row in the files is another one, in their order.

    `batch` has the types of the files, `columns` are those that the files have. A row that is marked as deleted is
    another one. Only rows that were last changed in the same span of time are compared: Parquet knows by its
    statistics in which row groups these are, and an equal row has an equal date of change.
    """
    import duckdb
    import pyarrow as pa
    import pyarrow.compute as pc

    source = files(sources)
    if _CHANGED in columns and _CHANGED in batch.column_names:
        span: Any = pc.min_max(batch.column(_CHANGED))
        first, last = span["min"], span["max"]
        if first.is_valid:
            between = f"BETWEEN make_timestamptz({first.value}) AND make_timestamptz({last.value})"
            source = f"(FROM {source} WHERE {quoted(_CHANGED)} {between})"
    keys = ", ".join(map(quoted, key))
    compared = [name for name in batch.column_names if name != SYNCED_AT]
    # All three where the files have them: `newest` orders by them.
    ordering = ", ".join(quoted(name) for name in ("version", SYNCED_AT, DELETED_AT) if name in columns)
    held = ", ".join(quoted(name) if name in columns else "NULL" for name in compared)
    stored = newest(
        f"(SELECT {keys}, {ordering}, hash({held}) AS {_HASH} FROM {source} SEMI JOIN _batch USING ({keys}))",  # noqa: S608 - quoted names
        key,
        columns,
    )
    mine = f"SELECT {_ROW}, {keys}, hash({', '.join(map(quoted, compared))}) AS {_HASH} FROM _batch"  # noqa: S608 - same
    numbered = batch.append_column(_ROW, pa.array(range(batch.num_rows)))
    try:
        with registered(connection, "_batch", numbered):
            rows = connection.execute(
                f"SELECT {_ROW} FROM ({mine}) ANTI JOIN ({stored}) USING ({keys}, {_HASH}) ORDER BY {_ROW}"  # noqa: S608 - same
            ).fetchall()
    except duckdb.Error as error:
        if not lacks_memory(error):
            raise
        return list(range(batch.num_rows))  # rows that are stored twice cost room and nothing else
    return [row for (row,) in rows]
