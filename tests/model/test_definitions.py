"""Product types and types become definitions, whatever their records hold; names become columns in one way only."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.contract import load
from commercetools_source.model.custom.definitions import (
    ATTRIBUTE_TYPES,
    FIELD_TYPES,
    Definition,
    FieldType,
    changes,
    column_names,
    custom_fields,
    custom_type,
    identifier,
    product_type,
)
from commercetools_source.model.custom.unfit import fits
from commercetools_source.model.custom.values import Reader
from commercetools_source.sandbox import Sandbox


def field(name: str, type_: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": {"name": type_, **more}}


def orders(key: str, *fields: dict[str, Any]) -> Any:
    record = {"id": f"id-{key}", "key": key, "resourceTypeIds": ["order", "review"], "fieldDefinitions": list(fields)}
    return custom_type(record)


def test_every_type_of_the_contract_has_its_row() -> None:
    types = load().types
    assert ATTRIBUTE_TYPES.keys() == types["AttributeType"].variants.keys()
    assert FIELD_TYPES.keys() == types["FieldType"].variants.keys()


def test_a_key_that_was_removed_from_an_enumeration_still_fits() -> None:
    reader = Reader({})
    record = {"fieldDefinitions": [field("tier", "Enum", values=[]), field("size", "LocalizedEnum", values=[])]}
    for definition in custom_type(record).fields:
        assert fits(definition.type, "gold", reader)
    attributes = [field("colour", "enum", values=[]), field("cut", "lenum", values=[])]
    plain, localized = product_type({"attributes": attributes}).attributes
    assert fits(plain.type, {"key": "red", "label": "Red"}, reader)
    assert fits(localized.type, {"key": "slim", "label": {"en": "Slim"}}, reader)


def test_keys_that_are_removed_from_an_enumeration_are_told() -> None:
    def named(*names: str) -> list[dict[str, str]]:
        return [{"key": name, "label": name} for name in names]

    def tier(key: str, *names: str) -> Any:
        return orders(key, field("tier", "Set", elementType={"name": "Enum", "values": named(*names)}))

    def told(before: list[Any], after: list[Any]) -> list[str]:
        sides = ({"order": custom_fields(side, "order")[0]} for side in (before, after))
        return list(map(str, changes(*sides)))

    many = [f"k{number}" for number in range(7)]
    assert told([tier("a", *many)], [tier("a")]) == [
        (
            "custom field 'tier' on order can be no more 'k0', 'k1', 'k2', 'k3', 'k4' and 2 others; rows that have such"
            " a value keep it"
        )
    ]
    assert told([tier("a", "gold")], [tier("a", "gold", "iron")]) == []
    # Another Type still has it.
    assert told([tier("a", "gold"), tier("b", "gold")], [tier("a"), tier("b", "gold")]) == []
    # A text may be anything.
    text = orders("a", field("tier", "Set", elementType={"name": "String"}))
    assert told([tier("a", "gold")], [text]) == []


def test_definitions_are_read_with_what_is_inside_them() -> None:
    nested = {"name": "nested", "typeReference": {"typeId": "product-type", "id": "p"}}
    found = product_type(
        {
            "id": "p",
            "key": "shoes",
            "attributes": [
                {**field("size", "enum", values=[]), "level": "Variant"},
                {**field("related", "set", elementType={"name": "reference", "referenceTypeId": "product"})},
                {**field("parts", "set", elementType=nested), "level": "Product"},
            ],
        }
    )
    assert (found.id, found.key) == ("p", "shoes")
    assert found.attributes == (
        Definition("size", FieldType("enum"), "Variant"),
        Definition("related", FieldType("set", FieldType("reference", target="product"))),
        Definition("parts", FieldType("set", FieldType("nested", target="p")), "Product"),
    )
    assert [str(one.type) for one in found.attributes] == ["enum", "set of reference to product", "set of nested"]


def test_a_type_that_is_not_known_is_json() -> None:
    found = product_type({"attributes": [field("a", "hologram"), field("b", "set", elementType={"name": "hologram"})]})
    assert [one.type for one in found.attributes] == [FieldType("json"), FieldType("set", FieldType("json"))]
    assert custom_type({"fieldDefinitions": [field("a", "boolean")]}).fields[0].type == FieldType("json")


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["name", "type", "attributes", "fieldDefinitions", "resourceTypeIds", "elementType", "id"]
                ),
                x,
            )
        ),
        max_leaves=12,
    )
)
def test_no_record_is_too_strange(value: Any) -> None:
    for record in ({"attributes": value, "fieldDefinitions": value, "resourceTypeIds": value}, {"attributes": [value]}):
        product_type(record)
        custom_type(record)


def test_the_sandbox_shop_is_understood_to_the_last_definition() -> None:
    with Sandbox() as shop:
        products = [product_type(record) for record in shop.records("product_types")]
        customs = [custom_type(record) for record in shop.records("types")]
    kinds = {str(one.type) for found in products for one in found.attributes}
    assert len(kinds) > 20
    assert not [kind for kind in kinds if "json" in kind]
    resources = {resource for one in customs for resource in one.resources}
    assert resources == set(load().types["ResourceTypeId"].enum)
    for resource in resources:
        fields, conflicts = custom_fields(customs, resource)
        assert len(fields) >= 6
        assert not conflicts


def test_the_fields_of_several_types_are_united_by_name() -> None:
    one = orders("b2b", field("note", "String"), field("gift", "Boolean"))
    other = orders("extras", field("note", "String"), field("due", "Date"))
    fields, conflicts = custom_fields([other, one], "order")
    assert [(found.name, found.type.kind) for found in fields] == [
        ("due", "date"),
        ("gift", "boolean"),
        ("note", "text"),
    ]
    assert conflicts == ()
    assert custom_fields([other, one], "customer") == ((), ())


def test_a_name_with_two_types_stays_json_and_is_told() -> None:
    one, other = (
        orders("b2b", field("due", "Date")),
        orders("extras", field("due", "Set", elementType={"name": "Date"})),
    )
    fields, conflicts = custom_fields([other, one], "order")
    assert fields == (Definition("due", FieldType("json")),)
    assert str(conflicts[0]) == "'due' of order is date in b2b, set of date in extras"
    assert custom_fields([one, other], "order") == (fields, conflicts)
    # An Enum's value and a String's are both texts.
    assert (
        custom_fields([orders("a", field("x", "Enum", values=[])), orders("b", field("x", "String"))], "order")[1] == ()
    )


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("color", "color"),
        ("list-price", "list_price"),
        ("3d", "_3d"),
        ("", "_"),
        ("größe", "gr__e"),
        ('a"; DROP', "a___DROP"),
    ],
)
def test_a_name_becomes_one_that_needs_no_quotes(name: str, column: str) -> None:
    assert identifier(name) == column


def test_names_that_come_out_alike_all_get_a_suffix() -> None:
    found = column_names([("color", ""), ("Color", ""), ("size", ""), ("id", "")], ["ID"], "")
    assert list(found.values()) == ["color_0bb2e319", "Color_0c1ee62f", "size", "id_b9d6871e"]
    assert column_names([("type_id", "")], ["custom_type_id"], "custom_")["type_id", ""].startswith("custom_type_id_")


PARTS = st.lists(
    st.tuples(st.text("aA-_1", max_size=3), st.sampled_from(["", "_a", "_label"])), max_size=8, unique=True
)


@given(PARTS, PARTS, st.lists(st.text("aA_", max_size=2)), st.sampled_from(["", "custom_"]))
def test_a_new_field_never_changes_what_a_column_means(
    parts: list[tuple[str, str]], more: list[tuple[str, str]], taken: list[str], prefix: str
) -> None:
    before = column_names(parts, taken, prefix)
    after = column_names([*parts, *(one for one in more if one not in parts)], taken, prefix)
    for found in (before, after):
        columns = [column.casefold() for column in found.values()]
        assert len({*columns, *(name.casefold() for name in taken)}) == len(columns) + len({*map(str.casefold, taken)})
    meant = {column.casefold(): part for part, column in before.items()}
    assert all(meant.get(column.casefold(), part) == part for part, column in after.items())
