"""The statements of `schema --sql snowflake` before fakesnow: its views show what the shop holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from commercetools_source import Client, sync
from commercetools_source.destinations.parquet.dialects import DIALECTS
from commercetools_source.destinations.parquet.external import statements
from manifests import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.sandbox import Sandbox
    from conftest import Environment

VIEWS = Path(__file__).parent / "snowflake" / "views.py"
STREAMS = ["orders", "zones"]


def test_the_views_show_the_newest_live_rows(
    environment: Callable[..., Environment], sandbox: Sandbox, tmp_path: Path
) -> None:
    # fakesnow 0.12 asks for any connector, and fails with the fifth.
    python = environment("snowflake", ["fakesnow==0.12.1", "snowflake-connector-python<5"])

    def run() -> None:
        with Client({**sandbox.settings(), "settle_seconds": 0, "lookback_seconds": 0}) as client:
            assert sync(client, f"parquet:{tmp_path}", streams=STREAMS).complete

    run()
    gone, changed, *_ = sandbox.records("orders")
    sandbox.clock.advance(3600)
    sandbox.delete("orders", gone["id"])
    sandbox.update("orders", changed["id"], {"orderState": "Cancelled"})
    sandbox.clock.advance(3600)
    run()
    text = statements(DIALECTS["snowflake"], "s3://bucket/shop", read_manifest(tmp_path).streams)
    given = [text.strip().removesuffix(";").split(";\n"), STREAMS, str(tmp_path)]
    shown = json.loads(python.good("python", str(VIEWS), said=json.dumps(given).encode()).out)
    for stream in STREAMS:
        held = {record["id"]: record["version"] for record in sandbox.records(stream)}
        assert shown[stream] == [[key, held[key]] for key in sorted(held)]
        assert held
