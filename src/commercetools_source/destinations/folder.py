"""A folder of data files with a manifest: which files are true, and how far each stream has come.

    folder/manifest.json                        replaced atomically; what it does not list does not count
    folder/orders/part-000001-5f3a9c01.jsonl    one delivery
    folder/orders/_loading/part-…               a full read under way; moved up when it is complete

A table is a stream, or a table made from it (`parent`), whose files come and go with those of the stream.
In a bucket, where nothing can be renamed, the files of a full read are in orders/ from the beginning.
Files that the manifest does not name are somebody else's, whatever they are called: they are left alone.
Knows nothing of what is in the files.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.destinations.entries import TableRows, begun, with_file
from commercetools_source.destinations.leftovers import check_table, remove_unlisted
from commercetools_source.destinations.manifest import (
    Entry,
    File,
    Manifest,
    file_path,
)
from commercetools_source.destinations.manifest_writer import ManifestWriter
from commercetools_source.destinations.run_file import rewrite_runs, store_run, stored_runs
from commercetools_source.destinations.store import Store
from commercetools_source.destinations.store.local import Local
from commercetools_source.destinations.stored import damage, lost_files, stored_states
from commercetools_source.errors import DestinationError, in_a_sentence
from commercetools_source.extract.checkpoint import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from commercetools_source.events import Notice
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.extract.run_record import RunRecord

    Write = Callable[[BinaryIO], int]

__all__ = ["FORGOTTEN", "Folder"]

FORGOTTEN = "_commercetools_forgotten.json"


class Folder:
    """Stores deliveries as files with `suffix` in a store, or in a folder whose parent folder must exist."""

    def __init__(self, path: Path | Store, suffix: str) -> None:
        self.files: Store = path if isinstance(path, Store) else Local(path)
        self._writer = ManifestWriter(self.files, suffix)
        self._lost: list[Notice] = []

    # --- from opening to closing ---

    def open(self, *, read_only: bool = False) -> Mapping[str, StreamState]:
        """Create the folder, lock it, remove what a crash left, return the stored states.

        With `read_only` nothing is created, changed or removed. A stream of which a file is missing is read from its
        start; the state of one of which a file has another size is broken. Raises DestinationError and StateError.
        """
        try:
            with in_a_sentence(self.files.explain):
                if read_only:
                    self._writer.open_to_read()
                else:
                    self._writer.open_to_write()
                # Before anything is written: afterwards nobody could tell which files a person took away.
                self._lost = lost_files(self.files, self._manifest)
                return stored_states(self.files, self._manifest)
        except BaseException:  # Ctrl-C too: a lock that stays would stop the next run of this process
            self.close()
            raise

    def close(self) -> None:
        """Release the lock."""
        self._writer.close()
        self.files.close()

    @property
    def _manifest(self) -> Manifest:
        return self._writer.manifest

    def refuse_closed(self) -> None:
        """Raise DestinationError while it is not open to write."""
        self._writer.refuse_closed()

    # --- what is stored ---

    def notices(self) -> list[Notice]:
        """Return which files were missing when the folder was opened."""
        return list(self._lost)

    def lost(self) -> dict[str, str]:
        """Return the same by stream."""
        return {notice.about: notice.reason for notice in self._lost}

    def is_there(self) -> bool:
        """Return whether the store exists; raises DestinationError when it cannot."""
        with in_a_sentence(self.files.explain):
            return self.files.is_there()

    def is_whole(self, table: str) -> bool:
        """Return whether each file of a table is there, and as large as it was written."""
        entry = self._manifest.streams.get(table) or Entry(())
        return all(self.files.size(file_path(table, file.name)) == file.bytes for file in entry.files)

    def refuse_damaged(self, stream: str) -> None:
        """Raise DestinationError where a file of a stream is missing or has another size than it was written with.

        Who changes single rows of it would pass over some, and make what is left look whole.
        """
        with in_a_sentence(self.files.explain):
            reason = damage(self.files, self._manifest, stream)
        if reason is not None:
            raise DestinationError(reason)

    def entry(self, table: str) -> Entry | None:
        """Return what is stored of a table; not to be changed."""
        return self._manifest.streams.get(table)

    def tables(self, parent: str = "") -> list[str]:
        """Return the tables made from a stream; of "", the streams."""
        return self._manifest.tables(parent)

    def paths(self, table: str) -> list[Path]:
        """Return the files of a table on this machine, to be read as a whole."""
        entry = self._manifest.streams.get(table) or Entry(())
        return [self.files.fetch(file_path(table, file.name)) for file in entry.files]

    def sources(self, table: str, *, loading: bool = False) -> list[str]:
        """Return what a connection that the store is attached to reads the files of a table by, or of a read under way.

        It reads no more of them than a query needs.
        """
        entry = self._manifest.streams.get(table) or Entry(())
        files, folder = (entry.loading, self.files.loading) if loading else (entry.files, "")
        return [self.files.source(file_path(table, file.name, folder)) for file in files]

    def put(self, path: str, write: Write) -> None:
        """Store a file that no manifest names, for readers, as a whole; raises DestinationError and OSError."""
        # A table's folder may be a link into another place; the destination's own was checked when it was opened.
        if "/" in path:
            check_table(self.files, path.rpartition("/")[0])
        self.files.put(path, write)

    # --- what changes it ---

    def store(self, delivery: Delivery, tables: Sequence[TableRows]) -> None:
        """Store a delivery as one new file for each table that has rows; the first table is the stream itself.

        It counts from the moment the manifest is replaced. Raises DestinationError, with nothing changed.
        """
        with self._writer.writing(delivery.stream.name):
            self._writer.announce(rows.table for rows in tables if rows.write is not None)
            streams = dict(self._manifest.streams)
            for rows in tables:
                streams[rows.table] = self._advanced(delivery, rows)
            # In the same manifest as the files: one rename makes both count.
            streams[delivery.stream.name].state = encode(delivery.state)
            self._writer.replace(streams)
            remove_unlisted(self.files, self._manifest, (rows.table for rows in tables))

    def _advanced(self, delivery: Delivery, rows: TableRows) -> Entry:
        """Return the entry of a table after a delivery, whose file is written."""
        check_table(self.files, rows.table)
        before = begun(delivery, rows, self._manifest.streams.get(rows.table) or Entry(()))
        written = self._writer.file(rows, before, loading=delivery.phase.full)
        if rows.past is not None and delivery.phase.swaps and not delivery.keeps_unread:
            written += self._earlier(rows, rows.past, before, written)
        entry = with_file(delivery, rows, before, written)
        if delivery.phase.swaps and entry.loading:
            # Before the manifest says so: a run that is cut off here knows them by their names and moves them back.
            for loaded in entry.loading:
                path = file_path(rows.table, loaded.name)
                self.files.move(file_path(rows.table, loaded.name, self.files.loading), path)
            self.files.persist(rows.table)
        if delivery.phase.last:
            entry.loading, entry.loading_columns = [], {}
        return entry

    def _earlier(
        self, rows: TableRows, past: Callable[[Sequence[str]], Write], before: Entry, written: Sequence[File]
    ) -> list[File]:
        """Write the rows that stay of before a full read beside those that it brought."""
        loaded = [file_path(rows.table, file.name, self.files.loading) for file in (*before.loading, *written)]
        kept = replace(rows, write=past([self.files.source(path) for path in loaded]))
        behind = msgspec.structs.replace(before, next=before.next + len(written))
        return self._writer.file(kept, behind, loading=True)

    def exchange(self, rows: TableRows, gone: Collection[str], *, parent: str = "", loading: bool = False) -> int:
        """Store one new file of a table in path of those called `gone`, without any change of state; return its rows.

        With `loading` it goes to the files of a full read under way. Raises DestinationError, with nothing changed.
        """
        with self._writer.writing(rows.table):
            self._writer.announce([rows.table])
            old = self._manifest.streams.get(rows.table) or Entry(rows.key, parent=parent)
            check_table(self.files, rows.table)
            written = self._writer.file(rows, old, loading=loading)
            entry = msgspec.structs.replace(old, next=old.next + len(written))
            if loading:
                entry.loading = [file for file in old.loading if file.name not in gone] + written
            else:
                entry.files = [file for file in old.files if file.name not in gone] + written
                entry.columns = dict(rows.columns or old.columns)
            self._writer.replace({**self._manifest.streams, rows.table: entry})
            remove_unlisted(self.files, self._manifest, [rows.table])
        return sum(file.records for file in written)

    def learn(self, stream: str, paths: Sequence[str]) -> None:
        """Store that the tables made from a stream have columns for these paths; raises DestinationError."""
        with self._writer.writing(stream):
            entry = msgspec.structs.replace(self._manifest.streams[stream], nested=sorted(paths))
            self._writer.replace({**self._manifest.streams, stream: entry})

    def drop(self, tables: Collection[str]) -> None:
        """Remove tables with their files; raises DestinationError, with nothing changed."""
        with self._writer.writing(", ".join(tables)):
            self._writer.replace({name: entry for name, entry in self._manifest.streams.items() if name not in tables})
            remove_unlisted(self.files, self._manifest, tables)

    def reset(self, stream: str) -> bool:
        """Drop the state of a stream and the files of a read under way; return whether there was any."""
        entry = self._manifest.streams.get(stream)
        if entry is None or entry.state is None:
            return False
        tables = (stream, *self.tables(stream))
        with self._writer.writing(stream):
            streams = dict(self._manifest.streams)
            for table in tables:
                streams[table] = msgspec.structs.replace(streams[table], loading=[], loading_columns={}, state=None)
            self._writer.replace(streams)
            remove_unlisted(self.files, self._manifest, tables)
        return True

    # --- whom to forget ---

    def forgotten(self) -> bytes | None:
        """Return what `store_forgotten` stored last."""
        with in_a_sentence(lambda error: f"cannot read {self.files.name}/{FORGOTTEN}: {error}"):
            return self.files.get(FORGOTTEN)

    def store_forgotten(self, text: bytes) -> None:
        """Store whom to forget beside the manifest; raises DestinationError."""
        with self._writer.writing("whom to forget"):
            self.files.put(FORGOTTEN, lambda out: out.write(text))

    # --- records of runs ---

    def write_run(self, record: RunRecord) -> None:
        """Store the record of a run beside the manifest; raises DestinationError."""
        with self._writer.writing("the record of a run"):
            store_run(self.files, record)

    def scrub(self) -> None:
        """Let no file hold what was stored before, and release the folder; raises DestinationError."""
        with self._writer.writing("the records of runs"):
            rewrite_runs(self.files)
        self.close()

    def runs(self, limit: int) -> list[RunRecord]:
        """Return the newest records of runs, the newest first; raises DestinationError."""
        return stored_runs(self.files, limit)
