"""The floor and every way out of this package, each as one process: `python -m benchmarks.ours WAY URL RESOURCE …`."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.stopwatch import Place, measure
from commercetools_source.frontends.memory import keep_pages, share_heaps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery, Destination

__all__ = ["WAYS", "settings"]

_PAGE = 500


def settings(url: str) -> dict[str, Any]:
    """Return the settings of a client of the page server at `url`, with the case's choice for personal data."""
    return {
        "project_key": "bench",
        "client_id": "reader",
        "client_secret": "unchecked",
        "api_url": url,
        "auth_url": url,
        **{
            name: os.environ[f"CTP_{name.upper()}"]
            for name in ("personal", "hash_key")
            if f"CTP_{name.upper()}" in os.environ
        },
    }


class Nowhere:
    """A destination that takes what the engine read and forgets it."""

    name = "nowhere"
    batch_bytes = 8 << 20

    def open(self) -> Mapping[str, StreamState]:
        """Nothing was stored."""
        return {}

    def write(self, delivery: Delivery) -> None:
        """Forget it."""

    def close(self) -> None:
        """Nothing to release."""


def floor(place: Place) -> Callable[[], int]:
    """Read the same pages by urllib3 on one connection that stays open; nothing is parsed."""
    import urllib3

    rounds = int(place.rest[0]) if place.rest else 1

    def work() -> int:
        pool = urllib3.PoolManager(1)
        for start in list(range(0, place.records, _PAGE)) * rounds:
            size = min(_PAGE, place.records - start)
            url = f"{place.url}/bench/{place.resource}?limit={size}&offset={start}&withTotal=false"
            answer = pool.request("GET", url, headers={"Accept-Encoding": "gzip"})
            if not answer.data.endswith(b"]}") or b'"count":%d,' % size not in answer.data[:100]:
                raise RuntimeError(f"the floor got {answer.status} and not {size} records")
        return place.records * rounds

    return work


def pages(place: Place) -> Callable[[], int]:
    """Go through `Client.pages`: one page after the other, split into raw records."""
    from commercetools_source import Client

    def work() -> int:
        with Client(settings(place.url)) as client:
            return sum(len(page.records) for page in client.pages(place.resource))

    return work


def records(place: Place) -> Callable[[], int]:
    """Go through `Client.records`: every record as a dict."""
    from commercetools_source import Client

    def work() -> int:
        with Client(settings(place.url)) as client:
            return sum(1 for _ in client.records(place.resource))

    return work


def engine(place: Place) -> Callable[[], int]:
    """Read pages side by side, hand them over with checkpoints as to every destination, and forget them."""
    return _into(place, Nowhere())


def jsonl(place: Place) -> Callable[[], int]:
    """Write a folder of JSON lines."""
    from commercetools_source.destinations import open_destination

    return _into(place, open_destination(f"jsonl:{place.folder}/lines"))


def parquet(place: Place) -> Callable[[], int]:
    """Write a folder of Parquet files."""
    import_module("pyarrow.parquet")  # what it takes to load is not what is measured
    from commercetools_source.destinations import open_destination

    return _into(place, open_destination(f"parquet:{place.folder}/parquet"))


def duckdb(place: Place) -> Callable[[], int]:
    """Write a new DuckDB file."""
    import_module("duckdb")  # what it and its helper take to load is not what is measured
    import_module("pyarrow")
    from commercetools_source.destinations import open_destination

    return _into(place, open_destination(f"duckdb:{place.folder}/first.duckdb"))


def changed(place: Place) -> Callable[[], int]:
    """Run a second time into a DuckDB file: read and merge what has changed. The first run is not measured."""
    from commercetools_source.destinations import open_destination

    file = f"duckdb:{place.folder}/changed.duckdb"
    _into(place, open_destination(file))()
    later = Place()
    later.url = place.rest[0]
    return _into(later, open_destination(file))


