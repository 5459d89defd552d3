"""Answers that no honest server gives: bounded in bytes and time, told in a line, with nothing secret and no escape."""

from __future__ import annotations

import gzip
import itertools
import ssl
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from commercetools_source.client import Client
from commercetools_source.errors import (
    ApiError,
    AuthenticationError,
    CommercetoolsError,
    ForbiddenError,
    InvalidRequestError,
    NetworkError,
    NotFoundError,
    OverdueError,
    PageTooLargeError,
    RateLimitError,
    ServerError,
)
from commercetools_source.http.auth import token_of
from commercetools_source.http.bounds import LARGEST_BODY
from commercetools_source.http.connections import bounded
from commercetools_source.http.exchange import Request
from commercetools_source.http.retry import RetryBudget
from commercetools_source.http.transport import Transport
from commercetools_source.report.check import CheckReport
from commercetools_source.sync.access import inspect
from hostile import TOKEN, Script, answer
from patience import Jumps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

SECRETS = ("t0ken-of-the-shop", "s3cret-of-the-client")
MEGABYTE = b" " * (1 << 20)


def asked(script: Script, jumps: Jumps | None = None, **settings: Any) -> Any:
    with script, Client({**script.settings(), **settings}, timing=(jumps or Jumps()).timing) as client:
        return client.request("GET", "/orders")


def refused(
    script: Script, kind: type[CommercetoolsError] = CommercetoolsError, jumps: Jumps | None = None, **settings: Any
) -> CommercetoolsError:
    with pytest.raises(kind) as caught:
        asked(script, jumps, **settings)
    assert_clean(caught.value)
    return caught.value


def assert_clean(error: BaseException) -> None:
    """Check that `error` is one line without control characters, and that no frame that it keeps shows a secret."""
    assert str(error).isprintable()
    for link in links(error):
        for local in locals_of(link.__traceback__):
            assert not any(secret in text for text in texts(local) for secret in SECRETS)


