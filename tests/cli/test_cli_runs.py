"""`runs`, as a person and a program call it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from commercetools_source.cli.app import run
from commercetools_source.destinations.run_file import RUN_FILE

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
    assert header.split()[:4] == ["started", "(UTC)", "command", "took"]
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


DAMAGES = [("started", "yesterday"), ("started", "0000-01-01T00:00:00Z"), ("bound", "soon"), ("ended", 5)]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("field", "value"), [*DAMAGES, ("started", None), ("requests", None), ("streams", [{}])])
def test_a_record_that_somebody_damaged_costs_itself_only(
    capsys: pytest.CaptureFixture[str], field: str, value: object
) -> None:
    assert run(["sync", "--streams", "zones", "--quiet", "-d", "parquet:files"]) == 0
    (_, whole) = map(json.loads, Path("files", RUN_FILE).read_text().splitlines())
    lines = [whole, {**whole, "run": "another", field: value}]
    Path("files", RUN_FILE).write_text("".join(f"{json.dumps(line)}\n".replace(" ", "") for line in lines))
    _shows_one_run(capsys, "parquet:files")


@pytest.mark.usefixtures("shop")
def test_a_run_in_which_the_clock_was_set_back_took_a_time_that_nobody_knows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["sync", "--streams", "zones", "--quiet", "-d", "jsonl:lines"]) == 0
    path = Path("lines", RUN_FILE)
    record = json.loads(path.read_text().splitlines()[-1])
    path.write_text(json.dumps({**record, "ended": "2000-01-01T00:00:00.000Z"}, separators=(",", ":")) + "\n")
    assert run(["runs", "-d", "jsonl:lines"]) == 0
    assert re.search(r"sync +complete", capsys.readouterr().out)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("table", "value"),
    [
        ("runs", "started = NULL"),
        ("runs", "started = '0001-01-01 (BC)'"),
        ("runs", "records = NULL"),
        ("run_streams", "records = NULL"),
    ],
)
def test_a_row_of_a_run_that_somebody_damaged_costs_its_run_only(
    capsys: pytest.CaptureFixture[str], table: str, value: str
) -> None:
    assert run(["sync", "--streams", "zones", "--quiet", "-d", "shop.duckdb"]) == 0
    with duckdb.connect("shop.duckdb") as file:
        for name in ("runs", "run_streams"):
            file.execute(f"INSERT INTO sync.{name} SELECT * REPLACE ('another' AS run) FROM sync.{name}")
        file.execute(f"UPDATE sync.{table} SET {value} WHERE run = 'another'")
    _shows_one_run(capsys, "shop.duckdb")


def _shows_one_run(capsys: pytest.CaptureFixture[str], destination: str) -> None:
    capsys.readouterr()
    assert run(["runs", "-d", destination]) == 0
    assert run(["runs", "-d", destination, "--json"]) == 0
    out = capsys.readouterr().out
    assert len(json.loads(out[out.index("[") :])) == 1
    assert run(["report", "-d", destination, "-o", "page.html"]) == 0


def test_runs_of_nothing_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "-d", "none.duckdb"]) == 1
    assert "none.duckdb does not exist; run `commercetools-source sync` first" in capsys.readouterr().err
    assert run(["runs", "--limit", "0"]) == 2
