"""What a destination attaches to DuckDB and writes to: a file of DuckDB's own, or whatever else it has tables in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from commercetools_source.destinations import duckdb_engine
from commercetools_source.destinations.duckdb.catalogue import Catalogue
from commercetools_source.destinations.duckdb.connection import attach, log_of, target_of
from commercetools_source.destinations.duckdb_engine import first_line

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

__all__ = ["Attachment", "DatabaseFile"]


class Attachment(ABC):
    """A database that can be the current one of a connection; the statements of the destination are the same in all.

    `name` is what a person calls it, without secrets.
    """

    threads_for_few_rows: ClassVar[int] = duckdb_engine.THREADS
    """Threads of DuckDB's that store a delivery of few rows into a table that has few."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def log(self) -> Path | None:
        """Return the log that CHECKPOINT writes into the database; None where a checkpoint is not ours to make."""

    @abstractmethod
    def attach(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        """Return a connection whose current database it is, locked where it is written; raises DestinationError."""

    @abstractmethod
    def catalogue(self, connection: duckdb.DuckDBPyConnection) -> Catalogue:
        """Return what it has, read by a connection that `attach` gave."""

    def message(self, error: BaseException) -> str:
        """Return what an error of DuckDB's says, in a line without secrets."""
        return first_line(error)

    def check(self) -> None:  # noqa: B027 - most locks last as long as the connection
        """Raise DestinationError where the lock is lost that `attach` took."""

    def release(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Close a connection that `attach` gave."""
        connection.close()


class DatabaseFile(Attachment):
    """The DuckDB file at a path."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path

    def log(self) -> Path:
        """Return the path of the file's log."""
        return log_of(target_of(self.path))

    def attach(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        """Open or create the file; raises as `connection.attach`."""
        return attach(self.path, read_only=read_only)

    def catalogue(self, connection: duckdb.DuckDBPyConnection) -> Catalogue:
        """Return what the file has."""
        return Catalogue(connection)
