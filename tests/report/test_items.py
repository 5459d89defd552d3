"""The items of a relation in a record whose nested values have any form."""

from __future__ import annotations

from typing import Any

import pytest

from commercetools_source.model.relations import all_relations
from commercetools_source.report.html.items import items, text

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
