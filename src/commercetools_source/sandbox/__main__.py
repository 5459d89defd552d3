"""`python -m commercetools_source.sandbox`: the sandbox without the command line extra."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Any

import msgspec

from commercetools_source.errors import ConfigError, printable
from commercetools_source.frontends.process import run_command
from commercetools_source.frontends.signals import stop_signals
from commercetools_source.sandbox.process import serve_sandbox
from commercetools_source.sandbox.runner import Sandbox
from commercetools_source.sandbox.shop.days import on_day


def main() -> int:
    """Serve until stopped; with --json write one line for a program and stop when the input ends."""
    parser = argparse.ArgumentParser(prog="python -m commercetools_source.sandbox", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", default="tiny", help="tiny, small, demo, large, or a number of orders")
    parser.add_argument("--admin", action="store_true", help="allow scripting over HTTP below /_sandbox")
    parser.add_argument("--latency", type=float, default=0, metavar="SECONDS", help="delay every answer")
    parser.add_argument(
        "--burst", type=int, default=0, metavar="N", help="records of each collection that share one millisecond"
    )
    parser.add_argument("--day", type=int, metavar="N", help="the demo's shop, N days after it was made")
    parser.add_argument("--json", action="store_true")
    # `parse_args` ends the process itself where an option is wrong, with the status of wrong usage.
    chosen = parser.parse_args()
    try:
        if chosen.json:
            _serve_program(chosen)
        else:
            serve_sandbox(_sandbox(chosen))
    except ConfigError as error:
        if chosen.json:
            _write({"error": str(error)})
        else:
            sys.stderr.write(f"{printable(str(error))}\n")
        return 2
    return 0


def _sandbox(chosen: argparse.Namespace) -> Sandbox:
    size = int(chosen.size) if chosen.size.isdecimal() else chosen.size
    return Sandbox(
        size,
        chosen.seed,
        host=chosen.host,
        port=chosen.port,
        admin=chosen.admin,
        latency=chosen.latency,
        burst=chosen.burst,
        **({} if chosen.day is None else on_day(size, chosen.seed, chosen.day)),
    )


def _serve_program(chosen: argparse.Namespace) -> None:
    """Serve until standard input ends; the first line of output has the settings of a client."""
    # What a terminal sends reaches this process too; the program that started it must end in good order first.
    for number in set(stop_signals()) - {signal.SIGTERM}:
        signal.signal(number, signal.SIG_IGN)
    serving, over = threading.Event(), threading.Event()

    def watch() -> None:
        # Its end is the only sign that the parent has died which every system gives: a signal may be lost, a pipe is
        # closed. Past sys.stdin, whose lock a thread must not hold when the interpreter ends.
        while os.read(0, 1):
            pass
        over.set()
        if not serving.is_set():
            os._exit(0)  # a large shop takes minutes to make, and nobody waits for it any more

    threading.Thread(target=watch, daemon=True).start()
    with _sandbox(chosen) as sandbox:
        serving.set()
        _write(sandbox.settings())
        over.wait()


def _write(answer: dict[str, Any]) -> None:
    """Write a line for the program that started this one; where that has gone, there is nobody to tell."""
    with suppress(BrokenPipeError):
        # Past the buffers of sys.stdout, which would be written once more at the end.
        os.write(sys.stdout.fileno(), msgspec.json.encode(answer) + b"\n")


if __name__ == "__main__":
    sys.exit(run_command(main))
