"""The command line against a platform: the local one, over a real socket."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.catalog.streams import streams_of
from commercetools_source.cli import app
from commercetools_source.destinations.duckdb.connection import row_counts
from commercetools_source.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commercetools_source.sandbox.platform.request import Request

ROOT = Path(__file__).parents[2]
USUAL = {row.name: row for row in streams_of(None)}
"""The streams that are read where none is named."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(size="tiny", seed=1) as running:
        running.add_client("orders-only", "orders-secret", ["view_orders"])
        yield running


def variables(settings: Mapping[str, Any]) -> dict[str, str]:
    return {f"CTP_{name.upper()}": str(value) for name, value in settings.items()}


@pytest.fixture(autouse=True)
def _settings(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in variables({**sandbox.settings(), "retry_seconds": 0}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def few_scopes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTP_CLIENT_ID", "orders-only")
    monkeypatch.setenv("CTP_CLIENT_SECRET", "orders-secret")


def answer(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, Any, str]:
    """Run a command with --json; return its status, what it printed, and what it said on standard error."""
    status = app.run([*arguments, "--json"])
    captured = capsys.readouterr()
    return status, json.loads(captured.out) if captured.out else None, captured.err


def test_the_first_sync_reads_everything_and_the_next_one_what_changed(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, first, said = answer(["sync"], capsys)
    assert (status, first["complete"], first["destination"]) == (0, True, "commercetools.duckdb")
    assert {one["stream"]: one["mode"] for one in first["streams"]} == dict.fromkeys(USUAL, "full")
    counts = row_counts(tmp_path / "commercetools.duckdb")
    assert counts == {name: len(sandbox.records(name)) for name in USUAL}
    assert re.search(r"orders: [\d,]+ records in", said)

    status, second, _ = answer(["sync", "--quiet"], capsys)
    modes = {one["stream"]: one["mode"] for one in second["streams"]}
    assert status == 0
    assert modes == {name: "incremental" if stream.cursor else "full" for name, stream in USUAL.items()}
    assert second["records"] < first["records"]
    assert row_counts(tmp_path / "commercetools.duckdb") == counts

    status, third, _ = answer(["sync", "--full", "--streams", "orders, zones"], capsys)
    assert [(one["stream"], one["mode"]) for one in third["streams"]] == [("orders", "full"), ("zones", "full")]


def test_lines_for_people_go_to_standard_error_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["sync", "--streams", "zones", "--destination", "jsonl:lines", "--verbose"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "zones: full read begins" in captured.err
    assert re.search(r"GET /[\w-]+/zones: 200, [\d,]+ bytes in", captured.err)
    assert re.search(r"[\d,]+ records in .* \(\d+ requests\)", captured.err)
    assert "written to lines" in captured.err


def test_check_tells_which_streams_can_be_read(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    status, found, _ = answer(["check"], capsys)
    assert status == 0
    assert found["project"] == sandbox.project_key
    assert found["messages"] is True
    assert [stream for stream in found["streams"] if not stream["readable"]] == []


def test_check_names_the_exact_scope_that_is_missing(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few_scopes(monkeypatch)
    status, found, _ = answer(["check"], capsys)
    streams = {stream["stream"]: stream for stream in found["streams"]}
    assert status == 0
    assert streams["orders"] == {"stream": "orders", "readable": True, "missing_scope": None, "fault": ""}
    assert streams["customers"]["missing_scope"] == f"view_customers:{sandbox.project_key}"
    assert (found["name"], found["messages"]) == (None, None)

    assert app.run(["check", "--streams", "orders,customers"]) == 1
    text = capsys.readouterr().out
    assert "1 of 2 can be read" in text
    assert re.search(rf"customers +view_customers:{sandbox.project_key}\n", text)


def test_a_stream_without_its_scope_is_reported_and_the_others_go_on(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    few_scopes(monkeypatch)
    status, found, said = answer(["sync", "--streams", "orders,customers"], capsys)
    errors = {one["stream"]: one["error"] for one in found["streams"]}
    assert (status, found["complete"], errors["orders"]) == (1, False, None)
    assert "view_customers" in errors["customers"]
    assert said.count(errors["customers"]) == 1  # when it came up, and not again in the summary
    assert "1 stream: read in full; 1 stream: failed" in said
    assert "not complete, see above: customers" in said
    assert row_counts(tmp_path / "commercetools.duckdb")["orders"] == len(sandbox.records("orders"))


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("CTP_CLIENT_SECRET", "wrong-wrong-wrong", "client_secret"),
        ("CTP_PROJECT_KEY", "another-shop", "check project_key and region"),
        ("CTP_SCOPES", "view_orders:another-shop", "scope"),
    ],
)
@pytest.mark.parametrize("command", ["sync", "check"])
def test_wrong_credentials_are_one_line_and_leave_nothing_behind(
    command: str,
    variable: str,
    value: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv(variable, value)
    status, found, said = answer([command], capsys)
    # A refused client is a wrong setting; a project that is not there may also be gone.
    assert (status, found) == (1 if variable == "CTP_PROJECT_KEY" else 2, None)
    assert re.fullmatch(r"error: [^\n]+\n", said)
    assert sentence in said
    assert "wrong-wrong-wrong" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_destination_that_cannot_be_written_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "shop.duckdb").write_text("this is no database")
    for place in ("shop.duckdb", "nowhere/shop.duckdb"):
        status, found, said = answer(["sync", "--streams", "zones", "--destination", place], capsys)
        assert (status, found) == (1, None)
        assert re.fullmatch(r"error: [^\n]+\n", said)
        assert place in said
    assert (tmp_path / "shop.duckdb").read_text() == "this is no database"
    assert [path.name for path in tmp_path.iterdir()] == ["shop.duckdb"]


@pytest.mark.few(0)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_cleanly_and_the_next_run_completes_it(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with Sandbox(size="tiny", seed=1) as sandbox:
        environ = {**os.environ, **variables({**sandbox.settings(), "concurrency": 1, "page_size": 20})}
        seen: list[str] = []
        process = subprocess.Popen(
            [sys.executable, "-m", "commercetools_source", "sync"], env=environ, stderr=subprocess.PIPE, text=True
        )

        def interrupt(request: Request) -> None:
            seen.append(request.path)
            if len(seen) == 30:
                process.send_signal(number)

        sandbox.before_request(interrupt)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 128 + number, said
        assert "stopping; what was read is kept" in said
        assert re.search(r"\d+ streams: stopped, the next run goes on\n", said)  # once, and not for each of them
        assert "failed" not in said
        assert "next: run the same command again; it goes on from here\n" in said
        assert "Traceback" not in said

        for name, value in variables(sandbox.settings()).items():
            monkeypatch.setenv(name, value)
        status, found, _ = answer(["sync"], capsys)
        assert status == 0
        assert {one["mode"] for one in found["streams"]} > {"full"}
        assert row_counts(tmp_path / "commercetools.duckdb") == {name: len(sandbox.records(name)) for name in USUAL}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", [*blocks("python"), *blocks("sh")])
def test_the_readmes_examples_run_in_the_folder_of_a_dotenv(example: str, sandbox: Sandbox, tmp_path: Path) -> None:
    lines = [f"{name}={value}\n" for name, value in variables(sandbox.settings()).items()]
    if "commercetools-source init" not in example:  # that one is given the lines, and writes the file
        (tmp_path / ".env").write_text("".join(lines))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CTP_")}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    program = [sys.executable, "-c", example] if "import" in example else ["/bin/sh", "-e", "-c", example]
    done = subprocess.run(
        program, cwd=tmp_path, env=environ, input="".join(lines), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
