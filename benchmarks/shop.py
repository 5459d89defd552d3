"""A whole shop, by destination: what the first run of all streams takes, and a second one that finds nothing new."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import TOLERATED, Run
from benchmarks.runner import ROOT, ReaderFailedError, environment
from benchmarks.stopwatch import measure

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BASES", "DESTINATIONS", "SIZES", "key", "slower", "whole_shop"]

SIZES = ("tiny", "demo")
"""Shops of the sandbox."""
DESTINATIONS = {
    "JSON lines": ("jsonl:lines", False),
    "Parquet": ("parquet:parquet", False),
    "DuckDB": ("duckdb:views.duckdb", False),
    "DuckDB --materialize": ("duckdb:tables.duckdb", True),
}
"""Where to, and whether relations become tables."""
BASES = {"first": "Parquet", "second": "JSON lines"}
"""The destination whose CPU seconds those of the others are divided by: the least that a table, or a look, takes."""


def key(size: str, destination: str, run: str) -> str:
    """Return the name under which a run's figures are kept."""
    return f"{size} / {destination} / {run}"


def whole_shop(size: str) -> dict[str, dict[str, Any]]:
    """Return the figures of both runs into every destination; raises ReaderFailedError."""
    from commercetools_source.sandbox import SandboxProcess

    figures: dict[str, dict[str, Any]] = {}
    with SandboxProcess(size=size, admin=True) as sandbox, tempfile.TemporaryDirectory() as folder:
        settings = json.dumps(sandbox.settings())
        for name, (spec, materialize) in DESTINATIONS.items():
            for run in BASES:
                done = _run(settings, folder, spec, materialize=materialize)
                figures[key(size, name, run)] = {
                    "size": size,
                    "destination": name,
                    "run": run,
                    "records": done.records,
                    "cpu_seconds": round(done.cpu, 2),
                    "peak_mb": round(done.peak / 1e6),
                    "stored_mb": round(_stored(Path(folder) / spec.partition(":")[2]) / 1e6, 1),
                }
    for row in figures.values():
        base = figures[key(size, BASES[row["run"]], row["run"])]
        row["cpu_ratio"] = round(row["cpu_seconds"] / base["cpu_seconds"], 3)
    return figures


def slower(committed: Mapping[str, Any], measured: Mapping[str, Any]) -> list[str]:
    """Return a line for each run that takes more CPU, against its base, than is tolerated, or was never committed."""
    lines = []
    for name, row in measured.items():
        before = committed.get(name)
        if before is None:
            lines.append(f"{name}: there is no committed figure; run `make bench`")
        elif row["cpu_ratio"] * TOLERATED > before["cpu_ratio"]:
            base = BASES[row["run"]]
            lines.append(f"{name}: {row['cpu_ratio']:.2f} times {base}, {before['cpu_ratio']:.2f} was committed")
    return lines


def _run(settings: str, folder: str, spec: str, *, materialize: bool) -> Run:
    command = [sys.executable, "-m", "benchmarks.shop", settings, folder, spec, "materialize" if materialize else ""]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        raise ReaderFailedError(f"{spec}: {(done.stderr or done.stdout)[-2000:]}")
    return Run(**json.loads(lines[-1]))


def _stored(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def main() -> None:
    """Read all streams into one destination; what is imported before is not counted, except in the peak."""
    from commercetools_source import Client
    from commercetools_source.destinations import open_destination
    from commercetools_source.frontends.memory import share_heaps
    from commercetools_source.sync.run import sync

    settings, folder, spec, form = sys.argv[1:5]
    share_heaps()  # as the command does
    scheme, _, name = spec.partition(":")
    for module in {"jsonl": (), "parquet": ("duckdb", "pyarrow.parquet"), "duckdb": ("duckdb", "pyarrow")}[scheme]:
        import_module(module)
    destination = open_destination(f"{scheme}:{folder}/{name}", materialize=True if form else None)

    def work() -> int:
        with Client(json.loads(settings)) as client:
            summary = sync(client, destination)
        if not summary.complete:
            raise RuntimeError("; ".join(str(outcome.error) for outcome in summary.outcomes if not outcome.complete))
        return summary.records

    measure(work)


if __name__ == "__main__":
    main()