def links(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def locals_of(trace: TracebackType | None) -> Iterator[object]:
    while trace is not None:
        if (
            "commercetools_source" in trace.tb_frame.f_code.co_filename
            or "/urllib3/" in trace.tb_frame.f_code.co_filename
        ):
            yield from trace.tb_frame.f_locals.values()
        trace = trace.tb_next


def texts(value: object) -> Iterator[str]:
    """Yield what a traceback with locals prints of a value, and of what a container holds."""
    yield repr(value)
    if isinstance(value, dict):
        yield from itertools.chain.from_iterable(map(texts, value.values()))


def body_for_ever(head: str, piece: bytes, dripping: float = 0.0) -> Any:
    def pieces() -> Iterator[bytes]:
        yield head.encode() + b"\r\n"
        while True:
            yield piece
            if dripping:
                time.sleep(dripping)  # a server's own pace

    return pieces


ENDLESS_BODIES = {
    "no length": body_for_ever("HTTP/1.1 {status}\r\n", MEGABYTE),
    "chunks": body_for_ever("HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n", b"100000\r\n" + MEGABYTE + b"\r\n"),
    "a length": body_for_ever(f"HTTP/1.1 {{status}}\r\nContent-Length: {10**15}\r\n", MEGABYTE),
    "trailers": body_for_ever(
        "HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n0", b"X: " + b"y" * 60_000 + b"\r\n"
    ),
}


def bomb(size: int) -> bytes:
    return gzip.compress(b'{"results":[' + b" " * size + b"]}")


def with_status(pieces: Any, status: str) -> Any:
    def changed() -> Iterator[bytes]:
        source = pieces()
        yield next(source).replace(b"{status}", status.encode())
        yield from source

    return changed


@pytest.mark.parametrize("form", ENDLESS_BODIES)
def test_a_page_without_end_is_too_large(form: str) -> None:
    error = refused(Script([with_status(ENDLESS_BODIES[form], "200 OK")]), PageTooLargeError)
    assert "GET /shop/orders" in str(error)
    assert "larger than 64 MB" in str(error)


def test_a_page_that_unpacks_without_end_is_too_large() -> None:
    body = bomb(LARGEST_BODY)
    refused(Script([answer(body, "Content-Encoding: gzip")]), PageTooLargeError)
    refused(Script([answer(gzip.compress(b"") * 500_000, "Content-Encoding: gzip")]), NetworkError, retry_seconds=0)


def test_a_token_answer_without_end_is_no_token() -> None:
    for token in (answer(bomb(LARGEST_BODY)), with_status(ENDLESS_BODIES["chunks"], "200 OK")):
        error = refused(Script(token=token), AuthenticationError)
        assert "larger than 1 MB" in str(error)


def test_of_an_error_without_end_the_status_counts() -> None:
    for body in (answer(bomb(LARGEST_BODY), status="403 No"), with_status(ENDLESS_BODIES["chunks"], "403 No")):
        error = refused(Script([body]), ApiError)
        assert error.problem.status == 403  # type: ignore[attr-defined]
        assert "it is larger than 1 MB" in str(error)
    error = refused(Script([with_status(ENDLESS_BODIES["a length"], "500 No")]), ServerError, retry_seconds=0)
    assert "it is larger than 1 MB" in str(error)
    assert "it is empty" in str(refused(Script([answer(b"", status="403 No")]), ApiError))


@pytest.mark.parametrize("status", [201, 202, 203, 206, 207, 208, 226, 299])
def test_a_read_is_answered_by_a_200_only(status: int) -> None:
    """Its body may be good JSON all the same: that of 206 is part of an answer, of 203 a changed one."""
    odd = answer(b'{"results":[],"count":0}', "Content-Range: bytes 0-23/90000", status=f"{status} Odd")
    assert asked(Script([odd, answer(b'{"fine":true}')])) == {"fine": True}
    error = refused(Script([odd]), NetworkError, retry_seconds=1)
    assert f"with {status} (bytes 0-23/90000), which is not the whole answer" in str(error)


def test_a_write_may_be_answered_by_any_2xx() -> None:
    with Script([answer(b'{"id":"x"}', status="201 Created")]) as script, Client(script.settings()) as client:
        assert client.request("POST", "/orders", body={}) == {"id": "x"}


def test_a_body_that_a_status_does_not_have_is_not_taken_for_the_next_answer() -> None:
    empty = [answer(b'{"odd":true}', status="204 No Content"), answer(b'{"odd":true}', status="304 Not Modified")]
    for odd in empty:
        with Script([odd, answer(b'{"fine":true}')]) as script, Client(script.settings()) as client:
            with suppress(ApiError):
                assert client.request("GET", "/orders") is None
            assert client.request("GET", "/orders") == {"fine": True}


def test_a_page_of_large_records_is_read_in_halves() -> None:
    page = answer(b'{"count":0,"total":0,"results":[]}')
    with Script([answer(bomb(LARGEST_BODY)), page]) as script, Client(script.settings()) as client:
        assert list(client.records("orders")) == []
    assert [line.partition("limit=")[2].partition("&")[0] for line in script.requests[1:]] == ["500", "250", "1"]


@pytest.mark.parametrize(
    ("head", "piece", "dripping"),
    [
        ("HTTP/1.1 200 OK", b"X", 0.02),
        ("HTTP/1.1 200 OK", b"X: y\r\n", 0.02),
        ("HTTP/1.1 200 OK\r\n", b" ", 0.02),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n", b" ", 0.02),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0", b"X: y\r\n", 0.02),
        ("HTTP/1.1 100 Continue\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", 0.0),
        ("HTTP/1.1 103 Early Hints\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 0.0),
        ("HTTP/1.1 100 Continue", b"X: y\r\n", 0.0),
        ("HTTP/1.1 200 OK", b"X: " + b"y" * 60_000 + b"\r\n", 0.0),
    ],
)
def test_an_answer_that_is_dripped_or_never_begins_ends(head: str, piece: bytes, dripping: float) -> None:
    error = refused(
        Script([body_for_ever(head, piece, dripping)]), retry_seconds=0, request_timeout=0.1 if dripping else 5
    )
    assert isinstance(error, (NetworkError, PageTooLargeError))
    assert not dripping or (isinstance(error, NetworkError) and error.timed_out)


class OtherConnection(HTTPConnection):
    """As that through SOCKS is, one of a class of its own."""


class OtherPool(HTTPConnectionPool):
    ConnectionCls = OtherConnection


def test_whatever_leads_out_an_answer_that_is_dripped_ends() -> None:
    with Script([body_for_ever("HTTP/1.1 200 OK", b"X", 0.02)]) as script:
        host, port = script.url.removeprefix("http://").split(":")
        pool = bounded({"http": OtherPool})["http"](host, int(port), timeout=0.1)
        with pytest.raises(OverdueError):
            pool.request("GET", "/", retries=False)


def test_early_hints_are_not_the_answer_and_each_request_has_its_own() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
    answers = [hints * 2 + answer(b'{"number":%d}' % number) for number in range(3)]
    with Script(answers) as script, Client(script.settings()) as client:
        assert [client.request("GET", "/orders")["number"] for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    "wish", ["Retry-After: 0", "Retry-After: Fri, 02 Jan 2015 03:00:00 GMT", "X-RateLimit-Reset: 0"]
)
def test_a_server_that_asks_for_no_wait_is_not_hammered(wish: str) -> None:
    jumps = Jumps()
    script = Script([answer(b"{}", wish, status="429 Too Many")])
    refused(script, RateLimitError, jumps, retry_seconds=60)
    assert len(script.requests) < 16
    assert sum(jumps.waits) > 20


@pytest.mark.parametrize("wish", ["86400", "Fri, 02 Jan 2999 03:00:00 GMT", "9" * 400])
def test_a_wait_beyond_the_patience_is_told_at_once(wish: str) -> None:
    jumps = Jumps()
    error = refused(Script([answer(b"{}", f"Retry-After: {wish}", status="429 Too Many")]), RateLimitError, jumps)
    assert "it asks to wait" in str(error)
    assert jumps.waits == []
    token = answer(b"{}", f"Retry-After: {wish}", status="503 Busy")
    assert "it asks to wait" in str(refused(Script(token=token), AuthenticationError))


@pytest.mark.parametrize(
    "header",
    ["Retry-After: Mon, 01 Jan 99999999999 00:00:00 GMT", "Retry-After: -1", "Retry-After: \x1b[2J", "Retry-After: 1e9",
     "Date: Mon, 01 Jan 99999999999 00:00:00 GMT", "X-RateLimit-Reset: ²"],
)  # fmt: skip
def test_headers_that_make_no_sense_cost_nothing(header: str) -> None:
    assert asked(Script([answer(b"{}", header, status="429 Too Many"), answer(b'{"fine":true}')])) == {"fine": True}


@pytest.mark.parametrize("date", ["Mon, 01 Jan 99999999999 00:00:00 GMT", "yesterday", "", "2026-01-02T03:04:05Z", "1"])
def test_the_clock_is_read_from_a_date_of_any_form(date: str) -> None:
    with Script([answer(b"{}", f"Date: {date}")]) as script, Client(script.settings()) as client:
        assert client.server_time().year >= 2026


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529])
def test_what_gateways_answer_in_passing_is_repeated(status: int) -> None:
    assert asked(Script([answer(b"", status=f"{status} Odd"), answer(b'{"fine":true}')])) == {"fine": True}
    assert refused(Script([answer(b"", status=f"{status} Odd")]), ServerError, retry_seconds=1)


