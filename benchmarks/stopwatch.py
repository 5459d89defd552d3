"""Measures one piece of work in a process of its own. Runs inside every reader's environment: standard library only."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Place", "measure"]


class Place:
    """Where to read and how much, from the command line: address, resource, number of records, a folder to write to."""

    def __init__(self) -> None:
        self.url, self.resource, records, self.folder = sys.argv[1:5]
        self.records = int(records)
        self.rest = sys.argv[5:]


def measure(work: Callable[[], int]) -> None:
    """Run `work`, whose standard output goes nowhere, and print what it took; it returns how many records it read.

    What came before, such as imports, is not counted, except in the peak of memory.
    """
    answer = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    cpu, begun = _cpu(), time.perf_counter()
    records = work()
    sys.stdout.flush()
    seconds, used = time.perf_counter() - begun, _cpu() - cpu
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    scale = 1 if sys.platform == "darwin" else 1024
    said = {"records": records, "seconds": seconds, "cpu": used, "peak": peak * scale}
    os.write(answer, json.dumps(said).encode() + b"\n")


def _cpu() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
