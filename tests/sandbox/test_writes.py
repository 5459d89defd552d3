"""Changes of data, over HTTP and in process: versions, times, Messages, projections."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.errors import ConfigError
from commercetools_source.sandbox.changes.published import accepted
from commercetools_source.sandbox.contract import parse, published
from commercetools_source.sandbox.platform.endpoints import STREAMS
from tests.sandbox.minimal_drafts import minimal, value_of

WORDS = ["key", "name", "id", "version", "typeId", "masterVariant", "variants", "cart", "container", "value", "email",
         "locations", "fields", "type", "actions", "sku", "scope", "query", "variables"]  # fmt: skip
ACTIONS = ["setKey", "changeName", "setCustomType", "setCustomField", "publish", "unpublish", "addVariant",
           "removeVariant", "setPrices", "changeVersion", "setMasterData", "transitionState"]  # fmt: skip
NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
CHANGEABLE = sorted(name for name, (_, staged) in STREAMS.items() if staged is None and name != "project")


def types_of(api: Any, identifier: str) -> list[str]:
    api.authorization = ""  # the clock may have passed the end of the token
    where = f'resource(id = "{identifier}")'
    return [message["type"] for message in api.get("/messages", where=where, sort="sequenceNumber").body["results"]]


@pytest.fixture
def bare(start: Any) -> Any:
    """A client of an empty project whose clock stands still."""
    api = start(rows=[], now=NOON)
    api.sandbox.clock.freeze(NOON)
    return api


def test_a_record_lives_over_http(bare: Any) -> None:
    made = bare.call("POST", "/zones", {"key": "home", "name": "Home", "locations": [{"country": "DE"}]})
    assert made.status == 201
    zone = made.body
    assert zone["version"] == 1
    assert zone["createdAt"] == zone["lastModifiedAt"] == "2026-03-01T12:00:00.000Z"
    assert zone["createdBy"] == {"clientId": "sandbox-client", "isPlatformClient": False}
    bare.sandbox.clock.advance(1.5)
    actions = [{"action": "changeName", "name": "Away"}, {"action": "setDescription", "description": "far"}]
    changed = bare.call("POST", f"/zones/{zone['id']}", {"version": 1, "actions": actions}).body
    assert (changed["version"], changed["name"], changed["description"]) == (2, "Away", "far")
    assert changed["lastModifiedAt"] == "2026-03-01T12:00:01.500Z"
    assert changed["createdAt"] == zone["createdAt"]
    assert bare.get("/zones/key=home").body == changed
    assert bare.call("DELETE", "/zones/key=home", version=2).body == changed
    assert bare.get("/zones/key=home").status == 404
    assert bare.get("/zones").body["total"] == 0


OVER_HTTP = sorted(
    name for name in CHANGEABLE if name not in {"messages", "custom_objects", "orders"} and "{" not in STREAMS[name][0]
)  # custom objects and orders are made in their own ways; children have no endpoint of their own to write to


def one_change(api: Any, path: str) -> tuple[str, Any, dict[str, Any]]:
    """Return a field of the records, a new value for it, and the update action that sets it."""
    types, record = accepted().types, published()["types"][published()["endpoints"][path]["item"]]["fields"]
    for name, kind in accepted().actions(path).items():
        fields = {field: text for field, text in types[kind]["fields"].items() if field not in {"action", "staged"}}
        subject = name.removeprefix("set").removeprefix("change")
        field = subject[:1].lower() + subject[1:]
        if set(fields) == {field} and field in record and parse(fields[field]).base in {"string", "LocalizedString"}:
            value = value_of(api.sandbox, fields[field], field)
            return field, value, {"action": name, field: value}
        if set(fields) == {field} and "enum" in types.get(parse(fields[field]).base, ()):
            value = types[parse(fields[field]).base]["enum"][-1]
            return field, value, {"action": name, field: value}
    raise AssertionError(path)


@pytest.mark.parametrize("stream", OVER_HTTP)
def test_every_resource_lives_over_http(bare: Any, stream: str) -> None:
    path = STREAMS[stream][0]
    made = bare.call("POST", path, minimal(bare.sandbox, path))
    assert made.status == 201, made.body
    record = made.body["customer"] if stream == "customers" else made.body
    one = f"{path}/{record['id']}"
    stored = {name: value for name, value in record.items() if name != "secret"}
    assert bare.get(one).body.items() >= stored.items()
    if "version" not in record:
        return
    bare.sandbox.clock.advance(1)
    for method, body, query in [("POST", {"version": 9, "actions": []}, {}), ("DELETE", None, {"version": 9})]:
        refused = bare.call(method, one, body, **query)
        assert (refused.status, refused.body["errors"][0]["code"]) == (409, "ConcurrentModification")
        assert refused.body["errors"][0]["currentVersion"] == 1
    assert bare.call("POST", one, {"version": 1, "actions": []}).body["version"] == 1
    field, value, action = one_change(bare, path)
    changed = bare.call("POST", one, {"version": 1, "actions": [action]}).body
    assert (changed["version"], changed[field]) == (2, value)
    assert changed["lastModifiedAt"] == "2026-03-01T12:00:01.000Z"
    assert changed["createdAt"] == record["createdAt"] == "2026-03-01T12:00:00.000Z"
    assert bare.call("DELETE", one, version=2).body == changed
    assert bare.get(one).status == 404


def test_an_outdated_version_is_a_conflict(bare: Any) -> None:
    identifier = bare.sandbox.create("zones", {"key": "home", "version": 7})["id"]
    message = f"Object {identifier} has a different version than expected. Expected: 3 - Actual: 7."
    for reply in (
        bare.call("POST", "/zones/key=home", {"version": 3, "actions": [{"action": "setKey", "key": "x"}]}),
        bare.call("DELETE", f"/zones/{identifier}", version=3),
    ):
        assert reply.status == 409
        assert reply.body["errors"] == [{"code": "ConcurrentModification", "message": message, "currentVersion": 7}]
    assert bare.call("POST", f"/zones/{identifier}", {"version": 7, "actions": []}).body["version"] == 7


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/zones/key=home", {"version": 1, "actions": [{"action": "addLocation"}]}, 400, "RequiredField"),
        ("POST", "/zones/key=home", {"version": 1, "actions": [{"action": "setVersion", "version": 3}]},
         400, "InvalidInput"),
        ("POST", "/zones/key=home", {"version": 1, "actions": [{"action": "changeName"}]}, 400, "RequiredField"),
        ("POST", "/zones/key=home", {"version": 1, "actions": ["x"]}, 400, "InvalidInput"),
        ("POST", "/zones/key=home", {"actions": []}, 400, "InvalidJsonInput"),
        ("POST", "/zones/key=home", {"version": "1", "actions": []}, 400, "InvalidJsonInput"),
        ("POST", "/zones/key=home", {"version": True, "actions": [{"action": "changeName", "name": "x"}]},
         400, "InvalidJsonInput"),
        ("DELETE", "/zones/key=home?version=%D9%A1", None, 400, "InvalidInput"),
        ("DELETE", f"/zones/key=home?version={'9' * 5000}", None, 400, "InvalidInput"),
        ("POST", "/zones", [1], 400, "InvalidInput"),
        ("POST", "/zones", {"key": "home", "name": "Home"}, 400, "DuplicateField"),
        ("POST", "/zones/nobody", {"version": 1, "actions": []}, 404, "ResourceNotFound"),
        ("DELETE", "/zones/key=home", None, 400, "InvalidInput"),
        ("DELETE", "/zones/nobody?version=1", None, 404, "ResourceNotFound"),
        ("POST", "/customers", {"password": "x", "email": "a@example.com", "customerGroup": {"key": "none"}},
         400, "ReferencedResourceNotFound"),
        ("POST", "/orders", {"cart": {"id": "none"}, "version": 1}, 400, "ReferencedResourceNotFound"),
        ("POST", "/orders", {"version": 1}, 400, "RequiredField"),
        ("POST", "/custom-objects", {"container": "c"}, 400, "RequiredField"),
    ],
)  # fmt: skip
def test_a_wrong_write_is_refused_and_changes_nothing(
    bare: Any, method: str, path: str, body: Any, status: int, code: str
) -> None:
    before = bare.sandbox.create("zones", {"key": "home", "name": "Home"})
    reply = bare.call(method, path, body)
    assert reply.status == status
    assert reply.body["errors"][0]["code"] == code
    assert bare.sandbox.records("zones") == [before]


def test_a_body_that_is_no_json_is_refused(bare: Any) -> None:
    bare.get("")
    reply = bare.send("POST", "/sample-shop/zones", None, {"Authorization": bare.authorization}, body=b"{nonsense")
    assert (reply.status, reply.message) == (400, "Request body does not contain valid JSON.")


@pytest.mark.parametrize(("levels", "status"), [(99, 201), (100, 400), (600, 400)])
def test_a_body_that_is_nested_deeper_than_the_sandbox_goes_is_refused(bare: Any, levels: int, status: int) -> None:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    assert bare.call("POST", "/custom-objects", {"container": "c", "key": "k", "value": value}).status == status
    assert len(bare.sandbox.records("custom_objects")) == (status == 201)


def test_references_by_key_become_references_by_id(bare: Any) -> None:
    group = bare.sandbox.create("customer_groups", {"key": "vip"})
    draft = {"email": "a@example.com", "password": "x", "customerGroup": {"typeId": "customer-group", "key": "vip"}}
    made = bare.call("POST", "/customers", draft)
    assert made.body["customer"]["customerGroup"] == {"typeId": "customer-group", "id": group["id"]}
    assert set(made.body) == {"customer"}


def test_custom_fields_and_money_are_kept_as_the_platform_keeps_them(bare: Any) -> None:
    number = {"label": {}, "required": False, "type": {"name": "Number"}}
    numbers = {**number, "name": "bb", "type": {"name": "Set", "elementType": {"name": "Number"}}}
    definitions = [{**number, "name": "aa"}, numbers]
    kind = bare.sandbox.create("types", {"key": "extra", "fieldDefinitions": definitions})
    draft = {"sku": "A", "value": {"currencyCode": "JPY", "centAmount": 500}}
    price = bare.call("POST", "/standalone-prices", draft).body
    expected = {"type": "centPrecision", "currencyCode": "JPY", "centAmount": 500, "fractionDigits": 0}
    assert price["value"] == expected
    path = f"/standalone-prices/{price['id']}"
    refused = bare.call(
        "POST", path, {"version": 1, "actions": [{"action": "setCustomField", "name": "a", "value": 1}]}
    )
    assert refused.status == 400
    actions: list[Any] = [
        {"action": "setCustomType", "type": {"typeId": "type", "key": "extra"}, "fields": {"aa": 1}},
        {"action": "setCustomField", "name": "bb", "value": [1]},
    ]
    changed = bare.call("POST", path, {"version": 1, "actions": actions}).body
    assert changed["custom"] == {"type": {"typeId": "type", "id": kind["id"]}, "fields": {"aa": 1, "bb": [1]}}
    actions = [{"action": "setCustomType"}]
    assert "custom" not in bare.call("POST", path, {"version": 2, "actions": actions}).body


def test_a_custom_object_is_written_over(bare: Any) -> None:
    first = bare.call("POST", "/custom-objects", {"container": "c", "key": "k", "value": 1}).body
    second = bare.call("POST", "/custom-objects", {"container": "c", "key": "k", "value": {"a": 2}}).body
    assert (second["id"], second["version"], second["value"]) == (first["id"], 2, {"a": 2})
    stale = bare.call("POST", "/custom-objects", {"container": "c", "key": "k", "value": 3, "version": 1})
    assert stale.status == 409
    assert bare.get("/custom-objects/c").body["results"] == [second]
    assert bare.call("DELETE", "/custom-objects/c/k", version=2).status == 200
    assert bare.get("/custom-objects/c").body["results"] == []


def test_a_product_is_published_and_its_projections_follow(bare: Any) -> None:
    kind = bare.sandbox.create("product_types", {"key": "thing"})
    draft = {
        "productType": {"key": "thing"},
        "name": {"en": "One"},
        "slug": {"en": "one"},
        "masterVariant": {"sku": "S"},
    }
    product = bare.call("POST", "/products", draft).body
    assert product["productType"] == {"typeId": "product-type", "id": kind["id"]}
    path = f"/product-projections/{product['id']}"
    assert bare.get(path).status == 404
    assert bare.get(path, staged="true").body["masterVariant"]["sku"] == "S"
    rename = {"action": "changeName", "name": {"en": "Two"}}
    steps = [[{"action": "publish"}], [rename], [{"action": "publish"}], [{"action": "unpublish"}]]
    seen = []
    for version, actions in enumerate(steps, 1):
        answer = bare.call("POST", f"/products/{product['id']}", {"version": version, "actions": actions})
        assert answer.status == 200
        current, staged = bare.get(path), bare.get(path, staged="true").body
        seen.append((current.body.get("name", {}).get("en"), staged["name"]["en"], staged["hasStagedChanges"]))
        assert staged["version"] == version + 1
    assert seen == [("One", "One", False), ("One", "Two", True), ("Two", "Two", False), (None, "Two", False)]
    assert types_of(bare, product["id"]) == [
        "ProductCreated",
        "ProductPublished",
        "ProductPublished",
        "ProductUnpublished",
    ]


def test_what_is_changed_after_publishing_is_staged_only(bare: Any) -> None:
    draft = {**minimal(bare.sandbox, "/products"), "name": {"en": "One"}}
    product = bare.call("POST", "/products", draft).body
    actions: list[Any] = [{"action": "publish"}, {"action": "changeName", "name": {"en": "Two"}}]
    master = bare.call("POST", f"/products/{product['id']}", {"version": 1, "actions": actions}).body["masterData"]
    names = master["current"]["name"]["en"], master["staged"]["name"]["en"]
    assert (*names, master["hasStagedChanges"]) == ("One", "Two", True)


def test_a_variant_that_comes_and_goes_is_announced(bare: Any) -> None:
    """ProductVariantDeleted is the twentieth deletion that has a Message: the product stays."""
    draft = {**minimal(bare.sandbox, "/products"), "masterVariant": {"sku": "A"}, "variants": [{"sku": "B"}]}
    product = bare.call("POST", "/products", draft).body
    path = f"/products/{product['id']}"
    steps: list[Any] = [
        {"action": "addVariant", "sku": "C", "staged": False},
        {"action": "removeVariant", "sku": "B"},
        {"action": "removeVariant", "id": 3, "staged": False},
    ]
    for version, action in enumerate(steps, 1):
        changed = bare.call("POST", path, {"version": version, "actions": [action]})
        assert changed.status == 200
    for unfit in ({"id": 4, "sku": "B"}, {}):
        wrong = {"version": 4, "actions": [{"action": "removeVariant", "staged": False, **unfit}]}
        assert bare.call("POST", path, wrong).status == 400
    master = changed.body["masterData"]
    skus = [[variant["sku"] for variant in master[data]["variants"]] for data in ("current", "staged")]
    assert skus == [["B"], []]
    rows = bare.get(
        "/messages", where='type in ("ProductVariantAdded", "ProductVariantDeleted")', sort="sequenceNumber"
    )
    told = [(row["type"], row["variant"]["sku"], row["staged"]) for row in rows.body["results"]]
    assert told == [
        ("ProductVariantAdded", "C", False),
        ("ProductVariantAdded", "C", True),
        ("ProductVariantDeleted", "B", True),
        ("ProductVariantDeleted", "C", False),
        ("ProductVariantDeleted", "C", True),
    ]
    refused = bare.call("POST", path, {"version": 4, "actions": [{"action": "removeVariant", "id": 1}]})
    assert (refused.status, refused.message) == (400, "The product has no variant with id '1' that can be removed.")


def test_a_key_leads_to_the_record_that_has_it_now(bare: Any) -> None:
    one, two = (bare.sandbox.create("zones", {"key": key})["id"] for key in ("one", "two"))
    assert bare.get("/zones/key=one").body["id"] == one
    bare.sandbox.update("zones", one, {"key": "three"})
    bare.sandbox.update("zones", two, {"key": "one"})
    found = [bare.get(f"/zones/key={key}") for key in ("one", "two", "three")]
    assert [reply.body.get("id") for reply in found] == [two, None, one]
    bare.sandbox.delete("zones", two)
    assert bare.get("/zones/key=one").status == 404


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=8,
)


@given(
    path=st.sampled_from(["/zones", "/products", "/customers", "/orders", "/custom-objects", "/api-clients", "/carts",
                          "/types", "/zones/key=x", "/products/key=x", "/messages", "", "/graphql"]),
    body=JSON,
    actions=st.none() | st.lists(JSON | st.fixed_dictionaries({"action": st.sampled_from(ACTIONS)}), max_size=3),
)  # fmt: skip
def test_no_body_is_a_server_error(fuzzed: Any, path: str, body: Any, actions: Any) -> None:
    known = fuzzed.get(path).body if "key=" in path else {}
    sent = body if actions is None else {"version": known.get("version", 1), "actions": actions}
    assert fuzzed.call("POST", path, sent).status < 500
    assert fuzzed.call("DELETE", path, version=str(body)[:20]).status < 500


@pytest.fixture(scope="module")
def fuzzed(shop: Any, api: Any) -> Any:
    """A shop with a record for each path that the fuzzer writes to."""
    for stream in ("zones", "products"):
        shop.create(stream, {"key": "x"})
    return api


def test_variant_projections_follow_variants_and_products(own: Any) -> None:
    sandbox = own.sandbox
    projection = sandbox.records("variant_projections_current")[0]
    product = projection["product"]["id"]
    assert own.get(f"/variant-projections/{projection['id']}").body == projection
    sandbox.update("products", product, {"masterData.current.name": {"en": "Other"}})
    assert own.get(f"/variant-projections/{projection['id']}").body["name"] == {"en": "Other"}
    sandbox.update("variants", projection["id"], {"published": False})
    assert own.get(f"/variant-projections/{projection['id']}").status == 404
    assert own.get(f"/variant-projections/{projection['id']}", staged="true").status == 200


def test_an_order_is_made_of_a_cart(own: Any) -> None:
    cart = next(cart for cart in own.sandbox.records("carts") if cart["cartState"] == "Active")
    order = own.call("POST", "/orders", {"cart": {"typeId": "cart", "id": cart["id"]}, "version": cart["version"]}).body
    assert order["cart"] == {"typeId": "cart", "id": cart["id"]}
    assert order["totalPrice"] == cart["totalPrice"]
    assert len(order["lineItems"]) == len(cart["lineItems"])
    assert types_of(own, order["id"]) == ["OrderCreated"]


@pytest.mark.parametrize("stream", CHANGEABLE)
def test_every_stream_can_be_changed_in_process(bare: Any, stream: str) -> None:
    parent = "someone/somewhere" if "{" in STREAMS[stream][0] else ""
    record = bare.sandbox.create(stream, {"unknown": {"kept": True}}, parent)
    assert record["unknown"] == {"kept": True}
    # An empty project has one record: the State that is built in.
    built_in = [one for one in bare.sandbox.records(stream, parent or None) if one.get("builtIn")]
    assert len(built_in) == (1 if stream == "states" else 0)
    assert bare.sandbox.records(stream, parent or None) == [*built_in, record]
    if "id" not in record:
        return
    bare.sandbox.clock.advance(60)
    changed = bare.sandbox.update(stream, record["id"], {"unknown.kept": False, "more": 1}, parent)
    assert changed["unknown"] == {"kept": False}
    assert changed.get("version", 2) == 2
    assert changed.get("lastModifiedAt", "2026-03-01T12:01:00.000Z") == "2026-03-01T12:01:00.000Z"
    assert bare.sandbox.delete(stream, record["id"], parent) == changed
    assert bare.sandbox.records(stream, parent or None) == built_in
    with pytest.raises(ConfigError, match="has no record"):
        bare.sandbox.update(stream, record["id"], {}, parent)


@pytest.mark.parametrize("changes", [{"name.x": 1}, {"": 1}, {"a..b": 1}, {"id": "other"}, {"id": None}])
def test_a_field_that_cannot_be_set_in_process_is_refused(bare: Any, changes: dict[str, Any]) -> None:
    record = bare.sandbox.create("zones", {"key": "home", "name": "Home"})
    with pytest.raises(ConfigError):
        bare.sandbox.update("zones", record["id"], changes)
    assert bare.sandbox.records("zones") == [record]


DELETED = {
    "associate_roles": "AssociateRoleDeleted",
    "business_units": "BusinessUnitDeleted",
    "cart_discounts": "CartDiscountDeleted",
    "customers": "CustomerDeleted",
    "discount_codes": "DiscountCodeDeleted",
    "discount_groups": "DiscountGroupDeleted",
    "inventory": "InventoryEntryDeleted",
    "orders": "OrderDeleted",
    "payment_methods": "PaymentMethodDeleted",
    "products": "ProductDeleted",
    "product_selections": "ProductSelectionDeleted",
    "product_tailoring": "ProductTailoringDeleted",
    "quotes": "QuoteDeleted",
    "quote_requests": "QuoteRequestDeleted",
    "recurring_orders": "RecurringOrderDeleted",
    "staged_quotes": "StagedQuoteDeleted",
    "standalone_prices": "StandalonePriceDeleted",
    "stores": "StoreDeleted",
    "variants": "VariantDeleted",
}


@pytest.mark.parametrize("stream", sorted(set(CHANGEABLE) - {"messages"}))
def test_deletions_are_announced_where_the_platform_announces_them(bare: Any, stream: str) -> None:
    parent = "someone/somewhere" if "{" in STREAMS[stream][0] else ""
    record = bare.sandbox.create(stream, {}, parent)
    if "id" not in record:
        return
    bare.sandbox.delete(stream, record["id"], parent)
    types = types_of(bare, record["id"])
    assert [kind for kind in types if kind.endswith("Deleted")] == ([DELETED[stream]] if stream in DELETED else [])


def test_a_message_says_what_happened(bare: Any) -> None:
    order = bare.sandbox.create("orders", {"orderNumber": "A-1", "orderState": "Open"})
    bare.sandbox.clock.advance(1)
    bare.sandbox.update("orders", order["id"], {"orderState": "Complete", "customerEmail": "a@example.com"})
    created, *others = bare.get("/messages", sort="sequenceNumber").body["results"]
    assert created["type"] == "OrderCreated"
    assert created["order"] == order
    assert created["resource"] == {"typeId": "order", "id": order["id"]}
    assert created["resourceUserProvidedIdentifiers"] == {"orderNumber": "A-1"}
    assert (created["sequenceNumber"], created["resourceVersion"], created["version"]) == (1, 1, 1)
    changed = {message["type"]: message for message in others}
    assert set(changed) == {"OrderStateChanged", "OrderCustomerEmailSet"}
    assert changed["OrderStateChanged"]["orderState"] == "Complete"
    assert changed["OrderStateChanged"]["oldOrderState"] == "Open"
    assert changed["OrderStateChanged"]["createdAt"] == "2026-03-01T12:00:01.000Z"
    assert changed["OrderStateChanged"]["resourceVersion"] == 2
    assert sorted(message["sequenceNumber"] for message in others) == [2, 3]


def test_messages_are_kept_only_where_wanted_and_for_as_long(bare: Any) -> None:
    project = bare.get("").body
    first = bare.sandbox.create("stores", {"key": "first"})
    bare.sandbox.clock.advance(86_400 * 14)
    second = bare.sandbox.create("stores", {"key": "second"})
    assert types_of(bare, first["id"]) == ["StoreCreated"]
    bare.sandbox.clock.advance(86_400 * 1.5)
    assert types_of(bare, first["id"]) == []
    assert types_of(bare, second["id"]) == ["StoreCreated"]
    assert len(bare.sandbox.records("messages")) == 1
    bare.sandbox.clock.advance(86_400 * 14)
    bare.authorization = ""
    asked = {"query": "{ messages { total } }"}
    assert bare.call("POST", "/graphql", asked).body == {"data": {"messages": {"total": 0}}}
    configuration = {"enabled": False, "deleteDaysAfterCreation": 15}
    settings = {"action": "changeMessagesConfiguration", "messagesConfiguration": configuration}
    assert bare.call("POST", "", {"version": project["version"], "actions": [settings]}).status == 200
    third = bare.sandbox.create("stores", {"key": "third"})
    assert types_of(bare, third["id"]) == []


def test_a_commit_can_be_late(bare: Any) -> None:
    """A record appears with a time that readers have already passed."""
    bare.sandbox.create("zones", {"key": "present"})
    past = "2026-02-28T00:00:00.000Z"
    late = bare.sandbox.create("zones", {"key": "late", "createdAt": past, "lastModifiedAt": past})
    assert bare.get("/zones", where='lastModifiedAt < "2026-03-01T00:00:00.000Z"').ids == [late["id"]]
    moved = bare.sandbox.update("zones", late["id"], {"lastModifiedAt": datetime(2026, 2, 1, tzinfo=timezone.utc)})
    assert (moved["version"], moved["lastModifiedAt"]) == (2, "2026-02-01T00:00:00.000Z")
    assert bare.get("/zones", sort="lastModifiedAt asc", limit=1).ids == [late["id"]]


def test_thousands_of_records_share_one_millisecond(bare: Any) -> None:
    for number in range(1200):
        bare.sandbox.create("zones", {"key": f"zone-{number}", "name": str(number)})
    seen: list[str] = []
    at = "2026-03-01T12:00:00.000Z"
    query: dict[str, Any] = {"sort": ["lastModifiedAt asc", "id asc"], "limit": 500, "withTotal": "false"}
    while len(page := bare.get("/zones", **query).ids) == 500:
        seen += page
        query["where"] = f'lastModifiedAt > "{at}" or (lastModifiedAt = "{at}" and id > "{page[-1]}")'
    assert len({*seen, *page}) == 1200


def test_the_clock_is_the_servers_and_not_the_tests(bare: Any) -> None:
    assert bare.get("/zones").headers["Date"] == "Sun, 01 Mar 2026 12:00:00 GMT"
    bare.sandbox.clock.advance(-3600)
    assert bare.get("/zones").headers["Date"] == "Sun, 01 Mar 2026 11:00:00 GMT"
    assert bare.sandbox.create("zones")["createdAt"] == "2026-03-01T11:00:00.000Z"
    bare.sandbox.clock.thaw()
    assert bare.get("/zones").headers["Date"].startswith("Sun, 01 Mar 2026 11:0")


def test_data_may_change_between_the_pages(bare: Any) -> None:
    zones = [bare.sandbox.create("zones", {"key": f"zone-{number}"}) for number in range(4)]
    order = bare.get("/zones", sort="id asc").ids
    asked: list[str] = []

    def between(request: Any) -> None:
        asked.append(request.path)
        if len(asked) == 2:
            bare.sandbox.delete("zones", order[0])
            bare.sandbox.update("zones", order[3], {"name": "changed"})

    bare.sandbox.before_request(between)
    assert bare.get("/zones", sort="id asc", limit=2).ids == order[:2]
    second = bare.get("/zones", sort="id asc", limit=2, offset=2).body["results"]
    assert [(zone["id"], zone["name"]) for zone in second] == [(order[3], "changed")]
    assert len(zones) == 4
    assert asked == ["/sample-shop/zones"] * 2
