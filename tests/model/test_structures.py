"""A question reads the objects that it asks of, and no others, and they have the values that they have read alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.schema import columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.relations import all_relations
from commercetools_source.model.select import select
from commercetools_source.model.structures import divided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commercetools_source.model.relation import Relation

MONEY = '{"type":"centPrecision","centAmount":1999,"currencyCode":"EUR","fractionDigits":2}'
PRECISE = (
    '{"type":"highPrecision","preciseAmount":123456789,"centAmount":1235,"currencyCode":"EUR","fractionDigits":7,'
    '"type":"highPrecision"}'
)
PRICE = (
    f'{{"id":"p\\u00e9 \\"1\\"","value":{PRECISE},'
    f'"discounted":{{"value":{MONEY},"discount":{{"typeId":"x","id":"d"}}}},'
    '"custom":{"type":{"id":"t"},"fields":{"a":1e400,"b":[1.50,-0.0,12345678901234567890123],"c":{"a":1,"a":2}}},'
    '"country":null,"channel":7,"validFrom":"2026-02-30T00:00:00Z","validFrom":"2026-02-28T00:00:00Z"}'
)
VARIANTS = (
    f'{{"id":1,"sku":"\\ud83d\\ude00\\n","price":{PRICE},"price":null,"scopedPrice":{PRICE}}}',
    f'{{"id":2.5,"sku":null,"price":[{PRICE}],"scopedPrice":"no object","availability":{{"id":[1],"version":1E2}}}}',
    (
        f'{{"id":"3","price":{PRICE.replace("1999", "1e3")},"availability":true,'
        f'"scopedPrice":{{"value":{MONEY[:-1]},"x":0}}}}}}'
    ),
    "null",
    '"no variant"',
    "[]",
)


@pytest.fixture(scope="module")
def shop() -> Iterator[duckdb.DuckDBPyConnection]:
    """Orders and products with nested values of every wrong form."""
    items = ",".join(f'{{"id":"i{place}","variant":{text},"price":{PRICE}}}' for place, text in enumerate(VARIANTS))
    products = [f'{{"current":{{"masterVariant":{text},"variants":[{",".join(VARIANTS)}]}}}}' for text in VARIANTS]
    connection = duckdb.connect()
    for stream, column, texts in (
        ("orders", "lineItems", [f"[{items}]", "{}", "null"]),
        ("products", "masterData", products),
    ):
        types = ", ".join(f'"{field.name}" {KINDS[field.kind].duckdb}' for field in columns(STREAMS[stream]))
        connection.execute(f"CREATE TABLE {stream} ({types})")
        for number, text in enumerate(texts):
            connection.execute(f'INSERT INTO {stream} (id, "{column}") VALUES (?, ?)', [str(number), text])
    yield connection
    connection.close()


def rows(shop: duckdb.DuckDBPyConnection, relation: Relation) -> list[tuple[Any, ...]]:
    return shop.execute(select(relation, relation.stream)).fetchall()


@pytest.mark.parametrize("name", ["order_line_items", "product_variants"])
def test_a_column_has_the_values_beside_all_others_that_it_has_alone(
    shop: duckdb.DuckDBPyConnection, name: str
) -> None:
    relation = all_relations()[name]
    together = rows(shop, relation)
    key = {"orderId", "productId", "staged", "position"}
    for place, column in enumerate(relation.columns):
        alone = replace(
            relation, columns=tuple(field for field in relation.columns if field is column or field.name in key)
        )
        index = alone.columns.index(column)
        assert sorted(map(repr, (row[index] for row in rows(shop, alone)))) == sorted(
            repr(row[place]) for row in together
        )
    filled = {
        column.name for place, column in enumerate(relation.columns) if any(row[place] is not None for row in together)
    }
    before = "variant_" if name == "order_line_items" else ""
    assert {f"{before}scopedPrice_{end}" for end in ("id", "value_amount", "discounted_value_amount")} <= filled


def test_what_a_question_does_not_use_is_not_read(shop: duckdb.DuckDBPyConnection) -> None:
    query = select(all_relations()["order_line_items"], "orders")
    ((_, plan),) = shop.execute(f"EXPLAIN (FORMAT json) SELECT id, variant_sku FROM ({query})").fetchall()
    ((_, whole),) = shop.execute(f"EXPLAIN (FORMAT json) SELECT * FROM ({query})").fetchall()
    parsed = [text.count("_part") for text in (plan, whole)]
    assert 0 < parsed[0] < parsed[1] / 5


def test_an_object_with_many_values_is_parsed_behind_what_it_lies_in() -> None:
    large = dict.fromkeys("abcdef", "VARCHAR")
    plan = divided(
        {"small": {"a": "VARCHAR"}, "large": {**large, "larger": large}, "spine": {"list": large}},
        "_item",
        [("spine", "list")],
    )
    assert plan.structure == {"small": {"a": "VARCHAR"}, "large": "JSON", "spine": {"list": large}}
    assert [[part.text for part in layer] for layer in plan.layers] == [['_item."large"'], ['_part0."larger"']]
    assert [plan.at(path) for path in (("small", "a"), ("large", "b"), ("large", "larger", "c"))] == [
        '_item."small"."a"',
        '_part0."b"',
        '_part1."c"',
    ]
    assert '"larger":"JSON"' in plan.over("t")
