"""Standard input, output and error that are closed, full or have lost their reader, in every command."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pytest

from commercetools_source.destinations.duckdb.connection import row_counts
from commercetools_source.destinations.duckdb.file import DuckDB
from commercetools_source.events import Notice, PageRead, StreamFailed
from commercetools_source.frontends.mage import commercetools
from commercetools_source.frontends.process import run_command
from commercetools_source.report.progress import draw
from commercetools_source.sandbox import Sandbox
from thorough import some

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commercetools_source.sandbox.platform.request import Request

MODULE = (sys.executable, "-m", "commercetools_source")
TAP = (sys.executable, "-c", "from commercetools_source.frontends.singer import main; main()")
MAGE = (sys.executable, str(Path(commercetools.__file__)))
SANDBOX = (sys.executable, "-m", "commercetools_source.sandbox")
FULL = pytest.param("/dev/full", marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here"))
CLOSED = ("<&-", ">&-", "2>&-", "<&- 2>&-", "<&- >&- 2>&-")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(size="tiny", seed=1) as running:
        yield running


def environ(sandbox: Sandbox, **more: str) -> dict[str, str]:
    return {**os.environ, **sandbox.environment(), **more}


@pytest.fixture
def unread() -> Iterator[int]:
    """Return the writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


def shell(redirections: str, command: tuple[str, ...]) -> list[str]:
    """Return a command line by which the shell becomes `command`, with these redirections."""
    return ["/bin/sh", "-c", f'exec "$@" {redirections}', "sh", *command]


def run(
    command: tuple[str, ...], redirections: str, folder: Path, variables: Mapping[str, str], unread: int = -1
) -> subprocess.CompletedProcess[str]:
    """Run a command; `UNREAD` and `2>UNREAD` lead its output or its errors into the pipe `unread`."""
    return subprocess.run(
        shell("" if "UNREAD" in redirections else redirections, command),
        cwd=folder,
        env=dict(variables),
        stdout=unread if redirections == "UNREAD" else subprocess.PIPE,
        stderr=unread if redirections == "2>UNREAD" else subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
    )


def tap(sandbox: Sandbox, folder: Path) -> tuple[str, ...]:
    """Return the command of a tap that reads the zones."""
    (folder / "config.json").write_text(json.dumps(sandbox.settings()))
    metadata = [{"breadcrumb": [], "metadata": {"selected": True}}]
    schema = {"properties": {"id": {"type": "string"}}}
    zones = {"tap_stream_id": "zones", "stream": "zones", "schema": schema, "metadata": metadata}
    (folder / "catalog.json").write_text(json.dumps({"streams": [zones]}))
    return (*TAP, "--config", str(folder / "config.json"), "--catalog", str(folder / "catalog.json"))


def mage(sandbox: Sandbox, *flags: str) -> tuple[str, ...]:
    """Return the command by which Mage reads the customers."""
    columns = ("id", "email")
    chosen = [{"breadcrumb": ["properties", name], "metadata": {"selected": True}} for name in columns]
    entry = {
        "tap_stream_id": "customers",
        "stream": "customers",
        "schema": {"properties": {name: {"type": ["string", "null"]} for name in columns}},
        "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}, *chosen],
        "replication_method": "FULL_TABLE",
        "key_properties": ["id"],
    }
    catalog = json.dumps({"streams": [entry]})
    return (*MAGE, "--config_json", json.dumps(sandbox.settings()), "--catalog_json", catalog, *flags)


def emails(text: str) -> list[str]:
    lines = [json.loads(line) for line in text.splitlines() if '"RECORD"' in line]
    return [line["record"]["email"] for line in lines]


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("closed", "number"),
    [("2>&-", signal.SIGTERM), ("<&- 2>&-", signal.SIGINT), ("<&- >&- 2>&-", signal.SIGTERM)],
)
def test_a_stop_writes_nothing_into_a_database_in_the_place_of_a_closed_descriptor(
    closed: str, number: signal.Signals, sandbox: Sandbox, tmp_path: Path
) -> None:
    with Sandbox(size="tiny", seed=1) as stopped:
        settings = environ(stopped, CTP_CONCURRENCY="1", CTP_PAGE_SIZE="20")
        command = (*MODULE, "sync", "-d", "shop.duckdb", "-q")
        process = subprocess.Popen(shell(closed, command), cwd=tmp_path, env=settings)
        seen: list[str] = []

        def interrupt(request: Request) -> None:
            seen.append(request.path)
            if len(seen) == 30:
                process.send_signal(number)

        stopped.before_request(interrupt)
        assert process.wait(timeout=60) == 128 + number
    database = DuckDB(tmp_path / "shop.duckdb")
    states = database.open()
    database.close()
    counts = row_counts(tmp_path / "shop.duckdb")
    complete = {name: counts.get(name, 0) for name, state in states.items() if state.mode is None}
    assert complete
    assert complete == {name: len(sandbox.records(name)) for name in complete}


