"""Signals that end a command, at any moment: whole lines, none twice, a sentence and the status of the signal."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from commercetools_source.frontends.signals import ended_by_signals, stop_signals
from commercetools_source.sandbox import Sandbox
from destinations.trees import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITER = """
import sys
from itertools import count
from commercetools_source.frontends.process import run_command
from commercetools_source.frontends.signals import stopping
from commercetools_source.frontends.stdout import write

def lines(number):
    return "".join(f"{number} {line} {'x' * 5000}.\\n" for line in range(20))

def records():
    for number in count():
        write(lines(number).encode())

def text():
    for number in count():
        sys.stdout.write(lines(number))
        sys.stdout.flush()

def errors():
    for number in count():
        sys.stderr.write(lines(number))

def command():
    with stopping() as stopper:
        stopper.arm(lambda: None)
        {kind}()

sys.exit(run_command(command))
"""
MODULE = (sys.executable, "-m", "commercetools_source")
UNBUFFERED = {"PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize("kind", ["records", "text", "errors"])
@pytest.mark.parametrize("variables", [{}, UNBUFFERED], ids=["buffered", "unbuffered"])
def test_a_second_signal_in_the_middle_of_a_write_writes_no_line_twice(kind: str, variables: dict[str, str]) -> None:
    stream = "stderr" if kind == "errors" else "stdout"
    command = [sys.executable, "-c", WRITER.replace("{kind}", kind)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE if stream == "stdout" else subprocess.DEVNULL,
        stderr=subprocess.PIPE if stream == "stderr" else subprocess.DEVNULL,
        env=os.environ | variables,
    ) as process:
        out = process.stdout or process.stderr
        assert out is not None
        received = os.read(out.fileno(), 1 << 16)  # the writer waits for its reader now
        process.send_signal(signal.SIGTERM)
        received += os.read(out.fileno(), 1 << 16)
        process.send_signal(signal.SIGINT)
        received += out.read()
    assert process.returncode in {
        128 + signal.SIGTERM,
        128 + signal.SIGINT,
    }  # of two at once the smaller is handled first
    lines = [line for line in received.split(b"\n") if b"stopping" not in line]
    names = [tuple(line.split()[:2]) for line in lines if line.endswith(b".")]
    assert len(names) > 2
    assert len(set(names)) == len(names)
    if kind == "records":
        assert lines.pop() == b""
        assert all(line.endswith(b"x.") for line in lines)


def test_a_reader_that_takes_nothing_keeps_no_program_from_its_end() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER.replace("{kind}", "records")], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert os.read(process.stdout.fileno(), 1)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in {128 + signal.SIGINT, 128 + signal.SIGTERM}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """Return a folder with what a run stored, and the variables of its project."""
    folder = tmp_path_factory.mktemp("stopped")
    with Sandbox(size="tiny", seed=1) as sandbox:
        variables = os.environ | sandbox.environment()
        command = [*MODULE, "sync", "-d", "shop.duckdb", "--streams", "orders,zones", "-q"]
        assert subprocess.run(command, cwd=folder, env=variables, check=False).returncode == 0
        yield folder, variables


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("command", "number"),
    [
        *(("verify", number) for number in stop_signals()),
        *((command, signal.SIGTERM) for command in ("plan", "sweep", "check", "sync")),
    ],
)
def test_each_command_says_that_a_signal_ended_it(
    command: str, number: signal.Signals, shop: tuple[Path, dict[str, str]]
) -> None:
    folder, variables = shop
    before = snapshot(folder)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        variables = variables | {"CTP_AUTH_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        place = [] if command == "check" else ["-d", "shop.duckdb"]
        with subprocess.Popen(
            [*MODULE, *command.split(), *place],
            cwd=folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                asked, _address = silent.accept()
                with asked:  # it waits for a token now
                    process.send_signal(number)
                    _out, err = process.communicate(timeout=60)
            finally:
                process.kill()  # or a failure would wait for it for ever
    assert (process.returncode, err.strip()) == (128 + number, f"stopped by {number.name}")
    if command != "sync":  # which has stored that it began
        assert snapshot(folder) == before


def test_handlers_of_before_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as end, ended_by_signals():
        signal.raise_signal(signal.SIGTERM)
    assert end.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
