"""Proxies and certificates, as `requests` finds them: over real sockets where a byte travels."""

from __future__ import annotations

import base64
import http.client
import http.server
import itertools
import re
import socket
import ssl
import threading
import traceback
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.timestamps import moment
from commercetools_source.client import Client
from commercetools_source.errors import AuthenticationError, CommercetoolsError, ConfigError, NetworkError
from commercetools_source.events import Event, Notice
from commercetools_source.http.exchange import Request, Response
from commercetools_source.http.proxies import Proxy, certificates, parse_proxy, proxy_to, select_proxy
from commercetools_source.http.retry import RetryBudget
from commercetools_source.http.transport import Transport
from hostile import Script, answer
from patience import Jumps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commercetools_source.sandbox import Sandbox

LOCALHOST = Path(__file__).parent / "localhost.pem"
PASSWORD = "p%2Fss:w%40rd-hunter2"
USED = ("hunter2", base64.b64encode(b"me:p/ss:w@rd-hunter2").decode())


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        for spelling in (name, name.upper()):
            monkeypatch.delenv(spelling, raising=False)
    return monkeypatch


class Relay(http.server.BaseHTTPRequestHandler):
    """A forward proxy: plain requests in absolute form are sent on, CONNECT is answered as `connect` says."""

    protocol_version = "HTTP/1.1"
    wanted = "Basic " + base64.b64encode(b"me:p/ss:w@rd-hunter2").decode()
    connect = 200
    seen: list[str]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        del format, args

    def forward(self) -> None:
        self.seen.append(f"{self.command} {self.path}")
        if self.headers.get("Proxy-Authorization") != self.wanted:
            return self.reply(407, b"")
        if self.command == "CONNECT":
            return self.reply(self.connect, b"") if self.connect != 200 else self.tunnel()
        target = urlsplit(self.path)
        behind = http.client.HTTPConnection(target.netloc, timeout=30)
        headers = {name: value for name, value in self.headers.items() if not name.startswith("Proxy-")}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        behind.request(self.command, f"{target.path}?{target.query}", body, headers)
        answer = behind.getresponse()
        self.reply(answer.status, answer.read(), dict(answer.getheaders()))
        return behind.close()

    do_GET = do_POST = do_CONNECT = forward  # noqa: N815 - http.server finds them by these names

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        kept = {name: value for name, value in (headers or {}).items() if name.title() != "Transfer-Encoding"}
        for name, value in {**kept, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def tunnel(self) -> None:
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), 30) as behind:
            self.reply(200, b"")
            back = threading.Thread(target=copied, args=(behind, self.connection))
            back.start()
            copied(self.connection, behind)
            back.join()
        self.close_connection = True


def copied(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other side has closed


@pytest.fixture
def relay() -> Iterator[type[Relay]]:
    class Listener(Relay):
        seen: list[str] = []  # noqa: RUF012 - one list for each test

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        Listener.address = f"127.0.0.1:{server.server_address[1]}"  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Listener
        server.shutdown()


@pytest.fixture
def secure() -> Iterator[str]:
    """Return the URL of a server whose certificate no machine trusts; it answers every GET with `{}`."""

    class Page(Relay):
        def do_GET(self) -> None:
            self.reply(200, b"{}")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOCALHOST)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def got(url: str) -> Response:
    transport = Transport(concurrency=2, timeout=10.0, user_agent="test", timing=Jumps().timing)
    try:
        return transport.send(Request("GET", url + "/", "/", {}), RetryBudget(0.0))
    finally:
        transport.close()


def address(relay: type[Relay]) -> str:
    return str(relay.address)  # type: ignore[attr-defined]


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_with_user_and_password_carries_every_request(
    shop: Sandbox, relay: type[Relay], environment: pytest.MonkeyPatch, variable: str, scheme: str
) -> None:
    environment.setenv(variable, f"{scheme}me:{PASSWORD}@{address(relay)}")
    with Client(shop.settings()) as client:
        stored = {record["id"] for record in client.records("categories")}
    assert stored == {record["id"] for record in shop.records("categories")}
    assert f"POST {shop.auth_url}/oauth/token" in relay.seen
    assert len(relay.seen) == len(shop.requests)


@pytest.mark.parametrize("exceptions", ["127.0.0.1", "10.0.0.0/8, 127.0.0.0/8", "*", "127.0.0.1:{port}"])
def test_a_host_in_no_proxy_is_reached_without_the_proxy(
    shop: Sandbox, relay: type[Relay], environment: pytest.MonkeyPatch, exceptions: str
) -> None:
    environment.setenv("http_proxy", f"http://{address(relay)}")
    environment.setenv("NO_PROXY", exceptions.format(port=urlsplit(shop.api_url).port))
    with Client(shop.settings()) as client:
        assert client.request("get", "/categories")["count"]
    assert relay.seen == []


