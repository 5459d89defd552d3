"""Data files and manifests that somebody changed or a disk cut short: one sentence, and nothing is touched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from commercetools_source.destinations import Jsonl, Parquet
from commercetools_source.errors import DestinationError, StateError
from commercetools_source.events import Notice
from commercetools_source.extract.checkpoint import StreamState
from destinations.deliveries import BOUND, CURSOR
from destinations.trees import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.extract.delivery import Delivery

    Make = Callable[..., Delivery]
    Folder = Jsonl | Parquet

HELD = StreamState(cursor=CURSOR)


@pytest.fixture(params=["jsonl", "parquet"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, fields: object, load: Make) -> Folder:
    """A folder with two streams, closed."""
    path = tmp_path / "shop"
    stored: Folder = Jsonl(path) if request.param == "jsonl" else Parquet(path, fields)
    stored.open()
    stored.write(load([{"id": "1", "version": 1}, {"id": "2", "version": 1}]))
    stored.write(load([{"id": "1", "version": 1}], name="others"))
    stored.close()
    return stored


def part(folder: Folder, stream: str = "things") -> Path:
    (file,) = (path for path in Path(folder.name).glob(f"{stream}/part-*"))
    return file


@pytest.mark.parametrize("change", [lambda text: text[:-1], lambda text: text[:0], lambda text: text + b"{}\n"])
def test_a_file_of_another_size_stops_its_stream_in_a_sentence(
    folder: Folder, change: Callable[[bytes], bytes], tmp_path: Path, load: Make, delivery: Make
) -> None:
    file = part(folder)
    before = file.read_bytes()
    file.write_bytes(change(before))
    tree = snapshot(tmp_path)
    states = folder.open_read_only()
    folder.close()
    assert snapshot(tmp_path) == tree
    reason = str(states["things"].broken)
    assert reason.startswith(
        f"{file} has {len(change(before)):,} bytes where the manifest says {len(before):,}; put it"
    )
    assert "run it with --full" in reason
    assert states["others"] == HELD
    assert folder.open() == states
    folder.write(delivery([{"id": "3", "version": 1}], name="others", done=True))
    assert file.read_bytes() == change(before)
    assert folder.reset(load([]).stream)
    folder.close()
    assert folder.open() == {"others": HELD}
    folder.write(load([{"id": "1", "version": 2}]))
    folder.close()
    assert folder.open() == {"things": HELD, "others": HELD}
    assert not file.exists()
    folder.close()


@pytest.mark.parametrize("change", [None, lambda text: text[:-1], lambda text: text + b"{}\n"])
def test_single_rows_of_a_damaged_stream_are_not_looked_for(
    folder: Folder, change: Callable[[bytes], bytes] | None, load: Make
) -> None:
    """To forget a person would pass over the lines that nobody can read, and make what is left look whole."""
    file, stream = part(folder), load([]).stream
    if change is None:
        file.unlink()
    else:
        file.write_bytes(change(file.read_bytes()))
    folder.open()
    with pytest.raises(DestinationError, match=rf"{file} (is missing|has .*); put it back from a backup, or "):
        next(folder.scan(stream, ["id"]))
    assert len(list(folder.scan(load([], name="others").stream, ["id"]))) == 1
    folder.close()


def test_a_file_put_back_counts_again(folder: Folder) -> None:
    file = part(folder)
    before = file.read_bytes()
    file.write_bytes(before[:5])
    folder.open()
    folder.close()
    file.write_bytes(before)
    assert folder.open() == {"things": HELD, "others": HELD}
    folder.close()


def test_a_missing_file_is_told_and_its_stream_read_again(folder: Folder) -> None:
    file = part(folder, "others")
    file.unlink()
    assert folder.open() == {"things": HELD}
    folder.close()
    reason = f"others/{file.name} is missing, so the stream is read from its start"
    assert folder.notices() == [Notice("others", reason)]


@pytest.mark.parametrize("damage", [None, b"", b"PAR1", b"\xff" * 100])
def test_a_full_read_takes_the_place_of_a_file_that_is_missing_or_damaged(
    folder: Folder, damage: bytes | None, load: Make
) -> None:
    file = part(folder)
    size = file.stat().st_size
    file.unlink()
    if damage is not None:
        file.write_bytes(damage.ljust(size, b"\0"))
    folder.open()
    folder.write(load([{"id": "1", "version": 2}]))
    folder.close()
    assert folder.open() == {"things": HELD, "others": HELD}
    assert not file.exists()
    assert part(folder).stat().st_size
    assert not folder.notices()
    folder.close()


def test_what_a_full_read_loaded_so_far_is_given_up_when_it_was_changed(folder: Folder, delivery: Make) -> None:
    folder.open()
    state = StreamState(CURSOR, "full", BOUND)
    folder.write(delivery([{"id": "4", "version": 1}], replaces=True, first=True, state=state))
    folder.close()
    assert folder.open() == {"things": state, "others": HELD}
    folder.close()
    (file,) = Path(folder.name).glob("things/_loading/part-*")
    file.write_bytes(file.read_bytes()[:-3])
    assert folder.open() == {"things": HELD, "others": HELD}
    folder.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "manifest.json is empty .*put it back from a backup"),
        (b" \n", "manifest.json is empty"),
        (b'{"format": 1, "streams": {"thi', "manifest.json is broken"),
        (b"[]", "manifest.json is broken"),
        (b"null", "manifest.json is broken"),
        (b'{"streams": {}}', "manifest.json is broken"),
        (b'{"format": 1, "streams": {"things": {"key": 3}}}', "manifest.json is broken"),
        (b'{"format": 1, "streams": ' + b"[" * 100_000, "manifest.json is broken"),
        (b'\xff\xfe{"format": 1}', "manifest.json is broken"),
        (b'{"format": 2, "streams": ["of another form"]}', "has format 2, this version reads 1; upgrade"),
    ],
)
def test_a_manifest_that_is_cut_short_or_newer_is_refused_with_nothing_touched(
    folder: Folder, text: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / "shop" / "manifest.json").write_bytes(text)
    (tmp_path / "shop" / ".lock").unlink()
    tree = snapshot(tmp_path)
    for attempt in (folder.open, folder.open_read_only):
        with pytest.raises(StateError, match=message):
            attempt()
        folder.close()
    assert snapshot(tmp_path) == tree


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that takes no file from anybody")
def test_a_folder_that_takes_no_file_is_not_said_to_be_missing(fields: object) -> None:
    for folder in (Jsonl(Path("/proc")), Parquet(Path("/proc"), fields)):
        with pytest.raises(DestinationError, match=r"^/proc cannot be written: "):
            folder.open()


def test_data_files_of_nobody_are_refused_and_those_of_another_destination_are_not(
    folder: Folder, tmp_path: Path
) -> None:
    outer = type(folder)(tmp_path)
    outer.open()
    outer.close()
    for name in ("manifest.json", ".lock"):
        (tmp_path / name).unlink()
    (tmp_path / "shop" / "manifest.json").unlink()
    with pytest.raises(DestinationError, match=r"has data files \(shop/\w+/part-.* but no manifest.json"):
        outer.open()


def test_a_folder_in_place_of_the_manifest_is_named(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "shop" / "manifest.json").unlink()
    (tmp_path / "shop" / "manifest.json").mkdir()
    with pytest.raises(DestinationError, match=r"manifest.json is a folder and no regular file; move it away"):
        folder.open()
