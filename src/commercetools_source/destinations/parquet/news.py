"""Which rows of a batch are news: those that are not stored already, value for value.

Every run reads the look-back and the tail again. Without this each run would add a file with rows that are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.destinations.parquet.views import files, newest
from commercetools_source.model.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import duckdb
    import pyarrow as pa

__all__ = ["news"]

_CHANGED = "lastModifiedAt"
_ROW = "_row"


def news(
    connection: duckdb.DuckDBPyConnection,
    batch: pa.Table,
    paths: Sequence[Path],
    key: Sequence[str],
    columns: Mapping[str, str],
) -> list[int]:
    """Return the indices of the rows of `batch` whose newest row in the files is another one, in their order.

    `batch` has the types of the files, `columns` are those that the files have. A row that is marked as deleted is
    another one. Only rows that were last changed in the same span of time are compared: Parquet knows by its
    statistics in which row groups these are, and an equal row has an equal date of change.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    source = files(paths)
    if _CHANGED in columns and _CHANGED in batch.column_names:
        span: Any = pc.min_max(batch.column(_CHANGED))
        first, last = span["min"], span["max"]
        if first.is_valid:
            between = f"BETWEEN make_timestamptz({first.value}) AND make_timestamptz({last.value})"
            source = f"(FROM {source} WHERE {quoted(_CHANGED)} {between})"
    keys = ", ".join(map(quoted, key))
    same = " AND ".join(
        f"batch.{quoted(name)} IS NOT DISTINCT FROM {f'stored.{quoted(name)}' if name in columns else 'NULL'}"
        for name in batch.column_names
        if name != SYNCED_AT
    )
    names = [*columns, *(() if DELETED_AT in columns else (DELETED_AT,))]
    stored = newest(f"{source} SEMI JOIN _batch USING ({keys})", key, names)
    connection.register("_batch", batch.append_column(_ROW, pa.array(range(batch.num_rows))))
    try:
        rows = connection.execute(
            f"SELECT {_ROW} FROM _batch AS batch ANTI JOIN ({stored}) AS stored ON {same} ORDER BY {_ROW}"  # noqa: S608 - quoted names
        ).fetchall()
    finally:
        connection.unregister("_batch")
    return [row for (row,) in rows]
