"""The source in the whole of Mage, as its editor and its pipeline runs use it. Installs 185 packages, 1.1 GB."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from commercetools_source.sandbox import Sandbox
    from conftest import Environment, Postgres, Response

# Answers one question after the other, each by the code behind a button of Mage's editor; prints them as JSON.
ASK = """
import json, os, sys, yaml
from mage_ai.settings.repo import set_repo_path
set_repo_path(os.getcwd())
from mage_ai.data_preparation.models.constants import BlockType
from mage_ai.data_preparation.models.pipelines.integration_pipeline import IntegrationPipeline
from mage_ai.server.api.integration_sources import build_integration_module_info

FILE = "data_loaders/shop.yaml"
pipeline = IntegrationPipeline("shop")
config = pipeline.source_config["config"]
said = {"file": pipeline.source_file_path, "about": build_integration_module_info("sources", {"name": "Commercetools"})}
pipeline.test_connection(BlockType.DATA_LOADER, config=json.dumps(config))
try:
    pipeline.test_connection(BlockType.DATA_LOADER, config=json.dumps({**config, "client_secret": "wrong-s3cr3t"}))
except Exception as error:
    said["refused"] = str(error)
said["streams"] = [one["tap_stream_id"] for one in pipeline.discover_streams()]
catalog = pipeline.discover(streams=["customers"])
for entry in catalog["streams"]:
    for row in entry["metadata"]:
        row["metadata"]["selected"] = True
    entry.update(unique_constraints=["id"], unique_conflict_method="UPDATE", key_properties=["id"])
    entry.update(replication_method="INCREMENTAL", bookmark_properties=["lastModifiedAt"])
content = {**yaml.safe_load(open(FILE)), "catalog": catalog}
open(FILE, "w").write(yaml.safe_dump(content))
pipeline = IntegrationPipeline("shop")
said["counted"] = pipeline.count_records()
said["previewed"] = sorted(pipeline.preview_data(BlockType.DATA_LOADER, ["customers"]))
open("answers.json", "w").write(json.dumps(said))
"""


def block(name: str, kind: str, before: list[str], after: list[str]) -> dict[str, Any]:
    """Return a block as Mage's pipelines describe it."""
    known = {"name": name, "uuid": name, "type": kind, "upstream_blocks": before, "downstream_blocks": after}
    return {**known, "language": "yaml", "configuration": {}, "executor_type": "local_python", "status": "not_executed"}


PIPELINE = {
    "name": "shop",
    "uuid": "shop",
    "type": "integration",
    "blocks": [block("shop", "data_loader", [], ["rows"]), block("rows", "data_exporter", ["shop"], [])],
}


@dataclass
class Project:
    """A project of Mage's in `folder`, with one pipeline from the sandbox to PostgreSQL."""

    python: Environment
    folder: Path

    def good(self, program: str, *arguments: str) -> Response:
        home = str(self.folder.parent)
        environ = {"HOME": home, "MAGE_DATA_DIR": f"{home}/data", "COMMERCETOOLS_SOURCE_MAGE": ""}
        return self.python.good(program, *arguments, cwd=self.folder, environ=environ)

    def run(self, block: str) -> None:
        runtime = {"index": 0, "is_last_block_run": True, "selected_streams": ["customers"]}
        flags = ["--executor-type", "local_python", "--block-uuid", f"{block}:customers:0"]
        told = json.dumps({**runtime, "destination_table": "customers"})
        self.good("mage", "run", ".", "shop", *flags, "--template-runtime-configuration", told)


@pytest.fixture
def project(
    environment: Callable[..., Environment],
    mage_integrations: Path,
    sandbox: Sandbox,
    postgres: Postgres,
    tmp_path: Path,
) -> Project:
    steps = [["mage-ai==0.9.80"], ["singer-python", "psycopg2-binary"], ["--no-deps", "{mage}"], ["{wheel}"]]
    python = environment("mage-ai", *steps, mage=mage_integrations)
    folder = tmp_path / "project"
    (folder / "pipelines" / "shop").mkdir(parents=True)
    config = {**sandbox.settings(), "region": "us-central1", "host": "gcp", "settle_seconds": 0, "lookback_seconds": 0}
    where = {"database": "postgres", "host": "127.0.0.1", "port": postgres.port, "username": "postgres"}
    files: dict[str, Any] = {
        "metadata.yaml": {"project_type": "standalone"},
        "pipelines/shop/metadata.yaml": PIPELINE,
        "data_loaders/shop.yaml": {"source": "commercetools", "config": config, "catalog": {"streams": []}},
        "data_exporters/rows.yaml": {
            "destination": "postgresql",
            "config": {**where, "password": "none", "schema": "whole", "table": ""},
        },
    }
    for name, value in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(value))  # JSON is YAML
    return Project(python, folder)


def test_mages_editor_and_its_pipeline_runs(project: Project, sandbox: Sandbox, postgres: Postgres) -> None:
    project.good("python", "-c", ASK)
    said = json.loads((project.folder / "answers.json").read_text())
    assert "/commercetools_source/frontends/mage/commercetools/__init__.py" in said["file"]
    assert list(said["about"]["templates"]["config"]) == ["region", "host", "project_key", "client_id", "client_secret"]
    assert said["about"]["docs"].startswith("# Commercetools")
    assert "invalid_client" in said["refused"]
    assert "s3cr3t" not in said["refused"]
    assert "orders" in said["streams"]
    everyone = len(sandbox.records("customers"))
    assert said["counted"] == [{"count": everyone, "id": "customers", "stream": "customers"}]
    assert said["previewed"] == ["customers"]

    project.run("shop")
    project.run("rows")
    assert postgres.counts("whole") == {"customers": everyone}
    sandbox.clock.advance(3600)
    changed = sandbox.records("customers")[0]["id"]
    sandbox.update("customers", changed, {"firstName": "Somebody"})
    sandbox.create("customers", {"email": "new@example.com"})
    sandbox.clock.advance(3600)
    project.run("shop")
    (lines,) = project.folder.parent.rglob("customers/output/*")
    assert lines.read_text().count('"type": "RECORD"') == 2
    project.run("rows")
    assert postgres.counts("whole") == {"customers": everyone + 1}
    assert postgres.query(f"select firstname from whole.customers where id = '{changed}'") == [["Somebody"]]
