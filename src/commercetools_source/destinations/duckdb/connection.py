"""Opening a DuckDB file: settings and checks."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex
from tempfile import gettempdir
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.destinations import duckdb_engine
from commercetools_source.destinations.duckdb.failures import opening_error
from commercetools_source.destinations.duckdb.memory import LIMITS
from commercetools_source.errors import ConfigError, DestinationError, in_a_sentence, reason_in
from commercetools_source.errors.extras import install_hint
from commercetools_source.model.quoting import quoted, string
from commercetools_source.model.schemas import BOOKKEEPING, RECORDS, RELATIONS, record_table

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "CATALOG",
    "attach",
    "attach_new",
    "check_path",
    "connect",
    "log_of",
    "refuse_ambiguous",
    "refuse_log",
    "require_packages",
    "row_counts",
    "target_of",
]

CATALOG = "shop"
"""What the file is called in the connection, whatever its name."""

_OLD_LAYOUT = "_commercetools_state"
"""What earlier versions had beside their tables of records, which were in this schema, too."""
_LAKE = "ducklake_metadata"
"""What the catalogue of a lake has: https://ducklake.select/docs/stable/specification/tables/overview."""
_OTHERS = (
    "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"  # noqa: S608 - constants
    f" AND schema_name = 'main' AND table_name IN ('{_OLD_LAYOUT}', '{_LAKE}')"
)

_DATABASES = frozenset({"system", "temp"})
"""What DuckDB calls databases of its own, in which it looks in place of a file of that name."""

_SETTINGS: duckdb_engine.Settings = {
    **duckdb_engine.SETTINGS,
    # Never at a commit: one that fails there for lack of memory leaves open whether the transaction is stored.
    "checkpoint_threshold": "1TB",
}

_CREATED = "STORAGE_VERSION 'v1.4.0', BLOCK_SIZE 16384"
"""A new file can be opened by every DuckDB since 1.4; zstd needs 1.2. Each column of an unfinished row group takes a
block, of memory too: at the default of 256 KB the 200 columns of Messages take 50 MB each time."""

_ROW_GROUP = 4096  # rows of 8 KB make the default (122,880) a gigabyte, which is rewritten whenever it grows


def row_counts(path: Path) -> dict[str, int]:
    """Return how many rows each stream's table in the file has, by name; raises DestinationError."""
    connection = attach(path, read_only=True)
    try:
        names = connection.execute(
            "SELECT table_name FROM information_schema.columns WHERE table_catalog = current_database()"
            " AND table_schema = ? AND column_name = ? AND NOT starts_with(table_name, '_') ORDER BY table_name",
            [RECORDS, SYNCED_AT],
        ).fetchall()
        counts = {}
        for (name,) in names:
            row = connection.execute(f"SELECT count(*) FROM {record_table(name)} WHERE {DELETED_AT} IS NULL").fetchone()  # noqa: S608
            counts[name] = row[0] if row else 0
        return counts
    finally:
        connection.close()


