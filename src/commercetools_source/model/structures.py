"""What a query reads of JSON: the structures of `from_json`, and which objects are parsed on their own. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from commercetools_source.model.quoting import quoted, string

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

__all__ = ["Divided", "Structure", "ask", "divided", "from_json", "path_of", "sql_type"]

Path = tuple[str, ...]

Structure = dict[str, Any]
"""What to read of an object: under each field's name a type, another object, or a list of one of them."""

_MANY = 6
"""An object of which so many values are read is parsed on its own."""


@dataclass(frozen=True, slots=True)
class _Part:
    """An object that comes as the JSON text `text`, SQL, and is parsed into the column `name`."""

    name: str
    text: str
    structure: Structure


@dataclass(frozen=True, slots=True)
class Divided:
    """What is read of an item, the SQL `item` ("" for a record): `structure`, and then objects inside it in `layers`.

    DuckDB reads all that a structure names, whatever a question uses of it, but a column that nobody uses is not
    computed. `names`: the columns of the objects by their paths.
    """

    item: str
    structure: Structure
    layers: list[list[_Part]] = field(default_factory=list)
    names: dict[Path, str] = field(default_factory=dict)

    def at(self, path: Sequence[str]) -> str:
        """Return the SQL of the value at `path` of the item."""
        for length in range(len(path), 0, -1):
            if name := self.names.get(tuple(path[:length])):
                return path_of(name, path[length:])
        return path_of(self.item, path)

    def over(self, query: str) -> str:
        """Return the table expression `query`, which has the item as `structure` reads it, with the objects beside."""
        for layer in self.layers:
            columns = ", ".join(f"{from_json(part.text, part.structure)} AS {part.name}" for part in layer)
            query = f"(SELECT *, {columns} FROM {query})"  # noqa: S608 - quoted names
        return query


def divided(structure: Structure, item: str, whole: Iterable[Sequence[str]] = ()) -> Divided:
    """Return how to read `structure` of the SQL `item`; objects that hold one of the paths `whole` are read at once."""
    at_once = {tuple(path[:length]) for path in whole for length in range(1, len(path) + 1)}
    read, later = _split(structure, (), at_once)
    plan = Divided(item, read)
    while later:
        layer: list[_Part] = []
        deeper: dict[Path, Structure] = {}
        for path, object_read in later.items():
            inner, below = _split(object_read, path, at_once)
            layer.append(_Part(f"_part{len(plan.names) + len(layer)}", plan.at(path), inner))
            deeper |= below
        plan.layers.append(layer)
        plan.names.update(zip(later, (part.name for part in layer), strict=True))
        later = deeper
    return plan


def ask(structure: Structure, path: Sequence[str], read: Any) -> None:
    """Add to a structure that `read` is read at `path`; the amount of a money asks for several fields at once."""
    *before, last = path
    for name in before:
        structure = structure.setdefault(name, {})
    # The amount of a money needs several fields of it at once, and its other columns may have asked for some.
    if isinstance(read, dict) and isinstance(existing := structure.get(last), dict):
        existing.update(read)
    else:
        # A copy, because `update` above would change the row of the kind for all columns.
        structure[last] = dict(read) if isinstance(read, dict) else read


def from_json(text: str, asked: Any) -> str:
    """Return the SQL of what is `asked` of the JSON that the SQL `text` gives."""
    # Fields that are not named are skipped by the parser, which is most of the text of a product.
    return f"from_json({text}, {string(json.dumps(asked, separators=(',', ':')))})"


def sql_type(asked: Any) -> str:
    """Return the type of what `from_json` reads."""
    if isinstance(asked, dict):
        return f"STRUCT({', '.join(f'{quoted(name)} {sql_type(inner)}' for name, inner in asked.items())})"
    return f"{sql_type(asked[0])}[]" if isinstance(asked, list) else str(asked)


def path_of(item: str, path: Iterable[str]) -> str:
    """Return the SQL of the value at `path` of the SQL `item`, "" for a record, whose fields are columns."""
    return ".".join([*([item] if item else []), *map(quoted, path)])


def _split(structure: Structure, path: Path, at_once: AbstractSet[Path]) -> tuple[Structure, dict[Path, Structure]]:
    """Return `structure`, which lies at `path`, with large objects as text, and these objects by their paths."""
    kept, later = Structure(), dict[Path, Structure]()
    for name, read in structure.items():
        inner_path = (*path, name)
        if not isinstance(read, dict):
            kept[name] = read
        elif inner_path in at_once or _values(read) < _MANY:
            kept[name], inner = _split(read, inner_path, at_once)
            later |= inner
        else:
            kept[name], later[inner_path] = "JSON", read
    return kept, later


def _values(read: Any) -> int:
    """Return how many values are read; a list counts as its items do."""
    if isinstance(read, dict):
        return sum(map(_values, read.values()))
    return _values(read[0]) if isinstance(read, list) else 1
