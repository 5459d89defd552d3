"""What readers of a Parquet folder find beside the data: a file with all columns in each table, and the views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations.leftovers import check_table
from commercetools_source.destinations.manifest import MANIFEST, file_path
from commercetools_source.destinations.parquet import files as dataset
from commercetools_source.destinations.parquet.relations import tables
from commercetools_source.destinations.parquet.views import child_view, head, view
from commercetools_source.destinations.store.atomic import write_file
from commercetools_source.destinations.store.local import Local
from commercetools_source.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commercetools_source.destinations.folder import Folder
    from commercetools_source.destinations.store import Store

__all__ = ["COLUMNS", "LATEST", "columns_file", "publish_columns", "publish_views", "readable_views", "refuse_foreign"]

COLUMNS = "columns.parquet"
LATEST = "latest.sql"


def refuse_foreign(folder: Folder) -> None:
    """Raise DestinationError when somebody else's file has a name under which this writes."""
    if not folder.is_there():
        return
    text = folder.files.get(LATEST)
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
    """Return the script of the views over files that this machine can read: of a bucket, over copies of its files."""
    if isinstance(folder.files, Local):
        return _script(folder, folder.files)
    for stream in folder.tables():
        for table in (stream, *folder.tables(stream)):
            folder.paths(table)
            folder.files.fetch(file_path(table, COLUMNS))
    return _script(folder, Local(folder.files.fetch(MANIFEST).parent))


def publish_views(folder: Folder) -> None:
    """Write the views, one for each stream and one for each relation, if they are not there as they should be."""
    text = _script(folder, folder.files).encode()
    if folder.files.get(LATEST) != text:
        folder.files.put(LATEST, lambda out: out.write(text))


def _script(folder: Folder, store: Store) -> str:
    return "\n".join([head(store.url), *_views(folder, store)])


def _views(folder: Folder, store: Store) -> Iterator[str]:
    for stream in sorted(folder.tables()):
        entry = folder.entry(stream)
        if entry is None or not entry.columns:
            continue
        yield view(store, stream, entry.key, entry.columns)
        stored = [(name, folder.entry(name)) for name in folder.tables(stream)]
        # The manifest may name streams and relations of another version.
        relations = tables(STREAMS[stream]) if stored and stream in STREAMS else {}
        for name, child in stored:
            if child and child.columns and name in relations:
                keys = relations[name].record_key(entry.key)
                yield child_view(store, name, stream, keys, child.columns, entry.columns)
