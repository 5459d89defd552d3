"""Pipes, sockets and folders where a destination has its files: one sentence, and nothing waits."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from commercetools_source.destinations import Jsonl, Parquet
from commercetools_source.errors import DestinationError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.run_record import RunRecord
from destinations.deliveries import CURSOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from commercetools_source.extract.delivery import Delivery

    Make = Callable[..., Delivery]
    Folder = Jsonl | Parquet
    Kind = tuple[str, Callable[[Path], None]]

RUN = RunRecord(run="1", command="sync", status="begun", started="2026-01-01T00:00:00.000Z")
FORGOTTEN, RUNS = "_commercetools_forgotten.json", "_commercetools_runs.jsonl"


@pytest.fixture(params=["jsonl", "parquet"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, fields: object, load: Make) -> Folder:
    """A folder with a stream, and whatever else a destination keeps beside it, closed."""
    path = tmp_path / "shop"
    stored: Folder = Jsonl(path) if request.param == "jsonl" else Parquet(path, fields)
    stored.open()
    stored.write(load([{"id": "1", "version": 1}]))
    stored.write_run(RUN)
    stored.store_forgotten(b"{}")
    stored.close()
    return stored


@pytest.fixture(params=["a named pipe", "a folder", "a socket"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kind]:
    """What takes the place of a file, in words, and a function that puts it there."""
    with closing(socket.socket(socket.AF_UNIX)) as one:

        def bind(path: Path) -> None:
            monkeypatch.chdir(path.parent)  # the name of a socket is short
            one.bind(path.name)

        yield request.param, {"a named pipe": os.mkfifo, "a folder": Path.mkdir, "a socket": bind}[request.param]


def taken(path: Path, kind: Kind) -> str:
    """Move a file away, put something else in its place, and return how the sentence about it begins."""
    path.rename(path.with_name(f"{path.name}-kept"))
    kind[1](path)
    return f"{path} is {kind[0]} and no regular file; move it away, and put "


def part(folder: Folder) -> Path:
    (path,) = Path(folder.name).glob("things/part-*")
    return path


def refused(act: Callable[[], object], beginning: str) -> None:
    with pytest.raises(DestinationError) as raised:
        act()
    assert str(raised.value).startswith(beginning)


@pytest.mark.parametrize("name", ["part", "manifest.json", ".lock"])
def test_a_file_without_which_nothing_can_be_read_is_asked_for_by_name(
    folder: Folder, name: str, kind: Kind, load: Make
) -> None:
    path = part(folder) if name == "part" else Path(folder.name) / name
    kept = path.with_name(f"{path.name}-kept")
    beginning = taken(path, kind)
    refused(folder.open, beginning)
    refused(folder.open_read_only, beginning)
    # As the sentence says.
    path.rename(path.with_name("away"))
    kept.rename(path)
    assert folder.open() == {"things": StreamState(cursor=CURSOR)}
    folder.write(load([{"id": "1", "version": 2}]))
    folder.close()


def test_a_part_of_a_stream_that_was_reset_is_told_too(folder: Folder, kind: Kind, load: Make) -> None:
    folder.open()
    folder.reset(load([]).stream)
    folder.close()
    refused(folder.open, taken(part(folder), kind))


@pytest.mark.parametrize("put", [os.mkfifo, Path.touch])
@pytest.mark.parametrize("name", ["things", "things/_loading"])
def test_what_lies_in_place_of_a_tables_folder_is_named(
    folder: Folder, name: str, put: Callable[[Path], None], load: Make
) -> None:
    path = Path(folder.name) / name
    if path.exists():
        path.rename(path.with_name("away"))
    put(path)
    refused(folder.open, f"{path} is no folder, and that of a table must be there; move it away")
    path.unlink()
    folder.open()
    folder.write(load([{"id": "1", "version": 2}]))
    folder.close()


@pytest.mark.parametrize("name", [FORGOTTEN, RUNS])
def test_a_file_beside_the_manifest_is_asked_for_when_it_is_needed(folder: Folder, name: str, kind: Kind) -> None:
    beginning = taken(Path(folder.name) / name, kind)
    folder.open()
    if name == RUNS:
        refused(lambda: folder.runs(1), beginning)
        refused(lambda: folder.write_run(RUN), beginning)
    else:
        refused(folder.forgotten, beginning)
    folder.close()
