"""What an extension of DuckDB's attaches: a lake, whose catalogue is in a DuckDB file or in PostgreSQL.

https://ducklake.select/docs/stable/duckdb/usage/connecting
"""

from __future__ import annotations

import re
from abc import abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from commercetools_source.destinations.duckdb.attachment import Attachment
from commercetools_source.destinations.duckdb.connection import check_path, connect, require_packages, target_of
from commercetools_source.destinations.duckdb.failures import duckdb_errors, opening_error
from commercetools_source.destinations.duckdb_engine import remove_spilled
from commercetools_source.destinations.ducklake.catalogue import LakeCatalogue
from commercetools_source.destinations.ducklake.data import DataPath, refuse_absent, refuse_lost, refuse_shared
from commercetools_source.destinations.ducklake.extensions import load
from commercetools_source.errors import DestinationError, InUseError
from commercetools_source.model.quoting import string

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from commercetools_source.destinations.ducklake.postgres import PostgresAddress

__all__ = ["LOCK", "AttachedByExtension", "Lake", "LakeInFile", "LakeInPostgres"]

_LAKE = "shop"
"""What a lake is called in the connection."""
_METADATA = f"__ducklake_metadata_{_LAKE}"
"""What DuckLake calls the database of its catalogue there."""

_SERVER = "server"
"""What the database of PostgreSQL is called there, through which a run keeps others out."""

_NO_LAKE = "creating a new DuckLake is explicitly disabled"
_OTHER_DATA = re.compile(r'does not match existing data path in the catalog "(.*)"')
_NO_DATA = "data_path is not set"
_VERSIONS = re.compile(r"catalog version is (\S+), but the extension requires version (\S+)\. ")

_STATEMENT = re.compile(r'Failed to commit DuckLake transaction\.|Failed to (?:execute|prepare) (?:query|COPY) "')
"""Where an error begins to repeat a statement, which may have rows in it."""
_REASON = re.compile(
    r'": ((?:ERROR|FATAL|PANIC|SSL|server closed|no connection|could not|connection )[^\n]*)|: ((?:\w+ Error): .*)'
)
"""What failed, of PostgreSQL, its client or DuckDB: behind the statement, on the lines after that."""

_HELD = " UNION ALL ".join(
    f"SELECT 1 FROM duckdb_{kind}() WHERE database_name = 'held' AND NOT internal"  # noqa: S608 - constants
    for kind in ("schemas", "tables", "views", "types", "functions")
)
"""A row for each thing in a file that is attached as `held`."""
_NOT_GRANTED = """SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
 AND starts_with(relname, 'ducklake_') AND NOT (has_table_privilege(oid, 'INSERT')
 AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))"""
"""Tables of the catalogue that may only be read; DuckLake makes them in the schema public."""
_NO_TIMEOUT = """SELECT count(set_config(name, '0', true)) FROM pg_settings
 WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')"""
"""Else a server that ends idle transactions would end the one that has the lock, while the platform is waited for."""
_READ_ONLY = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"

LOCK = 7_301_948_226_115_508_407
"""Arbitrary: what our lock is called among the advisory locks of a database of PostgreSQL."""


