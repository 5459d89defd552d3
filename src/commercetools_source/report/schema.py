"""What `schema` answers: the tables of the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.events import counted
from commercetools_source.model.relations import all_relations
from commercetools_source.report.answer import Report
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from commercetools_source.model.relation import Field, Relation

__all__ = ["SchemaReport"]


@dataclass(frozen=True, slots=True)
class SchemaReport(Report):
    """The tables with these names, all without any."""

    names: tuple[str, ...] = ()

    def text(self) -> str:
        """Return every column of the tables; without names, one line for each table there is."""
        relations = self._relations()
        if self.names:
            return "\n\n".join(map(_columns, relations))
        rows = [
            (relation.name, ", ".join(relation.key), relation.parent, len(relation.columns)) for relation in relations
        ]
        listed = table(rows, header=("table", "key", "below", "columns"))
        return (
            f"{listed}\n\n{counted(len(relations), 'table')}; `commercetools-source schema NAME` shows the columns of a"
            " stream's tables, of one table, or of all with NAME in their name"
        )

    def value(self) -> object:
        """Return the tables with columns, keys and foreign keys."""
        return {"tables": [_plain(relation) for relation in self._relations()]}

    def _relations(self) -> list[Relation]:
        return [relation for relation in all_relations().values() if not self.names or relation.name in self.names]


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
