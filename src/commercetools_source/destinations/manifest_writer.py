"""The manifest of a folder as a run changes it: opened under a lock, replaced as a whole, or left as it was."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import contextmanager, suppress
from socket import gethostname
from typing import TYPE_CHECKING, ClassVar

import msgspec

from commercetools_source.destinations.entries import paths_of
from commercetools_source.destinations.leftovers import part_name, undo_unfinished
from commercetools_source.destinations.manifest import (
    FORMAT,
    MANIFEST,
    Entry,
    File,
    Manifest,
    file_path,
    load_manifest,
    save_manifest,
)
from commercetools_source.destinations.store.lease import Writer, is_writing, obstacle, this_process
from commercetools_source.errors import KEPT, DestinationError, InUseError, in_a_sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from commercetools_source.destinations.entries import TableRows
    from commercetools_source.destinations.store import Store

__all__ = ["ManifestWriter"]


class ManifestWriter:
    """The `manifest` of a store of files with `suffix`, to be read, or to be changed by one run.

    A change is what happens inside `writing`: files that `file` writes, then one `replace`, which makes them count.
    """

    _open: ClassVar[set[str]] = set()
    """The runs of this process that have a shared store open."""

    def __init__(self, files: Store, suffix: str) -> None:
        self.manifest = Manifest(FORMAT, suffix)
        self._files = files
        self._suffix = suffix
        self._run = ""
        self._writes = False
        self._process = 0
        self._claimed = False
        self._put: list[str] = []

    # --- from opening to closing ---

    def open_to_read(self) -> None:
        """Read the manifest while no run writes; raises DestinationError and StateError."""
        self._files.lock_to_read()
        self.manifest = load_manifest(self._files, self._suffix)

    def open_to_write(self) -> None:
        """Lock the store, read the manifest and undo what a run left that was cut off; raises as `open_to_read`."""
        self._process = os.getpid()
        self._files.prepare()
        load_manifest(self._files, self._suffix)  # what is refused is refused before a lock is left in it
        self._files.lock()
        self.manifest = load_manifest(self._files, self._suffix)
        self._run = secrets.token_hex(4)  # so no run writes a name that a copy of the folder has for another file
        if self._files.shared:
            self._claim()
        elif self._files.size(MANIFEST) is None:  # so that whatever a killed run leaves has a manifest beside it
            save_manifest(self._files, self.manifest)
        undo_unfinished(self._files, self.manifest)
        self._writes = True

    def _claim(self) -> None:
        """Name this run in the manifest: one before it can replace nothing from now on, and the next one is told."""
        writer = self.manifest.writer
        if isinstance(writer, Writer):
            seconds = time.time() - self._files.changed(MANIFEST)
            if reason := obstacle(writer, seconds, gethostname(), is_alive=is_writing(writer, self._open)):
                raise InUseError(f"{self._files.name} is {reason}")
        self._save(msgspec.structs.replace(self.manifest, writer=this_process(self._run)))
        self._claimed = True
        self._open.add(self._run)
        self._files.prepare()  # what is there now stays until this run changes it

    def close(self) -> None:
        """Let others write; the lock of the store is released by its own `close`."""
        if self._claimed and self._process == os.getpid():  # a forked process must not end its parent's run
            self._claimed = False
            with suppress(OSError):  # one on another machine waits until the lease has ended
                self._save(msgspec.structs.replace(self.manifest, writer=msgspec.UNSET))
        self._open.discard(self._run)
        self._writes = False

    # --- one change ---

    def refuse_closed(self) -> None:
        """Raise DestinationError while it is not open to write, or was opened by the process that forked this one."""
        if not self._writes or self._process != os.getpid():
            raise DestinationError(f"{self._files.name} is not open to write in this process; call open() first")

    @contextmanager
    def writing(self, table: str) -> Iterator[None]:
        """Let all that is done inside count together or not at all; raises DestinationError, which names `table`."""
        self.refuse_closed()
        self._put = []
        try:
            # What a decoder or the caller raises is not about the folder.
            with in_a_sentence(lambda error: f"cannot write {table} to {self._files.name}: {error}; {KEPT}"):
                yield
        except BaseException as error:
            # The reason to fail, such as a full disk, may hinder this too; the next run does it.
            with suppress(OSError, InUseError):
                self._undo(error)
            raise

    def _undo(self, error: BaseException) -> None:
        """Remove what a change that failed has put; nothing where it may have become true all the same."""
        if isinstance(error, InUseError):
            # Another run writes: what its manifest names is no longer for this one to undo, except files of its own.
            self._writes = self._claimed = False
            manifest = load_manifest(self._files, self._suffix)
            listed = paths_of(manifest.streams, self._files.loading)
            for path in self._put:
                if path not in listed:
                    self._files.discard(path)
        elif self._files.is_certain():
            undo_unfinished(self._files, self.manifest)
        else:  # whoever opens it next learns which manifest is there, and removes what that does not name
            self._writes = False

    def file(self, rows: TableRows, entry: Entry, *, loading: bool) -> list[File]:
        """Write the next file of a table; return it, or nothing when there are no rows."""
        if rows.write is None:
            return []
        name = part_name(entry, self.manifest)
        path = file_path(rows.table, name, self._files.loading if loading else "")
        self._put.append(path)
        # Of no rows, such as a relation of records that have none, readers need no file.
        file = File(name, *self._files.put(path, rows.write, empty=False))
        return [file] if file.records else []

    def announce(self, tables: Iterable[str]) -> None:
        """Have the manifest name the files that this run is about to begin, once for the run and each new table."""
        announced = self.manifest.run == self._run
        before = set(self.manifest.begun) if announced else set()
        begun = before | (set(tables) - self.manifest.streams.keys())
        if not announced or begun != before:
            self._save(msgspec.structs.replace(self.manifest, run=self._run, begun=sorted(begun)))

    def replace(self, streams: dict[str, Entry]) -> None:
        """Store a manifest with these entries: from then on the files that they name count, and no others."""
        old, loading = self.manifest, self._files.loading
        before = paths_of(_unlike(old.streams, streams), loading)
        after = paths_of(_unlike(streams, old.streams), loading)
        # Named before they are removed: what a killed run leaves of them is the next run's to remove.
        waiting = {path for path in old.removed if self._files.size(path) is not None}
        self._save(
            msgspec.structs.replace(
                old,
                streams=streams,
                begun=[name for name in old.begun if name not in streams],
                removed=sorted((waiting | before) - after),
            )
        )

    def _save(self, manifest: Manifest) -> None:
        save_manifest(self._files, manifest)
        self.manifest = manifest


def _unlike(streams: Mapping[str, Entry], others: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return those entries that are other ones elsewhere, or missing there."""
    return {name: entry for name, entry in streams.items() if others.get(name) is not entry}
