"""The documented client, used as the documentation shows it, against the sandbox."""

from __future__ import annotations

import inspect
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from mage_integrations.sources.commercetools.client import Client
from mage_integrations.sources.commercetools.streams.base import BaseStream
from mage_integrations.sources.http import client as http

from commercetools_source.errors import ApiError, ConfigError, NetworkError
from commercetools_source.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGGER = logging.getLogger("mage")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(size="tiny") as running:
        yield running


@pytest.fixture
def config(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    """The five documented values, and the two that lead to the sandbox."""
    yield {"region": "us-central1", "host": "gcp", **sandbox.settings()}
    sandbox.faults.clear()


def test_the_documented_example_runs_as_it_stands(config: dict[str, Any]) -> None:
    client = Client(config, LOGGER)
    response = client.request(method="get", path="/products")
    assert list(response) == ["limit", "offset", "count", "total", "results"]
    assert response["count"] == len(response["results"]) == 20


def test_it_extends_the_base_client_and_has_its_documented_attributes(config: dict[str, Any]) -> None:
    client = Client(config, LOGGER)
    assert issubclass(Client, http.Client)
    assert (client.config, client.logger, client.api_result_limit) == (config, LOGGER, 100)


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("__init__", {"config": ..., "logger": ...}),
        ("get_access_token", {}),
        ("get_headers", {}),
        ("request", {"method": "get", "path": None, "url": None, "params": None, "body": None}),
        ("make_request", {"url": ..., "method": "get", "params": None, "body": None}),
    ],
)
def test_a_method_has_the_documented_signature(method: str, parameters: dict[str, Any]) -> None:
    found = dict(list(inspect.signature(getattr(Client, method)).parameters.items())[1:])
    assert {
        name: ... if said.default is inspect.Parameter.empty else said.default for name, said in found.items()
    } == parameters


def test_the_token_is_fetched_when_the_client_is_made(sandbox: Sandbox, config: dict[str, Any]) -> None:
    before = len(sandbox.requests)
    client = Client(config, LOGGER)
    assert [seen.path for seen in sandbox.requests[before:]] == ["/oauth/token"]
    assert client.token == f"Bearer {client.get_access_token()}"
    assert client.get_headers() == {"Authorization": client.token, "Content-Type": "application/json"}
    assert len(sandbox.requests) == before + 1


@pytest.mark.parametrize(
    ("region", "host", "url"),
    [
        ("us-central1", "gcp", "https://api.us-central1.gcp.commercetools.com/my-project"),
        ("us-east-2", "aws", "https://api.us-east-2.aws.commercetools.com/my-project"),
    ],
)
def test_the_base_url_follows_from_region_and_host(sandbox: Sandbox, region: str, host: str, url: str) -> None:
    sandbox.add_client("other", "secret", ["view_orders"])
    settings = {"region": region, "host": host, "client_id": "other", "client_secret": "secret"}
    client = Client({**settings, "project_key": "my-project", "auth_url": sandbox.auth_url}, LOGGER)
    assert client.base_url == url


def test_wrong_credentials_raise_and_never_give_a_bearer_none(config: dict[str, Any]) -> None:
    with pytest.raises(http.AuthenticationError, match=r"^HTTP-error-code: 401, Error: .*invalid_client") as raised:
        Client({**config, "client_secret": "wrong-s3cr3t"}, LOGGER)
    assert "wrong-s3cr3t" not in str(raised.value)


@pytest.mark.parametrize("missing", ["project_key", "client_id", "client_secret"])
def test_a_missing_setting_is_named(config: dict[str, Any], missing: str) -> None:
    del config[missing]
    with pytest.raises(ConfigError, match=f"{missing} is missing"):
        Client(config, LOGGER)


def test_a_region_that_would_lead_elsewhere_is_refused(config: dict[str, Any]) -> None:
    del config["api_url"], config["auth_url"]
    with pytest.raises(ConfigError, match="region"):
        Client({**config, "region": "x.evil.com/#"}, LOGGER)


@pytest.mark.parametrize("timeout", [None, 0, "0", "", "12.5", 7])
def test_request_timeout_is_seconds_and_zero_means_the_documented_default(config: dict[str, Any], timeout: Any) -> None:
    client = Client({**config, "request_timeout": timeout}, LOGGER)
    assert client.api.config.request_timeout == float(timeout or 0) or http.REQUEST_TIMEOUT


def test_neither_path_nor_url_is_none(config: dict[str, Any]) -> None:
    assert Client(config, LOGGER).request() is None


def test_a_url_is_used_as_it_stands(config: dict[str, Any]) -> None:
    client = Client(config, LOGGER)
    assert client.request(url=f"{client.base_url}/orders", params={"limit": 1})["limit"] == 1
    assert client.make_request(f"{client.base_url}/orders?limit=2", params={"offset": 1})["limit"] == 2


def test_the_token_goes_to_no_other_host(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="evil"):
        Client(config, LOGGER).request(url="https://evil.example/orders")


