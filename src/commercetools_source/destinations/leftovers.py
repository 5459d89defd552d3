"""What a run that was cut off left in a folder: brought back to what its manifest says.

The manifest names what may be removed; anything else in the folder is somebody else's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.destinations.manifest import (
    LOADING,
    TABLE,
    Entry,
    Manifest,
    file_path,
)
from commercetools_source.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from commercetools_source.destinations.store import Store

__all__ = ["check_table", "part_name", "remove_unlisted", "undo_unfinished"]

_AT_ONCE = 2
"""Files of a table that one change may write: those of a delivery, and the earlier rows that a full read keeps."""


def part_name(entry: Entry, manifest: Manifest, ahead: int = 0) -> str:
    """Return the name of the next file of a table in the run that the manifest names, or of the one `ahead` of it."""
    # Six digits sort as text up to a million files; the run makes names of two copies of a folder differ.
    return f"part-{entry.next + ahead:06d}-{manifest.run}.{manifest.suffix}"


def check_table(store: Store, table: str) -> None:
    """Raise DestinationError when the files of a table would be somewhere else."""
    if not TABLE.fullmatch(table):
        raise DestinationError(f"{table!r} cannot be the name of a folder in {store.name}")
    store.check(table)


def undo_unfinished(store: Store, manifest: Manifest) -> None:
    """Bring the store to what the manifest says: undo what a run began that was cut off."""
    tables = [*manifest.streams, *manifest.begun]
    for table in tables:
        check_table(store, table)
        entry = manifest.streams.get(table) or Entry(())
        for file in entry.loading:  # moved up by a run that was cut off before it replaced the manifest
            store.move_back(file_path(table, file.name), file_path(table, file.name, store.loading))
        # The manifest counts a file only when it is whole, so the next numbers are all that can have been begun.
        listed = {file.name for file in (*entry.files, *entry.loading)}
        next_ones = {part_name(entry, manifest, ahead) for ahead in range(_AT_ONCE)} if manifest.run else set()
        for unfinished in next_ones - listed:
            for path in dict.fromkeys((file_path(table, unfinished), file_path(table, unfinished, store.loading))):
                store.discard(path, begun=True)
    remove_unlisted(store, manifest, tables)
    store.clean()


def remove_unlisted(store: Store, manifest: Manifest, tables: Iterable[str]) -> None:
    """Remove files that no longer count, and what `tables` had for a full read that is over."""
    for path in manifest.removed:  # checked once more: a folder above it may have become a link since
        check_table(store, path.rpartition("/")[0].removesuffix(f"/{LOADING}"))
        store.discard(path)
    for table in tables:
        entry = manifest.streams.get(table)
        if entry is None or not entry.loading:
            check_table(store, table)
            store.tidy(table)
