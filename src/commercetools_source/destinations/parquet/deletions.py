"""Deletions in a Parquet folder: a deleted row is there once more, with the time of its end."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.destinations import duckdb_engine
from commercetools_source.destinations.entries import TableRows
from commercetools_source.destinations.parquet import files as dataset
from commercetools_source.destinations.parquet.published import columns_file
from commercetools_source.destinations.parquet.views import files, newest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commercetools_source.destinations.folder import Folder
    from commercetools_source.destinations.parquet.session import Session
    from commercetools_source.extract.abilities import Difference, Listed

__all__ = ["compare", "mark_deleted"]


def compare(
    folder: Folder,
    session: Session,
    stream: str,
    pages: Iterable[Sequence[Listed]],
    cursor: str,
    since: str | None,
) -> Difference:
    """Return how the stream's newest rows that are not marked as deleted differ from a listing."""
    # No more than the comparison asks for: Parquet reads columns apart.
    fields = ("createdAt", "lastModifiedAt") if since else ("createdAt",)
    dates = [f"make_timestamp(epoch_us({field})) AS {field}" for field in fields]  # whatever zone the session is in
    _view_newest(folder, session, stream, f"id, version, {', '.join(dates)}, {DELETED_AT}")
    return duckdb_engine.compare(session.connection, "_held", pages, cursor, since)


def mark_deleted(folder: Folder, session: Session, stream: str, times: Mapping[str, str], *, loading: bool) -> int:
    """Add a file of the rows with these ids that were not marked yet, now with the time; return how many.

    With `loading` in what a full read under way has loaded.
    """
    entry = folder.entry(stream)
    if entry is None or not _view_newest(
        folder, session, stream, f"id, version, {SYNCED_AT}, {DELETED_AT}, _file", loading=loading
    ):
        return 0
    sources = _list_unmarked(session, times)
    if not sources:
        return 0
    # The whole row again, so that a reader who takes the newest one has its values. Few records have no version.
    rows = session.connection.sql(
        f"SELECT held.* REPLACE (_gone.time AS {DELETED_AT}) FROM"  # noqa: S608 - quoted names
        f" {files(sources)} AS held JOIN _gone ON held.id = _gone.id"
        f" AND held.version IS NOT DISTINCT FROM _gone.version AND held.{SYNCED_AT} = _gone.{SYNCED_AT}"
        f" AND held.{DELETED_AT} IS NULL"
    )
    schema = dataset.fields(entry.loading_columns if loading else entry.columns)
    # Few rows at a time where they are large: what is read ahead is in memory.
    at_once = dataset.rows_at_once(session.connection, sources)
    write = partial(dataset.write, schema=schema, batches=dataset.reader(rows, at_once))
    return folder.exchange(TableRows(stream, entry.key, write), (), loading=loading)


def _view_newest(folder: Folder, session: Session, stream: str, select: str, *, loading: bool = False) -> bool:
    """Make the view `_held` of the newest rows of a stream; return whether there are any files."""
    entry = folder.entry(stream)
    sources = folder.sources(stream, loading=loading)
    if entry is None or not (sources if loading else entry.columns):
        return False
    columns = entry.loading_columns if loading else entry.columns
    # With the file of all columns there is one at least, and each column is in one.
    with_columns = sources if loading else [str(columns_file(folder, stream, session.scratch)), *sources]
    query = newest(files(with_columns, named=True), entry.key, columns, select)
    session.connection.execute(f"CREATE OR REPLACE TEMP VIEW _held AS {query}")
    return True


def _list_unmarked(session: Session, times: Mapping[str, str]) -> list[str]:
    """Make the table `_gone` of the rows of `_held` with these ids that are not marked; return their files."""
    connection = session.connection
    with duckdb_engine.registered(connection, "_times", duckdb_engine.deletions(times)):
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE _gone AS"
            " SELECT _held.id, version, _synced_at, time, _file FROM _held JOIN _times USING (id)"
            " WHERE _deleted_at IS NULL"
        )
    return [file for (file,) in connection.execute("SELECT DISTINCT _file FROM _gone ORDER BY ALL").fetchall()]
