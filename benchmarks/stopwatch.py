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
    figures = {"records": records, "seconds": seconds, "cpu": used, "peak": _peak()}
    os.write(answer, json.dumps(figures).encode() + b"\n")


def _peak() -> int:
    """Return the most memory, in bytes, that this process or a child of it held at once.

    Linux hands the `ru_maxrss` of the process that started this one on to it; VmHWM begins anew with each program
    (https://man7.org/linux/man-pages/man5/proc_pid_status.5.html). A child inherits at most this process's own peak.
    """
    scale = 1 if sys.platform == "darwin" else 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * scale
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - this module loads little
            lines = dict(line.split(":", 1) for line in status)
        return max(int(lines["VmHWM"].split()[0]) * 1024, children)
    except (OSError, KeyError):  # another system, which hands nothing on
        return max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale, children)


def _cpu() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
