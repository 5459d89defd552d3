"""Every relation of the whole corpus in Parquet files: row for row what a DuckDB file has, which test_model judges."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import duckdb

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB, Parquet
from commercetools_source.model.quoting import quoted
from commercetools_source.model.relations import all_relations
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync
from corpus import corpus

if TYPE_CHECKING:
    from pathlib import Path


def test_every_relation_of_the_corpus_is_the_same_in_parquet_as_in_duckdb(tmp_path: Path) -> None:
    with Sandbox(rows=corpus()) as sandbox, Client(sandbox.settings()) as client:
        for order in sandbox.records("orders")[:3]:  # the history of a sandbox begins with the first change
            sandbox.update("orders", order["id"], {"orderState": "Complete"})
        sandbox.clock.advance(900)
        for destination in (DuckDB(tmp_path / "shop.duckdb"), Parquet(tmp_path / "files", materialize=True)):
            assert sync(client, destination, streams=list(STREAMS)).complete
    with duckdb.connect() as files, duckdb.connect(str(tmp_path / "shop.duckdb"), read_only=True) as file:
        for connection in (files, file):
            connection.execute("SET TimeZone = 'UTC'")
        files.execute((tmp_path / "files" / "latest.sql").read_text())
        filled = 0
        for relation in all_relations().values():
            # The columns of own fields are those of a DuckDB file alone, and a moment has a zone in Parquet.
            shown = ", ".join(f"CAST({quoted(field.name)} AS VARCHAR)" for field in relation.columns)
            query = f"SELECT {shown} FROM main.{quoted(relation.name)}"
            rows = [Counter(map(_moments, one.execute(query).fetchall())) for one in (files, file)]
            assert rows[0] == rows[1], relation.name
            filled += bool(rows[0])
        assert filled > len(all_relations()) - 10


def _moments(row: tuple[str | None, ...]) -> tuple[str | None, ...]:
    return tuple(value and value.removesuffix("+00") for value in row)
