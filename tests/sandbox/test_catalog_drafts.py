"""Drafts of the catalogue: enum attributes, variants that are resources, tailoring, tax rates, and a reset shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Api

A = {"en": "A"}
COLOURS = [{"key": "red", "label": "Red"}, {"key": "blue", "label": "Blue"}]
CUTS = [{"key": "slim", "label": {"en": "Slim", "de": "Schmal"}}]


def attribute(name: str, kind: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "label": A, "isRequired": False, "type": kind}


@pytest.fixture(scope="module")
def shirts(empty: Api) -> Api:
    """An otherwise empty project with the product type `shirt` and one product of it."""
    enum, lenum = {"name": "enum", "values": COLOURS}, {"name": "lenum", "values": CUTS}
    part = {"key": "part", "name": "P", "description": "", "attributes": [attribute("tone", enum)]}
    nested = {
        "name": "nested",
        "typeReference": {"typeId": "product-type", "id": made(empty, "/product-types", part)["id"]},
    }
    kinds = {
        "colour": enum,
        "cut": lenum,
        "colours": {"name": "set", "elementType": enum},
        "part": nested,
        "text": {"name": "text"},
    }
    attributes = [attribute(name, kind) for name, kind in kinds.items()]
    made(empty, "/product-types", {"key": "shirt", "name": "Shirt", "description": "", "attributes": attributes})
    made(empty, "/stores", {"key": "berlin"})
    return empty


def made(api: Api, path: str, draft: dict[str, Any]) -> dict[str, Any]:
    answer = api.call("POST", path, draft)
    assert answer.status == 201, answer.body
    body: dict[str, Any] = answer.body
    return body


def product(api: Api, key: str, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    draft = {"key": key, "productType": {"key": "shirt"}, "name": A, "slug": {"en": f"slug-{key}"}}
    return made(api, "/products", {**draft, "masterVariant": {"sku": f"sku-{key}", "attributes": attributes}})


SENT = [
    {"name": "colour", "value": "red"},
    {"name": "cut", "value": "slim"},
    {"name": "colours", "value": ["red", "blue"]},
    {"name": "part", "value": [{"name": "tone", "value": "blue"}]},
    {"name": "text", "value": "red"},
]
ANSWERED = [
    {"name": "colour", "value": COLOURS[0]},
    {"name": "cut", "value": CUTS[0]},
    {"name": "colours", "value": COLOURS},
    {"name": "part", "value": [{"name": "tone", "value": COLOURS[1]}]},
    {"name": "text", "value": "red"},
]


def test_an_enum_attribute_that_is_sent_as_a_key_is_answered_with_its_label(shirts: Api) -> None:
    data = product(shirts, "labels", SENT)["masterData"]
    assert data["current"]["masterVariant"]["attributes"] == ANSWERED
    assert data["staged"]["masterVariant"]["attributes"] == ANSWERED
    whole = product(shirts, "whole", [{"name": "colour", "value": COLOURS[1]}])  # as it was read
    assert whole["masterData"]["current"]["masterVariant"]["attributes"] == [{"name": "colour", "value": COLOURS[1]}]


def test_a_key_that_the_enumeration_does_not_have_is_refused(shirts: Api) -> None:
    total = shirts.get("/products").body["count"]
    variant = {"attributes": [{"name": "colours", "value": ["red", "green"]}]}
    draft = {"productType": {"key": "shirt"}, "name": A, "slug": {"en": "green"}, "masterVariant": variant}
    error = shirts.call("POST", "/products", draft).body["errors"][0]
    assert (error["code"], error["invalidValue"], error["allowedValues"]) == ("InvalidField", "green", ["red", "blue"])
    assert shirts.get("/products").body["count"] == total


def test_a_variant_has_what_its_draft_says_and_the_next_number_of_its_product(shirts: Api) -> None:
    owner = product(shirts, "owner", [])
    draft = {"product": {"key": "owner"}, "key": "v-1", "sku": "v-sku-1", "attributes": SENT, "publish": True}
    first = made(shirts, "/variants", draft)
    assert first["current"] == {"sku": "v-sku-1", "attributes": ANSWERED}
    assert (first["variantId"], first["published"], first["product"]["id"]) == (1, True, owner["id"])
    second = made(shirts, "/variants", {"product": {"typeId": "product", "id": owner["id"]}, "sku": "v-sku-2"})
    assert (second["variantId"], second["published"]) == (2, False)


def test_tailoring_has_what_its_draft_says_and_variants_by_their_sku(shirts: Api) -> None:
    product(shirts, "tailored", [])
    draft = {"product": {"key": "tailored"}, "store": {"key": "berlin"}, "name": {"en": "Ours"}, "publish": True}
    tailoring = made(shirts, "/product-tailoring", {**draft, "variants": [{"sku": "sku-tailored", "images": []}]})
    data = {"name": {"en": "Ours"}, "variants": [{"id": 1, "images": []}]}
    assert (tailoring["current"], tailoring["staged"], tailoring["published"]) == (data, data, True)
    for nobody in ({"sku": "nobody's"}, {"id": 99}, {"sku": "sku-tailored", "id": 99}, {}):
        refused = shirts.call("POST", "/product-tailoring", {**draft, "key": "other", "variants": [nobody]})
        assert "variants[0]" in refused.message
    assert (refused.status, refused.body["errors"][0]["code"]) == (400, "InvalidInput")
    assert "variants[0]" in refused.message


def test_every_tax_rate_has_an_id_that_stays(shirts: Api) -> None:
    rate = {"name": "19", "amount": 0.19, "includedInPrice": True, "country": "DE"}
    made_one = made(shirts, "/tax-categories", {"name": "T", "rates": [rate, {**rate, "country": "AT"}]})
    ids = [row["id"] for row in made_one["rates"]]
    assert len(set(ids)) == 2
    action = {"version": made_one["version"], "actions": [{"action": "changeName", "name": "U"}]}
    changed = shirts.call("POST", f"/tax-categories/{made_one['id']}", action).body
    assert [row["id"] for row in changed["rates"]] == ids


def test_a_reset_brings_the_records_of_the_start_back_and_keeps_tokens(start: Callable[..., Api]) -> None:
    api = start(admin=True)
    before = api.get("/zones", sort="id asc").body
    removed = before["results"][0]
    api.call("DELETE", f"/zones/{removed['id']}", version=removed["version"])
    api.send("POST", "/_sandbox/records/zones", body=b'{"key": "extra"}', headers={"Content-Type": "application/json"})
    api.send("POST", "/_sandbox/faults", body=b'{"kind": "status", "status": 503, "times": null}')
    assert api.get("/zones").status == 503
    assert api.send("POST", "/_sandbox/reset").status == 200
    assert api.get("/zones", sort="id asc").body == before
    made(api, "/zones", {"name": "Z", "key": "after", "locations": []})  # writes go where reads do


def test_a_reset_brings_given_rows_back(start: Callable[..., Api]) -> None:
    api = start(rows=(row for row in [("/zones", "", b'{"id":"z","version":1,"key":"eu","name":"EU","locations":[]}')]))
    api.sandbox.delete("zones", "z")
    api.sandbox.reset()
    assert [zone["id"] for zone in api.sandbox.records("zones")] == ["z"]


def test_an_empty_project_has_the_built_in_state(empty: Api) -> None:
    states = empty.get("/states", where="builtIn = true").body["results"]
    assert [(state["key"], state["type"], state["initial"]) for state in states] == [("Initial", "LineItemState", True)]


def test_a_tax_rate_is_the_sum_of_its_sub_rates(empty: Api) -> None:
    rate = {"name": "Sales tax", "includedInPrice": False, "country": "US"}
    parts = [{"name": "state", "amount": 0.1}, {"name": "city", "amount": 0.2}]
    made = empty.call("POST", "/tax-categories", {"name": "A", "rates": [{**rate, "subRates": parts}]}).body
    assert [(one["amount"], one["subRates"]) for one in made["rates"]] == [(0.3, parts)]
    same = empty.call("POST", "/tax-categories", {"name": "B", "rates": [{**rate, "subRates": parts, "amount": 0.3}]})
    assert same.status == 201
    other = empty.call("POST", "/tax-categories", {"name": "C", "rates": [{**rate, "subRates": parts, "amount": 0.4}]})
    assert (other.status, other.body["errors"][0]["code"]) == (400, "InvalidOperation")
    assert other.message == "The amount 0.4 is not the sum of the sub-rates, 0.3."
