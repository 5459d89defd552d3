"""One stream in a run: from the state that dlt kept to the tables that dlt loads with the next one."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import dlt
from dlt.common import logger

from commercetools_source.errors import RecordError, StateError, legible
from commercetools_source.extract.checkpoint import StreamState, encode
from commercetools_source.extract.engine import Extraction
from commercetools_source.extract.limits import Limits
from commercetools_source.extract.selection import conflict_with, mode_of
from commercetools_source.frontends.arrow_relations import RelationTables
from commercetools_source.frontends.deleted import deleted_since
from commercetools_source.frontends.dlt.run import Run, tell
from commercetools_source.frontends.dlt.tables import Tables, hints, relation_hints
from commercetools_source.frontends.words import DLT
from commercetools_source.sync.deletions import Kept

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.errors import CommercetoolsError
    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.extract.selection import Selection
    from commercetools_source.frontends.arrow_relations import RelationRows

__all__ = ["read"]

_BATCH_BYTES = 8 << 20
"""Of a table, and of what is read ahead of it: dlt has as many streams under way as it likes."""
_BATCH_SECONDS = 1.0
"""After this much something is handed over: dlt waits two seconds for resources when it has to end."""


def read(run: Run, stream: Stream) -> Iterator[Any]:
    """Yield tables of `stream`; what is in the resource's state is true once those before it are loaded."""
    kept: MutableMapping[str, Any] = dlt.current.resource_state()
    with run.opened() as selection:
        try:
            state, added = DLT.state(stream, kept.get("state")), _added(kept.get("fields", []))
        except StateError as error:
            run.fail(stream, str(error).removeprefix(f"{stream.name}: "))
            return
        reason = conflict_with(stream, state, selection)
        if reason is None and run.relations and state != StreamState() and not kept.get("relations"):
            reason = f"what is loaded of it was read without relations; {DLT.anew}"
        if reason is not None:
            run.fail(stream, reason)
            return
        yield from _Reading(run, stream, kept, selection, added).tables(state)


def _added(stored: Any) -> list[str]:
    """Return the fields that earlier runs met; raises StateError for what none of them stored."""
    if not isinstance(stored, list) or not all(isinstance(name, str) for name in stored):
        raise StateError(f"the stored fields are broken; {DLT.anew}")
    return stored


class _Reading:
    """Reads one stream; `kept` is the resource's state, which dlt stores with what is loaded."""

    def __init__(
        self, run: Run, stream: Stream, kept: MutableMapping[str, Any], selection: Selection, added: list[str]
    ) -> None:
        self._run, self._stream, self._kept, self._selection, self._added = run, stream, kept, selection, added
        self._tables = Tables(stream, added)
        self._relations: RelationTables | None = None
        if run.relations:
            self._relations = RelationTables(stream, run.custom_fields(), self._tables.types, run.variants_of)

    def tables(self, state: StreamState) -> Iterator[Any]:
        """Yield what was deleted, then what was read, and note how that ended."""
        if self._run.deletions and mode_of(self._stream, state, self._selection) != "full":
            client = self._run.client
            pages = Kept(
                deleted_since(client.get_briefly, self._stream, state, self._selection, client.config, self._warn)
            )
            for tombstones in pages:
                yield from self._written(self._tables.deleted(tombstones), "deleted")
            state = pages.result
        yield from self._read(state)
        self._note_unfit()

    def _warn(self, reason: str, _error: CommercetoolsError) -> None:
        logger.warning(f"{self._stream.name}: {reason}")

    def _read(self, state: StreamState) -> Iterator[Any]:
        run, name = self._run, self._stream.name
        config = run.client.config
        limits = Limits(
            config.concurrency, config.page_size, _BATCH_BYTES, _BATCH_SECONDS, _BATCH_BYTES, run.seconds_left
        )
        extraction = Extraction(run.client.get, [self._stream], {name: state}, self._selection, limits, tell)
        whole = False
        deliveries: Any = extraction.deliveries()
        with closing(deliveries):
            for delivery in deliveries:
                whole = whole or delivery.phase.first
                try:
                    item = self._tables.of(delivery.records)
                except RecordError as error:
                    extraction.fail(self._stream, error)
                    continue
                if self._relations is not None and not whole and self._relations.repeats(item):
                    logger.info(f"{name}: a record changed while it was read; the next run goes on from there")
                    return
                yield from self._taken(delivery, item, whole=whole)
                # dlt stores the state with the tables that were yielded before, so it moves only behind them.
                self._kept.update(state=encode(delivery.state), relations=run.relations)
        outcome = extraction.outcomes[name]
        if outcome.lack is not None and (outcome.quarantined or not outcome.stopped):
            run.fail(self._stream, outcome.lack)

    def _taken(self, delivery: Delivery, item: Any, *, whole: bool) -> Iterator[Any]:
        """Yield a delivery; the last one of a read that is whole in this run says that it replaces the table."""
        rows: RelationRows = "all" if delivery.phase.full else "changed"
        # Only a read that began and ended in this run has every row: any other would replace the table by a part of
        # itself.
        if whole and delivery.phase.swaps and not delivery.keeps_unread:
            yield from self._written(item, rows, "replace")
        elif len(item):
            yield from self._written(item, rows)

    def _written(self, item: Any, rows: RelationRows, disposition: str = "merge") -> Iterator[Any]:
        """Yield records for the stream's table, and their relations for tables of their own."""
        shown = self._tables.shown(item, self._run.form)
        if self._relations is None:
            yield dlt.mark.with_hints(shown, dlt.mark.make_hints(write_disposition=disposition))
            return
        resource: Any = dlt.current.resource()
        yield _for_table(shown, resource.table_name, hints(self._stream), disposition)
        # Another resource of the same stream has relations of its own.
        prefix = "model" if resource.name == self._stream.name else f"{resource.name}_model"
        for table in self._relations.of(item, rows):
            if len(table.rows) or disposition == "replace":
                yield _for_table(table.rows, f"{prefix}_{table.name}", relation_hints(table), disposition)

    def _note_unfit(self) -> None:
        """Let new fields become columns of the next run, unless the schema's contract forbids new columns."""
        name = self._stream.name
        for column, count in self._tables.unfit.items():
            logger.warning(f"{name}: values of {legible(column)} that fit no column: {count}; _unfit has them")
        contract = dlt.current.source_schema().resolve_contract_settings_for_table(name)
        if contract["columns"] == "evolve" and (new := self._tables.new_fields()):
            self._kept["fields"] = [*self._added, *new]


def _for_table(item: Any, name: str, described: dict[str, Any], disposition: str) -> Any:
    marked = dlt.mark.make_hints(table_name=name, write_disposition=disposition, **described)
    return dlt.mark.with_hints(item, marked, create_table_variant=True)
