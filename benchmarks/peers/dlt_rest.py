"""dlt's `rest_api` source into one of its destinations: duckdb, or files of JSON lines or Parquet.

`flat` keeps nested values as JSON in their column, which is what our own tables do and dlt's fastest way;
`nested` is its default, a child table for each list.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from benchmarks.stopwatch import Place, measure


def main() -> None:
    """Run one pipeline: extract, normalize, load."""
    place = Place()
    kind, shape = place.rest
    os.environ |= {
        "DLT_DATA_DIR": f"{place.folder}/dlt",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
    }
    import dlt
    from dlt.sources.rest_api import rest_api_source

    config: Any = {
        "client": {
            "base_url": f"{place.url}/bench/",
            "auth": {"type": "bearer", "token": "prepared"},
            "paginator": {"type": "offset", "limit": 500, "total_path": "total"},
        },
        "resources": [
            {
                "name": place.resource,
                "endpoint": {"path": place.resource, "data_selector": "results", "params": {"sort": "createdAt asc"}},
                **({"max_table_nesting": 0} if shape == "flat" else {}),
            }
        ],
    }
    if kind == "duckdb":
        destination: Any = dlt.destinations.duckdb(f"{place.folder}/peer.duckdb")
    else:
        destination = dlt.destinations.filesystem(f"file://{place.folder}/files")
    Path(place.folder).mkdir(parents=True, exist_ok=True)

    def work() -> int:
        pipeline = dlt.pipeline("bench", destination=destination, dataset_name="bench")
        pipeline.run(rest_api_source(config), loader_file_format=None if kind == "duckdb" else kind)
        counts = pipeline.last_trace.last_normalize_info.row_counts
        return int(counts[place.resource])

    measure(work)


if __name__ == "__main__":
    main()
