"""Values that must be unique and references that must lead somewhere, asked for over a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.sandbox import Sandbox
from tests.sandbox.conftest import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

A = {"en": "A"}
PRODUCT: dict[str, Any] = {"productType": {"key": "thing"}, "name": A}


@pytest.fixture(scope="module")
def filled() -> Iterator[Api]:
    with Sandbox(rows=[]) as sandbox:
        client = Api(sandbox)
        for path, draft in [
            ("/stores", {"key": "berlin"}),
            ("/stores", {"key": "paris"}),
            ("/product-types", {"key": "thing", "name": "Thing", "description": ""}),
            ("/zones", {"key": "one", "name": "One"}),
            ("/zones", {"key": "two", "name": "Two"}),
            ("/categories", {"name": A, "slug": {"en": "first"}}),
            ("/products", {**PRODUCT, "slug": {"en": "first"}, "masterVariant": {"sku": "S-1"}}),
            ("/customers", {"email": "Ann@example.com", "customerNumber": "1"}),
            ("/customers", {"email": "bob@example.com", "stores": [{"key": "berlin"}]}),
        ]:
            assert client.call("POST", path, draft).status == 201
        yield client
        client.close()


@pytest.mark.parametrize(
    ("path", "draft", "field", "value"),
    [
        ("/zones", {"key": "one", "name": "Other"}, "key", "one"),
        ("/categories", {"name": A, "slug": {"de": "first"}}, "slug", "first"),
        ("/products", {**PRODUCT, "slug": {"en": "first"}}, "slug", "first"),
        ("/products", {**PRODUCT, "slug": {"en": "new"}, "variants": [{"sku": "S-1"}]}, "sku", "S-1"),
        ("/products", {**PRODUCT, "slug": {"en": "new"}, "masterVariant": {"sku": "S"}, "variants": [{"sku": "S"}]},
         "sku", "S"),
        ("/customers", {"email": "c@example.com", "customerNumber": "1"}, "customerNumber", "1"),
        ("/customers", {"email": "aNN@Example.com"}, "email", "aNN@Example.com"),
        ("/customers", {"email": "BOB@example.com", "stores": [{"key": "paris"}, {"key": "berlin"}]},
         "email", "BOB@example.com"),
    ],
)  # fmt: skip
def test_a_value_that_another_record_has_is_refused(
    filled: Api, path: str, draft: dict[str, Any], field: str, value: str
) -> None:
    total = filled.get(path).body["total"]
    refused = filled.call("POST", path, draft)
    error = refused.body["errors"][0]
    assert (refused.status, error["code"], error["field"], error["duplicateValue"]) == (
        400, "DuplicateField", field, value,
    )  # fmt: skip
    assert filled.get(path).body["total"] == total


def test_an_update_may_keep_a_value_and_may_not_take_that_of_another(filled: Api) -> None:
    one, two = ({"action": "setKey", "key": key} for key in ("one", "two"))
    refused = filled.call("POST", "/zones/key=one", {"version": 1, "actions": [two]})
    assert refused.body["errors"][0]["code"] == "DuplicateField"
    assert filled.call("POST", "/zones/key=one", {"version": 1, "actions": [one]}).body["key"] == "one"
    product = filled.get("/products").body["results"][0]
    path = f"/products/{product['id']}"
    add = {"action": "addVariant", "sku": "S-1"}
    assert filled.call("POST", path, {"version": 1, "actions": [add]}).body["errors"][0]["code"] == "DuplicateField"
    rename = {"action": "changeName", "name": {"en": "B"}}
    assert filled.call("POST", path, {"version": 1, "actions": [rename]}).status == 200


def test_two_stores_may_have_a_customer_of_the_same_address(filled: Api) -> None:
    made = filled.call("POST", "/customers", {"email": "bob@example.com", "stores": [{"key": "paris"}]})
    assert made.status == 201


@pytest.mark.parametrize(
    ("path", "draft", "missing"),
    [
        ("/categories", {"name": A, "slug": {"en": "x"}, "parent": {"id": "none"}}, ("category", "id", "none")),
        ("/customers", {"email": "d@example.com", "customerGroup": {"id": "none"}}, ("customer-group", "id", "none")),
        ("/customers", {"email": "d@example.com", "stores": [{"key": "none"}]}, ("store", "key", "none")),
        ("/inventory", {"sku": "A", "quantityOnStock": 1, "custom": {"type": {"id": "none"}, "fields": {}}},
         ("type", "id", "none")),
    ],
)  # fmt: skip
def test_a_reference_that_leads_nowhere_is_refused(
    filled: Api, path: str, draft: dict[str, Any], missing: tuple[str, str, str]
) -> None:
    refused = filled.call("POST", path, draft)
    error = refused.body["errors"][0]
    assert (refused.status, error["code"]) == (400, "ReferencedResourceNotFound")
    assert (error["typeId"], error[missing[1]]) == (missing[0], missing[2])


def test_what_another_record_refers_to_is_not_deleted(filled: Api) -> None:
    refused = filled.call("DELETE", "/product-types/key=thing", version=1)
    assert (refused.status, refused.body["errors"][0]["code"]) == (400, "ReferenceExists")
    assert "a record of /products refers to it" in refused.message
    assert filled.get("/product-types/key=thing").status == 200
    free = filled.call("POST", "/product-types", {"key": "free", "name": "Free", "description": ""})
    assert free.status == 201
    assert filled.call("DELETE", "/product-types/key=free", version=1).status == 200
