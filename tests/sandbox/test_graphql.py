"""The GraphQL part: id sweeps with where, sort, limit and offset, and errors in GraphQL's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from commercetools_source.sandbox import Sandbox


def query(api: Any, text: str, **variables: Any) -> Any:
    return api.call("POST", "/graphql", {"query": text, "variables": variables})


def test_an_id_sweep_reads_every_id_and_version(api: Any, shop: Sandbox) -> None:
    text = """
        query Sweep($where: String, $limit: Int = 40) {  # a comment
          orders(limit: $limit, where: $where, sort: ["id asc"]) { total count results { id version lastModifiedAt } }
        }"""
    found: list[Any] = []
    where = None
    while True:
        data = query(api, text, **({"where": where} if where else {})).body["data"]["orders"]
        found += data["results"]
        if data["count"] < 40:
            break
        where = f'id > "{found[-1]["id"]}"'
    expected = [{name: order[name] for name in ("id", "version", "lastModifiedAt")} for order in shop.records("orders")]
    assert found == expected


# As the platform's schema names them; approval rules and flows, projections and assignments are not lists of their own.
NAMES = {
    "associateRoles": "associate_roles", "attributeGroups": "attribute_groups", "businessUnits": "business_units",
    "cartDiscounts": "cart_discounts", "carts": "carts", "categories": "categories", "channels": "channels",
    "customObjects": "custom_objects", "customerGroups": "customer_groups", "customers": "customers",
    "discountCodes": "discount_codes", "discountGroups": "discount_groups", "extensions": "extensions",
    "inventoryEntries": "inventory", "messages": "messages", "orderEdits": "order_edits", "orders": "orders",
    "paymentMethods": "payment_methods", "payments": "payments", "productDiscounts": "product_discounts",
    "productSelections": "product_selections", "productTailoringList": "product_tailoring",
    "productTypes": "product_types", "products": "products", "quoteRequests": "quote_requests", "quotes": "quotes",
    "recurrencePolicies": "recurrence_policies", "recurringOrders": "recurring_orders", "reviews": "reviews",
    "shippingMethods": "shipping_methods", "shoppingLists": "shopping_lists", "stagedQuotes": "staged_quotes",
    "standalonePrices": "standalone_prices", "states": "states", "stores": "stores", "subscriptions": "subscriptions",
    "taxCategories": "tax_categories", "typeDefinitions": "types", "variants": "variants", "zones": "zones",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_stream_that_graphql_has_can_be_swept(api: Any, shop: Sandbox, name: str) -> None:
    held = [(record["id"], record["version"], record["lastModifiedAt"]) for record in shop.records(NAMES[name])]
    text = f"""query ($where: String) {{ {name}(limit: 500, offset: 1, where: $where, sort: ["id asc"])
        {{ total count offset exists results {{ id version lastModifiedAt }} }} }}"""
    body = query(api, text, where=f'id >= "{held[1][0]}"').body
    assert "errors" not in body
    found = body["data"][name]
    assert [(row["id"], row["version"], row["lastModifiedAt"]) for row in found["results"]] == held[2:]
    assert (found["total"], found["count"], found["offset"]) == (len(held) - 1, len(held) - 2, 1)


def test_aliases_fragments_and_nested_fields_are_read(api: Any, shop: Sandbox) -> None:
    text = """
        query { first: orders(limit: 1, sort: "id asc") { results { ...Parts __typename } } }
        fragment Parts on Order {
          number: orderNumber lineItems { id quantity } ... on Order { totalPrice { centAmount } } }"""
    order = shop.records("orders")[0]
    assert query(api, text).body == {
        "data": {
            "first": {
                "results": [
                    {
                        "number": order.get("orderNumber"),
                        "lineItems": [{name: item[name] for name in ("id", "quantity")} for item in order["lineItems"]],
                        "totalPrice": {"centAmount": order["totalPrice"]["centAmount"]},
                        "__typename": "Order",
                    }
                ]
            }
        }
    }


def test_custom_objects_are_chosen_by_container(api: Any, shop: Sandbox) -> None:
    container = shop.records("custom_objects")[0]["container"]
    text = "query ($c: String!) { customObjects(container: $c) { results { container } } }"
    found = query(api, text, c=container).body["data"]["customObjects"]["results"]
    assert {row["container"] for row in found} == {container}


@pytest.mark.parametrize(
    ("text", "message", "code"),
    [
        ("{ orders(offset: 10001) { count } }",
         "Malformed parameter: offset: The offset parameter must be in the range of [0..10000]", "InvalidInput"),
        ("{ orders(limit: -1) { count } }",
         "Malformed parameter: limit: The limit parameter must be in the range of [0..500]", "InvalidInput"),
        ('{ orders(where: "nope = 1") { count } }', "Malformed parameter: where: The field 'nope' does not exist.",
         "InvalidInput"),
        ("{ orders(sort: 5) { count } }", "'where' and 'sort' must be texts.", "InvalidInput"),
        ("{ orders(colour: 5) { count } }", "Unknown argument 'colour' on field 'orders'.", "InvalidInput"),
        ("{ orders { results { nope } } }", "Cannot query field 'nope' on type 'Order'.", "InvalidInput"),
        ("{ orders { nope } }", "Cannot query field 'nope' on type 'OrderQueryResult'.", "InvalidInput"),
        ("{ orders: nope { x } }", "Cannot query field 'nope' on type 'Query'.", "InvalidInput"),
    ],
)  # fmt: skip
def test_a_failed_field_is_null_beside_its_error(api: Any, text: str, message: str, code: str) -> None:
    reply = query(api, text)
    assert reply.status == 200
    assert reply.body == {
        "data": {"orders": None},
        "errors": [
            {
                "message": message,
                "locations": [{"line": 1, "column": 3}],
                "path": ["orders"],
                "extensions": {"code": code},
            }
        ],
    }


@pytest.mark.parametrize(
    "text", ["{ orders( { count } }", "", "{", "mutation { x }", "{ a } { b }", "{ ...F }", "{" * 999]
)
def test_a_query_that_cannot_be_read_is_refused(api: Any, text: str) -> None:
    reply = query(api, text)
    assert reply.status == 400
    assert {"message", "locations", "extensions"} == set(reply.body["errors"][0])


def test_each_field_wants_its_scope(api: Any, shop: Sandbox) -> None:
    shop.add_client("narrow", "pass", ["view_orders"])
    old = api.client, api.secret, api.authorization
    api.client, api.secret, api.authorization = "narrow", "pass", ""
    body = query(api, "{ orders { count } customers { count } }").body
    api.client, api.secret, api.authorization = old
    assert body["data"]["orders"]["count"] == 20
    assert body["data"]["customers"] is None
    assert body["errors"][0]["extensions"]["code"] == "insufficient_scope"


WORDS = ["{", "}", "(", ")", "orders", "results", "id", ":", '"x"', "5", "$v", "query", "fragment", "on", "...", "[",
         "]", "limit", "where", "@skip", "true", "null", "=", "!", '"""']  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=16))
def test_no_query_is_a_server_error(api: Any, words: list[str]) -> None:
    assert query(api, " ".join(words)).status in {200, 400}


@given(st.text(max_size=30))
def test_no_text_is_a_server_error(api: Any, text: str) -> None:
    assert query(api, text).status in {200, 400}
