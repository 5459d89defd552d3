"""JSON lines in a folder: the platform's own bytes, one record a line.

Records are appended as they arrive; of those with the same key the one with the higher version counts,
then the later one. In DuckDB, for example:

    SELECT * FROM read_json('folder/orders/*.jsonl', filename = true, hive_partitioning = false)
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY version DESC, filename DESC) = 1
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.arrow.decode import slices
from commercetools_source.destinations.entries import TableRows
from commercetools_source.destinations.folder_destination import FolderDestination
from commercetools_source.destinations.manifest import file_path
from commercetools_source.destinations.news import MOST_BYTES, replaced, since, versions_in
from commercetools_source.extract.abilities import Changes
from commercetools_source.extract.fields import decode_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.news import Versions
    from commercetools_source.destinations.store import Store
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery

__all__ = ["Jsonl"]

_CHUNK_BYTES = 1 << 20
"""Lines are joined up to this size for one write: it is then still in the processor's cache."""


class Jsonl(FolderDestination):
    """A destination that writes JSON lines into a store, or into a folder whose parent folder must exist."""

    batch_bytes = 24_000_000  # one file each; twice that and more is held while one is written

    def __init__(self, path: Path | Store) -> None:
        super().__init__(path, "jsonl")
        self._cursors: dict[str, str | None] = {}

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
        # Before and after: a full read is compared with the lines that it replaces.
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

    def paths(self, stream: Stream) -> list[Path]:
        """Return the files that count of a stream; raises DestinationError where one is not as it was written."""
        self._folder.refuse_damaged(stream.name)
        return self._folder.paths(stream.name)

    def scan(self, stream: Stream, fields: Sequence[str], before: str | None = None) -> Iterator[msgspec.Raw]:
        """Yield each stored record, of a read under way too; it is whole, whatever `fields` are asked for."""
        del fields  # a line is read whole anyway
        self._folder.refuse_damaged(stream.name)
        with self._failing(f"read {stream.name} in"):
            paths = [path for path, _, _ in self._files(stream)]
            younger = (
                set[bytes]()
                if before is None
                else {
                    bytes(decode_fields(record)["id"])
                    for record in _lines(paths)
                    if not _is_before(record, stream, before)
                }
            )
            for record in _lines(paths):
                if before is None or bytes(decode_fields(record)["id"]) not in younger:
                    yield record

    def rewrite(self, stream: Stream, ids: Collection[str], change: Callable[[msgspec.Raw], msgspec.Raw] | None) -> int:
        """Let lines be what `change` makes of their records, or take them out; return how many."""
        changed = 0
        with self._failing(f"erase records of {stream.name} in"):
            for path, name, loading in list(self._files(stream)):
                with path.open("rb") as lines:
                    new = sum(_new_line(line, stream, ids, change) != line for line in lines)
                # A file without a line of these persons is not written anew, and keeps its time of change.
                if new:
                    changed += new
                    rows = TableRows(stream.name, stream.key, partial(_rewrite, path, stream, ids, change))
                    self._folder.exchange(rows, [name], loading=loading)
        return changed

    def _files(self, stream: Stream) -> Iterator[tuple[Path, str, bool]]:
        """Yield the path and name of each file of a stream, and whether a full read under way has loaded it."""
        entry = self._folder.entry(stream.name)
        # A full read under way has loaded the same records, and would bring them back.
        for loading in (False, True):
            place = self._folder.files.loading if loading else ""
            for file in (entry.loading if loading else entry.files) if entry else ():
                yield self._folder.files.fetch(file_path(stream.name, file.name, place)), file.name, loading

    def reset(self, stream: Stream) -> bool:
        """Drop the stream's state and the files of a read under way; return whether there was any."""
        return self._folder.reset(stream.name)


def _write_lines(out: BinaryIO, records: Sequence[msgspec.Raw]) -> int:
    for start, stop in slices(records, _CHUNK_BYTES):
        lines = b"\n".join([*records[start:stop], b""])
        # Printed over several lines such a record would be torn, and many readers end a line at a carriage return.
        if lines.count(b"\n") > stop - start or b"\r" in lines:
            lines = b"".join(msgspec.json.format(record, indent=-1) + b"\n" for record in records[start:stop])
        out.write(lines)
    return len(records)


def _new_line(
    line: bytes, stream: Stream, ids: Collection[str], change: Callable[[msgspec.Raw], msgspec.Raw] | None
) -> bytes:
    """Return what becomes of a line, b"" if it goes."""
    name = decode_fields(line).get(stream.resource_id)
    if name is None or msgspec.json.decode(name) not in ids:
        return line
    return b"" if change is None else bytes(change(msgspec.Raw(line.rstrip(b"\n")))) + b"\n"


def _rewrite(
    path: Path,
    stream: Stream,
    ids: Collection[str],
    change: Callable[[msgspec.Raw], msgspec.Raw] | None,
    out: BinaryIO,
) -> int:
    with path.open("rb") as lines:
        return sum(bool(out.write(_new_line(line, stream, ids, change))) for line in lines)


def _lines(paths: Sequence[Path]) -> Iterator[msgspec.Raw]:
    for path in paths:
        with path.open("rb") as lines:
            yield from map(msgspec.Raw, lines)


def _is_before(record: msgspec.Raw, stream: Stream, before: str) -> bool:
    time = decode_fields(record).get(stream.cursor or "")
    return time is not None and msgspec.json.decode(time, type=str) < before