def singer(place: Place) -> Callable[[], int]:
    """Run the Singer tap; its lines go to standard output."""
    from commercetools_source.frontends.singer.tap import TapCommercetools

    logging.disable(logging.INFO)
    catalog = _discovered(place)
    catalog["streams"] = [one for one in catalog["streams"] if one["tap_stream_id"] == place.resource]
    for entry in catalog["streams"]:
        for part in entry["metadata"]:
            part["metadata"]["selected"] = True
    tap = TapCommercetools(config=settings(place.url), catalog=catalog)
    if list(tap.streams) != [place.resource]:
        raise RuntimeError(f"the tap has other streams than {place.resource}")

    def work() -> int:
        tap.sync_all()
        return place.records

    return work


def airbyte(place: Place) -> Callable[[], int]:
    """Run the Airbyte connector's `read`; its lines go to standard output."""
    from commercetools_source.frontends.airbyte.connector import run

    # The tap has loaded them by now too: what they take to load is not what is measured.
    for module in ("client", "sync.plan", "sync.run", "frontends.airbyte.catalog", "frontends.airbyte.output"):
        import_module(f"commercetools_source.{module}")
    stream = {"name": place.resource, "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]}
    catalog = {"streams": [{"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append_dedup"}]}
    arguments = ["read"]
    for name, value in {"config": settings(place.url), "catalog": catalog}.items():
        file = Path(place.folder) / f"{name}.json"
        file.write_text(json.dumps(value))
        arguments += [f"--{name}", str(file)]

    def work() -> int:
        if run(arguments):
            raise RuntimeError("the connector failed; its last lines say why")
        return place.records

    return work


def dlt(place: Place) -> Callable[[], int]:
    """Let dlt load a new DuckDB file: extract, normalize and load."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    library = import_module("dlt")  # what it, DuckDB and Arrow take to load is not what is measured
    for module in ("duckdb", "pyarrow.compute", "dlt.common.libs.pyarrow", "dlt.destinations.impl.duckdb.duck"):
        import_module(module)
    from commercetools_source.dlt import commercetools

    file = library.destinations.duckdb(f"{place.folder}/dlt.duckdb")
    pipeline = library.pipeline("bench", pipelines_dir=f"{place.folder}/state", destination=file, dataset_name="shop")

    def work() -> int:
        pipeline.run(commercetools([place.resource], settings(place.url)))
        counts: dict[str, int] = pipeline.last_trace.last_normalize_info.row_counts
        return counts[place.resource]

    return work


def _discovered(place: Place) -> dict[str, Any]:
    """Return the catalog as users make it: by a run of its own, which leaves nothing in this process."""
    config = Path(place.folder) / "config.json"
    config.write_text(json.dumps(settings(place.url)))
    code = "import sys; from commercetools_source.frontends.singer import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "--discover", "--config", str(config)]
    said = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603 - ourselves
    catalog: dict[str, Any] = json.loads(said.stdout)
    return catalog


def _into(place: Place, destination: Destination) -> Callable[[], int]:
    from commercetools_source import Client
    from commercetools_source.sync.run import sync

    def work() -> int:
        with Client(settings(place.url)) as client:
            summary = sync(client, destination, streams=[place.resource])
        if not summary.complete:
            raise RuntimeError(summary.outcomes[0].error)
        return summary.records

    return work


WAYS: dict[str, Callable[[Place], Callable[[], int]]] = {
    way.__name__: way for way in (floor, pages, records, engine, singer, airbyte, jsonl, parquet, duckdb, dlt, changed)
}


def main() -> None:
    """Go the way that the first argument names."""
    way = sys.argv.pop(1)
    place = Place()
    folder = Path(place.folder)
    folder.mkdir(parents=True, exist_ok=True)
    if way not in {"floor", "pages", "records"}:
        share_heaps()  # as the commands do
    if way in {"engine", "singer", "airbyte"}:
        keep_pages()  # as the tap and the connector do
    try:
        measure(WAYS[way](place))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
