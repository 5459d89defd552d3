"""Earlier versions of rows in a Parquet folder: kept by a full read where a run asked for it, as its manifest says.

The files have every version that a run stored. A full read takes their place; what is asked for here is written
beside its rows, in the change that makes them count: versions that newer ones replaced, and rows that the platform no
longer has, once more with the time in `_deleted_at`, as `mark_deleted` would have repeated them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT, SYNCED_AT, UNFIT
from commercetools_source.catalog.timestamps import moment
from commercetools_source.destinations.parquet import files as dataset
from commercetools_source.destinations.parquet.dialects import typed
from commercetools_source.destinations.parquet.published import columns_file
from commercetools_source.destinations.parquet.views import files, newest
from commercetools_source.destinations.past import ANEW, began, fitted, selection_of
from commercetools_source.events import Notice
from commercetools_source.model.quoting import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import BinaryIO

    import duckdb

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.folder import Folder
    from commercetools_source.destinations.manifest import Entry
    from commercetools_source.destinations.parquet.session import Session
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery

    Write = Callable[[BinaryIO], int]

__all__ = ["History"]

_NEWER, _GONE = "_newer", "_gone"
_CHANGED = "lastModifiedAt"


class History:
    """Which streams of `folder` keep earlier versions through a full read, and what writes those."""

    def __init__(self, folder: Folder, session: Session) -> None:
        self._folder = folder
        self._session = session
        self._asked_for: set[str] = set()
        self._held: dict[str, str] = {}
        self.notices: list[Notice] = []
        """What a person should hear of versions that were not kept."""

    def ask_for(self, streams: Iterable[Stream]) -> None:
        """Keep those of these streams from the next delivery on."""
        self._asked_for |= {stream.name for stream in streams}

    def start(self, states: Mapping[str, StreamState]) -> None:
        """Take note of what the files hold, by the states that were stored with them."""
        # A state without a cursor speaks of rows that are being loaded, and of other ones than the files have.
        self._held = {name: selection_of(state) for name, state in states.items() if state.cursor and not state.broken}
        self.notices = []

    def kept(self, delivery: Delivery) -> str:
        """Return what part of the stream has its earlier versions kept after this delivery, "" if none has."""
        stream, entry = delivery.stream.name, self._folder.entry(delivery.stream.name)
        before = entry.history if entry else ""
        if not before and stream not in self._asked_for:
            return ""
        now = selection_of(delivery.state)
        if delivery.phase.swaps or not _has_rows(entry):
            return now
        return before or self._held.get(stream, "")

    def past(self, delivery: Delivery, types: Mapping[str, str]) -> Callable[[Sequence[str]], Write] | None:
        """Return what writes the rows that stay beside those of a full read; None where they take the place of all.

        `types` are those of the columns that the full read has.
        """
        stream, entry, kept = delivery.stream.name, self._folder.entry(delivery.stream.name), self.kept(delivery)
        if not (delivery.phase.swaps and kept and entry is not None and entry.columns):
            return None
        if (entry.history or self._held.get(stream)) != kept:
            reason = "other records are read, or personal data become something else"
        elif not self._folder.is_whole(stream):
            reason = "one of its files is missing or has another size"
        else:
            return partial(self._write, delivery, entry, types)
        if entry.history and _has_rows(entry):
            self.notices.append(Notice(stream, ANEW.format(reason=reason), lacking=True))
        return None

    def _write(self, delivery: Delivery, entry: Entry, types: Mapping[str, str], loaded: Sequence[str]) -> Write:
        stored, connection = entry.columns, self._session.connection
        # With the file of all columns there is one at least, and each column is in one.
        columns = str(columns_file(self._folder, delivery.stream.name, self._session.scratch))
        sources = [columns, *self._folder.sources(delivery.stream.name)]
        held = f"(SELECT *, {_dates(stored)} AS held FROM {files(sources)})"  # noqa: S608 - quoted names
        keys = ", ".join(map(quoted, entry.key))
        self._list(delivery, entry, held, files([columns, *loaded]))
        target, within = {**stored, **types}, "true"
        if delivery.state.since is not None and _CHANGED in stored:
            within = f"{began('held', stored)} >= {_time(delivery.state.since)}"
        # A version that came back is no earlier one: a deletion that was none, or a read that was behind.
        rows = (
            f"SELECT {_fitted(stored, target, {})} FROM {held} AS past LEFT JOIN {_NEWER} USING ({keys})"  # noqa: S608 - quoted names
            f" WHERE ({_NEWER}._newest IS NULL OR past.version < {_NEWER}._newest) AND {within}"
            f" UNION ALL BY NAME SELECT {_fitted(stored, target, {DELETED_AT: f'{_GONE}._end'})}"
            f" FROM {held} AS past JOIN {_GONE} USING ({keys})"
            f" WHERE past.version IS NOT DISTINCT FROM {_GONE}._version AND past.{SYNCED_AT} = {_GONE}._synced"
            f" AND past.{DELETED_AT} IS NULL AND {within}"
        )
        schema = dataset.fields(target)
        # Few rows at a time where they are large: what is read ahead is in memory.
        at_once = dataset.rows_at_once(connection, sources)
        return lambda out: dataset.write(out, schema, dataset.reader(connection.sql(rows), at_once))

    def _list(self, delivery: Delivery, entry: Entry, held: str, loaded: str) -> None:
        """Make two tables: what the full read brought, and which rows it lacked, with the time when these ended."""
        connection: duckdb.DuckDBPyConnection = self._session.connection
        keys, columns = ", ".join(map(quoted, entry.key)), entry.columns
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {_NEWER} AS"  # noqa: S608 - quoted names
            f" SELECT {keys}, coalesce(max(version), 0) AS _newest FROM {loaded} GROUP BY {keys}"
        )
        # Of a record that changed after the time up to which the read is complete nobody knows when it went.
        read = _time(delivery.state.cursor or delivery.state.bound or "")
        begin = f", {began('held', columns)} + INTERVAL 1 MILLISECOND" if _CHANGED in columns else ""
        last = newest(f"{held} ANTI JOIN {_NEWER} USING ({keys})", entry.key, columns)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {_GONE} AS"  # noqa: S608 - quoted names
            f" SELECT {keys}, version AS _version, {SYNCED_AT} AS _synced,"
            f" make_timestamptz(epoch_us(greatest({read}{begin}))) AS _end"
            f" FROM ({last}) WHERE {DELETED_AT} IS NULL"
        )


def _has_rows(entry: Entry | None) -> bool:
    return entry is not None and any(file.records for file in entry.files)


def _time(text: str) -> str:
    return literal(moment(text).replace(tzinfo=None))


def _dates(stored: Mapping[str, str]) -> str:
    """Return one value with the dates by which `began` tells when a version began, as a DuckDB file has them."""
    dates = [name for name in (_CHANGED, "versionModifiedAt") if name in stored] or ["version"]
    return f"struct_pack({', '.join(f'{name} := {typed(quoted(name), stored[name])}' for name in dates)})"


def _fitted(stored: Mapping[str, str], target: Mapping[str, str], instead: Mapping[str, str]) -> str:
    """Return the columns of `past`, whose files have those in `stored`, as those of `target` are stored."""
    as_stored = {name: f"past.{quoted(name)}" for name in stored}
    other = {name for name, sql in stored.items() if sql != target[name]}
    if other:
        other.add(UNFIT)
    columns = {name: typed(value, stored[name]) if name in other else value for name, value in as_stored.items()}
    columns = fitted(columns, stored, target)
    for name in other & {name for name, sql in target.items() if sql in {"JSON", "TIME"}}:
        columns[name] = f"({columns[name]})::VARCHAR"
    return ", ".join(f"{instead.get(name, value)} AS {quoted(name)}" for name, value in columns.items())
