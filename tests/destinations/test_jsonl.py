from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import msgspec
import pytest

from commercetools_source.destinations import Jsonl
from commercetools_source.errors import DestinationError
from commercetools_source.extract.checkpoint import StreamState
from destinations.deliveries import BOUND, CURSOR
from manifests import read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


Make = "Callable[..., Delivery]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "shop"


@pytest.fixture
def destination(folder: Path) -> Iterator[Jsonl]:
    opened = Jsonl(folder)
    assert opened.open() == {}
    yield opened
    opened.close()


def contents(folder: Path) -> list[bytes]:
    """Return the lines that the manifest speaks of, and check what it says of them."""
    lines = []
    for file in read_manifest(folder).streams["things"].files:
        data = (folder / "things" / file.name).read_bytes()
        assert (len(data), data.count(b"\n")) == (file.bytes, file.records)
        lines += data.splitlines()
    return lines


def found(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_record_is_one_line_of_the_bytes_that_came(destination: Jsonl, folder: Path, load: Make) -> None:
    records = ['{"id":"1", "price" : 1.10,"name":"Müller \\u00fc"}'.encode(), b'{"id":"2"}']
    destination.write(load(records))
    assert contents(folder) == records


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_a_record_printed_over_several_lines_becomes_one(
    destination: Jsonl, folder: Path, load: Make, newline: bytes
) -> None:
    destination.write(load([b'{"id":"1"}', b'{"id":' + newline + b' "2",' + newline + b'"n": 1.10, "t":"a\\nb c"}']))
    assert contents(folder) == [b'{"id":"1"}', b'{"id":"2","n":1.10,"t":"a\\nb c"}']


def test_a_full_read_counts_when_it_is_complete(destination: Jsonl, folder: Path, load: Make, delivery: Make) -> None:
    destination.write(load([{"id": "old"}]))
    destination.write(delivery([{"id": "1"}], replaces=True, first=True))
    assert contents(folder) == [b'{"id": "old"}']
    assert not [path for path in folder.glob("things/*.jsonl") if b"old" not in path.read_bytes()]
    destination.write(delivery([{"id": "2"}], replaces=True, done=True))
    assert contents(folder) == [b'{"id": "1"}', b'{"id": "2"}']
    assert len(found(folder)) == 4  # the lock, the manifest and two parts


def test_later_runs_add_files_in_the_order_of_their_names(
    destination: Jsonl, folder: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "1", "version": 1}]))
    destination.write(delivery([]))
    destination.close()
    destination.open()
    destination.write(delivery([{"id": "1", "version": 2}]))
    names = [file.name for file in read_manifest(folder).streams["things"].files]
    assert names == sorted(names)
    assert [name[:11] for name in names] == ["part-000001", "part-000002"]


def test_the_newest_version_of_each_record_is_one_query_away(
    destination: Jsonl, folder: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "1", "version": 2, "n": 1}, {"id": "2", "version": 1, "n": 2}]))
    destination.write(delivery([{"id": "1", "version": 1, "n": 3}, {"id": "2", "version": 1, "n": 4}]))
    query = (  # as the module's docstring gives it
        f"SELECT id, n FROM read_json('{folder}/things/*.jsonl', filename = true)"
        " QUALIFY row_number() OVER (PARTITION BY id ORDER BY version DESC, filename DESC) = 1 ORDER BY id"
    )
    assert duckdb.sql(query).fetchall() == [("1", 1), ("2", 4)]


def test_a_crash_between_moving_files_and_the_manifest_is_undone(
    destination: Jsonl, folder: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "old"}]))
    state = StreamState(CURSOR, "full", BOUND)
    destination.write(delivery([{"id": "1"}], replaces=True, first=True, state=state))
    destination.close()
    (part,) = (folder / "things" / "_loading").iterdir()
    part.replace(folder / "things" / part.name)
    assert destination.open() == {"things": state}
    assert contents(folder) == [b'{"id": "old"}']
    destination.write(delivery([{"id": "2"}], replaces=True, done=True))
    assert contents(folder) == [b'{"id": "1"}', b'{"id": "2"}']


def test_only_files_of_ours_are_removed(destination: Jsonl, folder: Path, load: Make) -> None:
    destination.write(load([{"id": "1"}]))
    destination.close()
    before = found(folder)
    run = read_manifest(folder).run
    foreign = [
        "notes.txt",
        "things/part-of-mine.jsonl",
        "things/part-000002-0123abcd.jsonl",
        f"part-000002-{run}.jsonl",
    ]
    begun = [f"things/{place}part-000002-{run}.jsonl{end}" for place in ("", "_loading/") for end in ("", ".tmp")]
    (folder / "things" / "_loading").mkdir()
    for name in (*foreign, *begun, "manifest.json.tmp"):
        (folder / name).touch()
    destination.open()
    assert found(folder) == sorted([*before, *foreign])
    assert not (folder / "things" / "_loading").exists()


def test_a_stream_with_a_lost_file_is_read_from_its_start(
    destination: Jsonl, folder: Path, load: Make, delivery: Make
) -> None:
    destination.write(load([{"id": "1"}]))
    destination.write(load([{"id": "1"}], name="others"))
    destination.write(delivery([{"id": "2"}], replaces=True, first=True, state=StreamState(CURSOR, "full", BOUND)))
    destination.close()
    for path in [*(folder / "others").iterdir(), *(folder / "things" / "_loading").iterdir()]:
        path.unlink()
    assert destination.open() == {"things": StreamState(cursor=CURSOR)}


def test_a_failed_write_leaves_nothing_behind(destination: Jsonl, folder: Path, load: Make) -> None:
    destination.write(load([{"id": "1"}]))
    before = found(folder)
    (folder / "others").write_text("a file where a folder should be")
    with pytest.raises(DestinationError, match=r"others is no folder, and that of a table must be there; move it away"):
        destination.write(load([{"id": "1"}], name="others"))
    (folder / "others").unlink()
    assert found(folder) == before
    destination.write(load([{"id": "2"}], name="others"))


def test_what_cannot_be_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "stray" / "orders").mkdir(parents=True)
    (tmp_path / "stray" / "orders" / "part-000001-0123abcd.jsonl").touch()
    cases = {
        "file": "is a file; name a folder",
        "missing/shop": "the folder .*missing does not exist; create it first",
        "stray": r"has data files .* but no manifest.json; put",
    }
    for name, message in cases.items():
        destination = Jsonl(tmp_path / name)
        with pytest.raises(DestinationError, match=message):
            destination.open()
        destination.close()
    assert not (tmp_path / "missing").exists()


def test_the_manifest_names_key_files_and_state(destination: Jsonl, folder: Path, load: Make) -> None:
    destination.write(load([{"a": "1", "b": "2"}], key=("a", "b")))
    entry = json.loads((folder / "manifest.json").read_bytes())["streams"]["things"]
    assert (entry["key"], entry["state"]["cursor"], entry["loading"]) == (["a", "b"], CURSOR, [])
    assert [file["records"] for file in entry["files"]] == [1]
    assert read_manifest(folder) == msgspec.json.decode(
        (folder / "manifest.json").read_bytes(), type=type(read_manifest(folder))
    )
