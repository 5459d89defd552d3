"""The sandbox as users get it: a process, a command in the foreground, a pytest fixture, an admin endpoint."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import datetime, timezone
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from commercetools_source.errors import ConfigError
from commercetools_source.frontends.signals import stop_signals
from commercetools_source.sandbox import Sandbox, SandboxProcess, serve

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "commercetools_source.sandbox"]


def test_a_sandbox_runs_in_a_process_of_its_own() -> None:
    with SandboxProcess("tiny", seed=3) as process:
        settings = process.settings()
        http = urllib3.PoolManager(retries=False, timeout=60)
        basic = urllib3.make_headers(basic_auth=f"{settings['client_id']}:{settings['client_secret']}")
        form = {"grant_type": "client_credentials"}
        answer = http.request(
            "POST", f"{process.auth_url}/oauth/token", fields=form, headers=basic, encode_multipart=False
        )
        assert answer.status == 200
        assert process.url == process.api_url == settings["api_url"]
        assert http.request("POST", f"{process.url}/_sandbox/clock", body="{}").status in {401, 404}
        http.clear()
    with Sandbox("tiny", seed=3) as sandbox:
        assert set(sandbox.settings()) == set(settings)


def test_a_process_that_cannot_start_says_why() -> None:
    with pytest.raises(ConfigError, match="size of the sample shop is 'giant'"), SandboxProcess("giant"):
        pass


def test_a_taken_port_is_named() -> None:
    with (
        Sandbox(rows=[]) as first,
        pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{first.port}: .*Choose another port"),
        Sandbox(rows=[], port=first.port),
    ):
        pass


@pytest.mark.few(1)
@pytest.mark.parametrize("number", stop_signals())
def test_the_foreground_server_says_how_to_use_it_and_ends_cleanly(number: int) -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(8)]
        process.send_signal(number)
        _, problems = process.communicate(timeout=60)
    assert lines[0].startswith(
        "A commercetools project with generated data (size tiny, seed 1) answers at http://127.0.0.1:"
    )
    exports = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export"))
    assert set(exports) == {"CTP_PROJECT_KEY", "CTP_CLIENT_ID", "CTP_CLIENT_SECRET", "CTP_API_URL", "CTP_AUTH_URL"}
    assert (process.returncode, problems) == (0, "")


def test_the_command_serves_with_its_options() -> None:
    options = ["--port", "0", "--size", "tiny", "--admin", "--latency", "60", "--burst", "60"]
    command = [sys.executable, "-m", "commercetools_source", "sandbox", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(8)]
        settings = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export"))
        http = urllib3.PoolManager(retries=False, timeout=60)
        url = settings["CTP_API_URL"]
        assert http.request("GET", f"{url}/_sandbox/faults").json() == []
        basic = urllib3.make_headers(basic_auth=f"{settings['CTP_CLIENT_ID']}:{settings['CTP_CLIENT_SECRET']}")
        form = {"grant_type": "client_credentials"}
        asked: dict[str, Any] = {"fields": form, "headers": basic, "encode_multipart": False}
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            http.request("POST", f"{url}/oauth/token", **asked, timeout=0.05)
        assert http.request("POST", f"{url}/_sandbox/latency", json={"seconds": 0}).status == 200
        token = http.request("POST", f"{url}/oauth/token", **asked).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        orders = http.request("GET", f"{url}/{settings['CTP_PROJECT_KEY']}/orders?limit=500", headers=headers).json()
        http.clear()
        process.send_signal(signal.SIGTERM)
        _, problems = process.communicate(timeout=60)
    assert Counter(order["lastModifiedAt"] for order in orders["results"]).most_common(1)[0][1] == 60
    assert (process.returncode, problems) == (0, "")


def test_serving_can_be_ended_by_code() -> None:
    said: list[str] = []
    until = threading.Event()

    def announce(text: str) -> None:
        said.append(text)
        until.set()

    serve(port=0, size="tiny", announce=announce, until=until)
    assert "export CTP_API_URL=http://127.0.0.1:" in said[0]


def test_the_admin_endpoint_is_off_unless_asked_for(api: Any) -> None:
    assert api.send("GET", "/_sandbox/faults").status == 401


def test_the_admin_endpoint_scripts_faults_clock_tokens_and_data(start: Any) -> None:
    api = start(rows=[], admin=True)

    def admin(method: str, path: str, body: Any = None) -> Any:
        return api.send(method, f"/_sandbox/{path}", body=None if body is None else json.dumps(body))

    made = admin("POST", "records/zones", {"key": "home"}).body
    assert admin("POST", f"records/zones/{made['id']}", {"name": "Home"}).body["version"] == 2
    assert api.get("/zones/key=home").body["name"] == "Home"
    assert admin("DELETE", f"records/zones/{made['id']}").status == 200
    at = "2026-03-01T12:00:00.000Z"
    rows = [{"key": f"bulk-{number}", "lastModifiedAt": at, "createdAt": at} for number in range(2000)]
    assert len(admin("POST", "records/zones", rows).body) == 2000
    assert api.get("/zones", where=f'lastModifiedAt = "{at}"', limit=1).body["total"] == 2000
    requests = len(admin("GET", "requests").body)
    assert admin("POST", "faults", {"kind": "throttle", "path": "/zones", "seconds": 3}).body[0]["hits"] == 0
    assert api.get("/zones").headers["Retry-After"] == "3"
    assert admin("GET", "faults").body[0]["hits"] == 1
    assert admin("DELETE", "faults").body == []
    assert admin("POST", "tokens/expire", {}).body == {"expired": 1}
    assert api.get("/zones").status == 401
    assert admin("POST", "clock", {"advance": 60}).status == 200
    asked = [seen["path"] for seen in admin("GET", "requests").body]
    assert [path for path in asked[requests:] if path[:2] != "/_"] == ["/zones", "/zones"]
    for method, path, body, status in [
        ("POST", "faults", {"kind": "nonsense"}, 400),
        ("POST", "faults", {"kind": "status", "status": "x"}, 400),
        ("POST", "faults", {"kind": "throttle", "pth": "/zones"}, 400),
        ("POST", "clock", {"advance": -3_155_760_000}, 400),
        ("POST", "clock", {}, 400),
        ("POST", "clock", {"advance": 1, "freeze": True}, 400),
        ("POST", "records/zones?parent=a/b", {}, 400),
        ("POST", "records/nonsense", {}, 400),
        ("POST", "records/zones", [{}, 1], 400),
        ("DELETE", "records/zones/nobody", None, 400),
        ("GET", "records/zones", None, 404),
        ("GET", "nonsense", None, 404),
    ]:
        assert admin(method, path, body).status == status


FIXTURE_TESTS = """
def test_one(commercetools_sandbox):
    order = commercetools_sandbox.records("orders")[0]
    commercetools_sandbox.delete("orders", order["id"])

def test_two(commercetools_sandbox):
    assert len(commercetools_sandbox.records("orders")) > 100
"""


def test_the_fixture_gives_a_fresh_shop(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(FIXTURE_TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", str(tmp_path)]
    if "commercetools_sandbox" not in {point.name for point in entry_points(group="pytest11")}:
        command += ["-p", "commercetools_source.sandbox.pytest_plugin"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_same_seed_gives_the_same_shop_under_any_project_key() -> None:
    now = datetime(2026, 3, 1, tzinfo=timezone.utc)
    with Sandbox(seed=5, now=now) as one, Sandbox(seed=5, now=now, project_key="other") as two:
        assert one.records("orders") == two.records("orders")
        assert two.records("project")[0]["key"] == "other"
        assert [record["key"] for record in one.records("project")] == ["sample-shop"]