def everything_about(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize("credentials", ["", "me:wrong-hunter2@"])
@pytest.mark.parametrize("target", ["http", "https"])
def test_a_proxy_that_refuses_the_password_is_named_and_asked_once(
    relay: type[Relay], environment: pytest.MonkeyPatch, target: str, credentials: str
) -> None:
    environment.setenv(f"{target}_proxy", f"http://{credentials}{address(relay)}")
    with pytest.raises(AuthenticationError, match=rf"the proxy {address(relay)} .*\(407\)") as refused:
        got(f"{target}://shop.invalid")
    assert ("refused the user and password" if credentials else "asks for a user") in str(refused.value)
    assert f"set them in {target}_proxy" in str(refused.value)
    assert "hunter2" not in everything_about(refused.value)
    assert len(relay.seen) == 1


@pytest.mark.parametrize("status", [403, 502, 503])
def test_a_proxy_that_does_not_connect_is_named_with_its_answer(
    relay: type[Relay], environment: pytest.MonkeyPatch, status: int
) -> None:
    relay.connect = status
    environment.setenv("https_proxy", f"http://me:{PASSWORD}@{address(relay)}")
    with pytest.raises(NetworkError) as failed:
        got("https://shop.invalid")
    assert (
        f"shop.invalid through the proxy {address(relay)} cannot be reached (the proxy answered with {status})"
        in str(failed.value)
    )
    assert not failed.value.sent
    assert not any(text in everything_about(failed.value) for text in USED)


@pytest.mark.parametrize("target", ["http", "https"])
@pytest.mark.parametrize("variable", ["{}_proxy", "all_proxy"])
def test_a_proxy_that_is_not_there_is_named_without_its_password(
    environment: pytest.MonkeyPatch, target: str, variable: str
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        name = f"127.0.0.1:{unused.getsockname()[1]}"
        environment.setenv(variable.format(target), f"me:{PASSWORD}@{name}")
        with pytest.raises(NetworkError, match=f"shop.invalid through the proxy {name} cannot be reached") as failed:
            got(f"{target}://shop.invalid")
    assert f"check {variable.format(target)}, no_proxy and the proxy" in str(failed.value)
    assert not any(text in everything_about(failed.value) for text in USED)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_of_a_bundle_are_trusted(secure: str, environment: pytest.MonkeyPatch, variable: str) -> None:
    with pytest.raises(NetworkError, match="no secure connection"):
        got(secure)
    environment.setenv(variable, str(LOCALHOST))
    assert got(secure).body == b"{}"


def test_only_a_server_on_this_machine_says_what_time_the_machine_has(environment: pytest.MonkeyPatch) -> None:
    """The sandbox's clock is believed of no other server: it would hide that the platform's clock is wrong."""
    environment.setenv("REQUESTS_CA_BUNDLE", str(LOCALHOST))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOCALHOST)
    ahead = format_datetime(datetime.now(timezone.utc) + timedelta(hours=2), usegmt=True)
    told = answer(b"{}", f"Date: {ahead}", f"X-Sandbox-Clock: {ahead}")
    for is_far in (True, False):
        events: list[Event] = []
        with Script([told], context=context if is_far else None) as script:
            urls = script.settings() if not is_far else tls(script)
            with Client(urls, hook=events.append) as client:
                moment_of_bound = moment(client.settled_time())
        is_late = moment_of_bound > datetime.now(timezone.utc) + timedelta(hours=1)
        assert is_late is not is_far
        assert [event.about for event in events if isinstance(event, Notice)] == (["clock"] if is_far else [])


def tls(script: Script) -> dict[str, object]:
    url = script.url.replace("http://127.0.0.1", "https://localhost")
    return {**script.settings(), "api_url": url, "auth_url": url}


def test_a_tunnel_and_a_bundle_work_together(secure: str, relay: type[Relay], environment: pytest.MonkeyPatch) -> None:
    environment.setenv("https_proxy", f"http://me:{PASSWORD}@{address(relay)}")
    environment.setenv("REQUESTS_CA_BUNDLE", str(LOCALHOST))
    assert got(secure).body == b"{}"
    assert relay.seen == [f"CONNECT {urlsplit(secure).netloc}"]


def test_a_bundle_may_be_a_folder(tmp_path: Path) -> None:
    assert certificates({"REQUESTS_CA_BUNDLE": str(tmp_path)}).verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_bundle_that_cannot_be_used_is_named_with_its_variable(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=f"CURL_CA_BUNDLE is {re.escape(repr(str(path)))}, which is no bundle"):
        certificates({"CURL_CA_BUNDLE": str(path)})


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("proxy.example:3128", Proxy("http", "proxy.example:3128")),
        (" http://proxy.example/ ", Proxy("http", "proxy.example:80")),
        ("//proxy.example:3128", Proxy("http", "proxy.example:3128")),
        ("HTTPS://proxy.example", Proxy("https", "proxy.example:443")),
        ("me@proxy.example:1", Proxy("http", "proxy.example:1", "me", "")),
        ("http://me:p%40ss@proxy.example:1", Proxy("http", "proxy.example:1", "me", "p@ss")),
        ("http://me:a:b@proxy.example:1", Proxy("http", "proxy.example:1", "me", "a:b")),
        ("http://[::1]:3128", Proxy("http", "[::1]:3128")),
        ("socks5h://me:pw@proxy.example", Proxy("socks5h", "proxy.example:1080", "me", "pw")),
    ],
)
def test_a_proxy_is_understood(text: str, proxy: Proxy) -> None:
    assert parse_proxy(text, "https_proxy") == proxy


