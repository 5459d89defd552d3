"""Airbyte's `source-commercetools`: its `read`, records as lines on standard output.

Its hosts are fixed, so the environment names a proxy that answers for them, and the certificate it shows.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from benchmarks.stopwatch import Place, measure

_CONFIG = {
    "region": "us-central1",
    "host": "gcp",
    "project_key": "bench",
    "client_id": "reader",
    "client_secret": "secret",
    "start_date": "2020-01-01",
}


def main() -> None:
    """Read one stream, as Airbyte's platform starts the connector."""
    from airbyte_cdk.entrypoint import launch
    from source_commercetools import SourceCommercetools

    place = Place()
    folder = Path(place.folder)
    folder.mkdir(parents=True, exist_ok=True)
    source = SourceCommercetools()
    stream = next(one for one in source.streams(_CONFIG) if one.name == place.resource)
    catalog = {
        "streams": [
            {
                "stream": {
                    "name": place.resource,
                    "json_schema": dict(stream.get_json_schema()),
                    "supported_sync_modes": ["full_refresh", "incremental"],
                },
                "sync_mode": "full_refresh",
                "destination_sync_mode": "overwrite",
            }
        ]
    }
    (folder / "config.json").write_text(json.dumps(_CONFIG))
    (folder / "catalog.json").write_text(json.dumps(catalog))
    arguments = ["read", "--config", str(folder / "config.json"), "--catalog", str(folder / "catalog.json")]

    def work() -> int:
        with contextlib.suppress(SystemExit):
            launch(source, arguments)
        return place.records

    measure(work)


if __name__ == "__main__":
    main()
