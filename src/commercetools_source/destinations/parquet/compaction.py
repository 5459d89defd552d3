"""Many small files of a table made few large ones: every run adds one, and readers open each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from commercetools_source.destinations.entries import TableRows
from commercetools_source.destinations.manifest import file_path
from commercetools_source.destinations.parquet import files as dataset

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commercetools_source.destinations.folder import Folder
    from commercetools_source.destinations.manifest import File

__all__ = ["compact"]

_SMALL = 16_000_000
"""Bytes of a file that is worth being joined with others."""
_MANY = 16
"""Small files that a table may have."""
_LARGE = 128_000_000
"""Bytes of what is joined into one file at most."""


def compact(folder: Folder, table: str) -> None:
    """Join the small files of a table, once it has many."""
    entry = folder.entry(table)
    small = [file for file in entry.files if file.bytes < _SMALL] if entry else []
    # Joined once there are many: to join two files at a time would write each record again and again.
    if entry is None or len(small) < _MANY:
        return
    schema = dataset.fields(entry.columns)  # of all files, so that one without a later column gets it
    for group in _groups(small):
        paths = [folder.files.fetch(file_path(table, file.name)) for file in group]
        write = partial(dataset.write, schema=schema, batches=dataset.pieces(paths))
        folder.exchange(TableRows(table, entry.key, write), [file.name for file in group])


def _groups(files: Sequence[File]) -> Iterator[list[File]]:
    """Yield the files in groups, each ended by the file with which it gets large."""
    group: list[File] = []
    for file in files:
        group.append(file)
        if sum(member.bytes for member in group) >= _LARGE:
            yield group
            group = []
    if group:
        yield group
