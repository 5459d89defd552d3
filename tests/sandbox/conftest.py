"""A plain HTTP client of the sandbox, and rows to fill it with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import pytest
import urllib3

from commercetools_source.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Reply(NamedTuple):
    status: int
    body: Any
    headers: Any

    @property
    def message(self) -> str:
        return str(self.body["message"])

    @property
    def ids(self) -> list[str]:
        return [record["id"] for record in self.body["results"]]


class Api:
    """Asks a sandbox with one token; knows nothing of commercetools."""

    def __init__(self, sandbox: Sandbox, client: str = "sandbox-client", secret: str = "sandbox-secret") -> None:  # noqa: S107 - the sandbox tells it everyone
        self.sandbox = sandbox
        self.http = urllib3.PoolManager(retries=False, timeout=60)
        self.client, self.secret = client, secret
        self.authorization = ""

    def token(self, **form: str) -> Reply:
        headers = urllib3.make_headers(basic_auth=f"{self.client}:{self.secret}")
        return self.send(
            "POST",
            "/oauth/token",
            {"grant_type": "client_credentials", **form},
            headers,
            encode_multipart=False,
        )

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: Any
    ) -> Reply:
        if not self.authorization:
            self.authorization = f"Bearer {self.token().body['access_token']}"
        pairs = [
            (name, item) for name, value in query.items() for item in (value if isinstance(value, list) else [value])
        ]
        url = f"/{self.sandbox.project_key}{path}" + ("?" + urlencode(pairs) if pairs else "")
        data = json.dumps(body) if body is not None else None
        return self.send(method, url, None, {"Authorization": self.authorization, **(headers or {})}, body=data)

    def get(self, path: str, **query: Any) -> Reply:
        return self.call("GET", path, **query)

    def send(
        self, method: str, path: str, fields: Any = None, headers: dict[str, str] | None = None, **more: Any
    ) -> Reply:
        answer = self.http.request(method, self.sandbox.url + path, fields=fields, headers=headers, **more)
        kind = answer.headers.get("Content-Type", "")
        body = json.loads(answer.data) if answer.data and "json" in kind else answer.data
        return Reply(answer.status, body, answer.headers)

    def close(self) -> None:
        self.http.clear()


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    """A generated shop that no test of the module changes."""
    with Sandbox("tiny") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def api(shop: Sandbox) -> Iterator[Api]:
    client = Api(shop)
    yield client
    client.close()


@pytest.fixture(scope="module")
def empty() -> Iterator[Api]:
    """A client of a project without records; names in it must be unique within a module."""
    with Sandbox(rows=[]) as sandbox:
        client = Api(sandbox)
        yield client
        client.close()


@pytest.fixture
def own(start: Callable[..., Api]) -> Api:
    """A client of a generated shop that the test may change."""
    return start()


@pytest.fixture
def start() -> Iterator[Callable[..., Api]]:
    """Start sandboxes with any settings; all end with the test."""
    opened: list[Api] = []

    def begin(**settings: Any) -> Api:
        sandbox = Sandbox(**settings)
        sandbox.start()
        opened.append(Api(sandbox))
        return opened[-1]

    yield begin
    for client in opened:
        client.close()
        client.sandbox.stop()
