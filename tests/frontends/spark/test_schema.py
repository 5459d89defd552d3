"""Every stream and relation has a schema in Spark's words, and filters that Spark may hand down."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.errors import ConfigError
from commercetools_source.frontends.spark.filters import predicate_of
from commercetools_source.frontends.spark.schema import arrow_schema, asked, column_types, ddl
from commercetools_source.model.relations import all_relations


@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_has_a_schema(name: str) -> None:
    types = column_types(STREAMS[name])
    assert ddl(types).count("`") == 2 * len(types)
    assert arrow_schema(types).names == list(types)
    assert {"_deleted_at", "_unfit", *STREAMS[name].key} <= set(types)


def test_every_relation_has_a_schema() -> None:
    for relation in all_relations().values():
        types = column_types(STREAMS[relation.stream], relation)
        assert arrow_schema(types).names == list(types)
        assert "JSON" not in ddl(types)


def test_money_is_decimal_times_are_times_and_nested_values_text_or_variant() -> None:
    types = {
        "a": "DECIMAL(23, 4)",
        "b": "TIMESTAMP",
        "c": "JSON",
        "d`": "MAP(VARCHAR, VARCHAR)[]",
        "e": "BIGINT",
    }
    assert (
        ddl(types) == "`a` DECIMAL(23, 4), `b` TIMESTAMP_LTZ, `c` STRING, `d``` ARRAY<MAP<STRING, STRING>>, `e` BIGINT"
    )
    assert ddl({"c": "JSON"}, variant=True) == "`c` VARIANT"


def test_a_schema_of_the_readers_own_chooses_columns_and_what_cannot_be_had_is_refused() -> None:
    types = column_types(STREAMS["orders"])
    fields = [("createdAt", "timestamp", True), ("totalPrice", "string", True), ("version", "bigint", True)]
    assert list(asked(types, fields)) == ["createdAt", "totalPrice", "version"]
    assert list(asked(types, [("totalPrice", "variant", True)], variant=True)) == ["totalPrice"]
    lines = column_types(STREAMS["orders"], all_relations()["order_line_items"])
    money = lines["totalPrice_amount"].lower().replace(" ", "")
    fields = [("totalPrice_amount", money, True), ("name", "map<string,string>", True), ("orderId", "string", True)]
    assert list(asked(lines, fields)) == ["totalPrice_amount", "name", "orderId"]
    refused = {
        "version is bigint and not string; leave the schema out": [("version", "string", True)],
        "there is no column 'ID'; did you mean id?": [("ID", "string", True)],
        "there is no column 'createdat'; did you mean createdAt?": [("createdat", "timestamp", True)],
        "there is no column 'zzz'; the columns are id, version, ": [("zzz", "string", True)],
        "the column id is named twice; name each once": [("id", "string", True), ("id", "string", True)],
        "id may be null, as every column of this source; leave out NOT NULL": [("id", "string", False)],
    }
    for sentence, wanted in refused.items():
        with pytest.raises(ConfigError, match=re.escape(sentence)):
            asked(types, wanted)


class EqualTo(NamedTuple):
    attribute: tuple[str, ...]
    value: Any


class In(NamedTuple):
    attribute: tuple[str, ...]
    value: Any


class GreaterThan(NamedTuple):
    attribute: tuple[str, ...]
    value: Any


class LessThanOrEqual(NamedTuple):
    attribute: tuple[str, ...]
    value: Any


class IsNotNull(NamedTuple):
    attribute: tuple[str, ...]


TIME = datetime(2026, 1, 2, 3, 4, 5, 678_900, timezone.utc)


@pytest.mark.parametrize(
    ("condition", "predicate"),
    [
        (EqualTo(("id",), 'a"b'), 'id = "a\\"b"'),
        (In(("id",), ("a", "b")), 'id in ("a", "b")'),
        (GreaterThan(("lastModifiedAt",), TIME), 'lastModifiedAt >= "2026-01-02T03:04:05.678Z"'),
        (LessThanOrEqual(("createdAt",), TIME), 'createdAt < "2026-01-02T03:04:05.679Z"'),
        (In(("id",), tuple(map(str, range(101)))), None),
        (EqualTo(("id",), 7), None),
        (EqualTo(("orderNumber",), "7"), None),
        (EqualTo(("totalPrice", "centAmount"), 7), None),
        (GreaterThan(("createdAt",), TIME.replace(tzinfo=None)), None),
        (
            GreaterThan(("createdAt",), datetime(1, 1, 1, tzinfo=timezone.utc)),
            'createdAt >= "0001-01-01T00:00:00.000Z"',
        ),
        (LessThanOrEqual(("createdAt",), datetime.max.replace(tzinfo=timezone.utc)), None),
        (EqualTo(("createdAt",), datetime.max.replace(tzinfo=timezone(timedelta(hours=-8)))), None),
        (GreaterThan(("createdAt",), datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))), None),
        (IsNotNull(("id",)), None),
    ],
)
def test_filters_on_keys_and_times_are_predicates(condition: object, predicate: str | None) -> None:
    assert predicate_of(STREAMS["orders"], condition) == predicate


def test_columns_that_the_api_does_not_have_are_not_filtered_by() -> None:
    assert predicate_of(STREAMS["product_selection_products"], EqualTo(("productSelectionId",), "a")) is None
    assert predicate_of(STREAMS["mcp_servers"], EqualTo(("id",), "a")) is None


@pytest.mark.parametrize(
    ("relation", "column", "field"),
    [
        ("order_line_items", "id", None),
        ("order_line_items", "orderId", "id"),
        ("order_deliveries", "createdAt", None),
        ("orders", "id", "id"),
        ("orders", "createdAt", "createdAt"),
        ("product_variants", "id", None),
        ("product_variants", "productId", "id"),
    ],
)
def test_a_column_of_a_relation_is_filtered_by_where_it_holds_a_field_of_the_record(
    relation: str, column: str, field: str | None
) -> None:
    row = all_relations()[relation]
    assert column in {field.name for field in row.columns}
    value: object = TIME if column == "createdAt" else "a"
    predicate = predicate_of(STREAMS[row.stream], EqualTo((column,), value), row)
    assert (None if predicate is None else predicate.split()[0]) == field
