"""Tokens: who gets one, for what, for how long, and what the platform says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.sandbox.platform.endpoints import STREAMS
from commercetools_source.sandbox.platform.spec import Spec

if TYPE_CHECKING:
    from commercetools_source.sandbox import Sandbox


@pytest.fixture
def fresh(start: Any) -> Any:
    return start(rows=[])


def test_a_token_has_the_clients_scopes_and_lifetime(fresh: Any) -> None:
    body = fresh.token().body
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 172800)
    assert "manage_project:sample-shop" in body["scope"].split()
    fresh.sandbox.add_client("reader", "pass", ["view_orders", "view_products"], lifetime=3600)
    fresh.client, fresh.secret = "reader", "pass"
    body = fresh.token().body
    assert (body["scope"], body["expires_in"]) == ("view_orders:sample-shop view_products:sample-shop", 3600)
    assert fresh.token(scope="view_orders:sample-shop").body["scope"] == "view_orders:sample-shop"


def test_credentials_may_come_in_the_query_or_the_form(fresh: Any) -> None:
    query = "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret"
    assert fresh.send("POST", f"/oauth/token?{query}").status == 200
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert fresh.send("POST", "/oauth/token", None, headers, body=query).status == 200


@pytest.mark.parametrize(
    ("client", "secret", "form", "status", "code", "message"),
    [
        ("nobody", "x", {}, 401, "invalid_client",
         "Please provide valid client credentials using HTTP Basic Authentication."),
        ("sandbox-client", "wrong", {}, 401, "invalid_client",
         "Please provide valid client credentials using HTTP Basic Authentication."),
        ("sandbox-client", "sandbox-secret", {"grant_type": ""}, 400, "invalid_request",
         "Missing required parameter: grant_type."),
        ("sandbox-client", "sandbox-secret", {"grant_type": "implicit"}, 400, "unsupported_grant_type",
         "Invalid parameter: grant_type: Invalid grant type: implicit."),
        ("sandbox-client", "sandbox-secret", {"scope": "manage_everything:sample-shop"}, 400, "invalid_scope",
         "Malformed parameter: scope: Invalid scope."),
        ("sandbox-client", "sandbox-secret", {"scope": "manage_project:another"}, 400, "invalid_scope",
         "Malformed parameter: scope: Invalid scope."),
    ],
)  # fmt: skip
def test_a_refused_token_request_says_why(
    api: Any, client: str, secret: str, form: dict[str, str], status: int, code: str, message: str
) -> None:
    old = api.client, api.secret
    api.client, api.secret = client, secret
    reply = api.token(**form)
    api.client, api.secret = old
    assert reply.status == status
    assert reply.body == {
        "statusCode": status,
        "message": message,
        "errors": [{"code": code, "message": message}],
        "error": code,
        "error_description": message,
    }


def test_a_broken_basic_header_is_an_invalid_client(api: Any) -> None:
    for header in ("Basic !!!", "Basic ", "Basic //79", "Digest x", ""):
        assert (
            api.send("POST", "/oauth/token?grant_type=client_credentials", headers={"Authorization": header}).status
            == 401
        )


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "This endpoint requires an access token. You can get one from the authorization server."),
        ("Basic eDp5", "This endpoint requires an access token. You can get one from the authorization server."),
        ("Bearer wrong", "invalid_token"),
    ],
)
def test_the_api_wants_a_token(api: Any, header: str, message: str) -> None:
    reply = api.send("GET", "/sample-shop/orders", headers={"Authorization": header})
    assert (reply.status, reply.message, reply.body["error"]) == (401, message, "invalid_token")


def test_a_token_ends_with_its_lifetime(fresh: Any) -> None:
    fresh.sandbox.add_client("brief", "pass", ["view_orders"], lifetime=60)
    fresh.client, fresh.secret = "brief", "pass"
    assert fresh.get("/orders").status == 200
    fresh.sandbox.clock.advance(59)
    assert fresh.get("/orders").status == 200
    fresh.sandbox.clock.advance(2)
    assert fresh.get("/orders").status == 401
    fresh.authorization = ""
    assert fresh.get("/orders").status == 200
    assert fresh.sandbox.expire_tokens("brief") == 2
    assert fresh.get("/orders").status == 401


@pytest.mark.parametrize(
    ("scopes", "method", "path", "missing"),
    [
        (["view_orders"], "GET", "/orders", None),
        (["manage_orders"], "GET", "/orders", None),
        (["manage_project"], "GET", "/orders", None),
        (["view_orders"], "GET", "/zones", None),
        (["view_products"], "GET", "/inventory", None),
        (["view_orders"], "GET", "/customers", ["view_customers", "manage_customers", "manage_project"]),
        (["view_orders"], "POST", "/orders", ["manage_orders", "manage_project"]),
        (["manage_project"], "GET", "/api-clients", ["view_api_clients", "manage_api_clients"]),
        (["view_api_clients"], "GET", "/api-clients", None),
        (["view_published_products"], "GET", "/product-projections", None),
        (["view_published_products"], "GET", "/product-projections?staged=true",
         ["view_products", "manage_products", "manage_project"]),
        (["manage_extensions"], "GET", "/extensions", None),
        (["view_orders"], "GET", "/extensions", ["manage_extensions", "manage_project"]),
        (["view_orders:sample-shop:berlin"], "GET", "/orders", ["view_orders", "manage_orders", "manage_project"]),
        (["view_orders:sample-shop:berlin"], "GET", "/in-store/key=berlin/orders", None),
        (["view_orders:sample-shop:berlin"], "GET", "/in-store/key=paris/orders",
         ["view_orders", "manage_orders", "manage_project"]),
    ],
)  # fmt: skip
def test_each_endpoint_wants_its_scope(
    scopes_shop: Any, scopes: list[str], method: str, path: str, missing: list[str] | None
) -> None:
    api = scopes_shop
    api.sandbox.add_client("limited", "pass", scopes)
    api.client, api.secret, api.authorization = "limited", "pass", ""
    reply = api.call(method, path, body={} if method == "POST" else None)
    if missing is None:
        assert reply.status == 200
        return
    message = f"Insufficient scope. One of the following scopes is missing: {', '.join(missing)}."
    assert reply.status == 403
    assert reply.body["errors"] == [{"code": "insufficient_scope", "message": message}]
    assert reply.body["error"] == "insufficient_scope"


SPEC = Spec.load()
LISTS = sorted({path for path, _ in STREAMS.values() if "{" not in path})


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_open_to_its_scopes_only(api: Any, path: str) -> None:
    shop = api.sandbox
    scopes = SPEC.endpoints[path]["scopes"]
    assert scopes
    asked = {scope: type(api)(shop, scope, "pass") for scope in [*scopes, "view_nothing"]}
    for scope, client in asked.items():
        shop.add_client(scope, "pass", [scope])
        reply = client.get(path.rstrip("/"))
        client.close()
        if scope in scopes:
            assert reply.status == 200, reply.body
        else:
            assert reply.status == 403
            assert reply.message.startswith("Insufficient scope. One of the following scopes is missing: ")
            assert set(scopes) <= set(reply.message.rpartition(": ")[2].rstrip(".").split(", "))


@pytest.fixture
def scopes_shop(start: Any) -> Any:
    stores = [("/stores", "", b'{"id":"%s","key":"%s"}' % (key, key)) for key in (b"berlin", b"paris")]
    return start(rows=stores)


def test_a_client_can_look_at_its_own_token(fresh: Any) -> None:
    token = fresh.token().body["access_token"]
    header = "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ="

    def introspect(value: str) -> Any:
        fields = {"token": value}
        return fresh.send("POST", "/oauth/introspect", fields, {"Authorization": header}, encode_multipart=False)

    body = introspect(token).body
    assert body["active"] is True
    assert "manage_project:sample-shop" in body["scope"].split()
    assert introspect("unknown").body == {"active": False}
    fresh.sandbox.clock.advance(200_000)
    assert introspect(token).body == {"active": False}
    assert introspect("").status == 400
    assert fresh.send("POST", "/oauth/introspect?token=x").status == 401
    assert fresh.send("GET", "/oauth/token").status == 405
    assert fresh.send("POST", "/oauth/nonsense").status == 404


def test_secrets_stay_out_of_texts(fresh: Any) -> None:
    fresh.token()
    assert "sandbox-secret" not in repr(fresh.sandbox.requests)
    assert "sandbox-secret" not in repr(fresh.sandbox._running.authorization.clients)


def test_an_api_client_made_over_the_api_can_be_used(fresh: Any) -> None:
    made = fresh.call("POST", "/api-clients", {"name": "mine", "scope": "view_zones:sample-shop"})
    assert made.status == 201
    fresh.client, fresh.secret, fresh.authorization = made.body["id"], made.body["secret"], ""
    assert fresh.get("/zones").status == 200
    assert fresh.get("/orders").status == 403


def test_the_settings_are_those_of_the_default_client(fresh: Any) -> None:
    sandbox: Sandbox = fresh.sandbox
    assert sandbox.settings() == {
        "project_key": "sample-shop",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "api_url": sandbox.url,
        "auth_url": sandbox.url,
        "history_url": f"{sandbox.url}/history",
    }
    assert sandbox.environment()["CTP_API_URL"] == sandbox.url
