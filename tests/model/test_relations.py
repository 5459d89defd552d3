"""The model of a shop: names, keys and foreign keys are right for every relation, before any data is there."""

from __future__ import annotations

import pytest

from commercetools_source.catalog.contract import Expression, parse
from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.child_tables import FAMILIES
from commercetools_source.model.fields import value_columns
from commercetools_source.model.relation import Field, ForeignKey, Relation
from commercetools_source.model.relations import all_relations

RELATIONS = all_relations()
relations = pytest.mark.parametrize("relation", RELATIONS.values(), ids=lambda relation: relation.name)


def names(found: Relation | tuple[Field, ...]) -> list[str]:
    return [column.name for column in (found.columns if isinstance(found, Relation) else found)]


def test_every_stream_has_a_relation_and_every_child_of_the_catalogue_one() -> None:
    children = {f"{family.singular}_{child.name}" for family in FAMILIES.values() for child in family.children}
    assert set(RELATIONS) == {*STREAMS, *children}
    # What changed is known by the resource and its version; all else that has children has an id.
    keys = {stream: STREAMS[stream].key for stream in FAMILIES}
    assert keys.pop("change_history") == ("resourceType", "resourceId", "version")
    assert set(keys.values()) == {("id",)}


@relations
def test_columns_of_a_relation_have_names_of_their_own_even_where_case_is_ignored(relation: Relation) -> None:
    assert len({name.casefold() for name in names(relation)}) == len(relation.columns)
    assert {column.kind for column in relation.columns} <= set(KINDS)


@relations
def test_a_key_is_made_of_the_columns_that_are_never_null(relation: Relation) -> None:
    assert set(relation.key) == {column.name for column in relation.columns if not column.nullable}
    assert len(relation.key) > (1 if relation.parent else 0) or not relation.parent


@relations
def test_a_relation_points_to_its_parents_key_and_to_columns_that_exist_with_the_same_type(relation: Relation) -> None:
    kinds = {column.name: column.kind for column in relation.columns}
    if relation.parent:
        assert relation.foreign_keys[0].relation == relation.parent
        assert relation.foreign_keys[0].to == RELATIONS[relation.parent].key
        assert set(relation.foreign_keys[0].columns) <= set(relation.key)
    for foreign in relation.foreign_keys:
        target = {column.name: column.kind for column in RELATIONS[foreign.relation].columns}
        assert [kinds[name] for name in foreign.columns] == [target[name] for name in foreign.to]


@relations
def test_all_ways_to_the_items_of_a_relation_are_equally_deep_below_its_parent(relation: Relation) -> None:
    if relation.parent:
        above = [len(origin.steps) for origin in RELATIONS[relation.parent].origins]
        deeper = len(relation.origins) // len(above)
        steps = [len(origin.steps) for origin in relation.origins]
        inherited_from_items = any(column.level < -1 for column in relation.columns if not column.nullable)
        assert not inherited_from_items or steps == [deep + 1 for deep in above for _ in range(deeper)]
    for origin in relation.origins:
        for step in origin.steps:
            assert not any(branch.listed for branch in step.branches[:-1])


@pytest.mark.parametrize(
    ("name", "parent", "key"),
    [
        ("orders", "", "id"),
        ("order_line_items", "orders", "orderId id"),
        ("order_line_item_states", "order_line_items", "orderId lineItemId position"),
        ("order_parcels", "order_deliveries", "orderId deliveryId id"),
        ("order_return_items", "order_returns", "orderId returnPosition id"),
        ("product_data", "products", "productId staged"),
        ("product_variants", "product_data", "productId staged id"),
        ("product_variant_price_tiers", "product_variant_prices", "productId staged variantId priceId position"),
        ("product_variant_attributes", "product_variants", "productId staged variantId name"),
        ("category_ancestors", "categories", "categoryId position"),
        ("store_product_selection_assignments", "", "storeKey productSelectionId productId"),
    ],
)
def test_parents_and_keys(name: str, parent: str, key: str) -> None:
    assert RELATIONS[name].parent == parent
    assert RELATIONS[name].key == tuple(key.split())


def test_money_references_and_addresses_are_unfolded() -> None:
    orders = names(RELATIONS["orders"])
    money = ["totalPrice_centAmount", "totalPrice_currency", "totalPrice_fractionDigits", "totalPrice_amount"]
    assert [name for name in orders if name.startswith("totalPrice")] == money
    assert {"customerGroup_id", "store_key", "shippingAddress_city", "custom_fields"} <= set(orders)
    assert not {"lineItems", "totalPrice", "shippingInfo_deliveries"} & set(orders)


@pytest.mark.parametrize(
    ("expression", "columns"),
    [
        ("string", [("x", "string")]),
        ("[date]", [("x", "[date]")]),
        ("LocalizedString", [("x", "map")]),
        ("[LocalizedString]", [("x", "[map]")]),
        ("[CentPrecisionMoney]", [("x", "json")]),
        ("any", [("x", "json")]),
        ("Reference", [("x_id", "string"), ("x_typeId", "string")]),
        (
            "TypedMoney",
            [
                ("x_centAmount", "int"),
                ("x_currency", "string"),
                ("x_fractionDigits", "int"),
                ("x_preciseAmount", "int"),
                ("x_amount", "precise"),
            ],
        ),
        ("Money", [("x_centAmount", "int"), ("x_currency", "string")]),
        ("AttributeLocalizedEnumValue", [("x_key", "string"), ("x_label", "map")]),
        ("Order", [("x", "json")]),
    ],
)
def test_a_value_is_unfolded_by_its_type(expression: str, columns: list[tuple[str, str]]) -> None:
    assert [(field.name, field.kind) for field in value_columns("x", parse(expression))] == columns


def test_an_unfolded_value_without_a_name_is_called_by_its_parts() -> None:
    found = value_columns("", Expression("StoreKeyReference"), ("at",))
    assert [(field.name, field.path, field.refers) for field in found] == [
        ("key", ("at", "key"), "stores.key"),
        ("typeId", ("at", "typeId"), ""),
    ]


def test_references_and_ids_by_name_become_foreign_keys() -> None:
    found = RELATIONS["order_line_items"].foreign_keys
    assert ForeignKey(("orderId",), "orders", ("id",)) in found
    assert ForeignKey(("productId",), "products", ("id",)) in found
    assert ForeignKey(("productType_id",), "product_types", ("id",)) in found
    assert ForeignKey(("payment_id",), "payments", ("id",)) in RELATIONS["order_payments"].foreign_keys
    assert ForeignKey(("store_key",), "stores", ("key",)) in RELATIONS["orders"].foreign_keys