@pytest.mark.parametrize("status", [400, 501, 505, 511])
def test_what_does_not_pass_is_not_repeated(status: int) -> None:
    script = Script([answer(b"", status=f"{status} Odd")])
    refused(script, ApiError)
    assert len(script.requests) == 2


def test_a_404_in_place_of_the_project_is_believed_of_the_platform_only() -> None:
    platform = b'{"statusCode":404,"message":"gone","errors":[{"code":"ResourceNotFound"}]}'
    for body, words in ((platform, "no project of this key here"), (b"<h1>no route</h1>", "in place of the platform")):
        script = Script([answer(body, status="404 Not Found", kind="text/html")])
        with script, Client(script.settings()) as client, pytest.raises(NotFoundError, match=words) as caught:
            client.server_time()
        assert "GET /shop was answered with 404" in str(caught.value)


def test_a_page_of_html_in_place_of_an_answer_is_told_with_host_path_and_status() -> None:
    script = Script([answer(b"<html>Log in</html>", kind="text/html\x1b[2J")])
    error = refused(script, NetworkError, retry_seconds=1)
    for words in (script.url.removeprefix("http://"), "GET /shop/orders", "200", "text/html", "login page"):
        assert words in str(error)


@pytest.mark.parametrize("coding", ["deflate", "br", "zstd", "gzip, gzip"])
def test_an_answer_that_is_packed_as_nobody_asked_names_how(coding: str) -> None:
    body = gzip.compress(gzip.compress(b"{}")) if "," in coding else zlib.compress(b"{}")
    error = refused(Script([answer(body, f"Content-Encoding: {coding}")]), NetworkError, retry_seconds=1)
    assert f"packed as {coding}, which was not asked for" in str(error)


