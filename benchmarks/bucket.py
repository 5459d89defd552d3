"""What a large stream takes on its way into a bucket, in time and in memory: figures of docs/scale.md.

    python -m benchmarks.bucket [RECORDS]

Orders of some 9 KB from the page server go into Parquet files of a bucket, which moto keeps on this machine, and then
into a folder. Prints the figures of the process that reads as JSON, and fails where the files that count do not have
each record. `of_folder` is the rate of the bucket in that of the folder, by seconds, and by processor time.
Needs obstore and moto, and beside bucket and folder some 11 KB of disk for each order.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.ours import settings
from benchmarks.runner import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["main"]

_RECORDS = 1_000_000
_TARGET = "parquet:s3://bench/orders"
_PATIENCE = 60.0
"""Seconds in which the store has to answer."""
_SYNC = """
import json, sys
from benchmarks.stopwatch import measure
from commercetools_source import Client, open_destination, sync
from commercetools_source.frontends.memory import share_heaps

share_heaps()  # as the command does


def work():
    with Client(json.loads(sys.argv[1])) as client:
        return sync(client, open_destination(sys.argv[2]), streams=["orders"]).records


measure(work)
"""
_HELD = """
import json
import obstore, pyarrow.parquet
from obstore.store import from_url

store = from_url("s3://bench/orders", client_options={"allow_http": True})
files = json.loads(bytes(obstore.get(store, "manifest.json").bytes()))["streams"]["orders"]["files"]
ids = set()
for file in files:
    # No file of Python's: a thread of Arrow's that lets go of one while the interpreter ends takes the process with it.
    data = pyarrow.BufferReader(bytes(obstore.get(store, f"orders/{file['name']}").bytes()))
    ids.update(pyarrow.parquet.read_table(data, columns=["id"]).column("id").to_pylist())
size = sum(file["bytes"] for file in files)
print(json.dumps({"records": len(ids), "files": len(files), "megabytes": size // 1_000_000}))
"""


@contextmanager
def _store(folder: Path) -> Iterator[dict[str, str]]:
    """Run a store that keeps what it is given below `folder`; give the variables by which the bucket is reached."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(folder)}, **quiet) as process:  # noqa: S603 - ourselves
        try:
            bucket = urllib.request.Request(f"http://127.0.0.1:{port}/bench", method="PUT")
            _ask(bucket)
            yield {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": "bench",
                "AWS_SECRET_ACCESS_KEY": "bench",
                "AWS_REGION": "us-east-1",
            }
        finally:
            process.terminate()


def _ask(request: urllib.request.Request) -> None:
    end = time.monotonic() + _PATIENCE
    while not _answers(request):
        if time.monotonic() > end:
            raise AssertionError(f"the store does not answer within {_PATIENCE:.0f} s")
        time.sleep(0.1)


def _answers(request: urllib.request.Request) -> bool:
    try:
        urllib.request.urlopen(request).close()  # noqa: S310 - of this machine
    except OSError:
        return False
    return True


def _said(program: str, variables: dict[str, str], *arguments: str) -> dict[str, Any]:
    """Return the JSON that a program prints."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(  # noqa: S603 - ours
        command, cwd=ROOT, env={**environment(), **variables}, stdout=subprocess.PIPE, text=True, check=True
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def main() -> None:
    """Print what was read and how fast, the peak of memory, and what the bucket holds."""
    records = int(sys.argv[1]) if sys.argv[1:] else _RECORDS
    pages = Path(tempfile.gettempdir()) / "commercetools-source-bucket"
    sets = json.dumps([["orders", records]])
    try:
        subprocess.run([sys.executable, "-m", "benchmarks.prepare", str(pages), sets], cwd=ROOT, check=True)  # noqa: S603 - ourselves
        command = [sys.executable, "-m", "benchmarks.server", str(pages), sets, '{"all": {}}']
        with (
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,  # noqa: S603 - ourselves
            _store(pages) as variables,
        ):
            if server.stdin is None or server.stdout is None:
                raise AssertionError("the server has no pipes")
            url = f"http://127.0.0.1:{json.loads(server.stdout.readline())['all']}"
            run = _said(_SYNC, variables, json.dumps(settings(url)), _TARGET)
            held = _said(_HELD, variables)
            local = _said(_SYNC, variables, json.dumps(settings(url)), f"parquet:{pages / 'folder'}")
            server.stdin.close()
    finally:
        shutil.rmtree(pages, ignore_errors=True)  # ten gigabytes, which nothing reads again
    if not run["records"] == held["records"] == local["records"] == records:
        raise AssertionError(f"of {records} records {run['records']} were read, and the bucket has {held['records']}")
    figures = {
        **held,
        "seconds": round(run["seconds"]),
        "cpu_seconds": round(run["cpu"]),
        "records_per_second": round(records / run["seconds"]),
        "peak_mb": round(run["peak"] / 1e6),
        "of_folder": {key: round(local[key] / run[key], 2) for key in ("seconds", "cpu")},
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
