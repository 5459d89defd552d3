"""DuckDB beside a Parquet folder: opened when something is to be computed, with a bounded share of memory."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from commercetools_source.destinations.duckdb_engine import (
    SETTINGS,
    THREADS,
    Settings,
    connect,
    lacks_memory,
    remove_spilled,
)
from commercetools_source.destinations.parquet import files as dataset
from commercetools_source.destinations.scratch import Scratch
from commercetools_source.destinations.store.atomic import refuse_link
from commercetools_source.destinations.store.local import Local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb
    import pyarrow as pa

    from commercetools_source.destinations.store import Store

__all__ = ["SPILL", "Session"]

SPILL = ".spill"
_SETTINGS: Settings = {**SETTINGS, "memory_limit": "300MB"}
_MOST_MEMORY = "1GB"
"""For a single large record: of one with 16 MB, the most that the platform stores, 400 MB are used."""


class Session:
    """A connection that reads the files of a store.

    It spills into its folder; for a bucket, or where nothing may be written, into one of the system's.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = store.path if isinstance(store, Local) else None
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._scratch: Scratch | None = None
        self._process = 0

    def write_elsewhere(self) -> None:
        """From now on write nothing into the folder."""
        self._process = os.getpid()
        self._scratch = Scratch.new()

    def refuse_link(self) -> None:
        """Raise DestinationError when what is spilled would be written somewhere else."""
        if self._folder is not None:
            refuse_link(self._folder / SPILL)

    def clean(self) -> None:
        """Remove what a run that was killed has spilled into the folder, which is locked."""
        if self._folder is not None:
            remove_spilled(self._folder / SPILL)

    @property
    def scratch(self) -> Path | None:
        """The folder to write to in place of the one with the data; None: that one."""
        if self._scratch is None and self._folder is None:
            self.write_elsewhere()
        return None if self._scratch is None else self._scratch.path

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection, which is made when it is first asked for."""
        if self._connection is None:
            spill = f"{self.scratch or self._folder}/{SPILL}"
            self._process = os.getpid()
            self._connection = connect({**_SETTINGS, "temp_directory": spill})
            self._store.attach(self._connection)
        return self._connection

    def batches(self, query: str) -> list[pa.RecordBatch]:
        """Return what a query finds; it is repeated with more memory where it lacks some."""
        import duckdb

        try:
            return list(dataset.reader(self.connection.sql(query)))
        except duckdb.Error as error:
            if not lacks_memory(error):
                raise
        # For this query alone: what DuckDB keeps of files in memory grows up to the limit.
        with self.limited(_MOST_MEMORY) as connection:
            return list(dataset.reader(connection.sql(query)))

    @contextmanager
    def limited(self, memory: str, threads: int = THREADS) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give the connection with another share of memory; with the usual one, if it holds more than that already."""
        import duckdb

        with suppress(duckdb.OutOfMemoryException):
            self._set(threads, memory)
        try:
            yield self.connection
        finally:
            self._set(THREADS, _SETTINGS["memory_limit"])

    def _set(self, threads: int, memory: object) -> None:
        self.connection.execute(f"SET threads = {threads}; SET memory_limit = '{memory}'")

    def close(self) -> None:
        """Close the connection and remove what was written elsewhere; nothing of the process that forked this one."""
        if self._process != os.getpid():
            return
        connection, self._connection = self._connection, None
        scratch, self._scratch = self._scratch, None
        if connection is not None:
            connection.close()
        if scratch is not None:
            scratch.close()
