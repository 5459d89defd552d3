"""A folder of data files with a manifest: which files are true, and how far each stream has come.

    folder/manifest.json                        replaced atomically; what it does not list does not count
    folder/orders/part-000001-5f3a9c01.jsonl    one delivery
    folder/orders/_loading/part-…               a full read under way; moved up when it is complete

A table is a stream, or a table made from it (`parent`), whose files come and go with those of the stream.
Files that the manifest does not name are somebody else's, whatever they are called: they are left alone.
Knows nothing of what is in the files.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.destinations.lock import lock, lock_to_read
from commercetools_source.destinations.manifest import (
    FORMAT,
    LOADING,
    MANIFEST,
    PART,
    TABLE,
    TEMPORARY,
    Entry,
    File,
    Manifest,
    read_manifest,
    refuse_link,
    save_manifest,
    sync_folder,
    write_file,
)
from commercetools_source.errors import DestinationError
from commercetools_source.extract.checkpoint import StreamState, encode, give_up, restore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from commercetools_source.extract.delivery import Delivery

    Write = Callable[[BinaryIO], int]

__all__ = ["Folder", "Part"]


@dataclass(frozen=True, slots=True)
class Part:
    """What a delivery brings to one table: `write` puts its rows into an open file and returns their number.

    None: no rows. `columns`: those of the file, where it has such.
    """

    table: str
    key: tuple[str, ...]
    write: Write | None
    columns: Mapping[str, str] | None = None


class Folder:
    """Stores deliveries as files with `suffix` in `path`, whose parent folder must exist."""

    def __init__(self, path: Path, suffix: str) -> None:
        self.path = path
        self._suffix = suffix
        self._lock: BinaryIO | None = None
        self._writes = False
        self._manifest = Manifest(FORMAT, suffix)
        self._run = ""

    def open(self, *, read_only: bool = False) -> Mapping[str, StreamState]:
        """Create the folder, lock it, remove what a crash left, return the stored states.

        With `read_only` nothing is created, changed or removed. A stream of which a file is missing is read
        from its start. Raises DestinationError and StateError.
        """
        try:
            if read_only:
                self._look()
            else:
                self._take()
            return self._states()
        except BaseException as error:
            self.close()
            if isinstance(error, OSError) and not isinstance(error, DestinationError):
                raise DestinationError(_explain(self.path, error)) from error
            raise

    def _look(self) -> None:
        if not self.path.exists():
            raise DestinationError(f"{self.path} does not exist; run `commercetools-source sync` first")
        if not self.path.is_dir():
            raise FileExistsError
        self._lock = lock_to_read(self.path)
        self._manifest = self._load()

    def _take(self) -> None:
        self.path.mkdir(exist_ok=True)
        self._load()  # what is refused is refused before a lock is left in it
        self._lock = lock(self.path)
        self._manifest = self._load()
        self._run = secrets.token_hex(4)
        if not (self.path / MANIFEST).exists():
            save_manifest(self.path, self._manifest)
        self._tidy()
        self._writes = True

    def close(self) -> None:
        """Release the lock."""
        held, self._lock, self._writes = self._lock, None, False
        if held is not None:
            held.close()

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
            return [home / LOADING / one.name for one in entry.loading]
        return [home / one.name for one in entry.files]

    def home(self, table: str) -> Path:
        """Return the folder of a table, to write in; raises DestinationError when it is somewhere else."""
        if not TABLE.fullmatch(table):
            raise DestinationError(f"{table!r} cannot be the name of a folder in {self.path}")
        place = self.path
        for step in (*table.split("/"), LOADING):
            place = place / step
            refuse_link(place)
        return self.path / table

    def store(self, delivery: Delivery, parts: Sequence[Part]) -> None:
        """Store a delivery as one new file for each part that has rows; the first part is the stream itself.

        It counts from the moment the manifest is replaced. Raises DestinationError, with nothing changed.
        """
        with self._writing(delivery.stream.name):
            self._announce(part.table for part in parts if part.write is not None)
            streams = dict(self._manifest.streams)
            for part in parts:
                streams[part.table] = self._advanced(delivery, part)
            streams[delivery.stream.name].state = encode(delivery.state)
            self._replace(streams)
            self._remove(part.table for part in parts)

    def _advanced(self, delivery: Delivery, part: Part) -> Entry:
        """Return the entry of a table after a delivery, whose file is written."""
        stream = delivery.stream.name
        old = self._manifest.streams.get(part.table) or Entry(())
        home = self.home(part.table)
        entry = Entry(
            part.key,
            old.files,
            [] if delivery.phase.first else old.loading,
            old.next,
            columns=old.columns,
            loading_columns=old.loading_columns,
            parent="" if part.table == stream else stream,
        )
        file = self._file(home / LOADING if delivery.phase.full else home, entry, part.write)
        if delivery.phase.full:
            entry.loading = [*entry.loading, *file]
            entry.loading_columns = dict(part.columns or {})
        else:
            entry.files = [*old.files, *file]
            entry.columns = dict(part.columns or {})
        if delivery.phase.swaps:
            for one in entry.loading:
                (home / LOADING / one.name).replace(home / one.name)
            if entry.loading:
                sync_folder(home)
            entry.files, entry.columns = entry.loading, entry.loading_columns
        if delivery.phase.last:
            entry.loading, entry.loading_columns = [], {}
        return entry

    def exchange(self, part: Part, gone: Collection[str], *, parent: str = "", loading: bool = False) -> int:
        """Store one new file of a table in place of those called `gone`, without any change of state; return its rows.

        With `loading` it goes to the files of a full read under way. Raises DestinationError, with nothing changed.
        """
        with self._writing(part.table):
            self._announce([part.table])
            old = self._manifest.streams.get(part.table) or Entry(part.key, parent=parent)
            entry = msgspec.structs.replace(old)
            home = self.home(part.table)
            file = self._file(home / LOADING if loading else home, entry, part.write)
            if loading:
                entry.loading = [one for one in old.loading if one.name not in gone] + file
            else:
                entry.files = [one for one in old.files if one.name not in gone] + file
                entry.columns = dict(part.columns or old.columns)
            self._replace({**self._manifest.streams, part.table: entry})
            self._remove([part.table])
        return sum(one.records for one in file)

    def drop(self, tables: Collection[str]) -> None:
        """Remove tables with their files; raises DestinationError, with nothing changed."""
        with self._writing(", ".join(tables)):
            self._replace({name: entry for name, entry in self._manifest.streams.items() if name not in tables})
            self._remove(tables)

    def _file(self, place: Path, entry: Entry, write: Write | None) -> list[File]:
        """Write a file and count it in `entry`; return it, or nothing when there are no rows."""
        if write is None:
            return []
        name = _name(entry, self._manifest)
        file = File(name, *write_file(place, name, write))
        if not file.records:
            (place / name).unlink()
            return []
        entry.next += 1
        return [file]

    @contextmanager
    def _writing(self, table: str) -> Iterator[None]:
        if not self._writes:
            raise DestinationError(f"{self.path} is not open to write; call open() first")
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

    def reset(self, stream: str) -> bool:
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
            self._remove(tables)
        return True

    def _announce(self, tables: Iterable[str]) -> None:
        """Have the manifest name the files that this run is about to begin, once for the run and each new table."""
        ours = self._manifest.run == self._run
        before = set(self._manifest.begun) if ours else set()
        begun = before | (set(tables) - self._manifest.streams.keys())
        if not ours or begun != before:
            self._save(msgspec.structs.replace(self._manifest, run=self._run, begun=sorted(begun)))

    def _replace(self, streams: dict[str, Entry]) -> None:
        old = self._manifest
        before = _paths({name: entry for name, entry in old.streams.items() if streams.get(name) is not entry})
        after = _paths({name: entry for name, entry in streams.items() if old.streams.get(name) is not entry})
        waiting = {path for path in old.removed if (self.path / path).exists()}
        self._save(
            msgspec.structs.replace(
                old,
                streams=streams,
                begun=[name for name in old.begun if name not in streams],
                removed=sorted((waiting | before) - after),
            )
        )

    def _save(self, manifest: Manifest) -> None:
        refuse_link(self.path / MANIFEST)
        save_manifest(self.path, manifest)
        self._manifest = manifest

    def _load(self) -> Manifest:
        refuse_link(self.path / MANIFEST)
        if (self.path / MANIFEST).exists():
            manifest = read_manifest(self.path)
            if manifest.suffix not in {"", self._suffix}:
                raise DestinationError(
                    f"{self.path} holds {manifest.suffix} files, so no {self._suffix} files are written there;"
                    f" choose another folder, or name the destination {manifest.suffix}:{self.path}"
                )
            return msgspec.structs.replace(manifest, suffix=self._suffix)
        if (stray := next(self._strays(), None)) is not None:
            raise DestinationError(
                f"{self.path} has data files ({stray.relative_to(self.path)}) but no {MANIFEST};"
                f" put the {MANIFEST} back, or choose an empty folder"
            )
        return Manifest(FORMAT, self._suffix)

    def _strays(self) -> Iterator[Path]:
        """Yield data files in the folder, those of a folder inside left out that has a manifest."""
        for path in self.path.glob("**/part-*"):
            inside = [place for place in path.parents if self.path in place.parents]
            if PART.fullmatch(path.name) and not any((place / MANIFEST).exists() for place in inside):
                yield path

    def _tidy(self) -> None:
        """Bring the folder to what the manifest says: undo what a run began that was cut off."""
        manifest = self._manifest
        tables = [*manifest.streams, *manifest.begun]
        for table in tables:
            home, entry = self.home(table), manifest.streams.get(table) or Entry(())
            for file in entry.loading:  # moved up by a run that was cut off before it replaced the manifest
                if (home / file.name).exists() and not (home / LOADING / file.name).exists():
                    (home / file.name).replace(home / LOADING / file.name)
            listed = {file.name for file in (*entry.files, *entry.loading)}
            if manifest.run and _name(entry, manifest) not in listed:
                for place in (home, home / LOADING):
                    _discard(place / _name(entry, manifest))
                    _discard(place / f"{_name(entry, manifest)}{TEMPORARY}")
        self._remove(tables)
        refuse_link(self.path / f"{MANIFEST}{TEMPORARY}")
        _discard(self.path / f"{MANIFEST}{TEMPORARY}")

    def _remove(self, tables: Iterable[str]) -> None:
        """Remove files that no longer count, and what `tables` had for a full read that is over."""
        for path in self._manifest.removed:
            self.home(path.rpartition("/")[0].removesuffix(f"/{LOADING}"))
            _discard(self.path / path)
        for table in tables:
            entry = self._manifest.streams.get(table)
            if entry is None or not entry.loading:
                with suppress(OSError):  # it may not be there, or hold files of somebody else
                    (self.home(table) / LOADING).rmdir()

    def _states(self) -> dict[str, StreamState]:
        states = {}
        for name in self.tables():
            entry = self._manifest.streams[name]
            state = restore(entry.state) if entry.state is not None else StreamState()
            tables = [name, *self.tables(name)]
            if not all(path.exists() for table in tables for path in self.paths(table)):
                state = StreamState()
            elif not all(self._is_loaded(path) for table in tables for path in self.paths(table, loading=True)):
                state = give_up(state)
            if state != StreamState():
                states[name] = state
        return states

    def _is_loaded(self, path: Path) -> bool:
        """Return whether a file of a full read under way is there, or was moved up by a run that was cut off."""
        return path.exists() or (path.parent.parent / path.name).exists()


def _name(entry: Entry, manifest: Manifest) -> str:
    """Return what the next file of a table is called, in the run that the manifest names."""
    return f"part-{entry.next:06d}-{manifest.run}.{manifest.suffix}"


def _paths(streams: Mapping[str, Entry]) -> set[str]:
    return {path for table, entry in streams.items() for path in entry.paths(table)}


def _discard(path: Path) -> None:
    with suppress(FileNotFoundError, NotADirectoryError):
        path.unlink()


def _explain(path: Path, error: OSError) -> str:
    if isinstance(error, FileExistsError):
        return f"{path} is a file; name a folder for the data"
    if isinstance(error, FileNotFoundError):
        return f"cannot write to {path}: the folder {path.parent} does not exist; create it first"
    return f"{path} cannot be written: {error.strerror or error}; check its permissions and the space left"
