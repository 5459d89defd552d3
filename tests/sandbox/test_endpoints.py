"""Every path of the sandbox: lists, single records, stores, selections, containers, and what is not there."""

from __future__ import annotations

from typing import Any

import pytest

from commercetools_source.errors import ConfigError
from commercetools_source.sandbox import Sandbox
from commercetools_source.sandbox.platform.endpoints import NOT_IMITATED, STREAMS


def paths_of(shop: Sandbox, stream: str) -> list[str]:
    """Return the list endpoints of a stream with their placeholders filled from the shop."""
    path, staged = STREAMS[stream]
    if "{" not in path:
        return [path + ("" if staged is None else f"?staged={str(staged).lower()}")]
    if stream == "product_selection_products":
        return [path.replace("{ID}", record["id"]) for record in shop.records("product_selections")]
    if stream == "store_product_selection_assignments":
        return [path.replace("{storeKey}", record["key"]) for record in shop.records("stores")]
    return [
        path.replace("{associateId}", associate["customer"]["id"]).replace("{businessUnitKey}", unit["key"])
        for unit in shop.records("business_units")
        for associate in unit["associates"]
    ]


@pytest.mark.parametrize("stream", sorted(set(STREAMS) - {"project"}))
def test_a_list_endpoint_serves_all_records_of_its_stream(api: Any, shop: Sandbox, stream: str) -> None:
    served: list[dict[str, Any]] = []
    for path in paths_of(shop, stream):
        url, pages = f"{path}{'&' if '?' in path else '?'}limit=100&withTotal=true", []
        while not pages or len(pages[-1]["results"]) == 100:
            pages.append(api.get(f"{url}&offset={100 * len(pages)}").body)
        found = [record for page in pages for record in page["results"]]
        assert len(found) == pages[0]["total"]
        served += found
    held = shop.records(stream)
    assert sorted(map(str, served)) == sorted(map(str, held))
    assert held


def test_the_project_is_one_object(api: Any, shop: Sandbox) -> None:
    reply = api.get("")
    assert reply.body == api.get("/").body == shop.records("project")[0]
    assert reply.body["key"] == shop.project_key
    assert api.call("HEAD", "").status == 200


@pytest.mark.parametrize(
    "path", ["/product-tailoring", "/product-selections/{selection}/products", "/products/{product}/product-selections"]
)
def test_some_lists_count_only_when_told_to(api: Any, shop: Sandbox, path: str) -> None:
    path = path.replace("{selection}", shop.records("product_selections")[0]["id"])
    path = path.replace("{product}", shop.records("products")[0]["id"])
    assert "total" not in api.get(path).body
    assert "total" in api.get(path, withTotal="true").body


def test_a_record_is_read_by_id_and_by_its_keys(api: Any, shop: Sandbox) -> None:
    order = next(order for order in shop.records("orders") if "orderNumber" in order)
    assert api.get(f"/orders/{order['id']}").body == order
    assert api.get(f"/orders/order-number={order['orderNumber']}").body == order
    store = shop.records("stores")[0]
    assert api.get(f"/stores/key={store['key']}").body == store
    edit = shop.records("order_edits")[0]
    assert api.get(f"/orders/edits/{edit['id']}").body == edit
    thing = shop.records("custom_objects")[0]
    assert api.get(f"/custom-objects/{thing['container']}/{thing['key']}").body == thing
    projection = shop.records("product_projections_staged")[0]
    assert api.get(f"/product-projections/{projection['id']}", staged="true").body == projection


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/orders/nobody", "The Resource with ID 'nobody' was not found."),
        ("/orders/order-number=nobody", "The Resource with key 'nobody' was not found."),
        ("/stores/key=nobody", "The Resource with key 'nobody' was not found."),
        ("/in-store/key=nobody/orders", "The Resource with key 'nobody' was not found."),
        ("/product-selections/nobody/products", "The Resource with ID 'nobody' was not found."),
        ("/product-selections/key=nobody/products", "The Resource with key 'nobody' was not found."),
        (
            "/as-associate/me/in-business-unit/key=nobody/approval-rules",
            "The Resource with key 'nobody' was not found.",
        ),
        ("/nonsense", "URI not found: /sample-shop/nonsense"),
        ("/approval-rules", "URI not found: /sample-shop/approval-rules"),
        ("/orders/x/y/z", "URI not found: /sample-shop/orders/x/y/z"),
        ("/me/orders", "URI not found: /sample-shop/me/orders"),
    ],
)
def test_what_is_not_there_is_a_404_in_the_platforms_words(api: Any, path: str, message: str) -> None:
    reply = api.get(path)
    assert reply.status == 404
    assert reply.body == {
        "statusCode": 404,
        "message": message,
        "errors": [{"code": "ResourceNotFound", "message": message}],
    }


