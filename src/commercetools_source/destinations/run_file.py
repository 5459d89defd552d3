"""The records of runs beside a manifest: a file of JSON lines, to which each run appends when it begins and ends.

Of two lines with the same `run` the later one counts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.destinations.manifest import refuse_link, sync_folder, write_file
from commercetools_source.errors import DestinationError
from commercetools_source.extract.run_record import NEWEST_RUNS, RunRecord

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RUN_FILE", "append_run", "read_runs"]

RUN_FILE = "_commercetools_runs.jsonl"

_LONGEST = 32_000_000
"""Bytes up to which lines are appended. Then the newest runs are written anew: a thousand of all streams are half."""
_BEGINNING = b'{"run":"'


def append_run(folder: Path, record: RunRecord, longest: int = _LONGEST) -> None:
    """Store a record, and leave out old ones when the file has more than `longest` bytes.

    Raises OSError, and DestinationError for a file that somebody else made.
    """
    path = folder / RUN_FILE
    refuse_link(path)
    _refuse_foreign(path)
    line = msgspec.json.encode(record) + b"\n"
    is_new = not path.exists()
    with path.open("ab") as out:
        if not _ends_a_line(path):  # of a run that was killed while it wrote
            line = b"\n" + line
        out.write(line)
        out.flush()
        os.fsync(out.fileno())
        size = out.tell()
    if is_new:
        sync_folder(folder)
    if size > longest:
        _shorten(folder, longest // 2)


def read_runs(folder: Path, limit: int) -> list[RunRecord]:
    """Return the newest records, the newest first; none where no run was recorded. Raises as `append_run`."""
    path = folder / RUN_FILE
    if not path.exists():
        return []
    _refuse_foreign(path)
    records: dict[str, RunRecord] = {}
    with path.open("rb") as lines:
        for line in lines:
            try:
                record = msgspec.json.decode(line, type=RunRecord)
            except (msgspec.DecodeError, RecursionError):
                continue  # cut short by a kill or a full disk: that run is told as begun, or not at all
            records[record.run] = record
    return list(reversed(records.values()))[:limit]


def _shorten(folder: Path, enough: int) -> None:
    """Write the newest runs anew, at least one and at most `enough` bytes: half the size, else each run would do so."""
    lines: list[bytes] = []
    size = 0
    for record in read_runs(folder, NEWEST_RUNS):
        line = msgspec.json.encode(record) + b"\n"
        size += len(line)
        if lines and size > enough:
            break
        lines.append(line)
    write_file(folder, RUN_FILE, lambda out: out.write(b"".join(reversed(lines))))


def _refuse_foreign(path: Path) -> None:
    if path.exists():
        with path.open("rb") as file:
            beginning = file.read(len(_BEGINNING))
        first = beginning.partition(b"\n")[0]  # the first line may be cut short
        if not _BEGINNING.startswith(first) or beginning.startswith(b"\n"):
            raise DestinationError(f"{path} is not of commercetools-source; rename it")


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
