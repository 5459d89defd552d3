"""Opening a DuckDB file: settings, checks, and what its errors mean."""

from __future__ import annotations

import re
from pathlib import Path
from secrets import token_hex
from tempfile import gettempdir
from typing import TYPE_CHECKING

from commercetools_source.destinations import duckdb_engine
from commercetools_source.destinations.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.errors import DestinationError
from commercetools_source.model.quoting import quoted, string

if TYPE_CHECKING:
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


_MEMORY = ("150MB", "300MB")
"""DuckDB's part of the process, to load a table and for everything else; what it keeps of a file grows up to it."""


_CREATED = "STORAGE_VERSION 'v1.4.0'"  # a new file can be opened by every DuckDB since 1.4; zstd needs 1.2


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


def _out_of_memory() -> type[Exception]:
    import duckdb

    return duckdb.OutOfMemoryException


def _attach(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Return a connection whose current database is the file at `path`."""
    try:
        import duckdb
        import pyarrow  # noqa: F401, ICN001 - heavy; looked for now, before anything is read
    except ImportError as error:
        raise DestinationError(f"cannot write {path}: {ADVICE}") from error
    _check(path, read_only=read_only)
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
    if "lock" in message.lower():
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
