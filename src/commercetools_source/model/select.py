"""Relations as DuckDB queries: a table expression that holds a stream's records goes in, SELECT text comes out.

The records' nested values are JSON text, as every destination stores them; each is parsed once, by one
`from_json` whose structure names exactly what the relation needs. A value that does not have its type,
a list that is no list and a column that is not there give NULL or no rows, never an error. Pure text.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.schema import columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.quoting import quoted, string

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commercetools_source.model.relation import Field, Origin, Relation, Step

__all__ = ["parsed", "select", "values"]

Structure = dict[str, Any]
"""What to read of an object: under each field's name a type, another object, or a list of one of them."""


def select(relation: Relation, source: str, column_types: Mapping[str, str] | None = None) -> str:
    """Return the query of all rows of `relation`, its columns in their order.

    `source` is a table expression of records as `destinations.columns` makes them: a quoted name, or a
    query in parentheses. `column_types` gives its columns' SQL types by name; without it they are those of the
    stream's `schema.columns`. A column whose path leads into another column of kind `json` is taken out of that.
    """
    if column_types is None:
        # These are the types of a table that is new; a file of an earlier version names its own.
        column_types = {column.name: KINDS[column.kind].duckdb for column in columns(STREAMS[relation.stream])}
    inside = _inside_json(relation.columns)
    plain = [field for field in relation.columns if field.name not in inside]
    # ALL: items of two origins are never the same one, and to look for equal rows would sort the whole table.
    query = "\nUNION ALL\n".join(_rows(plain, origin, source, column_types) for origin in relation.origins)
    return _with_inside(relation.columns, inside, query) if inside else query


def parsed(text: str, fields: Iterable[Field]) -> str:
    """Return the SQL of what `fields` need of the JSON value that the SQL `text` gives; `values` reads it."""
    structure: Structure = {}
    for field in fields:
        _ask(structure, ("value", *field.path), KINDS[field.kind].read)
    return _from_json(text, structure["value"])


def values(item: str, fields: Iterable[Field]) -> list[str]:
    """Return the SELECT items `expression AS name` that take `fields` out of `item`, SQL that `parsed` made."""
    return [f"{_value(field, item)} AS {quoted(field.name)}" for field in fields]


def _rows(fields: Sequence[Field], origin: Origin, source: str, column_types: Mapping[str, str]) -> str:
    """Return the query of the items of one origin: two subqueries for each step, which carry only what is needed."""
    # Columns are chosen where their item comes up, so that no inner query carries what is not needed further out.
    by_level = _by_level(fields, len(origin.steps))
    query, chosen = (
        _records(by_level, origin.steps, source, column_types),
        [_of_record(field, column_types) for field in by_level[0]],
    )
    done = [quoted(field.name) for field in by_level[0]]
    item, where = "", ""
    for step, level_fields in zip(origin.steps, by_level[1:], strict=True):
        query = f"(SELECT {', '.join([*chosen, f'{_items(step, item)} AS _list'])} FROM {query}{where})"
        # Two set-returning functions in one SELECT step together in DuckDB: each item meets its own place
        # (https://duckdb.org/docs/stable/sql/query_syntax/unnest).
        unnested = ["unnest(_list) AS _item", "generate_subscripts(_list, 1) AS _place"]
        query = f"(SELECT {', '.join([*done, *unnested])} FROM {query})"
        chosen = [*done, *(_of_item(field, step) for field in level_fields)]
        done += [quoted(field.name) for field in level_fields]
        # A null in a list, or a field of a fork that is not there, keeps its place and is no row.
        item, where = "_item", " WHERE _item IS NOT NULL"
    query = f"SELECT {', '.join(chosen)} FROM {query}{where}"
    ordered = [quoted(field.name) for field in fields]
    # Views show the columns in the order of the model; levels give them in their own.
    return query if done == ordered else f"SELECT {', '.join(ordered)} FROM ({query})"


def _by_level(fields: Iterable[Field], depth: int) -> list[list[Field]]:
    by_level: list[list[Field]] = [[] for _ in range(depth + 1)]
    for field in fields:
        by_level[field.level if field.level >= 0 else depth + 1 + field.level].append(field)
    return by_level


