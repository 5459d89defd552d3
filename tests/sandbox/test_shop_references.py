"""Whatever a record of the shop refers to exists in the shop, and values fit the types that are defined for them."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from commercetools_source.sandbox.shop.generate import generate

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
APPROVALS = "/as-associate/{associateId}/in-business-unit/key={businessUnitKey}"
# Where the records of a reference type id are, when the path is not its plural.
PATHS = {
    "approval-flow": f"{APPROVALS}/approval-flows",
    "approval-rule": f"{APPROVALS}/approval-rules",
    "business-unit": "/business-units",
    "category": "/categories",
    "inventory-entry": "/inventory",
    "key-value-document": "/custom-objects",
    "order-edit": "/orders/edits",
    "product-tailoring": "/product-tailoring",
    "recurrence-policy": "/recurrence-policies",
    "tax-category": "/tax-categories",
}
# No collection lists these.
UNLISTED = {"customer-email-token", "customer-password-token", "direct-discount", "reservation", "user"}

Shop = dict[str, list[tuple[str, Any]]]


@pytest.fixture(scope="module")
def shop() -> Shop:
    found: Shop = defaultdict(list)
    for collection, parent, record in generate("tiny", 7, NOW):
        found[collection].append((parent, msgspec.json.decode(record)))
    return found


def records(shop: Shop, collection: str) -> list[Any]:
    return [record for _, record in shop[collection]]


def key_range(value: Any) -> Iterator[Any]:
    """Yield every object in `value`, outermost first."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from key_range(part)
    elif isinstance(value, list):
        for part in value:
            yield from key_range(part)


def ids(shop: Shop, kind: str) -> set[str]:
    return {record["id"] for record in records(shop, PATHS.get(kind, f"/{kind}s"))}


def test_references_by_id_lead_to_records(shop: Shop) -> None:
    known: dict[str, set[str]] = {}
    lost = set()
    for collection in shop:
        for record in records(shop, collection):
            deleted = record.get("resource", {}).get("id") if record.get("type", "").endswith("Deleted") else None
            for found in key_range(record):
                kind, uid = found.get("typeId"), found.get("id")
                if kind is None or uid is None or kind in UNLISTED or uid == deleted:
                    continue
                if found.get("code") == "ReferencedResourceNotFound":
                    continue  # that is what this error says
                if uid not in known.setdefault(kind, ids(shop, kind)):
                    lost.add((collection, kind, uid))
    assert lost == set()


def test_references_by_key_lead_to_records(shop: Shop) -> None:
    keys = {
        kind: {record["key"] for record in records(shop, f"/{kind}s")}
        for kind in ("store", "business-unit", "associate-role")
    }
    lost = {
        (collection, found["typeId"], found["key"])
        for collection in shop
        for record in records(shop, collection)
        for found in key_range(record)
        if "typeId" in found and "key" in found and "id" not in found and found["key"] not in keys[found["typeId"]]
    }
    assert lost == set()


def test_plain_ids_and_skus_exist(shop: Shop) -> None:
    customers, products = ids(shop, "customer"), ids(shop, "product")
    skus = {
        variant["sku"]
        for product in records(shop, "/products")
        for data in (product["masterData"]["current"], product["masterData"]["staged"])
        for variant in (data["masterVariant"], *data["variants"])
    }
    for path in ("/orders", "/carts"):
        for record in records(shop, path):
            assert record.get("customerId") in customers | {None}
            for line in record["lineItems"]:
                assert line["productId"] in products
                assert line["variant"]["sku"] in skus
    assert {entry["sku"] for entry in records(shop, "/inventory")} <= skus
    assert {price["sku"] for price in records(shop, "/standalone-prices")} <= skus
    # One variant is no copy of what is inside a product, as in a project that has migrated.
    copies = [row for row in records(shop, "/variants") if row["variantId"] < 1000]
    assert {variant["current"]["sku"] for variant in copies} <= skus


def test_a_line_item_quotes_a_variant_of_its_product(shop: Shop) -> None:
    owner = {
        variant["sku"]: (product["id"], product["productType"]["id"])
        for product in records(shop, "/products")
        for variant in (
            product["masterData"]["current"]["masterVariant"],
            *product["masterData"]["current"]["variants"],
        )
    }
    for order in records(shop, "/orders"):
        for line in order["lineItems"]:
            assert owner[line["variant"]["sku"]] == (line["productId"], line["productType"]["id"])


