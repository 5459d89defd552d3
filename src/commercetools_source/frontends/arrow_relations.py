"""The model's relations of a batch of records, as Arrow tables that a DuckDB in memory makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from commercetools_source.arrow.decode import DELETED_AT
from commercetools_source.catalog.kinds import KINDS
from commercetools_source.destinations.parquet.files import fields, fitted, reader
from commercetools_source.frontends.arrow_rows import RECORDS, queried
from commercetools_source.model.custom.variants import KEY
from commercetools_source.model.quoting import quoted
from commercetools_source.model.relations import relations
from commercetools_source.model.select import select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb
    import pyarrow as pa

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.model.custom.definitions import ProductType
    from commercetools_source.model.custom.queries import CustomFieldQueries
    from commercetools_source.model.relation import Field

__all__ = ["RelationRows", "RelationTable", "RelationTables", "folded"]

_FILLED = {"VARCHAR": "''", "BIGINT": "0", "BOOLEAN": "false"}
"""What stands in the key of a row that only says that a record has no rows any more: keys are never null."""
RelationRows = Literal["all", "changed", "deleted"]


@dataclass(frozen=True, slots=True)
class RelationTable:
    """Rows of a relation. `key`: its columns, or none; `owner`: which column holds which part of the record's key.

    `types`: the DuckDB types of the columns.
    """

    name: str
    key: tuple[str, ...]
    owner: Mapping[str, str]
    types: Mapping[str, str]
    rows: pa.Table


def folded(name: str) -> str:
    """Return what is left of a name however a destination writes it: two with the same may not be in one table."""
    return "".join(filter(str.isalnum, name.casefold()))


@dataclass(frozen=True, slots=True)
class _Query:
    name: str
    sql: str
    owner: Mapping[str, str]
    key: tuple[Field, ...]


class RelationTables:
    """Makes the relations of the records of one stream; `product_types`: those whose variants these have, by table."""

    def __init__(
        self,
        stream: Stream,
        custom: CustomFieldQueries,
        column_types: Mapping[str, str],
        product_types: Mapping[str, ProductType],
    ) -> None:
        self._key = stream.key
        self._seen: set[tuple[Any, ...]] = set()
        self._queries = tuple(_queries(stream, custom, column_types, product_types))

    def repeats(self, records: pa.Table) -> bool:
        """Return whether one of `records` came before: its former rows cannot be taken back from what was handed on."""
        keys = set(zip(*(records.column(name).to_pylist() for name in self._key), strict=True))
        if keys & self._seen:
            return True
        self._seen |= keys
        return False

    def of(self, records: pa.Table, rows: RelationRows) -> Iterator[RelationTable]:
        """Yield a table for each relation.

        `rows`: those of the records (`all`), also one that deletes for each record without any (`changed`), or only
        that (`deleted`).
        """
        with queried(records) as connection:
            for query in self._queries:
                yield _made(connection, query, rows)


def _queries(
    stream: Stream,
    custom: CustomFieldQueries,
    column_types: Mapping[str, str],
    product_types: Mapping[str, ProductType],
) -> Iterator[_Query]:
    for relation in relations(stream):
        sql = custom.with_custom_columns(relation, select(relation, RECORDS, column_types))
        key = tuple(field for field in relation.columns if field.name in relation.key)
        yield _Query(relation.name, sql, relation.record_key(stream.key), key)
    for name, product_type in product_types.items():
        yield _Query(name, custom.variants(product_type, stream.name, RECORDS, column_types), {KEY[0]: "id"}, ())


def _made(connection: duckdb.DuckDBPyConnection, query: _Query, rows: RelationRows) -> RelationTable:
    result = connection.sql(query.sql)
    types: dict[str, str] = {}
    shown = []
    for name, duckdb_type in zip(result.columns, map(str, result.types), strict=True):
        column = name if folded(name) not in map(folded, types) else f"{name}_value"
        # Destinations differ in what they do with lists, maps and structures; all take JSON.
        is_nested = duckdb_type.endswith("[]") or duckdb_type.startswith(("MAP", "STRUCT"))
        types[column] = "JSON" if is_nested else duckdb_type.replace(",", ", ")
        shown.append(f"{f'to_json({quoted(name)})' if is_nested else quoted(name)} AS {quoted(column)}")
    types[DELETED_AT] = "TIMESTAMP"
    limit = " LIMIT 0" if rows == "deleted" else ""
    sql = f"SELECT {', '.join(shown)}, CAST(NULL AS TIMESTAMP) AS {DELETED_AT} FROM ({query.sql}){limit}"
    if rows != "all":
        sql = f"WITH held AS ({sql}) FROM held UNION ALL BY NAME {_without_rows(query)}"
    table: Any = reader(connection.sql(sql)).read_all()
    key = tuple(field.name for field in query.key)
    return RelationTable(query.name, key, query.owner, types, fitted(table, fields(types)))


def _without_rows(query: _Query) -> str:
    """Return SQL for a row, marked as deleted, for each record that has none in `held`."""
    owner = [f"r.{quoted(key_field)} AS {quoted(name)}" for name, key_field in query.owner.items()]
    others = [field for field in query.key if field.name not in query.owner]
    filled = [f"{_FILLED[KINDS[field.kind].duckdb]} AS {quoted(field.name)}" for field in others]
    same = " AND ".join(f"held.{quoted(name)} = r.{quoted(key_field)}" for name, key_field in query.owner.items())
    time = f"coalesce(r.{DELETED_AT}, make_timestamp(epoch_us(now()))) AS {DELETED_AT}"
    return f"SELECT {', '.join([*owner, *filled, time])} FROM {RECORDS} r ANTI JOIN held ON {same}"
