"""Definitions, attributes, custom fields, prices and predicates: what the platform refuses of them, over a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.sandbox import Sandbox
from tests.sandbox.conftest import Api
from tests.sandbox.minimal_drafts import minimal

if TYPE_CHECKING:
    from collections.abc import Iterator

A = {"en": "A"}
VALUES = [{"key": "red", "label": "Red"}, {"key": "blue", "label": "Blue"}]
TWICE = [*VALUES, {"key": "red", "label": "Other"}]
EURO = {"currencyCode": "EUR", "centAmount": 100}
MAY, JUNE, JULY = (f"2026-0{month}-01T00:00:00.000Z" for month in (5, 6, 7))


def attribute(name: str, kind: str = "text", **fields: Any) -> dict[str, Any]:
    parts = ("values", "elementType", "referenceTypeId", "typeReference")
    more = {name: fields.pop(name) for name in parts if name in fields}
    return {"name": name, "label": A, "isRequired": False, "type": {"name": kind, **more}, **fields}


def product_type(*attributes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": "T", "description": "", "attributes": list(attributes), **fields}


def field(name: str, kind: str = "String", **fields: Any) -> dict[str, Any]:
    more = {name: fields.pop(name) for name in ("values", "elementType", "referenceTypeId") if name in fields}
    return {"name": name, "label": A, "required": False, "type": {"name": kind, **more}, **fields}


def type_of(*fields: dict[str, Any], key: str = "other", on: str = "customer") -> dict[str, Any]:
    return {"key": key, "name": A, "resourceTypeIds": [on], "fieldDefinitions": list(fields)}


KINDS = [
    attribute("bool", "boolean"), attribute("text"), attribute("ltext", "ltext"), attribute("number", "number"),
    attribute("enum", "enum", values=VALUES), attribute("money", "money"), attribute("date", "date"),
    attribute("time", "time"), attribute("moment", "datetime"),
    attribute("zone", "reference", referenceTypeId="zone"), attribute("set", "set", elementType={"name": "text"}),
    attribute("whole", level="Product"),
]  # fmt: skip
FIELDS = [
    field("bool", "Boolean"), field("text"), field("ltext", "LocalizedString"), field("number", "Number"),
    field("enum", "Enum", values=VALUES), field("money", "Money"), field("date", "Date"), field("time", "Time"),
    field("moment", "DateTime"), field("zone", "Reference", referenceTypeId="zone"),
    field("set", "Set", elementType={"name": "String"}),
]  # fmt: skip
# Values of the kinds above: one that fits, as it is answered, and one that does not.
VALUES_OF: list[tuple[str, Any, Any, Any]] = [
    ("bool", True, True, "true"),
    ("text", "x", "x", 1),
    ("ltext", {"de": "x"}, {"de": "x"}, {"deutsch": "x"}),
    ("number", 1.5, 1.5, "1.5"),
    ("enum", "red", VALUES[0], "green"),
    ("money", EURO, {"type": "centPrecision", "fractionDigits": 2, **EURO}, {"currencyCode": "EUR"}),
    ("date", "2026-01-31", "2026-01-31", "2026-02-31"),
    ("time", "10:00:00.000", "10:00:00.000", "25:00:00.000"),
    ("moment", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00.000Z", "soon"),
    ("set", ["x"], ["x"], ["x", 1]),
]


@pytest.fixture(scope="module")
def typed() -> Iterator[Api]:
    with Sandbox(rows=[]) as sandbox:
        client = Api(sandbox)
        strict = [
            attribute("size", attributeConstraint="CombinationUnique"),
            attribute("colour", attributeConstraint="CombinationUnique"),
            attribute("code", attributeConstraint="Unique"),
            attribute("brand", attributeConstraint="SameForAll"),
            attribute("must", isRequired=True),
        ]
        for path, draft in [
            ("/zones", {"key": "eu", "name": "EU"}),
            ("/product-types", product_type(*KINDS, key="kinds")),
            ("/product-types", product_type(*strict, key="strict", name="Strict")),
            ("/product-types", product_type(key="plain")),
            ("/types", type_of(*FIELDS, key="fields", on="category")),
            ("/types", type_of(field("must", required=True), field("may"), key="needing", on="channel")),
        ]:
            assert client.call("POST", path, draft).status == 201
        yield client
        client.close()


def refused(api: Api, path: str, draft: dict[str, Any]) -> dict[str, Any]:
    """Send what must be refused; nothing may be stored of it."""
    total = api.get(path).body["total"]
    reply = api.call("POST", path, draft)
    assert reply.status == 400, reply.body
    assert api.get(path).body["total"] == total
    error: dict[str, Any] = reply.body["errors"][0]
    return error


def product(key: str, *variants: dict[str, Any], of: str = "plain", **fields: Any) -> dict[str, Any]:
    master, *others = variants or ({},)
    draft = {"productType": {"key": of}, "name": A, "slug": {"en": f"slug-{key}"}, "masterVariant": master}
    return {**draft, "variants": others, **fields}


def variant(**attributes: Any) -> dict[str, Any]:
    return {"attributes": [{"name": name, "value": value} for name, value in attributes.items()]}


@pytest.mark.parametrize(
    ("path", "draft", "expected"),
    [
        ("/product-types", product_type(attribute("new"), attribute("new")),
         {"code": "DuplicateField", "field": "attributes[1].name", "duplicateValue": "new"}),
        ("/product-types", product_type(attribute("new", "enum", values=TWICE)),
         {"code": "DuplicateEnumValues", "duplicates": ["red"]}),
        ("/product-types", product_type(attribute("new", "set", elementType={"name": "enum", "values": TWICE})),
         {"code": "DuplicateEnumValues", "duplicates": ["red"]}),
        ("/product-types", product_type(attribute("size", "number")),
         {"code": "AttributeDefinitionTypeConflict", "conflictingAttributeName": "size",
          "conflictingProductTypeName": "Strict"}),
        ("/product-types", product_type(attribute("size", isSearchable=False)),
         {"code": "AttributeDefinitionAlreadyExists", "conflictingAttributeName": "size"}),
        ("/product-types", product_type(attribute("new", level="Product", attributeConstraint="Unique")),
         {"code": "InvalidOperation"}),
        ("/types", type_of(field("new"), field("new")),
         {"code": "DuplicateField", "field": "fieldDefinitions[1].name", "duplicateValue": "new"}),
        ("/types", type_of(field("new", "Enum", values=TWICE)), {"code": "DuplicateEnumValues"}),
        ("/types", type_of(field("text", "Number"), on="category"), {"code": "InvalidOperation"}),
    ],
)  # fmt: skip
def test_definitions_that_repeat_or_contradict_others_are_refused(
    typed: Api, path: str, draft: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert refused(typed, path, draft).items() >= expected.items()


def test_definitions_that_are_the_same_or_of_other_resources_are_taken(typed: Api) -> None:
    other = {"key": "green", "label": "Green"}
    taken = [
        ("/product-types", product_type(attribute("text"), attribute("enum", "enum", values=[other]))),
        ("/types", type_of(field("text"), field("enum", "Enum", values=[other]), key="same", on="category")),
        ("/types", type_of(field("text", "Number"), key="elsewhere", on="order")),
    ]
    for path, draft in taken:
        assert typed.call("POST", path, draft).status == 201


@pytest.mark.parametrize(("name", "sent", "answered", "wrong"), VALUES_OF)
def test_an_attribute_has_a_value_of_its_type(typed: Api, name: str, sent: Any, answered: Any, wrong: Any) -> None:
    made = typed.call("POST", "/products", product(f"good-{name}", variant(**{name: sent}), of="kinds")).body
    assert made["masterData"]["current"]["masterVariant"]["attributes"] == [{"name": name, "value": answered}]
    error = refused(typed, "/products", product(f"bad-{name}", variant(**{name: wrong}), of="kinds"))
    assert error["code"] in {"InvalidField", "RequiredField"}
    assert error["field"].startswith("masterData.current.masterVariant.attributes[0].value")
    add = {"action": "addVariant", **variant(**{name: wrong})}
    act = {"version": made["version"], "actions": [add]}
    assert typed.call("POST", f"/products/{made['id']}", act).body["errors"][0]["code"] == error["code"]
    alone = {"product": {"id": made["id"]}, **variant(**{name: wrong})}
    assert refused(typed, "/variants", alone)["code"] == error["code"]


@pytest.mark.parametrize(("name", "sent", "answered", "wrong"), VALUES_OF)
def test_a_custom_field_has_a_value_of_its_type(typed: Api, name: str, sent: Any, answered: Any, wrong: Any) -> None:
    def draft(value: Any) -> dict[str, Any]:
        custom = {"type": {"key": "fields"}, "fields": {name: value}}
        return {**minimal(typed.sandbox, "/channels"), "key": f"field-{name}", "custom": custom}

    # Of enumerations custom fields have the key.
    made = typed.call("POST", "/channels", draft(sent)).body
    assert made["custom"]["fields"] == {name: sent if name == "enum" else answered}
    error = refused(typed, "/channels", {**draft(wrong), "key": "bad"})
    assert error["code"] in {"InvalidField", "RequiredField"}
    assert error["field"].startswith(f"custom.fields.{name}")
    act = {"version": 1, "actions": [{"action": "setCustomField", "name": name, "value": wrong}]}
    assert typed.call("POST", f"/channels/{made['id']}", act).body["errors"][0]["code"] == error["code"]


@pytest.mark.parametrize(
    "text", ["20260131", "2026-W05-6", "2026-031", "2026-1-31", "2026-01-31T10:00:00Z", " 2026-01-31"]
)
def test_a_date_has_the_form_of_the_platform(typed: Api, text: str) -> None:
    assert refused(typed, "/products", product("dated", variant(date=text), of="kinds"))["code"] == "InvalidField"
    customer = {"email": "dated@example.com", "password": "x", "dateOfBirth": text}
    assert refused(typed, "/customers", customer)["field"] == "dateOfBirth"


def test_what_a_nested_type_requires_is_asked_for_in_each_value(typed: Api) -> None:
    inner = typed.call("POST", "/product-types", product_type(attribute("amount", isRequired=True), key="inner")).body
    reference = {"typeId": "product-type", "id": inner["id"]}
    fact = attribute("fact", "nested", typeReference=reference)
    outer = product_type(fact, attribute("facts", "set", elementType=fact["type"]), key="outer")
    assert typed.call("POST", "/product-types", outer).status == 201
    whole = [{"name": "amount", "value": "x"}]
    missing = [("fact", [], "value.amount"), ("facts", [whole, []], "value[1].amount")]
    for name, value, place in missing:
        error = refused(typed, "/products", product("nested", variant(**{name: value}), of="outer"))
        path = f"masterData.current.masterVariant.attributes[0].{place}"
        assert (error["code"], error["field"]) == ("RequiredField", path)
    good = product("nested", variant(fact=whole, facts=[whole, whole]), of="outer")
    assert typed.call("POST", "/products", good).status == 201


@pytest.mark.parametrize(
    ("kind", "action", "label"),
    [("Enum", "removeEnumValues", "Red"), ("LocalizedEnum", "removeLocalizedEnumValues", {"en": "Red"})],
)
def test_values_of_an_enumeration_are_removed_from_a_type_and_stay_in_records(
    typed: Api, kind: str, action: str, label: Any
) -> None:
    values = [{"key": key, "label": label} for key in ("red", "blue")]
    colour = f"colour-{kind}"
    draft = type_of(field(colour, kind, values=values), field("text"), key=f"shrinking-{kind}", on="channel")
    made = typed.call("POST", "/types", draft).body

    def shrink(version: int, **more: Any) -> Any:
        return typed.call("POST", f"/types/{made['id']}", {"version": version, "actions": [{"action": action, **more}]})

    custom = {"type": {"id": made["id"]}, "fields": {colour: "red", "text": "x"}}
    path = "/channels/" + typed.call("POST", "/channels", {"key": f"shrinking-{kind}", "custom": custom}).body["id"]
    for wrong in ({"fieldName": "text"}, {"fieldName": "nope"}, {"fieldName": colour, "keys": ["green"]}):
        assert shrink(1, **{"keys": ["red"], **wrong}).body["errors"][0]["code"] == "InvalidField"
    smaller = shrink(1, fieldName=colour, keys=["red"]).body
    assert [value["key"] for value in smaller["fieldDefinitions"][0]["type"]["values"]] == ["blue"]
    held = typed.get(path).body
    assert held["custom"]["fields"] == {colour: "red", "text": "x"}

    def act(version: int, what: str, **more: Any) -> Any:
        return typed.call("POST", path, {"version": version, "actions": [{"action": what, **more}]})

    assert act(1, "changeKey", key=f"other-{kind}").status == 200
    # Each value is held against the type once one of them changes.
    refusal = act(2, "setCustomField", name="text", value="y").body["errors"][0]
    assert (refusal["code"], refusal["field"]) == ("InvalidField", f"custom.fields.{colour}")
    assert act(2, "setCustomField", name=colour, value="blue").status == 200


def test_references_lead_to_a_record_of_their_type(typed: Api) -> None:
    zone = typed.get("/zones").body["results"][0]["id"]
    good = {"typeId": "zone", "id": zone}
    for number, wrong in enumerate([{"typeId": "zone", "id": "none"}, {"typeId": "product", "id": zone}, zone]):
        error = refused(typed, "/products", product(f"zone-{number}", variant(zone=wrong), of="kinds"))
        custom = {"type": {"key": "fields"}, "fields": {"zone": wrong}}
        assert refused(typed, "/channels", {"key": f"zone-{number}", "custom": custom})["code"] == error["code"]
    assert typed.call("POST", "/products", product("zone", variant(zone=good), of="kinds")).status == 201


@pytest.mark.parametrize(
    ("draft", "code", "name"),
    [
        (product("x", variant(nope="x"), of="kinds"), "InvalidField",
         "masterData.current.masterVariant.attributes[0].name"),
        (product("x", variant(whole="x"), of="kinds"), "InvalidField",
         "masterData.current.masterVariant.attributes[0].name"),
        (product("x", attributes=variant(text="x")["attributes"], of="kinds"), "InvalidField",
         "masterData.current.attributes[0].name"),
        (product("x", {"attributes": [*variant(text="x")["attributes"], *variant(text="y")["attributes"]]}, of="kinds"),
         "InvalidInput", None),
        (product("x", of="strict"), "RequiredField", "must"),
        ({**product("x"), "masterVariant": None, "variants": [{}]}, "RequiredField", "masterVariant"),
        (product("x", {}, {}), "DuplicateVariantValues", None),
        (product("x", {"sku": "a"}, {"sku": "b"}, {"prices": [{"value": EURO}]}, {"prices": [{"value": EURO}]}),
         "DuplicateVariantValues", None),
        (product("x", variant(must="a", code="1"), variant(must="b", code="1"), of="strict"),
         "DuplicateAttributeValue", None),
        (product("x", variant(must="a", size="m"), variant(must="b", size="m"), of="strict"),
         "DuplicateAttributeValues", None),
        (product("x", variant(must="a", brand="A"), variant(must="b", brand="B"), of="strict"),
         "InvalidField", "brand"),
        (product("x", variant(must="a", brand="A"), variant(must="b"), of="strict"), "InvalidField", "brand"),
    ],
)  # fmt: skip
def test_attributes_keep_the_product_type(typed: Api, draft: dict[str, Any], code: str, name: str | None) -> None:
    error = refused(typed, "/products", draft)
    assert (error["code"], error.get("field")) == (code, name)


def test_a_variant_that_comes_later_keeps_what_the_others_have(typed: Api) -> None:
    first = {**variant(must="a", size="m", colour="red", code="1", brand="A"), "sku": "later-1"}
    made = typed.call("POST", "/products", product("later", first, of="strict", publish=True)).body
    path, version = f"/products/{made['id']}", made["version"]
    wrong = [
        (variant(size="m", colour="red", brand="A", must="b"), "DuplicateAttributeValues"),
        (variant(size="m", code="1", brand="A", must="b"), "DuplicateAttributeValue"),
        (variant(size="l", must="b"), "InvalidField"),
        (variant(size="l", brand="A"), "RequiredField"),
    ]
    for fields, code in wrong:
        act = {"version": version, "actions": [{"action": "addVariant", "sku": "later-2", **fields}]}
        assert typed.call("POST", path, act).body["errors"][0]["code"] == code
    add = {"action": "addVariant", "sku": "later-2", **variant(size="m", colour="blue", code="2", brand="A", must="b")}
    changed = typed.call("POST", path, {"version": version, "actions": [add, {"action": "publish"}]}).body
    assert len(changed["masterData"]["current"]["variants"]) == 1


def test_variants_that_are_resources_keep_what_their_product_has(typed: Api) -> None:
    owner = typed.call("POST", "/products", product("modular", variant(must="a"), of="strict")).body["id"]
    draft = {"product": {"id": owner}, "sku": "modular-1", **variant(must="a", code="1")}
    assert typed.call("POST", "/variants", draft).status == 201
    assert refused(typed, "/variants", {**draft, "sku": "modular-2"})["code"] == "DuplicateAttributeValue"
    assert refused(typed, "/variants", {"product": {"id": owner}, "sku": "modular-3"})["code"] == "RequiredField"


def test_values_from_before_a_definition_changed_stay(typed: Api) -> None:
    made = typed.call("POST", "/products", product("old", variant(enum="red", text="x"), of="kinds")).body
    channel = {"key": "old", "custom": {"type": {"key": "fields"}, "fields": {"enum": "red", "text": "x"}}}
    zoned = typed.call("POST", "/channels", channel).body
    for stream, list_name in (("product_types", "attributes"), ("types", "fieldDefinitions")):
        record = next(row for row in typed.sandbox.records(stream) if row.get("key") in {"kinds", "fields"})
        kept = [row for row in record[list_name] if row["name"] not in {"enum", "text"}]
        typed.sandbox.update(stream, record["id"], {list_name: kept})
        action = {"action": "changeName" if stream == "product_types" else "changeDescription"}
        value = {"name": {"en": "B"}} if stream == "product_types" else {"description": {"en": "B"}}
        path, old = ("/products", made) if stream == "product_types" else ("/channels", zoned)
        act = {"version": old["version"], "actions": [{**action, **value}]}
        assert typed.call("POST", f"{path}/{old['id']}", act).status == 200
        typed.sandbox.update(stream, record["id"], {list_name: record[list_name]})


def test_a_required_custom_field_is_asked_for(typed: Api) -> None:
    def act(record: dict[str, Any], action: dict[str, Any]) -> Any:
        return typed.call("POST", f"/channels/{record['id']}", {"version": record["version"], "actions": [action]})

    without = {"type": {"key": "needing"}, "fields": {"may": "x"}}
    error = refused(typed, "/channels", {"key": "without", "custom": without})
    assert (error["code"], error["field"]) == ("RequiredField", "custom.fields.must")
    unknown = {"type": {"key": "needing"}, "fields": {"must": "x", "nope": "x"}}
    assert refused(typed, "/channels", {"key": "without", "custom": unknown})["code"] == "InvalidField"
    plain = typed.call("POST", "/channels", {"key": "plain-one"}).body
    assert act(plain, {"action": "setCustomType", **without}).body["errors"][0]["code"] == "RequiredField"
    whole = {"type": {"key": "needing"}, "fields": {"must": "x"}}
    made = act(plain, {"action": "setCustomType", **whole}).body
    assert act(made, {"action": "setCustomField", "name": "must"}).body["errors"][0]["code"] == "RequiredField"
    assert act(made, {"action": "setCustomField", "name": "may", "value": "y"}).status == 200
    price = {"value": EURO, "custom": without}
    assert refused(typed, "/products", product("custom", {"prices": [price]}))["code"] == "RequiredField"


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ({}, {}, "DuplicatePriceScope"),
        ({"country": "DE"}, {"country": "DE", "value": {**EURO, "centAmount": 7}}, "DuplicatePriceScope"),
        ({"validFrom": MAY, "validUntil": JULY}, {"validFrom": MAY, "validUntil": JULY}, "DuplicatePriceScope"),
        ({"validFrom": MAY, "validUntil": JULY}, {"validFrom": JUNE}, "OverlappingPriceValidity"),
        ({"validUntil": JULY}, {"validFrom": JUNE}, "OverlappingPriceValidity"),
        ({"key": "one"}, {"key": "one", "country": "DE"}, "DuplicatePriceKey"),
    ],
)
def test_no_two_embedded_prices_of_a_variant_are_for_the_same_buyers(
    typed: Api, one: dict[str, Any], other: dict[str, Any], code: str
) -> None:
    prices = [{"value": EURO, **fields} for fields in (one, other)]
    assert refused(typed, "/products", product("prices", {"sku": "one"}, {"prices": prices}))["code"] == code
    path = f"/products/{typed.sandbox.create('products')['id']}"
    act = {"version": 1, "actions": [{"action": "addVariant", "sku": "two", "prices": prices}]}
    error = typed.call("POST", path, act).body["errors"][0]
    assert error["code"] == code
    assert "conflictingPrice" in error


def test_prices_of_other_buyers_or_times_and_of_other_variants_are_taken(typed: Api) -> None:
    others: list[dict[str, Any]] = [
        {}, {"country": "DE"}, {"value": {"currencyCode": "USD", "centAmount": 1}},
        {"validFrom": MAY, "validUntil": JUNE}, {"validFrom": JUNE, "validUntil": JULY},
    ]  # fmt: skip
    prices = [{"value": EURO, **fields} for fields in others]
    variants = ({"sku": "priced-1", "prices": prices}, {"sku": "priced-2", "prices": prices})
    assert typed.call("POST", "/products", product("priced", *variants)).status == 201


LINES = {"type": "lineItems", "predicate": "true"}
PREDICATES = [
    ("/cart-discounts", "cartPredicate", "changeCartPredicate"),
    ("/product-discounts", "predicate", "changePredicate"),
    ("/discount-codes", "cartPredicate", "setCartPredicate"),
    ("/shipping-methods", "predicate", "setPredicate"),
]


@pytest.mark.parametrize(("path", "name", "action"), PREDICATES)
def test_a_predicate_that_cannot_be_read_is_refused(typed: Api, path: str, name: str, action: str) -> None:
    wrong = ["", "sku =", 'sku = "a', "sku = 'a'", "sku == 1", "(sku = 1", "sku in ()", "a and", "and",
             "lineItemCount(", "1 = 1 1", "a is nothing", "sku", "a.b"]  # fmt: skip
    record = typed.sandbox.create(path[1:].replace("-", "_"))
    for text in wrong:
        error = refused(typed, path, {**minimal(typed.sandbox, path), name: text})
        assert (error["code"], error["message"][: 31 + len(name)]) == (
            "SyntaxError", f"Syntax error while parsing '{name}'. ",
        )  # fmt: skip
        act = {"version": 1, "actions": [{"action": action, name: text}]}
        reply = typed.call("POST", f"{path}/{record['id']}", act)
        assert reply.body["errors"][0]["code"] == "SyntaxError"


@pytest.mark.parametrize(
    "text",
    [
        "1 = 1", "1=1", "true", "true = true", "not (1 = 2)", 'sku = "a" or sku <> "b" and not(quantity >= 1.5)',
        'product.id in ("a", "b")', 'product.key not in ("a")', 'categories.key contains "a"',
        'categoriesWithAncestors.id contains any ("a", "b")', "attributes.`my-size` contains all (1, 2)",
        "custom.points is defined", "custom.points is not defined", "customer.stores.key is not empty",
        'lineItemTotal(1 = 1) >  "10.00 USD"', 'lineItemCount(attributes.x = "a" and price.amount > 1) > 3',
        'lineItemExists(sku = "a")', 'forAllLineItems(sku = "a") = true', 'shippingAddress.country = "DE"',
        'createdAt > "2026-01-01T00:00:00.000Z"', "totalPrice.centAmount < -1", r'sku = "a \"b\" ü"',
    ],
)  # fmt: skip
def test_a_predicate_of_the_platforms_language_is_taken(typed: Api, text: str) -> None:
    draft = {**minimal(typed.sandbox, "/cart-discounts"), "cartPredicate": text, "target": {**LINES, "predicate": text}}
    draft["sortOrder"] = f"0.{abs(hash(text))}1"
    assert typed.call("POST", "/cart-discounts", draft).status == 201


def test_predicates_inside_of_a_draft_are_read_too(typed: Api) -> None:
    cart = minimal(typed.sandbox, "/cart-discounts")
    error = refused(typed, "/cart-discounts", {**cart, "target": {**LINES, "predicate": "sku"}})
    assert (error["code"], "'target.predicate'" in error["message"]) == ("SyntaxError", True)
    pattern = {"type": "pattern", "triggerPattern": [], "selectionMode": "Cheapest"}
    unit = {"type": "CountOnLineItemUnits", "predicate": "sku"}
    error = refused(typed, "/cart-discounts", {**cart, "target": {**pattern, "targetPattern": [unit]}})
    assert error["code"] == "SyntaxError"
    extension = minimal(typed.sandbox, "/extensions")
    for condition, status in (('lastName = "Smith" and addresses is not empty', 201), ("a.b = 1", 400)):
        trigger = {"resourceTypeId": "customer", "actions": ["Create"], "condition": condition}
        assert typed.call("POST", "/extensions", {**extension, "triggers": [trigger]}).status == status


def test_order_hints_are_between_0_and_1(typed: Api) -> None:
    category = {"name": A, "slug": {"en": "hinted"}}
    for hint in ("x", "", "1.5", "-0.1", "0,5", "1e-3"):
        assert refused(typed, "/categories", {**category, "orderHint": hint})["field"] == "orderHint"
    made = typed.call("POST", "/categories", {**category, "orderHint": "0.50"}).body
    assert made["orderHint"] == "0.50"
    act = {"version": 1, "actions": [{"action": "changeOrderHint", "orderHint": "2"}]}
    assert typed.call("POST", f"/categories/{made['id']}", act).status == 400
    hints = {made["id"]: "0.50"}
    error = refused(typed, "/products", product("hinted", categoryOrderHints=hints))
    assert error["field"] == f"categoryOrderHints.{made['id']}"
    assert typed.call("POST", "/products", product("hinted", categoryOrderHints={made["id"]: "0.5"})).status == 201


def test_a_customer_has_a_password_unless_others_tell_who_it_is(typed: Api) -> None:
    assert refused(typed, "/customers", {"email": "a@example.com"})["field"] == "password"
    mode = {"authenticationMode": "Password"}
    assert refused(typed, "/customers", {"email": "a@example.com", **mode})["field"] == "password"
    external = {"email": "b@example.com", "authenticationMode": "ExternalAuth"}
    made = typed.call("POST", "/customers", external).body["customer"]
    other = typed.call("POST", "/customers", {**external, "email": "c@example.com", "password": "x"}).body["customer"]
    assert "password" not in made | other

    def act(version: int, **fields: Any) -> Any:
        action = {"action": "setAuthenticationMode", **fields}
        return typed.call("POST", f"/customers/{made['id']}", {"version": version, "actions": [action]})

    assert act(1, authMode="Password").body["errors"][0]["field"] == "password"
    inside = act(1, authMode="Password", password="x").body
    assert (inside["authenticationMode"], inside["password"]) == ("Password", "****")
    outside = act(2, authMode="ExternalAuth").body
    assert (outside["authenticationMode"], "password" in outside) == ("ExternalAuth", False)


@pytest.mark.parametrize(
    "value", [{"type": {"x": 1}}, {"type": {"id": None}, "fields": {}}, {"attributes": [1]}, [[[[{"type": {}}]]]]]
)
def test_a_value_of_any_form_is_refused_and_stops_nothing(typed: Api, value: Any) -> None:
    for name in ("text", "nope"):
        assert (
            refused(typed, "/products", product("odd", variant(**{name: value}), of="kinds"))["code"] == "InvalidField"
        )
    custom = {"type": {"key": "fields"}, "fields": {"text": value}}
    assert refused(typed, "/channels", {"key": "odd", "custom": custom})["code"] == "InvalidField"
    interaction = {"type": {"key": "fields"}, "fields": {"text": value}}
    payment = {**minimal(typed.sandbox, "/payments"), "interfaceInteractions": [interaction]}
    assert refused(typed, "/payments", payment)["code"] == "InvalidField"


@pytest.mark.parametrize("odd", [[1], [{"a": 1}], [{"name": "x"}], "x", [{"name": ["x"], "value": 1}]])
def test_a_record_of_any_form_that_a_test_has_given_can_be_changed(typed: Api, odd: Any) -> None:
    def act(path: str, record: dict[str, Any], action: dict[str, Any]) -> Any:
        return typed.call("POST", f"{path}/{record['id']}", {"version": record["version"], "actions": [action]})

    kind = typed.sandbox.create("product_types", {"attributes": odd, "name": "Odd"})
    of = {"typeId": "product-type", "id": kind["id"]}
    data = {
        "name": A,
        "slug": {"en": "odd"},
        "masterVariant": {"id": 1, "attributes": odd, "prices": odd},
        "variants": [],
    }
    master = {"published": False, "hasStagedChanges": False, "current": data, "staged": data}
    made = typed.sandbox.create("products", {"productType": of, "masterData": master})
    changed = act("/products", made, {"action": "changeName", "name": {"en": "B"}}).body
    assert changed["version"] == 2
    added = act("/products", changed, {"action": "addVariant", "sku": f"odd-{made['id']}"}).body
    assert added["version"] == 3
    for custom in ({"type": {"typeId": "type"}, "fields": odd}, {"type": {}}, {"type": odd}):
        channel = typed.sandbox.create("channels", {"key": "odd-channel", "custom": custom})
        assert act("/channels", channel, {"action": "changeDescription", "description": A}).status == 200
    typed.sandbox.delete("products", made["id"])
    typed.sandbox.delete("product_types", kind["id"])
