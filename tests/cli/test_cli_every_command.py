"""Every command that the application has, whatever will be added to it: what it did not make it leaves alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest
import typer

from commercetools_source.cli import app
from commercetools_source.destinations import DESTINATIONS
from destinations.conformance import CASES
from destinations.trees import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import click

WRITING = {
    "sync": ["--streams", "zones", "--wait", "1s"],
    "backfill": ["--since", "2020-01-01", "--streams", "orders"],
    "sweep": ["--streams", "orders"],
    "state reset": ["zones"],
    "report": [],
    "forget": ["a-customer"],
}
"""What each command that writes is called with; all others read, whether they are named here or not."""
READING = {"verify": ["--streams", "orders"], "plan": ["--streams", "zones,orders"]}
SERVING = "sandbox"
DEMO = "demo"  # tests/cli/test_demo.py has the same for it, where it runs anyway
INIT = "init"  # it asks, and writes a file: what it leaves alone, tests/cli/test_cli_init.py tries
FOREIGN = [
    *("notes.txt", "manifest.json", ".lock", "latest.sql", "manifest.json.tmp", "_commercetools_runs.jsonl.tmp"),
    *("shop.db.tmp", "shop.db.bak", "backup/manifest.json", ".cache/commercetools"),
    *("data/notes.txt", "data/backup/part-000001-0a1b2c3d.jsonl", "data/orders/notes.txt", "data/manifest.json.bak"),
]


def leaves(command: click.Command, names: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield each command that can be typed, with its words."""
    inner: Mapping[str, click.Command] = getattr(command, "commands", {})
    for name, child in inner.items():
        yield from leaves(child, (*names, name))
    if not inner:
        yield " ".join(names), command


COMMANDS = dict(leaves(typer.main.get_command(app.app)))
STORING = [name for name, command in COMMANDS.items() if any(one.name == "destination" for one in command.params)]
PLACES = [
    pytest.param(
        f"{row.name}:{'shop.db' if row.suffixes else 'data'}",
        marks=pytest.mark.skipif(bool(CASES[row.name].lacks), reason=CASES[row.name].lacks),
    )
    for row in DESTINATIONS
]


pytestmark = pytest.mark.usefixtures("in_folder")


def arguments(name: str) -> list[str]:
    return [*name.split(), *WRITING.get(name, READING.get(name, []))]


def lay_foreign(folder: Path) -> None:
    """Put files of somebody else among those of a destination, and beside them."""
    for name in FOREIGN:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"somebody else's {name}")
    with duckdb.connect(str(folder / "other.db")) as connection:
        connection.execute("CREATE TABLE zones AS SELECT 1 AS number")


def test_the_commands_that_write_are_among_those_that_there_are() -> None:
    assert WRITING.keys() | READING.keys() | {SERVING, DEMO, INIT} <= COMMANDS.keys()
    assert {"runs", "state show", "verify", "sync"} <= set(STORING)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", STORING)
def test_no_command_touches_what_lies_in_and_beside_its_destination(
    name: str, place: str, tmp_path: Path, sync_into: Callable[[str], None]
) -> None:
    if name != "sync":
        sync_into(place)
    lay_foreign(tmp_path)
    everything = snapshot(tmp_path)
    foreign = {path: state for path, state in everything.items() if path in {*FOREIGN, "other.db"}}
    app.run([*arguments(name), "-d", place])
    after = snapshot(tmp_path)
    assert {path: after.get(path) for path in foreign} == foreign
    if name not in WRITING:
        assert after == everything


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - set(STORING) - {SERVING, DEMO, INIT}))
def test_no_command_without_a_destination_touches_what_lies_about(name: str, tmp_path: Path) -> None:
    lay_foreign(tmp_path)
    before = snapshot(tmp_path)
    app.run(arguments(name))
    assert snapshot(tmp_path) == before


def test_a_served_shop_leaves_no_file(tmp_path: Path) -> None:
    lay_foreign(tmp_path)
    before = snapshot(tmp_path)
    command = [sys.executable, "-m", "commercetools_source", SERVING, "--size", "tiny", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ)) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
    assert snapshot(tmp_path) == before