def attach(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Return a connection whose current database is the file at `path`; raises DestinationError, ConfigError."""
    require_packages(path, "duckdb", read_only=read_only)
    import duckdb

    check_path(path, read_only=read_only)
    path = target_of(path)  # before 1.5 DuckDB makes its log beside a symbolic link, and does not find it there again
    if not read_only and not path.exists():
        refuse_log(path)
    # Beside the file, where there is room for it; where it is only read, nothing is made there.
    spill = None if read_only else Path(f"{path.absolute()}.tmp")
    connection = connect(spill)
    options = ["TYPE duckdb", f"ROW_GROUP_SIZE {_ROW_GROUP}"]
    if read_only:
        options.append("READ_ONLY")
    elif not path.exists():
        options.append(_CREATED)
    try:
        connection.execute(f"ATTACH {string(str(path.absolute()))} AS {CATALOG} ({', '.join(options)})")
        connection.execute(f"USE {CATALOG}")
        others = {name for (name,) in connection.execute(_OTHERS).fetchall()}
    except duckdb.Error as error:
        connection.close()
        raise opening_error(path, str(error)) from error
    if others:
        connection.close()
    if _LAKE in others:
        raise DestinationError(
            f"{path} is the catalogue of a lake, in which a DuckDB destination makes no tables; name it as"
            f" ducklake:{path}, or choose another file"
        )
    if others:
        raise DestinationError(
            f"{path} is in the layout of an earlier version, which this one neither reads nor changes;"
            " move it away and run `commercetools-source sync`, which reads the shop anew"
        )
    if spill is not None:
        duckdb_engine.remove_spilled(spill)
    return connection


def connect(spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Return a connection that writes what it has no memory for below `spill`, or among the system's temporary files.

    These may be memory. DuckDB makes this folder when it needs it, and removes it.
    """
    folder = spill or Path(gettempdir()) / f"commercetools-source-{token_hex(8)}.tmp"
    return duckdb_engine.connect({**_SETTINGS, "memory_limit": LIMITS[1], "temp_directory": str(folder)})


def attach_new(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Create a file like those of `attach` beside the current database, called `name` in the connection."""
    options = f"TYPE duckdb, ROW_GROUP_SIZE {_ROW_GROUP}, {_CREATED}"
    connection.execute(f"ATTACH {string(str(path.absolute()))} AS {quoted(name)} ({options})")


def target_of(path: Path) -> Path:
    """Return the path behind symbolic links; raises DestinationError when they lead round in a circle."""
    nowhere = f"the symbolic links of {path} lead nowhere; choose another name"
    try:
        with in_a_sentence(lambda _: nowhere):
            return path.resolve()
    except RuntimeError as error:  # a circle, up to Python 3.12
        raise DestinationError(nowhere) from error


def require_packages(name: object, extra: str, *, read_only: bool) -> None:
    """Raise DestinationError where DuckDB or pyarrow, which `extra` brings, is missing: before anything is read."""
    try:
        import duckdb  # noqa: F401 - heavy; looked for now

        # Only what is written goes through Arrow, and importing it takes as long as a short command may.
        if not read_only:
            import pyarrow  # noqa: F401, ICN001 - same
    except ImportError as error:
        raise DestinationError(f"cannot open {name}: it needs DuckDB and pyarrow; {install_hint(extra)}") from error


def check_path(path: Path, *, read_only: bool, suffix: str = "duckdb") -> None:
    """Raise DestinationError where there can be no file at `path`, or where there is none to read, and ConfigError.

    `suffix` is that of an example in the message.
    """
    duckdb_engine.refuse_backslash(str(path.absolute()))
    with in_a_sentence(lambda error: f"cannot look for {path}: {reason_in(error)}; choose another name"):
        _check(path, read_only=read_only, suffix=suffix)


def _check(path: Path, *, read_only: bool, suffix: str) -> None:
    if not read_only:
        refuse_ambiguous(path)
    if path.is_dir():
        raise DestinationError(f"{path} is a folder; name a file in it, such as {path / f'commercetools.{suffix}'}")
    if path.exists() and not path.is_file():  # a device or a pipe, on which somebody may be listening
        raise DestinationError(f"{path} is no regular file, so nothing is written there; choose another name")
    if not path.parent.is_dir():
        raise DestinationError(f"cannot write {path}: the folder {path.parent} does not exist; create it first")
    if read_only and not path.exists():
        raise DestinationError(f"{path} does not exist; run `commercetools-source sync` first")


def refuse_ambiguous(path: Path) -> None:
    """Raise ConfigError for a file whose tables DuckDB could not tell from those of a schema or another database.

    A database is called as its file up to the first dot (https://duckdb.org/docs/stable/sql/statements/attach).
    """
    name = path.name.partition(".")[0].casefold()
    reason = "which has a schema of that name too" if name in {RECORDS, BOOKKEEPING, RELATIONS} else ""
    if name in _DATABASES:
        reason = "as one of its own is called"
    if reason:
        raise ConfigError(
            f"to DuckDB the file {path} is a database {name!r}, {reason}, so that {name}.orders can mean either;"
            " choose another name"
        )


def log_of(path: Path) -> Path:
    """Return where DuckDB keeps what is committed and not written into the file at `path` yet."""
    return path.with_name(f"{path.name}.wal")


def refuse_log(path: Path) -> None:
    """Raise DestinationError for a log without its file, which DuckDB would remove as it makes a new file."""
    log = log_of(path)
    if os.path.lexists(log):
        raise DestinationError(
            f"{log} is there without the DuckDB file that it is the log of; move it away, or choose another name"
        )
