"""What readers of a Parquet folder find beside the data: a file with all columns in each table, and the views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations.manifest import refuse_link, write_file
from commercetools_source.destinations.parquet import files as dataset
from commercetools_source.destinations.parquet.relations import tables
from commercetools_source.destinations.parquet.session import SPILL
from commercetools_source.destinations.parquet.views import child_view, head, view
from commercetools_source.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commercetools_source.destinations.folder import Folder

__all__ = ["COLUMNS", "LATEST", "columns_file", "publish_columns", "publish_views", "refuse_foreign"]

COLUMNS = "columns.parquet"
LATEST = "latest.sql"


def refuse_foreign(folder: Folder) -> None:
    """Raise DestinationError when somebody else's file has a name under which this writes."""
    if not folder.is_there():
        return
    path = folder.path / LATEST
    refuse_link(folder.path / SPILL)
    if path.is_file() and not path.read_bytes().startswith(head(folder.path).encode()[:40]):
        raise DestinationError(
            f"{path} was not written by commercetools-source; move it away, or choose another folder"
        )


def publish_columns(folder: Folder, table: str) -> bool:
    """Write the file of a table that has all columns and no rows; return False if it was there as it should be."""
    entry = folder.entry(table)
    if entry is None or not entry.columns:
        return False
    path = folder.home(table) / COLUMNS
    schema = dataset.fields(entry.columns)
    if dataset.schema_of(path) == schema:  # most runs add no column, and readers' caches go by the time of change
        return False
    if dataset.has_rows(path):
        raise DestinationError(f"{path} has rows, so commercetools-source did not write it; move it away")
    write_file(path.parent, COLUMNS, lambda out: dataset.write(out, schema, [dataset.empty(schema)]))
    return True


def columns_file(folder: Folder, table: str, scratch: Path | None) -> Path:
    """Return the file of a table that has all columns and no rows: one in `scratch` where nothing may be written."""
    path = folder.path / table / COLUMNS
    entry = folder.entry(table)
    if scratch is None or entry is None:
        return path
    schema = dataset.fields(entry.columns)
    if dataset.schema_of(path) == schema:
        return path
    name = f"{table.replace('/', '.')}.parquet"
    write_file(scratch, name, lambda out: dataset.write(out, schema, [dataset.empty(schema)]))
    return scratch / name


def publish_views(folder: Folder) -> None:
    """Write the views, one for each stream and one for each relation, if they are not there as they should be."""
    home = folder.path.absolute()
    text = "\n".join([head(home), *_views(folder, home)]).encode()
    if not (home / LATEST).exists() or (home / LATEST).read_bytes() != text:
        write_file(home, LATEST, lambda out: out.write(text))


def _views(folder: Folder, home: Path) -> Iterator[str]:
    for stream in sorted(folder.tables()):
        entry = folder.entry(stream)
        if entry is None or not entry.columns:
            continue
        yield view(home, stream, entry.key, entry.columns)
        stored = [(name, folder.entry(name)) for name in folder.tables(stream)]
        # The manifest may name streams and relations of another version.
        relations = tables(STREAMS[stream]) if stored and stream in STREAMS else {}
        for name, child in stored:
            if child and child.columns and name in relations:
                keys = relations[name].record_key(entry.key)
                yield child_view(home, name, stream, keys, child.columns, entry.columns)