def test_ctrl_c_before_a_command_handles_it_is_a_status_and_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    def importing() -> None:
        raise KeyboardInterrupt

    assert run_command(importing) == 128 + signal.SIGINT
    assert capfd.readouterr() == ("", "")


@pytest.mark.few(2)
@pytest.mark.parametrize("closed", CLOSED)
def test_a_sync_with_closed_descriptors_is_a_sync(closed: str, sandbox: Sandbox, tmp_path: Path) -> None:
    done = run((*MODULE, "sync", "-d", "shop.duckdb", "--streams", "zones,stores"), closed, tmp_path, environ(sandbox))
    assert done.returncode == 0, done.stderr
    counts = row_counts(tmp_path / "shop.duckdb")
    assert (counts["zones"], counts["stores"]) == (len(sandbox.records("zones")), len(sandbox.records("stores")))


ERRORS = [
    pytest.param("2>/dev/full", marks=FULL.marks),
    "2>UNREAD",
    "2>&-",
    "2</dev/null",
]
"""A standard error that is full, that nobody reads, closed, and open for reading only."""


@pytest.mark.few(2)
@pytest.mark.parametrize("error", ERRORS)
def test_whatever_happens_to_standard_error_a_sync_is_complete(
    error: str, sandbox: Sandbox, tmp_path: Path, unread: int
) -> None:
    verbosity = "-q" if error == "2>&-" else "-v"
    command = (*MODULE, "sync", "-d", "jsonl:data", "--streams", "zones,customers", verbosity, "--json")
    done = run(command, error, tmp_path, environ(sandbox), unread)
    assert done.returncode == 0
    assert [stream["stream"] for stream in json.loads(done.stdout)["streams"]] == ["zones", "customers"]
    written = [line for path in (tmp_path / "data" / "customers").iterdir() for line in path.read_text().splitlines()]
    assert len(written) == len(sandbox.records("customers"))


@pytest.mark.few(2)
@pytest.mark.parametrize("error", ERRORS)
def test_whatever_happens_to_standard_error_a_mistake_keeps_its_exit_status(
    error: str, sandbox: Sandbox, tmp_path: Path, unread: int
) -> None:
    usage = (*MODULE, "sync", "--streams", "nonsense")
    assert run(usage, error, tmp_path, environ(sandbox), unread).returncode == 2
    if error == "2>&-":  # how a process stands to its terminal is the same for each command
        return
    nowhere = (*MODULE, "sync", "-d", "no/folder/shop.duckdb", "--streams", "zones")
    assert run(nowhere, error, tmp_path, environ(sandbox), unread).returncode == 1
    assert run((*SANDBOX, "--size", "nonsense"), error, tmp_path, environ(sandbox), unread).returncode == 2


@pytest.mark.few(2)
@pytest.mark.parametrize("error", ERRORS)
def test_whatever_happens_to_standard_error_the_tap_and_mages_script_write_every_record(
    error: str, sandbox: Sandbox, tmp_path: Path, unread: int
) -> None:
    done = run(tap(sandbox, tmp_path), error, tmp_path, environ(sandbox), unread)
    assert (done.returncode, done.stdout.count('"RECORD"')) == (0, len(sandbox.records("zones")))
    done = run(mage(sandbox), error, tmp_path, environ(sandbox), unread)
    assert done.returncode == 0
    assert sorted(emails(done.stdout)) == sorted(customer["email"] for customer in sandbox.records("customers"))


