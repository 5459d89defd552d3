"""Commands that only read leave everything as it is; commands that write leave alone what they did not make."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
from typing import TYPE_CHECKING

import duckdb
import pytest

from commercetools_source.cli import app
from commercetools_source.destinations.duckdb import DuckDB
from commercetools_source.errors import DestinationError
from destinations.trees import snapshot
from manifests import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from commercetools_source.sandbox import Sandbox

DESTINATIONS = ["shop.duckdb", "parquet:data", "jsonl:data"]
READING = [["state", "show"], ["plan", "--streams", "zones,orders"], ["verify", "--streams", "zones,orders"]]
WRITING = [
    ["sync", "--streams", "zones"],
    ["sync", "--streams", "zones,orders", "--full"],
    ["sweep", "--streams", "orders"],
    ["backfill", "--since", "2020-01-01", "--streams", "orders"],
    ["state", "reset", "zones"],
]


pytestmark = pytest.mark.usefixtures("in_folder")


def run(command: list[str], destination: str) -> int:
    return app.run([*command, "--destination", destination])


@pytest.mark.parametrize("destination", DESTINATIONS)
@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_command_that_reads_changes_no_byte(
    command: list[str],
    destination: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    sync_into: Callable[[str], None],
) -> None:
    sync_into(destination)
    if (folder := tmp_path / "data").exists():  # what a run would mend or remove is left to a run
        manifest = read_manifest(folder)
        begun = f"part-{manifest.streams['orders'].next:06d}-{manifest.run}.{manifest.suffix}"
        (folder / "orders" / begun).touch()
        (folder / ".lock").unlink()
        for name in ("latest.sql", "orders/columns.parquet"):
            (folder / name).unlink(missing_ok=True)
    before = snapshot(tmp_path)
    status = run(command, destination)
    assert status == (2 if command[0] == "verify" and destination.startswith("jsonl") else 0), capsys.readouterr().err
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("destination", DESTINATIONS)
@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_command_that_reads_leaves_nothing_where_nothing_was_stored(
    command: list[str], destination: str, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "notes.txt").touch()
    with duckdb.connect("shop.duckdb") as connection:
        connection.execute("CREATE TABLE theirs AS SELECT 1 AS one")
    before = snapshot(tmp_path)
    run(command, destination)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("destination", ["parquet:data", "jsonl:data"])
@pytest.mark.parametrize("command", [*WRITING, *READING], ids=" ".join)
def test_no_command_touches_other_destinations_and_copies_in_its_folder(
    command: list[str], destination: str, tmp_path: Path, sync_into: Callable[[str], None]
) -> None:
    sync_into(destination)
    for name in ("parquet:data/pq", "jsonl:data/lines", "data/shop.duckdb"):
        sync_into(name)
    data = tmp_path / "data"
    shutil.copytree(data / "orders", data / "backup")
    foreign = [data / name for name in ("pq", "lines", "backup")]
    before, file = [snapshot(path) for path in foreign], (data / "shop.duckdb").read_bytes()
    run(command, destination)
    assert [snapshot(path) for path in foreign] == before
    assert (data / "shop.duckdb").read_bytes() == file


@pytest.mark.parametrize("command", [*WRITING, *READING], ids=" ".join)
@pytest.mark.parametrize(("first", "second"), [("jsonl", "parquet"), ("parquet", "jsonl")])
def test_every_command_refuses_a_folder_of_another_format(
    first: str, second: str, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sync", "--streams", "zones"], f"{first}:data") == 0
    before = snapshot(tmp_path)
    capsys.readouterr()
    assert run(command, f"{second}:data") != 0
    compares = command[0] in {"verify", "sweep"} and second == "jsonl"
    wanted = "cannot be compared" if compares else f"data holds {first} files, so no {second} files are written there"
    assert wanted in capsys.readouterr().err
    assert snapshot(tmp_path) == before


@pytest.fixture(scope="module", params=["parquet", "jsonl"])
def stored(request: pytest.FixtureRequest, synced: Callable[[str], Path]) -> Path:
    """A folder that a run wrote, called as its format is; not to be changed."""
    name = str(request.param)
    return synced(f"{name}:{name}") / name


@pytest.mark.parametrize("command", [*WRITING, *READING], ids=" ".join)
def test_every_command_says_in_a_line_that_a_manifest_is_damaged(
    command: list[str], stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(stored, tmp_path / "data")
    (tmp_path / "data" / ".lock").unlink()
    manifest = tmp_path / "data" / "manifest.json"
    text = manifest.read_bytes()
    for damaged, reason in [
        (b"", "is empty"),
        (text[: len(text) // 2], "is broken, or not of commercetools-source"),
        (text.replace(b'"format": 1', b'"format": 99', 1), "has format 99, this version reads 1; upgrade"),
        (text.replace(b'"orders":', b'"zones": {"key": ["id"]}, "orders":', 1), "has 'zones' twice"),
    ]:
        manifest.write_bytes(damaged)
        before = snapshot(tmp_path)
        capsys.readouterr()
        assert run(command, f"{stored.name}:data") != 0
        compares = command[0] in {"verify", "sweep"} and stored.name == "jsonl"
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        assert ("cannot be compared" if compares else reason) in line
        assert snapshot(tmp_path) == before


def test_a_damaged_file_stops_its_stream_in_every_command_until_it_is_read_again(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(stored, tmp_path / "data")
    destination = f"{stored.name}:data"
    (file,) = (tmp_path / "data" / "orders").glob("part-*")
    file.write_bytes(file.read_bytes()[:-10])
    before, orders = snapshot(tmp_path), snapshot(tmp_path / "data" / "orders")
    reason = "bytes where the manifest says"
    for command in (["state", "show"], ["plan", "--streams", "orders"], ["verify", "--streams", "orders"]):
        status = run(command, destination)
        said = "".join(capsys.readouterr())
        compares = command[0] == "verify" and stored.name == "jsonl"
        assert ("cannot be compared" if compares else reason) in said
        assert status == (0 if command[0] == "state" else 2 if compares else 1)
        assert snapshot(tmp_path) == before
    for command in (
        ["sync", "--streams", "orders,zones"],
        ["backfill", "--since", "2020-01-01", "--streams", "orders"],
        ["backfill", "--since", "2020-01-01"],
    ):
        assert run(command, destination) == 1
        assert reason in "".join(capsys.readouterr())
        assert snapshot(tmp_path / "data" / "orders") == orders
    assert run(["state", "reset", "orders"], destination) == 0
    assert run(["sync", "--streams", "orders,zones"], destination) == 0
    assert not file.exists()
    (file,) = (tmp_path / "data" / "orders").glob("part-*")
    file.write_bytes(b"")
    assert run(["sync", "--streams", "orders", "--full"], destination) == 0
    assert run(["sync", "--streams", "orders"], destination) == 0


def test_a_missing_file_is_named_by_every_command_that_would_pass_over_its_stream(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(stored, tmp_path / "data")
    destination = f"{stored.name}:data"
    (file,) = (tmp_path / "data" / "orders").glob("part-*")
    file.unlink()
    before = snapshot(tmp_path)
    commands = [["state", "show"], ["state", "show", "--json"], ["verify"], ["verify", "--streams", "orders"]]
    commands += [["sweep"], ["sweep", "--streams", "orders"]]
    for command in commands if stored.name == "parquet" else commands[:2]:
        status = run(command, destination)
        assert f"orders/{file.name} is missing" in "".join(capsys.readouterr())
        assert status == (0 if command[0] == "state" else 1)
        assert snapshot(tmp_path) == before or command[0] == "sweep"
    for streams in ([], ["--streams", "orders"]):
        assert run(["backfill", "--since", "2020-01-01", *streams], destination) == 1
        assert f"orders/{file.name} is missing" in "".join(capsys.readouterr())
    assert run(["sync", "--streams", "orders"], destination) == 0
    assert f"orders/{file.name} is missing" in "".join(capsys.readouterr())
    assert run(["backfill", "--since", "2020-01-01"], destination) == 0


MISTYPED = [
    ":memory:",
    "duckdb::memory:",
    "parquet::memory:",
    "sqlite:shop.db",
    "mx:shop",
    "duckdb://shop.duckdb",
    "parquet:http://bucket/prefix",
    "jsonl:s3://key:SECRET@bucket",
    "postgres://u:SECRET@h/shop.db",
    "DuckDB:shop",
    "shop",
    "",
    "jsonl:",
    "~nobody-of-this-name/shop.db",
    "parquet:a\nb",
]
ODD = [
    f"{name}{place}" for name in ("duckdb:", "parquet:", "jsonl:") for place in ("x" * 300, "no/such/folder", "file/x")
]


@pytest.mark.parametrize("command", [*WRITING, *READING], ids=" ".join)
def test_every_command_refuses_a_mistyped_destination_in_a_line(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    before = snapshot(tmp_path)
    for destination in MISTYPED:
        assert run(command, destination) == 2, destination
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        assert "SECRET" not in line
    for destination in ODD:
        status = run(command, destination)
        if command[0] != "plan" or "x" * 300 in destination:  # what is not there yet can be planned
            assert status == 1, destination
            (line,) = [text for text in capsys.readouterr().err.splitlines() if text.startswith("error: ")]
            assert line
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["s3://bucket/shop.svg", "sqlite:shop.svg", "https://u:SECRET@host/shop.svg"])
@pytest.mark.parametrize(
    "command",
    [
        ["demo", "--path"],
        ["schema", "--erd"],
        ["sync", "-d", "shop.db", "--publish"],
        ["sync", "-d", "shop.db", "--metrics"],
    ],
    ids=" ".join,
)
def test_no_option_makes_a_file_that_is_called_like_a_url(
    command: list[str], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run([*command, name]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{command[-1]} begins like a URL ({name.partition(':')[0]}:); name a file on this machine" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "command",
    [
        ["schema", "zones", "--erd", "theirs.svg"],
        ["schema", "zones", "--erd", "theirs.mmd"],
        ["report", "-d", "shop.db", "-o", "theirs.html"],
        ["sync", "-d", "shop.db", "--streams", "zones", "--metrics", "theirs.txt"],
        ["sync", "-d", "shop.db", "--streams", "zones", "--metrics", "shop.db"],
        ["sync", "-d", "shop.db", "--streams", "zones", "--metrics", "folder"],
        ["sync", "-d", "shop.db", "--streams", "zones", "--metrics", "/dev/null"],
        ["sync", "-d", "shop.db", "--streams", "zones", "--publish", "theirs.txt"],
        ["sync", "-d", "shop.db", "--streams", "zones", "--publish", "folder"],
        ["sync", "-d", "shop.db", "--streams", "zones", "--publish", "nowhere/copy.db"],
        ["sync", "-d", "shop.db", "--streams", "zones", "--publish", "round"],
        ["sync", "-d", "shop.db", "--streams", "zones", "--publish", "shop.db"],
        ["sync", "-d", "shop.db", "--streams", "zones", "--metrics", "round"],
        ["schema", "zones", "--erd", "round.svg"],
        ["demo", "--size", "tiny", "--path", "theirs.txt"],
        ["demo", "--size", "tiny", "--path", "round"],
    ],
    ids=" ".join,
)
def test_no_option_replaces_a_file_that_it_did_not_write(
    small: Sandbox, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sync", "--streams", "zones"], "shop.db") == 0
    (tmp_path / "folder").mkdir()
    # As ours begin, too.
    theirs = {
        "svg": "<svg></svg>",
        "mmd": "erDiagram\n",
        "txt": "# HELP a",
        "html": "<!DOCTYPE html>\n<html lang='en'>",
    }
    for suffix, text in theirs.items():
        (tmp_path / f"theirs.{suffix}").write_text(text)
    for name in ("round", "round.svg"):
        (tmp_path / name).symlink_to(tmp_path / name)
    before, asked = snapshot(tmp_path), len(small.requests)
    capsys.readouterr()
    assert app.run(command) in {1, 2}
    (line,) = capsys.readouterr().err.splitlines()
    assert command[-1] in line
    assert max(line.count("cannot "), line.count("choose another name"), line.count(command[-1])) <= 2
    assert line.count("; choose") <= 1
    assert snapshot(tmp_path) == before
    assert len(small.requests) == asked  # nobody waits for a run that ends with this


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--metrics", "same", "--report", "same"], "--report is same, and so is --metrics"),
        (["--publish", "./same", "--metrics", "same"], "--metrics is same, and so is --publish"),
        (["--report", "shop.db"], "--report is shop.db, and so is the destination"),
        (["--metrics", "link/shop.db"], "--metrics is link/shop.db, and so is the destination"),
        (["--publish", "shop.db"], "--publish is shop.db, and so is the destination"),
    ],
)
def test_no_two_options_name_the_same_file_also_where_it_is_not_there_yet(
    small: Sandbox, options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    asked = len(small.requests)
    assert app.run(["sync", "-d", "duckdb:shop.db", "--streams", "zones", *options]) == 2
    assert capsys.readouterr().err == f"error: {said}; name another file\n"
    assert [path.name for path in tmp_path.iterdir()] == ["link"]
    assert len(small.requests) == asked


def test_no_option_touches_what_lies_beside_the_file_that_it_writes(tmp_path: Path) -> None:
    commands = [
        ["schema", "zones", "--erd", "zones.svg"],
        ["sync", "-d", "shop.db", "--streams", "zones", "--metrics", "shop.prom", "--publish", "copy.db"],
        ["sync", "-d", "shop.db", "--streams", "zones", "--report", "page.html"],
    ]
    beside = [f"{name}.tmp" for name in ("zones.svg", "shop.prom", "copy.db", "page.html")]
    for name in beside:
        (tmp_path / name).write_text("theirs")
    names = ("zones.svg", "shop.prom", "copy.db", "page.html")
    for _ in range(2):
        for command in commands:
            assert app.run(command) == 0
        modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names}
        for name in names:
            (tmp_path / name).chmod(0o600)
    assert set(modes.values()) == {0o600}  # what is personal in a copy stays closed to whom it was closed
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*beside, *names, "shop.db"])
    assert all((tmp_path / name).read_text() == "theirs" for name in beside)


def test_a_link_that_an_option_names_stays_and_the_file_it_points_to_is_written(tmp_path: Path) -> None:
    commands = [
        ["schema", "zones", "--erd", "zones.svg"],
        ["sync", "-d", "shop.db", "--streams", "zones", "--metrics", "shop.prom", "--report", "page.html"],
        ["report", "-d", "shop.db", "-o", "other.html"],
    ]
    names = ("zones.svg", "shop.prom", "page.html", "other.html")
    (tmp_path / "shared").mkdir()
    for name in names:
        (tmp_path / "shared" / name).touch()
        (tmp_path / name).symlink_to(f"shared/{name}")
    for command in commands * 2:
        assert app.run(command) == 0
    for name in names:
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / "shared" / name).stat().st_size > 0
    assert {path.name for path in (tmp_path / "shared").iterdir()} == {*names}


@pytest.mark.parametrize("command", [*WRITING, ["demo", "--size", "tiny", "--path"]], ids=" ".join)
def test_a_log_without_its_database_is_somebody_elses(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop.db.wal").write_text("what could not be stored of a database")
    before = snapshot(tmp_path)
    status = app.run([*command, "shop.db"]) if command[0] == "demo" else run(command, "shop.db")
    assert status == 1
    assert "shop.db" in capsys.readouterr().err
    assert snapshot(tmp_path) == before


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resource = pytest.importorskip("resource")
    command = ["sync", "-d", "shop.db", "--streams", "zones", "--metrics", "shop.prom", "--publish", "copy.db"]
    assert app.run(["schema", "zones", "--erd", "zones.svg"]) == 0
    assert app.run(command) == 0
    before = {name: (tmp_path / name).read_bytes() for name in ("zones.svg", "copy.db")}
    capsys.readouterr()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # a disk with 1,000 bytes for each file
        assert app.run(["schema", "zones", "--erd", "zones.svg"]) == 1
        with pytest.raises(DestinationError, match=r"cannot publish .*copy.db"):
            DuckDB(tmp_path / "shop.db").publish(tmp_path / "copy.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, former)
    assert "cannot write zones.svg: File too large" in capsys.readouterr().err
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "shop.db", "shop.prom", "zones.svg"]


@pytest.mark.parametrize("command", [*WRITING, *READING, ["runs"], ["report"], ["forget", "one"]], ids=" ".join)
def test_a_name_with_a_backslash_leads_to_no_file_of_a_folder(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """DuckDB takes `data\\shop.db` for the file `shop.db` of the folder `data` on every system."""
    (tmp_path / "data").mkdir()
    with duckdb.connect("data/shop.db") as connection:
        connection.execute("CREATE TABLE theirs AS SELECT 1 AS one")
    (tmp_path / r"data\shop.db").write_bytes((tmp_path / "data" / "shop.db").read_bytes())
    (tmp_path / r"data\folder").mkdir()
    before = snapshot(tmp_path)
    for destination in (r"data\shop.db", r"duckdb:data\new", r"parquet:data\folder", r"parquet:data\folder/new"):
        status = run(command, destination)
        err = capsys.readouterr().err
        is_new = "new" in destination and (command[0] == "plan" or "does not exist" in err)  # there is nothing to read
        assert is_new or (status == 2 and "backslash" in err), destination
        assert snapshot(tmp_path) == before, destination
    if command[0] == "sync":
        assert run([*command, "--publish", r"data\shop.db"], "shop.db") == 2
        assert "backslash" in capsys.readouterr().err
        assert snapshot(tmp_path) == before


@pytest.mark.parametrize("command", [*WRITING, *READING, ["runs"], ["report"], ["forget", "one"]], ids=" ".join)
def test_what_is_neither_file_nor_folder_is_not_opened(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe.db")
    (tmp_path / "link.db").symlink_to("/dev/full")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.db")
    before = snapshot(tmp_path)
    for name in ("pipe.db", "socket.db", "link.db", "duckdb:/dev/null", "duckdb:/dev/full"):
        assert run(command, name) == 1, name
        line = capsys.readouterr().err.splitlines()[-1]
        assert "is no regular file, so nothing is written there" in line
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("kind", ["", "parquet:", "jsonl:"])
@pytest.mark.parametrize("command", [*WRITING, *READING], ids=" ".join)
def test_links_that_lead_nowhere_are_called_so(
    command: list[str], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "round.db").symlink_to(tmp_path / "other.db")
    (tmp_path / "other.db").symlink_to(tmp_path / "round.db")
    before = snapshot(tmp_path)
    for name in ("round.db", "round.db/data.db"):
        status = run(command, f"{kind}{name}")
        if command[0] == "plan":  # what is not there yet can be planned
            continue
        (line,) = [text for text in capsys.readouterr().err.splitlines() if text.startswith("error: ")]
        assert status in {1, 2}
        assert " is a file" not in line
        assert "cannot be compared" in line or "round.db" in line
    assert snapshot(tmp_path) == before


def test_an_option_replaces_what_it_wrote_and_nothing_that_came_meanwhile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop.prom").touch()
    for _ in range(2):
        for picture in ("zones.svg", "zones.mmd"):
            assert app.run(["schema", "zones", "--erd", picture]) == 0
        assert run(["sync", "--streams", "zones", "--metrics", "shop.prom"], "shop.db") == 0
    assert (tmp_path / "shop.prom").read_text().startswith("# HELP")
    capsys.readouterr()
    (tmp_path / "data").mkdir()
    assert run(["sync", "--streams", "zones", "--metrics", "data/manifest.json"], "jsonl:data") == 0
    assert "no metrics were written: --metrics is data/manifest.json" in capsys.readouterr().err
    assert run(["state", "show"], "jsonl:data") == 0
