"""What a relation is: its columns, its keys, and the way from a record to its rows. The rows of `relations`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from commercetools_source.catalog.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.catalog.kinds import Kind

__all__ = ["Branch", "Field", "ForeignKey", "Origin", "Relation", "Step"]

Source = Literal["value", "position", "branch"]


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a relation.

    `path`: where the value lies in its item, () for the item itself. `level`: which item: 0 is the
    record, -1 what the row stands for, -2 what that lies in. `source`: the value at `path`, or the place of
    the item in its list, counted from 1, or in which field of a fork the item was. `refers`: "relation.column" that
    it points to, "" if none. `type_name`: the contract's type of the value, or of the items of a list.
    """

    name: str
    kind: Kind
    nullable: bool
    path: tuple[str, ...]
    level: int = -1
    source: Source = "value"
    refers: str = ""
    type_name: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """One field, by its path in the item above, whose items a step leads to; `value`: its value in the step's fork."""

    path: tuple[str, ...]
    listed: bool
    value: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One level down: from an item to the items of all branches, in their order; of several, only the last is a list.

    `fork`: the column that says from which branch an item comes, "" if none does.
    """

    branches: tuple[Branch, ...]
    fork: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """One way from a record to a relation's items; without steps the record is the item."""

    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` hold what the columns `to` of `relation` hold, or one of them is null."""

    columns: tuple[str, ...]
    relation: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """One table of the model.

    `origins`: its rows are the items of all of them together. `parent`: the relation of what the
    items lie in, "" for a stream's own. `key`: columns that identify a row, none of them null. `foreign_keys`: that to
    the parent first, if there is one.
    """

    name: str
    stream: str
    origins: tuple[Origin, ...]
    parent: str
    columns: tuple[Field, ...]
    key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]

    def column_types(self) -> dict[str, str]:
        """Return the DuckDB types of its columns by name, in their order."""
        return {field.name: KINDS[field.kind].duckdb for field in self.columns}

    def leads_up(self, key: ForeignKey) -> bool:
        """Return whether a foreign key leads to what a row lies in, so that it holds by construction."""
        # Not by the parent's name: the ancestors of a category are categories, too.
        return bool(self.parent) and key == self.foreign_keys[0]

    def record_key(self, key: Sequence[str]) -> dict[str, str]:
        """Return which columns hold which field of the `key` of the record that a row comes from."""
        # Of level 0 alone: a column may have the same field of something inside the record.
        return {field.name: field.path[0] for field in self.columns if field.level == 0 and field.path[0] in key}
