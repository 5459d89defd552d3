"""The manifest of a folder of data files: which files count, and which ones a run may have left behind.

Whatever it does not name belongs to somebody else. So it names a file before the file is begun, and one that
no longer counts until that is removed. Knows nothing of what is in the files.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any  # msgspec reads the annotations

import msgspec

from commercetools_source.errors import DestinationError, StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    Write = Callable[[BinaryIO], int]

__all__ = [
    "FORMAT",
    "LOADING",
    "MANIFEST",
    "PART",
    "TABLE",
    "TEMPORARY",
    "Entry",
    "File",
    "Manifest",
    "load_manifest",
    "read_manifest",
    "refuse_link",
    "replace_file",
    "save_manifest",
    "sync_folder",
    "write_file",
]

FORMAT = 1
"""Version of the manifest; another one is refused, not guessed."""
MANIFEST = "manifest.json"
LOADING = "_loading"
TEMPORARY = ".tmp"
_NAME_KEPT = 50
"""Characters of a name that its temporary one has: 200 bytes at most, where file systems allow 255."""
PART = re.compile(r"part-\d{6,}-[0-9a-f]{8}\.([a-z]+)", re.ASCII)
TABLE = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)
"""What a table may be called: it is a path in the folder, and must not lead out of it."""


class File(msgspec.Struct, frozen=True):
    """One data file of a table: its name in the table's folder, and what is in it."""

    name: str
    records: int
    bytes: int


class Entry(msgspec.Struct):
    """One table: `files` are its data in the order of arrival, `loading` those of a full read under way.

    `key` identifies a record; of two with the same key the higher version counts, then the later one.
    `columns` and `loading_columns` are the columns of those files and their types, where files have such.
    `parent` is the stream that the table was made from, "" for a stream itself. `state` is whatever is stored as such:
    that of one stream may be broken, and the others are read all the same.
    """

    key: tuple[str, ...]
    files: list[File] = []
    loading: list[File] = []
    next: int = 1
    state: Any = None
    columns: dict[str, str] = {}
    loading_columns: dict[str, str] = {}
    parent: str = ""

    def paths(self, table: str) -> Iterator[str]:
        """Yield the path of each file, from the folder on."""
        yield from (f"{table}/{file.name}" for file in self.files)
        yield from (f"{table}/{LOADING}/{file.name}" for file in self.loading)


class Manifest(msgspec.Struct, frozen=True):
    """What `manifest.json` holds.

    `suffix` of the data files is their format. The last run that wrote is `run`: for each table it may have left one
    file that is not listed, which has the table's `next` number and this run in its name; `begun` are the tables
    without an entry where it may have. `removed` are paths of files that no longer count and may still be there.
    """

    format: int
    suffix: str = ""
    run: str = ""
    begun: list[str] = []
    removed: list[str] = []
    streams: dict[str, Entry] = {}

    def tables(self, parent: str = "") -> list[str]:
        """Return the tables made from a stream; of "", the streams."""
        return [name for name, entry in self.streams.items() if entry.parent == parent]


class _Version(msgspec.Struct):
    format: int


def load_manifest(folder: Path, suffix: str) -> Manifest:
    """Return the manifest of a folder of files with this suffix, a new one when there is nothing.

    Raises DestinationError for a folder of another format, and for data files without a manifest.
    """
    refuse_link(folder / MANIFEST)
    if (folder / MANIFEST).exists():
        manifest = read_manifest(folder)
        if manifest.suffix not in {"", suffix}:
            raise DestinationError(
                f"{folder} holds {manifest.suffix} files, so no {suffix} files are written there;"
                f" choose another folder, or name the destination {manifest.suffix}:{folder}"
            )
        return msgspec.structs.replace(manifest, suffix=suffix)
    if (stray := next(_strays(folder), None)) is not None:
        raise DestinationError(
            f"{folder} has data files ({stray.relative_to(folder)}) but no {MANIFEST};"
            f" put the {MANIFEST} back, or choose an empty folder"
        )
    return Manifest(FORMAT, suffix)


