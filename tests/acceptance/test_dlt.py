"""The dlt source into destinations that dlt writes to, and `dlt init` from this repository."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source import Client
from commercetools_source.catalog.streams import STREAMS, streams_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.sandbox import Sandbox
    from conftest import Environment, Postgres

MANY = 12_500  # customers of the fixture `crowd`
ROOT = Path(__file__).parents[2]
LOAD = Path(__file__).parent / "dlt" / "load.py"
QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false"}


@pytest.fixture(scope="session")
def python(environment: Callable[..., Environment]) -> Environment:
    return environment("dlt", ["dlt[cli,duckdb,filesystem,parquet,postgres]==1.31.0", "{wheel}[dlt,fast]"])


def credentials(sandbox: Sandbox) -> dict[str, Any]:
    return {**sandbox.settings(), "settle_seconds": 0, "lookback_seconds": 0}


def load(python: Environment, sandbox: Sandbox, folder: Path, destination: str, options: Any, streams: Any) -> Any:
    """Run the pipeline once; return what was loaded and how the destination differs from the sandbox then."""
    with Client(credentials(sandbox)) as client:
        expected = {row.name: list(client.records(row)) for row in streams_of(streams)}
    given = {
        "destination": destination,
        "options": options,
        "folder": str(folder / "state"),
        "streams": streams,
        "credentials": credentials(sandbox),
        "keys": {name: STREAMS[name].key for name in expected},
        "expected": expected,
        "appends": destination == "filesystem",
    }
    environ = {**QUIET, "DLT_DATA_DIR": str(folder / "dlt")}
    done = python.good("python", str(LOAD), said=json.dumps(given).encode(), cwd=folder, environ=environ)
    return json.loads(done.out.splitlines()[-1])


@pytest.mark.parametrize("destination", ["duckdb", "postgres", "filesystem"])
def test_every_stream_is_loaded_row_for_row_and_then_what_changed(
    python: Environment, sandbox: Sandbox, tmp_path: Path, destination: str, request: pytest.FixtureRequest
) -> None:
    options: dict[str, Any] = {"credentials": str(tmp_path / "file.duckdb")}
    if destination == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        options = {"credentials": f"postgresql://postgres:none@127.0.0.1:{server.port}/postgres"}
    if destination == "filesystem":
        options = {"bucket_url": (tmp_path / "bucket").as_uri()}

    def run() -> Any:
        return load(python, sandbox, tmp_path, destination, options, None)

    def counts() -> dict[str, int]:
        return {row.name: count for row in streams_of(None) if (count := len(sandbox.records(row.name)))}

    assert run() == {"loaded": counts(), "different": {}}
    before = counts()["messages"]
    sandbox.clock.advance(3600)
    sandbox.update("orders", sandbox.records("orders")[0]["id"], {"orderState": "Complete"})
    sandbox.clock.advance(3600)
    again = {name: count for name, count in counts().items() if STREAMS[name].cursor is None}
    changed = {"orders": 1, "messages": counts()["messages"] - before}
    assert run() == {"loaded": {**again, **changed}, "different": {}}


def test_more_records_than_offsets_reach_are_loaded(python: Environment, crowd: Sandbox, tmp_path: Path) -> None:
    options = {"credentials": str(tmp_path / "file.duckdb")}
    assert load(python, crowd, tmp_path, "duckdb", options, ["customers"]) == {
        "loaded": {"customers": MANY},
        "different": {},
    }


def test_dlt_init_makes_a_project_that_runs(python: Environment, sandbox: Sandbox, tmp_path: Path) -> None:
    place, project = tmp_path / "checkout", tmp_path / "project"
    shutil.copytree(ROOT / "sources", place / "sources", ignore=shutil.ignore_patterns("__pycache__"))
    for words in ("init", "add .", "-c user.name=x -c user.email=x@example.com commit -m sources"):
        subprocess.run(["git", *words.split()], cwd=place, check=True, capture_output=True)  # noqa: S607 - git of the machine
    project.mkdir()
    # No proxy answers there: whoever asks the network fails.
    environ = {**QUIET, "DLT_DATA_DIR": str(tmp_path / "dlt"), "HTTPS_PROXY": "http://127.0.0.1:9"}
    command = ["--non-interactive", "init", "commercetools", "duckdb", "--location", str(place)]
    python.good("dlt", *command, cwd=project, environ=environ)
    secrets = project / ".dlt" / "secrets.toml"
    assert "client_secret" in secrets.read_text()
    lines = [f"{name} = {json.dumps(value)}" for name, value in credentials(sandbox).items()]
    secrets.write_text("\n".join(["[sources.commercetools.credentials]", *lines]))
    done = python.good("python", "commercetools_pipeline.py", cwd=project, environ=environ)
    assert b"contains no failed jobs" in done.out
