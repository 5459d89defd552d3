"""`sync --every`, `--wait` and `--publish`, typed as a person types them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from commercetools_source.cli.app import run
from commercetools_source.destinations import Jsonl
from commercetools_source.frontends.signals import stop_signals, stopping
from commercetools_source.sandbox import Fault

if TYPE_CHECKING:
    from commercetools_source.sandbox import Sandbox

ZONES = ["--streams", "zones"]
OFTEN = ["--every", "0.05s", "--stop-after", "2"]


def test_runs_follow_each_other_and_each_tells_how_it_ended(shop: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", "-d", "jsonl:lines", *ZONES, *OFTEN, "--json"]) == 0
    told = capsys.readouterr()
    assert told.err.count("written to lines") == 2
    decoder, text, runs = json.JSONDecoder(), told.out.strip(), []
    while text:
        answer, end = decoder.raw_decode(text)
        runs.append(answer)
        text = text[end:].strip()
    assert [answer["streams"][0]["mode"] for answer in runs] == ["full", "incremental"]
    assert runs[0]["records"] == len(shop.records("zones"))


def test_only_the_first_of_many_runs_is_full(
    shop: Sandbox,  # noqa: ARG001 - its settings are in the environment
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["sync", "-d", "jsonl:lines", *ZONES, "-q"]) == 0
    assert run(["sync", "-d", "jsonl:lines", *ZONES, *OFTEN, "--full"]) == 0
    told = capsys.readouterr().err
    assert (told.count("read in full"), told.count("changes only")) == (1, 1)


@pytest.mark.parametrize("destination", ["jsonl:lines", "shop.duckdb"])
def test_what_the_full_run_did_not_come_to_is_read_in_full_by_the_next(
    destination: str, shop: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["sync", "-d", destination, "--streams", "zones,types"]
    assert run([*command, "-q"]) == 0
    monkeypatch.setenv("CTP_RETRY_SECONDS", "0")
    shop.faults.add(Fault("status", "/zones", status=503))
    assert run([*command, "--every", "0.05s", "--stop-after", "3", "--full"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if re.match(r"\d streams?: ", line)]
    assert told == [
        "1 stream: read in full; 1 stream: failed",
        "1 stream: changes only; 1 stream: read in full",
        "2 streams: changes only",
    ]


@pytest.mark.usefixtures("shop")
def test_what_a_full_run_has_no_time_for_is_read_in_full_by_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["sync", "-d", "shop.duckdb", "--streams", "zones,types"]
    assert run([*command, "-q"]) == 0
    assert run([*command, "--full", "--minutes", "0"]) == 3
    assert "next: run the same command again without --full; it goes on from here" in capsys.readouterr().err
    assert run(command) == 0
    assert "2 streams: read in full" in capsys.readouterr().err


@pytest.mark.usefixtures("shop")
def test_a_secret_that_is_refused_ends_the_command_as_wrong_settings_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CTP_CLIENT_SECRET", "wrong")
    assert run(["sync", "-d", "jsonl:lines", *ZONES, *OFTEN]) == 2
    assert capsys.readouterr().err.count("no access token: 401") == 1


def test_a_run_that_fails_is_told_and_the_next_one_goes_on(
    shop: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CTP_RETRY_SECONDS", "0")
    shop.faults.add(Fault("status", "/oauth/token", status=503))
    assert run(["sync", "-d", "jsonl:lines", *ZONES, *OFTEN]) == 0
    told = capsys.readouterr().err
    assert told.count("error: ") == 1
    assert told.count("written to lines") == 1


def test_the_status_is_that_of_the_last_run(shop: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTP_RETRY_SECONDS", "0")
    shop.faults.add(Fault("status", "/zones", times=None, status=503))
    assert run(["sync", "-d", "jsonl:lines", *ZONES, *OFTEN, "-q"]) == 1


def test_json_tells_of_a_stream_that_failed(
    shop: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CTP_RETRY_SECONDS", "0")
    shop.faults.add(Fault("status", "/zones", times=None, status=503))
    assert run(["sync", "-d", "jsonl:lines", *ZONES, "-q", "--json"]) == 1
    (stream,) = json.loads(capsys.readouterr().out)["streams"]
    counted = ["quarantined", "stopped", "new", "changed", "deleted", "expired", "unfit"]
    assert list(stream) == ["stream", "mode", "records", "seconds", "error", *counted]
    assert "503" in stream["error"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--every", "5"], "--every is '5'; it must be a time such as 30s, 10m, 1h or 2d"),
        (["--every", "0s"], "--every is '0s'"),
        (["--wait", "soon"], "--wait is 'soon'"),
        (["--stop-after", "3"], "--stop-after counts the runs of --every"),
        (["--every", "1m", "--until", "2026-01-01"], "--until ends at a fixed time"),
        (["-d", "parquet:files", "--publish", "copy.duckdb"], "--publish copies a DuckDB file"),
        (["-d", "jsonl:lines", "--publish", "copy.duckdb"], "--publish copies a DuckDB file"),
    ],
)
def test_what_does_not_fit_together_is_said_before_anything_is_asked(
    shop: Sandbox, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    asked = len(shop.requests)
    assert run(["sync", *ZONES, *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert len(shop.requests) == asked
    assert list(Path.cwd().iterdir()) == []


def test_a_good_run_puts_a_copy_for_readers_in_place_and_a_bad_one_leaves_it(
    shop: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["sync", "-d", "shop.duckdb", *ZONES, "--publish", "readers.duckdb", "-q"]
    assert run(command) == 0
    with duckdb.connect("readers.duckdb", read_only=True) as reader:
        assert reader.execute("SELECT count(*) FROM raw.zones").fetchall() == [(len(shop.records("zones")),)]
    before = Path("readers.duckdb").stat().st_ino
    monkeypatch.setenv("CTP_RETRY_SECONDS", "0")
    shop.faults.add(Fault("status", "/zones", times=None, status=503))
    assert run(command) == 1
    assert Path("readers.duckdb").stat().st_ino == before


def test_a_destination_in_use_is_waited_for_only_so_long(
    shop: Sandbox,  # noqa: ARG001 - its settings are in the environment
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = Jsonl(Path("lines"))
    other.open()
    try:
        assert run(["sync", "-d", "jsonl:lines", *ZONES, "--wait", "0.1s"]) == 1
    finally:
        other.close()
    told = capsys.readouterr().err
    assert told.index("waiting: lines is in use by process") < told.index("error: lines is in use by process")
    assert run(["sync", "-d", "jsonl:lines", *ZONES, "--wait", "0.1s", "-q"]) == 0


@pytest.mark.usefixtures("shop")
def test_an_output_that_nobody_reads_any_more_ends_the_runs() -> None:
    repeated = ["sync", "-d", "jsonl:lines", *ZONES, "--every", "0.05s", "--stop-after", "9", "--json", "-q"]
    command = [sys.executable, "-m", "commercetools_source", *repeated]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""  # as click has it where the reader of a command line has gone
        assert process.wait(30) == 1


@pytest.mark.parametrize("number", [number for number in stop_signals() if number != signal.SIGINT])
def test_a_signal_ends_the_wait_for_the_next_run(
    number: signal.Signals,
    shop: Sandbox,  # noqa: ARG001 - same
) -> None:
    command = [sys.executable, "-m", "commercetools_source", "sync", "-d", "jsonl:lines", *ZONES, "--every", "1h"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "written to lines" in line:
                break
        process.send_signal(number)
        assert process.wait(30) == 128 + number
        assert "stopping; what was read is kept" in process.stderr.read()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no hang-up")
def test_under_nohup_a_terminal_that_hangs_up_ends_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping() as stopper:
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert not stopper.signal
