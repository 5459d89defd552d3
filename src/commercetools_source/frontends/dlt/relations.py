"""The model's tables of each delivery, made by a DuckDB in memory: `model_order_line_items` and its like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from commercetools_source.arrow.decode import DELETED_AT
from commercetools_source.catalog.kinds import KINDS
from commercetools_source.destinations.parquet.files import fields, fitted, reader
from commercetools_source.frontends.arrow_rows import RECORDS, queried
from commercetools_source.frontends.dlt.tables import folded
from commercetools_source.model.custom.variants import KEY
from commercetools_source.model.quoting import quoted
from commercetools_source.model.relations import relations
from commercetools_source.model.select import select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb
    import pyarrow as pa

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.model.custom.queries import CustomFieldQueries
    from commercetools_source.model.relation import Field

__all__ = ["Relations"]

_FILLED = {"VARCHAR": "''", "BIGINT": "0", "BOOLEAN": "false"}
"""What stands in the key of a row that only says that a record has no rows any more: keys are never null."""
Rows = Literal["all", "changed", "deleted"]


@dataclass(frozen=True, slots=True)
class _Table:
    """`query` gives its rows; `owner`: which column holds which part of the record's key; `key`: columns, or none."""

    name: str
    query: str
    owner: Mapping[str, str]
    key: tuple[Field, ...]


class Relations:
    """Makes the relations of the records of one stream; `best`: the stream that product types' variants come from."""

    def __init__(self, stream: Stream, custom: CustomFieldQueries, column_types: Mapping[str, str], best: str) -> None:
        self._stream = stream
        self._seen: set[tuple[Any, ...]] = set()
        self._tables = tuple(self._described(custom, column_types, best))

    def _described(self, custom: CustomFieldQueries, column_types: Mapping[str, str], best: str) -> Iterator[_Table]:
        for relation in relations(self._stream):
            owner = relation.record_key(self._stream.key)
            query = custom.with_custom_columns(relation, select(relation, RECORDS, column_types))
            yield _Table(
                relation.name, query, owner, tuple(field for field in relation.columns if field.name in relation.key)
            )
        if self._stream.name == best:
            for name, product_type in custom.product_types_by_name().items():
                query = custom.variants(product_type, best, RECORDS, column_types)
                yield _Table(name, query, {KEY[0]: "id"}, ())

    def repeats(self, records: pa.Table) -> bool:
        """Return whether one of `records` came before in this run: its former rows cannot be taken back from a load."""
        keys = set(zip(*(records.column(name).to_pylist() for name in self._stream.key), strict=True))
        if keys & self._seen:
            return True
        self._seen |= keys
        return False

    def tables(self, records: pa.Table, rows: Rows) -> Iterator[tuple[dict[str, Any], pa.Table]]:
        """Yield pairs of dlt's hints and a table for each relation.

        `rows`: those of the records (`all`), also one that deletes for each record without any (`changed`), or only
        that (`deleted`).
        """
        with queried(records) as connection:
            for table in self._tables:
                yield _made(connection, table, rows)


def _made(connection: duckdb.DuckDBPyConnection, table: _Table, rows: Rows) -> tuple[dict[str, Any], pa.Table]:
    rows_of_query = connection.sql(table.query)
    types: dict[str, str] = {}
    shown = []
    for name, sql in zip(
        rows_of_query.columns, (str(sql).replace(",", ", ") for sql in rows_of_query.types), strict=True
    ):
        column = name if folded(name) not in map(folded, types) else f"{name}_value"
        # Destinations differ in what they do with lists, maps and structures; all take JSON.
        is_nested = sql.endswith("[]") or sql.startswith(("MAP", "STRUCT"))
        types[column] = "JSON" if is_nested else sql
        shown.append(f"{f'to_json({quoted(name)})' if is_nested else quoted(name)} AS {quoted(column)}")
    types[DELETED_AT] = "TIMESTAMP"
    limit = " LIMIT 0" if rows == "deleted" else ""
    query = f"SELECT {', '.join(shown)}, CAST(NULL AS TIMESTAMP) AS {DELETED_AT} FROM ({table.query}){limit}"
    if rows != "all":
        query = f"WITH held AS ({query}) FROM held UNION ALL BY NAME {_without_rows(table)}"
    result: Any = reader(connection.sql(query)).read_all()
    return _hints(table, types), fitted(result, fields(types))


def _without_rows(table: _Table) -> str:
    """Return the query of a row, marked as deleted, for each record that has none in `held`."""
    owner = [f"r.{quoted(key_field)} AS {quoted(name)}" for name, key_field in table.owner.items()]
    others = [field for field in table.key if field.name not in table.owner]
    filled = [f"{_FILLED[KINDS[field.kind].duckdb]} AS {quoted(field.name)}" for field in others]
    same = " AND ".join(f"held.{quoted(name)} = r.{quoted(key_field)}" for name, key_field in table.owner.items())
    time = f"coalesce(r.{DELETED_AT}, now()::TIMESTAMP) AS {DELETED_AT}"
    return f"SELECT {', '.join([*owner, *filled, time])} FROM {RECORDS} r ANTI JOIN held ON {same}"


def _hints(table: _Table, types: Mapping[str, str]) -> dict[str, Any]:
    columns: dict[str, dict[str, Any]] = {name: {"data_type": "json"} for name, sql in types.items() if sql == "JSON"}
    return {
        "table_name": f"model_{table.name}",
        "primary_key": [field.name for field in table.key],
        "merge_key": list(table.owner),
        "columns": {**columns, DELETED_AT: {"hard_delete": True}},
    }
