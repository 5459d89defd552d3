"""`python -m commercetools_source.sandbox`: the sandbox without the command line extra."""

from __future__ import annotations

import argparse
import sys
import threading

import msgspec

from commercetools_source.errors import ConfigError
from commercetools_source.sandbox.process import serve
from commercetools_source.stdio import run_command


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
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    size = int(chosen.size) if chosen.size.isdecimal() else chosen.size
    until = threading.Event()
    try:
        serve(
            chosen.host,
            chosen.port,
            chosen.seed,
            size,
            admin=chosen.admin,
            latency=chosen.latency,
            burst=chosen.burst,
            announce=(lambda text: _announce_json(text, until)) if chosen.json else None,
            until=until,
        )
    except ConfigError as error:
        if chosen.json:
            _write(msgspec.json.encode({"error": str(error)}).decode())
        else:
            sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _announce_json(text: str, until: threading.Event) -> None:
    environment = dict(line[7:].split("=", 1) for line in text.splitlines() if line.startswith("export "))
    settings = {name.removeprefix("CTP_").lower(): value for name, value in environment.items()}
    threading.Thread(target=_watch_input, args=(until,), daemon=True).start()
    _write(msgspec.json.encode(settings).decode())


def _watch_input(until: threading.Event) -> None:
    while sys.stdin.buffer.read(1):
        pass
    until.set()


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run_command(main))
