"""A copy of a DuckDB file for readers: who reads a file keeps its writer out, and the writer keeps readers out."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from commercetools_source.destinations.duckdb.connection import attach, log_of, refuse_ambiguous, refuse_log, target_of
from commercetools_source.destinations.duckdb.failures import duckdb_errors
from commercetools_source.destinations.duckdb.states import STATE
from commercetools_source.destinations.duckdb_engine import refuse_backslash
from commercetools_source.destinations.store.atomic import refuse_link, replace_file
from commercetools_source.errors import ConfigError, DestinationError, InUseError, in_a_sentence, printable, reason_in
from commercetools_source.extract.selection import project_conflict

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["check_target", "publish"]

_MAGIC = slice(8, 12), b"DUCK"
"""Where a DuckDB file says what it is (https://duckdb.org/docs/stable/internals/storage)."""


def publish(source: Path, target: Path) -> None:
    """Put a copy of the DuckDB file `source` in the place of `target`, as a whole or not at all.

    Who reads the copy of before goes on reading that one, and what was changed in it goes with it. Nobody writes
    `source` meanwhile: it is open to read.
    Raises ConfigError when both are the same file, InUseError, and DestinationError when the newest rows of `source`
    are in its log, and when `target` is no DuckDB file of this package, or one of another project, cannot be written,
    or has a name that `refuse_ambiguous` refuses.
    """
    check_target(source, target)
    connection = attach(source, read_only=True)
    try:
        # A checkpoint fails quietly, because what it would write is safe in the log; a copy has no log.
        if (log := log_of(target_of(source))).exists() and log.stat().st_size:
            raise DestinationError(
                f"cannot publish {source} as {target}: its newest rows are in {log}, and could not be written into the"
                " file itself; make room on its disk, and run it again"
            )
        with in_a_sentence(lambda error: f"cannot publish {target}: {reason_in(error)}"):
            replace_file(target, lambda out: _copy(source, out, log_of(target)), like=source)
    finally:
        connection.close()


def check_target(source: Path, target: Path) -> None:
    """Raise what `publish` raises for `target` as it is now."""
    with in_a_sentence(lambda error: f"cannot publish {target}: {reason_in(error)}; choose another name"):
        # A hard link has another path and is the same file.
        if target_of(source) == target_of(target) or (source.exists() and target.exists() and target.samefile(source)):
            raise ConfigError(f"{target} is the file that is written; publish its copy under another name")
        _refuse_homeless(target)
        refuse_ambiguous(target)
        refuse_backslash(str(target.absolute()))
        refuse_link(target)
        _refuse_foreign(source, target)


def _copy(source: Path, out: BinaryIO, log: Path) -> None:
    with source.open("rb") as file:
        shutil.copyfileobj(file, out, 1 << 20)
    # Of the copy that is replaced, and last: beside another file DuckDB refuses both, or takes it for changes of that.
    log.unlink(missing_ok=True)


def _refuse_homeless(target: Path) -> None:
    if not target.parent.is_dir():
        raise DestinationError(f"cannot publish {target}: the folder {target.parent} does not exist; create it first")


def _refuse_foreign(source: Path, target: Path) -> None:
    place, magic = _MAGIC
    if not target.exists():
        refuse_log(target)
        return
    if not target.is_file():  # a folder, or a pipe on which a read would wait for ever
        raise DestinationError(f"{target} is no file, so it is not replaced; choose another name")
    with target.open("rb") as file:
        if file.read(place.stop)[place] != magic:
            raise DestinationError(f"{target} is no DuckDB file, so it is not replaced; choose another name")
    try:
        theirs = _projects(target)
    except DestinationError as error:
        # Whoever opened it to write keeps it, and the new copy has its name. Such a process that goes on writing leaves
        # a log with which the new copy does not open. In both cases its bytes say whose it is.
        if not (isinstance(error, InUseError) or log_of(target).exists()):
            raise
        theirs = set() if _names_our_tables(target) else None
    if theirs is None:
        raise DestinationError(
            f"{target} is a DuckDB file that `commercetools-source` did not write, so it is not replaced; choose"
            " another name"
        )
    ours: set[str] | None = None
    with suppress(DestinationError):  # whatever is the matter with the file itself is told where a run opens it
        ours = _projects(source)
    if theirs and ours and all(project_conflict(their, our) for their in theirs for our in ours):
        raise DestinationError(
            f"{target} has the project {printable(min(theirs))}, so it is not replaced by a copy of"
            f" {printable(min(ours))}; choose another name"
        )


def _projects(path: Path) -> set[str] | None:
    """Return the projects that the states in a file name; None where it has no table of states."""
    connection = attach(path, read_only=True)
    try:
        tables = "SELECT schema_name || '.' || table_name FROM duckdb_columns() WHERE column_name = 'state'"
        if (STATE,) not in connection.execute(f"{tables} AND database_name = current_database()").fetchall():
            return None
        rows = connection.execute(f"SELECT DISTINCT json_extract_string(state, '$.project') FROM {STATE}").fetchall()  # noqa: S608 - a constant
    except duckdb_errors() as error:
        raise DestinationError(f"cannot look into {target_of(path)}: {str(error).splitlines()[0]}") from error
    finally:
        connection.close()
    return {project for (project,) in rows if project}


def _names_our_tables(path: Path) -> bool:
    """Return whether a DuckDB file names the table of our records of runs; its catalogue holds names uncompressed."""
    name, before = b"run_streams", b""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            if name in before + block:
                return True
            before = block[-len(name) :]
    return False
