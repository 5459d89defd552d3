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

DISCOUNT = {
    "name": A, "value": {"type": "relative", "permyriad": 100}, "predicate": "1 = 1", "sortOrder": "0.5",
    "isActive": True,
}  # fmt: skip


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
            ("/discount-groups", {"key": "group", "sortOrder": "0.1"}),
            ("/product-discounts", DISCOUNT),
            ("/customers", {"password": "x", "email": "Ann@example.com", "customerNumber": "1"}),
            ("/customers", {"password": "x", "email": "bob@example.com", "stores": [{"key": "berlin"}]}),
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
        ("/products", {**PRODUCT, "slug": {"en": "new"}, "masterVariant": {}, "variants": [{"sku": "S-1"}]},
         "sku", "S-1"),
        ("/products", {**PRODUCT, "slug": {"en": "new"}, "masterVariant": {"sku": "S"}, "variants": [{"sku": "S"}]},
         "sku", "S"),
        ("/discount-groups", {"key": "other", "sortOrder": "0.1"}, "sortOrder", "0.1"),
        ("/product-discounts", DISCOUNT, "sortOrder", "0.5"),
        ("/customers", {"password": "x", "email": "c@example.com", "customerNumber": "1"}, "customerNumber", "1"),
        ("/customers", {"password": "x", "email": "aNN@Example.com"}, "email", "aNN@Example.com"),
        ("/customers", {"password": "x", "email": "BOB@example.com", "stores": [{"key": "paris"}, {"key": "berlin"}]},
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


def test_no_two_standalone_prices_hold_for_the_same_buyers_at_the_same_time(filled: Api) -> None:
    def post(number: int, **fields: Any) -> Any:
        price = {"key": f"price-{number}", "sku": "P", "value": {"currencyCode": "EUR", "centAmount": number}}
        return filled.call("POST", "/standalone-prices", {**price, **fields})

    may, june, july = (f"2026-0{month}-01T00:00:00.000Z" for month in (5, 6, 7))
    others = [{}, {"country": "DE"}, {"sku": "Q"}, {"value": {"currencyCode": "USD", "centAmount": 1}},
              {"validFrom": may, "validUntil": june}, {"validFrom": june, "validUntil": july}]  # fmt: skip
    prices = [post(number, **fields) for number, fields in enumerate(others)]
    assert {price.status for price in prices} == {201}
    for fields, code, number in [
        ({"country": "DE"}, "DuplicateStandalonePriceScope", 1),
        ({"validFrom": may, "validUntil": june}, "DuplicateStandalonePriceScope", 4),
        ({"validFrom": may, "validUntil": "2026-05-02T00:00:00.000Z"}, "OverlappingStandalonePriceValidity", 4),
        ({"validFrom": "2026-06-30T00:00:00.000Z"}, "OverlappingStandalonePriceValidity", 5),
    ]:
        refused = post(9, **fields)
        error = refused.body["errors"][0]
        assert (refused.status, error["code"], error["sku"], error["currency"]) == (400, code, "P", "EUR")
        assert error["conflictingStandalonePrice"] == {"typeId": "standalone-price", "id": prices[number].body["id"]}
    change = {"action": "changeValue", "value": {"currencyCode": "EUR", "centAmount": 7}}
    usd, eur = (f"/standalone-prices/key=price-{number}" for number in (3, 0))
    refused = filled.call("POST", usd, {"version": 1, "actions": [change]})
    assert refused.body["errors"][0]["code"] == "DuplicateStandalonePriceScope"
    assert filled.call("POST", eur, {"version": 1, "actions": [change]}).status == 200


def test_a_sku_has_one_stock_in_a_channel_and_a_product_one_tailoring_in_a_store(filled: Api) -> None:
    product = filled.get("/products").body["results"][0]["id"]
    filled.call("POST", "/channels", {"key": "depot"})
    for path, draft, fields, other in [
        ("/inventory", {"sku": "S-1", "quantityOnStock": 1}, "sku", {"supplyChannel": {"key": "depot"}}),
        ("/product-tailoring", {"product": {"id": product}, "store": {"key": "berlin"}}, "product",
         {"store": {"key": "paris"}}),
    ]:  # fmt: skip
        assert [filled.call("POST", path, {**draft, **more}).status for more in ({}, other)] == [201, 201]
        refused = filled.call("POST", path, {**draft, **other})
        error = refused.body["errors"][0]
        assert (refused.status, error["code"], error["field"]) == (400, "DuplicateField", fields)


def test_two_stores_may_have_a_customer_of_the_same_address(filled: Api) -> None:
    made = filled.call(
        "POST", "/customers", {"password": "x", "email": "bob@example.com", "stores": [{"key": "paris"}]}
    )
    assert made.status == 201


@pytest.mark.parametrize(
    ("path", "draft", "missing"),
    [
        ("/categories", {"name": A, "slug": {"en": "xx"}, "parent": {"id": "none"}}, ("category", "id", "none")),
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
