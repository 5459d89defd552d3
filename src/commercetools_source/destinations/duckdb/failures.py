"""What DuckDB's errors mean, in words that say what to do."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from commercetools_source.destinations.duckdb_engine import first_line, lacks_memory
from commercetools_source.errors import DestinationError, InUseError, RecordError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["duckdb_errors", "opening_error", "raising_interrupts", "write_error"]


def duckdb_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that DuckDB and Arrow raise."""
    import duckdb
    import pyarrow as pa

    return (duckdb.Error, pa.ArrowException)


def write_error(error: BaseException) -> type[DestinationError]:
    """Return the class of our error for one of DuckDB's or Arrow's at a write: RecordError where others may go on.

    A full disk, a lost file and a database that DuckDB itself gave up concern every stream.
    """
    import duckdb

    # A commit that meets a full disk is a TransactionException.
    broken = (duckdb.IOException, duckdb.FatalException, duckdb.InternalException, duckdb.TransactionException)
    general = (*broken, duckdb.ConnectionException)
    return DestinationError if isinstance(error, (*general, OSError)) and not lacks_memory(error) else RecordError


@contextmanager
def raising_interrupts() -> Iterator[None]:
    """Raise KeyboardInterrupt for what DuckDB raises in place of the exception of a signal's handler."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from None


def opening_error(path: Path, message: str) -> DestinationError:
    """Return the error that says why the file at `path` cannot be opened, from DuckDB's `message`."""
    # Only this phrase is about another process: a damaged file speaks of blocks, and a path may have any letters.
    if "Could not set lock on file" in message or "being used by another process" in message:
        process = re.search(r"PID (\d+)", message)
        holder = f"process {process[1]}" if process else "another process"
        return InUseError(f"{path} is in use by {holder}; close it (or wait until it has ended) and run again")
    if "Unique file handle conflict" in message:
        return InUseError(f"{path} is in use by this process; close what has it open and run again")
    if "not a valid DuckDB" in message:
        return DestinationError(f"{path} is not a DuckDB file; choose another name, or move it away")
    if "ermission denied" in message or "ead-only" in message or "Cannot open file" in message:
        reason = f"check the permissions of the file and its folder ({first_line(message)})"
        return DestinationError(f"{path} cannot be written; {reason}")
    return DestinationError(f"cannot open {path}: {first_line(message)}")
