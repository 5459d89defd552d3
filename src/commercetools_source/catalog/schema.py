"""What a stream's records look like: columns, JSON Schema and SQL types, all from its row and the contract."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.contract import Contract, Expression, load
from commercetools_source.catalog.kinds import KINDS, SCALARS
from commercetools_source.catalog.streams import record_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.catalog.kinds import Kind
    from commercetools_source.catalog.stream import Stream

__all__ = ["KINDS_BY_SQL", "SQL_TYPES", "Column", "columns", "has_versions", "json_schema", "record_fields"]

SQL_TYPES: Mapping[Kind, str] = MappingProxyType({kind: KINDS[kind].duckdb for kind in (*SCALARS, "json")})
"""The DuckDB type of each kind that a record's top-level column has; a TIMESTAMP is UTC."""

KINDS_BY_SQL: Mapping[str, Kind] = MappingProxyType({sql: kind for kind, sql in SQL_TYPES.items()})
"""The kind that each of these types stands for."""

_TYPES = ["object", "array", "string", "number", "integer", "boolean"]
"""In this order where there are several: a consumer that takes only the first one gets what holds most."""

_JSON_TYPES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        **{kind: KINDS[kind].json for kind in SCALARS},
        "object": {"type": "object", "additionalProperties": True},
        "any": {"type": [kind for kind in _TYPES if kind != "integer"]},
    }
)
_DEEPEST = 7
_FIRST = ("version", "createdAt", "lastModifiedAt")


@dataclass(frozen=True, slots=True)
class Column:
    """One top-level field of a stream's records; nested values (objects, lists, maps, unions) are of kind `json`."""

    name: str
    kind: Kind
    nullable: bool


def columns(stream: Stream) -> tuple[Column, ...]:
    """Return the columns of `stream`: its key, the spliced ones, version and dates, then all others by name."""
    contract = load()
    fields = _fields(stream, contract)
    first = dict.fromkeys((*stream.key, *_spliced(stream), *(name for name in _FIRST if name in fields)))
    names = [*first, *(name for name in sorted(fields) if name not in first)]
    return tuple(Column(name, _kind(fields[name], contract), nullable=name not in stream.key) for name in names)


def has_versions(stream: Stream) -> bool:
    """Return whether records of `stream` have versions that can be told apart, and put in order of time."""
    is_dated = stream.cursor == "lastModifiedAt" and stream.key == ("id",)
    return is_dated and any(column.name == "version" for column in columns(stream))


def json_schema(stream: Stream) -> dict[str, Any]:
    """Return the JSON Schema of one record of `stream`, whole in itself: no `$ref`, no `allOf`.

    Everything but the key may be null, unions are merged and every object allows unknown fields.
    Any object is allowed deeper than seven objects, because some types contain themselves, and in place of a
    whole record of another stream, such as the order in a Message.
    """
    contract = load()
    properties = {}
    for name, expression in _fields(stream, contract).items():
        schema = _schema(expression, contract, 1)
        properties[name] = schema if name in stream.key else _or_null(schema)
    return {
        "type": "object",
        "properties": properties,
        "required": list(stream.key),
        "additionalProperties": True,
    }


def record_fields(stream: Stream) -> dict[str, Expression]:
    """Return the fields of one record of `stream`: those that are spliced in, then those that the API sends."""
    return _fields(stream, load())


def _spliced(stream: Stream) -> tuple[str, ...]:
    parents = stream.parents.columns if stream.parents is not None else ()
    return (*(name for name in parents if name), *(name for name, _ in stream.derived))


def _fields(stream: Stream, contract: Contract) -> dict[str, Expression]:
    text = Expression("string", required=True)
    return {**dict.fromkeys(_spliced(stream), text), **contract.fields(stream.item)}


def _kind(expression: Expression, contract: Contract) -> Kind:
    scalar = contract.scalar(expression)
    return next((name for name in SCALARS if name == scalar), "json")


def _schema(expression: Expression, contract: Contract, depth: int) -> dict[str, Any]:
    """Return the JSON Schema of a value that is there."""
    if expression.options:
        return _one_of([_schema(option, contract, depth) for option in expression.options])
    if expression.items is not None:
        return {"type": "array", "items": _or_null(_schema(expression.items, contract, depth))}
    if expression.values is not None:
        return _map(expression.values, contract, depth)
    if expression.name in contract.types:
        return _named(expression.name, contract, depth)
    return dict(_JSON_TYPES[expression.name])


def _one_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the union of schemas of different types: a keyword speaks only of values of its own type."""
    union = {keyword: value for schema in schemas for keyword, value in schema.items()}
    return {**union, "type": sorted((schema["type"] for schema in schemas), key=_TYPES.index)}


def _named(name: str, contract: Contract, depth: int) -> dict[str, Any]:
    row = contract.types[name]
    if row.enum:
        return {"type": "string"}  # new values of an enumeration pass through
    if row.alias is not None:
        return _schema(row.alias, contract, depth)
    return _object(name, contract, depth) if row.values is None else _map(row.values, contract, depth)


def _object(name: str, contract: Contract, depth: int) -> dict[str, Any]:
    if depth >= _DEEPEST or name in record_types():
        return {"type": "object", "additionalProperties": True}
    properties = {
        field: _or_null(_schema(value, contract, depth + 1)) for field, value in contract.fields(name).items()
    }
    return {"type": "object", "properties": properties, "additionalProperties": True}


def _map(values: Expression, contract: Contract, depth: int) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": _or_null(_schema(values, contract, depth + 1))}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    types = schema["type"]
    return {**schema, "type": ["null", *([types] if isinstance(types, str) else types)]}
