"""JSON lines in a folder: the platform's own bytes, one record a line.

Records are appended as they arrive; of those with the same key the one with the higher version counts,
then the later one. In DuckDB, for example:

    SELECT * FROM read_json('folder/orders/*.jsonl', filename = true, hive_partitioning = false)
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY version DESC, filename DESC) = 1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from commercetools_source.arrow.decode import slices
from commercetools_source.destinations.entries import TableRows
from commercetools_source.destinations.folder import Folder
from commercetools_source.destinations.news import MOST_BYTES, replaced, since, versions_in
from commercetools_source.extract.delivery import Changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.news import Versions
    from commercetools_source.destinations.store import Store
    from commercetools_source.events import Notice
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.extract.run_record import RunRecord

__all__ = ["Jsonl"]

_CHUNK_BYTES = 1 << 20
"""Lines are joined up to this size for one write: it is then still in the processor's cache."""


class Jsonl:
    """A destination that writes JSON lines into a store, or into a folder whose parent folder must exist."""

    batch_bytes = 24_000_000  # one file each; twice that and more is held while one is written

    def __init__(self, path: Path | Store) -> None:
        self._folder = Folder(path, "jsonl")
        self.name = self._folder.files.name
        self._cursors: dict[str, str | None] = {}
        self._changes: dict[str, Changes | None] = {}

    def open(self) -> Mapping[str, StreamState]:
        """Create and lock the folder, return the stored states; raises DestinationError and StateError."""
        states = self._folder.open()
        self._cursors = {name: state.cursor for name, state in states.items()}
        self._changes = {}
        return states

    def open_read_only(self) -> Mapping[str, StreamState]:
        """Return the stored states, with nothing changed; raises DestinationError and StateError."""
        return self._folder.open(read_only=True)

    def write(self, delivery: Delivery) -> None:
        """Store records as one new file, then the state; raises DestinationError, with neither stored."""
        self._folder.refuse_closed()
        stream = delivery.stream
        write = (lambda out: _write_lines(out, delivery.records)) if delivery.records else None
        rows = [TableRows(stream.name, stream.key, write)]
        before = self._versions(stream) if delivery.phase.swaps else None
        self._folder.store(delivery, rows)
        if delivery.phase.swaps:
            after = self._versions(stream)
            self._count(stream.name, None if before is None or after is None else replaced(before, after))
        elif not delivery.phase.full:
            self._count(stream.name, self._merged(delivery))

    def _versions(self, stream: Stream) -> Versions | None:
        entry = self._folder.entry(stream.name)
        if entry is not None and sum(file.bytes for file in entry.files) > MOST_BYTES:
            return None
        try:
            return versions_in(self._folder.paths(stream.name), stream.key)
        except (OSError, ValueError):  # a line that somebody changed; the figures are worth no failure
            return None

    def _merged(self, delivery: Delivery) -> Changes | None:
        cursor = self._cursors.get(delivery.stream.name)
        # A window that is read again beside the runs leaves the state as it is: its dates tell nothing of what is here.
        beside = delivery.state.cursor == cursor and delivery.state.mode is None
        if not delivery.records:
            return Changes()
        return None if cursor is None or beside else since(delivery.stream, delivery.records, cursor)

    def _count(self, stream: str, changes: Changes | None) -> None:
        before = self._changes.get(stream, Changes())
        self._changes[stream] = None if before is None or changes is None else before + changes

    def changes(self) -> Mapping[str, Changes]:
        """Return by stream what deliveries changed, as far as records and their dates tell it."""
        return {stream: changes for stream, changes in self._changes.items() if changes is not None}

    def notices(self) -> Sequence[Notice]:
        """Return which files were missing when the folder was opened."""
        return self._folder.notices()

    def lost(self) -> Mapping[str, str]:
        """Return by stream which of its files was missing when the folder was opened."""
        return self._folder.lost()

    def write_run(self, record: RunRecord) -> None:
        """Store the record of a run beside the manifest; raises DestinationError."""
        self._folder.write_run(record)

    def runs(self, limit: int) -> Sequence[RunRecord]:
        """Return the newest records of runs, the newest first; raises DestinationError."""
        return self._folder.runs(limit)

    def reset(self, stream: Stream) -> bool:
        """Drop the stream's state and the files of a read under way; return whether there was any."""
        return self._folder.reset(stream.name)

    def close(self) -> None:
        """Release the folder."""
        self._folder.close()


def _write_lines(out: BinaryIO, records: Sequence[msgspec.Raw]) -> int:
    for start, stop in slices(records, _CHUNK_BYTES):
        lines = b"\n".join([*records[start:stop], b""])
        # Printed over several lines such a record would be torn, and many readers end a line at a carriage return.
        if lines.count(b"\n") > stop - start or b"\r" in lines:
            lines = b"".join(msgspec.json.format(record, indent=-1) + b"\n" for record in records[start:stop])
        out.write(lines)
    return len(records)
