"""A process that forgets a person and is killed in the middle of it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CHILD = """
import os, signal, sys
from commercetools_source.sync.forget import forget
from commercetools_source.destinations import open_destination

spec, customer, point, folder = sys.argv[1:]
left = int(point)

def count(event, arguments):
    global left
    if event in {"open", "os.rename", "os.remove", "shutil.rmtree"} and folder in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

destination = open_destination(spec)

class Dying(type(destination)):
    def rewrite(self, *arguments):
        count("open", [folder])
        changed = super().rewrite(*arguments)
        count("open", [folder])
        return changed

destination.__class__ = Dying
sys.addaudithook(count)
forget(destination, customer)
print("done")
"""


def forget_and_die(spec: str, customer: str, point: int, folder: Path) -> None:
    """Let another process forget a customer, and be killed at its change number `point` of a file in `folder`."""
    command = [sys.executable, "-c", _CHILD, spec, customer, str(point), str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == -9, ended.stderr
