"""A folder of data files with a manifest: which files are true, and how far each stream has come.

    folder/manifest.json                        replaced atomically; what it does not list does not count
    folder/orders/part-000001-5f3a9c01.jsonl    one delivery
    folder/orders/_loading/part-…               a full read under way; moved up when it is complete

Knows nothing of what is in the files.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any  # msgspec reads the annotations

import msgspec

from commercetools_source.checkpoint import StreamState, decode, encode
from commercetools_source.errors import DestinationError, StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from commercetools_source.delivery import Delivery

__all__ = ["FORMAT", "MANIFEST", "Entry", "File", "Folder", "Manifest", "read_manifest"]

FORMAT = 1
"""Version of the manifest; another one is refused, not guessed."""
MANIFEST = "manifest.json"

_LOADING = "_loading"
_TEMPORARY = ".tmp"
_PART = re.compile(r"part-\d{6,}-[0-9a-f]{8}\.[a-z]+")


class File(msgspec.Struct, frozen=True):
    """One data file of a stream: its name in the stream's folder, and what is in it."""

    name: str
    records: int
    bytes: int


class Entry(msgspec.Struct):
    """One stream: `files` are its data in the order of arrival, `loading` those of a full read under way.

    `key` identifies a record; of two with the same key the higher version counts, then the later one.
    """

    key: tuple[str, ...]
    files: list[File] = []
    loading: list[File] = []
    next: int = 1
    state: dict[str, Any] | None = None


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

    def store(self, delivery: Delivery, suffix: str, write: Callable[[BinaryIO], int]) -> None:
        """Store a delivery: `write` puts its records into an open file and returns their number.

        It counts from the moment the manifest is replaced. Raises DestinationError, with nothing changed.
        """
        if self._lock is None:
            raise DestinationError(f"{self.path} is not open; call open() first")
        try:
            self._store(delivery, suffix, write)
        except OSError as error:
            if isinstance(error, DestinationError):
                raise
            raise DestinationError(
                f"cannot write {delivery.stream.name} to {self.path}: {error};"
                " what was stored before is kept, and the next run goes on from there"
            ) from error

    def _store(self, delivery: Delivery, suffix: str, write: Callable[[BinaryIO], int]) -> None:
        stream = delivery.stream
        old = self._manifest.streams.get(stream.name) or Entry(stream.key)
        home = self.path / stream.name
        loading = [] if delivery.first else old.loading
        entry = Entry(stream.key, old.files, loading, old.next, encode(delivery.state))
        if delivery.records:
            place = home / _LOADING if delivery.replaces else home
            name = f"part-{old.next:06d}-{self._run}.{suffix}"
            file = File(name, *_write_file(place, name, write))
            entry.next += 1
            if delivery.replaces:
                entry.loading = [*loading, file]
            else:
                entry.files = [*old.files, file]
        if delivery.done and delivery.replaces:
            for file in entry.loading:
                (home / _LOADING / file.name).replace(home / file.name)
            if entry.loading:
                _sync_folder(home)
            entry.files = entry.loading
        if delivery.done:
            entry.loading = []
        manifest = Manifest(streams={**self._manifest.streams, stream.name: entry})
        _save(self.path, manifest)
        self._manifest = manifest
        if delivery.first or delivery.done:
            self._remove_orphans(stream.name)

    def _load(self) -> Manifest:
        if (self.path / MANIFEST).exists():
            return read_manifest(self.path)
        stray = next((path for path in self.path.glob("*/part-*") if _PART.fullmatch(path.name)), None)
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
        for home in self.path.iterdir():
            if home.is_dir():
                self._remove_orphans(home.name)

    def _remove_orphans(self, stream: str) -> None:
        entry = self._manifest.streams.get(stream) or Entry(())
        home = self.path / stream
        wanted = {home / file.name for file in entry.files} | {home / _LOADING / file.name for file in entry.loading}
        for path in (*home.glob("part-*"), *home.glob(f"{_LOADING}/part-*")):
            if path not in wanted and _PART.fullmatch(path.name.removesuffix(_TEMPORARY)):
                path.unlink()
        if not entry.loading:
            with suppress(OSError):  # it may not be there, or hold files of somebody else
                (home / _LOADING).rmdir()

    def _states(self) -> dict[str, StreamState]:
        states = {}
        for name, entry in self._manifest.streams.items():
            home = self.path / name
            state = decode(entry.state) if entry.state is not None else StreamState()
            if not all((home / file.name).exists() for file in entry.files):
                state = StreamState()
            elif not all((home / _LOADING / file.name).exists() for file in entry.loading):
                state = StreamState(cursor=state.cursor)
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


def _write_file(place: Path, name: str, write: Callable[[BinaryIO], int]) -> tuple[int, int]:
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
