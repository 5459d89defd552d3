"""Columns and JSON Schema: both from the catalogue's row and the contract, both true of every record."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft7Validator

from commercetools_source.arrow.arrays import arrow_type
from commercetools_source.arrow.decode import OWN, Decoder
from commercetools_source.catalog.contract import Expression, load
from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.schema import SQL_TYPES, Column, columns, json_schema
from commercetools_source.catalog.streams import STREAMS, Stream
from commercetools_source.destinations.parquet import files

streams = pytest.mark.parametrize("stream", STREAMS.values(), ids=lambda stream: stream.name)


def test_every_type_that_the_contract_speaks_of_is_in_it() -> None:
    contract = load()
    scalars = {"string", "int", "number", "bool", "datetime", "date", "time", "any", "object"}

    def names(expression: Expression | None) -> set[str]:
        if expression is None:
            return set()
        return ({expression.name} - {""}) | names(expression.items) | names(expression.values)

    spoken = {name for row in contract.types.values() for value in row.fields.values() for name in names(value)}
    assert spoken <= scalars | set(contract.types)
    assert {name for row in contract.types.values() for name in row.variants.values()} <= set(contract.types)


@streams
def test_columns_start_with_the_key_and_name_each_field_once(stream: Stream) -> None:
    names = [column.name for column in columns(stream)]
    assert tuple(names[: len(stream.key)]) == stream.key
    assert len({name.casefold() for name in names}) == len(names)
    assert {column.kind for column in columns(stream)} <= set(SQL_TYPES)
    assert {column.name for column in columns(stream) if not column.nullable} == set(stream.key)


def test_columns_are_typed_by_the_contract() -> None:
    found = {column.name: column for column in columns(STREAMS["orders"])}
    assert found["createdAt"] == Column("createdAt", "datetime", nullable=True)
    assert found["version"].kind == "int"
    assert found["orderState"].kind == "string"
    assert found["totalPrice"].kind == "json"
    assert "password" not in {column.name for column in columns(STREAMS["customers"])}
    assert [column.name for column in columns(STREAMS["product_selection_products"])][:2] == [
        "productSelectionId",
        "productId",
    ]


def keywords(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        inner = {word for value in schema.values() for word in keywords(value)}
        return inner | {name for name in schema if name.startswith("$") or name in {"allOf", "anyOf", "oneOf"}}
    return {word for value in schema for word in keywords(value)} if isinstance(schema, list) else set()


@streams
def test_a_json_schema_is_valid_whole_in_itself_and_open(stream: Stream) -> None:
    schema = json_schema(stream)
    Draft7Validator.check_schema(schema)
    assert not keywords(schema)
    assert schema["required"] == list(stream.key)
    assert set(schema["properties"]) == {column.name for column in columns(stream)}
    key = {name: 1 if schema["properties"][name]["type"] == "integer" else "x" for name in stream.key}
    assert Draft7Validator(schema).is_valid({**key, "somethingNew": {"a": [1]}})
    assert not Draft7Validator(schema).is_valid({})


@streams
def test_arrow_files_and_json_schema_say_the_same_of_every_column(stream: Stream) -> None:
    found = columns(stream)
    in_memory = Decoder(stream.name, found, stream.key).schema()
    in_files = files.fields({**{one.name: SQL_TYPES[one.kind] for one in found}, **OWN})
    assert in_memory.names == in_files.names
    properties = json_schema(stream)["properties"]
    for column in found:
        assert str(in_memory.field(column.name).type) == str(arrow_type(column.kind))
        assert str(in_files.field(column.name).type).replace(", tz=UTC", "") == str(arrow_type(column.kind))
        said = {key: value for key, value in properties[column.name].items() if key in {"type", "format"}}
        plain = {"type": "string", **KINDS[column.kind].json}
        if column.kind != "json":
            kinds = plain["type"] if column.name in stream.key else ["null", plain["type"]]
            assert said == {**{key: plain[key] for key in plain if key == "format"}, "type": kinds}
