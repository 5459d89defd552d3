"""SELECTs that put custom fields and attributes beside what they belong to, each in typed columns.

Pure: text from definitions. The statements work on any table or query that has the JSON of the fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from commercetools_source.model.custom.definitions import column_names
from commercetools_source.model.custom.values import Reader, columns_of_type
from commercetools_source.model.quoting import quoted, string

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from commercetools_source.model.custom.definitions import Definition

__all__ = ["CustomColumn", "FieldSet", "count_unfit", "custom_columns", "entries_map", "with_custom_columns"]


@dataclass(frozen=True, slots=True)
class FieldSet:
    """Fields to show: `values` is SQL for a MAP(VARCHAR, JSON) of them by name, `raw` for the JSON it was made of.

    Their columns begin with `prefix`; what does not fit its definition or has none is in `<prefix>unfit`.
    """

    prefix: str
    values: str
    raw: str
    definitions: tuple[Definition, ...]

    @property
    def unfit(self) -> str:
        """The name of the column of what does not fit."""
        return f"{self.prefix}unfit"


@dataclass(frozen=True, slots=True)
class CustomColumn:
    """A column that shows the field `definition`, or the part `part` of its values ("" is all of it)."""

    name: str
    definition: Definition
    part: str


def entries_map(entries: str) -> str:
    """Return SQL for a list of attributes (ENTRIES) as a map; NULL where two have one name or one has none."""
    names = f"list_transform({entries}, lambda e: e.name)"
    pairs = f"list_transform({entries}, lambda e: struct_pack(k := e.name, v := e.value))"
    return f"CASE WHEN len(list_distinct({names})) = len({entries}) THEN map_from_entries({pairs}) END"


def custom_columns(field_set: FieldSet, reader: Reader, reserved: Iterable[str]) -> tuple[CustomColumn, ...]:
    """Return the columns that show the fields of `field_set`; their names differ from all that are `reserved`."""
    shown = [
        (definition, suffix, member)
        for definition in field_set.definitions
        for suffix, member in columns_of_type(reader.resolved(definition.type))
    ]
    names = column_names(
        [(definition.name, suffix) for definition, suffix, _ in shown], [*reserved, field_set.unfit], field_set.prefix
    )
    return tuple(
        CustomColumn(names[definition.name, suffix], definition, member) for definition, suffix, member in shown
    )


def with_custom_columns(query: str, field_sets: Sequence[FieldSet], reader: Reader, existing: Iterable[str]) -> str:
    """Return a SELECT of all columns of `query`, which are called `existing`, and of the fields of all `field_sets`.

    Every expression is written, and computed, once: in layers of the values by name, the values, and the
    typed values, whose parts are selected.
    """
    names, layers = list(existing), _Layers()
    for number, field_set in enumerate(field_sets):
        columns = custom_columns(field_set, reader, names)
        names += [*(column.name for column in columns), field_set.unfit]
        layers.add(field_set, columns, reader, str(number))
    for added in (layers.maps, layers.values, layers.typed):
        if added:
            query = f"SELECT *, {', '.join(f'{sql} AS {name}' for name, sql in added.items())} FROM ({query})"  # noqa: S608
    helpers = ", ".join((*layers.maps, *layers.values, *layers.typed))
    shown = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in layers.shown.items())
    return f"SELECT * EXCLUDE ({helpers}), {shown} FROM ({query})" if shown else query  # noqa: S608 - quoted names


@dataclass(frozen=True, slots=True)
class _Layers:
    """What each layer of the SELECT adds: SQL by name."""

    maps: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)

    def add(self, field_set: FieldSet, columns: Iterable[CustomColumn], reader: Reader, number: str) -> None:
        """Add one place, whose helpers have `number` in their names."""
        values = f"_fields{number}"
        self.maps[values] = field_set.values
        typed = {}
        for index, definition in enumerate(field_set.definitions):
            value, typed[definition.name] = f"_value{number}_{index}", f"_typed{number}_{index}"
            self.values[value] = f"{values}[{string(definition.name)}]"
            fits, read = reader.fits(definition.type, value), reader.read(definition.type, value)
            self.typed[typed[definition.name]] = f"CASE WHEN {value} IS NOT NULL AND {fits} THEN {read} END"
        for column in columns:
            self.shown[column.name] = _part(column, reader, typed[column.definition.name])
        self.shown[field_set.unfit] = _unfit(field_set, reader, values)


def count_unfit(query: str, field_sets: Sequence[FieldSet], reader: Reader) -> str:
    """Return a SELECT of how many rows of `query` have a value that does not fit: by column of the unfit and field.

    A place whose fields cannot be told apart at all counts as one field without a name.
    """
    counts = []
    for field_set in field_sets:
        rows = f"SELECT {field_set.values} AS _fields, {field_set.raw} AS _raw FROM ({query})"  # noqa: S608 - made of quoted names
        strange = "CASE WHEN _fields IS NULL AND _raw IS NOT NULL THEN [''] ELSE"
        names = f"{strange} list_transform({_unfitting(field_set, reader, '_fields')}, lambda e: e.key) END"
        counts.append(f"SELECT {string(field_set.unfit)} AS place, unnest({names}) AS field FROM ({rows})")  # noqa: S608
    return f"SELECT place, field, count(*) AS found FROM ({' UNION ALL '.join(counts)}) GROUP BY ALL ORDER BY ALL"  # noqa: S608


def _part(column: CustomColumn, reader: Reader, value: str) -> str:
    if not column.part:
        return value
    if reader.resolved(column.definition.type).kind == "set":
        return f"list_transform({value}, lambda e: e.{column.part})"
    return f"{value}.{column.part}"


def _unfit(field_set: FieldSet, reader: Reader, values: str) -> str:
    """Return SQL for a JSON object of the values that have no column, by name: NULL if all have one."""
    unfit = _unfitting(field_set, reader, values)
    unfit_object = f"CASE WHEN len({unfit}) > 0 THEN to_json(map_from_entries({unfit})) END"
    return f"CASE WHEN {values} IS NULL THEN {field_set.raw} ELSE {unfit_object} END"


def _unfitting(field_set: FieldSet, reader: Reader, values: str) -> str:
    """Return SQL for the entries of the map `values` that have no column."""
    cases = " ".join(
        f"WHEN {string(definition.name)} THEN {reader.fits(definition.type, 'e.value')}"
        for definition in field_set.definitions
    )
    fits = f"CASE e.key {cases} ELSE false END" if cases else "false"
    return f"list_filter(map_entries({values}), lambda e: e.value IS NOT NULL AND NOT {fits})"
