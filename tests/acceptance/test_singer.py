"""The tap before programs that others wrote: Singer's own checker, three targets, Meltano."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.catalog.streams import STREAMS, streams_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.sandbox import Sandbox
    from conftest import Environment, Postgres, Response

ROOT = Path(__file__).parents[2]
COLUMN = "_sdc_deleted_at"


@dataclass
class Tap:
    """The tap as a command, with files in `folder`."""

    python: Environment
    folder: Path
    config: dict[str, Any]

    def __call__(self, state: Any = None, streams: list[str] | None = None, **config: Any) -> Response:
        flags = ["--config", self.file("config", {**self.config, **config})]
        if streams is not None:
            found = json.loads(self.python.good("tap-commercetools", *flags, "--discover").out)
            for entry in found["streams"]:
                for one in entry["metadata"]:
                    if not one["breadcrumb"]:
                        one["metadata"]["selected"] = entry["tap_stream_id"] in streams
            flags += ["--catalog", self.file("catalog", found)]
        if state is not None:
            flags += ["--state", self.file("state", state)]
        return self.python.good("tap-commercetools", *flags)

    def file(self, name: str, value: Any) -> str:
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(value))
        return str(path)


@pytest.fixture(scope="session")
def tapped(environment: Callable[..., Environment]) -> Environment:
    return environment("tap", ["{wheel}[singer]"])


@pytest.fixture
def tap(tapped: Environment, sandbox: Sandbox, tmp_path: Path) -> Tap:
    return Tap(tapped, tmp_path, {**sandbox.settings(), "settle_seconds": 0, "lookback_seconds": 0})


def last_state(answer: Response) -> Any:
    return [line["value"] for line in answer.lines() if line["type"] == "STATE"][-1]


def counts(sandbox: Sandbox) -> dict[str, int]:
    return {row.name: len(sandbox.records(row.name)) for row in streams_of(None)}


def change(sandbox: Sandbox) -> None:
    """Change one customer and add one, an hour after the last run and an hour before the next."""
    sandbox.clock.advance(3600)
    sandbox.update("customers", sandbox.records("customers")[0]["id"], {"firstName": "Somebody"})
    sandbox.create("customers", {"email": "new@example.com"})
    sandbox.clock.advance(3600)


def test_singers_own_checker_accepts_every_line(tap: Tap, environment: Callable[..., Environment]) -> None:
    said = tap().out
    checked = environment("singer-tools", ["singer-tools==0.4.1"]).good("singer-check-tap", said=said)
    assert f"{len(streams_of(None))} schema messages" in checked.out.decode()


def test_target_jsonl_holds_every_record_and_then_only_what_changed(
    tap: Tap, environment: Callable[..., Environment], sandbox: Sandbox
) -> None:
    python = environment("target-jsonl", ["target-jsonl==0.1.4", "setuptools<81"])
    folder = tap.folder / "out"
    folder.mkdir()
    config = tap.file("target", {"destination_path": str(folder), "do_timestamp_file": False})

    def held() -> dict[str, int]:
        return {path.stem: len(path.read_text().splitlines()) for path in folder.glob("*.jsonl")}

    before = counts(sandbox)
    first = tap()
    state = python.good("target-jsonl", "--config", config, said=first.out).out
    assert held() == before
    change(sandbox)
    python.good("target-jsonl", "--config", config, said=tap(json.loads(state.splitlines()[-1])).out)
    again = {name for name, stream in STREAMS.items() if stream.cursor is None}
    added = {name: count - before[name] for name, count in held().items() if name not in again}
    messages = len(sandbox.records("messages")) - before["messages"]
    assert {name: count for name, count in added.items() if count} == {"customers": 2, "messages": messages}


def test_target_postgres_holds_every_record_twice_loaded(
    tap: Tap, environment: Callable[..., Environment], sandbox: Sandbox, postgres: Postgres
) -> None:
    python = environment("target-postgres", ["meltanolabs-target-postgres==0.8.1"])
    where = {"host": "127.0.0.1", "port": postgres.port, "user": "postgres", "password": "none", "database": "postgres"}
    config = tap.file("target", {**where, "default_target_schema": "singer"})
    first = tap()
    state = python.good("target-postgres", "--config", config, said=first.out).out
    assert postgres.counts("singer") == counts(sandbox)
    change(sandbox)
    second = tap(json.loads(state.splitlines()[-1]))
    customers = [line for line in second.lines() if line["type"] == "RECORD" and line["stream"] == "customers"]
    assert len(customers) == 2
    python.good("target-postgres", "--config", config, said=second.out)
    assert postgres.counts("singer") == counts(sandbox)
    assert postgres.query("""select count(*) from singer.customers where "firstName" = 'Somebody'""") == [["1"]]


def test_a_full_read_lets_target_postgres_remove_what_is_gone(
    tap: Tap, environment: Callable[..., Environment], sandbox: Sandbox, postgres: Postgres
) -> None:
    python = environment("target-postgres", ["meltanolabs-target-postgres==0.8.1"])
    where = {"host": "127.0.0.1", "port": postgres.port, "user": "postgres", "password": "none", "database": "postgres"}
    config = tap.file("target", {**where, "default_target_schema": "versions", "hard_delete": True})
    for _ in range(2):
        said = tap(streams=["zones", "stores"], emit_activate_version_messages=True).out
        python.good("target-postgres", "--config", config, said=said)
        held = {name: len(sandbox.records(name)) for name in ("zones", "stores")}
        assert postgres.counts("versions") == held
        sandbox.delete("zones", sandbox.records("zones")[0]["id"])
        sandbox.clock.advance(3600)


@pytest.mark.parametrize("hard", [1, 0])
def test_deletions_reach_the_target_of_pipelinewise(
    tap: Tap, environment: Callable[..., Environment], sandbox: Sandbox, postgres: Postgres, hard: int
) -> None:
    python = environment("pipelinewise-target-postgres", ["pipelinewise-target-postgres==2.1.2", "setuptools<81"])
    schema = f"deletions_{hard}"
    where = {"host": "127.0.0.1", "port": postgres.port, "user": "postgres", "password": "none", "dbname": "postgres"}
    config = tap.file("target", {**where, "default_target_schema": schema, "hard_delete": bool(hard)})
    streams = ["orders", "stores"]
    before = {name: len(sandbox.records(name)) for name in streams}
    first = tap(streams=streams, emit_deletions=True)
    python.good("target-postgres", "--config", config, said=first.out)
    assert postgres.counts(schema) == before
    sandbox.clock.advance(3600)
    gone = {name: sandbox.records(name)[0] for name in streams}
    for name, record in gone.items():
        sandbox.delete(name, record["id"])
    sandbox.clock.advance(3600)
    second = tap(last_state(first), streams=streams, emit_deletions=True)
    python.good("target-postgres", "--config", config, said=second.out)
    assert postgres.counts(schema) == {name: count - hard for name, count in before.items()}
    for name, record in gone.items():
        found = postgres.query(f'select id from "{schema}"."{name}" where {COLUMN} is not null')
        assert found == ([] if hard else [[record["id"]]])
    if not hard:
        numbers = postgres.query(f'select ordernumber from "{schema}".orders where {COLUMN} is not null')
        assert numbers == [[gone["orders"]["orderNumber"]]]


def test_meltano_installs_and_runs_the_repositorys_project(
    environment: Callable[..., Environment], sandbox: Sandbox, tmp_path: Path
) -> None:
    meltano = environment("meltano", ["meltano==4.4.1"])
    project = tmp_path / "project"
    project.mkdir()
    for name in ("meltano.yml", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project)
    for name in ("hook", "src"):
        shutil.copytree(ROOT / name, project / name)
    config = {**sandbox.settings(), "settle_seconds": 0, "lookback_seconds": 0}
    environ = {
        **{f"TAP_COMMERCETOOLS_{name.upper()}": str(value) for name, value in config.items()},
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "MELTANO_HUB_URL": "http://127.0.0.1:9",
        "HOME": str(tmp_path),
    }

    def run(*words: str) -> Response:
        return meltano.good("meltano", *words, cwd=project, environ=environ)

    run("install")
    (project / "output").mkdir()
    run("config", "test", "tap-commercetools")
    for name in ("customers", "zones"):
        run("select", "tap-commercetools", name, "*")
    run("run", "tap-commercetools", "target-jsonl")

    def held() -> dict[str, int]:
        return {path.stem: len(path.read_text().splitlines()) for path in (project / "output").glob("*.jsonl")}

    before = {name: len(sandbox.records(name)) for name in ("customers", "zones")}
    assert held() == before
    change(sandbox)
    run("run", "tap-commercetools", "target-jsonl")
    assert held() == {**before, "customers": before["customers"] + 2}
    state = run("state", "get", "dev:tap-commercetools-to-target-jsonl").out
    assert b'"customers"' in state
