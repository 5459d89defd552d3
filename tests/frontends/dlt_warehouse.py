"""A pipeline of dlt's into a DuckDB file, as tests load it and look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dlt
import pytest

import frontends.dlt_runs  # noqa: F401 - turns dlt's telemetry off
from commercetools_source.dlt import commercetools
from commercetools_source.sandbox import Sandbox
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STREAMS = ["orders", "zones"]


class Warehouse:
    """A pipeline into a DuckDB file."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        quick = {"settle_seconds": 0, "lookback_seconds": 0, "retry_seconds": 0}
        self.credentials = {**sandbox.settings(), **quick}
        self.pipeline = dlt.pipeline(
            "warehouse",
            pipelines_dir=str(folder / "state"),
            destination=dlt.destinations.duckdb(str(folder / "file.duckdb")),
            dataset_name="shop",
        )

    def source(self, streams: list[str] = STREAMS, **options: Any) -> Any:
        credentials = {**self.credentials, **options.pop("credentials", {})}
        return commercetools(streams, credentials, **options)

    def load(self, streams: list[str] = STREAMS, *, contract: Any = None, **options: Any) -> dict[str, int]:
        """Run the pipeline; return how many rows of each table were loaded."""
        self.pipeline.run(self.source(streams, **options), schema_contract=contract)
        counts = self.pipeline.last_trace.last_normalize_info.row_counts
        return {name: count for name, count in counts.items() if not name.startswith("_dlt") and count}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.pipeline.sql_client() as client:
            return list(client.execute_sql(sql))

    def versions(self, table: str = "orders") -> dict[str, int]:
        rows = self.rows(f"SELECT id, version FROM {table}")
        assert len(rows) == len(dict(rows)), "a row is there twice"
        return dict(rows)


@pytest.fixture
def shop() -> Iterator[Sandbox]:
    paths = ("/customer-groups", "/orders", "/zones", "/types", "/product-types", "/messages")
    with Sandbox(rows=rows_of(*paths)) as running:
        yield running


@pytest.fixture
def warehouse(tmp_path: Path, shop: Sandbox) -> Iterator[Warehouse]:
    made = Warehouse(tmp_path, shop)
    yield made
    made.pipeline.deactivate()


def versions(shop: Sandbox, stream: str = "orders") -> dict[str, int]:
    return {record["id"]: record["version"] for record in shop.records(stream)}
