"""One delivery into a Parquet folder: its rows that are new, the relations made of them, and what they change."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from commercetools_source.destinations.entries import TableRows
from commercetools_source.destinations.parquet import counts, relations
from commercetools_source.destinations.parquet import files as dataset
from commercetools_source.destinations.parquet.compaction import compact
from commercetools_source.destinations.parquet.decoding import Clock, Decoders
from commercetools_source.destinations.parquet.news import news
from commercetools_source.destinations.parquet.published import COLUMNS, Texts, outlived, publish_columns, publish_views
from commercetools_source.extract.abilities import Changes
from commercetools_source.model.nested import new_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pyarrow as pa

    from commercetools_source.arrow.decode import Decoder
    from commercetools_source.catalog.schema import Column
    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.folder import Folder
    from commercetools_source.destinations.parquet.history import History
    from commercetools_source.destinations.parquet.session import Session
    from commercetools_source.extract.delivery import Delivery

__all__ = ["Deliveries"]


class Deliveries:
    """Stores deliveries in `folder`, with relations if they are to be materialized; `count` is told what each changed.

    `fields` gives the columns of a stream, `history` says of which earlier versions are kept.
    """

    def __init__(
        self,
        folder: Folder,
        session: Session,
        fields: Callable[[Stream], Sequence[Column]],
        count: Callable[[str, Changes | None], None],
        history: History,
        *,
        materialize: bool,
    ) -> None:
        self._folder = folder
        self._session = session
        self._history = history
        self._decoders = Decoders(folder, fields)
        self._clock = Clock()
        self._count = count
        self._materialize = materialize
        self._complete: set[str] = set()
        self._texts: Texts = {}
        self.replaced: list[str] = []
        """Streams of which a full read took the place of files that had versions of several runs."""

    def start(self, seconds: float) -> None:
        """Store no row as of a time before this one, in seconds since 1970; for a clock that was set back."""
        self._clock.start(seconds)

    def forget_columns(self) -> None:
        """Forget columns that were added and not stored."""
        self._decoders.clear()

    def close(self) -> None:
        """Forget what is known of the folder."""
        self._decoders.clear()
        self._complete.clear()
        self._texts.clear()

    def write(self, delivery: Delivery, nested: Sequence[str]) -> tuple[Decoder, list[str]]:
        """Store records and state, publish what readers need, and join small files.

        `nested`: the paths of unknown fields inside objects and lists of the stream that its relations have columns
        for from now on. Return what decoded the records, and the names of the columns that they added.
        """
        stream, phase = delivery.stream, delivery.phase
        if not phase.full:
            self._complete_relations(stream)
        decoder, added = self._store(delivery)
        # After the rows, which have the columns of before: a run that is cut off here leaves tables that look it.
        learned = self._learn(stream, nested)
        if learned or phase.swaps:
            self._complete.discard(stream.name)
            if phase.swaps or not phase.full:
                self._complete_relations(stream)
        tables = [stream.name, *self._folder.tables(stream.name)]
        changed = [publish_columns(self._folder, table) for table in tables]
        if learned or any(changed):
            publish_views(self._folder, self._texts)
        if phase.last:
            for table in tables:
                compact(self._folder, table)
                self._folder.files.release(table)
        return decoder, added

    def _learn(self, stream: Stream, paths: Sequence[str]) -> bool:
        """Store the paths that get columns; return whether one is new."""
        there = relations.nested(self._folder, stream)
        if new := new_paths(paths, there):
            self._folder.learn(stream.name, [*there, *new])
        return bool(new)

    def _store(self, delivery: Delivery) -> tuple[Decoder, list[str]]:
        """Return what decoded the records, and the names of the columns that they added."""
        import pyarrow as pa

        stream, phase = delivery.stream, delivery.phase
        decoder = self._decoders.of(delivery)
        before = len(decoder.fields)
        rows = decoder.rows(delivery.records)
        types = decoder.column_types()
        schema = dataset.fields(types)
        children = relations.delivered(self._folder, stream, phase, types, materialize=self._materialize)
        decoded = decoder.batches(rows, self._clock.now())
        batches: Iterable[pa.RecordBatch | pa.Table] = decoded
        records, count = None, len(rows.values)
        changes: Changes | None = None
        if children or not phase.full:  # these look at the rows more than once
            records = pa.Table.from_batches(list(decoded), decoder.schema())
            if not phase.full:
                records = self._news(stream, records, schema)
                changes = self._merged(stream, records, schema)
            batches, count = [records], records.num_rows
        write = partial(dataset.write, schema=schema, batches=batches) if count else None
        past = self._history.past(delivery, types)
        tables = [TableRows(stream.name, stream.key, write, types, self._history.kept(delivery), past)]
        for name, relation in children.items():
            unfolded = records if count else None
            tables.append(relations.rows_of_table(self._session, name, relation, unfolded, types))
        if not phase.swaps:
            self._folder.store(delivery, tables)
        else:
            entry = self._folder.entry(stream.name)
            has_past = entry is not None and not entry.history and outlived(stream.name, entry)
            changes = self._swapped(stream, types, lambda: self._folder.store(delivery, tables))
            if has_past and past is None and not delivery.keeps_unread:
                self.replaced.append(stream.name)
        if not phase.full or phase.swaps:
            self._count(stream.name, changes)
        return decoder, [field.name for field in decoder.fields[before:]]

    def _news(self, stream: Stream, records: pa.Table, schema: pa.Schema) -> pa.Table:
        """Return the rows of a delivery that are not stored already."""
        import pyarrow as pa

        entry, sources = self._folder.entry(stream.name), self._folder.sources(stream.name)
        if entry is None or not sources or not records.num_rows:
            return records
        fitted = dataset.fitted(records, schema)
        rows = news(self._session.connection, fitted, sources, entry.key, entry.columns)
        return records if len(rows) == records.num_rows else records.take(pa.array(rows, pa.int64()))

    def _merged(self, stream: Stream, news: pa.Table, schema: pa.Schema) -> Changes | None:
        """Return what rows change that are not stored already."""
        if not news.num_rows:
            return Changes()
        entry, sources = self._folder.entry(stream.name), self._folder.sources(stream.name)
        columns = {} if entry is None else entry.columns
        return counts.merged_changes(
            self._session.connection, dataset.fitted(news, schema), sources, stream.key, columns
        )

    def _swapped(self, stream: Stream, types: Mapping[str, str], store: Callable[[], None]) -> Changes | None:
        """Return what changes when `store` lets a full read take the place of what is stored."""
        entry = self._folder.entry(stream.name)
        rows = 0 if entry is None else sum(file.records for file in entry.files)
        if rows > counts.MOST_ROWS:
            store()
            return None
        sources = self._folder.sources(stream.name)
        if entry is None or not sources:
            store()
            new = self._folder.sources(stream.name)
            with self._session.limited(counts.MEMORY, 1) as connection:
                found = counts.first_changes(connection, new, stream.key)
            return found or counts.first_changes(self._session.connection, new, stream.key)
        # A column that only one side has says nothing about a record.
        columns = {name: sql for name, sql in types.items() if name in entry.columns}
        connection = self._session.connection
        remembered = counts.remember(connection, sources, stream.key, columns)
        store()
        if not remembered:
            return None
        return counts.changes_since(connection, self._folder.sources(stream.name), stream.key, columns)

    def _complete_relations(self, stream: Stream) -> None:
        """Make the relations' tables that are missing, or of another shape, from all rows of the stream."""
        entry = self._folder.entry(stream.name)
        stored = self._folder.tables(stream.name)
        if stream.name in self._complete or entry is None or not (stored or self._materialize):
            return
        if outdated := [name for name in stored if name not in relations.tables(stream, {})]:  # made by another version
            for name in outdated:  # first, because it is made anew as long as the table is there
                self._folder.files.discard(f"{name}/{COLUMNS}")
            self._folder.drop(outdated)
            publish_views(self._folder, self._texts)
        publish_columns(self._folder, stream.name)
        for name, relation in relations.incomplete(self._folder, stream):
            child, paths = self._folder.entry(name), self._folder.paths(stream.name)
            rows = relations.rows_of_files(self._session, name, relation, paths, entry.columns)
            self._folder.exchange(rows, [file.name for file in child.files] if child else (), parent=stream.name)
        self._complete.add(stream.name)
