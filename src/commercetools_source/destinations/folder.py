"""A folder of data files with a manifest: which files are true, and how far each stream has come.

    folder/manifest.json                        replaced atomically; what it does not list does not count
    folder/orders/part-000001-5f3a9c01.jsonl    one delivery
    folder/orders/_loading/part-…               a full read under way; moved up when it is complete

A table is a stream, or a table made from it (`parent`), whose files come and go with those of the stream.
Knows nothing of what is in the files.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any  # msgspec reads the annotations

import msgspec

from commercetools_source.checkpoint import StreamState, decode, encode, give_up
from commercetools_source.errors import DestinationError, StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from commercetools_source.delivery import Delivery

    Write = Callable[[BinaryIO], int]

__all__ = ["FORMAT", "MANIFEST", "Entry", "File", "Folder", "Manifest", "Part", "read_manifest", "write_file"]

FORMAT = 1
"""Version of the manifest; another one is refused, not guessed."""
MANIFEST = "manifest.json"

_LOADING = "_loading"
_TEMPORARY = ".tmp"
_PART = re.compile(r"part-\d{6,}-[0-9a-f]{8}\.[a-z]+")


class File(msgspec.Struct, frozen=True):
    """One data file of a table: its name in the table's folder, and what is in it."""

    name: str
    records: int
    bytes: int


