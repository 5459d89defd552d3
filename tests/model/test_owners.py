"""Every place of the contract with custom fields belongs to a resource type, and every resource type has its place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from commercetools_source.catalog.contract import Expression, load
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.custom.places import CUSTOM_FIELD_PLACES, CustomFieldColumn, custom_field_columns
from commercetools_source.model.relation import Field, Relation
from commercetools_source.model.relations import all_relations

RELATIONS = all_relations()


def test_the_rows_cover_the_resource_types_of_the_contract() -> None:
    assert {row.resource for row in CUSTOM_FIELD_PLACES} == set(load().types["ResourceTypeId"].enum)
    assert len({row.resource for row in CUSTOM_FIELD_PLACES}) == 38
    assert len({(row.item, row.field) for row in CUSTOM_FIELD_PLACES}) == len(CUSTOM_FIELD_PLACES)


def is_custom(value: Expression) -> bool:
    return (value.items or value).name == "CustomFields"


def test_the_rows_cover_every_type_that_a_stream_shows_with_custom_fields() -> None:
    contract = load()
    seen, waiting = set[str](), {stream.item for stream in STREAMS.values()} - {"Message"}
    found = set[tuple[str, str]]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for field, value in contract.fields(name).items():
            if is_custom(value):
                found.add((name, field))
            parts = [value, *(one for one in (value.items, value.values) if one), *value.options]
            waiting |= {part.name for part in parts if part.name in contract.types} - seen
    # Messages are read into other types through staged actions and order previews, but own no custom fields themselves.
    known = {(row.item, row.field) for row in CUSTOM_FIELD_PLACES}
    assert {place for place in found if not place[0].endswith(("Message", "MessagePayload", "Draft"))} <= known
    assert known - found <= {("ProductTailoring", "custom"), ("Reservation", "custom")}


def test_every_resource_type_that_can_be_read_has_a_column() -> None:
    places = {place.resource for relation in RELATIONS.values() for place in custom_field_columns(relation)}
    assert {row.resource for row in CUSTOM_FIELD_PLACES} - places == {"product-tailoring", "reservation"}


def fields(relation: Relation) -> set[str]:
    return {column.name for column in relation.columns}


def test_no_column_with_custom_fields_is_left_out() -> None:
    columns = {
        (relation.name, column.name)
        for relation in RELATIONS.values()
        for column in relation.columns
        if "custom" in column.name.casefold() and column.path[-1:] == ("fields",)
        if relation.stream != "messages" and not column.name.startswith("result_preview_")
        if "scopedPrice" not in column.path and not ("isMaster" in fields(relation) and column.path[0] == "price")
        if column.path[:2] != ("variant", "price") and relation.name != "variant_projections_current"
    }
    found = {
        (relation.name, place.column) for relation in RELATIONS.values() for place in custom_field_columns(relation)
    }
    assert columns | {("payment_interface_interactions", "fields")} == found


@pytest.mark.parametrize(
    ("relation", "place"),
    [
        ("orders", CustomFieldColumn("custom_fields", "custom_", "order")),
        ("orders", CustomFieldColumn("shippingAddress_custom_fields", "shippingAddress_custom_", "address")),
        ("carts", CustomFieldColumn("shippingCustomFields_fields", "shippingCustomFields_", "shipping")),
        ("order_line_items", CustomFieldColumn("custom_fields", "custom_", "line-item")),
        ("order_return_items", CustomFieldColumn("custom_fields", "custom_", "order-return-item")),
        ("shopping_list_line_items", CustomFieldColumn("custom_fields", "custom_", "line-item")),
        ("staged_quotes", CustomFieldColumn("custom_fields", "custom_", "quote")),
        (
            "payments",
            CustomFieldColumn("paymentMethodInfo_custom_fields", "paymentMethodInfo_custom_", "payment-method-info"),
        ),
        ("payment_interface_interactions", CustomFieldColumn("fields", "custom_", "payment-interface-interaction")),
        ("product_variant_prices", CustomFieldColumn("custom_fields", "custom_", "product-price")),
    ],
)
def test_places(relation: str, place: CustomFieldColumn) -> None:
    assert place in custom_field_columns(RELATIONS[relation])


def test_custom_fields_that_the_contract_does_not_know_are_found_all_the_same() -> None:
    custom = Field("custom", "json", nullable=True, path=("custom",), level=0)
    for name, places in {
        "product_tailoring": (CustomFieldColumn("custom", "custom_", "product-tailoring", whole=True),),
        "zones": (),
    }.items():
        assert custom_field_columns(replace(RELATIONS[name], columns=(*RELATIONS[name].columns, custom))) == places
