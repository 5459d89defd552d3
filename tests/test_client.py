"""The client against the sandbox, over real sockets."""

from __future__ import annotations

import json
import pickle
import threading
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.config import Config
from commercetools_source.errors import (
    ApiError,
    AuthenticationError,
    ConfigError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NetworkError,
    NotFoundError,
)
from commercetools_source.events import Event, RequestDone, TokenFetched
from commercetools_source.sandbox import Sandbox
from patience import Jumps

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def client(shop: Sandbox) -> Iterator[Client]:
    with Client(shop.settings(), timing=Jumps().timing) as client:
        yield client


def with_settings(shop: Sandbox, **changed: Any) -> Client:
    return Client({**shop.settings(), **changed}, timing=Jumps().timing)


@pytest.mark.parametrize("stream", STREAMS)
def test_records_yields_every_record_of_a_stream(shop: Sandbox, client: Client, stream: str) -> None:
    if stream == "change_history":
        zone = shop.create("zones")  # the history of a sandbox begins with the first change
        shop.update("zones", zone["id"], {"description": "Everywhere"})
        shop.delete("zones", zone["id"])
    key = STREAMS[stream].key
    found = {tuple(record[name] for name in key) for record in client.records(stream, page_size=7)}
    expected = {tuple(row(record, STREAMS[stream].derived, name) for name in key) for record in held(shop, stream)}
    assert found == expected
    assert found


def held(shop: Sandbox, stream: str) -> list[dict[str, Any]]:
    """Return what the shop holds, with the columns that come from the parent put in, as the client does."""
    parents = STREAMS[stream].parents
    if parents is None or not any(parents.columns) or stream.startswith("approval"):
        return shop.records(stream)
    sources = shop.records(parents.source)
    field, column = parents.fields[0][1], next(filter(None, parents.columns))
    return [{**record, column: one[field]} for one in sources for record in shop.records(stream, one[field])]


def row(record: dict[str, Any], derived: tuple[tuple[str, str], ...], name: str) -> Any:
    path = dict(derived).get(name, name)
    value: Any = record
    for step in path.split("."):
        value = value[step]
    return value


def test_a_collection_is_read_past_the_offset_limit_of_ten_thousand() -> None:
    rows = (
        (
            "/inventory",
            "",
            msgspec.json.encode(
                {
                    "id": f"00000000-0000-4000-8000-{number:012x}",
                    "version": 1,
                    "createdAt": "2026-01-01T00:00:00.000Z" if number % 3 else "2026-01-02T00:00:00.000Z",
                    "lastModifiedAt": "2026-01-02T00:00:00.000Z",
                    "sku": f"sku-{number}",
                    "quantityOnStock": number,
                    "availableQuantity": number,
                }
            ),
        )
        for number in range(12_345)
    )
    with Sandbox(rows=rows) as sandbox, Client(sandbox.settings()) as client:
        assert len({record["id"] for record in client.records("inventory")}) == 12_345


def test_a_request_may_use_any_verb_and_any_endpoint(shop: Sandbox, client: Client) -> None:
    made = client.request("post", "/categories", body={"name": {"en": "New"}, "slug": {"en": "new-one"}})
    path = f"/categories/{made['id']}"
    changed = client.request(
        "POST", path, body={"version": made["version"], "actions": [{"action": "changeName", "name": {"en": "Newer"}}]}
    )
    assert changed["version"] > made["version"]
    assert client.request("get", url=f"{shop.api_url}/{shop.project_key}{path}")["name"] == {"en": "Newer"}
    assert client.request("HEAD", "/categories", params={"where": [f'id = "{made["id"]}"']}) is None
    with pytest.raises(ConflictError) as conflict:
        client.request("delete", path, params={"version": made["version"]})
    assert conflict.value.current_version == changed["version"]
    client.request("delete", path, params={"version": changed["version"]})
    with pytest.raises(NotFoundError) as gone:
        client.request("get", path)
    assert gone.value.status == 404
    assert gone.value.codes == ("ResourceNotFound",)
    assert gone.value.correlation_id


