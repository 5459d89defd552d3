"""A server that speaks S3 on this machine, and a proxy before it that refuses, delays and loses what a test says."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.destinations import open_destination
from destinations.conformance import STREAM, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commercetools_source.destinations import Parquet

needs_s3 = pytest.mark.skipif(
    find_spec("obstore") is None or find_spec("moto") is None, reason="obstore and moto come with `make acceptance`"
)

OLD = [{"id": "1", "version": 1, "name": "old"}, {"id": "2", "version": 2, "name": "old"}]
"""Records of a first delivery."""
HELD = 0
"""In place of a status: the request waits before it is handed on."""


class Proxy(BaseHTTPRequestHandler):
    """Hands requests on to the store, those left out for which `refusal` returns an answer."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_PUT(self) -> None:
        self._hand_on()

    do_GET = do_DELETE = do_POST = do_HEAD = do_PUT  # noqa: N815 - names of http.server

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.largest = max(self.server.largest, len(body))
        self.server.asked.append((self.command, self.path.partition("?")[0]))
        self.server.tokens.append(self.headers.get("x-amz-security-token", ""))
        refusal = self.server.refusal(self.command, self.path)
        if refusal == HELD:
            refusal = None
            self.server.held.set()
            assert self.server.released.wait(60)
        if self.server.ignores_conditions:
            for name in ("If-Match", "If-None-Match"):
                del self.headers[name]
        if refusal is None or refusal < 0:
            connection = HTTPConnection("127.0.0.1", self.server.store)
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            status, headers, content = answer.status, answer.getheaders(), answer.read()
            if self.command == "GET":
                self.server.sent += len(content)
        else:
            status, headers, content = refusal, [], b"<Error><Code>Odd</Code><Key>AKIASECRET</Key></Error>"
        if refusal is not None and refusal < 0:  # it was done, and the answer is lost
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in {"content-length", "transfer-encoding", "connection", "date", "server"}:
                self.send_header(name, value)
        length = {name.lower(): value for name, value in headers}.get("content-length", "0")
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(content)))
        with suppress(ConnectionError):  # a process that was killed takes no answer
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """The proxy: `refuse` says of how many requests of which method, with which words in the path, what is answered."""

    daemon_threads = True

    def __init__(self, store: int) -> None:
        super().__init__(("127.0.0.1", 0), Proxy)
        self.store = store
        self.asked: list[tuple[str, str]] = []
        self.tokens: list[str] = []
        self.rules: list[list[Any]] = []
        self.after = 0
        self.doomed: subprocess.Popen[bytes] | None = None
        self.changes_left = 0
        self.ignores_conditions = False
        self.sent = 0
        self.largest = 0
        self.held = threading.Event()
        self.released = threading.Event()

    def refuse(self, method: str, word: str, status: int, times: int = 1000) -> None:
        self.rules.append([method, word, status, times])

    def refuse_one(self, status: int, after: int) -> None:
        """Refuse one request, whatever it is, after so many others."""
        self.rules.append(["", "", status, 1])
        self.after = after

    def kill_at(self, process: subprocess.Popen[bytes], changes: int) -> None:
        """Kill a process in place of its next request that changes something, after so many of them."""
        self.doomed, self.changes_left = process, changes

    def refusal(self, method: str, path: str) -> int | None:
        if self.doomed is not None and method in {"PUT", "DELETE", "POST"}:
            self.changes_left -= 1
            if self.changes_left < 0:
                self.doomed.kill()
                self.doomed.wait()
                self.doomed = None
                return -1 if method == "PUT" and len(self.asked) % 2 else 503
        if self.after:
            self.after -= 1
            return None
        for rule in self.rules:
            if rule[0] in {"", method} and rule[1] in path and rule[3] > 0:
                rule[3] -= 1
                return int(rule[2])
        return None


@pytest.fixture(scope="module")
def s3() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
        yield port
        process.terminate()


@pytest.fixture
def proxy(s3: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name, value in {"ACCESS_KEY_ID": "AKIASECRET", "SECRET_ACCESS_KEY": "secret", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with Server(s3) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def url(proxy: Server, request: pytest.FixtureRequest) -> str:
    """Return the URL of a prefix in a bucket of its own."""
    bucket = f"b{abs(hash(request.node.nodeid))}"
    urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{proxy.store}/{bucket}", method="PUT")).close()
    return f"s3://{bucket}/pre/fix"


def bucket_of(url: str) -> Any:
    """Return what reads and writes below a URL, whatever it is."""
    from obstore.store import from_url

    return from_url(url, client_options={"allow_http": True})


def keys(url: str) -> set[str]:
    import obstore

    return {meta["path"] for page in obstore.list(bucket_of(url)) for meta in page}


def download(url: str, folder: Path) -> Path:
    import obstore

    store = bucket_of(url)
    for key in keys(url):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(bytes(obstore.get(store, key).bytes()))
    return folder


def rows(url: str, folder: Path) -> dict[str, dict[str, Any]]:
    """Return what the views show of a copy of the bucket, with all of its files."""
    shutil.rmtree(folder, ignore_errors=True)
    text = (download(url, folder) / "latest.sql").read_text().replace(url, str(folder))
    with duckdb.connect() as connection:
        connection.execute(text)
        return table_of(
            connection.execute(f"SELECT * EXCLUDE (_synced_at, _deleted_at, _unfit) FROM raw.{STREAM.name}")
        )


def opened(url: str) -> Parquet:
    destination: Any = open_destination(f"parquet:{url}")
    destination.open()
    return destination  # type: ignore[no-any-return]


def by_id(*records: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {record["id"]: record for record in records}
