"""Relations as tables beside their stream: what they are called and hold, and whose rows they are.

A row carries `_synced_at` of the record that it comes from, so that it can be told from those of an older version
of the record. Pure.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import SYNCED_AT
from commercetools_source.catalog.kinds import KINDS
from commercetools_source.model.relations import Field, relations

if TYPE_CHECKING:
    from commercetools_source.catalog.stream import Stream
    from commercetools_source.model.relations import Relation

__all__ = ["SCHEMA", "owner", "tables", "types"]

SCHEMA = "model"
"""The folder of the tables, and the schema of their views."""

_SYNCED = Field(SYNCED_AT, "datetime", nullable=False, path=(SYNCED_AT,), level=0)


def tables(stream: Stream) -> dict[str, Relation]:
    """Return the relations of a stream by the names of their tables, each with `_synced_at`."""
    found = relations(stream)
    return {f"{SCHEMA}/{one.name}": replace(one, columns=(*one.columns, _SYNCED)) for one in found}


def types(relation: Relation) -> dict[str, str]:
    """Return the DuckDB types of its columns by name."""
    return {field.name: KINDS[field.kind].duckdb for field in relation.columns}


def owner(relation: Relation, key: tuple[str, ...]) -> dict[str, str]:
    """Return which of its columns hold which part of the `key` of the record that a row comes from."""
    return {field.name: field.path[0] for field in relation.columns if field.level == 0 and field.path[0] in key}
