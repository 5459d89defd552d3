"""Who is told of runs besides a person (--ping, --metrics), and runs over what can be read (--streams, --exclude)."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.cli.app import run
from commercetools_source.sandbox import Fault
from hostile import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commercetools_source.sandbox import Sandbox

ZONES = ["sync", "-d", "jsonl:lines", "--streams", "zones"]


@contextmanager
def check(
    status: int = 200, user: bytes | None = None, location: str = ""
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Serve a check, for `user` alone if there is one; give its URL and the paths and bodies that it is sent.

    It redirects to `location` if there is one.
    """
    told: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            known = user is None or self.headers["Authorization"] == f"Basic {b64encode(user).decode()}"
            if known:
                told.append((self.path, body.decode()))
            self.send_response(status if known else 401)
            if location:
                self.send_header("Location", location)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/uuid", told
        server.shutdown()


def metrics(path: str) -> dict[str, float]:
    lines = Path(path).read_text().splitlines()
    return {name: float(value) for name, value in (line.split(" ") for line in lines if not line.startswith("#"))}


def test_a_check_is_told_of_start_and_success(shop: Sandbox) -> None:  # noqa: ARG001 - its settings are in the environment
    with check() as (url, told):
        assert run([*ZONES, "--ping", url, "-q"]) == 0
    assert [path for path, _ in told] == ["/uuid/start", "/uuid"]
    assert "written to lines, complete up to" in told[1][1]


