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
    from collections.abc import Container, Iterable, Iterator, Sequence

    from commercetools_source.model.custom.definitions import Definition, FieldType

__all__ = [
    "CustomColumn",
    "FieldSet",
    "custom_columns",
    "custom_descriptions",
    "custom_types",
    "entries_map",
    "with_custom_columns",
]


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
    # map_from_entries raises an error for a key that comes twice or is NULL.
    return f"CASE WHEN len(list_distinct({names})) = len({entries}) THEN map_from_entries({pairs}) END"


def custom_columns(field_set: FieldSet, reader: Reader, reserved: Iterable[str]) -> tuple[CustomColumn, ...]:
    """Return the columns that show the fields of `field_set`; their names differ from all that are `reserved`."""
    shown = [
        # A definition may have several columns, as money has, and each needs a name of its own.
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


def custom_types(field_sets: Sequence[FieldSet], reader: Reader, existing: Iterable[str]) -> dict[str, str]:
    """Return the SQL types of the columns that `with_custom_columns` adds, in their order."""
    types: dict[str, str] = {}
    for field_set, columns in _named(field_sets, reader, existing):
        types |= {column.name: reader.type_of(column.definition.type, column.part) for column in columns}
        # Behind the columns whose values did not fit.
        types[field_set.unfit] = "JSON"
    return types


def custom_descriptions(field_sets: Sequence[FieldSet], reader: Reader, existing: Iterable[str]) -> dict[str, str]:
    """Return what the columns are that `with_custom_columns` adds, by their names."""
    texts: dict[str, str] = {}
    for field_set, columns in _named(field_sets, reader, existing):
        word = "Custom field" if field_set.prefix else "Attribute"
        for column in columns:
            part = f"The {column.part} of the" if column.part else "The"
            texts[column.name] = (
                f"{part} {word.lower()} {column.definition.name}, which the project defines as"
                f" {column.definition.type}; NULL where the value does not fit."
            )
        texts[field_set.unfit] = f"{word}: each value that does not fit its definition or has none, as JSON by name."
    return texts


def _named(
    field_sets: Iterable[FieldSet], reader: Reader, existing: Iterable[str]
) -> Iterator[tuple[FieldSet, tuple[CustomColumn, ...]]]:
    """Yield each of `field_sets` with its columns, all of whose names differ."""
    # Two places of a relation may have the same prefix and fields.
    names = list(existing)
    for field_set in field_sets:
        columns = custom_columns(field_set, reader, names)
        names += [*(column.name for column in columns), field_set.unfit]
        yield field_set, columns


def with_custom_columns(
    query: str, field_sets: Sequence[FieldSet], reader: Reader, existing: Sequence[str], hidden: Container[str] = ()
) -> str:
    """Return a SELECT of all columns of `query`, which are called `existing`, and of the fields of all `field_sets`.

    Columns that are `hidden` are left out. Subqueries lie one in the other, so that each expression is computed once:
    first the values by name, then for each type the typed values by name, of whose parts the columns are made.
    """
    layers = _Layers()
    for number, (field_set, columns) in enumerate(_named(field_sets, reader, existing)):
        layers.add(field_set, columns, reader, str(number))
    for added in layers.helpers():
        if added:
            query = f"SELECT *, {', '.join(f'{sql} AS {name}' for name, sql in added.items())} FROM ({query})"  # noqa: S608
    if not layers.shown:
        return query
    # By their names: DuckDB takes longer for a star with a thousand exceptions.
    before = [quoted(name) for name in existing if name not in hidden]
    shown = [f"{sql} AS {quoted(name)}" for name, sql in layers.shown.items()]
    return f"SELECT {', '.join([*before, *shown])} FROM ({query})"  # noqa: S608 - quoted names


@dataclass(frozen=True, slots=True)
class _Layers:
    """What each layer of the SELECT adds: SQL by name."""

    maps: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)

    def helpers(self) -> tuple[dict[str, str], ...]:
        """Return the layers whose columns are not shown, the innermost first."""
        return (self.maps, self.typed)

    def add(self, field_set: FieldSet, columns: Iterable[CustomColumn], reader: Reader, number: str) -> None:
        """Add one place, whose helpers have `number` in their names."""
        values = f"_fields{number}"
        self.maps[values] = field_set.values
        names_by_type: dict[FieldType, list[str]] = {}
        for definition in field_set.definitions:
            names_by_type.setdefault(definition.type, []).append(definition.name)
        # One for all fields of a type: to bind the check of a money takes DuckDB 3 ms, and a type may have hundreds.
        typed = {field_type: f"_typed{number}_{index}" for index, field_type in enumerate(names_by_type)}
        for field_type, names in names_by_type.items():
            self.typed[typed[field_type]] = _typed_map(values, field_type, names, reader)
        for column in columns:
            value = f"{typed[column.definition.type]}[{string(column.definition.name)}]"
            self.shown[column.name] = _part(column, reader, value)
        # What fits has a typed value, so its check need not be written, and bound, a second time.
        fitting = f"flatten([{', '.join(f'map_keys({name})' for name in typed.values())}])"
        is_unfit = "e.value IS NOT NULL AND NOT list_contains(fitting, e.key)"
        # In one expression, so that nothing of it is computed for a row without fields; a list of one names its value.
        entries = f"lambda fitting: list_filter(map_entries({values}), lambda e: {is_unfit})"
        as_object = "lambda unfit: CASE WHEN len(unfit) > 0 THEN to_json(map_from_entries(unfit)) END"
        unfit_object = f"list_transform(list_transform([{fitting}], {entries}), {as_object})[1]"
        self.shown[field_set.unfit] = f"CASE WHEN {values} IS NULL THEN {field_set.raw} ELSE {unfit_object} END"


def _typed_map(values: str, field_type: FieldType, names: Iterable[str], reader: Reader) -> str:
    """Return SQL for a map of the typed values of the fields `names` in the map `values`, of those that fit."""
    is_named = f"e.value IS NOT NULL AND e.key IN ({', '.join(map(string, names))})"
    typed = f"CASE WHEN {reader.fits(field_type, 'e.value')} THEN {reader.read(field_type, 'e.value')} END"
    named = f"list_filter(map_entries({values}), lambda e: {is_named})"
    pairs = f"list_transform({named}, lambda e: struct_pack(k := e.key, v := {typed}))"
    return f"map_from_entries(list_filter({pairs}, lambda e: e.v IS NOT NULL))"


def _part(column: CustomColumn, reader: Reader, value: str) -> str:
    if not column.part:
        return value
    if reader.resolved(column.definition.type).kind == "set":
        return f"list_transform({value}, lambda e: e.{column.part})"
    return f"{value}.{column.part}"
