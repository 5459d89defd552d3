"""A destination touches what its own manifest names or its own run began, and nothing that somebody else made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commercetools_source.destinations import DuckDB, Jsonl, Parquet
from commercetools_source.errors import DestinationError, StateError
from commercetools_source.extract.checkpoint import StreamState
from destinations.deliveries import BOUND, CURSOR
from destinations.trees import snapshot
from manifests import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from commercetools_source.catalog.schema import Column
    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.delivery import Delivery

    Make = Callable[..., Delivery]
    Store = Callable[..., "Jsonl | Parquet"]

FOLDERS = pytest.mark.parametrize("kind", ["jsonl", "parquet"])


@pytest.fixture
def store(fields: Callable[[Stream], list[Column]], load: Make) -> Store:
    """Return what makes the destination of a folder; with records, one that has stored them and is closed again."""

    def make(kind: str, folder: Path, *records: dict[str, Any]) -> Jsonl | Parquet:
        made = Jsonl(folder) if kind == "jsonl" else Parquet(folder, fields)
        if records:
            made.open()
            made.write(load(list(records)))
            made.close()
        return made

    return make


def use(destination: Jsonl | Parquet, load: Make, delivery: Make) -> None:
    """Do with a destination whatever can be done with one, over two runs."""
    for number in range(2):
        destination.open()
        destination.write(delivery([{"id": "merged", "version": number}], done=True))
        destination.write(delivery([{"id": "1"}], replaces=True, first=True))
        destination.reset(load([]).stream)
        destination.write(load([{"id": "2"}]))
        destination.write(load([{"id": "3"}], name=f"others_{number}"))
        if isinstance(destination, Parquet):
            destination.mark_deleted(load([]).stream, {"2": "2024-02-01T00:00:00.000Z"})
        destination.close()
        destination.open_read_only()
        destination.close()


@FOLDERS
@pytest.mark.parametrize("other", ["jsonl", "parquet"])
def test_other_folders_of_data_inside_are_left_alone(
    kind: str, other: str, tmp_path: Path, store: Store, load: Make, delivery: Make
) -> None:
    outer = tmp_path / "data"
    destination = store(kind, outer, {"id": "1"})
    inner = store(other, outer / "inner", {"id": "inner"})
    shutil.copytree(outer / "things", outer / "backup")
    shutil.copytree(outer / "things", outer / "things" / "backup")
    shutil.copytree(outer / "things", outer / "others_0" / "copy")
    shutil.copytree(outer, tmp_path / "whole")
    (tmp_path / "whole").rename(outer / "whole")
    foreign = ["inner", "backup", "things/backup", "others_0/copy", "whole"]
    before = [snapshot(outer / name) for name in foreign]
    use(destination, load, delivery)
    assert [snapshot(outer / name) for name in foreign] == before
    assert inner.open_read_only() == {"things": StreamState(cursor=CURSOR)}
    inner.close()


@FOLDERS
def test_files_named_as_those_of_another_run_are_left_alone(
    kind: str, tmp_path: Path, store: Store, load: Make, delivery: Make
) -> None:
    folder = tmp_path / "data"
    destination = store(kind, folder, {"id": "1"})
    names = [
        f"{place}/part-{number:06d}-0123abcd.{kind}{end}"
        for place in ("things", "things/_loading", "elsewhere", "elsewhere/_loading", ".")
        for number in (1, 2, 9)
        for end in ("", ".tmp")
    ]
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        if kind == "jsonl" or name.endswith(".tmp") or "elsewhere" in name:
            (folder / name).write_text("of somebody else")
    before = {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}
    use(destination, load, delivery)
    assert {name: (folder / name).read_bytes() for name in before} == before


@pytest.mark.parametrize("first", ["jsonl", "parquet"])
def test_a_destination_around_one_that_was_there_first_leaves_it_alone(
    first: str, tmp_path: Path, store: Store, load: Make, delivery: Make
) -> None:
    store(first, tmp_path / "inner", {"id": "1"})
    before = snapshot(tmp_path / "inner")
    use(store("jsonl", tmp_path), load, delivery)
    assert snapshot(tmp_path / "inner") == before


# --- what a run that was cut off left ---

STEPS = """
import os, shutil, signal, sys
from pathlib import Path
import msgspec
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Phase
from commercetools_source.destinations import Jsonl
from commercetools_source.destinations.manifest import load_manifest
from commercetools_source.destinations.store.local import Local
from commercetools_source.catalog.stream import Stream

