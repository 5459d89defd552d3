"""A database of DuckDB's while it is open: by which process, its transactions, and its errors in a sentence."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from commercetools_source.destinations.duckdb import states
from commercetools_source.destinations.duckdb.database import Database
from commercetools_source.destinations.duckdb.failures import duckdb_errors, raising_interrupts, write_error
from commercetools_source.destinations.duckdb.history import History
from commercetools_source.destinations.duckdb.memory import MemoryLimits
from commercetools_source.destinations.duckdb.model import Model
from commercetools_source.destinations.duckdb.own import OwnFields
from commercetools_source.destinations.duckdb.tables import StreamTables
from commercetools_source.destinations.duckdb.watch import CustomFieldWatch
from commercetools_source.destinations.duckdb.writer import Opened
from commercetools_source.errors import KEPT, DestinationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from commercetools_source.catalog.schema import Column
    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.duckdb.attachment import Attachment
    from commercetools_source.extract.checkpoint import StreamState

__all__ = ["Session"]


class Session:
    """Opens what `attachment` names, and closes it.

    `waiting` are states of streams that changed while nothing else did: the next transaction stores them. `history`
    names the streams that keep their earlier rows, from the next `open` on.
    """

    def __init__(
        self,
        attachment: Attachment,
        fields: Callable[[Stream], Sequence[Column]],
        *,
        materialize: bool | None,
        memory: Sequence[str],
    ) -> None:
        self.name = attachment.name
        self.attachment = attachment
        self.memory = MemoryLimits(memory)
        self.waiting: dict[str, StreamState] = {}
        self.history: frozenset[str] = frozenset()
        self._fields = fields
        self._materialize = materialize
        self._opened: Opened | None = None
        self._process = 0

    @property
    def opened(self) -> Opened:
        """What is open; raises DestinationError where nothing is, and in a process that was forked since."""
        if self._opened is None:
            raise DestinationError(f"{self.name} is not open; call open() first")
        self._refuse_inherited()
        return self._opened

    def open(self, *, read_only: bool) -> Mapping[str, StreamState]:
        """Open or create the database, lock it, return the stored states; raises DestinationError and StateError."""
        self.waiting = {}
        return self._open(read_only=read_only)

    def reopen(self) -> None:
        """Go on from what the file itself holds."""
        self.opened.database.release()
        self._open(read_only=False)

    def close(self, last: Callable[[Opened], None]) -> None:
        """Store what waits, do what is to come `last`, and release it; nothing in a process that was forked since."""
        if self._is_inherited():
            return
        # Forgotten first: if closing fails, the object does not pretend to be open.
        opened, self._opened = self._opened, None
        if opened is not None:
            try:
                self._store_waiting(opened)
                last(opened)
            finally:
                opened.database.close(self.memory.steps[-1])

    def interrupt(self) -> None:
        """End the query under way with an error, from another thread."""
        if self._opened is not None:
            self._opened.database.interrupt()

    @contextmanager
    def transaction(self, opened: Opened) -> Iterator[None]:
        """Store what is done inside, and the states that wait, all together or nothing of it."""
        with opened.database.transaction():
            yield
            # Behind tables that are made: DuckDB 1.4 loses rows when it replays a log with the other order.
            if self.waiting:
                states.write_states(opened.database, self.waiting, states.now())
        self.waiting.clear()

    @contextmanager
    def changing(self, action: str) -> Iterator[Opened]:
        """Let all that is done inside count together or not at all; raises as `failing`."""
        with self.failing(action, f"; {KEPT}") as opened, self.transaction(opened):
            yield opened

    @contextmanager
    def failing(self, action: str, comfort: str = "") -> Iterator[Opened]:
        """Raise DestinationError for what DuckDB raises inside, where it has memory enough."""
        try:
            with raising_interrupts():
                self.opened.database.allow(self.memory.enough)
                self.opened.database.use_threads(few_rows=False)
                yield self.opened
        except duckdb_errors() as error:
            reason = self.attachment.message(error)
            self.attachment.check()
            raise write_error(error)(f"cannot {action} {self.name}: {reason}{comfort}") from error

    def _open(self, *, read_only: bool) -> Mapping[str, StreamState]:
        self._refuse_inherited()
        self._opened, self._process = None, os.getpid()
        try:
            database = Database(self.attachment, self._roll_back, read_only=read_only)
        except DestinationError:
            raise  # that DuckDB is missing, too, whose errors cannot be named then
        except duckdb_errors() as error:
            raise self._reading_error(error) from error
        try:
            own = OwnFields(database)
            model = Model(database, own, materialize=self._materialize)
            watch = CustomFieldWatch(database, own, model.relations)
            stored = states.read_states(database)
        except BaseException as error:
            database.close(self.memory.steps[-1])
            if isinstance(error, duckdb_errors()):
                raise self._reading_error(error) from error
            raise
        tables = StreamTables(self.name, database.catalogue, self._fields)
        self._opened = Opened(database, tables, model, watch, History(database, self.history))
        return stored

    def _store_waiting(self, opened: Opened) -> None:
        """Store the states that wait; without them the next run reads from a time before, and loses nothing."""
        if self.waiting and not opened.database.commit_failed:
            with suppress(*duckdb_errors(), DestinationError), self.transaction(opened):
                pass

    def _roll_back(self) -> None:
        """Forget what a transaction did that was rolled back."""
        if self._opened is not None:
            self._opened.tables.reset()
            self._opened.model.reset()

    def _is_inherited(self) -> bool:
        """Return whether it was opened by the process from which this one was forked, which lacks DuckDB's threads."""
        return self._opened is not None and self._process != os.getpid()

    def _refuse_inherited(self) -> None:
        if self._is_inherited():
            raise DestinationError(
                f"{self.name} was opened by process {self._process}, which forked this one; open another one here"
            )

    def _reading_error(self, error: BaseException) -> DestinationError:
        return DestinationError(f"cannot read {self.name}: {self.attachment.message(error)}")
