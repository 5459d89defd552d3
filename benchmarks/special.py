"""What is no ratio to the floor: how long commands take to start, and all streams of a shop together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import spread
from benchmarks.plan import LATENCY
from benchmarks.runner import ROOT

__all__ = ["all_streams", "start_up"]


def start_up(runs: int = 5) -> dict[str, list[float]]:
    """Return the seconds (least, median, most) of commands that people wait for, and of the imports below them."""
    from commercetools_source.frontends.mage import commercetools as mage
    from commercetools_source.sandbox import SandboxProcess

    binaries = Path(sys.executable).parent
    with SandboxProcess(size="tiny") as sandbox:
        settings = sandbox.settings()
        commands: dict[str, list[str]] = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "commercetools-source --help": [str(binaries / "commercetools-source"), "--help"],
            "python -c 'import singer_sdk'": [sys.executable, "-c", "import singer_sdk"],
            "tap-commercetools --version": [str(binaries / "tap-commercetools"), "--version"],
            "source-commercetools spec": [str(binaries / "source-commercetools"), "spec"],
            "Mage's script, --test_connection": [
                sys.executable,
                str(mage.__file__),
                "--config_json",
                json.dumps(settings),
                "--test_connection",
            ],
        }
        return {name: _timed(command, runs) for name, command in commands.items()}


def _timed(command: list[str], runs: int) -> list[float]:
    seconds = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - ourselves
        seconds.append(time.perf_counter() - begun)
    found = spread(seconds[1:])  # the first one reads the files from disk
    return [round(figure, 3) for figure in (found.low, found.median, found.high)]


def all_streams(size: str) -> dict[str, Any]:
    """Return how long every stream of the sandbox's shop takes together, each answer `LATENCY` seconds late.

    `near_seconds`: the same without latency, which is what the sandbox and we compute on this machine.
    """
    from commercetools_source import Config
    from commercetools_source.sandbox import SandboxProcess

    with SandboxProcess(size=size, admin=True) as sandbox:
        settings = sandbox.settings()
        near = _copied(settings)
        _delay(settings["api_url"], LATENCY)
        figures = _copied(settings)
    concurrency = Config.from_mapping(settings).concurrency
    bound = figures["requests"] * LATENCY / concurrency
    facts = {"size": size, "latency": LATENCY, "concurrency": concurrency, "bound_seconds": round(bound, 2)}
    return {**figures, **facts, "near_seconds": near["seconds"]}


def _copied(settings: dict[str, Any]) -> dict[str, Any]:
    code = "import sys; from benchmarks.special import copy; copy(*sys.argv[1:])"
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, "-c", code, json.dumps(settings), folder]
        said = subprocess.run(arguments, cwd=ROOT, check=True, capture_output=True, text=True, env=_path())  # noqa: S603
    figures: dict[str, Any] = json.loads(said.stdout)
    return figures


def _delay(url: str, seconds: float) -> None:
    import urllib3

    answer = urllib3.request("POST", f"{url}/_sandbox/latency", json={"seconds": seconds})
    if not answer.data.startswith(b"{"):
        raise RuntimeError(f"the sandbox refused: {answer.data.decode()}")


def copy(settings: str, folder: str) -> None:
    """Read every stream into JSON lines; print seconds, CPU seconds, requests and records."""
    from commercetools_source import Client
    from commercetools_source.destinations import open_destination
    from commercetools_source.events import Event, RequestDone
    from commercetools_source.sync.run import sync

    requests = [0]

    def count(event: Event) -> None:
        requests[0] += isinstance(event, RequestDone)

    begun, cpu = time.perf_counter(), time.process_time()
    with Client(json.loads(settings), hook=count) as client:
        summary = sync(client, open_destination(f"jsonl:{folder}/all"))
    took = {"seconds": round(time.perf_counter() - begun, 2), "cpu_seconds": round(time.process_time() - cpu, 2)}
    lacking = [outcome.stream for outcome in summary.outcomes if not outcome.complete]
    sys.stdout.write(json.dumps({**took, "requests": requests[0], "records": summary.records, "incomplete": lacking}))


def _path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