CURSOR = "2024-06-01T00:00:00.000Z"
THINGS, OTHERS = (Stream(name=name, path="/x", item="X", scopes=(), key=("id",)) for name in ("things", "others"))

EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}

def work(folder):
    destination = Jsonl(folder)
    destination.open()
    def deliver(stream, phase=Phase.MERGE_LAST):
        state = StreamState(cursor=CURSOR) if phase.last else StreamState(mode="full", bound=CURSOR)
        destination.write(Delivery(stream, [msgspec.Raw(b'{"id":"1"}')], 10, state, phase))
    deliver(THINGS)
    deliver(THINGS, Phase.FULL_FIRST)
    deliver(THINGS, Phase.FULL_LAST)
    deliver(OTHERS, Phase.FULL_FIRST)
    destination.reset(OTHERS)
    deliver(OTHERS, Phase.FULL_ONLY)
    destination.close()

def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}

def cut_off(folder, step):
    left = [step]
    def count(event, arguments):
        if event in EVENTS and str(arguments[0]).startswith(str(folder)):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)
    work(folder)

root = Path(sys.argv[1])
work(root / "base")
foreign = root / "base" / "things" / "part-000002-0123abcd.jsonl"
foreign.touch()
kept = {".lock", "manifest.json", "things/" + foreign.name}
step = killed = 0
while True:
    step += 1
    folder = root / str(step)
    shutil.copytree(root / "base", folder)
    child = os.fork()
    if child == 0:
        cut_off(folder, step)
        os._exit(0)
    ended = os.waitpid(child, 0)[1]
    if ended:
        assert os.WTERMSIG(ended) == signal.SIGKILL, ended
    killed += bool(ended)
    before = files(folder) - kept
    Jsonl(folder).open()
    streams = load_manifest(Local(folder), "jsonl").streams
    listed = {path for table, entry in streams.items() for path in entry.paths(table)}
    assert files(folder) == kept | listed, (step, files(folder) ^ (kept | listed))
    assert all(entry.files for table, entry in streams.items() if entry.state and entry.state.get("cursor")), step
    shutil.rmtree(folder)
    if not ended:
        break
print(killed)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_wherever_a_run_is_killed_the_next_one_removes_exactly_what_it_left(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STEPS, str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout) > 40


# --- commands that only read ---


def broken(kind: str, folder: Path) -> None:
    """Leave what a run would mend: a file begun by the last run, and files for readers that are gone."""
    manifest = read_manifest(folder)
    begun = folder / "things" / f"part-{manifest.streams['things'].next:06d}-{manifest.run}.{kind}"
    begun.write_text("begun")
    begun.with_name(f"{begun.name}.tmp").write_text("begun")
    for name in ("latest.sql", "things/columns.parquet"):
        (folder / name).unlink(missing_ok=True)


@FOLDERS
def test_reading_creates_changes_and_removes_nothing(kind: str, tmp_path: Path, store: Store, load: Make) -> None:
    folder = tmp_path / "data"
    destination = store(kind, folder, {"id": "1", "version": 3})
    broken(kind, folder)
    for lock in (True, False):
        if not lock:
            (folder / ".lock").unlink()
        before = snapshot(tmp_path)
        assert destination.open_read_only() == {"things": StreamState(cursor=CURSOR)}
        with pytest.raises(DestinationError, match="is not open to write"):
            destination.write(load([]))
        destination.close()
        assert snapshot(tmp_path) == before
    destination.open()
    assert sorted(path.name[:11] for path in (folder / "things").glob("part-*")) == ["part-000001"]
    destination.close()


