"""Runs of the dlt source, also in processes that end by SIGKILL at a moment that the changes of dlt's files show.

As a script: runs once, with a JSON array of the folder, the destination, the credentials and the moment.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["MOMENTS", "STREAMS", "STUCK", "run", "run_until"]

STREAMS = ["orders", "zones", "customer_groups", "messages"]
# https://docs.python.org/3/library/audit_events.html: an event comes before what it tells of happens.
CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")
_COMMITTED = "os.rename .*/normalize/extracted/"
MOMENTS = {
    "in the middle of extract": ["open .*/normalize/.*/new_jobs/orders"],
    "before what was extracted is committed": [_COMMITTED],
    "between extract and load, before the schema is stored": [_COMMITTED, "open .*/warehouse/schemas/"],
    "between extract and load, before the state is stored": [_COMMITTED, "os.rename .*/warehouse/state"],
    "in the middle of normalize": ["open .*/load/new/.*/schema_updates"],
    "before any table is loaded": ["os.rename .*/started_jobs/"],
    "in the middle of load": ["os.rename .*/completed_jobs/", "os.rename .*/completed_jobs/"],
}
"""Changes of dlt's working folder, one after the other, the last of which the process does not survive."""
STUCK = {
    "when nothing but dlt's copy is left to be removed": ["shutil.rmtree .*/normalize/extracted"],
    "when all is loaded and dlt has only to put it away": ["os.rename .*/load/loaded/"],
}
"""Likewise, those that dlt 1.31 cannot go on from."""


def run(folder: Path | str, destination: str, credentials: dict[str, Any]) -> None:
    """Run the pipeline whose files are in `folder` once."""
    import dlt

    from commercetools_source.dlt import commercetools

    where: Any = dlt.destinations.duckdb(f"{folder}/file.duckdb")
    if destination == "filesystem":
        where = dlt.destinations.filesystem(f"file://{folder}/bucket")
    pipeline = dlt.pipeline("warehouse", pipelines_dir=f"{folder}/state", destination=where, dataset_name="shop")
    options: Any = {"loader_file_format": "parquet"} if destination == "filesystem" else {}
    try:
        pipeline.run(commercetools(STREAMS, credentials), **options)
    finally:
        pipeline.deactivate()


def run_until(folder: Path, destination: str, credentials: dict[str, Any], moment: Sequence[str] | int) -> int:
    """Run it in a process that ends at one of MOMENTS, or at a change of this number; return the exit status."""
    given = json.dumps([str(folder), destination, credentials, moment])
    return subprocess.run([sys.executable, __file__, given], capture_output=True, check=False).returncode


class _Killer:
    """An audit hook that kills this process."""

    def __init__(self, folder: str, moment: Sequence[str] | int) -> None:
        self._folder = folder
        self._number, self._patterns = (moment, []) if isinstance(moment, int) else (0, list(moment))
        self._lock = threading.Lock()
        self._changes = 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[1], str) and not arguments[1].startswith("r")
        if not (writes or event in CHANGES) or not str(arguments[0]).startswith(self._folder):
            return
        with self._lock:
            self._changes += 1
            if self._patterns and re.match(self._patterns[0], f"{event} {' '.join(map(str, arguments))}"):
                self._patterns.pop(0)
                self._number = 0 if self._patterns else self._changes
            if self._changes == self._number:
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    folder, destination, credentials, moment = json.loads(sys.argv[1])
    sys.addaudithook(_Killer(folder, moment))
    run(folder, destination, credentials)