def test_a_created_object_is_an_answer_and_no_error(config: dict[str, Any]) -> None:
    client = Client(config, LOGGER)
    made = client.request("post", "/zones", body={"name": "north", "locations": []})
    assert made["name"] == "north"
    gone = client.request("delete", f"/zones/{made['id']}", params={"version": made["version"]})
    assert gone["id"] == made["id"]


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("/orders?where=nonsense", "BadRequestError", r"^HTTP-error-code: 400, Error: "),
        ("/orders/00000000-0000-0000-0000-000000000000", "NotFoundError", r"^HTTP-error-code: 404, Error: "),
    ],
)
def test_an_error_answer_raises_the_documented_class_with_ours_as_its_cause(
    config: dict[str, Any], path: str, error: str, message: str
) -> None:
    client = Client(config, LOGGER)
    with pytest.raises(getattr(http, error), match=message) as raised:
        client.request(url=client.base_url + path)
    assert isinstance(raised.value.__cause__, ApiError)
    assert raised.value.__cause__.correlation_id


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [
        (409, "NotProcessedError", "The request could not be processed because of conflict in the request."),
        (405, "MethodNotAllowedError", "The HTTP action is not allowed for the requested REST API."),
        (418, "Server4xxError", "Unknown Error"),
        (500, "InternalServiceError", "The request could not be processed due to internal server error."),
        (503, "ServiceUnavailableError", "The request could not be processed due to temporary internal server error."),
        (504, "Server5xxError", "Unknown Error"),
        (429, "RateLimitError", "You are requesting too many requests."),
    ],
)
def test_a_status_without_a_message_has_the_documented_one(
    sandbox: Sandbox, config: dict[str, Any], status: int, error: str, text: str
) -> None:
    client = Client({**config, "retry_seconds": 0}, LOGGER)
    sandbox.faults.add(Fault("html", "/orders", status=status))
    with pytest.raises(getattr(http, error)) as raised:
        client.request(path="/orders")
    assert str(raised.value) == f"HTTP-error-code: {status}, Error: {text}"


def test_a_missing_scope_is_forbidden(sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.add_client("narrow", "secret", ["view_orders"])
    client = Client({**config, "client_id": "narrow", "client_secret": "secret"}, LOGGER)
    assert client.request(path="/orders")["count"]
    with pytest.raises(http.ForbiddenError, match=r"HTTP-error-code: 403, Error: .*scope"):
        client.request(path="/customers")


def test_an_expired_token_is_renewed_without_a_word(sandbox: Sandbox, config: dict[str, Any]) -> None:
    client = Client(config, LOGGER)
    before = client.token
    sandbox.expire_tokens()
    assert client.request(path="/orders")["count"]
    assert client.get_headers()["Authorization"] != before


def test_overload_is_waited_out_and_told(
    sandbox: Sandbox, config: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(config, LOGGER)
    sandbox.faults.add(Fault("status", "/orders"))
    with caplog.at_level(logging.INFO, logger="mage"):
        assert client.request(path="/orders")["count"]
    assert "GET /sample-shop/orders is repeated" in caplog.text


def test_a_host_that_does_not_answer_is_a_network_error(config: dict[str, Any]) -> None:
    with pytest.raises(NetworkError, match="cannot be reached"):
        Client(
            {**config, "api_url": "http://127.0.0.1:9", "auth_url": "http://127.0.0.1:9", "retry_seconds": 1}, LOGGER
        )


def test_a_hundred_and_fifty_requests_are_not_slowed_down(config: dict[str, Any]) -> None:
    client = Client(config, LOGGER)
    assert all(client.request(path="/zones", params={"limit": 0})["limit"] == 0 for _ in range(150))


# --- streams of a user's own ---


def own_stream(config: dict[str, Any], path: str) -> BaseStream:
    class Mine(BaseStream):
        URL_PATH = path

    return Mine(Client(config, LOGGER), config, SimpleNamespace(replication_method="LOG_BASED"), LOGGER)


@pytest.mark.parametrize("path", ["/in-store/key={store}/customers", "/customers/", "/customers?limit=5"])
@pytest.mark.parametrize("personal", ["keep", "drop"])
def test_a_path_of_ones_own_has_the_secrets_and_personal_data_of_its_collection(
    sandbox: Sandbox, config: dict[str, Any], path: str, personal: str
) -> None:
    store = next(key["key"] for row in sandbox.records("customers") for key in row.get("stores", []))
    mine = own_stream({**config, "personal": personal}, path.format(store=store))
    for rows in ([row for page in mine.load_data() for row in page], mine.sample()):
        assert rows
        assert not any("password" in row for row in rows)
        assert any("email" in row for row in rows) == (personal == "keep")


def test_a_path_of_ones_own_has_the_deletions_of_its_collection_alone(config: dict[str, Any]) -> None:
    parcels, people = own_stream(config, "/mine"), own_stream(config, "/in-store/key=x/customers")
    rows = [stream._row() for stream in (parcels, people)]
    assert [row and row.deleted_messages for row in rows] == [(), ("CustomerDeleted",)]


def test_where_nobody_knows_what_is_personal_a_choice_is_refused(config: dict[str, Any]) -> None:
    for read in ("load_data", "sample"):
        with pytest.raises(ConfigError, match="nobody knows what is personal in /mine"):
            list(getattr(own_stream({**config, "personal": "drop"}, "/mine"), read)())
