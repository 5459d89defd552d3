"""The project that `schema --dbt` writes, run by dbt itself over a whole shop, and its figures beside the records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

import marts
from commercetools_source.cli.app import run
from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.sync.run import sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from commercetools_source.sandbox import Sandbox
    from conftest import Environment


@pytest.fixture(scope="module")
def dbt(environment: Callable[..., Environment]) -> Environment:
    # 1.12 fetches a program when it is installed
    return environment("dbt", ["dbt-core>=1.10.6,<1.12", "dbt-duckdb"])


def test_dbt_builds_and_tests_the_project_and_its_marts_say_what_the_records_say(
    dbt: Environment, sandbox: Sandbox, tmp_path: Path
) -> None:
    shop, project = tmp_path / "shop.duckdb", tmp_path / "project"
    with Client(sandbox.settings()) as client:
        assert sync(client, DuckDB(shop, materialize=True)).complete
    assert run(["schema", "--dbt", str(project), "--destination", str(shop)]) == 0
    environ = {"MARTS": str(tmp_path / "marts.duckdb"), "DBT_SEND_ANONYMOUS_USAGE_STATS": "0"}
    arguments = ("--project-dir", str(project), "--profiles-dir", str(project))
    dbt.good("dbt", "--warn-error", "parse", *arguments, environ=environ, cwd=tmp_path)
    dbt.good("dbt", "build", *arguments, environ=environ, cwd=tmp_path)
    results = _results(project / "target" / "run_results.json")
    assert {result["status"] for result in results} <= {"pass", "success", "warn"}
    # The shop has records that refer to deleted ones, as real ones have.
    warned = [result["unique_id"] for result in results if result["status"] == "warn"]
    assert all(".source_relationships_" in name for name in warned)
    assert sum(result["unique_id"].startswith("test.") for result in results) > 1000
    dbt.good("dbt", "source", "freshness", *arguments, environ=environ, cwd=tmp_path)
    fresh = _results(project / "target" / "sources.json")
    assert len(fresh) > 40
    assert {result["status"] for result in fresh} == {"pass"}
    records = {name: sandbox.records(name) for name in marts.STREAMS}
    with duckdb.connect(environ["MARTS"], read_only=True) as connection:
        made = "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = current_database()"
        assert connection.execute(made).fetchone() == ("v1.4.0+",)
        for name, check in marts.CHECKS.items():
            check(marts.rows_of(connection.execute(f"FROM {name}")), records)


def _results(path: Path) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
    return results
