"""A Spark driver that runs what it is told: a line of JSON with Python code in, a line with its `result` out."""

from __future__ import annotations

import json
import os
import sys
import traceback

from pyspark.sql import SparkSession

master, *settings = sys.argv[1:]
builder = SparkSession.builder.master(master).config("spark.ui.enabled", "false")
for pair in ["spark.sql.session.timeZone=UTC", "spark.sql.shuffle.partitions=2", *settings]:
    builder = builder.config(*pair.split("=", 1))
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("WARN")
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # Spark writes to standard output as well
print(json.dumps({"result": "ready"}), file=answers, flush=True)
for line in sys.stdin:
    names = {"spark": spark, "result": None}
    try:
        exec(json.loads(line), names)  # noqa: S102 - that is its job
        answer = {"result": names["result"]}
    except Exception:  # noqa: BLE001 - the test says whether it is wanted
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer, default=str), file=answers, flush=True)
