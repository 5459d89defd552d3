"""The source inside Mage's own code: its base classes, its commands, its state, its PostgreSQL destination."""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from acceptance.mage import STEPS
from commercetools_source.catalog.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from commercetools_source.sandbox import Sandbox
    from conftest import Environment, Postgres, Response

WHICH = "import json, mage_integrations.sources.commercetools as m; print(json.dumps(m.__file__))"
FINDERS = "import json, sys; print(json.dumps([repr(finder) for finder in sys.meta_path]))"
BASES = """
import json
from mage_integrations.sources import base
from mage_integrations.sources.commercetools import Commercetools
from mage_integrations.sources.commercetools.client import Client
from mage_integrations.sources.http import client
ours = [issubclass(Commercetools, base.Source), issubclass(Client, client.Client)]
print(json.dumps([base.__file__, client.__file__, *ours]))
"""


@pytest.fixture(scope="module", params=STEPS)
def python(
    request: pytest.FixtureRequest, environment: Callable[..., Environment], mage_integrations: Path
) -> Environment:
    name = "mage-" + request.param.lower().replace(" ", "-")
    return environment(name, *STEPS[request.param], mage=mage_integrations)


@dataclass
class Mage:
    """Runs the source and the destination as Mage's blocks do, with files in `folder`."""

    python: Environment
    folder: Path
    config: dict[str, Any]

    def source(self, *flags: str, config: dict[str, Any] | None = None) -> Response:
        script = self.python.json(WHICH)
        return self.python.run("python", script, "--config_json", json.dumps({**self.config, **(config or {})}), *flags)

    def catalog(self, stream: str, method: str) -> Path:
        """Write the settings file of a pipeline that reads one stream (`*`: all), as Mage's editor would."""
        answer = self.source("--discover", *self.only(stream))
        catalog = json.loads(answer.out)
        for entry in catalog["streams"]:
            key = list(STREAMS[entry["stream"]].key)
            for row in entry["metadata"]:
                row["metadata"]["selected"] = True
            entry.update(replication_method=method, key_properties=key, unique_constraints=key)
            entry.update(unique_conflict_method="UPDATE")
            if method != "FULL_TABLE":
                entry.update(bookmark_properties=["lastModifiedAt"])
        path = self.folder / f"{method}.json"
        path.write_text(json.dumps({"config": self.config, "catalog": catalog}))
        return path

    @staticmethod
    def only(stream: str) -> list[str]:
        return [] if stream == "*" else ["--selected_streams_json", json.dumps([stream])]

    @staticmethod
    def destination(postgres: Postgres) -> dict[str, Any]:
        where = {"database": "postgres", "host": "127.0.0.1", "port": postgres.port}
        return {**where, "username": "postgres", "password": "none", "schema": "mage"}

    def sync(self, stream: str, method: str, *flags: str) -> list[str]:
        """Read a stream and return its lines, standard error among them, as Mage stores them."""
        script = self.python.json(WHICH)
        command = [self.python.python, script, *self.sync_flags(stream, method), *flags]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True, env=self.python.environ
        )
        assert done.returncode == 0, done.stdout[-3000:]
        assert done.stdout.endswith("\n")
        return done.stdout.splitlines()

    def state(self, stream: str, whose: str = "source") -> Path:
        path = self.folder / f"{stream.replace('*', 'all')}.{whose}.state"
        if not path.is_file():
            path.write_text('{"bookmarks": {}}')  # as Mage does
        return path

    def sync_flags(self, stream: str, method: str) -> list[str]:
        state = self.state(stream)
        settings = self.catalog(stream, method)
        config = ["--config_json", json.dumps(self.config), "--log_to_stdout", "1", "--settings", str(settings)]
        query = ["--query_json", json.dumps({"_offset": 0} if method == "FULL_TABLE" else {})]
        return [*config, "--state", str(state), *query, *self.only(stream)]

    def load(self, stream: str, lines: list[str], postgres: Postgres) -> None:
        """Hand lines to Mage's PostgreSQL destination, then its state to the source, by Mage's own function."""
        lines_file, state = self.folder / "lines", self.state(stream, "destination")
        lines_file.write_text("\n".join(lines) + "\n")
        config = {**self.destination(postgres), "table": stream}
        script = self.python.json(
            "import json, mage_integrations.destinations.postgresql as m; print(json.dumps(m.__file__))"
        )
        flags = ["--log_to_stdout", "1", "--state", str(state), "--input_file_path", str(lines_file)]
        self.python.good("python", script, "--config_json", json.dumps(config), *flags)
        self.python.good(
            "python",
            "-c",
            "from mage_integrations.sources.utils import update_source_state_from_destination_state as update;"
            f"update({str(self.state(stream))!r}, {str(state)!r})",
        )


