"""Whatever the platform or a user names, no command and no front-end lets it steer a terminal or forge a line."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.cli.app import run
from commercetools_source.errors import printable, readable
from commercetools_source.sandbox import Sandbox
from frontends.airbyte_runs import run as airbyte
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVIL = "a\x1b[2J\x9b31m\r\nerror: forged\u202e[red]b[/red]"


@pytest.fixture(scope="module", name="hostile")
def _hostile() -> Iterator[Sandbox]:
    """Serve a shop whose project, fields, keys and texts are what an attacker writes into them."""
    rows = [
        (path, parent, json.dumps({**json.loads(body), "name": EVIL}).encode() if path == "/" else body)
        for path, parent, body in rows_of("/", "/zones", "/channels")
    ]
    with Sandbox(rows=rows) as sandbox:
        for stream in ("zones", "channels"):
            sandbox.create(stream, {"key": EVIL, "name": EVIL, EVIL: 1})
        sandbox.create("custom_objects", {"container": "c", "key": "k", "value": {EVIL: EVIL}})
        sandbox.clock.advance(3600)
        yield sandbox


@pytest.fixture(autouse=True)
def _environment(hostile: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {**hostile.environment(), "CTP_RETRY_SECONDS": "0"}.items():
        monkeypatch.setenv(name, value)


def assert_harmless(text: str) -> None:
    controls = {char for char in text if unicodedata.category(char) in {"Cc", "Cf"} and char != "\n"}
    assert not controls
    assert not [line for line in text.splitlines() if line.startswith("error: forged")]


STREAMS = ["--streams", "zones,channels,custom_objects,project"]
COMMANDS: list[list[str]] = [
    ["check"],
    ["check", "--json"],
    ["sync", "-d", "shop.duckdb", *STREAMS, "--verbose"],
    ["sync", "-d", "shop.duckdb", *STREAMS, "--json"],
    ["sync", "-d", "jsonl:lines", *STREAMS],
    ["sync", "-d", "parquet:files", *STREAMS, "--materialize"],
    ["plan", "-d", "shop.duckdb", *STREAMS],
    ["sync", "-d", f"jsonl:{EVIL}".replace("/", ""), "--streams", "zones"],
    ["sync", "-d", f"{EVIL}:x"],
    ["sync", "--where", f"zones={EVIL}", *STREAMS],
    ["sync", "--since", EVIL],
    ["sync", "--streams", EVIL],
    ["sync", "--config", f"{EVIL}.json"],
    ["state", "show", "-d", f"jsonl:{EVIL}x".replace("/", "")],
    ["schema", EVIL],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: printable(" ".join(arguments), 60))
def test_a_command_writes_no_control_character(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run(arguments)
    told = capsys.readouterr()
    assert told.out or told.err
    assert_harmless(told.out + told.err)


@pytest.mark.parametrize("command", ["verify", "state"])
def test_commands_that_read_a_destination_do_not_either(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(["sync", "-d", "shop.duckdb", *STREAMS])
    run(["verify", "-d", "shop.duckdb"] if command == "verify" else ["state", "show", "-d", "shop.duckdb"])
    told = capsys.readouterr()
    assert_harmless(told.out + told.err)


def test_the_airbyte_connector_does_not_either(hostile: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    settings: dict[str, Any] = {**hostile.settings(), "retry_seconds": 0}
    names = ("zones", "channels")
    catalog = {"streams": [{"stream": {"name": name}, "sync_mode": "full_refresh"} for name in names]}
    _, messages = airbyte("read", config=settings, catalog=catalog)
    assert_harmless(capfd.readouterr().err)
    logs = [message["log"]["message"] for message in messages if message["type"] == "LOG"]
    assert_harmless("\n".join(logs))
    assert EVIL in {message["record"]["data"].get("key") for message in messages if message["type"] == "RECORD"}


def test_a_text_of_several_lines_keeps_its_lines_only() -> None:
    assert readable("a\nb\x1b[2J\tc\u202e") == "a\nb\\x1b[2J\\tc\\u202e"
    assert json.loads(f'"{printable("half a pair: " + chr(0xD800))}"') == "half a pair: \ud800"
