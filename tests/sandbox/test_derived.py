"""What the platform derives from a write, asked for over a socket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.errors import ConfigError
from commercetools_source.sandbox import Sandbox
from tests.sandbox.conftest import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT = {"clientId": "sandbox-client", "isPlatformClient": False}


@pytest.fixture(scope="module")
def empty() -> Iterator[Api]:
    with Sandbox(rows=[]) as sandbox:
        for key in ("berlin", "paris"):
            sandbox.create("stores", {"key": key})
        client = Api(sandbox)
        yield client
        client.close()


def category(api: Api, slug: str, parent: Any = None) -> Any:
    below = {} if parent is None else {"parent": {"typeId": "category", "id": parent["id"]}}
    return api.call("POST", "/categories", {"key": slug, "name": {"en": slug}, "slug": {"en": slug}, **below}).body


def ancestors(record: Any) -> list[str]:
    return [ancestor["id"] for ancestor in record["ancestors"]]


def act(api: Api, path: str, record: Any, **action: Any) -> Any:
    return api.call("POST", f"{path}/{record['id']}", {"version": record["version"], "actions": [action]})


def test_a_category_has_the_ancestors_of_its_parent_and_moves_with_it(empty: Api) -> None:
    top, other = category(empty, "top"), category(empty, "other")
    middle = category(empty, "middle", top)
    leaf = category(empty, "leaf", middle)
    assert [ancestors(record) for record in (top, middle, leaf)] == [[], [top["id"]], [top["id"], middle["id"]]]
    moved = act(empty, "/categories", middle, action="changeParent", parent={"typeId": "category", "key": "other"})
    assert ancestors(moved.body) == [other["id"]]
    below = empty.get(f"/categories/{leaf['id']}").body
    assert (ancestors(below), below["version"]) == ([other["id"], middle["id"]], 2)
    refused = act(empty, "/categories", moved.body, action="changeParent", parent={"id": leaf["id"]})
    assert refused.message == f"The category '{middle['id']}' cannot be below itself."
    assert ancestors(empty.get(f"/categories/{middle['id']}").body) == [other["id"]]


def test_stock_that_nobody_reserved_is_available(empty: Api) -> None:
    entry = empty.call("POST", "/inventory", {"sku": "A", "quantityOnStock": 7}).body
    assert entry["availableQuantity"] == 7
    empty.sandbox.update("inventory", entry["id"], {"availableQuantity": 5})
    changed = act(empty, "/inventory", {**entry, "version": 2}, action="changeQuantity", quantity=10).body
    assert (changed["quantityOnStock"], changed["availableQuantity"]) == (10, 8)


def test_who_creates_a_record_is_the_last_who_changed_it(empty: Api) -> None:
    zone = empty.call("POST", "/zones", {"name": "Home"}).body
    entry = empty.call("POST", "/custom-objects", {"container": "c", "key": "by", "value": 1}).body
    for record in (zone, entry):
        assert (record["createdBy"], record["lastModifiedBy"]) == (CLIENT, CLIENT)


@pytest.mark.parametrize(
    "draft",
    [
        {"email": "in@example.com", "password": "x"},
        {"email": "at@example.com", "password": "x", "stores": [{"key": "berlin"}]},
    ],
)
def test_what_is_created_at_the_path_of_a_store_belongs_to_it(empty: Api, draft: dict[str, Any]) -> None:
    made = empty.call("POST", "/in-store/key=berlin/customers", draft).body["customer"]
    assert made["stores"] == [{"typeId": "store", "key": "berlin"}]
    cart = empty.call("POST", "/in-store/key=berlin/carts", {"currency": "EUR"}).body
    assert cart["store"] == {"typeId": "store", "key": "berlin"}
    path = f"/in-store/key=paris/carts/{cart['id']}"
    body = {"version": 1, "actions": [{"action": "setKey", "key": "new"}]}
    assert (empty.call("POST", path, body).status, empty.call("DELETE", path, version=1).status) == (404, 404)
    assert empty.get(f"/in-store/key=berlin/carts/{cart['id']}").body == cart


def test_a_draft_for_another_store_than_that_of_the_path_is_refused(empty: Api) -> None:
    draft = {"currency": "EUR", "store": {"typeId": "store", "key": "paris"}}
    refused = empty.call("POST", "/in-store/key=berlin/carts", draft)
    assert (refused.status, refused.message) == (400, "The field 'store' does not name the store 'berlin' of the path.")


def test_an_order_closes_its_cart_and_a_stale_or_closed_cart_gives_none(empty: Api) -> None:
    cart = empty.call("POST", "/carts", {"currency": "EUR", "key": "basket"}).body
    draft: dict[str, Any] = {"cart": {"typeId": "cart", "key": "basket"}, "version": 2, "orderState": "Confirmed"}
    stale = empty.call("POST", "/orders", draft)
    assert (stale.status, stale.body["errors"][0]["currentVersion"]) == (409, 1)
    elsewhere = empty.call("POST", "/in-store/key=berlin/orders", {**draft, "version": 1})
    assert elsewhere.body["errors"][0]["code"] == "ReferencedResourceNotFound"
    order = empty.call("POST", "/orders", {**draft, "version": 1}).body
    assert (order["cart"]["id"], order["orderState"]) == (cart["id"], "Confirmed")
    closed = empty.get(f"/carts/{cart['id']}").body
    assert (closed["cartState"], closed["version"]) == ("Ordered", 2)
    again = empty.call("POST", "/orders", draft)
    changed = act(empty, "/carts", closed, action="setKey", key="other")
    for refused in (again, changed):
        assert (refused.status, refused.body["errors"][0]["code"]) == (400, "InvalidOperation")
    assert len(empty.sandbox.records("orders")) == 1


def test_no_password_is_served_in_clear(empty: Api) -> None:
    made = empty.call("POST", "/customers", {"email": "secret@example.com", "password": "open-sesame"}).body["customer"]
    assert made["password"] == "****"
    assert empty.get(f"/customers/{made['id']}").body["password"] == "****"
    assert "open-sesame" not in str(empty.get("/messages", limit=500).body)


def test_nulls_in_the_value_of_a_custom_object_are_not_saved(empty: Api) -> None:
    value = {"a": None, "b": {"c": None, "d": 0}, "e": [None, {"f": None, "g": False}]}
    kept = {"b": {"d": 0}, "e": [None, {"g": False}]}
    draft = {"container": "c", "key": "nulls", "value": value}
    for _ in range(2):
        assert empty.call("POST", "/custom-objects", draft).body["value"] == kept


def test_a_business_unit_belongs_to_the_one_at_the_top_of_it(empty: Api) -> None:
    top = empty.call("POST", "/business-units", {"key": "top", "name": "T", "unitType": "Company"}).body
    division = {"name": "D", "unitType": "Division"}
    below = {"key": "below", **division, "parentUnit": {"typeId": "business-unit", "id": top["id"]}}
    middle = empty.call("POST", "/business-units", below).body
    leaf = empty.call("POST", "/business-units", {"key": "leaf", **division, "parentUnit": {"key": "below"}}).body
    for unit in (top, middle, leaf):
        assert unit["topLevelUnit"] == {"typeId": "business-unit", "key": "top"}
    assert (middle["parentUnit"], leaf["parentUnit"]["key"]) == ({"typeId": "business-unit", "key": "top"}, "below")
    modes = ("storeMode", "associateMode", "approvalRuleMode")
    assert [top[mode] for mode in modes] == ["Explicit"] * 3
    assert [leaf[mode] for mode in modes] == ["FromParent", "ExplicitAndFromParent", "ExplicitAndFromParent"]


def test_a_business_unit_moves_with_all_below_it_and_never_below_itself(empty: Api) -> None:
    for key in ("one", "two"):
        empty.call("POST", "/business-units", {"key": key, "name": key, "unitType": "Company"})
    units = {}
    for key, parent in (("upper", "one"), ("lower", "upper")):
        draft = {"key": key, "name": key, "unitType": "Division", "parentUnit": {"key": parent}}
        units[key] = empty.call("POST", "/business-units", draft).body

    def move(key: str, parent: str) -> Any:
        unit = empty.get(f"/business-units/key={key}").body
        return act(empty, "/business-units", unit, action="changeParentUnit", parentUnit={"key": parent})

    for parent in ("upper", "lower"):
        assert move("upper", parent).message == "The business unit 'upper' cannot be below itself."
    assert move("two", "one").message == "The business unit 'two' is a Company, which has no parent unit."
    assert move("upper", "two").body["topLevelUnit"]["key"] == "two"
    lower = empty.get("/business-units/key=lower").body
    assert (lower["topLevelUnit"]["key"], lower["parentUnit"]["key"], lower["version"]) == ("two", "upper", 2)
    refused = act(empty, "/business-units", lower, action="changeStatus", status="Closed")
    assert (refused.status, refused.body["errors"][0]["allowedValues"]) == (400, ["Active", "Inactive"])


def test_a_quote_has_what_its_cart_has(empty: Api) -> None:
    customer = empty.call("POST", "/customers", {"password": "x", "email": "quote@example.com"}).body["customer"]
    cart = empty.call("POST", "/carts", {"currency": "JPY", "customerId": customer["id"], "country": "JP"}).body
    request = {"cart": {"id": cart["id"]}, "cartVersion": 1, "comment": "please"}
    request = empty.call("POST", "/quote-requests", request).body
    assert (request["customer"]["id"], request["country"]) == (customer["id"], "JP")
    assert (request["totalPrice"], request["quoteRequestState"]) == (cart["totalPrice"], "Submitted")
    staged = {"quoteRequest": {"id": request["id"]}, "quoteRequestVersion": 1}
    staged = empty.call("POST", "/staged-quotes", staged).body
    copy = empty.get(f"/carts/{staged['quotationCart']['id']}").body
    assert (copy["origin"], copy["country"], copy["customerId"]) == ("Quote", "JP", customer["id"])
    quote = empty.call("POST", "/quotes", {"stagedQuote": {"id": staged["id"]}, "stagedQuoteVersion": 1}).body
    assert (quote["quoteRequest"]["id"], quote["customer"]["id"]) == (request["id"], customer["id"])
    assert (quote["totalPrice"], quote["quoteState"]) == (cart["totalPrice"], "Pending")


def test_no_quote_is_made_of_a_cart_without_a_customer(empty: Api) -> None:
    cart = empty.call("POST", "/carts", {"currency": "EUR"}).body
    refused = empty.call("POST", "/quote-requests", {"cart": {"id": cart["id"]}, "cartVersion": 1})
    assert refused.status == 400
    assert "'customer.id'" in refused.message


def test_a_recurring_order_comes_from_an_order_of_its_cart(empty: Api) -> None:
    cart = empty.call("POST", "/carts", {"currency": "EUR", "country": "DE"}).body
    made = empty.call("POST", "/recurring-orders", {"cart": {"id": cart["id"]}, "cartVersion": 1}).body
    assert empty.get(f"/orders/{made['originOrder']['id']}").body["country"] == "DE"


def test_a_review_counts_unless_its_state_says_no(empty: Api) -> None:
    states = {
        name: empty.call("POST", "/states", {"key": name, "type": "ReviewState", "roles": roles}).body
        for name, roles in (("counts", ["ReviewIncludedInStatistics"]), ("draft", []))
    }
    drafts: list[dict[str, Any]] = [{}, *({"state": {"key": name}} for name in states)]
    reviews = [empty.call("POST", "/reviews", {"rating": 5, **draft}).body for draft in drafts]
    assert [review["includedInStatistics"] for review in reviews] == [True, True, False]
    moved = act(empty, "/reviews", reviews[2], action="transitionState", state={"id": states["counts"]["id"]}).body
    assert moved["includedInStatistics"]


@pytest.mark.parametrize("name", ["container", "key"])
def test_no_custom_object_has_a_name_that_no_path_can_have(empty: Api, name: str) -> None:
    total = empty.get("/custom-objects").body["count"]
    wrong = {"container": "c", "key": "k", "value": 1, name: "a/b"}
    assert empty.call("POST", "/custom-objects", wrong).body["errors"][0]["field"] == name
    with pytest.raises(ConfigError, match=f"{name} 'a/b'"):
        empty.sandbox.create("custom_objects", wrong)
    right = empty.sandbox.create("custom_objects")
    with pytest.raises(ConfigError, match=f"{name} 'a/b'"):
        empty.sandbox.update("custom_objects", right["id"], {name: "a/b"})
    assert empty.get("/custom-objects").body["count"] == total + 1
    row = ("/custom-objects", "", json.dumps({"id": "x", **wrong}).encode())
    with pytest.raises(ConfigError, match=f"{name} 'a/b'"), Sandbox(rows=[row]):
        pass


def test_parameters_that_a_write_does_not_serve_are_refused(empty: Api) -> None:
    refused = empty.call("POST", "/zones", {"name": "Z"}, expand="x")
    assert refused.message == "The sandbox has no parameter 'expand' for POST; leave it out."
    zone = empty.call("POST", "/zones", {"name": "Z"}).body
    assert empty.call("DELETE", f"/zones/{zone['id']}", version=1, force="true").status == 400
    body = {"version": 1, "actions": [], "dryRun": True}
    assert "'dryRun'" in empty.call("POST", f"/zones/{zone['id']}", body).message
    assert empty.call("DELETE", f"/zones/{zone['id']}", version=1, dataErasure="true").status == 200
