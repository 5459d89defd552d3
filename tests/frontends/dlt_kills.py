"""Runs of the dlt source in processes of their own, which end by SIGKILL at a moment that dlt's files show.

As a script: reads a JSON array a line, [folder, destination, credentials, moment], and prints each run's exit status.
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

__all__ = ["MOMENTS", "STREAMS", "STUCK", "Runner"]

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


class Runner:
    """A process that has dlt loaded, and runs a pipeline in a copy of itself as often as it is asked to."""

    def __init__(self, credentials: dict[str, Any], log: Path) -> None:
        self._credentials = credentials
        with log.open("w") as file:
            command = [sys.executable, __file__]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True
            )

    def run(self, folder: Path, destination: str, moment: Sequence[str] | int = ()) -> int:
        """Run once; `moment` is one of MOMENTS, or the number of a change. Return the exit status."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(folder), destination, self._credentials, moment]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


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


def _serve() -> None:
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt
    import dlt.destinations.impl.duckdb.duck
    import dlt.destinations.impl.filesystem.filesystem  # loaded once for all copies

    from commercetools_source.dlt import commercetools

    def run(folder: str, destination: str, credentials: dict[str, Any]) -> None:
        where: Any = dlt.destinations.duckdb(f"{folder}/file.duckdb")
        if destination == "filesystem":
            where = dlt.destinations.filesystem(f"file://{folder}/bucket")
        pipeline = dlt.pipeline("warehouse", pipelines_dir=f"{folder}/state", destination=where, dataset_name="shop")
        options: Any = {"loader_file_format": "parquet"} if destination == "filesystem" else {}
        pipeline.run(commercetools(STREAMS, credentials), **options)

    for line in sys.stdin:
        folder, destination, credentials, moment = json.loads(line)
        child = os.fork()
        if child == 0:
            sys.addaudithook(_Killer(folder, moment))
            try:
                run(folder, destination, credentials)
            except Exception as error:  # noqa: BLE001 - its text is for whoever reads the log
                print(error, file=sys.stderr, flush=True)  # noqa: T201 - the same
                os._exit(1)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    _serve()