@pytest.mark.parametrize("body", [b"<html>Blocked</html>", b"", b'{"message":"Forbidden"}', b"[]"])
def test_a_firewalls_403_is_not_a_missing_scope(body: bytes) -> None:
    error = refused(Script([answer(body, status="403 Forbidden", kind="text/html")]), InvalidRequestError)
    assert not isinstance(error, ForbiddenError)
    assert "firewall" in str(error)
    platform = b'{"statusCode":403,"message":"Insufficient scope","errors":[{"code":"insufficient_scope"}]}'
    refused(Script([answer(platform, status="403 Forbidden")]), ForbiddenError)


@pytest.mark.parametrize("coding", ["GZIP", "gzip", " x-gzip ", "identity", ""])
@pytest.mark.parametrize("packed", [True, False])
def test_a_body_is_unpacked_by_what_it_is(coding: str, packed: bool) -> None:  # noqa: FBT001 - a column
    body = b'\xef\xbb\xbf{"fine":true}'
    body = gzip.compress(body) if packed else body
    assert asked(Script([answer(body, f"Content-Encoding: {coding}")])) == {"fine": True}


@pytest.mark.parametrize(
    "body",
    [
        b'{"errors":5}',
        b'{"errors":{}}',
        b'{"errors":[null]}',
        b"[" * 100_000,
        b'{"message":{}}',
        b"\xff",
        b"null",
        b"5",
    ],
)
@pytest.mark.parametrize("status", ["400 Odd", "401 Odd", "403 Odd", "409 Odd"])
def test_errors_of_any_form_are_errors_of_the_api(body: bytes, status: str) -> None:
    assert str(status[:3]) in str(refused(Script([answer(body, status=status)])))


def test_a_servers_text_is_one_line_without_escapes() -> None:
    text = "red \\u001b[31m\\r\\nERROR forged \\u202e\\u0085"
    body = f'{{"statusCode":400,"message":"{text}","errors":[{{"code":"{text}"}}]}}'.encode()
    error = refused(Script([answer(body, "X-Correlation-ID: \x1b[2J", status="400 Odd")]), ApiError)
    assert r"red \x1b[31m\r\nERROR forged" in str(error)
    oauth = f'{{"error":"{text}","error_description":"{text}"}}'.encode()
    assert r"\x1b[31m" in str(refused(Script(token=answer(oauth, status="401 Odd")), AuthenticationError))


def test_a_body_nested_too_deep_is_a_page_that_cannot_be_read() -> None:
    error = refused(Script([answer(b'{"a":' * 5000 + b"1" + b"}" * 5000)]), PageTooLargeError)
    assert "nested too deep" in str(error)


@pytest.mark.parametrize(
    "token", ["t0ken-of-the-shop\\r\\nX: y", "t0ken-of-the-shop é", "t0ken-of-the-shop\\u0000", "", " "]
)
def test_a_token_that_is_no_header_value_is_refused_and_not_shown(token: str) -> None:
    error = refused(Script(token=answer(f'{{"access_token":"{token}","expires_in":10}}'.encode())), AuthenticationError)
    assert "a header can carry" in str(error)
    assert "t0ken" not in str(error)


@pytest.mark.parametrize(
    "life",
    ["", '"expires_in":0,', '"expires_in":"soon",', '"expires_in":null,', '"expires_in":-5,', '"expires_in":1e400,',
     f'"expires_in":{"9" * 400},', '"expires_in":true,', '"expires_in":[],', '"expires_in":NaN,', '"expires_in":1e-3,'],
)  # fmt: skip
def test_a_token_of_unknown_life_is_used_until_it_is_refused(life: str) -> None:
    token = answer(f'{{{life}"access_token":"abc"}}'.encode())
    stale = answer(b"{}", status="401 Unauthorized")
    with Script([answer(), answer(), stale, answer()], token) as script, Client(script.settings()) as client:
        for _ in range(3):
            client.request("GET", "/orders")
    assert sum("/oauth/token" in line for line in script.requests) == 2


def test_a_life_written_as_text_counts_and_missing_scopes_are_those_asked_for() -> None:
    token = token_of({"access_token": "abc", "expires_in": "3600"}, 100.0, ("view_orders:shop",))
    assert token is not None
    assert (token.expires_in, token.renew_at, token.scopes) == (3600.0, 3400.0, ("view_orders:shop",))