@pytest.mark.parametrize(
    "text",
    ["http://me:hunter2/x@proxy.example:1", "http://me:hunter2#x@proxy.example", "ftp://me:hunter2@proxy.example",
     "http://me:hunter2@", "http://me:hunter2@proxy.example:port", "me:12?hunter2@proxy.example", "http://"],
)  # fmt: skip
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable_only(text: str) -> None:
    with pytest.raises(ConfigError, match="the proxy in all_proxy") as wrong:
        parse_proxy(text, "all_proxy")
    assert "hunter2" not in everything_about(wrong.value)


@given(st.text() | st.from_regex(r"(https?|socks5)://[^ ]*@?[a-z.]*:?[0-9]*"))
def test_any_text_is_a_proxy_or_a_mistake_in_settings(text: str) -> None:
    try:
        proxy = parse_proxy(text, "https_proxy")
    except ConfigError:
        return
    assert proxy.name.rpartition(":")[2].isdecimal()
    assert all("\n" not in value and "\r" not in value for value in proxy.headers.values())


@pytest.mark.parametrize(
    ("host", "exceptions", "direct"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "example.com,10.1.2.3", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("[fd00::1]", "fd00::/8", True),
        ("[fd00::1]", "[fd00::1]", True),
        ("[fd00::1]", "10.0.0.0/8", False),
        ("example.com", "10.0.0.0/8", False),
        ("10.1.2.3", "10.0.0.0/99, nonsense/8", False),
    ],
)
def test_no_proxy_understands_networks(host: str, exceptions: str, direct: bool) -> None:  # noqa: FBT001 - a column
    proxies = {"https": "proxy.example:1", "no": exceptions}
    assert (select_proxy(f"https://{host}:8443/x", proxies) is None) is direct


NAMES = [
    "shop.example",
    "api.shop.example",
    "myshop.example",
    "10.1.2.3",
    "127.0.0.1",
    "localhost",
    "[::1]",
    "[fd00::1]",
]
EXCEPTIONS = [
    *NAMES,
    ".shop.example",
    "SHOP.example",
    "*.example",
    "example",
    "::1",
    "10.0.0.0/8",
    "fd00::/8",
    "*",
    "",
    "nonsense/8",
]


@pytest.mark.parametrize("hidden", [False, True])
def test_what_requests_reaches_without_a_proxy_is_reached_without_one(
    environment: pytest.MonkeyPatch,
    hidden: bool,  # noqa: FBT001 - a column
) -> None:
    bypass = pytest.importorskip("requests.utils").should_bypass_proxies
    environment.setenv("http_proxy", "proxy.example:1")
    for exception, port, suffix in itertools.product(EXCEPTIONS, ("", ":8080"), ("", ":8080", " , other.example")):
        environment.setenv("no_proxy", "" if hidden else exception + suffix)
        environment.setenv("NO_PROXY", exception + suffix)
        for name in NAMES if exception + suffix != "::1:8080" else []:  # which is an address without a port
            url = f"http://{name}{port}/"
            assert proxy_to(url) is None or not bypass(url, None), (url, exception + suffix)


@pytest.mark.parametrize(
    ("host", "exception"),
    [("10.1.2.3:8080", "10.1.2.3:8080"), ("[::1]", "[::1]"), ("[::1]:8080", "[::1]:8080"), ("[fd00::1]:1", "::/0"),
     ("10.1.2.3:1", "0.0.0.0/0")],
)  # fmt: skip
def test_exceptions_that_requests_overlooks_count(environment: pytest.MonkeyPatch, host: str, exception: str) -> None:
    environment.setenv("http_proxy", "proxy.example:1")
    environment.setenv("no_proxy", exception)
    assert proxy_to(f"http://{host}/") is None
    assert proxy_to("http://shop.example/") == Proxy("http", "proxy.example:1")


def test_the_scheme_wins_over_all() -> None:
    proxies = {"https": "a.example:1", "all": "b.example:1"}
    assert select_proxy("https://shop.example", proxies) == Proxy("http", "a.example:1")
    assert select_proxy("http://shop.example", proxies) == Proxy("http", "b.example:1")
    assert select_proxy("http://shop.example", {"https": "a.example:1"}) is None


def test_a_socks_proxy_says_what_it_needs(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("all_proxy", "socks5h://me:hunter2@127.0.0.1:1")
    with pytest.raises(CommercetoolsError, match=r"socks5h?://127\.0\.0\.1:1 speaks SOCKS|127\.0\.0\.1:1") as wrong:
        got("https://shop.invalid")
    assert "hunter2" not in everything_about(wrong.value)
