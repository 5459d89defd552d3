"""A database of DuckDB's: the records of each stream, relations over them, rows and checkpoint in one transaction.

A full read fills `raw._loading_<stream>` and becomes the stream's table when it is complete; until then the
old table stays readable. Tables have no index: merging without one is 40 times faster, and rows are
unique by construction.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import surprises
from commercetools_source.catalog.schema import columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import duckdb_engine
from commercetools_source.destinations.duckdb import erasure, merge, runs, states
from commercetools_source.destinations.duckdb.attachment import DatabaseFile
from commercetools_source.destinations.duckdb.comments import write_comments
from commercetools_source.destinations.duckdb.connection import target_of
from commercetools_source.destinations.duckdb.database import Database
from commercetools_source.destinations.duckdb.failures import (
    duckdb_errors,
    raising_interrupts,
    write_error,
)
from commercetools_source.destinations.duckdb.history import History
from commercetools_source.destinations.duckdb.memory import LIMITS, MemoryLimits
from commercetools_source.destinations.duckdb.model import Model
from commercetools_source.destinations.duckdb.own import OwnFields
from commercetools_source.destinations.duckdb.publish import check_target, publish
from commercetools_source.destinations.duckdb.tables import StreamTables
from commercetools_source.destinations.duckdb.watch import CustomFieldWatch
from commercetools_source.destinations.duckdb.writer import Opened, Stored, store, unchanged
from commercetools_source.destinations.duckdb_engine import lacks_memory
from commercetools_source.destinations.interruptible import Interruptible
from commercetools_source.destinations.unknown import UnknownFields
from commercetools_source.errors import KEPT, DestinationError, in_a_sentence
from commercetools_source.events import Notice
from commercetools_source.extract.abilities import Changes
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Phase
from commercetools_source.model.schemas import RELATIONS, record_table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb
    import msgspec

    from commercetools_source.catalog.schema import Column
    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.duckdb.attachment import Attachment
    from commercetools_source.extract.abilities import Difference, Listed
    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.extract.run_record import RunRecord

__all__ = ["Attached", "DuckDB"]


_FEW = 10_000
"""Rows of a delivery, and of the table that it meets, up to which a second thread of DuckDB's gains nothing."""


