"""What dlt is told of tables, and how it takes their rows: Arrow tables of one schema within a run, or dicts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dlt
import msgspec
from dlt.common.libs.pyarrow import get_column_type_from_py_arrow

from commercetools_source.arrow.decode import DELETED_AT, OWN, UNFIT
from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.schema import columns
from commercetools_source.destinations.parquet.files import fields, fitted
from commercetools_source.frontends.arrow_relations import folded

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.frontends.arrow_relations import RelationTable
    from commercetools_source.frontends.arrow_rows import ArrowRows

__all__ = ["hints", "new_fields", "relation_hints", "shown", "with_variants"]

_LONG = re.compile(r"\d{19}")
"""What may be a whole number beyond 64 bits, which dlt cannot write: its digits become a text."""
_INT64 = range(-(2**63), 2**63)


def hints(stream: Stream, form: str) -> dict[str, Any]:
    """Return dlt's hints for the table of a stream: its key, and which of its rows counts."""
    types = {**{column.name: KINDS[column.kind].duckdb for column in columns(stream)}, **OWN}
    described = _columns(types)
    if form == "json":
        # From values dlt would guess: an order number that looks like a time made its column one of times, and the
        # number 123 the third minute of 1970. A key without a row has no type at all, and no load succeeds then.
        typed = {field.name: get_column_type_from_py_arrow(field.type) for field in fields(types)}
        described = {name: {**typed[name], **described.get(name, {})} for name in types}
    if "version" in types:
        described["version"] = {**described.get("version", {}), "dedup_sort": "desc"}
    return {"primary_key": list(stream.key), "columns": described}


def relation_hints(table: RelationTable) -> dict[str, Any]:
    """Return dlt's hints for the rows of a relation: those of a record are replaced together."""
    return {"primary_key": list(table.key), "merge_key": list(table.owner), "columns": _columns(table.types)}


def _columns(types: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    # Values have types of their own, all but JSON, which is text.
    described: dict[str, dict[str, Any]] = {name: {"data_type": "json"} for name, sql in types.items() if sql == "JSON"}
    return {**described, DELETED_AT: {"hard_delete": True}}


def shown(table: pa.Table, types: Mapping[str, str], form: str) -> Any:
    """Return rows as dlt takes them: times in UTC with a zone, and no list without rows; `types`: those of DuckDB."""
    table = fitted(table, fields(types))
    return table if form == "arrow" else _dicts(table, types) or dlt.mark.materialize_table_schema()


def with_variants(table: RelationTable, name: str, *, grows: bool) -> RelationTable:
    """Return the table as it can be loaded into the one called `name`: no column there changes its type.

    A column that has another one there, because somebody changed the definition of a custom field or an attribute,
    becomes a column beside it, named as dlt names such columns: `custom_size__v_text`. Unless the table `grows`,
    columns that it does not have are left out: a custom field is in the JSON of all of them, too.
    https://dlthub.com/docs/general-usage/schema#variant-columns
    """
    schema = dlt.current.source_schema()
    existing = schema.tables.get(schema.naming.normalize_table_identifier(name), {}).get("columns", {})
    names = {}
    for column, sql in table.types.items():
        data_type = (
            "json"
            if sql == "JSON"
            else get_column_type_from_py_arrow(table.rows.schema.field(column).type)["data_type"]
        )
        existing_type = existing.get(schema.naming.normalize_path(column), {}).get("data_type", data_type)
        names[column] = column if existing_type == data_type else f"{column}__v_{data_type}"
    stored = [
        column
        for column, new in names.items()
        if grows or not existing or schema.naming.normalize_path(new) in existing
    ]
    types = {names[column]: table.types[column] for column in stored}
    return replace(table, types=types, rows=table.rows.select(stored).rename_columns([*types]))


def new_fields(rows: ArrowRows) -> list[str]:
    """Return the fields without a column that records had until now, and whose name is free."""
    folded_names = {folded(name) for name in rows.types}
    new: dict[str, str] = {}
    for name in rows.addable():
        # dlt has columns of its own that begin so.
        if folded(name) and folded(name) not in folded_names and not name.startswith("_dlt"):
            new.setdefault(folded(name), name)
    return list(new.values())


def _dicts(table: pa.Table, types: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return rows as dicts, without nulls.

    Of JSON columns objects and lists are Python's, and any other value is in `_unfit`: in such a column dlt takes a
    text for JSON, so that "123" would become a number.
    """
    nested = {name for name, sql in types.items() if sql == "JSON"}
    rows = []
    for shown in table.to_pylist():
        row = {name: _decoded(value) if name in nested else value for name, value in shown.items() if value is not None}
        if plain := {name for name in nested & row.keys() if not isinstance(row[name], (dict, list))}:
            row[UNFIT] = row.get(UNFIT, {}) | {name: row.pop(name) for name in plain}
        rows.append(row)
    return rows


def _decoded(text: str) -> Any:
    return json.loads(text, parse_int=_whole) if _LONG.search(text) else msgspec.json.decode(text)


def _whole(digits: str) -> int | str:
    # Python refuses to read thousands of digits.
    return int(digits) if len(digits) <= len(str(_INT64[0])) and int(digits) in _INT64 else digits