def test_a_foreign_project_is_a_404(api: Any) -> None:
    reply = api.send("GET", "/another-project/orders", headers={"Authorization": api.authorization or "x"})
    assert reply.status in {401, 404}
    api.get("")
    reply = api.send("GET", "/another-project/orders", headers={"Authorization": api.authorization})
    assert (reply.status, reply.message) == (404, "The project 'another-project' was not found.")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/orders", "GET, HEAD, POST"),
        ("PUT", "/orders", "GET, HEAD, POST"),
        ("POST", "/messages", "GET, HEAD"),
        ("POST", "/product-projections", "GET, HEAD"),
        ("DELETE", "/messages/x", "GET, HEAD"),
        ("GET", "/graphql", "POST"),
    ],
)
def test_a_method_that_a_path_has_not_is_a_405(api: Any, method: str, path: str, allowed: str) -> None:
    reply = api.call(method, path)
    assert (reply.status, reply.message) == (405, f"HTTP method not allowed, supported methods: {allowed}.")


def test_head_says_whether_anything_matches(api: Any, shop: Sandbox) -> None:
    assert api.call("HEAD", "/orders").status == 200
    assert api.call("HEAD", "/orders", where="version > 0").status == 200
    assert api.call("HEAD", "/orders", where="version < 0").status == 404
    assert api.call("HEAD", f"/orders/{shop.records('orders')[0]['id']}").status == 200
    assert api.call("HEAD", "/orders/nobody").status == 404
    assert api.call("HEAD", "/orders").body == b""


def test_a_store_sees_its_own(api: Any, shop: Sandbox) -> None:
    key = next(order["store"]["key"] for order in shop.records("orders") if "store" in order)
    own = [order["id"] for order in shop.records("orders") if order.get("store", {}).get("key") == key]
    body = api.get(f"/in-store/key={key}/orders", limit=500).body
    assert sorted(record["id"] for record in body["results"]) == sorted(own)
    assert body["total"] == len(own)
    assert api.get(f"/in-store/key={key}/orders/{own[0]}").status == 200
    other = next(order["id"] for order in shop.records("orders") if order.get("store", {}).get("key") != key)
    assert api.get(f"/in-store/key={key}/orders/{other}").status == 404
    customers = api.get(f"/in-store/key={key}/customers", limit=500).body["results"]
    assert all(key in {store["key"] for store in customer["stores"]} for customer in customers)
    assert {record["staged"] for record in api.get(f"/in-store/key={key}/variant-projections").body["results"]} == {
        False
    }


def test_selections_are_reached_from_both_sides(api: Any, shop: Sandbox) -> None:
    selections = [record["id"] for record in shop.records("product_selections")]
    chosen = next(key for key in selections if shop.records("product_selection_products", key))
    selection = api.get(f"/product-selections/{chosen}").body
    by_id = api.get(f"/product-selections/{selection['id']}/products", limit=500).body
    assert by_id == api.get(f"/product-selections/key={selection['key']}/products", limit=500).body
    product = by_id["results"][0]["product"]["id"]
    found = api.get(f"/products/{product}/product-selections").body["results"]
    assert selection["id"] in {row["productSelection"]["id"] for row in found}
    one = api.get(f"/product-selections/{selection['id']}/products", where=f'product(id="{product}")').body["results"]
    assert [row["product"]["id"] for row in one] == [product]
    products = [row["product"]["id"] for row in by_id["results"]]
    sort = {"sort": "product.id asc", "limit": 500}
    ordered = api.get(f"/product-selections/{selection['id']}/products", **sort).body["results"]
    assert sorted(products) == sorted(row["product"]["id"] for row in ordered)


