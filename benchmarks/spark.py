"""Orders per second through Spark, beside our Parquet folder: figures of docs/scale.md.

    python -m benchmarks.spark PYTHON [RECORDS]

PYTHON has pyspark and this package, with the extra `parquet`. Both read the same pages, one after the other, three
times; Spark's seconds begin once its session runs. Needs Java.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.ours import settings

__all__ = ["main"]

ROOT = Path(__file__).parent.parent
ROUNDS = 3
_PARQUET = """
import json, sys, time
from commercetools_source import Client, open_destination, sync
import pyarrow.parquet
begun = time.monotonic()
with Client(json.loads(sys.argv[1])) as client:
    summary = sync(client, open_destination(f"parquet:{sys.argv[2]}/folder"), streams=["orders"])
print(json.dumps([summary.records, time.monotonic() - begun]))
"""
_SPARK = """
import json, sys, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
spark.range(1).count()
begun = time.monotonic()
frame = spark.read.format("commercetools").option("stream", "orders").options(**json.loads(sys.argv[1])).load()
frame.write.parquet(sys.argv[2] + "/spark")
seconds = time.monotonic() - begun
print(json.dumps([spark.read.parquet(sys.argv[2] + "/spark").count(), seconds]))
"""
_PROGRAMS = {"parquet": _PARQUET, "spark": _SPARK}


def _rate(python: str, program: str, url: str, records: int) -> float:
    """Return the records a second of one run; raises AssertionError when some are missing."""
    with tempfile.TemporaryDirectory() as folder:
        command = [python, "-c", _PROGRAMS[program], json.dumps(settings(url)), folder]
        environ = {**os.environ, "PYSPARK_PYTHON": python}
        done = subprocess.run(command, capture_output=True, check=True, env=environ, cwd=folder)  # noqa: S603 - ours
    read, seconds = json.loads(done.stdout.splitlines()[-1])
    if read != records:
        raise AssertionError(f"{program} has {read} of {records} records")
    return float(read / seconds)


def main() -> None:
    """Print the medians of both, and their ratio, as JSON."""
    python, records = sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else 200_000
    pages = Path(tempfile.gettempdir()) / "commercetools-source-spark"
    sets = json.dumps([["orders", records]])
    subprocess.run([sys.executable, "-m", "benchmarks.prepare", str(pages), sets], cwd=ROOT, check=True)  # noqa: S603 - ourselves
    command = [sys.executable, "-m", "benchmarks.server", str(pages), sets, '{"all": {}}']
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - ourselves
        if server.stdin is None or server.stdout is None:
            raise AssertionError("the server has no pipes")
        url = f"http://127.0.0.1:{json.loads(server.stdout.readline())['all']}"
        rates: dict[str, list[float]] = {name: [] for name in _PROGRAMS}
        for _ in range(ROUNDS):
            for name, measured in rates.items():
                measured.append(_rate(python, name, url, records))
        server.stdin.close()
    ratios = [spark / parquet for parquet, spark in zip(rates["parquet"], rates["spark"], strict=True)]
    medians = {name: round(median(measured)) for name, measured in rates.items()}
    sys.stdout.write(json.dumps({"records": records, **medians, "ratio": round(median(ratios), 2)}) + "\n")


if __name__ == "__main__":
    main()