def test_a_token_answer_without_scopes_makes_check_ask_the_endpoints() -> None:
    forbidden = answer(b'{"statusCode":403,"message":"No","errors":[{"code":"insufficient_scope"}]}', status="403 No")
    page = answer(b'{"count":0,"total":0,"results":[]}')
    script = Script([answer(), answer(), page, page, forbidden], answer(b'{"access_token":"abc"}'))
    with script, Client(script.settings()) as client:
        orders, zones = inspect(client, ["orders", "zones"]).streams
    assert orders.readable
    assert not zones.readable
    assert zones.missing_scope


@pytest.mark.parametrize("status", ["301 Moved", "404 No", "407 Who", "451 Law"])
@pytest.mark.parametrize("body", [b"", b"<h1>Hello</h1>", b'{"message":"Forbidden"}'])
def test_an_error_that_the_platform_did_not_send_says_what_to_look_for(status: str, body: bytes) -> None:
    words = "look for a proxy, gateway or login page that answers in place of the platform"
    script = Script([answer(body, status=status)])
    with script, Client(script.settings()) as client, pytest.raises(ApiError, match=words):
        client.request("GET", "/orders")


def test_a_stream_whose_answers_break_costs_a_check_no_other_stream() -> None:
    page = answer(b'{"count":0,"total":0,"results":[]}')
    lost = answer(b'{"statusCode":404,"message":"Lost","errors":[{"code":"ResourceNotFound"}]}', status="404 No")
    hello = answer(b"<h1>Hello</h1>", kind="text/html")
    script = Script([answer(), lost, hello, lost, page], answer(b'{"access_token":"abc"}'))
    with script, Client({**script.settings(), "retry_seconds": 0}) as client:
        inspection = inspect(client, ["orders", "zones", "channels"])
    assert [access.readable for access in inspection.streams] == [False, False, True]
    text = CheckReport(inspection).text()
    assert "1 of 3 can be read" in text
    assert "is no JSON" in text
    assert "Lost" in text
    assert "scope" not in text.partition("cannot be read")[2]


@pytest.mark.parametrize(
    "project", ["{}", "[]", "null", "3", '{"messages":null}', '{"messages":[]}', '{"messages":{"enabled":1},"name":2}']
)
def test_settings_of_a_project_in_another_form_are_unknown_and_no_traceback(project: str) -> None:
    with Script([answer(), answer(project.encode())]) as script, Client(script.settings()) as client:
        found = inspect(client, ["zones"])
    assert (found.messages, found.name, found.settings_readable) == (None, None, True)


def test_no_error_keeps_a_frame_that_shows_the_secret() -> None:
    assert SECRETS[0].encode() in TOKEN
    for reply in (
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{",
        answer(b"{"),
        answer(status="401 No"),
    ):
        refused(Script([reply]), retry_seconds=0, request_timeout=0.2)
        refused(Script(token=reply), retry_seconds=0, request_timeout=0.2)


def fault(url: str, jumps: Jumps) -> NetworkError:
    transport = Transport(concurrency=1, timeout=5.0, user_agent="test", timing=jumps.timing)
    with pytest.raises(NetworkError) as caught:
        transport.send(Request("GET", url + "/", "/", {}), RetryBudget(300.0))
    transport.close()
    assert_clean(caught.value)
    return caught.value


def test_faults_of_tls_are_told_apart_and_not_repeated() -> None:
    jumps = Jumps()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parent / "localhost.pem")
    with Script(context=context) as untrusted:
        assert "signed by itself" in str(fault(untrusted.url.replace("http:", "https:"), jumps))
    with Script(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as plain:
        assert "does not speak TLS" in str(fault(plain.url.replace("http:", "https:"), jumps))
    assert jumps.waits == []


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", f"http://{'a' * 64}.example", "http://a..example"])
def test_what_cannot_get_better_is_not_repeated(url: str) -> None:
    jumps = Jumps()
    assert fault(url, jumps).lasting
    assert jumps.waits == []


ALERTS = {
    42: "a certificate of ours",
    43: "a certificate of ours",
    49: "refuses this machine",
    71: "none of the ciphers",
}


@pytest.mark.parametrize("alert", ALERTS)
def test_a_refusal_in_the_handshake_is_named_and_not_repeated(alert: int) -> None:
    jumps = Jumps()
    # A fatal alert (https://datatracker.ietf.org/doc/html/rfc8446#section-6)
    with Script(greeting=bytes((21, 3, 3, 0, 2, 2, alert))) as script:
        assert ALERTS[alert] in str(fault(script.url.replace("http:", "https:"), jumps))
    assert jumps.waits == []
