"""The columns of a stream or relation: their types in DuckDB's words, as Spark's DDL, and as Arrow. Pure.

Money is a decimal in relations; what is nested in a record is JSON text, or VARIANT where that is asked for
(https://spark.apache.org/docs/latest/sql-ref-datatypes.html).
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT, UNFIT
from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.schema import columns
from commercetools_source.destinations.parquet.files import fields as arrow_schema
from commercetools_source.errors import ConfigError
from commercetools_source.errors.suggestion import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.model.relation import Relation

__all__ = ["arrow_schema", "asked", "chosen", "column_types", "ddl"]

_SPARK_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "VARCHAR": "STRING",
        "BIGINT": "BIGINT",
        "DOUBLE": "DOUBLE",
        "BOOLEAN": "BOOLEAN",
        # Not TIMESTAMP, which a session may take for one without a zone (spark.sql.timestampType).
        "TIMESTAMP": "TIMESTAMP_LTZ",
        "DATE": "DATE",
        "TIME": "STRING",  # Spark has no times of day before 4.1
        "JSON": "STRING",
    }
)
_LIST, _MAP, _DECIMAL = re.compile(r"(.+)\[\]"), re.compile(r"MAP\((\w+), (\w+)\)"), re.compile(r"DECIMAL\(\d+, \d+\)")


def column_types(stream: Stream, relation: Relation | None = None) -> dict[str, str]:
    """Return the DuckDB types of the columns by name: a relation's own, or a record's and two of ours.

    `_deleted_at` is null but in the rows of deletions; `_unfit` is a JSON object of fields that the schema does not
    know and of values that do not fit their column. A relation has neither.
    """
    if relation is not None:
        return relation.column_types()
    fields = {column.name: KINDS[column.kind].duckdb for column in columns(stream)}
    return {**fields, DELETED_AT: "TIMESTAMP", UNFIT: "JSON"}


def chosen(types: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Return only the columns with these names, in their order.

    Raises ConfigError for a name that there is not, and for one that comes twice.
    """
    missing = next((name for name in names if name not in types), None)
    if missing is not None:
        hint = suggestion(missing, types, f"the columns are {', '.join(types)}")
        raise ConfigError(f"there is no column {missing!r}; {hint}")
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise ConfigError(f"the column {twice} is named twice; name each once")
    return {name: types[name] for name in names}


def asked(
    types: Mapping[str, str], fields: Sequence[tuple[str, str, bool]], *, variant: bool = False
) -> dict[str, str]:
    """Return the types of the columns that a read names by a schema of its own.

    `fields`: of each its name, Spark's simple type, and whether it may be null. Raises ConfigError for a column that
    there is not or that comes twice, for one of another type, as nothing is converted here, and for NOT NULL.
    """
    columns = chosen(types, [name for name, *_ in fields])
    for name, simple, nullable in fields:
        own = _spark_type(types[name], variant=variant).lower().replace(" ", "").replace("_ltz", "")
        if simple.lower() != own:
            raise ConfigError(f"{name} is {own} and not {simple}; leave the schema out, and cast the column afterwards")
        if not nullable:
            raise ConfigError(f"{name} may be null, as every column of this source; leave out NOT NULL")
    return columns


def ddl(types: Mapping[str, str], *, variant: bool = False) -> str:
    """Return the columns as the text of a Spark schema; with `variant`, nested values are of that type."""
    return ", ".join(f"{_quoted(name)} {_spark_type(sql, variant=variant)}" for name, sql in types.items())


def _quoted(name: str) -> str:
    # In backticks, Spark's quotes: https://spark.apache.org/docs/latest/sql-ref-identifier.html
    return "`" + name.replace("`", "``") + "`"


def _spark_type(sql: str, *, variant: bool) -> str:
    if variant and sql == "JSON":
        return "VARIANT"
    if match := _LIST.fullmatch(sql):
        return f"ARRAY<{_spark_type(match[1], variant=variant)}>"
    if match := _MAP.fullmatch(sql):
        return f"MAP<{_SPARK_TYPES[match[1]]}, {_SPARK_TYPES[match[2]]}>"
    return sql if _DECIMAL.fullmatch(sql) else _SPARK_TYPES[sql]
