"""`runs`, as a person and a program call it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from commercetools_source.cli.app import run

if TYPE_CHECKING:
    from commercetools_source.sandbox import Sandbox


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("destination", ["shop.duckdb", "parquet:files", "jsonl:lines"])
def test_runs_shows_the_newest_runs_of_every_destination(capsys: pytest.CaptureFixture[str], destination: str) -> None:
    where = ["--destination", destination]
    for _ in range(2):
        assert run(["sync", "--streams", "zones", "--quiet", *where]) == 0
    assert run(["backfill", "--since", "2000-01-01", "--quiet", *where]) == 0
    capsys.readouterr()
    assert run(["runs", *where]) == 0
    header, _, *lines = capsys.readouterr().out.splitlines()
    assert header.split()[:3] == ["started", "command", "took"]
    assert [line.split()[2] for line in lines] == ["backfill", "sync", "sync"]
    assert all("complete" in line for line in lines)
    assert run(["runs", "--limit", "1", "--json", *where]) == 0
    (newest,) = json.loads(capsys.readouterr().out)
    assert newest["command"] == "backfill"
    assert [stream["stream"] for stream in newest["streams"]] == ["zones"]
    assert newest["streams"][0]["mode"] == "window"


def test_the_runs_of_an_interval_are_all_recorded(shop: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    del shop
    assert run(["sync", "--streams", "zones", "--every", "0.1s", "--stop-after", "2", "--quiet"]) == 0
    capsys.readouterr()
    assert run(["runs", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_runs_of_nothing_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "-d", "none.duckdb"]) == 1
    assert "none.duckdb does not exist; run `commercetools-source sync` first" in capsys.readouterr().err
    assert run(["runs", "--limit", "0"]) == 2