def test_a_derived_list_is_never_the_one_of_before(own: Any) -> None:
    shop = own.sandbox
    product = shop.records("product_selection_products")[0]["product"]["id"]
    path, where = f"/products/{product}/product-selections", 'productSelection(typeId="product-selection")'
    names = {"sort": "name.en asc", "where": "name(en is defined)", "limit": 500}
    for _ in range(3):
        before = own.get(path, where=where, withTotal="true").body["total"]
        assert before == len(own.get(path, limit=500).body["results"])
        assigned = {"product": {"typeId": "product", "id": product}}
        made = shop.create("product_selections", {"name": {"en": "more"}})
        shop.create("product_selection_products", assigned, made["id"])
        assert own.get(path, where=where, withTotal="true").body["total"] == before + 1
        projection = own.get("/variant-projections", **names).body["results"][0]
        name = {"en": f"{before} {projection['name']['en']}"}
        shop.update("products", projection["product"]["id"], {"masterData.current.name": name})
        found = own.get("/variant-projections", **names).body["results"]
        assert [row["name"] for row in found if row["id"] == projection["id"]] == [name]


def test_only_published_products_have_a_current_projection(api: Any, shop: Sandbox) -> None:
    products = {product["id"]: product["masterData"] for product in shop.records("products")}
    current = api.get("/product-projections", limit=500).body["results"]
    staged = api.get("/product-projections", limit=500, staged="true").body["results"]
    assert {record["id"] for record in current} == {key for key, data in products.items() if data["published"]}
    assert {record["id"] for record in staged} == set(products)
    assert all(record["name"] == products[record["id"]]["current"]["name"] for record in current)
    assert all(record["name"] == products[record["id"]]["staged"]["name"] for record in staged)


def test_containers_are_walked_one_by_one(api: Any, shop: Sandbox) -> None:
    objects = shop.records("custom_objects")
    found: list[str] = []
    while True:
        where = {"where": f'container > "{found[-1]}"'} if found else {}
        page = api.get("/custom-objects", sort="container asc", limit=1, withTotal="false", **where).body["results"]
        if not page:
            break
        found.append(page[0]["container"])
    assert found == sorted({record["container"] for record in objects})
    for container in found:
        own = sorted(
            (record for record in objects if record["container"] == container),
            key=lambda record: (record["lastModifiedAt"], record["key"]),
        )
        seen: list[Any] = []
        while len(seen) < len(own):
            where = {}
            if seen:
                at, key = seen[-1]["lastModifiedAt"], seen[-1]["key"]
                where = {"where": f'lastModifiedAt > "{at}" or (lastModifiedAt = "{at}" and key > "{key}")'}
            sort = ["lastModifiedAt asc", "key asc"]
            seen += api.get(f"/custom-objects/{container}", sort=sort, limit=1, **where).body["results"]
        assert seen == own


def test_a_container_sorts_only_by_what_it_promises(api: Any, shop: Sandbox) -> None:
    container = shop.records("custom_objects")[0]["container"]
    reply = api.get(f"/custom-objects/{container}", sort="id asc")
    assert reply.status == 400
    assert reply.message.startswith("Malformed parameter: sort: ")
    assert api.get("/custom-objects/no-such-container").body["results"] == []


def test_mcp_servers_cannot_be_filtered(api: Any) -> None:
    assert api.get("/mcp-servers", where="version > 0").status == 400
    assert api.get("/mcp-servers", sort="createdAt asc").status == 200


