"""Values of the right JSON type that the platform refuses are refused here, and the shop has none of them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from commercetools_source.sandbox.changes.published import accepted
from commercetools_source.sandbox.changes.values import refuse_field, refuse_languages, refuse_object
from commercetools_source.sandbox.contract import parse, published
from commercetools_source.sandbox.shop.generate import generate
from tests.sandbox.minimal_drafts import minimal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.conftest import Api

EURO = {"currencyCode": "EUR", "centAmount": 100}
BACKWARDS = {"validFrom": "2026-02-01T00:00:00.000Z", "validUntil": "2026-01-31T23:59:59.999Z"}
INSTANT = {"validFrom": "2026-02-01T00:00:00.000Z", "validUntil": "2026-02-01T01:00:00+01:00"}
TEXTS = {"en": "Name"}
STEP = {"minimumQuantity": 2, "value": EURO}


def with_price(**fields: Any) -> dict[str, Any]:
    return {"masterVariant": {"prices": [{"value": EURO, **fields}]}}


@pytest.mark.parametrize(
    ("path", "fields", "field"),
    [
        ("/customers", {"email": "nobody"}, "email"),
        ("/customers", {"email": ""}, "email"),
        ("/customers", {"email": "a b@example.com"}, "email"),
        ("/carts", {"customerEmail": "@example.com"}, "customerEmail"),
        ("/business-units", {"contactEmail": "anna"}, "contactEmail"),
        ("/carts", {"locale": "german"}, "locale"),
        ("/carts", {"locale": "de"}, "locale"),  # a language, and none of the project's
        ("/customers", {"locale": "en_US"}, "locale"),
        ("/customers", {"locale": "de"}, "locale"),
        ("/reviews", {"locale": "?"}, "locale"),
        ("/categories", {"name": {"english": "Name"}}, "name"),
        ("/products", {"metaTitle": {"": "Title"}}, "metaTitle"),
        ("/categories", {"slug": {"en": "a b"}}, "slug.en"),
        ("/products", {"slug": {"en": "x"}}, "slug.en"),
        ("/shopping-lists", {"slug": {"en": "a/b"}}, "slug.en"),
        ("/discount-codes", BACKWARDS, "validUntil"),
        ("/standalone-prices", INSTANT, "validUntil"),
        ("/products", with_price(**BACKWARDS), "masterVariant.prices[0].validUntil"),
        ("/products", with_price(tiers=[{**STEP, "minimumQuantity": 1}]),
         "masterVariant.prices[0].tiers[0].minimumQuantity"),
        ("/products", with_price(tiers=[STEP, STEP]), "masterVariant.prices[0].tiers[1].minimumQuantity"),
        ("/standalone-prices", {"tiers": [{**STEP, "minimumQuantity": -3}]}, "tiers[0].minimumQuantity"),
        ("/cart-discounts", {"sortOrder": "1"}, "sortOrder"),
        ("/product-discounts", {"sortOrder": "0.50"}, "sortOrder"),
        ("/cart-discounts", {"target": {"type": "multiBuyLineItems", "predicate": "1 = 1", "triggerQuantity": 1,
                                        "discountedQuantity": 1, "selectionMode": "Cheapest"}},
         "target.triggerQuantity"),
        ("/discount-codes", {"cartDiscounts": []}, "cartDiscounts"),
        ("/shopping-lists", {"lineItems": [{"sku": "A", "quantity": 0}]}, "lineItems[0].quantity"),
        ("/shopping-lists", {"textLineItems": [{"name": TEXTS, "quantity": -1}]}, "textLineItems[0].quantity"),
        ("/shopping-lists", {"deleteDaysAfterLastModification": 0}, "deleteDaysAfterLastModification"),
        ("/carts", {"deleteDaysAfterLastModification": 365251}, "deleteDaysAfterLastModification"),
        ("/tax-categories", {"rates": [{"name": "a", "includedInPrice": True, "country": "DE", "amount": 1.1}]},
         "rates[0].amount"),
        ("/tax-categories", {"rates": [{"name": "a", "includedInPrice": True, "country": "DE", "amount": -0.1}]},
         "rates[0].amount"),
        ("/inventory", {"minCartQuantity": 0}, "minCartQuantity"),
        ("/reviews", {"rating": 101}, "rating"),
        ("/reviews", {"rating": -101}, "rating"),
        ("/extensions", {"timeoutInMs": 10_001}, "timeoutInMs"),
        ("/api-clients", {"accessTokenValiditySeconds": 60}, "accessTokenValiditySeconds"),
        ("/recurrence-policies", {"schedule": {"type": "dayOfMonth", "day": 32}}, "schedule.day"),
    ],
)  # fmt: skip
def test_a_draft_with_a_value_that_cannot_be_is_refused(
    empty: Api, path: str, fields: dict[str, Any], field: str
) -> None:
    draft = {**minimal(empty.sandbox, path), **fields}
    total = empty.get(path).body["count"]
    refused = empty.call("POST", path, draft)
    error = refused.body["errors"][0]
    assert (refused.status, error["code"], error["field"]) == (400, "InvalidField", field), refused.body
    assert empty.get(path).body["count"] == total


@pytest.mark.parametrize(
    ("stream", "action", "field"),
    [
        ("customers", {"action": "changeEmail", "email": "nobody"}, "actions[0].email"),
        ("customers", {"action": "setLocale", "locale": "ja"}, "actions[0].locale"),
        ("carts", {"action": "setCustomerEmail", "email": "nobody"}, "actions[0].email"),
        ("carts", {"action": "setLocale", "locale": "x"}, "actions[0].locale"),
        ("carts", {"action": "changeLineItemQuantity", "lineItemId": "x", "quantity": -1}, "actions[0].quantity"),
        ("shopping_lists", {"action": "removeLineItem", "lineItemId": "x", "quantity": 0}, "actions[0].quantity"),
        ("business_units", {"action": "setContactEmail", "contactEmail": "@"}, "actions[0].contactEmail"),
        ("reviews", {"action": "setRating", "rating": 1000}, "actions[0].rating"),
        ("categories", {"action": "changeSlug", "slug": {"en": "ü"}}, "actions[0].slug.en"),
        ("product_discounts", {"action": "changeSortOrder", "sortOrder": "2"}, "actions[0].sortOrder"),
        ("discount_codes", {"action": "setValidUntil", "validUntil": "2025-12-31T00:00:00.000Z"}, "validUntil"),
        ("standalone_prices", {"action": "setValidUntil", "validUntil": "2026-01-01T00:00:00.000Z"}, "validUntil"),
    ],
)  # fmt: skip
def test_an_action_with_a_value_that_cannot_be_is_refused(
    empty: Api, stream: str, action: dict[str, Any], field: str
) -> None:
    fields = {"validFrom": "2026-01-01T00:00:00.000Z"} if "validUntil" in action else {}
    record = empty.sandbox.create(stream, fields)
    path = f"/{stream.replace('_', '-')}/{record['id']}"
    refused = empty.call("POST", path, {"version": 1, "actions": [action]})
    error = refused.body["errors"][0]
    assert (refused.status, error["code"], error["field"]) == (400, "InvalidField", field), refused.body
    assert empty.get(path).body["version"] == 1


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/carts", {"customerId": "nobody"}),
        ("/orders/import", {"customerId": "nobody"}),
        ("/payments", {"customer": {"typeId": "customer", "id": "nobody"}}),
        ("/payments", {"customer": {"key": "nobody"}}),
        ("/shopping-lists", {"customer": {"id": "nobody"}}),
        ("/reviews", {"customer": {"id": "nobody"}}),
        ("/payment-methods", {"customer": {"id": "nobody"}}),
        ("/business-units", {"associates": [{"customer": {"id": "nobody"}, "associateRoleAssignments": []}]}),
    ],
)
def test_a_customer_that_does_not_exist_is_refused(empty: Api, path: str, fields: dict[str, Any]) -> None:
    refused = empty.call("POST", path, {**minimal(empty.sandbox, path), **fields})
    error = refused.body["errors"][0]
    assert (refused.status, error["code"], error["typeId"]) == (400, "ReferencedResourceNotFound", "customer")


@pytest.mark.parametrize("stream", ["carts", "orders"])
def test_a_record_is_given_to_no_customer_that_does_not_exist(empty: Api, stream: str) -> None:
    record = empty.sandbox.create(stream)
    for identifier, status in (("nobody", 400), (empty.sandbox.create("customers")["id"], 200)):
        action = {"action": "setCustomerId", "customerId": identifier}
        given = empty.call("POST", f"/{stream}/{record['id']}", {"version": record["version"], "actions": [action]})
        assert given.status == status, given.body


def test_what_the_platform_takes_is_taken(empty: Api) -> None:
    customer = empty.sandbox.create("customers")["id"]
    taken = [
        ("/customers", {"email": "anna.müller+shop@example", "locale": "en"}),
        ("/carts", {"customerId": customer, "customerEmail": "a@b", "locale": "en"}),
        ("/categories", {"name": {"zh-Hans-SG": "a"}, "slug": {"en": "a-b_C", "de-AT": "ab"}}),
        (
            "/products",
            with_price(validFrom="2026-01-01T00:00:00Z", validUntil="2026-01-01T00:00:00.001Z", tiers=[STEP]),
        ),
        ("/cart-discounts", {"sortOrder": "0.001"}),
        ("/reviews", {"rating": -100, "locale": "de"}),
    ]
    for path, fields in taken:
        made = empty.call("POST", path, {**minimal(empty.sandbox, path), **fields})
        assert made.status == 201, made.body


@pytest.mark.few(1)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_shop_keeps_its_own_rules(seed: int) -> None:
    rows = list(generate("tiny", seed, datetime(2026, 3, 1, 12, tzinfo=timezone.utc)))
    customers = {msgspec.json.decode(body)["id"] for path, _, body in rows if path == "/customers"}
    (languages,) = (msgspec.json.decode(body)["languages"] for path, _, body in rows if path == "/")

    def exists(_type_id: str, _field: str, value: str) -> bool:
        return value in customers

    looked = set()
    for path, _, body in rows:
        for name, value in objects(msgspec.json.decode(body), published()["endpoints"][path]["item"]):
            looked.add(name)
            if name == "LocalizedString":
                refuse_languages(list(value), path)
                continue
            for called in accepted().types.keys() & {name, f"{name}Draft"}:
                refuse_object(called, value, path)
                for field, item in value.items():
                    refuse_field(
                        called, field, item, f"{path} {name}.{field}", exists=exists, languages=lambda: languages
                    )
    assert looked > {"Cart", "Customer", "DiscountCode", "LocalizedString", "Price", "StandalonePrice", "TaxRate"}


def objects(value: Any, expression: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object inside a value with the name of its type."""
    expected, types = parse(expression), published()["types"]
    row = types.get(expected.base, {})
    if expected.wrappers:
        inner = expression.rstrip("!")[1:-1]
        for item in value.values() if expected.wrappers[0] == "{" else value:
            yield from objects(item, inner)
    elif "map" in row:
        yield expected.base, value
        if row["map"] != "string":
            for item in value.values():
                yield from objects(item, row["map"])
    elif isinstance(value, dict) and "variants" in row:
        yield from objects(value, row["variants"].get(value.get(row["tag"]), "any"))
    elif isinstance(value, dict) and "fields" in row:
        yield expected.base, value
        for field, item in value.items():
            if field in row["fields"] and item is not None:
                yield from objects(item, row["fields"][field])
