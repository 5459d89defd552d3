"""A database of DuckDB's: the records of each stream, relations over them, rows and checkpoint in one transaction.

A full read fills `raw._loading_<stream>` and becomes the stream's table when it is complete; until then the
old table stays readable. Tables have no index: merging without one is 40 times faster, and rows are
unique by construction.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from commercetools_source.catalog.schema import columns
from commercetools_source.destinations import duckdb_engine
from commercetools_source.destinations.duckdb import erasure, runs, states
from commercetools_source.destinations.duckdb.attachment import DatabaseFile
from commercetools_source.destinations.duckdb.comments import write_comments
from commercetools_source.destinations.duckdb.connection import target_of
from commercetools_source.destinations.duckdb.deliveries import Deliveries
from commercetools_source.destinations.duckdb.failures import duckdb_errors
from commercetools_source.destinations.duckdb.memory import LIMITS
from commercetools_source.destinations.duckdb.publish import check_target, publish
from commercetools_source.destinations.duckdb.session import Session
from commercetools_source.destinations.interruptible import Interruptible
from commercetools_source.errors import DestinationError, in_a_sentence
from commercetools_source.events import Notice
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.model.schemas import RELATIONS, record_table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb
    import msgspec

    from commercetools_source.catalog.schema import Column
    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.duckdb.attachment import Attachment
    from commercetools_source.destinations.duckdb.writer import Opened
    from commercetools_source.extract.abilities import Changes, Difference, Listed
    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.extract.run_record import RunRecord

__all__ = ["Attached", "DuckDB"]


class Attached:
    """A destination that writes to a database that DuckDB attaches.

    `drift` counts values that did not fit their column, by table and field (they are in `_unfit`);
    `added` lists the columns added for fields that the schema did not know. `memory` has what DuckDB may
    use: to load a table, for everything else, and what is tried in turn where that is too little. `comments`:
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
        self._session = Session(attachment, fields, materialize=materialize, memory=memory)
        self._deliveries = Deliveries(self._session)
        self._interruptible = Interruptible(self._session.interrupt)
        self._comments = comments
        self.drift = self._deliveries.drift
        self.added = self._deliveries.added

    def open(self) -> Mapping[str, StreamState]:
        """Open or create the database, lock it, return the stored states.

        A stream whose table is gone is read from its start, so dropping a table loads it again.
        Raises DestinationError (no DuckDB installed; not writable; in use; no DuckDB file) and StateError.
        """
        self._interruptible = Interruptible(self._session.interrupt)
        self._deliveries.changes = {}
        return self._session.open(read_only=False)

    def open_read_only(self) -> Mapping[str, StreamState]:
        """Return the stored states, with nothing changed and while others read it; raises as `open`."""
        return self._session.open(read_only=True)

    def close(self) -> None:
        """Write everything into the file itself and release it; nothing in a process that was forked since `open`."""
        self._session.close(self._comment)

    def _comment(self, opened: Opened) -> None:
        """Write comments; what the file lacks of them, because it cannot be written any more, costs nobody a row."""
        if not opened.database.read_only and not opened.database.commit_failed:
            with suppress(*duckdb_errors()):
                write_comments(opened.database, opened.model, wanted=self._comments)

    @contextmanager
    def querying(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give the connection to the open database, for questions alone; raises DestinationError."""
        try:
            yield self._session.opened.database.connection
        except duckdb_errors() as error:
            raise DestinationError(f"cannot query {self.name}: {self._session.attachment.message(error)}") from error

    def write(self, delivery: Delivery) -> None:
        """Store records and state in one transaction; raises DestinationError, with neither stored.

        It is a RecordError where only this stream cannot be stored: a value or a table that is refused, too little
        memory.
        """
        self._interruptible.run(lambda: self._deliveries.write(delivery))

    def hurry(self) -> None:
        """Take back from now on what takes longer than seconds, and raise KeyboardInterrupt for it."""
        self._interruptible.hurry()

    def mark_deleted(self, stream: Stream, times: Mapping[str, str]) -> int:
        """Mark rows as deleted, in what is being loaded too; return how many readers saw until now."""
        return self._interruptible.run(lambda: self._delete(stream, times, duckdb_engine.mark_deleted))

    def remove(self, stream: Stream, times: Mapping[str, str]) -> int:
        """Take out rows, of what is being loaded too; return how many there were beside these."""
        return self._interruptible.run(lambda: self._delete(stream, times, duckdb_engine.remove))

    def compare(
        self, stream: Stream, pages: Iterable[Sequence[Listed]], cursor: str, since: str | None = None
    ) -> Difference:
        """Return how the stream's rows that are not marked as deleted differ from a listing."""
        with self._session.failing(f"compare {stream.name} in") as opened:
            connection = opened.database.connection
            return duckdb_engine.compare(connection, record_table(stream.name), pages, cursor, since)

    def reset(self, stream: Stream) -> bool:
        """Drop the stream's state and what was loaded of a read under way; return whether there was any."""
        with self._session.changing(f"reset {stream.name} in") as opened:
            opened.tables.drop(states.loading_name(stream.name))
            # Else it would come back with this transaction.
            waited = self._session.waiting.pop(stream.name, None) is not None
            return states.delete_state(opened.database, stream.name) or waited

    def write_run(self, record: RunRecord) -> None:
        """Store the record of a run in a transaction of its own; raises DestinationError."""
        with self._session.changing("store the record of a run in") as opened:
            runs.write_run(opened.database, record)

    def runs(self, limit: int) -> Sequence[RunRecord]:
        """Return the newest records of runs, the newest first; raises DestinationError."""
        with self._session.failing("read the records of runs of") as opened:
            return runs.read_runs(opened.database, limit)

    def forgotten(self) -> bytes | None:
        """Return what `store_forgotten` stored last; raises DestinationError."""
        with self._session.failing("read whom to forget from") as opened:
            return erasure.read_forgotten(opened.database)

    def store_forgotten(self, text: bytes) -> None:
        """Store whom to forget, beside the states of streams; raises DestinationError."""
        with self._session.changing("store whom to forget in") as opened:
            erasure.write_forgotten(opened.database, text)

    def scan(self, stream: Stream, fields: Sequence[str], before: str | None = None) -> Iterator[msgspec.Raw]:
        """Yield each stored row, of a read under way too, as a JSON object of those of `fields` that it has."""
        with self._session.failing(f"read {stream.name} in") as opened:
            yield from erasure.scan(opened.database, stream, fields, before)

    def rewrite(self, stream: Stream, ids: Collection[str], change: Callable[[msgspec.Raw], msgspec.Raw] | None) -> int:
        """Let rows be what `change` makes of them, or take them out, with their relations; return how many."""
        with self._session.changing(f"erase records of {stream.name} in") as opened:
            return erasure.rewrite(opened.database, opened.model, stream, ids, change)

    def tables_of_others(self) -> Sequence[str]:
        """Return the names of tables that were not made here; raises DestinationError."""
        with self._session.failing("look for tables in") as opened:
            return erasure.tables_of_others(opened.database, opened.model.made)

    def changes(self) -> Mapping[str, Changes]:
        """Return by stream what deliveries changed; what a full read of a very large table changed is not known."""
        return self._deliveries.changes

    def notices(self) -> Sequence[Notice]:
        """Return what was noticed of the project's own fields, of unknown fields and of values that do not fit."""
        with self._session.failing("look at the fields of") as opened:
            own_fields = opened.watch.notices()
        return [
            *self._deliveries.notices(),
            *own_fields,
            *opened.history.notices,
            *(
                Notice(f"{RELATIONS}.{name}", "somebody else made it, so it was left alone")
                for name in sorted(opened.model.foreign)
            ),
        ]

    def _delete(
        self, stream: Stream, times: Mapping[str, str], act: Callable[[duckdb.DuckDBPyConnection, str, str], int]
    ) -> int:
        with self._session.changing(f"mark deleted {stream.name} in") as opened:
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
                rows = {table: act(connection, record_table(table), gone) for table in tables}
                return rows.get(stream.name, 0)  # what is being loaded nobody has seen yet


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
        self._session.history = frozenset(stream.name for stream in streams)

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
            self._session.failing("write anew", f"; {kept}") as opened,
            in_a_sentence(lambda error: f"cannot write anew {self.name}: {error}; {kept}"),
        ):
            erasure.scrub(opened.database.connection, target_of(self._path))
        self.close()
