"""One open database: its connection, transactions, memory limit and checkpoints."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from commercetools_source.destinations import duckdb_engine
from commercetools_source.destinations.duckdb.failures import duckdb_errors
from commercetools_source.destinations.duckdb.memory import megabytes
from commercetools_source.model.quoting import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from commercetools_source.destinations.duckdb.attachment import Attachment

__all__ = ["Database"]

_LOG_BYTES = 20_000_000
"""A larger log is written into the file. What it holds is in memory, too, in blocks that DuckDB moves to a file each
where memory is short: at 100 MB a checkpoint of the demo shop took up to eight seconds in place of one. At 6 MB
every batch would rewrite the last row group."""


class Database:
    """An open database; raises what `attach` raises.

    `on_rollback` is called when a transaction was taken back. `commit_failed`: the last transaction may be stored or
    not, and DuckDB 1.4 goes on with something else than it has stored; it must be opened anew.
    """

    def __init__(self, attachment: Attachment, on_rollback: Callable[[], None], *, read_only: bool = False) -> None:
        self._attachment = attachment
        self._on_rollback = on_rollback
        self.read_only = read_only
        self._allowed = ""
        self._threads = duckdb_engine.THREADS
        self._rolling_back = False
        self.commit_failed = False
        self.connection = attachment.attach(read_only=read_only)
        try:
            self.catalogue = attachment.catalogue(self.connection)
        except BaseException:
            self.release()
            raise

    def execute(self, query: str, parameters: list[object] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement, with `parameters` for its question marks, and return the rows that it gives."""
        # They are written into it: DuckDB up to 1.5 loads pandas, where it is installed, to convert parameters.
        first, *others = query.split("?") if parameters else [query]
        values = map(literal, parameters or ())
        filled = "".join([first, *(text for pair in zip(values, others, strict=True) for text in pair)])
        return self.connection.execute(filled).fetchall()

    def allow(self, memory: str) -> None:
        """Let DuckDB use so much memory."""
        if memory != self._allowed:
            self.connection.execute(f"SET memory_limit = '{memory}'")
            self._allowed = memory

    def use_threads(self, *, few_rows: bool) -> None:
        """Let DuckDB use as many threads as are best for many rows, or for few."""
        threads = self._attachment.threads_for_few_rows if few_rows else duckdb_engine.THREADS
        if threads != self._threads:
            self.connection.execute(f"SET threads = {threads}")
            self._threads = threads

    def allow_at_least(self, memory: str) -> None:
        """Raise DuckDB's memory limit to `memory` where it is lower."""
        if not self._allowed or megabytes(memory) > megabytes(self._allowed):
            self.allow(memory)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Store what is done inside all together, or nothing of it; raises DestinationError where the lock is lost."""
        self._attachment.check()
        self.connection.execute("BEGIN")
        self.commit_failed = False
        try:
            yield
            # Set before COMMIT is sent: if it raises, nobody knows whether the file has the transaction.
            self.commit_failed = True
            self.connection.execute("COMMIT")
            self.commit_failed = False
        except BaseException:
            # Ctrl-C included: a transaction that stayed open would take the next delivery with it.
            self._roll_back()
            raise

    def interrupt(self) -> None:
        """End the query under way, in whatever thread; what takes a transaction back goes on."""
        if not self._rolling_back:
            self.connection.interrupt()

    def _roll_back(self) -> None:
        self._rolling_back = True
        try:
            self._finish(lambda: self.connection.execute("ROLLBACK"))
            self._finish(self.catalogue.forget)
        finally:
            self._rolling_back = False
        self._on_rollback()

    @staticmethod
    def _finish(operation: Callable[[], object]) -> None:
        """Do what must be whole before the file is used again, or leave it to whoever opens the file anew."""
        import duckdb

        interrupted = True
        while interrupted:
            interrupted = False
            try:
                operation()
            except duckdb.InterruptException:
                # An interruption that was on its way when the rollback began: it ends no other query.
                interrupted = True
            except duckdb_errors():
                pass  # a file that is to be opened anew may take no statement more

    @contextmanager
    def registered(self, name: str, batch: Any) -> Iterator[None]:
        """Let statements read the Arrow data `batch` under `name`."""
        with duckdb_engine.registered(self.connection, name, batch):
            yield

    def keep_log_short(self, memory: str) -> None:
        """Write the log into the file where it has become long."""
        log = self._attachment.log()
        if log is not None and log.exists() and log.stat().st_size > _LOG_BYTES:
            self.checkpoint(memory)

    def checkpoint(self, memory: str) -> None:
        """Write the log into the file, if that is ours to do; what was committed stays in the log where that fails.

        `memory` is all that there is: before 2.0 a checkpoint that lacks some cannot be tried again, DuckDB takes no
        statement after it until the file is opened anew.
        """
        if self._attachment.log() is None:
            return
        with suppress(*duckdb_errors()):
            self.allow(memory)
            self.connection.execute("CHECKPOINT")

    def close(self, memory: str) -> None:
        """Write everything into the file itself and release it."""
        # Else the next reader would have to replay the log, and a copy of the file alone would lack rows.
        if not self.read_only:
            self.checkpoint(memory)
        self.release()

    def release(self) -> None:
        """Release it as it is."""
        self._attachment.release(self.connection)
