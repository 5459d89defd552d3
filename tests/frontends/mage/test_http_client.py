"""The documented `mage_integrations.sources.http.client`: names, bases, the table of statuses, the messages."""

from __future__ import annotations

import inspect
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.frontends.mage.standin.sources.http import client as module

if TYPE_CHECKING:
    from collections.abc import Iterator

BASES = {
    "HttpError": "Exception",
    "Server4xxError": "HttpError",
    "Server5xxError": "HttpError",
    "BadRequestError": "Server4xxError",
    "AuthenticationError": "Server4xxError",
    "ForbiddenError": "Server4xxError",
    "NotFoundError": "Server4xxError",
    "MethodNotAllowedError": "Server4xxError",
    "NotProcessedError": "Server4xxError",
    "RateLimitError": "Server4xxError",
    "InternalServiceError": "Server5xxError",
    "ServiceUnavailableError": "Server5xxError",
}

STATUSES = [
    (400, "BadRequestError", "The request URI does not match the APIs in the system."),
    (401, "AuthenticationError", "The user is not authenticated to use the API."),
    (403, "ForbiddenError", "The requested operation is not permitted for the user."),
    (404, "NotFoundError", "The requested resource was not found."),
    (405, "MethodNotAllowedError", "The HTTP action is not allowed for the requested REST API."),
    (409, "NotProcessedError", "The request could not be processed because of conflict in the request."),
    (429, "RateLimitError", "You are requesting too many requests."),
    (500, "InternalServiceError", "The request could not be processed due to internal server error."),
    (503, "ServiceUnavailableError", "The request could not be processed due to temporary internal server error."),
    (402, "Server4xxError", "Unknown Error"),
    (418, "Server4xxError", "Unknown Error"),
    (499, "Server4xxError", "Unknown Error"),
    (501, "Server5xxError", "Unknown Error"),
    (502, "Server5xxError", "Unknown Error"),
    (504, "Server5xxError", "Unknown Error"),
    (301, "HttpError", "Unknown Error"),
    (304, "HttpError", "Unknown Error"),
]


class Said:
    """An answer as `requests` would give it."""

    def __init__(self, status: int, body: Any) -> None:
        self.status_code = status
        self.body = body

    def json(self) -> Any:
        if isinstance(self.body, Exception):
            raise self.body
        return self.body


@pytest.mark.parametrize(("name", "base"), BASES.items())
def test_an_error_class_has_the_documented_base(name: str, base: str) -> None:
    error = getattr(module, name)
    assert [kind.__name__ for kind in error.__bases__] == [base]
    assert error.__module__ == module.__name__


@pytest.mark.parametrize(("status", "name", "message"), STATUSES)
def test_a_status_raises_its_error_with_its_message(status: int, name: str, message: str) -> None:
    kind = getattr(module, name)
    assert module.get_exception_for_status_code(status) is kind
    with pytest.raises(kind) as raised:
        module.raise_for_error(Said(status, {}))
    assert type(raised.value) is kind
    assert str(raised.value) == f"HTTP-error-code: {status}, Error: {message}"


@pytest.mark.parametrize(("status", "name", "message"), STATUSES)
def test_the_servers_own_message_comes_first(status: int, name: str, message: str) -> None:
    with pytest.raises(getattr(module, name), match=rf"^HTTP-error-code: {status}, Error: said so$"):
        module.raise_for_error(Said(status, {"message": "said so"}))
    assert message != "said so"


@pytest.mark.parametrize("body", [["a", "list"], "text", None, ValueError("<html>")])
def test_a_body_that_is_no_object_gives_the_usual_message(body: Any) -> None:
    with pytest.raises(module.HttpError, match="Error: The requested resource was not found"):
        module.raise_for_error(Said(404, body))


@pytest.mark.parametrize(("status", "name", "message"), STATUSES[:9])
def test_the_documented_mapping_holds_error_and_message(status: int, name: str, message: str) -> None:
    row = module.STATUS_CODE_EXCEPTION_MAPPING[status]
    assert row == {"raise_exception": getattr(module, name), "message": message}


def test_the_base_client_has_the_documented_signatures_and_attributes() -> None:
    assert module.REQUEST_TIMEOUT == 300
    assert list(inspect.signature(module.Client.__init__).parameters) == [
        "self",
        "config",
        "logger",
        "api_result_limit",
    ]
    assert list(inspect.signature(module.Client.make_request).parameters) == ["self", "url", "method", "params", "body"]
    client = module.Client({"a": 1})
    assert client.config == {"a": 1}
    assert client.logger is module.LOGGER
    assert client.api_result_limit == 100
    assert client.get_headers() == {}
    assert client.get_params({"x": 1}) == {"x": 1}


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent, under the status that the path names."""

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        said = {"path": self.path, "method": self.command, "own": self.headers.get("X-Own")}
        body = json.dumps({**said, "body": self.rfile.read(size).decode()}).encode()
        status = int(self.path.split("/")[1].split("?")[0])
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - same

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class Own(module.Client):
    """A subclass as another source of Mage's would have it."""

    def get_headers(self) -> dict[str, str]:
        return {"X-Own": "yes"}

    def get_params(self, params: Any) -> Any:
        return {**params, "more": "1"}


def test_a_request_carries_headers_parameters_and_body_of_the_subclass(url: str) -> None:
    said = Own({}).make_request(f"{url}/200", method="post", params={"a": [1, 2]}, body={"b": 1})
    assert said == {"path": "/200?a=1&a=2&more=1", "method": "POST", "own": "yes", "body": '{"b":1}'}


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_2xx_is_good(url: str, status: int) -> None:
    assert module.Client({"request_timeout": "5"}).make_request(f"{url}/{status}")["method"] == "GET"


def test_an_empty_2xx_is_none(url: str) -> None:
    assert module.Client({"request_timeout": 0}).make_request(f"{url}/204") is None


def test_another_status_raises_its_error(url: str) -> None:
    with pytest.raises(module.ForbiddenError, match="HTTP-error-code: 403, Error: The requested operation"):
        module.Client({"request_timeout": ""}).make_request(f"{url}/403")
