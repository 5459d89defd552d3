"""A proxy in front of the sandbox that changes requests and answers as a test wants."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import urllib3

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from commercetools_source.sandbox import Sandbox

DROPPED = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection", "date", "server"})


@dataclass
class Exchange:
    """One answer, to be changed; `target` is the path below the project with its query."""

    target: str
    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)


class Server(ThreadingHTTPServer):
    # By default five connections wait to be accepted; the next ones are asked for again a second later.
    request_queue_size = 128


class Middle:
    """Passes GETs on with the target that `ask` returns, and the answer as `change` leaves it."""

    def __init__(
        self,
        sandbox: Sandbox,
        change: Callable[[Exchange], None] = lambda _: None,
        ask: Callable[[str], str] = lambda target: target,
    ) -> None:
        self.sandbox, self.change, self.ask = sandbox, change, ask
        self.pool = urllib3.PoolManager(maxsize=20)
        self.targets: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                exchange = outer.exchange(self.path, dict(self.headers.items()))
                self.send_response_only(exchange.status)
                for name, value in exchange.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(exchange.body)))
                self.end_headers()
                self.wfile.write(exchange.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    def exchange(self, path: str, headers: dict[str, str]) -> Exchange:
        upstream = str(self.sandbox.settings()["api_url"])
        project = "/" + path.split("/")[1].split("?", maxsplit=1)[0]
        target = path.removeprefix(project)
        self.targets.append(target)
        sent = {name: value for name, value in headers.items() if name.lower() in {"authorization", "accept"}}
        answer = self.pool.request("GET", upstream + project + self.ask(target), headers=sent, redirect=False)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in DROPPED}
        exchange = Exchange(target, answer.status, {"Date": answer.headers["Date"], **kept}, answer.data)
        self.change(exchange)
        return exchange

    def settings(self, **settings: object) -> dict[str, object]:
        port = self.server.server_address[1]
        return {**self.sandbox.settings(), "api_url": f"http://127.0.0.1:{port}", **settings}

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.pool.clear()


def path_of(exchange: Exchange) -> str:
    return urlsplit(exchange.target).path
