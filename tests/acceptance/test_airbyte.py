"""The connector before programs that others wrote: airbyte-cdk's standard tests, PyAirbyte and its validation."""

from __future__ import annotations

import itertools
import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.catalog.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.sandbox import Sandbox
    from conftest import Environment

MANY = 12_500  # customers of the fixture `crowd`
ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent / "airbyte"
# The width is that of the terminal, by which rich breaks lines.
QUIET = {"DO_NOT_TRACK": "1", "AIRBYTE_OFFLINE_MODE": "1", "COLUMNS": "200"}


def config(sandbox: Sandbox, **changed: Any) -> dict[str, Any]:
    return {**sandbox.settings(), "settle_seconds": 0, "lookback_seconds": 0, **changed}


def test_the_standard_tests_of_airbytes_cdk_pass(
    environment: Callable[..., Environment], sandbox: Sandbox, tmp_path: Path
) -> None:
    python = environment("airbyte-cdk", ["airbyte-cdk[dev]==7.39.1"], ["{wheel}"])
    # Every stream must have a record, and only what was changed has a history.
    sandbox.update("zones", sandbox.records("zones")[0]["id"], {"description": "Everywhere"})
    sandbox.clock.advance(5)
    folder = tmp_path / "source-commercetools"
    (folder / "secrets").mkdir(parents=True)
    (folder / "tests").mkdir()
    for name in ("metadata.yaml", "acceptance-test-config.yml"):
        shutil.copy(ROOT / "airbyte" / name, folder)
    shutil.copy(HERE / "adapter.py", folder / "tests")
    shutil.copy(HERE / "standard_suite.py", folder / "tests" / "test_standard.py")
    for name, settings in {"config": config(sandbox), "wrong_secret": config(sandbox, client_secret="wrong")}.items():
        (folder / "secrets" / f"{name}.json").write_text(json.dumps(settings))
    warnings = "error::airbyte_cdk.test.standard_tests.DiscoveredCatalogWarning"
    # What is marked `image_tests` wants Docker, and one of them the network.
    done = python.run("python", "-m", "pytest", "-q", "tests", "-m", "not image_tests", "-W", warnings, cwd=folder)
    assert done.status == 0, done.out.decode()[-3000:]
    assert b"7 passed" in done.out
    assert b"failed" not in done.out


@pytest.fixture(scope="session")
def pyairbyte(environment: Callable[..., Environment]) -> Environment:
    return environment("pyairbyte", ["airbyte==0.71.3"], ["{wheel}"])


def call(python: Environment, path: Path, settings: dict[str, Any], streams: list[str] | None = None) -> list[str]:
    """Return the command line of one read of PyAirbyte into a cache, which writes its counts beside it."""
    executable = str(python.folder / "bin" / "source-commercetools")
    counts = str(path.with_name("counts.json"))
    return [str(HERE / "pyairbyte_run.py"), json.dumps([str(path), executable, settings, streams, counts])]


def counted(python: Environment, arguments: list[str], folder: Path) -> Any:
    """Run such a read in `folder`, where its cache is, and return its counts: what it prints is for people."""
    file = folder / "counts.json"
    file.unlink(missing_ok=True)
    python.good("python", *arguments, cwd=folder, environ=QUIET)
    return json.loads(file.read_text(encoding="utf-8"))


def test_pyairbyte_reads_all_streams_twice_the_second_time_what_changed(
    pyairbyte: Environment, sandbox: Sandbox, tmp_path: Path
) -> None:
    def read() -> tuple[int, dict[str, int]]:
        arguments = call(pyairbyte, tmp_path / "cache.duckdb", config(sandbox))
        said = counted(pyairbyte, arguments, tmp_path)
        return said["processed"], said["held"]

    def counts() -> dict[str, int]:
        return {name: len(sandbox.records(name)) for name in STREAMS}

    assert read() == (sum(counts().values()), counts())
    before = counts()
    sandbox.clock.advance(3600)
    sandbox.update("customers", sandbox.records("customers")[0]["id"], {"firstName": "Somebody"})
    sandbox.clock.advance(3600)
    whole = sum(count for name, count in counts().items() if STREAMS[name].cursor is None)
    logged = sum(counts()[name] - before[name] for name in ("messages", "change_history"))
    assert read() == (whole + 1 + logged, counts())
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config(sandbox)))
    executable = str(pyairbyte.folder / "bin" / "source-commercetools")
    checked = pyairbyte.good("pyab", "validate", "--connector", executable, "--config", str(file), environ=QUIET)
    assert "check succeeded" in " ".join(f"{checked.out.decode()} {checked.err}".split())


def test_pyairbyte_that_was_killed_ends_with_every_record_once(
    pyairbyte: Environment, crowd: Sandbox, tmp_path: Path
) -> None:
    arguments = call(pyairbyte, tmp_path / "cache.duckdb", config(crowd), ["customers"])
    child = subprocess.Popen(
        [pyairbyte.python, *arguments],
        cwd=tmp_path,
        env={**pyairbyte.environ, **QUIET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    pages = itertools.count(1)  # requests come in several threads: each number is given out once

    def kill(request: Any) -> None:
        if request.path.endswith("/customers") and next(pages) == 15:
            child.kill()

    crowd.before_request(kill)
    assert child.wait(300) == -signal.SIGKILL
    said = counted(pyairbyte, arguments, tmp_path)
    assert said["held"] == {"customers": MANY}


def test_a_connector_that_was_killed_goes_on_from_its_last_state(
    pyairbyte: Environment, crowd: Sandbox, tmp_path: Path
) -> None:
    entry = {"stream": {"name": "customers", "json_schema": {}, "supported_sync_modes": ["incremental"]}}
    catalog = {"streams": [{**entry, "sync_mode": "incremental", "destination_sync_mode": "append_dedup"}]}
    for name, value in {"config": config(crowd, concurrency=2), "catalog": catalog}.items():
        (tmp_path / name).write_text(json.dumps(value))
    command = [str(pyairbyte.folder / "bin" / "source-commercetools"), "read"]
    command += [f"--config={tmp_path / 'config'}", f"--catalog={tmp_path / 'catalog'}"]
    first: set[str] = set()
    pending: set[str] = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for line in child.stdout:
            message = json.loads(line)
            if message["type"] == "RECORD":
                pending.add(message["record"]["data"]["id"])
            elif message["type"] == "STATE":
                first |= pending
                (tmp_path / "state").write_text(json.dumps([message["state"]]))
                child.kill()
                break
    done = subprocess.run([*command, f"--state={tmp_path / 'state'}"], stdout=subprocess.PIPE, check=True)
    messages = map(json.loads, done.stdout.splitlines())
    second = {message["record"]["data"]["id"] for message in messages if message["type"] == "RECORD"}
    assert first
    assert len(second) == MANY - len(first)
    assert len(first | second) == MANY
