"""The records of runs beside a manifest: a file of JSON lines, to which each run appends when it begins and ends.

Of two lines with the same `run` the later one counts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.destinations.store.atomic import refuse_irregular, size_of, sync_folder, write_file
from commercetools_source.destinations.store.local import Local
from commercetools_source.errors import DestinationError, in_a_sentence, reason_in
from commercetools_source.extract.run_record import NEWEST_RUNS, RunRecord, restored

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from commercetools_source.destinations.store import Store

__all__ = ["RUN_FILE", "append_run", "read_runs", "rewrite_runs", "store_run", "stored_runs"]

RUN_FILE = "_commercetools_runs.jsonl"

_LONGEST = 32_000_000
"""Bytes up to which lines are appended. Then the newest runs are written anew: a thousand of all streams are half."""
# The first field of a record: by it a file is recognized as ours without reading it whole.
_BEGINNING = b'{"run":"'


def store_run(store: Store, record: RunRecord) -> None:
    """Store a record beside the manifest; raises OSError, and DestinationError for a file that somebody else made."""
    if isinstance(store, Local):
        append_run(store.path, record)
    else:  # nothing is appended to an object
        lines = _appended(store.get(RUN_FILE) or b"", record, f"{store.name}/{RUN_FILE}")
        store.put(RUN_FILE, lambda out: out.write(lines))


def stored_runs(store: Store, limit: int) -> list[RunRecord]:
    """Return the newest records, the newest first; none where no run was recorded. Raises DestinationError."""
    with in_a_sentence(lambda error: f"cannot read the records of runs in {store.name}: {reason_in(error)}"):
        if isinstance(store, Local):
            return read_runs(store.path, limit)
        return _runs_in(store.get(RUN_FILE) or b"", f"{store.name}/{RUN_FILE}")[:limit]


def rewrite_runs(store: Store) -> None:
    """Leave one line for each run: that of before a record was replaced is still there. Raises as `store_run`."""
    if store.get(RUN_FILE) is None:
        return
    text = _newest_lines(stored_runs(store, NEWEST_RUNS), _LONGEST // 2)
    store.put(RUN_FILE, lambda out: out.write(text))


def append_run(folder: Path, record: RunRecord, longest: int = _LONGEST) -> None:
    """Store a record, and leave out old ones when the file has more than `longest` bytes.

    Raises OSError, and DestinationError for a file that somebody else made.
    """
    path = folder / RUN_FILE
    refuse_irregular(path)
    _refuse_foreign(path)
    line = msgspec.json.encode(record) + b"\n"
    is_new = not path.exists()
    with path.open("ab") as out:
        if not _ends_a_line(path):  # of a run that was killed while it wrote
            line = b"\n" + line
        out.write(line)
        out.flush()
        # The record of a run that has begun is what tells of a power failure.
        os.fsync(out.fileno())
        size = out.tell()
    if is_new:
        sync_folder(folder)
    if size > longest:
        _shorten(folder, longest // 2)


def read_runs(folder: Path, limit: int) -> list[RunRecord]:
    """Return the newest records, the newest first; none where no run was recorded. Raises as `append_run`."""
    path = folder / RUN_FILE
    if size_of(path) is None:
        return []
    _refuse_foreign(path)
    with path.open("rb") as lines:
        return _newest_first(lines)[:limit]


def _appended(text: bytes, record: RunRecord, path: str, longest: int = _LONGEST) -> bytes:
    """Return the text of a file with one record more, without old ones when it has more than `longest` bytes.

    Raises DestinationError for a file that somebody else made; `path` is what the message calls it.
    """
    _runs_in(text, path)
    text = text + b"\n" * bool(text and not text.endswith(b"\n")) + msgspec.json.encode(record) + b"\n"
    return text if len(text) <= longest else _newest_lines(_newest_first(text.splitlines())[:NEWEST_RUNS], longest // 2)


def _runs_in(text: bytes, path: str) -> list[RunRecord]:
    """Return the records in the text of a file, the newest first. Raises as `_appended`."""
    if not _is_beginning(text[: len(_BEGINNING)]):
        raise DestinationError(f"{path} is not of commercetools-source; rename it")
    return _newest_first(text.splitlines())


def _newest_first(lines: Iterable[bytes]) -> list[RunRecord]:
    records: dict[str, RunRecord] = {}
    for line in lines:
        # What was cut short by a kill or a full disk is none: that run is told as begun, or not at all.
        if (record := restored(line)) is not None:
            records[record.run] = record
    # By when a run began: replacing a value keeps its place in a dict.
    return list(reversed(records.values()))


def _shorten(folder: Path, enough: int) -> None:
    """Write the newest runs anew, half of the size: else each run would do so."""
    text = _newest_lines(read_runs(folder, NEWEST_RUNS), enough)
    write_file(folder, RUN_FILE, lambda out: out.write(text))


def _newest_lines(records: Iterable[RunRecord], enough: int) -> bytes:
    """Return the lines of the newest of `records`, at least one and at most `enough` bytes, the oldest first."""
    lines: list[bytes] = []
    size = 0
    for record in records:
        line = msgspec.json.encode(record) + b"\n"
        size += len(line)
        if lines and size > enough:
            break
        lines.append(line)
    return b"".join(reversed(lines))


def _refuse_foreign(path: Path) -> None:
    if path.exists():
        with path.open("rb") as file:
            beginning = file.read(len(_BEGINNING))
        if not _is_beginning(beginning):
            raise DestinationError(f"{path} is not of commercetools-source; rename it")


def _is_beginning(text: bytes) -> bool:
    first = text.partition(b"\n")[0]  # the first line may be cut short
    return _BEGINNING.startswith(first) and not text.startswith(b"\n")


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
