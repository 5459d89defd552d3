"""How far each stream of a folder has come, judged by its files: those that are missing, and those of another size."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from commercetools_source.destinations.manifest import file_path
from commercetools_source.events import Notice, counted
from commercetools_source.extract.checkpoint import ANEW, StreamState, give_up, restore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commercetools_source.destinations.manifest import File, Manifest
    from commercetools_source.destinations.store import Store

__all__ = ["damage", "lost_files", "stored_states"]


def stored_states(store: Store, manifest: Manifest) -> dict[str, StreamState]:
    """Return the state of each stream that has one.

    Without one of its files a stream is read from its start. A file of another size was changed by somebody, or cut
    short by a disk: what is in it is not known, so the state is broken, and nothing is read or written on top of it.
    """
    states = {name: _state(store, manifest, name) for name in manifest.tables()}
    return {name: state for name, state in states.items() if state != StreamState()}


def lost_files(store: Store, manifest: Manifest) -> list[Notice]:
    """Return for each stream that has a state which of its files is missing.

    Raises DestinationError for a file that is something else, such as a pipe.
    """
    # Of streams without a state, too: whatever is no file is refused here, before anything is read.
    missing = {
        stream: [path for path, _ in _files(manifest, stream) if store.size(path) is None]
        for stream in manifest.tables()
    }
    return [
        Notice(stream, f"{paths[0]} is missing, so the stream is read from its start")
        for stream, paths in missing.items()
        if paths and manifest.streams[stream].state is not None
    ]


def damage(store: Store, manifest: Manifest, stream: str) -> str | None:
    """Return which file of a stream, or of a read of it under way, is not as it was written; None where all are."""
    loading = (
        (file_path(table, file.name, store.loading), file)
        for table in (stream, *manifest.tables(stream))
        for file in manifest.streams[table].loading
    )
    for path, file in chain(_files(manifest, stream), loading) if stream in manifest.streams else ():
        size = store.size(path)
        if size is None:
            return f"{store.name}/{path} is missing; put it back from a backup, or run `sync` again first"
        if size != file.bytes:
            return _another_size(store, path, file, size)
    return None


def _another_size(store: Store, path: str, file: File, size: int) -> str:
    return (
        f"{store.name}/{path} has {counted(size, 'byte')} where the manifest says {file.bytes:,};"
        f" put it back from a backup, or {ANEW}"
    )


def _state(store: Store, manifest: Manifest, stream: str) -> StreamState:
    entry = manifest.streams[stream]
    if entry.state is None:  # reset by a person: whatever its files are, it is read from its start
        return StreamState()
    # Sizes, not contents: to read all files back would take as long as the run.
    sizes = [(path, file, store.size(path)) for path, file in _files(manifest, stream)]
    if any(size is None for _, _, size in sizes):
        return StreamState()
    for path, file, size in sizes:
        # A file that grew is as bad as one that shrank: nobody knows what is in it.
        if size != file.bytes:
            return StreamState(broken=_another_size(store, path, file, size or 0))
    state = restore(entry.state)
    # What was loaded of a full read is worth nothing with a gap; the rows that it would have replaced are whole.
    return state if _is_loaded(store, manifest, stream) else give_up(state)


def _files(manifest: Manifest, stream: str) -> Iterator[tuple[str, File]]:
    for table in (stream, *manifest.tables(stream)):
        yield from ((file_path(table, file.name), file) for file in manifest.streams[table].files)


def _is_loaded(store: Store, manifest: Manifest, stream: str) -> bool:
    """Return whether the files of a full read under way are there, or were moved up by a run that was cut off."""
    return all(
        file.bytes in {store.size(file_path(table, file.name, store.loading)), store.size(file_path(table, file.name))}
        for table in (stream, *manifest.tables(stream))
        for file in manifest.streams[table].loading
    )