def test_a_comparison_writes_nothing_into_the_folder(
    tmp_path: Path, fields: Callable[[Stream], list[Column]], load: Make
) -> None:
    from commercetools_source.catalog.schema import Column
    from commercetools_source.extract.abilities import Difference, Listed

    folder = tmp_path / "data"
    destination = Parquet(folder, lambda stream: [*fields(stream), Column("createdAt", "datetime", nullable=True)])
    old = "2024-01-01T00:00:00.000Z"
    destination.open()
    destination.write(load([{"id": "1", "version": 1, "createdAt": old}]))
    destination.write(load([], name="nothing"))
    destination.close()
    broken("parquet", folder)
    before = snapshot(folder)
    destination.open_read_only()
    found = destination.compare(load([]).stream, [[Listed("2", 1, old)]], "2025-01-01T00:00:00.000Z")
    assert found == Difference(missing=("2",), stale=(), gone=("1",), held=1, listed=1)
    found = destination.compare(load([], name="nothing").stream, [], "2025-01-01T00:00:00.000Z")
    assert found == Difference((), (), (), 0, 0)
    destination.close()
    assert snapshot(folder) == before


@FOLDERS
def test_a_folder_without_data_stays_as_it_is_when_it_is_read(kind: str, tmp_path: Path, store: Store) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "stray" / "things").mkdir(parents=True)
    (tmp_path / "stray" / "things" / f"part-000001-0123abcd.{kind}").touch()
    before = snapshot(tmp_path)
    empty = store(kind, tmp_path / "empty")
    assert empty.open_read_only() == {}
    empty.close()
    for name, message in {"none": "does not exist", "file": "is a file; name", "stray": "but no manifest"}.items():
        with pytest.raises(DestinationError, match=message):
            store(kind, tmp_path / name).open_read_only()
    assert snapshot(tmp_path) == before


@FOLDERS
def test_a_full_read_cut_off_while_its_files_moved_is_seen_as_the_next_run_sees_it(
    kind: str, tmp_path: Path, store: Store, delivery: Make
) -> None:
    folder, state = tmp_path / "data", StreamState(CURSOR, "full", BOUND)
    destination = store(kind, folder, {"id": "1"})
    destination.open()
    destination.write(delivery([{"id": "2"}], replaces=True, first=True, state=state))
    destination.close()
    (part,) = (folder / "things" / "_loading").iterdir()
    part.replace(folder / "things" / part.name)
    before = snapshot(folder)
    assert destination.open_read_only() == {"things": state}
    destination.close()
    assert snapshot(folder) == before
    assert destination.open() == {"things": state}
    destination.close()


