"""One stream in a run: from the state that dlt kept to the tables that dlt loads with the next one."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import dlt
import msgspec

from commercetools_source.arrow.decode import surprises
from commercetools_source.errors import CommercetoolsError, RecordError
from commercetools_source.events import Notice
from commercetools_source.extract.checkpoint import StreamState, encode
from commercetools_source.extract.engine import Extraction
from commercetools_source.extract.limits import Limits
from commercetools_source.extract.selection import conflict_with, mode_of
from commercetools_source.frontends.arrow_relations import RelationTables
from commercetools_source.frontends.arrow_rows import ArrowRows
from commercetools_source.frontends.deleted import deleted_since
from commercetools_source.frontends.dlt.product_types import product_types_by_table
from commercetools_source.frontends.dlt.run import Run, conflict_elsewhere, package, tell
from commercetools_source.frontends.dlt.tables import hints, new_fields, relation_hints, shown, with_variants
from commercetools_source.frontends.words import DLT
from commercetools_source.model.custom.queries import NO_FIELDS
from commercetools_source.sync.access import unseen_changes
from commercetools_source.sync.deletions import Kept

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping

    import pyarrow as pa

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.selection import Selection
    from commercetools_source.frontends.arrow_relations import RelationRows
    from commercetools_source.model.custom.definitions import ProductType
    from commercetools_source.model.custom.queries import CustomFieldQueries

__all__ = ["read"]

_BATCH_BYTES = 8 << 20
"""Of a table, and of what is read ahead of it: dlt has as many streams under way as it likes."""
_BATCH_SECONDS = 1.0
"""After this much something is handed over: dlt waits two seconds for resources when it has to end."""


def read(run: Run, stream: Stream) -> Iterator[Any]:
    """Yield tables of `stream`; what is in the resource's state is true once those before it are loaded."""
    kept: MutableMapping[str, Any] = dlt.current.resource_state()
    with run.opened() as selection:
        state, added = DLT.restored(kept.get("state")), kept.get("fields", [])
        product_types = kept.get("product_types", {})
        reason = conflict_with(stream, state, selection) or conflict_elsewhere(stream, selection) or _discarded()
        if not isinstance(added, list) or not all(isinstance(name, str) for name in added):
            reason = f"the stored fields are broken; {DLT.anew}"
        elif not isinstance(product_types, dict) or not all(isinstance(uid, str) for uid in product_types.values()):
            reason = f"the stored product types are broken; {DLT.anew}"
        elif reason is None and run.relations and state != StreamState() and not kept.get("relations"):
            reason = f"what is loaded of it was read without relations; {DLT.anew}"
        custom = None
        if reason is None and run.relations:
            try:
                custom = run.custom_fields(stream)
            except CommercetoolsError as error:
                # Without them the columns of those that changed would lose their values.
                reason = f"the definitions of custom fields and attributes cannot be read: {error}"
        if reason is not None:
            run.fail(stream, reason)
        elif (load_id := package()) and kept.get("package") == load_id:
            # Two full reads in one package would replace the table by the rows of both.
            tell(Notice(stream.name, "another source of this run has read it"))
        else:
            kept["package"] = load_id
            if (notice := unseen_changes(run.client, [stream], DLT.anew)) is not None:
                tell(notice)
            yield from _Reading(run, stream, kept, selection, added, custom).tables(state)


def _contract() -> Mapping[str, str]:
    """Return what dlt does with new tables, columns and types of the current resource."""
    contract: Mapping[str, str] = dlt.current.source_schema().resolve_contract_settings_for_table(
        dlt.current.resource().table_name
    )
    return contract


def _discarded() -> str | None:
    """Return why dlt would drop every row without a word, while the state moves on; None if it would not."""
    schema = dlt.current.source_schema()
    is_new = schema.is_new_table(schema.naming.normalize_table_identifier(dlt.current.resource().table_name))
    if not is_new or not _contract()["tables"].startswith("discard"):
        return None
    return "it has no table, and the schema_contract discards rows of new tables; load it once with tables = evolve"


