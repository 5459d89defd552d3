"""Predicates and sort keys that reach into objects, arrays and attributes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


def product(number: int) -> dict[str, Any]:
    """Return a product whose attributes tell its number in every type that can be asked for."""
    attributes = [
        {"name": "text", "value": f"t{number}"},
        {"name": "enum", "value": {"key": f"e{number}", "label": "x"}},
        {"name": "ltext", "value": {"en": f"l{number}", "de-CH": "x"}},
        {"name": "number", "value": number + 0.5},
        {"name": "flag", "value": number % 2 == 0},
        {"name": "day", "value": f"2026-01-0{number}"},
        {"name": "hour", "value": f"0{number}:00:00.000"},
        {"name": "at", "value": f"2026-01-0{number}T10:00:00.000Z"},
        {"name": "price", "value": {"type": "centPrecision", "currencyCode": "EUR", "centAmount": 100 * number}},
        {"name": "owner", "value": {"typeId": "category", "id": f"c{number}"}},
        {"name": "sizes", "value": ["S", f"s{number}"]},
    ]
    variants = [{"id": size, "sku": f"P{number}-{size}", "attributes": attributes[:1]} for size in range(2, 2 + number)]
    data = {
        "name": {"en": f"Product {number}"},
        "slug": {"en": f"product-{number}"},
        "categories": [{"typeId": "category", "id": f"c{one}"} for one in range(number)],
        "masterVariant": {"id": 1, "sku": f"P{number}-1", "attributes": attributes},
        "variants": variants,
    }
    return {
        "id": f"p{number}",
        "version": number,
        "key": f"k{number}",
        "createdAt": "2026-01-01T10:00:00.000Z",
        "lastModifiedAt": "2026-01-01T10:00:00.000Z",
        "masterData": {"published": number != 4, "hasStagedChanges": False, "current": data, "staged": data},
    }


def order(number: int) -> dict[str, Any]:
    """Return an order with as many line items as its number says, of rising price and falling quantity."""
    items = [
        {"id": f"{number}-{one}", "quantity": 5 - one, "price": {"value": {"centAmount": one}}} for one in range(number)
    ]
    return {"id": f"o{number}", "version": number, "lineItems": items, "totalPrice": {"centAmount": number}}


ROWS = [("/products", "", json.dumps(product(number)).encode()) for number in range(1, 6)]
ROWS += [("/orders", "", json.dumps(order(number)).encode()) for number in range(1, 6)]


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox(rows=ROWS) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("attribute", "versions"),
    [
        ('name="text" and value="t3"', [3]),
        ('name="text" and value in ("t3", "t5")', [3, 5]),
        ('name="text" and value!="t3"', [1, 2, 4, 5]),
        ('name="text" and value > "t3"', [4, 5]),
        ('name="enum" and value(key="e2")', [2]),
        ('name="ltext" and value(en="l2")', [2]),
        ('name="ltext" and value(`de-CH`="x" and en in ("l1", "l2"))', [1, 2]),
        ('name="number" and value > 3.4', [3, 4, 5]),
        ('name="number" and value = :number', [2]),
        ('name="flag" and value = true', [2, 4]),
        ('name="day" and value >= "2026-01-04"', [4, 5]),
        ('name="hour" and value < "02:30:00.000"', [1, 2]),
        ('name="at" and value <= "2026-01-02T12:00:00+02:00"', [1, 2]),
        ('name="price" and value(centAmount > 300 and currencyCode = "EUR")', [4, 5]),
        ('name="owner" and value(typeId="category" and id="c1")', [1]),
        ('name="sizes" and value = "s4"', [4]),
        ('name="sizes" and value contains all ("S", "s4")', [4]),
        ('name="nothing" and value = 1', []),
        # Both belong to the same attribute, not one to each of two.
        ('name="text" and value="e1"', []),
        ('name="number" and value = "2.5"', []),
    ],
)
def test_attributes_are_asked_by_name_and_value(api: Any, attribute: str, versions: list[int]) -> None:
    where = f"masterData(current(masterVariant(attributes({attribute}))))"
    found = api.get("/products", where=where, sort="version asc", **{"var.number": "2.5"})
    assert [record["version"] for record in found.body["results"]] == versions
    published = api.get("/product-projections", where=f"masterVariant(attributes({attribute}))", sort="version asc")
    if ":" not in attribute.replace("00:", ""):
        assert [record["version"] for record in published.body["results"]] == [one for one in versions if one != 4]


@pytest.mark.parametrize(
    ("path", "where", "versions"),
    [
        ("/products", 'masterData(current(slug(en="product-3")))', [3]),
        ("/products", 'masterData(staged(categories(id="c3")))', [4, 5]),
        ("/products", "masterData(current(categories is not empty)) and masterData(published=false)", [4]),
        ("/products", 'masterData(current(variants(sku="P4-5")))', [4]),
        ("/products", 'masterData(current(variants(attributes(name="text" and value="t2"))))', [2]),
        ("/products", 'not (masterData(current(masterVariant(sku="P1-1")))) and not (key in ("k2", "k3"))', [4, 5]),
        ("/orders", "lineItems(quantity=1)", [5]),
        # One item must pass as a whole ...
        ("/orders", "lineItems(quantity=5 and price(value(centAmount=0)))", [1, 2, 3, 4, 5]),
        ("/orders", "lineItems(quantity=5 and price(value(centAmount=1)))", []),
        # ... but two conditions may be met by two items.
        ("/orders", "lineItems(quantity=5) and lineItems(price(value(centAmount=1)))", [2, 3, 4, 5]),
        ("/orders", "lineItems(quantity < 3 or price(value(centAmount >= 3)))", [4, 5]),
        ("/orders", "lineItems(not (quantity=5))", [2, 3, 4, 5]),
        ("/orders", "lineItems(custom is defined)", []),
        ("/orders", "custom is not defined and customLineItems is empty and totalPrice(centAmount > 3)", [4, 5]),
        ("/orders", "totalPrice(centAmount in (1, 5)) or version = 3", [1, 3, 5]),
    ],
)
def test_predicates_reach_into_objects_and_arrays(api: Any, path: str, where: str, versions: list[int]) -> None:
    found = api.get(path, where=where, sort="version asc")
    assert [record["version"] for record in found.body["results"]] == versions


@pytest.mark.parametrize(
    ("path", "sort", "versions"),
    [
        ("/orders", "totalPrice.centAmount desc", [5, 4, 3, 2, 1]),
        ("/orders", "lineItems.price.value.centAmount desc", [5, 4, 3, 2, 1]),  # of an array the largest counts
        ("/orders", "lineItems.quantity asc", [5, 4, 3, 2, 1]),  # or the smallest
        ("/products", "masterData.current.name.en desc", [5, 4, 3, 2, 1]),
        ("/products", "masterData.published asc", [4, 1, 2, 3, 5]),
        ("/products", "masterData.current.masterVariant.sku asc", [1, 2, 3, 4, 5]),
    ],
)
def test_any_path_to_a_scalar_sorts(api: Any, path: str, sort: str, versions: list[int]) -> None:
    found = api.get(path, sort=[sort, "version asc"])
    assert [record["version"] for record in found.body["results"]] == versions


@pytest.mark.parametrize("test", ['= "aOpen"', 'in ("Open", "aOpen")', "!= :state"])
def test_a_value_that_an_enum_has_not_is_refused(api: Any, test: str) -> None:
    refused = api.get("/orders", where=f"orderState {test}", **{"var.state": "aOpen"})
    assert (refused.status, refused.message) == (
        400,
        "Malformed parameter: where: Invalid enum value for OrderState: aOpen",
    )
