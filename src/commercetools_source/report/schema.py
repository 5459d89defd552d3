"""The model as text for people and as JSON for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.model.relations import all_relations
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.model.relations import Field, Relation

__all__ = ["schema_json", "schema_text"]


def schema_text(tables: Sequence[str] = ()) -> str:
    """Return every column of `tables`; without any, one line for each table there is."""
    relations = _chosen(tables)
    if tables:
        return "\n\n".join(map(_columns, relations))
    rows = [(relation.name, ", ".join(relation.key), relation.parent, len(relation.columns)) for relation in relations]
    listed = table(rows, header=("table", "key", "below", "columns"))
    return (
        f"{listed}\n\n{len(relations)} tables; `commercetools-source schema NAME` shows the columns of a stream's"
        " tables, of one table, or of all with NAME in their name"
    )


def schema_json(tables: Sequence[str] = ()) -> str:
    """Return `tables` (all, if none) with columns, keys and foreign keys as one JSON object."""
    return json.dumps({"tables": [_plain(relation) for relation in _chosen(tables)]}, indent=2)


def _chosen(tables: Sequence[str]) -> list[Relation]:
    return [relation for relation in all_relations().values() if not tables or relation.name in tables]


def _columns(relation: Relation) -> str:
    below = f", below {relation.parent}" if relation.parent else ""
    rows = [(f"  {field.name}", KINDS[field.kind].duckdb, _role(field, relation)) for field in relation.columns]
    return f"{relation.name}: key {', '.join(relation.key)}{below}\n{table(rows)}"


def _role(field: Field, relation: Relation) -> str:
    """Return what a column is for: part of the key, a reference, both or neither."""
    targets = [
        f"-> {key.relation}.{to}"
        for key in relation.foreign_keys
        for name, to in zip(key.columns, key.to, strict=True)
        if name == field.name
    ]
    return ", ".join([*(["key"] if field.name in relation.key else []), *targets])


def _plain(relation: Relation) -> dict[str, Any]:
    return {
        "name": relation.name,
        "stream": relation.stream,
        "below": relation.parent or None,
        "key": relation.key,
        "columns": [
            {"name": field.name, "type": KINDS[field.kind].duckdb, "nullable": field.nullable}
            for field in relation.columns
        ],
        "foreign_keys": [
            {"columns": key.columns, "table": key.relation, "references": key.to} for key in relation.foreign_keys
        ],
    }