@pytest.fixture
def mage(python: Environment, sandbox: Sandbox, tmp_path: Path) -> Mage:
    return Mage(python, tmp_path, {**sandbox.settings(), "settle_seconds": 0, "lookback_seconds": 0})


def rows(lines: list[str]) -> list[dict[str, Any]]:
    said = [json.loads(line) for line in lines if line.startswith("{")]
    assert not [one for one in said if one.get("level") in {"ERROR", "EXCEPTION"}]
    assert all("type" in one for one in said)  # Mage's destination refuses a line without it
    return [one["record"] for one in said if one["type"] == "RECORD"]


def test_our_source_is_in_force_on_mages_own_base_classes_until_it_is_uninstalled(
    python: Environment, wheel: Path
) -> None:
    base, client, is_source, is_client = python.json(BASES)
    assert "/site-packages/mage_integrations/" in base
    assert "/site-packages/mage_integrations/" in client
    assert (is_source, is_client) == (True, True)
    assert "commercetools_source" in python.json(WHICH)
    assert python.good("commercetools-source", "mage", "status").out.startswith(b"In force: commercetools-source\n")
    off = {"COMMERCETOOLS_SOURCE_MAGE": "off"}
    status = python.good("commercetools-source", "mage", "status", environ=off)
    assert status.out.startswith(b"In force: mage\nWhy: COMMERCETOOLS_SOURCE_MAGE=off switches")
    python.pip("uninstall", "--yes", "commercetools-source")
    try:
        assert python.json(WHICH).endswith("/site-packages/mage_integrations/sources/commercetools/__init__.py")
        assert not any("mage" in finder for finder in python.json(FINDERS))
    finally:
        python.pip("install", "--no-deps", str(wheel))


def test_the_commands_of_mages_editor(mage: Mage, sandbox: Sandbox) -> None:
    answer = mage.source("--test_connection")
    assert (answer.status, answer.out) == (0, b"")
    refused = mage.source("--test_connection", config={"client_secret": "wrong"})
    assert refused.status != 0
    line = next(line for line in refused.err.splitlines() if line.startswith("ERROR"))
    assert "invalid_client" in json.loads(line[line.index("{") :])["tags"]["error"]
    streams = json.loads(mage.source("--discover", "--discover_streams").out)
    assert [one["tap_stream_id"] for one in streams] == sorted(STREAMS)
    assert list(json.loads(mage.source("--show_templates").out)) == ["config"]
    settings = str(mage.catalog("orders", "INCREMENTAL"))
    flags = ["--settings", settings, "--selected_streams_json", '["orders"]']
    counted = json.loads(mage.source("--count_records", *flags).out)
    assert counted == [{"count": len(sandbox.records("orders")), "id": "orders", "stream": "orders"}]
    sampled = mage.source("--load_sample_data", "--log_to_stdout", "1", *flags)
    (sample,) = [line for line in sampled.lines() if line["type"] == "SAMPLE_DATA"]
    assert len(json.loads(sample["sample_data"])["id"]) == 100


# Mage runs its destination once for each stream; one process is ten times as fast, and it is the same code.
LOAD = """
import json, sys
from mage_integrations.destinations.postgresql import PostgreSQL
config, folder, streams = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3].split(",")
for name in 2 * streams:
    flags = {"input_file_path": f"{folder}/{name}.lines", "state_file_path": f"{folder}/{name}.loaded"}
    PostgreSQL(batch_processing=True, config={**config, "table": name}, **flags).process(None)
"""


