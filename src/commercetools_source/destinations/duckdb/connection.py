"""Opening a DuckDB file: settings, checks, and what its errors mean."""

from __future__ import annotations

import os
import re
from pathlib import Path
from secrets import token_hex
from tempfile import gettempdir
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.destinations import duckdb_engine
from commercetools_source.errors import DestinationError
from commercetools_source.model.quoting import quoted, string

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

__all__ = ["ADVICE", "row_counts"]


ADVICE = 'it needs DuckDB: pip install "commercetools-source[duckdb]"'


_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2,  # more gain little beside the download and cost memory each
    "preserve_insertion_order": False,
    "checkpoint_threshold": "100MB",  # at the default of 16 MB every batch would rewrite the last row group
    "autoinstall_known_extensions": False,  # nothing is downloaded behind the user's back
    "autoload_known_extensions": False,
}


_MEMORY = ("150MB", "300MB", "600MB", "1200MB", "2400MB", "4800MB", "9600MB")
"""DuckDB's part of the process: to load a table, for everything else, and from there on only where that is too little.

DuckDB works on 2,048 values of a column at once, so records of 76 KB take 600 MB and records of 1 MB some gigabytes.
What it keeps of a file in memory grows up to the limit, therefore the low start.
"""
_SHARE_OF_MACHINE = 0.7


_CREATED = "STORAGE_VERSION 'v1.4.0', BLOCK_SIZE 16384"
"""A new file can be opened by every DuckDB since 1.4; zstd needs 1.2. Each column of an unfinished row group takes a
block, of memory too: at the default of 256 KB the 200 columns of Messages take 50 MB each time."""


_ROW_GROUP = 4096  # rows of 8 KB make the default (122,880) a gigabyte, which is rewritten whenever it grows


def row_counts(path: Path) -> dict[str, int]:
    """Return how many rows each stream's table in the file has, by name; raises DestinationError."""
    connection = _attach(path, read_only=True)
    try:
        names = connection.execute(
            "SELECT table_name FROM information_schema.columns WHERE table_catalog = current_database()"
            " AND column_name = ? AND NOT starts_with(table_name, '_') ORDER BY table_name",
            [SYNCED_AT],
        ).fetchall()
        counts = {}
        for (name,) in names:
            row = connection.execute(f"SELECT count(*) FROM {quoted(name)} WHERE {DELETED_AT} IS NULL").fetchone()  # noqa: S608
            counts[name] = row[0] if row else 0
        return counts
    finally:
        connection.close()


def _errors() -> tuple[type[Exception], ...]:
    import duckdb
    import pyarrow as pa

    return (duckdb.Error, pa.ArrowException)


def _lacks_memory(error: BaseException) -> bool:
    """Return whether DuckDB gave up because of its memory limit, which it says by three classes of errors."""
    import duckdb

    return isinstance(error, duckdb.OutOfMemoryException) or bool(_LACKING.search(str(error)))


_LACKING = re.compile(r"failed to (pin|allocate|offload)|could not allocate|out of memory|memory limit", re.IGNORECASE)


def _affordable(steps: Sequence[str]) -> list[str]:
    """Return the limits among `steps` that this machine has memory for, the first two whatever it has."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not every system tells
        return list(steps)
    most = machine * _SHARE_OF_MACHINE
    return [step for index, step in enumerate(steps) if index < _ALWAYS or _megabytes(step) * 1_000_000 <= most]


_ALWAYS = 2


def _megabytes(limit: str) -> int:
    return int(limit.removesuffix("MB"))


def _attach(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Return a connection whose current database is the file at `path`."""
    try:
        import duckdb
        import pyarrow  # noqa: F401, ICN001 - heavy; looked for now, before anything is read
    except ImportError as error:
        raise DestinationError(f"cannot write {path}: {ADVICE}") from error
    _check(path, read_only=read_only)
    path = path.resolve()  # before 1.5 DuckDB makes its log beside a symbolic link, and does not find it there again
    spill = f"{path.absolute()}.tmp"
    if read_only:  # nothing is made beside the file; DuckDB makes this when it needs it, and removes it
        spill = str(Path(gettempdir()) / f"commercetools-source-{token_hex(8)}.tmp")
    settings = {**_SETTINGS, "memory_limit": _MEMORY[1], "temp_directory": spill}
    connection = duckdb_engine.connect(settings)
    options = ["TYPE duckdb", f"ROW_GROUP_SIZE {_ROW_GROUP}"]
    if read_only:
        options.append("READ_ONLY")
    elif not path.exists():
        options.append(_CREATED)
    try:
        connection.execute(f"ATTACH {string(str(path.absolute()))} AS shop ({', '.join(options)})")
        connection.execute("USE shop")
    except duckdb.Error as error:
        connection.close()
        raise DestinationError(_explain(path, str(error))) from error
    return connection


def _check(path: Path, *, read_only: bool) -> None:
    if path.is_dir():
        raise DestinationError(f"{path} is a folder; name a file in it, such as {path / 'commercetools.duckdb'}")
    if not path.parent.is_dir():
        raise DestinationError(f"cannot write {path}: the folder {path.parent} does not exist; create it first")
    if read_only and not path.exists():
        raise DestinationError(f"{path} does not exist; run `commercetools-source sync` first")


def _explain(path: Path, message: str) -> str:
    # Only this phrase is about another process: a damaged file speaks of blocks, and a path may have any letters.
    if "Could not set lock on file" in message or "being used by another process" in message:
        process = re.search(r"PID (\d+)", message)
        holder = f"process {process[1]}" if process else "another process"
        return f"{path} is in use by {holder}; close it (or wait until it has ended) and run again"
    if "not a valid DuckDB" in message:
        return f"{path} is not a DuckDB file; choose another name, or move it away"
    if "ermission denied" in message or "ead-only" in message or "Cannot open file" in message:
        return f"{path} cannot be written; check the permissions of the file and its folder ({_brief(message)})"
    return f"cannot open {path}: {_brief(message)}"


def _brief(message: str) -> str:
    return message.strip().splitlines()[0] if message.strip() else "no reason given"


def _first_line(error: BaseException) -> str:
    return _brief(str(error))
