"""`--log-format`: what a run tells as lines of a log, and the same for programs by `logging`."""

from __future__ import annotations

import json
import logging
import re
import signal
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.cli.app import run
from commercetools_source.client import Client
from commercetools_source.events import Notice, RowsWritten, StreamFinished, log
from commercetools_source.frontends.signals import stopping
from commercetools_source.report.logs import logging_to
from commercetools_source.report.progress import logged
from commercetools_source.sandbox import Fault
from commercetools_source.sync import sync

if TYPE_CHECKING:
    from pathlib import Path

    from commercetools_source.sandbox import Sandbox

LOGGER = logging.getLogger("commercetools_source")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_text_has_the_time_and_the_level_of_each_line(shop: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    shop.faults.add(Fault("status", "/carts", times=None, status=400))
    assert run(["sync", "--streams", "zones,carts", "--log-format", "text"]) == 1
    answer = capsys.readouterr()
    assert answer.out == ""
    told = [re.fullmatch(rf"{TIME} ([A-Z]+) (.+)", line) for line in answer.err.splitlines()]
    assert all(told)
    levels = {match[2].partition(":")[0]: match[1] for match in reversed(told) if match}
    assert levels["zones"] == "INFO"
    assert levels["carts"] == "ERROR"
    assert levels["not complete, see above"] == "ERROR"
    assert LOGGER.handlers == []
    assert (LOGGER.level, LOGGER.propagate) == (logging.NOTSET, True)


@pytest.mark.usefixtures("shop")
def test_json_has_the_fields_of_events_and_all_figures_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", "--streams", "zones", "--log-format", "json", "--verbose"]) == 0
    told = lines(capsys.readouterr().err)
    assert all(re.fullmatch(TIME, line["time"]) for line in told)
    (finished,) = [line for line in told if line.get("event") == "StreamFinished"]
    assert (finished["level"], finished["stream"], finished["records"]) == ("INFO", "zones", 8)
    assert {"RequestDone", "StreamStarted"} <= {line.get("event") for line in told}
    (ended,) = [line for line in told if "run" in line]
    assert [stream["new"] for stream in ended["run"]["streams"]] == [8]
    assert told[-1]["message"].startswith("next: ")


@pytest.mark.parametrize(
    ("arguments", "level"),
    [(["--destination", "none/x.duckdb"], "ERROR"), (["--minutes", "0"], "WARNING")],
    ids=["an error", "stopped"],
)
@pytest.mark.usefixtures("shop")
def test_how_a_run_ends_is_the_level_of_its_last_line(
    arguments: list[str], level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sync", "--streams", "zones", "--log-format", "json", *arguments]) != 0
    assert lines(capsys.readouterr().err)[-1]["level"] == level


@pytest.mark.usefixtures("shop")
def test_quiet_leaves_failures_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", "--streams", "zones", "--log-format", "json", "--quiet"]) == 0
    assert run(["sync", "--log-format", "xml"]) == 2
    assert capsys.readouterr().err == "error: --log-format is 'xml'; it must be text or json\n"


@pytest.mark.parametrize("armed", [True, False])
def test_what_is_said_of_a_signal_is_a_line_of_the_log(*, armed: bool, capfd: pytest.CaptureFixture[str]) -> None:
    with logging_to(sys.stderr, "json"), stopping() as stopper:
        stopper.arm((lambda: None) if armed else None)
        with nullcontext() if armed else pytest.raises(SystemExit):
            signal.raise_signal(signal.SIGTERM)
    (told,) = lines(capfd.readouterr().err)
    assert told["level"] == "WARNING"
    assert told["message"].startswith("stopping; what was read is kept" if armed else "stopped by SIGTERM")


def test_a_program_gets_events_by_the_logger_of_the_package(
    shop: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "commercetools_source"), Client(shop.settings(), hook=log) as client:
        sync(client, f"jsonl:{tmp_path / 'lines'}", streams="zones", hook=log)
    assert ("commercetools_source", logging.INFO, "zones: 8 records in 0.0 s") in [
        (name, level, re.sub(r"[\d.]+ s$", "0.0 s", message)) for name, level, message in caplog.record_tuples
    ]
    (finished,) = [record for record in caplog.records if isinstance(getattr(record, "event", None), StreamFinished)]
    assert finished.levelno == logging.INFO


def test_a_line_from_time_to_time_is_no_debugging(caplog: pytest.LogCaptureFixture) -> None:
    tally = logged(LOGGER)
    clock = iter(range(0, 1000, 4))
    tally.now, tally.began = (lambda: next(clock)), 0
    with caplog.at_level(logging.INFO, "commercetools_source"):
        for _ in range(5):
            tally(RowsWritten("orders", 1000))
        tally(Notice("orders", "a % of it"))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "orders: 4,000 records so far"),
        ("WARNING", "orders: a % of it"),
    ]