def fits_field(kind: dict[str, Any], value: Any) -> bool:
    """Return whether `value` can be a custom field of type `kind`."""
    name = kind["name"]
    if name == "Set":
        return isinstance(value, list) and all(fits_field(kind["elementType"], part) for part in value)
    if name in {"Enum", "LocalizedEnum"}:
        return value in [allowed["key"] for allowed in kind["values"]]
    if name == "Reference":
        return value["typeId"] == kind["referenceTypeId"]
    if name == "Money":
        return value["type"] == "centPrecision"
    if name == "LocalizedString":
        return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
    return isinstance(value, {"Boolean": bool, "Number": (int, float)}.get(name, str))


def test_custom_fields_fit_their_type(shop: Shop) -> None:
    types = {
        record["id"]: {field["name"]: field["type"] for field in record["fieldDefinitions"]}
        for record in records(shop, "/types")
    }
    seen = set()
    for collection in shop:
        for record in records(shop, collection):
            for found in key_range(record):
                if found.get("type", {}) and "fields" in found and found["type"]["typeId"] == "type":
                    fields = types[found["type"]["id"]]
                    for name, value in found["fields"].items():
                        assert fits_field(fields[name], value), (name, value)
                        seen.add(fields[name]["name"])
    assert seen == {
        *("Boolean", "String", "LocalizedString", "Enum", "LocalizedEnum", "Number", "Money", "Date", "Time"),
        *("DateTime", "Reference", "Set"),
    }


def test_custom_fields_are_of_a_type_for_their_place(shop: Shop) -> None:
    allowed = {record["id"]: record["resourceTypeIds"] for record in records(shop, "/types")}
    places = {
        "/orders": "order",
        "/carts": "order",
        "/customers": "customer",
        "/categories": "category",
        "/inventory": "inventory-entry",
        "/payments": "payment",
        "/stores": "store",
        "/quotes": "quote",
        "/business-units": "business-unit",
    }
    for path, place in places.items():
        used = [record["custom"] for record in records(shop, path) if "custom" in record]
        assert used
        assert all(place in allowed[custom["type"]["id"]] for custom in used)


def fits_attribute(kind: dict[str, Any], value: Any) -> bool:
    """Return whether `value` can be an attribute of type `kind`."""
    name = kind["name"]
    if name == "set":
        return isinstance(value, list) and all(fits_attribute(kind["elementType"], part) for part in value)
    if name in {"enum", "lenum"}:
        return value in kind["values"]
    if name == "reference":
        return value["typeId"] == kind["referenceTypeId"]
    if name == "nested":
        return all({"name", "value"} == set(part) for part in value)
    if name == "money":
        return "centAmount" in value
    return isinstance(value, {"boolean": bool, "number": (int, float), "ltext": dict}.get(name, str))


def test_attributes_fit_their_product_type_and_every_attribute_type_is_used(shop: Shop) -> None:
    types = {
        record["id"]: {attribute["name"]: attribute for attribute in record.get("attributes", ())}
        for record in records(shop, "/product-types")
    }
    seen = set()
    for product in records(shop, "/products"):
        definitions = types[product["productType"]["id"]]
        for data in (product["masterData"]["current"], product["masterData"]["staged"]):
            levels = [("Product", data["attributes"])]
            levels += [
                ("Variant", variant.get("attributes", ())) for variant in (data["masterVariant"], *data["variants"])
            ]
            for level, attributes in levels:
                for attribute in attributes:
                    definition = definitions[attribute["name"]]
                    assert definition["level"] == level
                    assert fits_attribute(definition["type"], attribute["value"]), attribute
                    inner = definition["type"].get("elementType", {}).get("name")
                    seen |= {definition["type"]["name"], f"set of {inner}" if inner else level}
    plain = {"boolean", "text", "ltext", "enum", "lenum", "number", "money", "date", "time", "datetime", "reference"}
    assert seen >= plain | {"nested", "set"} | {f"set of {name}" for name in (*plain, "nested", "set")}


