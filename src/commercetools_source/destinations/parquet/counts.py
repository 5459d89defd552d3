"""What deliveries change in a stream's rows: counted against the keys and versions in its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT
from commercetools_source.destinations.duckdb_engine import lacks_memory, registered
from commercetools_source.destinations.parquet.views import files, newest
from commercetools_source.destinations.replaced import changes_sql, version_sql
from commercetools_source.extract.abilities import Changes
from commercetools_source.model.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb
    import pyarrow as pa

__all__ = ["MEMORY", "MOST_ROWS", "changes_since", "first_changes", "merged_changes", "remember"]

_BEFORE = "_before"
MEMORY = "60MB"
"""For the keys of a first full read, by one thread: with room, DuckDB holds 120 MB for a million, and spills none."""
MOST_ROWS = 500_000
"""Of more rows a full read is not compared with what it replaces: their keys would fill the memory."""


def merged_changes(
    connection: duckdb.DuckDBPyConnection,
    rows: pa.Table,
    sources: Sequence[str],
    key: Sequence[str],
    columns: Mapping[str, str],
) -> Changes | None:
    """Return how many of `rows`, none of which is stored value for value, have keys that the files lack, or have.

    Where records have versions, one that is stored in this version or a newer one is no change. None: there is not
    memory enough to know.
    """
    keys = ", ".join(map(quoted, key))
    first = quoted(key[0])
    # The highest of all files: a record lies in as many as it has changed.
    version = "max(version)" if "version" in columns and "version" in rows.column_names else "NULL"
    source = f"{files(sources)} SEMI JOIN _batch USING ({keys})" if sources else "_batch WHERE false"
    stored = f"SELECT {keys}, {version} AS _version FROM {source} GROUP BY ALL"  # noqa: S608 - quoted names
    # DuckDB would look at each of the up to hundreds of columns.
    read = [name for name in rows.column_names if name in {*key, "version"}]
    with registered(connection, "_batch", rows.select(read)):
        return _counted(
            connection,
            f"SELECT count(*) FILTER (stored.{first} IS NULL),"  # noqa: S608 - same
            f" count(*) FILTER (stored.{first} IS NOT NULL AND coalesce(batch._version > stored._version, true))"
            f" FROM (SELECT {keys}, {version} AS _version FROM _batch GROUP BY ALL) AS batch"
            f" LEFT JOIN ({stored}) AS stored USING ({keys})",
        )


def remember(
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[str],
    key: Sequence[str],
    columns: Mapping[str, str],
) -> bool:
    """Keep keys and versions of the files of a stream, which are about to be replaced; return whether it was done.

    It is not for want of memory, or where a file is missing or damaged: a full read is how such a stream is mended.

    Where records have no version, the values in `columns`, those before and after, stand for it.
    """
    import duckdb

    keys = ", ".join(map(quoted, key))
    live = newest(files(sources), key, columns)
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {_BEFORE} AS SELECT {keys}, {version_sql(columns)} AS _version"  # noqa: S608 - quoted names
            f" FROM ({live}) WHERE {DELETED_AT} IS NULL"
        )
    # A signal is no lack of memory, and ends the run.
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return False
    return True


def changes_since(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[str], key: Sequence[str], columns: Mapping[str, str]
) -> Changes | None:
    """Return how the files of a stream differ from what was remembered; None: there is not memory enough to know."""
    keys = ", ".join(map(quoted, key))
    if sources:
        live = f"({newest(files(sources), key, columns)}) WHERE {DELETED_AT} IS NULL"
        loaded = f"SELECT {keys}, {version_sql(columns)} AS _version FROM {live}"  # noqa: S608 - quoted names
    else:
        loaded = f"SELECT {keys}, _version FROM {_BEFORE} LIMIT 0"  # noqa: S608 - same
    return _counted(connection, changes_sql(_BEFORE, f"({loaded})", key))


def first_changes(connection: duckdb.DuckDBPyConnection, sources: Sequence[str], key: Sequence[str]) -> Changes | None:
    """Return how many records the files of a first full read have; None: there is not memory enough to know.

    With DuckDB 1.4, which cannot spill keys that are counted, some hundred thousands of them are too many.
    """
    if not sources:
        return Changes()
    # A record that moved while it was read came twice, and so did one that was deleted meanwhile.
    keys = ", ".join(map(quoted, key))
    count = f"SELECT count(DISTINCT ({keys})) FROM {files(sources)}"  # noqa: S608 - quoted names
    # In two questions, because one that groups holds all keys in memory.
    return _counted(connection, f"SELECT ({count}) - ({count} WHERE {DELETED_AT} IS NOT NULL)")


def _counted(connection: duckdb.DuckDBPyConnection, query: str) -> Changes | None:
    """Return the counts of a query; None: there is not memory enough to know."""
    import duckdb

    try:
        (counts,) = connection.execute(query).fetchall()
    except duckdb.Error as error:
        # What is spilled may find no room either, and a figure is worth no failure.
        if not lacks_memory(error) and not isinstance(error, duckdb.IOException):
            raise
        return None
    return Changes(*counts)
