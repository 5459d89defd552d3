"""A stored state that is broken: it stops its own stream only, and `state reset` and `sync --full` always work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from commercetools_source.cli import app
from commercetools_source.extract.checkpoint import FORMAT
from commercetools_source.sandbox import Sandbox
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

BROKEN = {
    "list": "[]",
    "number": "7",
    "text": '"x"',
    "null": "null",
    "empty": "{}",
    "version": '{"format": 99}',
    "cursor": json.dumps({"format": FORMAT, "cursor": "yesterday"}),
    "type": json.dumps({"format": FORMAT, "cursor": 5}),
    "bound": json.dumps({"format": FORMAT, "mode": "full"}),
    "far": json.dumps({"format": FORMAT, "cursor": "0001-01-01T00:00:00.000Z"}),
    "range": json.dumps({"format": FORMAT, "walks": [{"field": "createdAt", "lower": "x"}]}),
}
READ_AGAIN = {"null"}  # in a manifest it stands for no state at all


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=rows_of("/orders", "/zones")) as running:
        yield running


@pytest.fixture(autouse=True)
def _settings(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in sandbox.settings().items():
        monkeypatch.setenv(f"CTP_{name.upper()}", str(value))
    monkeypatch.chdir(tmp_path)


def run(destination: str, *command: str) -> int:
    return app.run([*command, "--destination", destination])


def spoil(destination: str, stream: str, state: str) -> None:
    if destination.endswith(".duckdb"):
        with duckdb.connect(destination) as connection:
            connection.execute("UPDATE _commercetools_state SET state = ? WHERE stream = ?", [state, stream])
        return
    path = Path(destination.partition(":")[2]) / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["streams"][stream]["state"] = json.loads(state)
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize("destination", ["shop.duckdb", "parquet:data", "jsonl:data"])
@pytest.mark.parametrize("state", BROKEN)
def test_a_broken_state_stops_its_own_stream_and_can_be_reset(
    destination: str, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sync = ("sync", "--streams", "orders,zones")
    assert run(destination, *sync) == 0
    spoil(destination, "zones", BROKEN[state])
    told = state not in READ_AGAIN or destination == "shop.duckdb"
    capsys.readouterr()
    assert run(destination, "state", "show") == 0
    assert ("reset its state, or run it with --full" in capsys.readouterr().out) == told
    assert run(destination, "state", "show", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["orders"]["cursor"]
    assert run(destination, *sync, "--json") == int(told)
    streams = {one["stream"]: one for one in json.loads(capsys.readouterr().out)["streams"]}
    assert streams["orders"]["mode"] == "incremental"
    assert not streams["orders"]["error"]
    if told:
        assert "reset its state, or run it with --full" in streams["zones"]["error"]
    for command in (["plan"], ["verify"], ["sweep"], ["backfill", "--since", "2020-01-01"]):
        assert run(destination, *command, "--streams", "orders,zones") in {0, 1, 2}
    spoil(destination, "zones", BROKEN[state])
    assert run(destination, "state", "reset", "zones") == 0
    assert run(destination, *sync) == 0
    spoil(destination, "zones", BROKEN[state])
    assert run(destination, *sync, "--full") == 0
    assert run(destination, *sync) == 0
