"""The smallest destination that keeps all promises: a SQLite file. It shows what a new destination has to write."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from commercetools_source.destinations.row import Ability, DestinationType, Location
from commercetools_source.errors import DestinationError, InUseError
from commercetools_source.extract.checkpoint import StreamState, encode, restore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.delivery import Delivery


_NEWER = (
    "ON CONFLICT DO UPDATE SET version = excluded.version, record = excluded.record WHERE excluded.version >= version"
)


class Dummy:
    """Keeps records as JSON text by stream and key; those of a full read under way are marked `loading`."""

    batch_bytes = 1_000_000
    merges = True

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self._file: sqlite3.Connection | None = None

    def open(self) -> dict[str, StreamState]:
        if not self._path.parent.is_dir():
            raise DestinationError(f"the folder of {self.name} does not exist")
        try:
            file = self._file = sqlite3.connect(self.name, timeout=0, isolation_level=None)
            file.execute("PRAGMA locking_mode = EXCLUSIVE")
            file.execute("CREATE TABLE IF NOT EXISTS states (stream PRIMARY KEY, state)")
            file.execute("BEGIN EXCLUSIVE")
            file.execute(
                "CREATE TABLE IF NOT EXISTS records"
                " (stream, loading, key, version, record, PRIMARY KEY (stream, loading, key))"
            )
            file.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self.close()
            raise InUseError(f"{self.name} is in use: {error}") from error
        return self._states(file)

    def open_read_only(self) -> dict[str, StreamState]:
        if not self._path.exists():
            raise DestinationError(f"{self.name} does not exist")
        self._file = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=0)
        return self._states(self._file)

    @staticmethod
    def _states(file: sqlite3.Connection) -> dict[str, StreamState]:
        return {name: restore(json.loads(state)) for name, state in file.execute("SELECT * FROM states")}

    def write(self, delivery: Delivery) -> None:
        name, phase, file = delivery.stream.name, delivery.phase, self._opened()
        file.execute("BEGIN")
        try:
            if phase.first:
                file.execute("DELETE FROM records WHERE stream = ? AND loading", [name])
            file.executemany(f"INSERT INTO records VALUES (?, ?, ?, ?, ?) {_NEWER}", self._rows(delivery))
            if phase.swaps and not delivery.keeps_unread:
                file.execute("DELETE FROM records WHERE stream = ? AND NOT loading", [name])
            if phase.swaps:
                loaded = "SELECT stream, 0, key, version, record FROM records WHERE stream = ? AND loading"
                file.execute(f"INSERT INTO records {loaded} {_NEWER}", [name])
                file.execute("DELETE FROM records WHERE stream = ? AND loading", [name])
            file.execute("REPLACE INTO states VALUES (?, ?)", [name, json.dumps(encode(delivery.state))])
            file.execute("COMMIT")
        except BaseException as error:
            file.execute("ROLLBACK")
            if isinstance(error, (KeyError, ValueError, sqlite3.Error)):
                raise DestinationError(f"cannot write {name} to {self.name}: {error}") from error
            raise

    @staticmethod
    def _rows(delivery: Delivery) -> Iterator[tuple[str, bool, str, int, str]]:
        for raw in delivery.records:
            record = json.loads(bytes(raw))
            key = json.dumps([record[column] for column in delivery.stream.key])
            yield delivery.stream.name, delivery.phase.full, key, record.get("version", 0), json.dumps(record)

    def reset(self, stream: Stream) -> bool:
        file = self._opened()
        file.execute("DELETE FROM records WHERE stream = ? AND loading", [stream.name])
        return file.execute("DELETE FROM states WHERE stream = ?", [stream.name]).rowcount > 0

    def _opened(self) -> sqlite3.Connection:
        if self._file is None:
            raise DestinationError(f"{self.name} is not open; call open() first")
        return self._file

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _make(location: Location) -> Dummy:
    return Dummy(location.path())


DUMMY = DestinationType(
    name="dummy",
    label="dummy file",
    metavar="FILE",
    make=_make,
    suffixes=(".dummy",),
    abilities=frozenset({Ability.MERGE}),
)
