"""Which records of a stream a page looks at, and the items of a relation in one whose nested values have any form."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from commercetools_source.model.relations import all_relations
from commercetools_source.report.html.items import items, text
from commercetools_source.report.html.newest import NEWEST_RECORDS, newest_records

LINES = all_relations()["order_line_items"]
PRODUCT = next(field for field in LINES.columns if field.name == "productId")


@pytest.mark.parametrize(
    ("lines", "products"),
    [
        (None, []),
        ({}, []),
        ("text", []),
        ([], []),
        ([None, {"productId": "a"}, None], ["a"]),
        ([{"productId": 1}, {"productId": {"id": "a"}}, {}, [], "text"], [None] * 5),
        ([{"productId": "a"}, {"productId": "a"}], ["a", "a"]),
    ],
)
def test_what_has_not_the_form_of_a_list_has_no_items_and_what_is_no_text_refers_to_nothing(
    lines: Any, products: list[str | None]
) -> None:
    record = {"id": "o", "lineItems": lines}
    assert [text(item, PRODUCT) for item in items(record, LINES.origins)] == products
    assert items({"id": "o"}, LINES.origins) == []


def test_the_few_records_of_the_newest_run_are_looked_at_before_the_many_of_an_older_one() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE SCHEMA raw; CREATE TABLE raw.zones (id VARCHAR, _synced_at TIMESTAMP, _deleted_at TIMESTAMP);"
            "INSERT INTO raw.zones SELECT i, '2026-01-01'::TIMESTAMP + to_days(i // 1000), NULL FROM range(3007) t(i)"
        )
        newest = list(newest_records(connection, "zones", {"id": "VARCHAR"}, 3007, NEWEST_RECORDS))
    assert [record["id"] for _, record in newest[:7]] == [str(row) for row in range(3000, 3007)]
    assert len(newest) == NEWEST_RECORDS
    assert all(record["id"] >= "2000" for _, record in newest)