def test_parameters_repeat_and_leave_out(client: Client) -> None:
    answer = client.request(
        "get", "/orders", params={"limit": 2, "withTotal": True, "expand": None, "sort": ["id asc"]}
    )
    assert answer["limit"] == answer["count"] == 2
    assert answer["total"] > 2


@pytest.mark.parametrize("url", ["https://evil.example/sample-shop/orders", "http://127.0.0.1:1/x", "//evil.example/x"])
def test_a_url_outside_the_configured_host_is_refused_before_anything_is_sent(
    shop: Sandbox, client: Client, url: str
) -> None:
    before = len(shop.requests)
    with pytest.raises(ConfigError, match="sent nowhere else"):
        client.request("get", url=url)
    with pytest.raises(ConfigError, match="needs `path`"):
        client.request("get")
    assert len(shop.requests) == before


def test_a_path_cannot_leave_the_configured_host(client: Client) -> None:
    for path in ("@evil.example/x", ".evil.example", "//evil.example/orders"):
        with pytest.raises(ApiError) as error:
            client.request("get", path)
        assert error.value.status in {400, 404}


def test_errors_say_what_was_wrong_in_the_platforms_words(client: Client) -> None:
    with pytest.raises(InvalidRequestError, match=r"GET .*/orders was answered with 400 .*InvalidInput.*noSuchField"):
        client.request("get", "/orders", params={"where": 'noSuchField = "x"'})


