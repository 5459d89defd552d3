"""Relations as DuckDB queries: a table expression that holds a stream's records goes in, SELECT text comes out.

The records' nested values are JSON text, as every destination stores them; each is parsed once, by one
`from_json` whose structure names what the relation needs. An object with many fields inside it comes as text first and
is parsed in a column of its own (`structures`), so that a question pays for the objects that it asks of. A value that
does not have its type, a list that is no list and a column that is not there give NULL or no rows, never an error.
Pure text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.schema import columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.quoting import quoted
from commercetools_source.model.structures import ask, divided, from_json, path_of, sql_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commercetools_source.model.relation import Field, Origin, Relation, Step
    from commercetools_source.model.structures import Divided, Structure

__all__ = ["parsed", "select", "values"]


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
        ask(structure, ("value", *field.path), KINDS[field.kind].read)
    return from_json(text, structure["value"])


def values(item: str, fields: Iterable[Field]) -> list[str]:
    """Return the SELECT items `expression AS name` that take `fields` out of `item`, SQL that `parsed` made."""
    return [f"{_value(field, path_of(item, field.path))} AS {quoted(field.name)}" for field in fields]


def _rows(fields: Sequence[Field], origin: Origin, source: str, column_types: Mapping[str, str]) -> str:
    """Return the query of the items of one origin: subqueries for each step, which carry only what is needed."""
    # Columns are chosen where their item comes up, so that no inner query carries what is not needed further out.
    by_level = _by_level(fields, len(origin.steps))
    record, *items = _divided(by_level, origin.steps, column_types)
    query = record.over(_records(by_level[0], record.structure, source, column_types))
    chosen = [_of_record(field, record, column_types) for field in by_level[0]]
    done = [quoted(field.name) for field in by_level[0]]
    above, where = record, ""
    for step, item, level_fields in zip(origin.steps, items, by_level[1:], strict=True):
        query = f"(SELECT {', '.join([*chosen, f'{_items(step, above)} AS _list'])} FROM {query}{where})"
        # Two set-returning functions in one SELECT step together in DuckDB: each item meets its own place
        # (https://duckdb.org/docs/stable/sql/query_syntax/unnest).
        unnested = ["unnest(_list) AS _item", "generate_subscripts(_list, 1) AS _place"]
        query = item.over(f"(SELECT {', '.join([*done, *unnested])} FROM {query})")
        chosen = [*done, *(_of_item(field, step, item) for field in level_fields)]
        done += [quoted(field.name) for field in level_fields]
        # A null in a list, or a field of a fork that is not there, keeps its place and is no row.
        above, where = item, " WHERE _item IS NOT NULL"
    query = f"SELECT {', '.join(chosen)} FROM {query}{where}"
    ordered = [quoted(field.name) for field in fields]
    # Views show the columns in the order of the model; levels give them in their own.
    return query if done == ordered else f"SELECT {', '.join(ordered)} FROM ({query})"


def _by_level(fields: Iterable[Field], depth: int) -> list[list[Field]]:
    by_level: list[list[Field]] = [[] for _ in range(depth + 1)]
    for field in fields:
        by_level[field.level if field.level >= 0 else depth + 1 + field.level].append(field)
    return by_level


def _divided(
    by_level: Sequence[Sequence[Field]], steps: Sequence[Step], column_types: Mapping[str, str]
) -> list[Divided]:
    """Return what is read of the record and of the items of each step."""
    plans: list[Divided] = []
    # From the innermost level outwards: what a level needs is then complete before it is asked of the one above.
    for level in reversed(range(len(by_level))):
        structure: Structure = {}
        for field in by_level[level]:
            if field.source == "value" and not (level == 0 and _is_ready(field, column_types)):
                ask(structure, field.path, KINDS[field.kind].read)
        branches = steps[level].branches if plans else ()
        # Columns of a record are parsed on their own anyway.
        columns = [] if level else [(name,) for name in structure]
        plan = divided(structure, "_item" if level else "", [*(branch.path for branch in branches), *columns])
        for branch in branches:
            # An item of which only its place is told has no field to read, and DuckDB knows no structure without one.
            items_read: Structure | str = plans[0].structure or "JSON"
            ask(plan.structure, branch.path, [items_read] if branch.listed else items_read)
        plans.insert(0, plan)
    return plans


def _records(fields: Iterable[Field], structure: Structure, source: str, column_types: Mapping[str, str]) -> str:
    """Return the query of the records: each column that is needed, parsed where it has not the type that is needed."""
    kept = [quoted(field.path[0]) for field in fields if _is_ready(field, column_types)]
    for name, asked in structure.items():
        sql = column_types.get(name)
        # A column of another type, such as a list of texts, becomes JSON again, so that there is one way to read it.
        text = quoted(name) if sql == "JSON" else f"to_json({quoted(name)})"
        # What DuckDB reads of a constant NULL has no type, and 1.4 refuses a view whose columns have other types than
        # when it was made.
        value = f"CAST(NULL AS {sql_type(asked)})" if sql is None else from_json(text, asked)
        kept.append(f"{value} AS {quoted(name)}")
    return f"(SELECT {', '.join(kept)} FROM {source})"


def _is_ready(field: Field, column_types: Mapping[str, str]) -> bool:
    return len(field.path) == 1 and column_types.get(field.path[0]) == KINDS[field.kind].duckdb


def _of_record(field: Field, record: Divided, column_types: Mapping[str, str]) -> str:
    expression = quoted(field.path[0]) if _is_ready(field, column_types) else _value(field, record.at(field.path))
    return f"{expression} AS {quoted(field.name)}"


def _of_item(field: Field, step: Step, item: Divided) -> str:
    if field.source == "position":
        expression = "_place"
    elif field.source == "branch":
        # The last branch is the ELSE: if it is a list its items lie behind the single ones.
        *first, last = (str(branch.value) for branch in step.branches)
        cases = " ".join(f"WHEN {index} THEN {value}" for index, value in enumerate(first, 1))
        expression = f"CASE _place {cases} ELSE {last} END"
    else:
        expression = _value(field, item.at(field.path))
    return f"{expression} AS {quoted(field.name)}"


def _items(step: Step, above: Divided) -> str:
    """Return the SQL of the list of all items of a step's branches, which lie in what is read of the item `above`."""
    # A fork's places count from the first single field on, a list's items behind all of them.
    singles = ", ".join(above.at(branch.path) for branch in step.branches if not branch.listed)
    lists = [above.at(branch.path) for branch in step.branches if branch.listed]
    if not singles:
        return lists[0]
    return f"list_concat([{singles}], {lists[0]})" if lists else f"[{singles}]"


def _value(field: Field, location: str) -> str:
    """Return the SQL of a field whose value, as it was read, is the SQL `location`."""
    return KINDS[field.kind].sql.replace("{0}", location)


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