class AttachedByExtension(Attachment):
    """A database that is attached by one of the `extensions` of DuckDB's, and keeps snapshots of what was stored."""

    extensions: ClassVar[tuple[str, ...]]
    threads_for_few_rows = 1  # a commit is many small queries, and with a second thread takes twice the CPU

    def log(self) -> None:
        """Return nothing: there, CHECKPOINT means to merge files and to expire snapshots."""

    def attach(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        """Open the database or create it; raises DestinationError, and InUseError where somebody else writes it."""
        require_packages(self.name, "ducklake", read_only=read_only)
        import duckdb

        self._prepare(read_only=read_only)
        spill = self._spill(read_only=read_only)
        connection = connect(spill)
        try:
            for extension in self.extensions:
                load(connection, extension, self.name)
            self._attach(connection, read_only=read_only)
        except duckdb.Error as error:
            self.release(connection)
            raise self._opening_error(self.message(error)) from error
        except BaseException:
            self.release(connection)
            raise
        if spill is not None:
            remove_spilled(spill)
        return connection

    def catalogue(self, connection: duckdb.DuckDBPyConnection) -> LakeCatalogue:
        """Return what the database has."""
        return LakeCatalogue(connection)

    @abstractmethod
    def rewrite(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write the files anew that hold replaced or deleted rows; nothing where a service does that by itself."""

    @abstractmethod
    def older_versions(self) -> str:
        """Return that snapshots have what was stored before, and how they are removed."""

    @abstractmethod
    def history(self) -> str:
        """Return how rows as they were can be had."""

    @abstractmethod
    def _attach(self, connection: duckdb.DuckDBPyConnection, *, read_only: bool) -> None:
        """Make it the current database of the connection, and keep other writers out where that can be."""

    def _prepare(self, *, read_only: bool) -> None:
        """Raise DestinationError for what can be seen before anything is opened."""

    def _spill(self, *, read_only: bool) -> Path | None:  # noqa: ARG002 - there is no folder to write to
        """Return the folder for what DuckDB has no memory for; None: among the system's temporary files."""
        return None

    def _opening_error(self, message: str) -> DestinationError:
        """Return the error for a message of DuckDB's."""
        return DestinationError(f"cannot open {self.name}: {message}")


class Lake(AttachedByExtension):
    """A lake of DuckLake, whose files are where `data` says."""

    extensions: ClassVar[tuple[str, ...]] = ("ducklake",)

    def __init__(self, name: str, data: DataPath | None = None) -> None:
        super().__init__(name)
        self._data = data or DataPath()

    def message(self, error: BaseException) -> str:
        """Return the first line of an error; of a statement that failed, the reason, and leave no rows in the error."""
        text = str(error)
        if begun := _STATEMENT.search(text):
            reasons = [first or second for first, second in _REASON.findall(text, begun.end())]
            reason = reasons[-1] if reasons else text[: begun.start()].rstrip(": \n") or "a statement failed"
            # Python shows the error before ours as well, and DuckLake's repeats the rows that it could not store.
            error.args = (reason.strip(),)
        return super().message(error)

    def rewrite(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write the files anew that have rows which count no more."""
        connection.execute(f"CALL ducklake_flush_inlined_data('{_LAKE}')")
        connection.execute(f"CALL ducklake_rewrite_data_files('{_LAKE}', delete_threshold => 0)")
        # A value that is gone may stay the least or greatest of its column, where no other took its place. NULL is
        # one that nobody knows (https://ducklake.select/docs/stable/specification/tables/ducklake_table_column_stats).
        connection.execute(
            f"UPDATE {_METADATA}.ducklake_table_column_stats SET min_value = NULL, max_value = NULL"  # noqa: S608 - constant
        )

    def older_versions(self) -> str:
        """Return that snapshots have what was stored before, and how they are removed."""
        return (
            "older snapshots have what was stored before; expire them: in DuckDB, ATTACH the lake as lake,"
            " CALL ducklake_expire_snapshots('lake', older_than => now()),"
            " CALL ducklake_cleanup_old_files('lake', cleanup_all => true); then copy the catalogue's file, or VACUUM"
            " FULL in PostgreSQL, for what it has freed"
        )

    def history(self) -> str:
        """Return how a snapshot is asked for; https://ducklake.select/docs/stable/duckdb/usage/time_travel."""
        return (
            "its snapshots have the rows of each run; ask for those of a moment with"
            " FROM raw.orders AT (TIMESTAMP => now() - INTERVAL 1 DAY)"
        )

    @abstractmethod
    def _target(self) -> str:
        """Return what DuckLake finds the catalogue by."""

    def _attach(self, connection: duckdb.DuckDBPyConnection, *, read_only: bool) -> None:
        import duckdb

        self._data.prepare(connection, self.name)
        if not read_only:
            # Before the lake is made: of two first runs, the second would fail at tables that the first one makes.
            self._lock(connection)
        attach = self._attach_to_read if read_only else self._attach_to_write
        try:
            attach(connection, self._data.options())
        except duckdb.Error as error:
            # A folder has many names, with .. or by links, and DuckLake compares the texts.
            stored = _OTHER_DATA.search(str(error))
            if stored is None or not self._data.is_folder(stored[1]):
                raise
            attach(connection, [])
        connection.execute(f"USE {_LAKE}")

    def _statement(self, options: Sequence[str]) -> str:
        target = f"ATTACH {string(f'ducklake:{self._target()}')} AS {_LAKE}"
        return f"{target} ({', '.join(options)})" if options else target

    def _is_attached(self, connection: duckdb.DuckDBPyConnection, options: Sequence[str]) -> bool:
        """Attach the lake; return False where there is none yet, and nothing else in its place."""
        import duckdb

        try:
            connection.execute(self._statement(options))
        except duckdb.Error as error:
            if _NO_LAKE not in str(error) or not self._is_free(connection):
                raise
            return False
        return True

    def _attach_to_read(self, connection: duckdb.DuckDBPyConnection, options: Sequence[str]) -> None:
        if self._is_attached(connection, ["READ_ONLY", *options]):
            refuse_absent(connection, _LAKE, self.name)
        else:
            connection.execute(f"ATTACH ':memory:' AS {_LAKE}")  # where there is no lake yet, nothing is stored

    def _attach_to_write(self, connection: duckdb.DuckDBPyConnection, options: Sequence[str]) -> None:
        if not self._is_attached(connection, ["CREATE_IF_NOT_EXISTS false", *options]):
            refuse_shared(self._folder(), self.name)
            connection.execute(self._statement(options))
            # JSON texts take a third of the size; what a person's own lake has as options is left alone.
            connection.execute(f"CALL {_LAKE}.set_option('parquet_compression', 'zstd')")
        refuse_absent(connection, _LAKE, self.name)
        refuse_lost(connection, _LAKE, _METADATA, self.name)

    def _folder(self) -> str:
        """Return where a new lake puts its data; "" where that must be said and is not."""
        return self._data.path

    def _is_free(self, connection: duckdb.DuckDBPyConnection) -> bool:  # noqa: ARG002 - a database of PostgreSQL has room
        """Return whether a lake may be made where there is none yet."""
        return True

    def _lock(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Keep other writers out for as long as the connection is open; raises InUseError."""

    def _opening_error(self, message: str) -> DestinationError:
        """Return the error for a message of DuckDB's."""
        if _OTHER_DATA.search(message):
            return DestinationError(
                f"the data of {self.name} are elsewhere than data_path says; leave it out, or make another lake"
            )
        if _NO_DATA in message:
            return DestinationError(
                f"{self.name} is new, and its data need a folder: add ?data_path= with its path or s3://BUCKET/FOLDER"
            )
        if versions := _VERSIONS.search(message):
            theirs, own = versions.groups()
            return DestinationError(
                f"{self.name} has the format {theirs} of DuckLake, and DuckDB's extension here writes {own}; where this"
                " is the newer one, ATTACH the lake once in DuckDB with (AUTOMATIC_MIGRATION true), else install a"
                " newer DuckDB"
            )
        return super()._opening_error(message)


class LakeInFile(Lake):
    """A lake whose catalogue is the DuckDB file at `path`; without `data` its files are in `path`.files."""

    def __init__(self, path: Path, data: DataPath | None = None) -> None:
        super().__init__(str(path), data)
        self.path = path

    def _prepare(self, *, read_only: bool) -> None:
        check_path(self.path, read_only=read_only, suffix="ducklake")
        # Before DuckDB is asked whether the file is a lake: it would make one in answering.
        if not read_only and not target_of(self.path).exists():
            refuse_shared(self._folder(), self.name)

    def _spill(self, *, read_only: bool) -> Path | None:
        return None if read_only else Path(f"{target_of(self.path).absolute()}.tmp")

    def _target(self) -> str:
        return str(target_of(self.path).absolute())

    def _folder(self) -> str:
        return self._data.path or f"{self._target()}.files"

    def _is_free(self, connection: duckdb.DuckDBPyConnection) -> bool:
        # A run that is killed as it begins leaves a DuckDB file without anything in it.
        if target_of(self.path).exists():
            connection.execute(f"ATTACH {string(self._target())} AS held (READ_ONLY)")
            is_free = not connection.execute(_HELD).fetchall()
            connection.execute("DETACH held")
            return is_free
        return True

    def _opening_error(self, message: str) -> DestinationError:
        if _NO_LAKE in message:
            return DestinationError(f"{self.path} is a DuckDB file, but no lake; choose another name, or move it away")
        if _OTHER_DATA.search(message) or _VERSIONS.search(message):
            return super()._opening_error(message)
        return opening_error(self.path, message)


class LakeInPostgres(Lake):
    """A lake whose catalogue is in the database of PostgreSQL at `address`.

    Writers keep each other out by an advisory lock, which goes with the connection that has it, also of a killed run.
    """

    extensions = ("postgres_scanner", "ducklake")

    def __init__(self, address: PostgresAddress, data: DataPath | None = None) -> None:
        super().__init__(address.shown, data)
        self._address = address
        self._holder: duckdb.DuckDBPyConnection | None = None

    def message(self, error: BaseException) -> str:
        """Return the first line of an error without the password, which is taken out of the error itself, too."""
        # Python shows the error before ours as well, and DuckDB's repeats the address with which it failed.
        error.args = (self._address.without_secrets(str(error)),)
        return super().message(error)

    def check(self) -> None:
        """Raise DestinationError where the connection with the lock is lost: somebody else may write now."""
        import duckdb

        if self._holder is None:
            return
        try:
            self._answer("SELECT 1")
        except duckdb.Error as error:
            raise DestinationError(
                f"the connection to {self.name} that keeps other runs out is lost ({self.message(error)});"
                " what was stored before is kept, run again"
            ) from error

    def release(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Close a connection, and with it the one that has the lock."""
        holder, self._holder = self._holder, None
        if holder is not None:
            with suppress(
                *duckdb_errors()
            ):  # where its connection is lost, DuckDB aborts in closing it unless this fails
                holder.execute("ROLLBACK")
            holder.close()
        super().release(connection)

    def _target(self) -> str:
        return f"postgres:{self._address.connection}"

    def _opening_error(self, message: str) -> DestinationError:
        # What PostgreSQL says stands behind addresses, which DuckLake and DuckDB's client put before it.
        return super()._opening_error(message.rpartition('": ')[2])

    def _lock(self, connection: duckdb.DuckDBPyConnection) -> None:
        # In a transaction that stays open: DuckDB gives each statement outside of one any connection of its pool.
        connection.execute(f"ATTACH {string(self._address.connection)} AS {_SERVER} (TYPE postgres)")
        self._holder = connection.cursor()
        self._holder.execute("BEGIN")
        if not self._answer(f"SELECT pg_try_advisory_xact_lock({LOCK})"):
            raise InUseError(f"{self.name} is in use by another run; wait until it has ended and run again")
        self._answer(_NO_TIMEOUT)
        # Asked now: else a run would read everything, and fail at its first commit.
        if self._answer(_READ_ONLY):
            raise DestinationError(f"{self.name} cannot be written: this server or database only lets itself be read")
        if self._answer(_NOT_GRANTED):
            raise DestinationError(
                f"{self.name} cannot be written: this role may only read tables of the lake; name its owner in the"
                " address, or grant INSERT, UPDATE and DELETE on all tables of the schema public"
            )

    def _answer(self, query: str) -> Any:
        """Return the value that PostgreSQL answers a query with, by the connection that has the lock."""
        if self._holder is None:
            return None
        ((value,),) = self._holder.execute(f"FROM postgres_query('{_SERVER}', {string(query)})").fetchall()
        return value