def test_one_token_serves_all_threads_and_is_fetched_late(shop: Sandbox) -> None:
    events: list[Event] = []
    with Client(shop.settings(), hook=events.append) as client:
        assert events == []
        threads = [threading.Thread(target=client.request, args=("get", "/orders")) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(isinstance(event, TokenFetched) for event in events) == 1
    assert sum(isinstance(event, RequestDone) and event.path.endswith("/orders") for event in events) == 8


def test_a_token_that_expires_mid_run_is_replaced_once(shop: Sandbox) -> None:
    events: list[Event] = []
    with Client(shop.settings(), hook=events.append) as client:
        client.request("get", "/orders")
        shop.expire_tokens()
        client.request("get", "/orders")
        client.request("get", "/orders")
    assert sum(isinstance(event, TokenFetched) for event in events) == 2


def test_a_token_is_renewed_before_it_expires(shop: Sandbox) -> None:
    shop.add_client("brief", "secret", ["view_orders"], lifetime=100)
    jumps, events = Jumps(), list[Event]()
    with Client(
        {**shop.settings(), "client_id": "brief", "client_secret": "secret"}, timing=jumps.timing, hook=events.append
    ) as client:
        client.request("get", "/orders")
        jumps.waits.append(80.0)
        client.request("get", "/orders")
        assert sum(isinstance(event, TokenFetched) for event in events) == 1
        jumps.waits.append(11.0)
        client.request("get", "/orders")
    assert sum(isinstance(event, TokenFetched) for event in events) == 2


def test_a_wrong_secret_is_refused_with_the_servers_reason_and_never_shown(shop: Sandbox) -> None:
    with pytest.raises(AuthenticationError, match=r"401 \(invalid_client\).*check client_id") as refused:
        with_settings(shop, client_secret="hunter2-hunter2").request("get", "/orders")
    assert "hunter2" not in str(refused.value)


def test_a_scope_that_the_client_lacks_is_named(shop: Sandbox) -> None:
    with pytest.raises(AuthenticationError, match=r"invalid_scope.*view_nothing:sample-shop.*leave `scopes` out"):
        with_settings(shop, scopes=["view_nothing:sample-shop"]).request("get", "/orders")
    shop.add_client("narrow", "secret", ["view_products"])
    narrow = with_settings(shop, client_id="narrow", client_secret="secret")
    assert narrow.granted_scopes() == ("view_products:sample-shop",)
    with pytest.raises(ForbiddenError) as error:
        narrow.request("get", "/orders")
    assert "view_orders" in {scope.split(":")[0] for scope in error.value.missing_scopes}


def test_no_scope_is_sent_unless_configured_and_the_secret_is_only_in_the_header(shop: Sandbox) -> None:
    with_settings(shop).request("get", "/orders")
    tokens = [seen for seen in shop.requests if seen.path.endswith("/oauth/token")]
    assert tokens
    assert not any("scope" in str(seen.query) or "secret" in str(seen.query) for seen in tokens)


def test_an_unknown_project_is_said_to_be_one(shop: Sandbox) -> None:
    with pytest.raises((NotFoundError, AuthenticationError, ForbiddenError)):
        with_settings(shop, project_key="no-such-project").server_time()


@pytest.mark.parametrize(("contact_seconds", "least", "most"), [(None, 200, 300), (5.0, 2, 5)])
def test_a_host_that_never_answered_is_waited_for_or_given_up_soon(
    contact_seconds: float | None, least: float, most: float
) -> None:
    jumps = Jumps()
    settings = {"project_key": "shop", "client_id": "i", "client_secret": "s"}
    client = Client(
        {**settings, "api_url": "http://127.0.0.1:1", "auth_url": "http://127.0.0.1:1"},
        timing=jumps.timing,
        contact_seconds=contact_seconds,
    )
    with pytest.raises(NetworkError, match=r"127\.0\.0\.1:1 cannot be reached.*check the region"):
        client.request("get", "/orders")
    assert least < sum(jumps.waits) <= most


def test_the_secret_is_in_no_representation(shop: Sandbox) -> None:
    config = Config.from_mapping({**shop.settings(), "client_secret": "hunter2-hunter2"})
    client = Client(config)
    for shown in (repr(config), str(config), repr(client), repr(vars(client)), json.dumps(repr(config.client_secret))):
        assert "hunter2" not in shown
    assert b"hunter2" not in pickle.dumps(config.project_key)


def test_since_and_until_select_by_the_date_of_change(shop: Sandbox, client: Client) -> None:
    dates = sorted(record["lastModifiedAt"] for record in shop.records("orders"))
    since, until = dates[10], dates[40]
    found = [record["lastModifiedAt"] for record in client.records("orders", since=since, until=until)]
    assert sorted(found) == [date for date in dates if since <= date < until]
    with pytest.raises(ConfigError, match="no change date"):
        list(client.pages("project", since=since))


def test_where_restricts_a_stream(shop: Sandbox, client: Client) -> None:
    expected = {record["id"] for record in shop.records("orders") if record["orderState"] == "Open"}
    assert {record["id"] for record in client.records("orders", where='orderState = "Open"', page_size=3)} == expected


def test_the_password_of_a_customer_is_never_extracted(shop: Sandbox, client: Client) -> None:
    assert any("password" in record for record in shop.records("customers"))
    assert not any("password" in record for record in client.records("customers"))


def test_the_servers_clock_is_read_from_its_answers(shop: Sandbox, client: Client) -> None:
    assert abs((client.server_time() - shop.clock.now()).total_seconds()) < 5


@pytest.mark.parametrize("given", [{"params": {"where": "\ud800"}}, {"body": {"name": "\ud800"}}])
def test_half_a_surrogate_pair_in_a_request_is_a_sentence(given: dict[str, Any]) -> None:
    settings = {"project_key": "shop", "client_id": "me", "client_secret": "secret", "api_url": "http://127.0.0.1:1"}
    with (
        Client({**settings, "auth_url": "http://127.0.0.1:1"}) as client,
        pytest.raises(ConfigError, match="surrogates"),
    ):
        client.request("POST", "/zones", **given)
