"""Columns for unknown fields inside objects and lists: at the level where they lie, and never beside the same value."""

from __future__ import annotations

import json

import duckdb
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.nested import column_names, with_nested
from commercetools_source.model.relations import relations
from commercetools_source.model.select import select

COLUMNS = [
    ("orders", "lineItems[].discountedPrice", "order_line_items.discountedPrice"),
    ("orders", "lineItems[].variant.colour", "order_line_items.variant_colour"),
    ("orders", "paymentInfo.payments[].version", "order_payments.version"),
    ("orders", "shippingAddress.floor", "orders.shippingAddress_floor"),
    ("orders", "shipping[].shippingInfo.floor", "order_shippings.shippingInfo_floor"),
    ("products", "productType.version", "products.productType_version"),
    ("products", "masterData.staged.masterVariant.colour", "product_variants.colour"),
    ("products", "masterData.current.variants[].prices[].value.exact", "product_variant_prices.value_exact"),
    # These lie in columns of JSON, which have them.
    ("orders", "lineItems[].variant.prices[].exact", ""),
    ("messages", "order.lineItems[].colour", ""),
    # The names before the last one are data.
    ("categories", "name.*.colour", ""),
    # DuckDB would read another field by its name: that of a column, of a part of a money, of an object.
    ("orders", "shippingAddress.COUNTRY", ""),
    ("orders", "totalPrice.currencycode", ""),
    ("orders", "lineItems[].Variant", ""),
    ("orders", "lineItems[].variant.PRICES", ""),
]


@pytest.mark.parametrize(("stream", "path", "column"), COLUMNS)
def test_a_field_is_a_column_of_the_relation_in_whose_items_it_lies(stream: str, path: str, column: str) -> None:
    assert column_names(relations(STREAMS[stream]), [path]) == ({path: [column]} if column else {})


def test_without_unknown_fields_relations_are_the_same_objects() -> None:
    known = relations(STREAMS["orders"])
    assert all(one is other for one, other in zip(with_nested(known, []), known, strict=True))


def test_a_column_has_the_value_of_each_item_from_wherever_it_comes() -> None:
    variants = {"masterVariant": {"id": 1, "colour": {"de": "rot"}}, "variants": [{"id": 2}, {"id": 3, "colour": 7}]}
    record = json.dumps({"current": variants})
    paths = ["masterData.current.masterVariant.colour", "masterData.current.variants[].colour"]
    (relation,) = (row for row in with_nested(relations(STREAMS["products"]), paths) if row.name == "product_variants")
    query = select(relation, "products", {"id": "VARCHAR", "masterData": "JSON"})
    with duckdb.connect() as connection:
        connection.execute('CREATE TABLE products (id VARCHAR, "masterData" JSON)')
        connection.execute("INSERT INTO products VALUES ('p', ?)", [record])
        rows = connection.execute(f"SELECT id, colour FROM ({query}) ORDER BY id").fetchall()
    assert rows == [(1, '{"de":"rot"}'), (2, None), (3, "7")]