class Attached:
    """A destination that writes to a database that DuckDB attaches.

    `drift` counts values that did not fit their column, by table and field (they are in `_unfit`);
    `added` lists the columns added for fields that the schema did not know. `memory` is what DuckDB may
    use to load a table, for everything else, and then, step by step, where that is too little. `comments`:
    whether tables and columns get comments as the file is closed; None: where it is large.
    """

    batch_bytes = 64_000_000
    merges = True

    def __init__(
        self,
        attachment: Attachment,
        fields: Callable[[Stream], Sequence[Column]] = columns,
        *,
        materialize: bool | None = None,
        comments: bool | None = None,
        memory: Sequence[str] = LIMITS,
    ) -> None:
        self.name = attachment.name
        self.drift: dict[tuple[str, str], int] = {}
        self.added: list[tuple[str, str]] = []
        self._unknown = UnknownFields()
        self._changes: dict[str, Changes] = {}
        self._waiting: dict[str, StreamState] = {}
        self._attachment = attachment
        self._fields = fields
        self._materialize = materialize
        self._comments = comments
        self._memory = MemoryLimits(memory)
        self._history: frozenset[str] = frozenset()
        self._database: Opened | None = None
        self._process = 0
        self._interruptible = Interruptible(self._interrupt)

    def open(self) -> Mapping[str, StreamState]:
        """Open or create the database, lock it, return the stored states.

        A stream whose table is gone is read from its start, so dropping a table loads it again.
        Raises DestinationError (no DuckDB installed; not writable; in use; no DuckDB file) and StateError.
        """
        self._interruptible = Interruptible(self._interrupt)
        self._changes = {}
        self._waiting = {}
        return self._open(read_only=False)

    def open_read_only(self) -> Mapping[str, StreamState]:
        """Return the stored states, with nothing changed and while others read it; raises as `open`."""
        return self._open(read_only=True)

    def close(self) -> None:
        """Write everything into the file itself and release it; nothing in a process that was forked since `open`."""
        if self._is_inherited():
            return
        # Forgotten first: if closing fails, the object does not pretend to be open.
        opened, self._database = self._database, None
        if opened is not None:
            try:
                self._store_waiting(opened)
                self._comment(opened)
            finally:
                opened.database.close(self._memory.steps[-1])

    def _comment(self, opened: Opened) -> None:
        """Write comments; what the file lacks of them, because it cannot be written any more, costs nobody a row."""
        if not opened.database.read_only and not opened.database.commit_failed:
            with suppress(*duckdb_errors()):
                write_comments(opened.database, opened.model, wanted=self._comments)

    @contextmanager
    def querying(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give the connection to the open database, for questions alone; raises DestinationError."""
        try:
            yield self._opened.database.connection
        except duckdb_errors() as error:
            raise DestinationError(f"cannot query {self.name}: {self._attachment.message(error)}") from error

    def write(self, delivery: Delivery) -> None:
        """Store records and state in one transaction; raises DestinationError, with neither stored.

        It is a RecordError where only this stream cannot be stored: a value or a table that is refused, too little
        memory.
        """
        self._interruptible.run(lambda: self._write(delivery))

    def hurry(self) -> None:
        """Take back from now on what takes longer than seconds, and raise KeyboardInterrupt for it."""
        self._interruptible.hurry()

    def _write(self, delivery: Delivery) -> None:
        # Before it is stored: the relations are made with the columns of what is found.
        self._unknown.look(delivery.stream, delivery.records)
        try:
            self._opened.watch.expect(delivery)
            if (stored := self._unchanged(delivery)) is not None:
                # With the next transaction: each commit is a write to a log, to a lake a snapshot that stays.
                self._waiting[delivery.stream.name] = delivery.state
                self._note(delivery, stored)
                return
            if delivery.keeps_unread and delivery.stream.name in self._opened.database.catalogue.columns:
                delivery = self._keep_unread(delivery)
            stored = self._stored(delivery)
            self._opened.database.keep_log_short(self._memory.steps[-1])
        except duckdb_errors() as error:
            advice = (
                f"; DuckDB had {self._memory.enough} of memory: free some, or use a machine with more"
                if lacks_memory(error)
                else ""
            )
            reason = self._attachment.message(error)
            if self._opened.database.commit_failed:
                self._reopen()
            # A lost connection concerns every stream, and many an error that comes of it says something else.
            self._attachment.check()
            raise write_error(error)(
                f"cannot write {delivery.stream.name} to {self.name}: {reason}{advice}; {KEPT}"
            ) from error
        self._note(delivery, stored)
        watch = self._opened.watch
        if watch.follow(delivery):
            self._redefine()

    def mark_deleted(self, stream: Stream, times: Mapping[str, str]) -> int:
        """Mark rows as deleted, in what is being loaded too; return how many were not marked before."""
        return self._interruptible.run(lambda: self._delete(stream, times, duckdb_engine.mark_deleted))

    def remove(self, stream: Stream, times: Mapping[str, str]) -> int:
        """Take out rows, of what is being loaded too; return how many there were."""
        return self._interruptible.run(lambda: self._delete(stream, times, duckdb_engine.remove))

    def compare(
        self, stream: Stream, pages: Iterable[Sequence[Listed]], cursor: str, since: str | None = None
    ) -> Difference:
        """Return how the stream's rows that are not marked as deleted differ from a listing."""
        with self._failing(f"compare {stream.name} in") as opened:
            connection = opened.database.connection
            return duckdb_engine.compare(connection, record_table(stream.name), pages, cursor, since)

    def reset(self, stream: Stream) -> bool:
        """Drop the stream's state and what was loaded of a read under way; return whether there was any."""
        with self._changing(f"reset {stream.name} in") as opened:
            opened.tables.drop(states.loading_name(stream.name))
            waited = self._waiting.pop(stream.name, None) is not None  # else it would come back with this transaction
            return states.delete_state(opened.database, stream.name) or waited

    def write_run(self, record: RunRecord) -> None:
        """Store the record of a run in a transaction of its own; raises DestinationError."""
        with self._changing("store the record of a run in") as opened:
            runs.write_run(opened.database, record)

    def runs(self, limit: int) -> Sequence[RunRecord]:
        """Return the newest records of runs, the newest first; raises DestinationError."""
        with self._failing("read the records of runs of") as opened:
            return runs.read_runs(opened.database, limit)

    def forgotten(self) -> bytes | None:
        """Return what `store_forgotten` stored last; raises DestinationError."""
        with self._failing("read whom to forget from") as opened:
            return erasure.read_forgotten(opened.database)

    def store_forgotten(self, text: bytes) -> None:
        """Store whom to forget, beside the states of streams; raises DestinationError."""
        with self._changing("store whom to forget in") as opened:
            erasure.write_forgotten(opened.database, text)

    def scan(self, stream: Stream, fields: Sequence[str], before: str | None = None) -> Iterator[msgspec.Raw]:
        """Yield each stored row, of a read under way too, as a JSON object of those of `fields` that it has."""
        with self._failing(f"read {stream.name} in") as opened:
            yield from erasure.scan(opened.database, stream, fields, before)

    def rewrite(self, stream: Stream, ids: Collection[str], change: Callable[[msgspec.Raw], msgspec.Raw] | None) -> int:
        """Let rows be what `change` makes of them, or take them out, with their relations; return how many."""
        with self._changing(f"erase records of {stream.name} in") as opened:
            return erasure.rewrite(opened.database, opened.model, stream, ids, change)

    def tables_of_others(self) -> Sequence[str]:
        """Return the names of tables that were not made here; raises DestinationError."""
        with self._failing("look for tables in") as opened:
            return erasure.tables_of_others(opened.database, opened.model.made)

    def changes(self) -> Mapping[str, Changes]:
        """Return by stream what deliveries changed; what a full read of a very large table changed is not known."""
        return self._changes

    def notices(self) -> Sequence[Notice]:
        """Return what was noticed of the project's own fields, of unknown fields and of values that do not fit."""
        with self._failing("look at the fields of") as opened:
            own_fields = opened.watch.notices()
        return [
            *surprises(self.added, self.drift, self._unknown.notices(opened.model.nested.of)),
            *own_fields,
            *opened.history.notices,
            *(
                Notice(f"{RELATIONS}.{name}", "somebody else made it, so it was left alone")
                for name in sorted(opened.model.foreign)
            ),
        ]

    def _is_inherited(self) -> bool:
        """Return whether it was opened by the process from which this one was forked, which lacks DuckDB's threads."""
        return self._database is not None and self._process != os.getpid()

    def _open(self, *, read_only: bool) -> Mapping[str, StreamState]:
        self._refuse_inherited()
        self._database, self._process = None, os.getpid()
        try:
            database = Database(self._attachment, self._reset, read_only=read_only)
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
            database.close(self._memory.steps[-1])
            if isinstance(error, duckdb_errors()):
                raise self._reading_error(error) from error
            raise
        tables = StreamTables(self.name, database.catalogue, self._fields)
        history = History(database, self._history)
        self._database = Opened(database, tables, model, watch, history)
        return stored

    def _reading_error(self, error: BaseException) -> DestinationError:
        return DestinationError(f"cannot read {self.name}: {self._attachment.message(error)}")

    @property
    def _opened(self) -> Opened:
        if self._database is None:
            raise DestinationError(f"{self.name} is not open; call open() first")
        self._refuse_inherited()
        return self._database

    def _refuse_inherited(self) -> None:
        if self._is_inherited():
            raise DestinationError(
                f"{self.name} was opened by process {self._process}, which forked this one; open another one here"
            )

    def _interrupt(self) -> None:
        if self._database is not None:
            self._database.database.interrupt()

    def _reset(self) -> None:
        """Forget what a transaction did that was rolled back."""
        if self._database is not None:
            self._database.tables.reset()
            self._database.model.reset()

    def _note(self, delivery: Delivery, stored: Stored) -> None:
        name = delivery.stream.name
        self.added += [(name, column) for column in stored.added]
        if stored.decoder is not None:
            stored.decoder.tell(name, self.drift)
        if stored.changes is not None:
            self._changes[name] = self._changes.get(name, Changes()) + stored.changes

    def _keep_unread(self, delivery: Delivery) -> Delivery:
        """Load the last records of a full read, and the stored rows that it did not bring; return what ends the read.

        In transactions of their own, as tables are changed before rows are. Each leaves the read under way.
        """
        name = delivery.stream.name
        before = states.read_states(self._opened.database).get(name, StreamState())
        # A crash between the two transactions then leaves a read under way, and not a finished one that lacks rows.
        under_way = replace(delivery.state, cursor=before.cursor, mode="full", bound=delivery.state.cursor)
        phase = Phase.of(full=True, first=delivery.phase.first)
        stored = self._stored(replace(delivery, state=under_way, phase=phase))
        self._note(delivery, stored)
        opened = self._opened
        with opened.database.transaction():
            loading = states.loading_name(name)
            merge.add_missing(opened.database, name, loading, opened.tables.decoder(delivery, loading))
        opened.tables.reset()
        return replace(delivery, records=(), size=0, phase=Phase.FULL_LAST)

    def _stored(self, delivery: Delivery) -> Stored:
        """Store a delivery with the memory that its records should take, with more where that is too little."""
        # Little memory first: other programs on the machine keep theirs, and most deliveries need no more.
        *lower, highest = self._memory.for_delivery(delivery, self._opened.database.catalogue.row_counts)
        for limit in lower:
            try:
                return self._store_within(limit, delivery)
            except duckdb_errors() as error:
                if not lacks_memory(error):
                    raise
            if self._opened.database.commit_failed:
                self._reopen()
        return self._store_within(highest, delivery)

    def _unchanged(self, delivery: Delivery) -> Stored | None:
        """Return how a delivery is stored that brings nothing; None where it brings something, or that is not known."""
        opened = self._opened
        brings = delivery.records and delivery.phase is not Phase.FULL_ONLY
        if brings or not opened.tables.is_settled(delivery.stream.name):
            return None
        # Only now: a first run would set it, and set it back, for each stream.
        opened.database.allow(self._memory.enough)
        try:
            nested = self._unknown.paths(delivery.stream)
            return unchanged(opened, delivery, nested)
        except duckdb_errors() as error:
            if lacks_memory(error):
                return None
            raise

    def _store_within(self, memory: str, delivery: Delivery) -> Stored:
        """Store a delivery or nothing of it; raises an error of DuckDB's when it needs more than `memory`."""
        opened = self._opened
        opened.database.allow(memory)
        opened.database.use_threads(few_rows=self._is_small(delivery))
        self._waiting.pop(delivery.stream.name, None)  # it must not come after a state whose commit gave no answer
        with self._transaction(opened):
            nested = self._unknown.paths(delivery.stream)
            return store(opened, delivery, nested)

    def _is_small(self, delivery: Delivery) -> bool:
        """Return whether a delivery has few rows, and meets few: no end of a full read of several deliveries."""
        rows = self._opened.database.catalogue.row_counts.get(delivery.stream.name, 0)
        return delivery.phase is not Phase.FULL_LAST and max(rows, len(delivery.records)) <= _FEW

    @contextmanager
    def _transaction(self, opened: Opened) -> Iterator[None]:
        """Store what is done inside, and the states that wait, all together or nothing of it."""
        with opened.database.transaction():
            yield
            # Behind tables that are made: DuckDB 1.4 loses rows when it replays a log with the other order.
            if self._waiting:
                states.write_states(opened.database, self._waiting, states.now())
        self._waiting.clear()

    def _store_waiting(self, opened: Opened) -> None:
        """Store the states that wait; without them the next run reads from a time before, and loses nothing."""
        if self._waiting and not opened.database.commit_failed:
            with suppress(*duckdb_errors(), DestinationError), self._transaction(opened):
                pass

    def _reopen(self) -> None:
        """Go on from what the file itself holds."""
        self._opened.database.release()
        self._open(read_only=False)

    def _delete(
        self, stream: Stream, times: Mapping[str, str], act: Callable[[duckdb.DuckDBPyConnection, str, str], int]
    ) -> int:
        with self._changing(f"mark deleted {stream.name} in") as opened:
            # A table that is being loaded has the row too, and would bring it back when it is put in place.
            names = (stream.name, states.loading_name(stream.name))
            tables = [name for name in names if name in opened.database.catalogue.columns]
            connection = opened.database.connection
            with duckdb_engine.listed(connection, times) as gone:
                if stream.name in tables:
                    opened.model.remove(stream, gone)
                    if act is duckdb_engine.remove and opened.history.keeps(stream.name):
                        state = states.read_states(opened.database).get(stream.name, StreamState())
                        opened.history.remove(stream.name, gone, state)
                return sum(act(connection, record_table(table), gone) for table in tables)

    def _redefine(self) -> None:
        """Let every relation that is there have the project's own fields as they are defined now."""
        with self._changing("make the relations of") as opened:
            for name, types in opened.database.catalogue.stream_tables().items():
                if name in STREAMS:
                    opened.model.prepare(STREAMS[name], types, anew=False)
                    opened.model.fill(STREAMS[name])

    @contextmanager
    def _changing(self, action: str) -> Iterator[Opened]:
        """Let all that is done inside count together or not at all; raises as `_failing`."""
        with self._failing(action, f"; {KEPT}") as opened, self._transaction(opened):
            yield opened

    @contextmanager
    def _failing(self, action: str, comfort: str = "") -> Iterator[Opened]:
        """Raise DestinationError for what DuckDB raises inside, where it has memory enough."""
        try:
            with raising_interrupts():
                self._opened.database.allow(self._memory.enough)
                self._opened.database.use_threads(few_rows=False)
                yield self._opened
        except duckdb_errors() as error:
            reason = self._attachment.message(error)
            self._attachment.check()
            raise write_error(error)(f"cannot {action} {self.name}: {reason}{comfort}") from error


class DuckDB(Attached):
    """A destination that writes the DuckDB file `path`; its folder must exist. All else as in `Attached`."""

    def __init__(
        self,
        path: Path,
        fields: Callable[[Stream], Sequence[Column]] = columns,
        *,
        materialize: bool | None = None,
        comments: bool | None = None,
        memory: Sequence[str] = LIMITS,
    ) -> None:
        super().__init__(DatabaseFile(path), fields, materialize=materialize, comments=comments, memory=memory)
        self._path = path

    def keep_history(self, streams: Iterable[Stream]) -> None:
        """Keep the earlier rows of these streams, too, from the next `open` on."""
        self._history = frozenset(stream.name for stream in streams)

    def check_publish(self, target: Path) -> None:
        """Raise what `publish` would raise for `target` as it is now; changes nothing."""
        check_target(self._path, target)

    def publish(self, target: Path) -> None:
        """Put a copy of the file in the place of `target`, as a whole or not at all; raises as `publish.publish`."""
        publish(self._path, target)

    def scrub(self) -> None:
        """Put a copy of what counts in the place of the file, and close it; raises DestinationError."""
        kept = "what was erased may still lie in blocks that are free: make room, and run the same command again"
        with (
            self._failing("write anew", f"; {kept}") as opened,
            in_a_sentence(lambda error: f"cannot write anew {self.name}: {error}; {kept}"),
        ):
            erasure.scrub(opened.database.connection, target_of(self._path))
        self.close()