def test_a_check_is_told_of_failures(shop: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTP_RETRY_SECONDS", "0")
    shop.faults.add(Fault("status", "/zones", times=None, status=503))
    with check() as (url, told):
        assert run([*ZONES, "--ping", url, "-q"]) == 1
        shop.faults.clear()
        shop.faults.add(Fault("status", "/oauth/token", times=None, status=503))
        assert run([*ZONES, "--ping", f"{url}?rid=7", "-q"]) == 1
    assert [path for path, _ in told] == ["/uuid/start", "/uuid/fail", "/uuid/start?rid=7", "/uuid/fail?rid=7"]
    assert "not complete" in told[1][1]
    assert "503" in told[3][1]


@pytest.mark.parametrize("status", [404, None])
def test_a_check_that_cannot_be_told_fails_no_run_and_its_url_is_not_shown(
    shop: Sandbox,  # noqa: ARG001 - its settings are in the environment
    capsys: pytest.CaptureFixture[str],
    status: int | None,
) -> None:
    with check(status or 200) as (url, _):
        if status is not None:
            assert run([*ZONES, "--ping", url, "-q"]) == 0
    if status is None:  # nobody listens there any more
        assert run([*ZONES, "--ping", url, "-q"]) == 0
    told = capsys.readouterr().err
    reason = "it answers 404" if status else "it refuses the connection"
    assert told.splitlines() == [f"the check of --ping was not told: {reason}"] * 2
    assert "uuid" not in told


@pytest.mark.parametrize("location", ["http://a..b/", "http://[bad/", "http://a:port/", "ftp://127.0.0.1:1/x"])
def test_a_check_that_redirects_to_nowhere_ends_no_run(
    location: str,
    shop: Sandbox,  # noqa: ARG001 - its settings are in the environment
    capsys: pytest.CaptureFixture[str],
) -> None:
    with check(302, location=location) as (url, _):
        assert run([*ZONES, "--ping", url, "-q"]) == 0
    reason = "it redirects to what is no URL"
    assert capsys.readouterr().err.splitlines() == [f"the check of --ping was not told: {reason}"] * 2


def test_a_check_that_redirects_with_a_body_without_end_holds_up_no_run(
    shop: Sandbox,  # noqa: ARG001 - its settings are in the environment
    capsys: pytest.CaptureFixture[str],
) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Script([lambda: chain([head], repeat(b"5\r\naaaaa\r\n"))]) as server:
        assert run([*ZONES, "--ping", server.url, "-q"]) == 0
    assert capsys.readouterr().err.splitlines() == ["the check of --ping was not told: it answers 302"] * 2
    assert 8 <= len(server.requests) <= 16


def test_a_check_is_reached_with_the_certificates_that_the_platform_is_reached_with(
    shop: Sandbox,  # noqa: ARG001 - its settings are in the environment
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nowhere.pem")
    assert run([*ZONES, "--ping", "https://127.0.0.1:1/", "-q"]) == 0
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert all("REQUESTS_CA_BUNDLE is 'nowhere.pem', which is no bundle of certificates" in line for line in told)


def test_a_check_behind_a_password_is_told_and_the_password_is_not_shown(
    shop: Sandbox,  # noqa: ARG001 - its settings are in the environment
    capsys: pytest.CaptureFixture[str],
) -> None:
    with check(user=b"me@here:s3cr3t/") as (url, told):
        assert run([*ZONES, "--ping", url.replace("//", "//me%40here:s3cr3t%2F@"), "-q"]) == 0
        assert capsys.readouterr().err == ""
        assert run([*ZONES, "--ping", url.replace("//", "//me:s3cr3t@"), "-q"]) == 0
    assert [path for path, _ in told] == ["/uuid/start", "/uuid"]
    assert capsys.readouterr().err.splitlines() == ["the check of --ping was not told: it answers 401"] * 2


@pytest.mark.parametrize(
    "url", ["http://host/ü", "http://a..b/", "http://h/a b", "http://me:s3cr3t@[::1/", "ftp://me:s3cr3t@h/", "s3cr3t"]
)
def test_a_check_whose_url_is_none_is_wrong_usage_before_anything_is_asked(
    url: str,
    shop: Sandbox,  # noqa: ARG001 - its settings are in the environment
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([*ZONES, "--ping", url]) == 2
    assert capsys.readouterr().err.startswith("error: --ping must be a URL such as")
    assert not list(Path.cwd().iterdir())


def test_metrics_have_the_run_and_each_stream(shop: Sandbox) -> None:
    count = len(shop.records("zones"))
    assert run([*ZONES, "--metrics", "run.prom", "-q"]) == 0
    found = metrics("run.prom")
    assert found["commercetools_source_run_complete"] == 1
    assert found['commercetools_source_stream_records{stream="zones"}'] == count
    assert found["commercetools_source_run_requests"] > 1
    assert found["commercetools_source_run_ended_timestamp_seconds"] > 1_700_000_000
    assert [path.name for path in Path.cwd().iterdir() if path.is_file()] == ["run.prom"]


def test_metrics_count_the_deleted_rows_that_the_run_tells_of(shop: Sandbox) -> None:
    command = ["sync", "-d", "shop.duckdb", "--streams", "zones,types", "--metrics", "run.prom", "-q"]
    assert run(command) == 0
    shop.delete("zones", shop.records("zones")[0]["id"])
    assert run([*command, "--full"]) == 0
    found = metrics("run.prom")
    assert [found[f'commercetools_source_stream_deleted{{stream="{name}"}}'] for name in ("zones", "types")] == [1, 0]


def test_metrics_say_that_a_run_failed_as_a_whole(shop: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTP_RETRY_SECONDS", "0")
    shop.faults.add(Fault("status", "/oauth/token", times=None, status=503))
    assert run([*ZONES, "--metrics", "run.prom", "-q"]) == 1
    assert metrics("run.prom")["commercetools_source_run_complete"] == 0


def test_all_that_the_api_client_may_read_is_a_complete_run(
    shop: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.add_client("narrow", "hidden", ["view_orders", "view_types"])
    monkeypatch.setenv("CTP_CLIENT_ID", "narrow")
    monkeypatch.setenv("CTP_CLIENT_SECRET", "hidden")
    assert run(["sync", "-d", "jsonl:lines", "--streams", "readable", "--exclude", "carts", "--json", "-q"]) == 0
    read = {row["stream"] for row in json.loads(capsys.readouterr().out)["streams"]}
    assert {"orders", "types"} <= read
    assert not {"customers", "carts"} & read


def test_all_streams_but_those_that_are_excluded(shop: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ARG001
    assert run(["sync", "-d", "jsonl:lines", "--streams", "zones,types", "--exclude", "types", "--json", "-q"]) == 0
    assert [row["stream"] for row in json.loads(capsys.readouterr().out)["streams"]] == ["zones"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--streams", "readable,orders"], "leave the other names out"),
        (["--streams", "zones", "--exclude", "orders"], "--exclude names orders, which --streams does not"),
        (["--streams", "zones", "--exclude", "zones"], "--exclude leaves no stream"),
        (["--exclude", "oders"], "Did you mean orders?"),
        (["--exclude", ","], "--exclude names no stream"),
        (["--ping", "hc-ping.com/uuid"], "--ping must be a URL"),
        (["--ping", "http://[::1"], "--ping must be a URL"),
        (["--ping", "https://hc-ping.com:port/uuid"], "--ping must be a URL"),
        (["--ping", "https://hc-ping.com:99999/uuid"], "--ping must be a URL"),
        (["--metrics", "nowhere/run.prom"], "whose folder does not exist"),
    ],
)
def test_what_cannot_be_meant_is_said(
    shop: Sandbox,  # noqa: ARG001 - its settings are in the environment
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    reason: str,
) -> None:
    assert run(["sync", "-d", "jsonl:lines", *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert list(Path.cwd().iterdir()) == []
