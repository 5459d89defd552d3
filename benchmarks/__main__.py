"""`python -m benchmarks`: measure and write results.json, README.md and chart.svg; or check against them."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import plan
from benchmarks.environments import Environments, cache
from benchmarks.figures import decisive, regressions
from benchmarks.report import chart, tables
from benchmarks.runner import ROOT, Bench, ReaderFailedError
from benchmarks.shop import SIZES, slower, whole_shop

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = ROOT / "benchmarks"
RESULTS = HERE / "results.json"
README = HERE / "README.md"
CHART = HERE / "chart.svg"
BEGIN, END = "<!-- results -->", "<!-- end of results -->"
_OURS = ("msgspec", "urllib3", "isal", "duckdb", "pyarrow", "singer-sdk")


def main() -> int:
    """Do what the arguments say; return 1 when a ratio or a peak got worse."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", choices=("full", "check", "write"), help="write: the tables again from results.json")
    parser.add_argument("--resume", action="store_true", help="keep what an interrupted full run has measured")
    parser.add_argument("--only", default="", help="of the cases, only those whose name holds this; nothing is written")
    given = parser.parse_args()
    if given.what == "write":
        write(json.loads(RESULTS.read_text()))
        return 0
    return check(given.only) if given.what == "check" else full(given.only, resume=given.resume)


def full(only: str, *, resume: bool) -> int:
    """Measure everything; what is done is kept beside the prepared pages until the run is complete."""
    begun = time.monotonic()
    cases = [case for case in (*plan.everything(), *plan.besides()) if only in case.key]
    kept = cache() / "unfinished.json"
    done: dict[str, Any] = json.loads(kept.read_text()) if resume and kept.exists() else {}
    environments = Environments(cache() / "peers")
    peers = [case.peer for case in cases if case.peer is not None]
    environments.make(peers)
    with Bench.serving(cache() / "pages", cases, plan.PREPARED, environments) as bench:
        failed = _measure(bench, [case for case in cases if case.key not in done], done, kept)
    if only:
        return 0
    from benchmarks.special import all_streams, start_up

    found = {
        "made": datetime.now(timezone.utc).date().isoformat(),
        "minutes": round((time.monotonic() - begun) / 60),
        "machine": _machine(),
        "versions": {**_versions(), **environments.versions(peers)},
        "cases": {case.key: done[case.key] for case in cases if case.key in done},
        "failed": failed,
        "start_up": start_up(),
        "all_streams": all_streams("demo"),
        "whole_shop": _whole_shops(),
    }
    found["minutes"] = round((time.monotonic() - begun) / 60)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    write(found)
    kept.unlink(missing_ok=True)
    return 0


def check(only: str) -> int:
    """Measure a part again and compare it with what was committed; a case that got worse is measured once more."""
    results = json.loads(RESULTS.read_text())
    committed, committed_shops = results["cases"], results["whole_shop"]
    cases = {case.key: case for case in plan.checked() if only in case.key}
    found: dict[str, Any] = {}
    with Bench.serving(cache() / "pages", cases.values(), plan.PREPARED) as bench:
        _measure(bench, cases.values(), found)
        doubtful = [cases[line.partition(":")[0]] for line in regressions(committed, found)]
        again: dict[str, Any] = {}
        _measure(bench, doubtful, again)
    found |= {key: max(found[key], result, key=decisive) for key, result in again.items()}
    worse = [*regressions(committed, found), *([] if only else _slower_shops(committed_shops))]
    for line in worse:
        _say(f"WORSE {line}")
    if worse and results["machine"] != _machine():
        # What unpacks, parses and compresses gains by another processor not as much as the floor does.
        _say(f"the committed figures are of {results['machine']}, this is {_machine()}: measure both commits on one")
    _say("a ratio fell by more than 20%, or a peak of memory grew by half" if worse else "no ratio fell, no peak grew")
    return int(bool(worse))


def _whole_shops() -> dict[str, Any]:
    return {name: row for size in SIZES for name, row in whole_shop(size).items()}


def _slower_shops(committed: dict[str, Any]) -> list[str]:
    """Return what got worse in the runs of whole shops; where something did, all of that shop is measured once more."""
    worse = []
    for size in SIZES:
        found = whole_shop(size)
        if slower(committed, found):
            again = whole_shop(size)
            found = {name: min(row, again[name], key=lambda row: row["cpu_ratio"]) for name, row in found.items()}
        worse += slower(committed, found)
    return worse


def write(found: dict[str, Any]) -> None:
    """Write the tables into README.md, and the plot."""
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n\n{tables(found)}\n{END}{after}")
    CHART.write_text(chart(found))


def _measure(
    bench: Bench, cases: Iterable[plan.Case], into: dict[str, Any], keep: Path | None = None
) -> dict[str, str]:
    """Measure cases into a mapping by their keys; return what each of those said that failed."""
    failed = {}
    for case in cases:
        try:
            result = bench.measure(case)
        except ReaderFailedError as error:
            _say(f"FAILED {case.key}: {error}")
            failed[case.key] = str(error).strip().splitlines()[-1]
            continue
        into[case.key] = result
        if keep is not None:
            keep.write_text(json.dumps(into))
        clock, cpu = result["ratio"][1], result["cpu_ratio"][1]
        _say(
            f"{case.key}: {clock:.3f} of the floor, {cpu:.3f} by CPU, {result['records_per_second'][1]:,.0f} records/s"
        )
    return failed


def _machine() -> str:
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = lines[0] if lines else model
    return f"{os.cpu_count()} cores ({model}), {platform.system()}"


def _versions() -> dict[str, str]:
    return {"Python": platform.python_version(), **{name: version(name) for name in _OURS}}


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