class _Reading:
    """Reads one stream; `kept` is the resource's state, which dlt stores with what is loaded.

    `custom`: what the project defines itself, None without relations.
    """

    def __init__(
        self,
        run: Run,
        stream: Stream,
        kept: MutableMapping[str, Any],
        selection: Selection,
        added: list[str],
        custom: CustomFieldQueries | None,
    ) -> None:
        self._run, self._stream, self._kept, self._selection, self._added = run, stream, kept, selection, added
        self._rows = ArrowRows(stream, added)
        self._relations: RelationTables | None = None
        self._product_types: dict[str, str] = kept.get("product_types", {})
        if custom is not None:
            product_types = self._tables_of_product_types(custom, anew="state" not in kept)
            self._relations = RelationTables(stream, custom, self._rows.types, product_types)
        self._resource: Any = dlt.current.resource()

    def _tables_of_product_types(self, custom: CustomFieldQueries, *, anew: bool) -> Mapping[str, ProductType]:
        """Return the product types by their tables, if the stream is the one that these are made of."""
        # Where nobody may read them, none is known to be gone.
        if self._run.variants_of(self._stream) != self._stream.name or custom is NO_FIELDS:
            return {}
        tables = product_types_by_table(custom.product_types_by_name(), self._product_types, anew=anew)
        self._product_types = {name: product_type.id for name, product_type in tables.items()}
        return tables

    def tables(self, state: StreamState) -> Iterator[Any]:
        """Yield what was deleted, then what was read, and note how that ended."""
        if self._run.deletions and mode_of(self._stream, state, self._selection) != "full":
            client = self._run.client
            pages = Kept(
                deleted_since(client.get_briefly, self._stream, state, self._selection, client.config, self._warn)
            )
            for tombstones in pages:
                times = {tombstone.id: tombstone.time for tombstone in tombstones}
                # Nothing but its id: where dlt appends, another row of the last version would be there twice.
                records = [msgspec.Raw(msgspec.json.encode({"id": name})) for name in times]
                yield from self._written(self._rows.table(records, times), "deleted")
            state = pages.result
        yield from self._read(state)
        self._note_unfit()

    def _warn(self, reason: str, _error: CommercetoolsError) -> None:
        tell(Notice(self._stream.name, reason))

    def _read(self, state: StreamState) -> Iterator[Any]:
        run, name, config = self._run, self._stream.name, self._run.client.config
        limits = Limits(
            config.concurrency, config.page_size, _BATCH_BYTES, _BATCH_SECONDS, _BATCH_BYTES, run.seconds_left
        )
        extraction = Extraction(run.client.get, [self._stream], {name: state}, self._selection, limits, tell)
        whole = False
        deliveries: Any = extraction.deliveries()
        with closing(deliveries):
            for delivery in deliveries:
                phase, whole = delivery.phase, whole or delivery.phase.first
                try:
                    table = self._rows.table(delivery.records)
                except RecordError as error:
                    extraction.fail(self._stream, error)
                    continue
                if self._relations is not None and not whole and self._relations.repeats(table):
                    tell(Notice(name, "a record changed while it was read; the next run goes on from there"))
                    return
                # Only a read that began and ended in this run has every row: any other would replace the table by a
                # part of itself.
                replaces = whole and phase.swaps and not delivery.keeps_unread
                if replaces or len(table):
                    yield from self._written(table, "all" if phase.full else "changed", replaces=replaces)
                # dlt stores the state with the tables that were yielded before, so it moves only behind them.
                self._kept.update(state=encode(delivery.state), relations=run.relations)
                if self._product_types:
                    self._kept["product_types"] = self._product_types
        outcome = extraction.outcomes[name]
        if outcome.lack is not None and (outcome.quarantined or not outcome.stopped):
            run.fail(self._stream, outcome.lack)

    def _written(self, records: pa.Table, rows: RelationRows, *, replaces: bool = False) -> Iterator[Any]:
        """Yield records for the stream's table, and their relations for tables of their own."""
        disposition = "replace" if replaces else "merge"
        table = shown(records, self._rows.types, self._run.form)
        if self._relations is None:
            yield dlt.mark.with_hints(table, dlt.mark.make_hints(write_disposition=disposition))
            return
        resource = self._resource
        yield _for_table(table, resource.table_name, hints(self._stream, self._run.form), disposition)
        # Another resource of the same stream has relations of its own.
        prefix = "model" if resource.name == self._stream.name else f"{resource.name}_model"
        for relation in self._relations.of(records, rows):
            if replaces or len(relation.rows):
                name = f"{prefix}_{relation.name}"
                fitting = with_variants(relation, name, grows=_contract()["columns"] == "evolve")
                yield _for_table(fitting.rows, name, relation_hints(fitting), disposition)

    def _note_unfit(self) -> None:
        """Let new fields become columns of the next run, unless the schema's contract forbids new columns."""
        for notice in surprises((), {(self._stream.name, name): n for name, n in self._rows.misfits.items()}):
            tell(notice)
        if _contract()["columns"] == "evolve" and (new := new_fields(self._rows)):
            self._kept["fields"] = [*self._added, *new]


def _for_table(rows: Any, name: str, described: dict[str, Any], disposition: str) -> Any:
    marked = dlt.mark.make_hints(table_name=name, write_disposition=disposition, **described)
    return dlt.mark.with_hints(rows, marked, create_table_variant=True)