def _records(
    by_level: Sequence[Sequence[Field]], steps: Sequence[Step], source: str, column_types: Mapping[str, str]
) -> str:
    """Return the query of the records: each column that is needed, parsed where it has not the type that is needed."""
    items: list[Structure] = [{} for _ in by_level]
    kept = []
    for level, fields in enumerate(by_level):
        for field in fields:
            if level == 0 and _is_ready(field, column_types):
                kept.append(quoted(field.path[0]))
            elif field.source == "value":
                _ask(items[level], field.path, KINDS[field.kind].read)
    # From the innermost level outwards: what a level needs is then complete before it is asked of the one above.
    for above, below, step in reversed(list(zip(items, items[1:], steps, strict=False))):
        for branch in step.branches:
            # An item of which only its place is told has no field to read, and DuckDB knows no structure without one.
            items_read: Structure | str = below or "JSON"
            _ask(above, branch.path, [items_read] if branch.listed else items_read)
    for name, asked in items[0].items():
        sql = column_types.get(name)
        # A column of another type, such as a list of texts, becomes JSON again, so that there is one way to read it.
        text = quoted(name) if sql == "JSON" else f"to_json({quoted(name)})"
        # What DuckDB reads of a constant NULL has no type, and 1.4 refuses a view whose columns have other types than
        # when it was made.
        value = f"CAST(NULL AS {_sql_type(asked)})" if sql is None else _from_json(text, asked)
        kept.append(f"{value} AS {quoted(name)}")
    return f"(SELECT {', '.join(kept)} FROM {source})"


def _is_ready(field: Field, column_types: Mapping[str, str]) -> bool:
    return len(field.path) == 1 and column_types.get(field.path[0]) == KINDS[field.kind].duckdb


def _of_record(field: Field, column_types: Mapping[str, str]) -> str:
    expression = quoted(field.path[0]) if _is_ready(field, column_types) else _value(field, "")
    return f"{expression} AS {quoted(field.name)}"


def _of_item(field: Field, step: Step) -> str:
    expression = _value(field, "_item")
    if field.source == "position":
        expression = "_place"
    if field.source == "branch":
        # The last branch is the ELSE: if it is a list its items lie behind the single ones.
        *first, last = (str(branch.value) for branch in step.branches)
        cases = " ".join(f"WHEN {index} THEN {value}" for index, value in enumerate(first, 1))
        expression = f"CASE _place {cases} ELSE {last} END"
    return f"{expression} AS {quoted(field.name)}"


def _items(step: Step, item: str) -> str:
    """Return the SQL of the list of all items of a step's branches; `item` is the item above, "" for a record."""
    # A fork's places count from the first single field on, a list's items behind all of them.
    singles = ", ".join(_path(item, branch.path) for branch in step.branches if not branch.listed)
    lists = [_path(item, branch.path) for branch in step.branches if branch.listed]
    if not singles:
        return lists[0]
    return f"list_concat([{singles}], {lists[0]})" if lists else f"[{singles}]"


def _value(field: Field, item: str) -> str:
    return KINDS[field.kind].sql.replace("{0}", _path(item, field.path))


def _path(item: str, path: Iterable[str]) -> str:
    return ".".join([*([item] if item else []), *map(quoted, path)])


def _ask(structure: Structure, path: Sequence[str], read: Any) -> None:
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


def _from_json(text: str, asked: Any) -> str:
    # Fields that are not named are skipped by the parser, which is most of the text of a product.
    return f"from_json({text}, {string(json.dumps(asked, separators=(',', ':')))})"


def _sql_type(asked: Any) -> str:
    """Return the type of what `_from_json` reads."""
    if isinstance(asked, dict):
        return f"STRUCT({', '.join(f'{quoted(name)} {_sql_type(inner)}' for name, inner in asked.items())})"
    return f"{_sql_type(asked[0])}[]" if isinstance(asked, list) else str(asked)


def _inside_json(fields: Sequence[Field]) -> dict[str, Field]:
    """Return, by their names, the columns whose path leads into another column of kind `json`, with that one."""
    holders = {(field.level, field.path): field for field in fields if field.kind == "json" and field.source == "value"}
    return {
        field.name: holder
        for field in fields
        for length in range(1, len(field.path))
        if (holder := holders.get((field.level, field.path[:length]))) is not None
    }


def _with_inside(fields: Sequence[Field], inside: Mapping[str, Field], query: str) -> str:
    """Return the query of `query` and of the columns that are taken out of its JSON columns."""
    by_holder: dict[str, list[Field]] = {}
    for field in fields:
        if field.name in inside:
            holder = inside[field.name]
            by_holder.setdefault(holder.name, []).append(replace(field, path=field.path[len(holder.path) :]))
    parses = [
        f"{parsed(quoted(name), inner_fields)} AS {quoted(f'_in_{name}')}" for name, inner_fields in by_holder.items()
    ]
    expressions = {
        item.name: values(quoted(f"_in_{name}"), [item])[0]
        for name, inner_fields in by_holder.items()
        for item in inner_fields
    }
    chosen = ", ".join(expressions.get(field.name, quoted(field.name)) for field in fields)
    return f"SELECT {chosen} FROM (SELECT *, {', '.join(parses)} FROM ({query}))"
