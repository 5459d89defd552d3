"""Run by the Python of an environment that has PyAirbyte: one read into a DuckDB cache; writes counts as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import airbyte
from airbyte.caches import DuckDBCache

path, executable, config, streams, counts = json.loads(sys.argv[1])
source = airbyte.get_source(
    "source-commercetools", config=config, local_executable=executable, install_if_missing=False
)
source.check()
if streams:
    source.select_streams(streams)
else:
    source.select_all_streams()
cache = DuckDBCache(db_path=path)
result = source.read(cache=cache)
held = {name: len(dataset.to_pandas()) for name, dataset in result.streams.items()}
Path(counts).write_text(json.dumps({"processed": result.processed_records, "held": held}), encoding="utf-8")
