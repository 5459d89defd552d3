"""Deliveries into an open database: with how much memory each is stored, and what is noticed of its records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import surprises
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations.duckdb import merge, states
from commercetools_source.destinations.duckdb.failures import duckdb_errors, write_error
from commercetools_source.destinations.duckdb.writer import store, unchanged
from commercetools_source.destinations.duckdb_engine import lacks_memory
from commercetools_source.destinations.unknown import UnknownFields
from commercetools_source.errors import KEPT
from commercetools_source.extract.abilities import Changes
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commercetools_source.destinations.duckdb.session import Session
    from commercetools_source.destinations.duckdb.writer import Stored
    from commercetools_source.events import Notice
    from commercetools_source.extract.delivery import Delivery

__all__ = ["Deliveries"]

_FEW = 10_000
"""Rows of a delivery, and of the table that it meets, up to which a second thread of DuckDB's gains nothing."""


class Deliveries:
    """Stores deliveries by `session`, one after the other.

    `changes` by stream are those since it was opened. `drift` and `added` as those of the destination.
    """

    def __init__(self, session: Session) -> None:
        self.changes: dict[str, Changes] = {}
        self.drift: dict[tuple[str, str], int] = {}
        self.added: list[tuple[str, str]] = []
        self._session = session
        self._unknown = UnknownFields()

    def write(self, delivery: Delivery) -> None:
        """Store records and state in one transaction; raises DestinationError, with neither stored."""
        session = self._session
        # Before it is stored: the relations are made with the columns of what is found.
        self._unknown.look(delivery.stream, delivery.records)
        try:
            session.opened.watch.expect(delivery)
            if (stored := self._unchanged(delivery)) is not None:
                # With the next transaction: each commit is a write to a log, to a lake a snapshot that stays.
                session.waiting[delivery.stream.name] = delivery.state
                self._note(delivery, stored)
                return
            if delivery.keeps_unread and delivery.stream.name in session.opened.database.catalogue.columns:
                delivery = self._keep_unread(delivery)
            stored = self._stored(delivery)
            session.opened.database.keep_log_short(session.memory.steps[-1])
        except duckdb_errors() as error:
            advice = (
                f"; DuckDB had {session.memory.enough} of memory: free some, or use a machine with more"
                if lacks_memory(error)
                else ""
            )
            reason = session.attachment.message(error)
            if session.opened.database.commit_failed:
                session.reopen()
            # A lost connection concerns every stream, and many an error that comes of it says something else.
            session.attachment.check()
            raise write_error(error)(
                f"cannot write {delivery.stream.name} to {session.name}: {reason}{advice}; {KEPT}"
            ) from error
        self._note(delivery, stored)
        if session.opened.watch.follow(delivery):
            self._redefine()

    def notices(self) -> Iterator[Notice]:
        """Yield what was noticed of fields that the contract does not know, and of values that do not fit."""
        yield from surprises(self.added, self.drift, self._unknown.notices(self._session.opened.model.nested.of))

    def _note(self, delivery: Delivery, stored: Stored) -> None:
        name = delivery.stream.name
        self.added += [(name, column) for column in stored.added]
        if stored.decoder is not None:
            stored.decoder.tell(name, self.drift)
        if stored.changes is not None:
            self.changes[name] = self.changes.get(name, Changes()) + stored.changes

    def _keep_unread(self, delivery: Delivery) -> Delivery:
        """Load the last records of a full read, and the stored rows that it did not bring; return what ends the read.

        In transactions of their own, as tables are changed before rows are. Each leaves the read under way.
        """
        name = delivery.stream.name
        before = states.read_states(self._session.opened.database).get(name, StreamState())
        # A crash between the two transactions then leaves a read under way, and not a finished one that lacks rows.
        under_way = replace(delivery.state, cursor=before.cursor, mode="full", bound=delivery.state.cursor)
        phase = Phase.of(full=True, first=delivery.phase.first)
        stored = self._stored(replace(delivery, state=under_way, phase=phase))
        self._note(delivery, stored)
        opened = self._session.opened
        with opened.database.transaction():
            loading = states.loading_name(name)
            merge.add_missing(opened.database, name, loading, opened.tables.decoder(delivery, loading))
        opened.tables.reset()
        return replace(delivery, records=(), size=0, phase=Phase.FULL_LAST)

    def _stored(self, delivery: Delivery) -> Stored:
        """Store a delivery with the memory that its records should take, with more where that is too little."""
        session = self._session
        # Little memory first: other programs on the machine keep theirs, and most deliveries need no more.
        *lower, highest = session.memory.for_delivery(delivery, session.opened.database.catalogue.row_counts)
        for limit in lower:
            try:
                return self._store_within(limit, delivery)
            except duckdb_errors() as error:
                if not lacks_memory(error):
                    raise
            if session.opened.database.commit_failed:
                session.reopen()
        return self._store_within(highest, delivery)

    def _unchanged(self, delivery: Delivery) -> Stored | None:
        """Return how a delivery is stored that brings nothing; None where it brings something, or that is not known."""
        opened = self._session.opened
        brings = delivery.records and delivery.phase is not Phase.FULL_ONLY
        if brings or not opened.tables.is_settled(delivery.stream.name):
            return None
        # Only now: a first run would set it, and set it back, for each stream.
        opened.database.allow(self._session.memory.enough)
        try:
            nested = self._unknown.paths(delivery.stream)
            return unchanged(opened, delivery, nested)
        except duckdb_errors() as error:
            if lacks_memory(error):
                return None
            raise

    def _store_within(self, memory: str, delivery: Delivery) -> Stored:
        """Store a delivery or nothing of it; raises an error of DuckDB's when it needs more than `memory`."""
        opened = self._session.opened
        opened.database.allow(memory)
        opened.database.use_threads(few_rows=self._is_small(delivery))
        # It must not come after a state whose commit gave no answer.
        self._session.waiting.pop(delivery.stream.name, None)
        with self._session.transaction(opened):
            nested = self._unknown.paths(delivery.stream)
            return store(opened, delivery, nested)

    def _is_small(self, delivery: Delivery) -> bool:
        """Return whether a delivery has few rows, and meets few: no end of a full read of several deliveries."""
        rows = self._session.opened.database.catalogue.row_counts.get(delivery.stream.name, 0)
        return delivery.phase is not Phase.FULL_LAST and max(rows, len(delivery.records)) <= _FEW

    def _redefine(self) -> None:
        """Let every relation that is there have the project's own fields as they are defined now."""
        with self._session.changing("make the relations of") as opened:
            for name, types in opened.database.catalogue.stream_tables().items():
                if name in STREAMS:
                    opened.model.prepare(STREAMS[name], types, anew=False)
                    opened.model.fill(STREAMS[name])