def test_prices_are_not_selected_and_that_is_said(api: Any) -> None:
    reply = api.get("/product-projections", priceCurrency="EUR")
    assert (reply.status, reply.message.startswith("The sandbox serves whole records only")) == (400, True)


def test_references_are_expanded_beside_their_ids(api: Any, shop: Sandbox) -> None:
    where = "customerGroup is defined"
    plain = api.get("/customers", where=where, limit=1).body["results"][0]
    full = api.get("/customers", where=where, limit=1, expand="customerGroup").body["results"][0]
    group = next(g for g in shop.records("customer_groups") if g["id"] == plain["customerGroup"]["id"])
    assert full == {**plain, "customerGroup": {**plain["customerGroup"], "obj": group}}
    category = api.get("/categories", where="parent is defined", limit=1, expand=["parent", "ancestors[*]"]).body[
        "results"
    ][0]
    assert {part["obj"]["id"] for part in category["ancestors"]} == {part["id"] for part in category["ancestors"]}
    projection = api.get(
        "/product-projections", limit=1, expand=["productType", "nonsense[*].x", "categories[*].parent"]
    )
    assert projection.body["results"][0]["productType"]["obj"]["key"]
    order = shop.records("orders")[0]
    assert (
        "obj"
        in api.get(f"/orders/{order['id']}", expand="lineItems[*].productType").body["lineItems"][0]["productType"]
    )


def test_attributes_need_name_and_value(api: Any) -> None:
    where = 'masterVariant(attributes(name = "x" and value = "y"))'
    assert api.get("/product-projections", where=where).status == 200
    for where in ('masterVariant(attributes(name = "x"))', 'masterVariant(attributes(value(key = "x")))'):
        reply = api.get("/product-projections", where=where)
        assert (reply.status, "must name both" in reply.message) == (400, True)


def test_large_answers_are_compressed_when_asked_for(api: Any) -> None:
    plain = api.call("GET", "/orders?limit=20")
    assert "Content-Encoding" not in plain.headers
    packed = api.call("GET", "/orders?limit=20", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.body == plain.body
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 3


def test_every_answer_carries_the_platforms_headers(api: Any) -> None:
    reply = api.call("GET", "/orders?limit=1", headers={"X-Correlation-ID": "mine/1"})
    assert reply.headers["X-Correlation-ID"] == "mine/1"
    first, second = (api.get("/orders?limit=1").headers["X-Correlation-ID"] for _ in range(2))
    assert first != second
    for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Date"):
        assert name in reply.headers
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert api.get("/nonsense").headers["X-Correlation-ID"]


def test_a_path_of_the_platform_that_is_not_imitated_is_no_record_that_was_not_found(api: Any, shop: Sandbox) -> None:
    for path in (*NOT_IMITATED, "in-store/key=berlin/orders/search"):
        for reply in (api.call("POST", f"/{path}", {}), api.get(f"/{path}")):
            assert reply.status == 404
            assert f"does not imitate /{path}" in reply.message
    shop.create("custom_objects", {"container": "orders", "key": "search", "value": 1})
    assert api.get("/custom-objects/orders/search").body["value"] == 1


def test_the_log_tells_what_was_asked(api: Any, shop: Sandbox) -> None:
    api.get("/zones", limit=3)
    seen = shop.requests[-1]
    assert (seen.method, seen.path, seen.query, seen.status) == ("GET", "/zones", "limit=3", 200)
    assert "authorization" not in seen.headers


def test_unknown_streams_are_answered_with_the_known_ones(shop: Sandbox) -> None:
    with pytest.raises(ConfigError, match=r"no stream 'ordres'; the streams are api_clients, .*zones"):
        shop.records("ordres")
    with pytest.raises(ConfigError, match="change products instead"):
        shop.create("product_projections_current")


def test_a_sandbox_that_was_not_started_says_so() -> None:
    with pytest.raises(ConfigError, match="has not been started"):
        Sandbox().records("orders")