def _strays(folder: Path) -> Iterator[Path]:
    """Yield data files in the folder, those of a folder inside left out that has a manifest."""
    for path in folder.glob("**/part-*"):
        # A destination in a folder of this one, or a copy of one: its files are named by a manifest of their own.
        inside = [parent for parent in path.parents if folder in parent.parents]
        if PART.fullmatch(path.name) and not any((parent / MANIFEST).exists() for parent in inside):
            yield path


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of `folder`; raises DestinationError when there is none and StateError when it is broken."""
    path = folder / MANIFEST
    try:
        text = path.read_bytes()  # as a whole: it is replaced by a rename, so it is never seen half-written
        version = msgspec.json.decode(text, type=_Version).format  # another one may have other fields
        if version != FORMAT:
            raise StateError(
                f"{path} has format {version}, this version reads {FORMAT};"
                " upgrade commercetools-source, or choose an empty folder"
            )
        manifest = msgspec.json.decode(text, type=Manifest)
    except OSError as error:
        first = "run `commercetools-source sync` first" if isinstance(error, FileNotFoundError) else "it must be a file"
        raise DestinationError(f"cannot read {path}: {error.strerror}; {first}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise StateError(
            f"{path} is {'broken, or not of commercetools-source' if text.strip() else 'empty'} ({error});"
            " put it back from a backup, or choose an empty folder"
        ) from error
    if (name := next(_illegal(manifest), None)) is not None:
        raise StateError(
            f"{path} names {name!r}, which is no file or table of this folder;"
            " put the manifest back from a backup, or choose an empty folder"
        )
    # An edited manifest may list a file as both; what counts is never removed.
    listed = {name for table, entry in manifest.streams.items() for name in entry.paths(table)}
    removed = [name for name in manifest.removed if name not in listed]
    return msgspec.structs.replace(manifest, suffix=_suffix(path, manifest), removed=removed)


def _illegal(manifest: Manifest) -> Iterator[str]:
    """Yield what the manifest names and no run writes, such as a path that leads out of the folder."""
    yield from (table for table in (*manifest.streams, *manifest.begun) if not TABLE.fullmatch(table))
    for entry in manifest.streams.values():
        yield from (file.name for file in (*entry.files, *entry.loading) if not PART.fullmatch(file.name))
    for path in manifest.removed:
        table, _, name = path.rpartition("/")
        if not TABLE.fullmatch(table) or not PART.fullmatch(name):
            yield path
    if not re.fullmatch(r"([0-9a-f]{8})?", manifest.run, re.ASCII):
        yield manifest.run
    if not re.fullmatch(r"[a-z]*", manifest.suffix, re.ASCII):
        yield manifest.suffix


def _suffix(path: Path, manifest: Manifest) -> str:
    """Return the format of the data files, of a manifest that does not say it too: "" when there are none."""
    entries = manifest.streams.values()
    named = {file.name.rpartition(".")[2] for entry in entries for file in (*entry.files, *entry.loading)}
    suffixes = named | ({manifest.suffix} - {""})
    if len(suffixes) > 1:
        raise StateError(
            f"{path} lists files of several formats ({', '.join(sorted(suffixes))}); choose an empty folder"
        )
    # A stream without records has no file, and with columns it is one of Parquet all the same.
    typed = any(entry.columns or entry.loading_columns for entry in entries)
    return next(iter(suffixes), "parquet" if typed else "")


def save_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of `folder`, as a whole or not at all."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    write_file(folder, MANIFEST, lambda out: out.write(text))


def write_file(folder: Path, name: str, write: Write) -> tuple[int, int]:
    """Write a file that is there as a whole or not at all; return what `write` returned and the number of bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{name}{TEMPORARY}"
    refuse_link(temporary)
    temporary.unlink(missing_ok=True)  # of a killed run; written over, a second name of the file would change too
    try:
        with temporary.open("xb") as out:  # never onto what somebody put there meanwhile
            records = write(out)
            out.flush()
            os.fsync(out.fileno())  # or the rename may be on the disk before the bytes: https://lwn.net/Articles/457667
            size = out.tell()
        temporary.replace(folder / name)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(folder)
    return records, size


def replace_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file that a person named, as a whole or not at all; raises OSError.

    Until then it has a name that nobody can have used: what lies beside it is not ours. A run that is killed leaves
    such a file.
    """
    temporary = path.with_name(f".{path.name[:_NAME_KEPT]}.{secrets.token_hex(8)}{TEMPORARY}")
    with temporary.open("xb") as out:
        try:
            write(out)
            out.flush()
            os.fsync(out.fileno())  # as in `write_file`
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    sync_folder(path.parent)


def refuse_link(path: Path) -> None:
    """Raise DestinationError when `path` is a symbolic link, through which a run would write somewhere else."""
    if path.is_symlink():
        raise DestinationError(
            f"{path} is a symbolic link, and nothing is written through one; put a file or folder in its place"
        )


def sync_folder(path: Path) -> None:
    """Make renames in `path` survive a power failure, where the system can."""
    if sys.platform == "win32":  # it opens no folder, and has nothing in place of this
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
