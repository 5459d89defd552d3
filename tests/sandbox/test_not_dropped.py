"""What a client sends is stored, or refused with a reason; what it leaves out has the platform's default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.minimal_drafts import minimal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Api

A = {"en": "A"}
ADDRESSES = [{"country": "DE"}, {"country": "FR"}]


@pytest.mark.parametrize(
    ("path", "draft", "expected"),
    [
        ("/channels", {"key": "store"}, {"roles": ["InventorySupply"]}),
        ("/states", {"key": "new", "type": "OrderState"}, {"initial": True, "builtIn": False}),
        ("/states", {"key": "later", "type": "OrderState", "initial": False}, {"initial": False}),
        ("/standalone-prices", {"sku": "A", "value": {"currencyCode": "EUR", "centAmount": 1}}, {"active": True}),
        ("/discount-codes", {"code": "X"}, {"isActive": True}),
        ("/customer-groups", {"groupName": "VIP"}, {"name": "VIP"}),
        ("/cart-discounts", {"name": A, "value": {"type": "absolute", "money": []}, "cartPredicate": "1 = 1",
                             "target": {"type": "shipping"}},
         {"requiresDiscountCode": False, "isActive": True, "recurringOrderScope": {"type": "NonRecurringOrdersOnly"}}),
        ("/subscriptions", {"destination": {"type": "SQS", "queueUrl": "u", "region": "r"}},
         {"format": {"type": "Platform"}, "status": "Healthy"}),
        ("/shopping-lists", {"name": A, "textLineItems": [{"name": A}]}, {"lineItems": []}),
        ("/carts", {"currency": "JPY"}, {
            "cartState": "Active", "taxMode": "Platform", "inventoryMode": "None", "taxRoundingMode": "HalfEven",
            "totalPrice": {"type": "centPrecision", "currencyCode": "JPY", "centAmount": 0, "fractionDigits": 0}}),
    ],
)  # fmt: skip
def test_a_draft_becomes_what_the_platform_makes_of_it(
    empty: Api, path: str, draft: dict[str, Any], expected: dict[str, Any]
) -> None:
    if path == "/discount-codes":  # one without a discount is refused
        draft = {**minimal(empty.sandbox, path), **draft}
    assert empty.call("POST", path, draft).body.items() >= expected.items()


def test_an_attribute_has_the_defaults_of_the_platform(empty: Api) -> None:
    attribute = {"name": "size", "label": A, "isRequired": False, "type": {"name": "text"}}
    made = empty.call("POST", "/product-types", {"name": "T", "description": "", "attributes": [attribute]}).body
    defaults = {"level": "Variant", "isSearchable": True, "attributeConstraint": "None", "inputHint": "SingleLine"}
    assert made["attributes"] == [{**attribute, **defaults}]


def test_positions_of_addresses_become_their_ids(empty: Api) -> None:
    draft = {
        "email": "a@example.com",
        "password": "x",
        "addresses": ADDRESSES,
        "billingAddresses": [0],
        "defaultBillingAddress": 1,
    }
    made = empty.call("POST", "/customers", draft).body["customer"]
    german, french = (address["id"] for address in made["addresses"])
    assert german != french
    assert (made["billingAddressIds"], made["defaultBillingAddressId"]) == ([german, french], french)
    assert made["shippingAddressIds"] == []
    refused = empty.call("POST", "/customers", {**draft, "email": "b@example.com", "defaultShippingAddress": 2})
    assert refused.message == "The field 'defaultShippingAddress' is 2, and there are 2 addresses, from 0 on."


@pytest.mark.parametrize(
    ("path", "fields", "dropped"),
    [
        ("/carts", {"lineItems": [{"sku": "A", "quantity": 1}]}, "lineItems[0].sku"),
        ("/customers", {"anonymousId": "x"}, "anonymousId"),
        ("/api-clients", {"deleteDaysAfterCreation": 1}, "deleteDaysAfterCreation"),
    ],
)
def test_what_would_be_dropped_is_refused(empty: Api, path: str, fields: dict[str, Any], dropped: str) -> None:
    draft = {**minimal(empty.sandbox, path), "email": "drop@example.com"} if path == "/customers" else None
    total = empty.get(path).body["count"]
    refused = empty.call("POST", path, {**(draft or minimal(empty.sandbox, path)), **fields})
    assert refused.status == 400
    assert refused.message == f"The sandbox does not imitate what the platform does with '{dropped}'; leave it out."
    assert empty.get(path).body["count"] == total


def test_a_reference_by_id_becomes_one_by_key_where_the_platform_has_keys(empty: Api) -> None:
    store = empty.sandbox.create("stores", {"key": "by-id"})
    unit = empty.sandbox.create("business_units", {"key": "unit"})
    references = {"store": {"id": store["id"]}, "businessUnit": {"typeId": "business-unit", "id": unit["id"]}}
    made = empty.call("POST", "/shopping-lists", {"name": A, **references}).body
    assert made["store"] == {"typeId": "store", "key": "by-id"}
    assert made["businessUnit"] == {"typeId": "business-unit", "key": "unit"}


def test_a_review_has_a_target_that_exists_and_is_a_product_or_a_channel(empty: Api) -> None:
    channel = empty.sandbox.create("channels", {"key": "shop"})
    made = empty.call("POST", "/reviews", {"target": {"typeId": "channel", "key": "shop"}}).body
    assert made["target"] == {"typeId": "channel", "id": channel["id"]}
    for target, code in (
        ({"typeId": "product", "key": "nobody"}, "ReferencedResourceNotFound"),
        ({"typeId": "channel", "id": "nobody"}, "ReferencedResourceNotFound"),
        ({"typeId": "customer", "id": channel["id"]}, "InvalidField"),
        ({"typeId": "channel", "key": "shop", "name": A}, "InvalidInput"),
        ({"key": "shop"}, "RequiredField"),
        ("shop", "InvalidField"),
    ):
        refused = empty.call("POST", "/reviews", {"target": target})
        assert (refused.status, refused.body["errors"][0]["code"]) == (400, code), refused.body
        refused = act(empty, "/reviews", made, {"action": "setTarget", "target": target})
        assert (refused.status, refused.body["errors"][0]["code"]) == (400, code), refused.body
    assert empty.get(f"/reviews/{made['id']}").body == made


def act(api: Api, path: str, record: Any, action: dict[str, Any]) -> Any:
    return api.call("POST", f"{path}/{record['id']}", {"version": record["version"], "actions": [action]})


@pytest.mark.parametrize(
    ("field", "variant"), [("lineItemId", "LineItemReturnItem"), ("customLineItemId", "CustomLineItemReturnItem")]
)
def test_a_returned_item_is_of_the_variant_that_its_field_tells(empty: Api, field: str, variant: str) -> None:
    item = {"quantity": 1, field: "x", "shipmentState": "Returned"}
    action = {"action": "setReturnInfo", "items": [{"items": [item]}]}
    changed = act(empty, "/orders", empty.sandbox.create("orders"), action).body
    assert changed["returnInfo"][0]["items"][0].items() >= {**item, "type": variant}.items()


def test_an_action_whose_value_is_not_that_of_the_field_is_refused(empty: Api) -> None:
    record = empty.sandbox.create("recurring_orders")
    action = {"action": "setRecurringOrderState", "recurringOrderState": {"type": "paused"}}
    refused = act(empty, "/recurring-orders", record, action)
    assert (refused.status, refused.body["errors"][0]["code"]) == (400, "InvalidInput")
    assert "'recurringOrderState'" in refused.message
    assert empty.get(f"/recurring-orders/{record['id']}").body == record


@pytest.mark.parametrize(
    ("stream", "action", "told"),
    [
        ("zones", {"action": "setCustomType", "fields": {"a": 1}}, "There is no action"),
        ("stores", {"action": "setCustomType", "fields": {"a": 1}}, "'fields'"),
        ("standalone_prices", {"action": "changeValue", "value": {"currencyCode": "EUR", "centAmount": 1},
                               "staged": True}, "'staged'"),
        ("products", {"action": "publish", "scope": "Prices"}, "'scope'"),
        ("products", {"action": "changeMasterVariant", "variantId": 2}, "no action 'changeMasterVariant'"),
        ("orders", {"action": "setReturnInfo", "items": [{"items": [{"quantity": 1, "shipmentState": "Returned"}]}]},
         "'returnInfo[0].items[0]'"),
    ],
)  # fmt: skip
def test_an_action_of_which_something_would_be_guessed_or_dropped_changes_nothing(
    empty: Api, stream: str, action: dict[str, Any], told: str
) -> None:
    record = empty.sandbox.create(stream)
    path = f"/{stream.replace('_', '-')}"
    refused = act(empty, path, record, action)
    assert refused.status == 400
    assert told in refused.message
    assert empty.get(f"{path}/{record['id']}").body == record


@pytest.mark.parametrize(("shipment", "payment"), [("Returned", "Initial"), ("Advised", "NonRefundable")])
def test_a_returned_item_is_refundable_once_it_is_back(empty: Api, shipment: str, payment: str) -> None:
    item = {"quantity": 1, "lineItemId": "x", "shipmentState": shipment}
    action = {"action": "setReturnInfo", "items": [{"items": [item]}]}
    changed = act(empty, "/orders", empty.sandbox.create("orders"), action).body
    assert changed["returnInfo"][0]["items"][0]["paymentState"] == payment


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/quote-requests", "cartVersion"),
        ("/recurring-orders", "cartVersion"),
        ("/staged-quotes", "quoteRequestVersion"),
        ("/quotes", "stagedQuoteVersion"),
    ],
)
def test_a_stale_version_of_what_a_record_is_made_of_is_a_conflict(empty: Api, path: str, field: str) -> None:
    refused = empty.call("POST", path, {**minimal(empty.sandbox, path), field: 7})
    assert (refused.status, refused.body["errors"][0]["code"]) == (409, "ConcurrentModification")
    assert refused.body["errors"][0]["currentVersion"] == 1
