"""What a run that was cut off left in a folder: brought back to what its manifest says.

The manifest names what may be removed; anything else in the folder is somebody else's.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from commercetools_source.destinations.manifest import (
    LOADING,
    MANIFEST,
    TABLE,
    TEMPORARY,
    Entry,
    Manifest,
    refuse_link,
)
from commercetools_source.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["part_name", "remove_unlisted", "table_folder", "undo_unfinished"]


def part_name(entry: Entry, manifest: Manifest) -> str:
    """Return what the next file of a table is called, in the run that the manifest names."""
    return f"part-{entry.next:06d}-{manifest.run}.{manifest.suffix}"


def table_folder(folder: Path, table: str) -> Path:
    """Return the folder of a table, to write in; raises DestinationError when it is somewhere else."""
    if not TABLE.fullmatch(table):
        raise DestinationError(f"{table!r} cannot be the name of a folder in {folder}")
    path = folder
    for step in (*table.split("/"), LOADING):
        path = path / step
        refuse_link(path)
    return folder / table


def undo_unfinished(folder: Path, manifest: Manifest) -> None:
    """Bring the folder to what the manifest says: undo what a run began that was cut off."""
    tables = [*manifest.streams, *manifest.begun]
    for table in tables:
        home, entry = table_folder(folder, table), manifest.streams.get(table) or Entry(())
        for file in entry.loading:  # moved up by a run that was cut off before it replaced the manifest
            if (home / file.name).exists() and not (home / LOADING / file.name).exists():
                (home / file.name).replace(home / LOADING / file.name)
        # The manifest counts a file only when it is whole, so the next number is all that can have been begun.
        unfinished = part_name(entry, manifest)
        listed = {file.name for file in (*entry.files, *entry.loading)}
        if manifest.run and unfinished not in listed:
            for path in (home / unfinished, home / LOADING / unfinished):
                _discard(path)
                _discard(path.with_name(f"{unfinished}{TEMPORARY}"))
    remove_unlisted(folder, manifest, tables)
    refuse_link(folder / f"{MANIFEST}{TEMPORARY}")
    _discard(folder / f"{MANIFEST}{TEMPORARY}")


def remove_unlisted(folder: Path, manifest: Manifest, tables: Iterable[str]) -> None:
    """Remove files that no longer count, and what `tables` had for a full read that is over."""
    for path in manifest.removed:  # checked once more: a folder above it may have become a link since
        table_folder(folder, path.rpartition("/")[0].removesuffix(f"/{LOADING}"))
        _discard(folder / path)
    for table in tables:
        entry = manifest.streams.get(table)
        if entry is None or not entry.loading:
            with suppress(OSError):  # it may not be there, or hold files of somebody else
                (table_folder(folder, table) / LOADING).rmdir()


def _discard(path: Path) -> None:
    with suppress(FileNotFoundError, NotADirectoryError):
        path.unlink()
