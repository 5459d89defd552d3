"""What `schema` answers: the tables of the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.events import counted
from commercetools_source.model.descriptions import describe_relation, descriptions
from commercetools_source.model.relations import all_relations
from commercetools_source.report.answer import Report
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from commercetools_source.model.relation import Field, Relation

__all__ = ["ColumnsReport", "SchemaReport"]


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


@dataclass(frozen=True, slots=True)
class ColumnsReport(Report):
    """The columns with `find` in their name or description, in any case; of the tables `names`, of all without any."""

    find: str
    names: tuple[str, ...] = ()

    def text(self) -> str:
        """Return a line for each column: table and name, type, what it is for and what it is."""
        rows = [(f"{relation.name}.{field.name}", *_cells(field, relation)[1:]) for relation, field in self._columns()]
        return "\n".join(
            [
                *([table(rows)] if rows else []),
                f"{counted(len(rows), 'column')} with {self.find!r} in their name or description",
            ]
        )

    def value(self) -> object:
        """Return each column with its table, type and description."""
        return {
            "columns": [{"table": relation.name, **_column(field, relation)} for relation, field in self._columns()]
        }

    def _columns(self) -> list[tuple[Relation, Field]]:
        return [
            (relation, field)
            for relation in all_relations().values()
            if not self.names or relation.name in self.names
            for field in relation.columns
            # Both are searched: a person knows what the column is about, and not always what the platform calls it.
            if self.find.casefold() in f"{self._name(relation, field)}\n{descriptions(relation)[field.name]}".casefold()
        ]

    def _name(self, relation: Relation, field: Field) -> str:
        # As it is printed where that was copied; else all columns of a table called like it would be found.
        return f"{relation.name}.{field.name}" if "." in self.find else field.name


def _columns(relation: Relation) -> str:
    below = f", below {relation.parent}" if relation.parent else ""
    rows = [_cells(field, relation) for field in relation.columns]
    return f"{relation.name}: key {', '.join(relation.key)}{below}\n{describe_relation(relation)}\n{table(rows)}"


def _cells(field: Field, relation: Relation) -> tuple[str, ...]:
    description = descriptions(relation)[field.name]
    return f"  {field.name}", KINDS[field.kind].duckdb, _role(field, relation), description


def _column(field: Field, relation: Relation) -> dict[str, Any]:
    description = descriptions(relation)[field.name]
    return {"name": field.name, "type": KINDS[field.kind].duckdb, "description": description}


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
        "description": describe_relation(relation),
        "stream": relation.stream,
        "below": relation.parent or None,
        "key": relation.key,
        "columns": [{**_column(field, relation), "nullable": field.nullable} for field in relation.columns],
        "foreign_keys": [
            {"columns": key.columns, "table": key.relation, "references": key.to} for key in relation.foreign_keys
        ],
    }