class Entry(msgspec.Struct):
    """One table: `files` are its data in the order of arrival, `loading` those of a full read under way.

    `key` identifies a record; of two with the same key the higher version counts, then the later one.
    `columns` and `loading_columns` are the columns of those files and their types, where files have such.
    `parent` is the stream that the table was made from, "" for a stream itself.
    """

    key: tuple[str, ...]
    files: list[File] = []
    loading: list[File] = []
    next: int = 1
    state: dict[str, Any] | None = None
    columns: dict[str, str] = {}
    loading_columns: dict[str, str] = {}
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What a delivery brings to one table: `write` puts its rows into an open file and returns their number.

    None: no rows. `columns`: those of the file, where it has such.
    """

    table: str
    key: tuple[str, ...]
    write: Write | None
    columns: Mapping[str, str] | None = None


class Manifest(msgspec.Struct):
    """What `manifest.json` holds."""

    format: int = FORMAT
    streams: dict[str, Entry] = {}


class Folder:
    """Stores deliveries as files in `path`, whose parent folder must exist."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: BinaryIO | None = None
        self._manifest = Manifest()
        self._run = ""

    def open(self) -> Mapping[str, StreamState]:
        """Create the folder, lock it, remove what a crash left, return the stored states.

        A stream of which a file is missing is read from its start. Raises DestinationError and StateError.
        """
        try:
            self.path.mkdir(exist_ok=True)
            self._lock = _lock(self.path)
            self._manifest = self._load()
            self._run = secrets.token_hex(4)
            self._tidy()
            return self._states()
        except BaseException as error:
            self.close()
            if isinstance(error, OSError) and not isinstance(error, DestinationError):
                raise DestinationError(_explain(self.path, error)) from error
            raise

    def close(self) -> None:
        """Release the lock."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()

    def entry(self, table: str) -> Entry | None:
        """Return what is stored of a table; not to be changed."""
        return self._manifest.streams.get(table)

    def tables(self, parent: str = "") -> list[str]:
        """Return the tables made from a stream; of "", the streams."""
        return [name for name, entry in self._manifest.streams.items() if entry.parent == parent]

    def paths(self, table: str, *, loading: bool = False) -> list[Path]:
        """Return the files of a table, or those of a full read under way."""
        entry = self._manifest.streams.get(table) or Entry(())
        home = self.path / table
        if loading:
            return [home / _LOADING / one.name for one in entry.loading]
        return [home / one.name for one in entry.files]

    def store(self, delivery: Delivery, suffix: str, parts: Sequence[Part]) -> None:
        """Store a delivery as one new file for each part that has rows; the first part is the stream itself.

        It counts from the moment the manifest is replaced. Raises DestinationError, with nothing changed.
        """
        with self._writing(delivery.stream.name):
            streams = dict(self._manifest.streams)
            for part in parts:
                streams[part.table] = self._advanced(delivery, suffix, part)
            streams[delivery.stream.name].state = encode(delivery.state)
            self._replace(streams)
        if delivery.first or delivery.done:
            for part in parts:
                self._remove_orphans(part.table)

    def _advanced(self, delivery: Delivery, suffix: str, part: Part) -> Entry:
        """Return the entry of a table after a delivery, whose file is written."""
        stream = delivery.stream.name
        old = self._manifest.streams.get(part.table) or Entry(())
        home = self.path / part.table
        entry = Entry(
            part.key,
            old.files,
            [] if delivery.first else old.loading,
            old.next,
            columns=old.columns,
            loading_columns=old.loading_columns,
            parent="" if part.table == stream else stream,
        )
        file = self._file(home / _LOADING if delivery.replaces else home, entry, suffix, part.write)
        if delivery.replaces:
            entry.loading = [*entry.loading, *file]
            entry.loading_columns = dict(part.columns or {})
        else:
            entry.files = [*old.files, *file]
            entry.columns = dict(part.columns or {})
        if delivery.done and delivery.replaces:
            for one in entry.loading:
                (home / _LOADING / one.name).replace(home / one.name)
            if entry.loading:
                _sync_folder(home)
            entry.files, entry.columns = entry.loading, entry.loading_columns
        if delivery.done:
            entry.loading, entry.loading_columns = [], {}
        return entry

    def exchange(
        self, part: Part, gone: Collection[str], suffix: str, *, parent: str = "", loading: bool = False
    ) -> int:
        """Store one new file of a table in place of those called `gone`, without any change of state; return its rows.

        With `loading` it goes to the files of a full read under way. Raises DestinationError, with nothing changed.
        """
        with self._writing(part.table):
            old = self._manifest.streams.get(part.table) or Entry(part.key, parent=parent)
            entry = msgspec.structs.replace(old)
            home = self.path / part.table
            file = self._file(home / _LOADING if loading else home, entry, suffix, part.write)
            if loading:
                entry.loading = [one for one in old.loading if one.name not in gone] + file
            else:
                entry.files = [one for one in old.files if one.name not in gone] + file
                entry.columns = dict(part.columns or old.columns)
            self._replace({**self._manifest.streams, part.table: entry})
        self._remove_orphans(part.table)
        return sum(one.records for one in file)

    def drop(self, tables: Collection[str]) -> None:
        """Remove tables with their files; raises DestinationError, with nothing changed."""
        with self._writing(", ".join(tables)):
            self._replace({name: entry for name, entry in self._manifest.streams.items() if name not in tables})
            for table in tables:
                self._remove_orphans(table)

    def _file(self, place: Path, entry: Entry, suffix: str, write: Write | None) -> list[File]:
        """Write a file and count it in `entry`; return it, or nothing when there are no rows."""
        if write is None:
            return []
        name = f"part-{entry.next:06d}-{self._run}.{suffix}"
        file = File(name, *write_file(place, name, write))
        if not file.records:
            (place / name).unlink()
            return []
        entry.next += 1
        return [file]

    @contextmanager
    def _writing(self, table: str) -> Iterator[None]:
        if self._lock is None:
            raise DestinationError(f"{self.path} is not open; call open() first")
        try:
            yield
        except BaseException as error:
            with suppress(OSError):
                self._tidy()
            if isinstance(error, DestinationError) or not isinstance(error, OSError):
                raise
            raise DestinationError(
                f"cannot write {table} to {self.path}: {error};"
                " what was stored before is kept, and the next run goes on from there"
            ) from error

    def forget(self, stream: str) -> bool:
        """Drop the state of a stream and the files of a read under way; return whether there was any."""
        entry = self._manifest.streams.get(stream)
        if entry is None or entry.state is None:
            return False
        tables = (stream, *self.tables(stream))
        with self._writing(stream):
            streams = dict(self._manifest.streams)
            for one in tables:
                streams[one] = msgspec.structs.replace(streams[one], loading=[], loading_columns={}, state=None)
            self._replace(streams)
        for one in tables:
            self._remove_orphans(one)
        return True

    def _replace(self, streams: dict[str, Entry]) -> None:
        manifest = Manifest(streams=streams)
        _save(self.path, manifest)
        self._manifest = manifest

    def _load(self) -> Manifest:
        if (self.path / MANIFEST).exists():
            return read_manifest(self.path)
        stray = next((path for path in self.path.glob("**/part-*") if _PART.fullmatch(path.name)), None)
        if stray is not None:
            raise DestinationError(
                f"{self.path} has data files ({stray.relative_to(self.path)}) but no {MANIFEST};"
                f" put the {MANIFEST} back, or choose an empty folder"
            )
        manifest = Manifest()
        _save(self.path, manifest)
        return manifest

    def _tidy(self) -> None:
        """Bring the folder to what the manifest says."""
        for name, entry in self._manifest.streams.items():
            home = self.path / name
            for file in entry.loading:  # moved up by a run that was cut off before it replaced the manifest
                if (home / file.name).exists() and not (home / _LOADING / file.name).exists():
                    (home / file.name).replace(home / _LOADING / file.name)
        homes = {path.parent for path in self.path.glob("**/part-*")}
        for home in {home.parent if home.name == _LOADING else home for home in homes}:
            self._remove_orphans(home.relative_to(self.path).as_posix())

    def _remove_orphans(self, table: str) -> None:
        entry = self._manifest.streams.get(table) or Entry(())
        home = self.path / table
        wanted = {home / file.name for file in entry.files} | {home / _LOADING / file.name for file in entry.loading}
        for path in (*home.glob("part-*"), *home.glob(f"{_LOADING}/part-*")):
            if path not in wanted and _PART.fullmatch(path.name.removesuffix(_TEMPORARY)):
                path.unlink()
        if not entry.loading:
            with suppress(OSError):  # it may not be there, or hold files of somebody else
                (home / _LOADING).rmdir()

    def _states(self) -> dict[str, StreamState]:
        states = {}
        for name in self.tables():
            entry = self._manifest.streams[name]
            state = decode(entry.state) if entry.state is not None else StreamState()
            tables = [name, *self.tables(name)]
            if not all(path.exists() for table in tables for path in self.paths(table)):
                state = StreamState()
            elif not all(path.exists() for table in tables for path in self.paths(table, loading=True)):
                state = give_up(state)
            if state != StreamState():
                states[name] = state
        return states


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of `folder`; raises DestinationError when there is none and StateError when it is broken."""
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise DestinationError(
            f"cannot read {path}: {error.strerror}; run `commercetools-source sync` first"
        ) from error
    except msgspec.DecodeError as error:
        raise StateError(f"{path} is broken ({error}); put it back from a backup, or choose an empty folder") from error
    if manifest.format != FORMAT:
        raise StateError(
            f"{path} has format {manifest.format}, this version reads {FORMAT};"
            " upgrade commercetools-source, or choose an empty folder"
        )
    return manifest


