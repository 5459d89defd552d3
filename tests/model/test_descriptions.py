"""Each table and column has a description: what it is, its unit, what it refers to, its legal values."""

from __future__ import annotations

import re

import pytest

from commercetools_source.catalog.contract import load
from commercetools_source.catalog.schema import columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.descriptions import (
    describe_record_columns,
    describe_record_table,
    describe_relation,
    descriptions,
)
from commercetools_source.model.relations import all_relations

SENTENCES = re.compile(r"[A-Z][^\n]*\S\.")
RELATIONS = all_relations()


def test_every_relation_and_column_is_described_in_sentences() -> None:
    for relation in RELATIONS.values():
        texts = [describe_relation(relation), *descriptions(relation).values()]
        assert len(texts) == len(relation.columns) + 1
        assert [text for text in texts if not SENTENCES.fullmatch(text) or "  " in text or ".." in text] == []


def test_few_descriptions_say_no_more_than_the_name_of_the_column() -> None:
    repeated = [
        (relation.name, name)
        for relation in RELATIONS.values()
        for name, text in descriptions(relation).items()
        if re.sub(r"JSON as the platform sent it|UTC|\W", "", text).lower() == name.rpartition("_")[2].lower()
    ]
    # Most are names, values, and records that Messages repeat whole.
    assert len(repeated) < 0.03 * sum(len(relation.columns) for relation in RELATIONS.values()), repeated


def test_every_table_of_records_and_its_columns_are_described() -> None:
    for stream in STREAMS.values():
        names = [*(column.name for column in columns(stream)), "_synced_at", "_deleted_at", "_unfit"]
        texts = [describe_record_table(stream), *describe_record_columns(stream, names).values()]
        assert len(texts) == len(names) + 1
        assert [text for text in texts if not SENTENCES.fullmatch(text)] == []


def test_every_reference_of_one_column_says_where_it_leads() -> None:
    for relation in RELATIONS.values():
        for key in relation.foreign_keys:
            for column, to in zip(key.columns, key.to, strict=True):
                assert re.search(rf"Refers to \w+\.{to}\.", descriptions(relation)[column]), (relation.name, column)


def test_every_enumeration_says_its_values() -> None:
    found = 0
    for relation in RELATIONS.values():
        for field in relation.columns:
            row = load().types.get(field.type_name)
            if row is not None and row.enum and not field.name.endswith("typeId") and len(row.enum) <= 40:
                found += 1
                assert f"of {', '.join(row.enum)}." in descriptions(relation)[field.name]
    assert found > 200


@pytest.mark.parametrize(
    ("table", "column", "text"),
    [
        ("orders", "createdAt", "When it was created. UTC."),
        ("orders", "shippingAddress_city", "City or town of the shipping address."),
        ("cart_line_items", "productId", "Id of the product. Refers to products.id."),
        ("messages", "oldEmail", "E-mail address, before the change."),
        ("messages", "newQuantityOnStock", "Pieces in stock, reserved ones included, after the change."),
        ("messages", "oldExpiresAt", "When it expires, before the change. UTC."),
        ("messages", "shippingPolicyUrl", "Address of the shipping policy page."),
        ("orders", "orderState", "State of the order. One of Open, Confirmed, Complete, Cancelled."),
        ("orders", "shippingAddress_country", "Country of the shipping address, ISO 3166-1 alpha-2."),
        ("orders", "customerGroup_id", "Id of the customer group. Refers to customer_groups.id."),
        ("orders", "totalPrice_currency", "Currency of the total price, ISO 4217."),
        ("order_line_items", "orderId", "Key of the row of orders that this one lies in. Refers to orders.id."),
        ("order_line_items", "name", "Name. A text for each language."),
        ("tax_category_rates", "amount", "Rate as a fraction, 0.19 for 19 %."),
    ],
)
def test_what_a_column_is(table: str, column: str, text: str) -> None:
    assert descriptions(RELATIONS[table])[column] == text


def test_what_a_nested_value_became_is_said_where_it_is_sent() -> None:
    texts = describe_record_columns(STREAMS["orders"], ["lineItems", "shippingInfo"])
    assert texts["lineItems"].endswith("The relation order_line_items has its items.")
    assert texts["shippingInfo"].endswith("The columns shippingInfo_* of the relation orders have its parts.")