def test_an_attribute_name_and_a_field_name_have_one_type_each(shop: Shop) -> None:
    attributes: dict[str, Any] = {}
    for record in records(shop, "/product-types"):
        for attribute in record.get("attributes", ()):
            assert attributes.setdefault(attribute["name"], attribute["type"]) == attribute["type"]
    fields: dict[tuple[str, str], Any] = {}
    for record in records(shop, "/types"):
        for resource in record["resourceTypeIds"]:
            for field in record["fieldDefinitions"]:
                assert fields.setdefault((resource, field["name"]), field["type"]) == field["type"]


def test_children_have_parents(shop: Shop) -> None:
    selections = {record["id"]: record for record in records(shop, "/product-selections")}
    products = defaultdict(set)
    for parent, record in shop["/product-selections/{ID}/products"]:
        products[parent].add(record["product"]["id"])
    assert {uid: record["productCount"] for uid, record in selections.items()} == {
        uid: len(products[uid]) for uid in selections
    }
    active = {
        store["key"]: {chosen["productSelection"]["id"] for chosen in store["productSelections"] if chosen["active"]}
        for store in records(shop, "/stores")
    }
    for parent, record in shop["/in-store/key={storeKey}/product-selection-assignments"]:
        assert record["productSelection"]["id"] in active[parent]
        assert record["product"]["id"] in products[record["productSelection"]["id"]]
    associates = {
        f"{associate['customer']['id']}/{unit['key']}"
        for unit in records(shop, "/business-units")
        for associate in unit["associates"]
    }
    for name in ("approval-rules", "approval-flows"):
        assert {parent for parent, _ in shop[f"{APPROVALS}/{name}"]} <= associates


def test_what_was_deleted_is_gone_and_has_told_so(shop: Shop) -> None:
    deleted = [record for record in records(shop, "/messages") if record["type"].endswith("Deleted")]
    kinds = defaultdict(list)
    for message in deleted:
        kinds[message["type"]].append(message["resource"])
    assert len(kinds) == 20
    assert all(len(resources) >= 3 for resources in kinds.values())
    for resources in kinds.values():
        assert not {resource["id"] for resource in resources} & ids(shop, resources[0]["typeId"])


def test_a_message_about_a_new_resource_carries_it(shop: Shop) -> None:
    orders = {record["id"]: record for record in records(shop, "/orders")}
    created = [record for record in records(shop, "/messages") if record["type"] == "OrderCreated"]
    assert created
    told = [
        message for message in created if message["resourceUserProvidedIdentifiers"].get("orderNumber", "")[4:5] == "-"
    ]
    assert all(message["order"] == orders[message["resource"]["id"]] for message in told)
    assert all(message["order"]["id"] == message["resource"]["id"] for message in created)


def test_names_that_must_be_unique_are(shop: Shop) -> None:
    unique = {
        "/orders": ["orderNumber"],
        "/customers": ["email", "customerNumber", "key"],
        "/products": ["key"],
        "/stores": ["key"],
        "/types": ["key"],
        "/product-types": ["key"],
        "/discount-codes": ["code"],
        "/carts": ["key"],
        "/states": ["key"],
        "/business-units": ["key"],
        "/custom-objects": ["container", "key"],
        "/inventory": ["sku", "supplyChannel"],
        "/product-tailoring": ["store", "product"],
        "/variants": ["product", "variantId"],
    }
    for path, names in unique.items():
        groups = (
            [[name] for name in names]
            if path not in {"/custom-objects", "/inventory", "/product-tailoring", "/variants"}
            else [names]
        )
        for group in groups:
            values = [str([record[name] for name in group if name in record]) for record in records(shop, path)]
            present = [value for value in values if value != "[]"]
            assert len(present) == len(set(present)), (path, group)


def test_ids_are_unique_and_look_as_the_platform_makes_them(shop: Shop) -> None:
    for collection in shop:
        found = [record["id"] for record in records(shop, collection) if "id" in record]
        assert len(found) == len(set(found)), collection
        if collection == "/api-clients":
            assert {len(uid) for uid in found} == {24}
        else:
            assert all(len(uid) == 36 and uid[14] == "4" and uid[19] in "89ab" for uid in found), collection


def test_the_keys_of_custom_objects_collide_across_containers(shop: Shop) -> None:
    containers = defaultdict(set)
    for record in records(shop, "/custom-objects"):
        containers[record["key"]].add(record["container"])
    assert max(len(names) for names in containers.values()) > 2