def _save(folder: Path, manifest: Manifest) -> None:
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    temporary = folder / f"{MANIFEST}{_TEMPORARY}"
    with temporary.open("wb") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(folder / MANIFEST)
    _sync_folder(folder)


def write_file(place: Path, name: str, write: Write) -> tuple[int, int]:
    """Write a file that is there as a whole or not at all; return its number of records and bytes."""
    place.mkdir(parents=True, exist_ok=True)
    temporary = place / f"{name}{_TEMPORARY}"
    try:
        with temporary.open("wb") as out:
            records = write(out)
            out.flush()
            os.fsync(out.fileno())
            size = out.tell()
        temporary.replace(place / name)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(place)
    return records, size


def _sync_folder(path: Path) -> None:
    """Make renames in `path` survive a power failure, where the system can."""
    if sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _lock(folder: Path) -> BinaryIO:
    """Return an open file that holds the folder for this process; the system lets go of it when the process ends."""
    path = folder / ".lock"
    handle = path.open("a+b")
    try:
        _lock_file(handle)
    except OSError as error:
        handle.seek(0)
        holder = handle.read().decode(errors="replace").strip()
        handle.close()
        raise DestinationError(
            f"{folder} is in use by {f'process {holder}' if holder else 'another process'};"
            " wait until it has ended and run again"
        ) from error
    handle.truncate(0)
    handle.write(str(os.getpid()).encode())
    handle.flush()
    return handle


def _lock_file(handle: BinaryIO) -> None:
    if sys.platform == "win32":
        import msvcrt

        handle.seek(1 << 30)  # outside the text, which stays readable
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _explain(path: Path, error: OSError) -> str:
    if isinstance(error, FileExistsError):
        return f"{path} is a file; name a folder for the data"
    if isinstance(error, FileNotFoundError):
        return f"cannot write to {path}: the folder {path.parent} does not exist; create it first"
    return f"{path} cannot be written: {error.strerror or error}; check its permissions and the space left"
