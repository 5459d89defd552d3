"""SELECTs that put the project's own fields beside what they belong to, each in typed columns.

Pure: text from definitions. The statements work on any table or query that has the JSON of the fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from commercetools_source.model.custom.definitions import column_names
from commercetools_source.model.custom.values import Reader, parts_of
from commercetools_source.model.quoting import quoted, string

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from commercetools_source.model.custom.definitions import Definition

__all__ = ["CustomColumn", "Place", "beside", "columns_of", "entries_map", "misfits"]


@dataclass(frozen=True, slots=True)
class Place:
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


def columns_of(place: Place, reader: Reader, taken: Iterable[str]) -> tuple[CustomColumn, ...]:
    """Return the columns that show the fields of `place` beside columns called `taken`."""
    parts = [(one, suffix, part) for one in place.definitions for suffix, part in parts_of(reader.resolved(one.type))]
    names = column_names([(one.name, suffix) for one, suffix, _ in parts], [*taken, place.unfit], place.prefix)
    return tuple(CustomColumn(names[one.name, suffix], one, part) for one, suffix, part in parts)


def beside(query: str, places: Sequence[Place], reader: Reader, taken: Iterable[str]) -> str:
    """Return a SELECT of all columns of `query`, which are called `taken`, and of the fields of all `places`.

    Every expression is written, and computed, once: in layers of the values by name, the values, and the
    typed values, whose parts are selected.
    """
    names, layers = list(taken), _Layers()
    for number, place in enumerate(places):
        columns = columns_of(place, reader, names)
        names += [*(column.name for column in columns), place.unfit]
        layers.add(place, columns, reader, str(number))
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

    def add(self, place: Place, columns: Iterable[CustomColumn], reader: Reader, number: str) -> None:
        """Add one place, whose helpers have `number` in their names."""
        values = f"_own{number}"
        self.maps[values] = place.values
        typed = {}
        for index, one in enumerate(place.definitions):
            value, typed[one.name] = f"_value{number}_{index}", f"_typed{number}_{index}"
            self.values[value] = f"{values}[{string(one.name)}]"
            fits, read = reader.fits(one.type, value), reader.read(one.type, value)
            self.typed[typed[one.name]] = f"CASE WHEN {value} IS NOT NULL AND {fits} THEN {read} END"
        for column in columns:
            self.shown[column.name] = _part(column, reader, typed[column.definition.name])
        self.shown[place.unfit] = _unfit(place, reader, values)


def misfits(query: str, places: Sequence[Place], reader: Reader) -> str:
    """Return a SELECT of how many rows of `query` have a value that does not fit: by column of the unfit and field.

    A place whose fields cannot be told apart at all counts as one field without a name.
    """
    counts = []
    for place in places:
        rows = f"SELECT {place.values} AS _own, {place.raw} AS _raw FROM ({query})"  # noqa: S608 - made of quoted names
        strange = "CASE WHEN _own IS NULL AND _raw IS NOT NULL THEN [''] ELSE"
        names = f"{strange} list_transform({_unfitting(place, reader, '_own')}, lambda e: e.key) END"
        counts.append(f"SELECT {string(place.unfit)} AS place, unnest({names}) AS field FROM ({rows})")  # noqa: S608
    return f"SELECT place, field, count(*) AS found FROM ({' UNION ALL '.join(counts)}) GROUP BY ALL ORDER BY ALL"  # noqa: S608


def _part(column: CustomColumn, reader: Reader, value: str) -> str:
    if not column.part:
        return value
    if reader.resolved(column.definition.type).kind == "set":
        return f"list_transform({value}, lambda e: e.{column.part})"
    return f"{value}.{column.part}"


def _unfit(place: Place, reader: Reader, values: str) -> str:
    """Return SQL for a JSON object of the values that have no column, by name: NULL if all have one."""
    unfit = _unfitting(place, reader, values)
    found = f"CASE WHEN len({unfit}) > 0 THEN to_json(map_from_entries({unfit})) END"
    return f"CASE WHEN {values} IS NULL THEN {place.raw} ELSE {found} END"


def _unfitting(place: Place, reader: Reader, values: str) -> str:
    """Return SQL for the entries of the map `values` that have no column."""
    cases = " ".join(f"WHEN {string(one.name)} THEN {reader.fits(one.type, 'e.value')}" for one in place.definitions)
    fits = f"CASE e.key {cases} ELSE false END" if cases else "false"
    return f"list_filter(map_entries({values}), lambda e: e.value IS NOT NULL AND NOT {fits})"
