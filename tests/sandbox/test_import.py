"""Orders that were made elsewhere (https://docs.commercetools.com/api/projects/orders-import), over a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Api

A = {"en": "A"}
EUR = {"currencyCode": "EUR", "centAmount": 1999}
YEN = {"currencyCode": "JPY", "centAmount": 5}
MONEY = {**EUR, "type": "centPrecision", "fractionDigits": 2}


@pytest.fixture(scope="module")
def shop_with_a_shirt(empty: Api) -> Api:
    """A project with a product of two variants and a store."""
    empty.call("POST", "/product-types", {"key": "shirt", "name": "Shirt", "description": ""})
    draft = {"key": "shirt", "productType": {"key": "shirt"}, "name": A, "slug": {"en": "shirt"}}
    variants = {"masterVariant": {"sku": "shirt-1"}, "variants": [{"sku": "shirt-2"}]}
    assert empty.call("POST", "/products", {**draft, **variants}).status == 201
    empty.sandbox.create("stores", {"key": "berlin"})
    return empty


def line(sku: str, **more: Any) -> dict[str, Any]:
    return {"name": A, "variant": {"sku": sku}, "price": {"value": EUR}, "quantity": 2, **more}


def test_an_imported_order_has_what_its_draft_says_and_lines_of_the_shop(shop_with_a_shirt: Api) -> None:
    api = shop_with_a_shirt
    targets = {"targets": [{"addressKey": "home", "quantity": 2}]}
    draft = {
        "orderNumber": "I-1",
        "totalPrice": EUR,
        "completedAt": "2020-01-02T03:04:05.000Z",
        "shipmentState": "Shipped",
        "store": {"typeId": "store", "id": api.sandbox.records("stores")[0]["id"]},
        "lineItems": [line("shirt-2", shippingDetails=targets)],
        "customLineItems": [{"name": A, "slug": "wrap", "quantity": 3, "money": YEN}],
    }
    made = api.call("POST", "/orders/import", draft)
    assert made.status == 201, made.body
    order, product = made.body, api.get("/products/key=shirt").body
    item, custom = order["lineItems"][0], order["customLineItems"][0]
    assert (item["productId"], item["productType"], item["variant"]["id"]) == (product["id"], product["productType"], 2)
    assert item["price"]["value"] == MONEY
    assert item["totalPrice"] == {**MONEY, "centAmount": 3998}
    assert item["shippingDetails"] == {**targets, "valid": True}
    initial = api.get("/states", where='key = "Initial"').ids[0]
    assert item["state"] == [{"quantity": 2, "state": {"typeId": "state", "id": initial}}]
    assert custom["totalPrice"] == {
        "type": "centPrecision",
        "currencyCode": "JPY",
        "centAmount": 15,
        "fractionDigits": 0,
    }
    assert (order["orderState"], order["origin"], order["shipmentState"]) == ("Open", "Customer", "Shipped")
    assert (order["completedAt"], order["store"]) == (draft["completedAt"], {"typeId": "store", "key": "berlin"})
    assert api.get("/orders/order-number=I-1").body == order
    where = f'resource(id = "{order["id"]}")'
    assert [message["type"] for message in api.get("/messages", where=where).body["results"]] == ["OrderImported"]


@pytest.mark.parametrize(
    ("fields", "code", "told"),
    [
        ({"lineItems": [line("nobody's")]}, "InvalidInput", "lineItems[0].variant"),
        ({"lineItems": [line("shirt-1", productId="nobody's")]}, "InvalidInput", "lineItems[0].variant"),
        ({"lineItems": [line("shirt-1", variant={"sku": "shirt-1", "id": 2})]}, "InvalidInput", "lineItems[0].variant"),
        ({"lineItems": [line("shirt-1", quantity="2")]}, "InvalidField", "lineItems[0].quantity"),
        ({"lineItems": [{**line("shirt-1"), "sku": "x"}]}, "InvalidInput", "lineItems[0].sku"),
        ({"orderState": "Opn"}, "InvalidField", "orderState"),
        ({"totalPrice": None}, "RequiredField", "totalPrice"),
        ({"cart": {"id": "x"}}, "InvalidInput", "cart"),
        ({"store": {"typeId": "store", "key": "rome"}}, "ReferencedResourceNotFound", "rome"),
        ({"orderNumber": "I-2"}, "DuplicateField", "I-2"),
    ],
)
def test_an_import_that_the_platform_refuses_stores_nothing(
    shop_with_a_shirt: Api, fields: dict[str, Any], code: str, told: str
) -> None:
    api = shop_with_a_shirt
    api.call("POST", "/orders/import", {"orderNumber": "I-2", "totalPrice": EUR})
    total = api.get("/orders").body["total"]
    refused = api.call("POST", "/orders/import", {"totalPrice": EUR, **fields})
    assert (refused.status, refused.body["errors"][0]["code"]) == (400, code)
    assert told in refused.message
    assert api.get("/orders").body["total"] == total


def test_nothing_is_read_where_orders_are_imported(empty: Api) -> None:
    assert (empty.get("/orders/import").status, empty.call("DELETE", "/orders/import", version=1).status) == (405, 405)


def test_a_line_of_high_precision_is_rounded_half_to_even(shop_with_a_shirt: Api) -> None:
    api = shop_with_a_shirt
    money = {"type": "highPrecision", "currencyCode": "EUR", "preciseAmount": 125, "fractionDigits": 3}
    prices = [{**money, "preciseAmount": amount} for amount in (125, 135, 126, -125)]
    lines = [line("shirt-1", quantity=1, price={"value": price}) for price in prices]
    order = api.call("POST", "/orders/import", {"totalPrice": EUR, "lineItems": lines}).body
    assert [item["totalPrice"]["centAmount"] for item in order["lineItems"]] == [12, 14, 13, -12]
    assert [item["price"]["value"]["centAmount"] for item in order["lineItems"]] == [12, 14, 13, -12]
