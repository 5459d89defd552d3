"""Parquet files in a folder: one dataset for each stream, typed columns, files added by every run.

    folder/orders/columns.parquet               no rows and all columns; first by name, so readers know all columns
    folder/orders/part-000001-5f3a9c01.parquet  one delivery, or the deletions found by a run
    folder/main/order_line_items/part-…        relations, where asked for: the rows of the same deliveries, unfolded
    folder/latest.sql                           views of the newest version of each row, for DuckDB

A later version of a record is one more row; `newest` says which one counts. A full read takes the place of all
versions, except where a history was asked for.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import surprises
from commercetools_source.catalog.schema import columns
from commercetools_source.destinations.duckdb_engine import first_line, refuse_backslash
from commercetools_source.destinations.folder_destination import FolderDestination
from commercetools_source.destinations.manifest import MANIFEST
from commercetools_source.destinations.parquet import deletions, erasure
from commercetools_source.destinations.parquet.deliveries import Deliveries
from commercetools_source.destinations.parquet.dialects import DIALECTS
from commercetools_source.destinations.parquet.external import statements, unreadable
from commercetools_source.destinations.parquet.history import History
from commercetools_source.destinations.parquet.published import (
    publish_columns,
    publish_views,
    readable_views,
    refuse_foreign,
)
from commercetools_source.destinations.parquet.session import Session
from commercetools_source.destinations.unknown import UnknownFields
from commercetools_source.errors import KEPT, DestinationError, RecordError, in_a_sentence
from commercetools_source.errors.extras import install_hint
from commercetools_source.events import Notice, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb
    import msgspec

    from commercetools_source.catalog.schema import Column
    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.store import Store
    from commercetools_source.extract.abilities import Difference, Listed
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery

__all__ = ["Parquet"]

_NAMED = 3
"""So many streams are named in a sentence."""


class Parquet(FolderDestination):
    """A destination that writes Parquet files into a store, or into a folder whose parent folder must exist.

    `materialize` writes the relations of the streams too; those of a stream that has some are always kept in step.
    `drift` counts values that did not fit their column, by table and field (they are in `_unfit`);
    `added` lists the columns added for fields that the schema did not know.
    """

    batch_bytes = 48_000_000  # one file each
    merges = True

    def __init__(
        self, path: Path | Store, fields: Callable[[Stream], Sequence[Column]] = columns, *, materialize: bool = False
    ) -> None:
        super().__init__(path, "parquet")
        self.drift: dict[tuple[str, str], int] = {}
        self.added: list[tuple[str, str]] = []
        self._unknown = UnknownFields()
        self._session = Session(self._folder.files)
        self._history = History(self._folder, self._session)
        self._deliveries = Deliveries(
            self._folder, self._session, fields, self._count, self._history, materialize=materialize
        )

    # --- from opening to closing ---

    def open(self) -> Mapping[str, StreamState]:
        """Create and lock the folder, return the stored states; raises DestinationError and StateError."""
        self._import()
        self._changes = {}
        # Before the folder is made or locked: what is refused must leave no trace.
        with in_a_sentence(self._folder.files.explain):
            refuse_foreign(self._folder)
        self._session.refuse_link()
        states = self._folder.open()
        try:
            self._session.clean()
            self._history.start(states)
            # No row was stored after the manifest, so a clock that was set back cannot make new rows look old.
            self._deliveries.start(self._folder.files.changed(MANIFEST))
            with in_a_sentence(self._folder.files.explain):
                for stream in self._folder.tables():
                    for table in (stream, *self._folder.tables(stream)):
                        # A run that was killed may have stored a column and not yet published it.
                        publish_columns(self._folder, table)
                publish_views(self._folder)  # the folder may have been moved
        except BaseException:
            self.close()
            raise
        return states

    def open_read_only(self) -> Mapping[str, StreamState]:
        """Return the stored states, with nothing changed; raises DestinationError and StateError.

        What `compare` needs room for goes to the system's folder of temporary files.
        """
        self._import()
        states = self._folder.open(read_only=True)
        self._session.write_elsewhere()
        return states

    def _import(self) -> None:
        """Look for the packages now, before anything is read."""
        try:
            import duckdb  # noqa: F401 - heavy
            import pyarrow.parquet  # noqa: F401 - same
        except ImportError as error:
            hint = install_hint("bucket" if self._folder.files.shared else "parquet")
            raise DestinationError(f"cannot use {self.name}: it needs pyarrow and DuckDB; {hint}") from error
        refuse_backslash(self._folder.files.url)

    @contextmanager
    def querying(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a connection with the views of records that `latest.sql` makes; raises DestinationError."""
        with self._failing("query"):
            self._session.connection.execute(readable_views(self._folder))
            yield self._session.connection

    def external_tables(self, dialect: str) -> tuple[str, str]:
        """Return the SQL of external tables and views for a warehouse, and what must be done before it can run.

        Nothing is changed; raises DestinationError and StateError, and KeyError for a name that DIALECTS lacks.
        """
        row = DIALECTS[dialect]
        self._folder.open(read_only=True)
        try:
            entries = [(name, self._folder.entry(name)) for name in self._folder.tables()]
            url = self._folder.files.url
            streams = {name: entry for name, entry in entries if entry and entry.columns}
            if not streams:
                raise DestinationError(f"{self.name} holds no stream yet; run `commercetools-source sync` first")
            return statements(row, url, streams), unreadable(row, url)
        finally:
            self._folder.close()

    def close(self) -> None:
        """Release the folder."""
        self._deliveries.close()
        self._session.close()
        super().close()

    # --- deliveries ---

    def write(self, delivery: Delivery) -> None:
        """Store records as one new file, together with the state; then join files, if there are many small ones.

        Raises DestinationError; what is stored by then is whole, and the next run goes on from it.
        """
        self._folder.refuse_closed()  # before a connection is made to count the changes
        name = delivery.stream.name
        with self._failing(f"write {name} to"):
            self._unknown.look(delivery.stream, delivery.records)
            decoder, added = self._deliveries.write(delivery, self._unknown.paths(delivery.stream))
        self.added += [(name, field) for field in added]
        decoder.tell(name, self.drift)

    def notices(self) -> Sequence[Notice]:
        """Return what was noticed of missing files, lost versions, unknown fields and values that do not fit."""
        replaced = self._deliveries.replaced
        past = [_past_lost(replaced)] if replaced else []
        return [
            *super().notices(),
            *past,
            *self._history.notices,
            *surprises(self.added, self.drift, self._unknown.notices(self._nested)),
        ]

    def _nested(self, stream: str) -> Sequence[str]:
        entry = self._folder.entry(stream)
        return () if entry is None else entry.nested

    def scan(self, stream: Stream, fields: Sequence[str], before: str | None = None) -> Iterator[msgspec.Raw]:
        """Yield each stored row, of a read under way too, as a JSON object of those of `fields` that it has."""
        self._folder.refuse_damaged(stream.name)
        with self._failing(f"read {stream.name} in"):
            yield from erasure.scan(self._folder, self._session, stream, fields, before)

    def rewrite(self, stream: Stream, ids: Collection[str], change: Callable[[msgspec.Raw], msgspec.Raw] | None) -> int:
        """Let rows be what `change` makes of them, or take them out, with their relations; return how many."""
        with self._failing(f"erase records of {stream.name} in"):
            return erasure.rewrite(self._folder, self._session, stream, ids, change)

    def keep_history(self, streams: Iterable[Stream]) -> None:
        """Let a full read keep earlier versions of these streams from the next delivery on, as each later run does."""
        self._history.ask_for(streams)

    def reset(self, stream: Stream) -> bool:
        """Drop the stream's state and the files of a read under way; return whether there was any."""
        with self._failing(f"reset {stream.name} in"):
            return self._folder.reset(stream.name)

    # --- deletions ---

    def mark_deleted(self, stream: Stream, times: Mapping[str, str]) -> int:
        """Repeat rows with the time of their deletion, in what is being loaded too; return how many readers saw."""
        with self._failing(f"mark deleted {stream.name} in"):
            rows, _ = (
                deletions.mark_deleted(self._folder, self._session, stream.name, times, loading=loading)
                for loading in (False, True)
            )
        return rows

    def compare(
        self, stream: Stream, pages: Iterable[Sequence[Listed]], cursor: str, since: str | None = None
    ) -> Difference:
        """Return how the stream's newest rows that are not marked as deleted differ from a listing."""
        with self._failing(f"compare {stream.name} in"):
            return deletions.compare(self._folder, self._session, stream.name, pages, cursor, since)

    @contextmanager
    def _failing(self, action: str) -> Iterator[None]:
        """Raise DestinationError for what DuckDB and Arrow raise inside."""
        import duckdb
        import pyarrow as pa

        def sentence(error: BaseException) -> str:
            # What DuckDB says of a store of ours begins with the name of the error that it was told.
            return f"cannot {action} {self.name}: {first_line(error).removeprefix(f'{OSError.__name__}: ')}; {KEPT}"

        try:
            with in_a_sentence(sentence):
                yield
        except BaseException as error:
            self._deliveries.forget_columns()  # columns that were added are not stored
            if not isinstance(error, (duckdb.Error, pa.ArrowException)):
                raise
            # What DuckDB and Arrow refuse concerns this stream only; a full disk or a lost folder concerns all.
            failure = DestinationError if isinstance(error, duckdb.IOException) else RecordError
            raise failure(sentence(error)) from error


def _past_lost(streams: Sequence[str]) -> Notice:
    names = ", ".join(streams) if len(streams) <= _NAMED else counted(len(streams), "stream")
    return Notice(
        "history",
        f"a full read took the place of the files of {names}, so history.{streams[0]}_at begins with it;"
        " earlier versions of changed records are gone, which --history keeps",
        lacking=True,
    )
