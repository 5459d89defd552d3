"""The records of one stream as dlt takes them: Arrow tables of one schema within a run, or lists of dicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dlt

from commercetools_source.arrow.arrays import scalars, strings
from commercetools_source.arrow.decode import DELETED_AT, UNFIT
from commercetools_source.catalog.schema import Column, columns
from commercetools_source.catalog.stream import Paging
from commercetools_source.destinations.parquet.files import fields, fitted
from commercetools_source.extract.records import decoded
from commercetools_source.frontends.arrow_relations import folded
from commercetools_source.frontends.arrow_rows import ArrowRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import msgspec

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.abilities import Tombstone
    from commercetools_source.frontends.arrow_relations import RelationTable

__all__ = ["Tables", "hints", "relation_hints"]

_DATA_TYPES = {"string": "text", "int": "bigint", "number": "double", "datetime": "timestamp"}
"""dlt's data types by kind, where they have another name: https://dlthub.com/docs/general-usage/schema#data-types"""


def hints(stream: Stream, form: str) -> dict[str, Any]:
    """Return dlt's hints for the table of a stream: its key, and what its columns are.

    An Arrow table has types of its own for all but JSON, which is text there.
    """
    described: dict[str, dict[str, Any]] = {
        column.name: {"data_type": _DATA_TYPES.get(column.kind, column.kind)}
        for column in (*columns(stream), Column(UNFIT, "json", nullable=True))
        if column.kind == "json" or form == "json"
    }
    described[DELETED_AT] = {"hard_delete": True}
    if any(column.name == "version" for column in columns(stream)):
        described.setdefault("version", {})["dedup_sort"] = "desc"
    return {"primary_key": list(stream.key), "columns": described}


def relation_hints(table: RelationTable) -> dict[str, Any]:
    """Return dlt's hints for the rows of a relation: those of a record are replaced together."""
    columns: dict[str, dict[str, Any]] = {
        name: {"data_type": "json"} for name, sql in table.types.items() if sql == "JSON"
    }
    return {
        "table_name": f"model_{table.name}",
        "primary_key": list(table.key),
        "merge_key": list(table.owner),
        "columns": {**columns, DELETED_AT: {"hard_delete": True}},
    }


class Tables:
    """Makes what dlt takes of the records of one stream and run; `added` are fields that earlier runs met.

    `types` are the DuckDB types of the columns. `unfit` counts, by field, the values that fit no column: they are in
    `_unfit`.
    """

    def __init__(self, stream: Stream, form: str, added: Iterable[str]) -> None:
        # Records that are counted through may come twice, and a table that is replaced takes both.
        self._rows = ArrowRows(stream, added, unique=stream.paging is Paging.OFFSET)
        self._form = form
        self._schema = fields(self._rows.types)
        self.types, self.unfit = self._rows.types, self._rows.misfits

    def item(self, records: Sequence[msgspec.Raw]) -> Any:
        """Return records as an Arrow table, or as a list of dicts; raises RecordError for one that has no key."""
        import pyarrow as pa

        if self._form == "json":
            return [decoded(record) for record in self._rows.new(records)]
        return pa.Table.from_batches(list(self._rows.batches(records)), self._rows.schema)

    def deleted(self, tombstones: Sequence[Tombstone]) -> Any:
        """Return rows with the id of a record and the time of its end, and nothing else in them."""
        import pyarrow as pa

        ids, times = [tombstone.id for tombstone in tombstones], [tombstone.time for tombstone in tombstones]
        if self._form == "json":
            return [{"id": name, DELETED_AT: time} for name, time in zip(ids, times, strict=True)]
        # Not `Table.from_pylist`: it loads pandas, and dlt, in another thread, would meet it half loaded.
        columns = [strings(ids), scalars("datetime", times)]
        return fitted(pa.RecordBatch.from_arrays(columns, names=["id", DELETED_AT]), self._rows.schema)

    def shown(self, item: Any) -> Any:
        """Return what `item` or `deleted` made as dlt takes it: times in UTC with a zone, and no list without rows."""
        if self._form == "json":
            return item or dlt.mark.materialize_table_schema()
        return fitted(item, self._schema)

    def new_fields(self) -> list[str]:
        """Return the fields without a column that records had until now, and whose name is free."""
        folded_names = {folded(name) for name in self.types}
        new: dict[str, str] = {}
        for name in self._rows.addable():
            # dlt has columns of its own that begin so.
            if folded(name) and folded(name) not in folded_names and not name.startswith("_dlt"):
                new.setdefault(folded(name), name)
        return list(new.values())
