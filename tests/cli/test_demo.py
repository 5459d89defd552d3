"""The demo end to end: what is in the file afterwards is what the shop holds, row for row."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections import Counter
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source import ConfigError, Stream
from commercetools_source.catalog.streams import streams_of
from commercetools_source.cli import app
from commercetools_source.cli.demo import QUESTIONS, run_demo
from commercetools_source.frontends.signals import stop_signals
from commercetools_source.sandbox import Sandbox
from commercetools_source.sandbox.shop.days import START, day_of, rows_of
from hidden import shown

if TYPE_CHECKING:
    import signal
    from pathlib import Path

SEED = 3
FOREIGN = ["notes.txt", "demo.duckdb.tmp", "demo.duckdb.bak", "manifest.json"]


USUAL = {row.name: row for row in streams_of(None)}
"""The streams that are read where none is named."""


@pytest.fixture(scope="module", name="shop")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Run the demo twice on one file, behind a proxy that is not there; give the file and what each run printed."""
    path = tmp_path_factory.mktemp("demo") / "demo.duckdb"
    for name in FOREIGN:
        path.with_name(name).write_text(name)
    printed = []
    for day in range(2):
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("http_proxy", "127.0.0.1:1")
            assert run_demo(path, size="tiny", seed=SEED, out=out, err=err) == 0
        assert f"it is day {day} of the shop" in err.getvalue()
        assert_same(path, day)
        printed.append(out.getvalue())
    return path, printed


def test_what_lies_beside_its_file_is_left_alone(shop: tuple[Path, list[str]]) -> None:
    path, _ = shop
    assert {one.name for one in path.parent.iterdir()} == {*FOREIGN, path.name, "demo.html"}
    assert all(path.with_name(name).read_text() == name for name in FOREIGN)


def assert_same(path: Path, day: int) -> None:
    """Compare every table with what the shop holds on that day, record by record and field by field."""
    now = START + timedelta(days=day)
    with (
        Sandbox("tiny", SEED, project_key=f"demo-tiny-{SEED}", now=now, rows=rows_of("tiny", SEED, day)) as sandbox,
        duckdb.connect(str(path), read_only=True) as connection,
    ):
        for stream in USUAL.values():
            expected = sandbox.records(stream.name)
            rows = read(connection, stream)
            assert len(rows) == len(expected) > 0, stream.name
            found = Counter(text(plain(row, stream)) for row in rows)
            assert found == Counter(text(told(shown(record, stream.item))) for record in expected), stream.name


def text(record: dict[str, Any]) -> str:
    return json.dumps(record, sort_keys=True)


def read(connection: duckdb.DuckDBPyConnection, stream: Stream) -> list[dict[str, Any]]:
    result = connection.execute(f'SELECT * FROM raw."{stream.name}"')
    names = [(column[0], str(column[1])) for column in result.description or ()]
    return [
        {name: json.loads(value) if kind == "JSON" and value is not None else value
         for (name, kind), value in zip(names, row, strict=True)}
        for row in result.fetchall()
    ]  # fmt: skip


def plain(row: dict[str, Any], stream: Stream) -> dict[str, Any]:
    """Return a row as the JSON it came from: without the columns that are ours, spliced ones included."""
    spliced = {*(stream.parents.columns if stream.parents else ()), *(name for name, _ in stream.derived)}
    values = {**row, **(row.get("_unfit") or {})}
    kept = {name: written(value) for name, value in values.items() if not name.startswith("_") and name not in spliced}
    return told(kept)


def told(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as a table can tell it: top-level null and absent are the same there, and so are 5 and 5.0."""
    return {name: float(value) if type(value) is int else value for name, value in record.items() if value is not None}


def written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return value


def test_the_first_run_reads_everything(shop: tuple[Path, list[str]]) -> None:
    _, (first, _) = shop
    assert "50 streams: read in full" in first
    for name in USUAL:
        assert f"\n{name} " in first
    for question in QUESTIONS:
        assert question.text in first


def test_the_last_line_names_a_page_that_shows_every_stream(shop: tuple[Path, list[str]]) -> None:
    path, (_, second) = shop
    page = path.with_suffix(".html")
    assert second.splitlines()[-1] == f"open {page}"
    text = page.read_text("utf-8")
    assert not [name for name in USUAL if f"<td>{name}</td>" not in text]
    assert "Complete up to " in text
    assert len(text) < 300_000


def test_the_next_run_reads_what_the_day_brought_and_says_so(shop: tuple[Path, list[str]]) -> None:
    path, (_, second) = shop
    assert "An incremental run: of the 41 streams with a change date" in second
    with duckdb.connect(str(path), read_only=True) as connection:
        new = connection.execute("SELECT count(*) FROM raw.orders WHERE orderNumber LIKE 'day-1-%'").fetchone()
    assert new == (10,)
    assert " orders." in second


def test_a_file_with_another_shop_is_refused(shop: tuple[Path, list[str]]) -> None:
    path, _ = shop
    with pytest.raises(ConfigError, match="holds another shop, demo-tiny-3; name another file with --path"):
        run_demo(path, size="tiny", seed=SEED + 1, out=io.StringIO(), err=io.StringIO())


def test_a_file_that_cannot_be_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["demo", "--size", "tiny", "--path", str(tmp_path / f"{'x' * 300}.duckdb")]) == 1
    assert "File name too long; choose another name" in capsys.readouterr().err


@pytest.mark.few(0)
def test_the_command_shows_the_demo_on_standard_output(
    shop: tuple[Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "demo.duckdb"
    shutil.copy(shop[0], path)  # a third day takes a quarter of a first run's time
    assert app.run(["demo", "--size", "tiny", "--seed", str(SEED), "--path", str(path), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert f"written to {path}" in captured.out
    assert captured.err == ""


@pytest.mark.few(1)
@pytest.mark.parametrize("number", stop_signals())
def test_a_signal_while_the_shop_is_being_made_ends_the_demo_with_a_sentence(
    number: signal.Signals, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "commercetools_source", "demo", "--size", "large", "--path", "demo.duckdb"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert first == "starting a local commercetools API with a generated shop (size large, seed 1) ...\n"
        process.send_signal(number)
        # The end of the pipe is that of the shop's process, too: it has the same standard error.
        assert process.stderr.read() == f"\nstopped by {number.name}\n"
    assert process.returncode == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_a_later_day_keeps_what_the_days_before_brought() -> None:
    first, third = ([body for path, _, body in rows_of("tiny", 1, day) if path == "/orders"] for day in (1, 3))
    assert len(third) == len(first) + 20
    new = {body for body in first if b'"day-1-' in body}
    assert len(new) == 10
    assert new <= set(third)
    assert day_of("2026-11-01T06:00:01.000Z") == 0
    assert day_of("2026-11-03T05:59:59.000Z") == 1


@pytest.mark.parametrize("size", ["9" * 10, "9" * 5000, "1.5", "-5", "\u0663"])
def test_a_size_that_no_shop_has_is_a_sentence(size: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["demo", "--size", size, "--path", str(tmp_path / "demo.duckdb")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "The size of the sample shop is" in line
    assert len(line) < 250
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_size_is_refused_before_anything_starts(tmp_path: Path) -> None:
    err = io.StringIO()
    with pytest.raises(ConfigError, match="huge"):
        run_demo(tmp_path / "demo.duckdb", size="huge", seed=1, out=io.StringIO(), err=err)
    assert err.getvalue() == ""
    assert list(tmp_path.iterdir()) == []