@FOLDERS
@pytest.mark.skipif(sys.platform == "win32", reason="has no shared locks")
def test_many_may_read_a_folder_and_nobody_writes_meanwhile(kind: str, tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "data"
    store(kind, folder, {"id": "1"})
    first, second, writer = (store(kind, folder) for _ in range(3))
    first.open_read_only()
    second.open_read_only()
    with pytest.raises(DestinationError, match="in use by another process, which reads it; wait"):
        writer.open()
    first.close()
    second.close()
    writer.open()
    with pytest.raises(DestinationError, match=f"in use by process {os.getpid()}; wait"):
        first.open_read_only()
    writer.close()


READER = "import duckdb, sys; held = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); input()"


def test_a_duckdb_file_is_read_while_another_process_reads_it(
    tmp_path: Path, load: Make, fields: Callable[[Stream], list[Column]]
) -> None:
    path = tmp_path / "shop.duckdb"
    destination = DuckDB(path, fields)
    destination.open()
    destination.write(load([{"id": "1"}]))
    destination.close()
    before = snapshot(tmp_path)
    command = [sys.executable, "-c", READER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        assert destination.open_read_only() == {"things": StreamState(cursor=CURSOR)}
        destination.close()
        with pytest.raises(DestinationError, match=f"in use by process {reader.pid}"):
            destination.open()
        reader.communicate("\n")
    assert snapshot(tmp_path) == before


def test_rows_that_a_killed_run_left_in_the_log_are_read_without_a_change(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    killed = (
        "import os, sys\nfrom pathlib import Path\nimport msgspec\n"
        "from commercetools_source.extract.checkpoint import StreamState\n"
        "from commercetools_source.extract.delivery import Delivery, Phase\n"
        "from commercetools_source.destinations import DuckDB\n"
        "from commercetools_source.catalog.streams import STREAMS\n"
        "destination = DuckDB(Path(sys.argv[1]))\ndestination.open()\n"
        'raw = [msgspec.Raw(b\'{"id":"1","version":1}\')]\n'
        "state = StreamState(cursor=sys.argv[2])\n"
        "destination.write(Delivery(STREAMS['zones'], raw, 10, state, Phase.FULL_ONLY))\nos._exit(1)"
    )
    assert subprocess.run([sys.executable, "-c", killed, str(path), CURSOR], check=False).returncode == 1
    before = snapshot(tmp_path)
    assert "shop.duckdb.wal" in before
    destination = DuckDB(path)
    assert destination.open_read_only() == {"zones": StreamState(cursor=CURSOR)}
    destination.close()
    assert snapshot(tmp_path) == before


def test_a_duckdb_file_of_somebody_else_gets_no_table_before_there_are_rows(tmp_path: Path, load: Make) -> None:
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE theirs AS SELECT 1 AS one")
    before = snapshot(tmp_path)
    destination = DuckDB(path)
    assert destination.open_read_only() == {}
    destination.close()
    assert snapshot(tmp_path) == before
    assert destination.open() == {}
    assert not destination.reset(load([]).stream)
    destination.close()
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("theirs",)]


def test_tables_with_names_of_ours_that_somebody_else_made_are_refused(
    tmp_path: Path, load: Make, delivery: Make, fields: Callable[[Stream], list[Column]]
) -> None:
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA raw; CREATE TABLE raw._loading_things AS SELECT 1 AS one")
    destination = DuckDB(path, fields)
    destination.open()
    for act in (lambda: destination.write(load([{"id": "1"}])), lambda: destination.reset(load([]).stream)):
        with pytest.raises(DestinationError, match=r"table raw\._loading_things that commercetools-source did"):
            act()
    destination.write(load([{"id": "1"}], name="others"))
    destination.write(delivery([{"id": "1"}], name="others", replaces=True, first=True))
    destination.close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP TABLE raw.others; CREATE TABLE raw.others AS SELECT 1 AS one")
    destination.open()
    with pytest.raises(DestinationError, match=r"table raw\.others that commercetools-source did not make"):
        destination.write(delivery([{"id": "2"}], name="others", replaces=True, done=True))
    destination.close()
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("FROM raw._loading_things").fetchall() == [(1,)]
        assert connection.execute("FROM raw.others").fetchall() == [(1,)]


# --- manifests and links that lead out of the folder ---

FILE = {"name": "part-000001-0123abcd.jsonl", "records": 1, "bytes": 1}
ENTRY: dict[str, Any] = {"key": ["id"], "files": [], "loading": [], "next": 1}
OUTSIDE: dict[str, dict[str, Any]] = {
    "a table above": {"streams": {"../victim": ENTRY}},
    "a table far away": {"streams": {"/ABSOLUTE": ENTRY}},
    "a table above, by a detour": {"streams": {"things/../../victim": ENTRY}},
    "a table of another system": {"streams": {"..\\victim": ENTRY}},
    "a hidden table": {"streams": {".git": ENTRY}},
    "no name": {"streams": {"": ENTRY}},
    "a file above": {"streams": {"things": {**ENTRY, "files": [{**FILE, "name": "../../victim/x"}]}}},
    "a file above that is ours by its name": {
        "streams": {"things": {**ENTRY, "loading": [{**FILE, "name": "../../../victim/part-000001-0123abcd.jsonl"}]}}
    },
    "a file far away": {"streams": {"things": {**ENTRY, "loading": [{**FILE, "name": "/ABSOLUTE/x"}]}}},
    "begun above": {"begun": ["../victim"], "run": "0123abcd"},
    "removed above": {"removed": ["../victim/part-000001-0123abcd.jsonl"]},
    "removed far away": {"removed": ["/ABSOLUTE/part-000001-0123abcd.jsonl"]},
    "removed beside": {"removed": ["things/notes.txt"]},
    "a run that is a path": {"run": "/../../../victim/x", "streams": {"things": ENTRY}},
    "a format that is a path": {"suffix": "/../../../victim/x", "streams": {"things": ENTRY}},
}


@FOLDERS
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_manifest_that_leads_out_of_the_folder_is_refused(name: str, kind: str, tmp_path: Path, store: Store) -> None:
    folder, victim = tmp_path / "data", tmp_path / "victim"
    for place in (folder / "things", folder / ".git", victim):
        place.mkdir(parents=True)
        for file in ("x", "part-000001-0123abcd.jsonl", "part-000001-0123abcd.jsonl.tmp", "notes.txt"):
            (place / file).write_text("precious")
    text = json.dumps({"format": 1, "suffix": kind, **OUTSIDE[name]}).replace("/ABSOLUTE", victim.as_posix())
    (folder / "manifest.json").write_text(text)
    (folder / ".lock").touch()
    before = snapshot(tmp_path)
    for act in ("open", "open_read_only"):
        with pytest.raises(StateError, match="which is no file or table of this folder; put the manifest back"):
            getattr(store(kind, folder), act)()
        assert snapshot(tmp_path) == before


LINKS = [
    ".lock",
    "manifest.json",
    "manifest.json.tmp",
    "things",
    "things/_loading",
    ".spill",
    "latest.sql.tmp",
    "things/columns.parquet.tmp",
]


@FOLDERS
@pytest.mark.parametrize("stored", [True, False], ids=["stored before", "a first run"])
@pytest.mark.parametrize("name", LINKS)
@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_nothing_is_written_through_a_link(
    name: str,
    stored: bool,  # noqa: FBT001
    kind: str,
    tmp_path: Path,
    store: Store,
    load: Make,
    delivery: Make,
) -> None:
    folder, outside = tmp_path / "data", tmp_path / "outside"
    destination = store(kind, folder, *([{"id": "1"}] if stored else []))
    is_folder = name in {"things", "things/_loading", ".spill"}
    path, target = folder / name, outside / "target"
    outside.mkdir()
    path.parent.mkdir(parents=True, exist_ok=True)
    if name == "things" and stored:
        (folder / "things").rename(target)
    elif is_folder:
        target.mkdir()
    elif path.exists():
        path.rename(target)
    else:
        target.write_text("precious")
    for column_file in folder.rglob("columns.parquet"):
        column_file.unlink()  # it is to be written again
    if kind == "parquet":
        (folder / "latest.sql").unlink(missing_ok=True)
    path.symlink_to(target, target_is_directory=is_folder)
    before = snapshot(outside)
    if kind == "jsonl" and name in {".spill", "latest.sql.tmp", "things/columns.parquet.tmp"}:
        use(destination, load, delivery)  # these names are nothing to it
    else:
        with pytest.raises(DestinationError, match="is a symbolic link, and nothing is written through"):
            use(destination, load, delivery)
    destination.close()
    assert snapshot(outside) == before
    assert path.is_symlink()


@FOLDERS
def test_a_second_name_of_a_file_somewhere_else_is_not_written_through(
    kind: str, tmp_path: Path, store: Store, load: Make, delivery: Make
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    folder = tmp_path / "data"
    (folder / "things").mkdir(parents=True)
    for name in ("manifest.json.tmp", "latest.sql.tmp", "things/columns.parquet.tmp"):
        os.link(precious, folder / name)
    use(store(kind, folder), load, delivery)
    assert precious.read_text() == "precious"


@FOLDERS
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("manifest.json", "is broken, or not of commercetools-source"),
        (".lock", "is not the lock of a run"),
        ("latest.sql", "was not written by commercetools-source; move it away"),
    ],
)
def test_files_of_somebody_else_with_names_of_ours_are_refused(
    name: str, message: str, kind: str, tmp_path: Path, store: Store, load: Make, delivery: Make
) -> None:
    (tmp_path / name).write_text('{"name": "an app", "streams": {}}')
    before = snapshot(tmp_path)
    destination = store(kind, tmp_path)
    if (kind, name) == ("jsonl", "latest.sql"):
        use(destination, load, delivery)
        assert snapshot(tmp_path)[name] == before[name]
        return
    with pytest.raises((DestinationError, StateError), match=message):
        destination.open()
    assert snapshot(tmp_path) == before


def test_a_columns_file_with_rows_is_refused(tmp_path: Path, store: Store, load: Make) -> None:
    (tmp_path / "things").mkdir()
    theirs = tmp_path / "things" / "columns.parquet"
    pq.write_table(pa.table({"mine": [1]}), theirs)
    before = theirs.read_bytes()
    destination = store("parquet", tmp_path)
    destination.open()
    with pytest.raises(DestinationError, match="has rows, so commercetools-source did not write it"):
        destination.write(load([{"id": "1"}]))
    destination.close()
    assert theirs.read_bytes() == before


# --- one format in a folder ---


@FOLDERS
@pytest.mark.parametrize("said", [True, False], ids=["as written now", "as written before"])
def test_a_folder_holds_one_format(said: bool, kind: str, tmp_path: Path, store: Store) -> None:  # noqa: FBT001
    store(kind, tmp_path / "data", {"id": "1"})
    path = tmp_path / "data" / "manifest.json"
    if not said:
        manifest = json.loads(path.read_text())
        for name in ("suffix", "run", "begun", "removed"):
            del manifest[name]
        path.write_text(json.dumps(manifest))
    before = snapshot(tmp_path)
    other = store("parquet" if kind == "jsonl" else "jsonl", tmp_path / "data")
    for act in (other.open, other.open_read_only):
        with pytest.raises(DestinationError, match=f"holds {kind} files, so no .*name the destination {kind}:"):
            act()
    assert snapshot(tmp_path) == before
    same = store(kind, tmp_path / "data")
    assert same.open() == {"things": StreamState(cursor=CURSOR)}
    same.close()


def test_the_format_of_a_folder_without_files_is_known_by_its_columns(tmp_path: Path, store: Store, load: Make) -> None:
    destination = store("parquet", tmp_path / "data")
    destination.open()
    destination.write(load([]))
    destination.close()
    path = tmp_path / "data" / "manifest.json"
    path.write_text(path.read_text().replace('"suffix": "parquet",', ""))
    with pytest.raises(DestinationError, match="holds parquet files"):
        store("jsonl", tmp_path / "data").open()


@FOLDERS
def test_files_of_two_formats_are_refused(kind: str, tmp_path: Path, store: Store) -> None:
    store("jsonl", tmp_path / "data", {"id": "1"}, {"id": "2"})
    path = tmp_path / "data" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["streams"]["things"]["files"].append({"name": "part-000009-0123abcd.parquet", "records": 1, "bytes": 1})
    path.write_text(json.dumps(manifest))
    with pytest.raises(StateError, match=r"several formats \(jsonl, parquet\)"):
        store(kind, tmp_path / "data").open()
