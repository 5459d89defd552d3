"""What readers of a Parquet folder find beside the data: a file with all columns in each table, and the views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations.leftovers import check_table
from commercetools_source.destinations.manifest import MANIFEST, file_path
from commercetools_source.destinations.parquet import files as dataset
from commercetools_source.destinations.parquet.relations import tables
from commercetools_source.destinations.parquet.views import child_view, head, root_view, view
from commercetools_source.destinations.store.atomic import write_file
from commercetools_source.destinations.store.local import Local
from commercetools_source.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commercetools_source.destinations.folder import Folder
    from commercetools_source.destinations.manifest import Entry
    from commercetools_source.destinations.store import Store

__all__ = ["COLUMNS", "LATEST", "columns_file", "publish_columns", "publish_views", "readable_views", "refuse_foreign"]

COLUMNS = "columns.parquet"
LATEST = "latest.sql"


def refuse_foreign(folder: Folder) -> None:
    """Raise DestinationError when somebody else's file has a name under which this writes."""
    if not folder.is_there():
        return
    text = folder.files.get(LATEST)
    # By its first words: the folder named further on may be another one, if the files were moved.
    if text is not None and not text.startswith(head("").encode()[:40]):
        raise DestinationError(
            f"{folder.files.name}/{LATEST} was not written by commercetools-source;"
            " move it away, or choose another folder"
        )


def publish_columns(folder: Folder, table: str) -> bool:
    """Write the file of a table that has all columns and no rows; return False if it was there as it should be."""
    entry = folder.entry(table)
    if entry is None or not entry.columns:
        return False
    path = f"{table}/{COLUMNS}"
    check_table(folder.files, table)
    schema, present = dataset.fields(entry.columns), folder.files.get(path)
    if dataset.schema_of(present) == schema:  # most runs add no column, and readers' caches go by the time of change
        return False
    if dataset.has_rows(present):
        raise DestinationError(
            f"{folder.files.name}/{path} has rows, so commercetools-source did not write it; move it away"
        )
    folder.files.put(path, lambda out: dataset.write(out, schema, [dataset.empty(schema)]))
    return True


def columns_file(folder: Folder, table: str, scratch: Path | None) -> Path:
    """Return the file of a table that has all columns and no rows: one in `scratch` where nothing may be written."""
    entry = folder.entry(table)
    if scratch is None or entry is None:
        return folder.files.fetch(f"{table}/{COLUMNS}")
    schema = dataset.fields(entry.columns)
    name = f"{table.replace('/', '.')}.parquet"
    write_file(scratch, name, lambda out: dataset.write(out, schema, [dataset.empty(schema)]))
    return scratch / name


def readable_views(folder: Folder) -> str:
    """Return the script of the views of records over files that this machine can read.

    Of a bucket they are over copies of its files.
    """
    if isinstance(folder.files, Local):
        return _script(folder, folder.files, relations=False)
    for stream in folder.tables():
        folder.paths(stream)
        folder.files.fetch(file_path(stream, COLUMNS))
    return _script(folder, Local(folder.files.fetch(MANIFEST).parent), relations=False)


def publish_views(folder: Folder) -> None:
    """Write the views, one for each stream and one for each relation, if they are not there as they should be."""
    text = _script(folder, folder.files).encode()
    # Not written where nothing has changed: readers' caches and backups go by the time of change.
    if folder.files.get(LATEST) != text:
        folder.files.put(LATEST, lambda out: out.write(text))


def _script(folder: Folder, store: Store, *, relations: bool = True) -> str:
    streams = [(stream, folder.entry(stream)) for stream in sorted(folder.tables())]
    views = [
        text
        for stream, entry in streams
        if entry is not None and entry.columns
        for text in (
            view(store, stream, entry.key, entry.columns),
            # The manifest may name streams of another version.
            *(_relation_views(folder, store, stream, entry) if relations and stream in STREAMS else ()),
        )
    ]
    return "\n".join([head(store.url), *views])


def _relation_views(folder: Folder, store: Store, stream: str, entry: Entry) -> Iterator[str]:
    """Yield the views of the relations that have files, and of the stream's own, which its records are enough for."""
    stored = [(name, folder.entry(name)) for name in folder.tables(stream)]
    if not stored:
        yield root_view(STREAMS[stream], entry.columns)
        return
    relations = tables(STREAMS[stream])
    for name, child in stored:
        if child and child.columns and name in relations:  # the manifest may name relations of another version
            keys = relations[name].record_key(entry.key)
            yield child_view(store, name, stream, keys, child.columns, entry.columns)