def test_every_stream_reaches_mages_postgresql_destination(mage: Mage, sandbox: Sandbox, postgres: Postgres) -> None:
    postgres.query("drop schema if exists mage cascade")
    # The first write begins the history of changes, and Mage's destination makes no table without a record.
    sandbox.update("zones", sandbox.records("zones")[0]["id"], {"name": "Anywhere"})
    settings = json.loads(mage.catalog("*", "FULL_TABLE").read_text())
    said = [json.loads(line) for line in mage.sync("*", "FULL_TABLE") if line.startswith("{")]
    for name in STREAMS:
        lines = [json.dumps(one) for one in said if one.get("stream") == name]
        (mage.folder / f"{name}.lines").write_text("\n".join(lines) + "\n")
    assert len(settings["catalog"]["streams"]) == len(STREAMS)
    config = json.dumps(mage.destination(postgres))
    mage.python.good("python", "-c", LOAD, config, str(mage.folder), ",".join(STREAMS))
    assert postgres.counts("mage") == {name: len(sandbox.records(name)) for name in STREAMS}


def test_the_second_incremental_run_adds_only_what_changed(mage: Mage, sandbox: Sandbox, postgres: Postgres) -> None:
    postgres.query("drop schema if exists mage cascade")
    everyone = len(sandbox.records("customers"))
    mage.load("customers", mage.sync("customers", "INCREMENTAL"), postgres)
    sandbox.clock.advance(3600)
    changed = sandbox.records("customers")[0]["id"]
    sandbox.update("customers", changed, {"firstName": "Somebody"})
    sandbox.create("customers", {"email": "new@example.com"})
    sandbox.clock.advance(3600)
    lines = mage.sync("customers", "INCREMENTAL")
    assert len(rows(lines)) == 2
    mage.load("customers", lines, postgres)
    assert postgres.counts("mage") == {"customers": everyone + 1}
    assert postgres.query(f"select firstname from mage.customers where id = '{changed}'") == [["Somebody"]]
    sandbox.clock.advance(3600)
    assert rows(mage.sync("customers", "INCREMENTAL")) == []


def test_a_deletion_reaches_mages_own_column(mage: Mage, sandbox: Sandbox, postgres: Postgres) -> None:
    postgres.query("drop schema if exists mage cascade")
    everything = sandbox.records("orders")
    mage.load("orders", mage.sync("orders", "LOG_BASED"), postgres)
    sandbox.clock.advance(3600)
    sandbox.delete("orders", everything[0]["id"])
    sandbox.clock.advance(3600)
    lines = mage.sync("orders", "LOG_BASED")
    assert [row["id"] for row in rows(lines)] == [everything[0]["id"]]
    mage.load("orders", lines, postgres)
    found = postgres.query("select id, ordernumber from mage.orders where _mage_deleted_at is not null")
    assert found == [[everything[0]["id"], everything[0]["orderNumber"]]]
    assert postgres.counts("mage") == {"orders": len(everything)}


def test_a_run_that_is_killed_goes_on_from_its_last_state(python: Environment, crowd: Sandbox, tmp_path: Path) -> None:
    mage = Mage(python, tmp_path, {**crowd.settings(), "page_size": 100, "concurrency": 2})
    command = [python.python, python.json(WHICH), *mage.sync_flags("customers", "INCREMENTAL")]
    lines: list[str] = []
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=python.environ) as process:
        assert process.stdout is not None
        while sum('"type": "STATE"' in line for line in lines) < 5:
            lines.append(process.stdout.readline())
            assert lines[-1]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines(keepends=True)
    assert process.returncode == -signal.SIGKILL
    whole = [line for line in lines if line.endswith("\n")]
    last = max(place for place, line in enumerate(whole) if '"type": "STATE"' in line)
    seen = {row["id"] for row in rows([line.strip() for line in whole[:last]])}
    mage.state("customers").write_text(json.dumps(json.loads(whole[last])["value"]))
    rest = {row["id"] for row in rows(mage.sync("customers", "INCREMENTAL"))}
    assert seen | rest == {row["id"] for row in crowd.records("customers")}
    assert 0 < len(seen) < len(seen | rest)
    assert len(seen) + len(rest) == len(seen | rest)
