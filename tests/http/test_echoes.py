"""Servers that send back what they got: no error shows the secret or the token of its request."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source import Client, Config
from commercetools_source.errors import CommercetoolsError

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET, TOKEN = "s3cr3t-of-the-client", "t0k3n-of-the-client"
BASIC = base64.b64encode(f"me:{SECRET}".encode()).decode()


@contextmanager
def echo(status: int, *, at_token: bool, names: tuple[str, ...]) -> Iterator[str]:
    """Serve a token, or the Authorization of each request in the error of this status; give its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.reply(fails=at_token)

        def do_GET(self) -> None:
            self.reply(fails=not at_token)

        def reply(self, *, fails: bool) -> None:
            header = self.headers["Authorization"]
            credentials = header.partition(" ")[2]
            if header.startswith("Basic"):
                header += f" is {base64.b64decode(credentials).decode()}"
            error = {"statusCode": status, **dict.fromkeys(names, header), "errors": [{"code": credentials}]}
            body = json.dumps(error if fails else {"access_token": TOKEN, "expires_in": 1000}).encode()
            self.send_response(status if fails else 200)
            self.send_header("Content-Length", str(len(body)))
            if fails:
                self.send_header("X-Correlation-ID", credentials)
                self.send_header("Content-Type", header)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("at_token", [True, False], ids=["token", "page"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_an_error_that_has_the_credentials_of_its_request_does_not_show_them(status: int, at_token: bool) -> None:  # noqa: FBT001
    with echo(status, at_token=at_token, names=("message", "error", "error_description")) as url:
        settings = {
            "project_key": "shop",
            "client_id": "me",
            "client_secret": SECRET,
            "api_url": url,
            "auth_url": url,
            "retry_seconds": 0,
        }
        with Client(Config.from_mapping(settings)) as client, pytest.raises(CommercetoolsError) as raised:
            list(client.records("zones"))
    text = repr(raised.value) + str(raised.value)
    assert "***" in text
    for credentials in (SECRET, TOKEN, BASIC):
        assert credentials not in text