@pytest.mark.parametrize(
    ("output", "reason", "unbuffered"),
    [
        pytest.param(">/dev/full", "No space left on device", "", marks=FULL.marks),
        pytest.param(">/dev/full", "No space left on device", "1", marks=FULL.marks),
        ("UNREAD", "whatever reads this program's output has gone", ""),
        ("UNREAD", "whatever reads this program's output has gone", "1"),
        ("</dev/null 1<&0", "standard output is closed", ""),
        ("</dev/null 1<&0", "standard output is closed", "1"),
        # sys.stdout is None: there is no buffer to go without
        (">&-", "standard output is closed", ""),
        (">&- <&-", "standard output is closed", ""),
    ],
)
def test_an_output_that_cannot_be_written_is_one_sentence(
    output: str, reason: str, unbuffered: str, sandbox: Sandbox, tmp_path: Path, unread: int
) -> None:
    variables = environ(sandbox, PYTHONUNBUFFERED=unbuffered)
    commands = {
        "tap": tap(sandbox, tmp_path),
        "tap's catalog": (*TAP, "--discover"),
        "mage": mage(sandbox),
        "mage's catalog": (*MAGE, "--discover"),
        "sandbox": (*SANDBOX, "--help"),
        "sync": (*MODULE, "sync", "-d", "jsonl:data", "--streams", "zones", "-q", "--json"),
        "schema": (*MODULE, "schema"),
        "version": (*MODULE, "--version"),
    }
    # Without a buffer, and where only another call fails first, it matters who writes, and not what.
    few = unbuffered or output in {"</dev/null 1<&0", ">&- <&-"}
    tried = ["mage", "sync"] if few else some(commands, 4)
    for name in tried:
        command = commands[name]
        done = run(command, output, tmp_path, variables, unread)
        assert done.returncode == 1, (name, done.stderr)
        # Mage's own log lines hold a traceback as text.
        assert not re.search("^(Traceback|Exception ignored)", done.stderr, re.MULTILINE), (name, done.stderr)
        # click says nothing where only the reader of a command line has gone.
        if output != "UNREAD" or name in {"tap", "mage", "mage's catalog", "sandbox"}:
            assert reason in done.stderr.splitlines()[-1], (name, done.stderr)
            assert done.stderr.count(reason) == 1 or command[:2] == MAGE, (name, done.stderr)


def test_a_sync_that_has_nothing_to_print_needs_no_output(sandbox: Sandbox, tmp_path: Path) -> None:
    command = (*MODULE, "sync", "-d", "shop.duckdb", "--streams", "zones")
    for output in (">/dev/full", ">&-"):
        assert run(command, output, tmp_path, environ(sandbox)).returncode == 0


@pytest.mark.few(0)
def test_the_demo_and_its_sandbox_run_with_closed_descriptors(tmp_path: Path) -> None:
    done = run((*MODULE, "demo", "--size", "100", "--path", "demo.duckdb", "-q"), "<&- 2>&-", tmp_path, os.environ)
    assert done.returncode == 0
    assert row_counts(tmp_path / "demo.duckdb")["orders"] > 0


def test_a_pipe_that_does_not_wait_gets_every_line_of_mages_script(sandbox: Sandbox, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with (
        subprocess.Popen(
            mage(sandbox),
            cwd=tmp_path,
            env=environ(sandbox, PYTHONUNBUFFERED="1"),
            stdout=writing,
            stderr=subprocess.DEVNULL,
        ) as process,
        os.fdopen(reading, encoding="utf-8") as lines,
    ):
        os.close(writing)
        text = lines.read()
    assert process.returncode == 0
    assert sorted(emails(text)) == sorted(customer["email"] for customer in sandbox.records("customers"))


class Lost(io.StringIO):
    """A text stream whose disk is full, or whose terminal has gone."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def write(self, _text: str) -> int:
        raise OSError(errno.EIO if self.terminal else errno.ENOSPC, "lost")

    def flush(self) -> None:
        self.write("")


@pytest.mark.parametrize("out", [None, Lost(terminal=False), Lost(terminal=True)])
@pytest.mark.parametrize("verbosity", [-1, 0, 1])
def test_progress_that_cannot_be_shown_is_counted(out: TextIO | None, verbosity: int) -> None:
    with draw(out, total=1, verbosity=verbosity) as tally:
        for event in (
            PageRead("orders", 5, 100),
            StreamFailed("orders", "gone"),
            Notice("orders", "odd"),
        ):
            tally(event)
    assert tally.records == 5
