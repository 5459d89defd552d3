"""Parquet files in a folder: one dataset for each stream, typed columns, files added by every run.

    folder/orders/columns.parquet               no rows and all columns; first by name, so readers know all columns
    folder/orders/part-000001-5f3a9c01.parquet  one delivery, or the deletions found by a run
    folder/model/order_line_items/part-…        relations, where asked for: the rows of the same deliveries, unfolded
    folder/latest.sql                           views of the newest version of each row, for DuckDB

A later version of a record is one more row; `newest` says which one counts.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT, OWN, SYNCED_AT, Decoder, surprises
from commercetools_source.catalog.schema import KINDS_BY_SQL, SQL_TYPES, Column, columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import duckdb_engine
from commercetools_source.destinations.folder import Folder, TableRows
from commercetools_source.destinations.manifest import MANIFEST, refuse_link, write_file
from commercetools_source.destinations.parquet import files as dataset
from commercetools_source.destinations.parquet import relations as unfolded
from commercetools_source.destinations.parquet.news import news
from commercetools_source.destinations.parquet.views import child_view, files, head, newest, view
from commercetools_source.errors import DestinationError
from commercetools_source.errors.extras import install_hint
from commercetools_source.model.select import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    import duckdb
    import pyarrow as pa

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.events import Notice
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery, Difference, Listed
    from commercetools_source.model.relations import Relation

__all__ = ["Parquet"]

COLUMNS = "columns.parquet"
LATEST = "latest.sql"
SPILL = ".spill"

_SUFFIX = "parquet"
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "300MB",
    "threads": 2,
    "preserve_insertion_order": False,
    "autoinstall_known_extensions": False,  # nothing is downloaded behind the user's back
    "autoload_known_extensions": False,
}
_MOST_MEMORY = "1GB"
"""For a piece that is a single large record: of one with 16 MB, the most that the platform stores, 400 MB are used."""
_PIECE_BYTES = 8_000_000
"""Records that are unfolded at once; parsed into all their fields they take several times as much."""
_SMALL = 16_000_000
"""Bytes of a file that is worth being joined with others."""
_MANY = 16
"""Small files that a table may have."""
_LARGE = 128_000_000
"""Bytes of what is joined into one file at most."""


class Parquet:
    """A destination that writes Parquet files into the folder `path`; its parent folder must exist.

    `materialize` writes the relations of the streams too; those of a stream that has some are always kept in step.
    `drift` counts values that did not fit their column, by table and field (they are in `_unfit`);
    `added` lists the columns added for fields that the schema did not know.
    """

    batch_bytes = 48_000_000
    merges = True

    def __init__(
        self, path: Path, fields: Callable[[Stream], Sequence[Column]] = columns, *, materialize: bool = False
    ) -> None:
        self.name = str(path)
        self.drift: dict[tuple[str, str], int] = {}
        self.added: list[tuple[str, str]] = []
        self._folder = Folder(path, _SUFFIX)
        self._fields = fields
        self._materialize = materialize
        self._whole: set[str] = set()
        self._decoders: dict[tuple[str, bool], Decoder] = {}
        self._last = datetime.min.replace(tzinfo=timezone.utc)
        self._sql: duckdb.DuckDBPyConnection | None = None
        self._scratch: TemporaryDirectory[str] | None = None

    def open(self) -> Mapping[str, StreamState]:
        """Create and lock the folder, return the stored states; raises DestinationError and StateError."""
        self._import()
        self._refuse_foreign()
        states = self._folder.open()
        try:
            # No row was stored after the manifest, so a clock that was set back cannot make new rows look old.
            written = (self._folder.path / MANIFEST).stat().st_mtime
            self._last = datetime.fromtimestamp(written, timezone.utc)
            for stream in self._folder.tables():
                for table in (stream, *self._folder.tables(stream)):
                    self._columns(table)
            self._describe()  # the folder may have been moved
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
        self._scratch = TemporaryDirectory(prefix="commercetools-source-")
        return states

    def _import(self) -> None:
        """Look for the packages now, before anything is read."""
        try:
            import duckdb  # noqa: F401 - heavy
            import pyarrow.parquet  # noqa: F401 - same
        except ImportError as error:
            hint = install_hint("parquet")
            raise DestinationError(f"cannot use {self.name}: it needs pyarrow and DuckDB; {hint}") from error

    def _refuse_foreign(self) -> None:
        """Raise DestinationError when somebody else's file has a name under which this writes."""
        path = self._folder.path / LATEST
        if not self._folder.is_there():
            return
        refuse_link(self._folder.path / SPILL)
        if path.is_file() and not path.read_bytes().startswith(head(self._folder.path).encode()[:40]):
            raise DestinationError(
                f"{path} was not written by commercetools-source; move it away, or choose another folder"
            )

    def close(self) -> None:
        """Release the folder."""
        scratch, self._scratch = self._scratch, None
        self._decoders.clear()
        self._whole.clear()
        connection, self._sql = self._sql, None
        if connection is not None:
            connection.close()
        if scratch is not None:
            scratch.cleanup()
        self._folder.close()

    def write(self, delivery: Delivery) -> None:
        """Store records as one new file, together with the state; then join files, if there are many small ones.

        Raises DestinationError; what is stored by then is whole, and the next run goes on from it.
        """
        with self._failing(f"write {delivery.stream.name} to"):
            if not delivery.phase.full:
                self._complete(delivery.stream)
            decoder, added = self._store(delivery)
            if delivery.phase.swaps:
                self._whole.discard(delivery.stream.name)
                self._complete(delivery.stream)
            names = [delivery.stream.name, *self._folder.tables(delivery.stream.name)]
            changed = [self._columns(name) for name in names]
            if any(changed):
                self._describe()
            if delivery.phase.last:
                for name in names:
                    self._compact(name)
        self.added += [(delivery.stream.name, one) for one in added]
        decoder.tell(delivery.stream.name, self.drift)

    def notices(self) -> Sequence[Notice]:
        """Return what was noticed of missing files, of unknown fields and of values that do not fit."""
        return [*self._folder.notices(), *surprises(self.added, self.drift)]

    def mark_deleted(self, stream: Stream, times: Mapping[str, str]) -> int:
        """Repeat rows with the time of their deletion, in what is being loaded too; return how many were not marked."""
        with self._failing(f"mark deleted {stream.name} in"):
            return sum(self._delete(stream, times, loading=loading) for loading in (False, True))

    def compare(
        self, stream: Stream, pages: Iterable[Sequence[Listed]], cursor: str, since: str | None = None
    ) -> Difference:
        """Return how the stream's newest rows that are not marked as deleted differ from a listing."""
        with self._failing(f"compare {stream.name} in"):
            fields = ("createdAt", "lastModifiedAt") if since else ("createdAt",)
            dates = [f"make_timestamp(epoch_us({one})) AS {one}" for one in fields]
            self._hold(stream, f"id, version, {', '.join(dates)}, {DELETED_AT}")  # whatever zone the session is in
            return duckdb_engine.compare(self._connection, "_held", pages, cursor, since)

    def reset(self, stream: Stream) -> bool:
        """Drop the stream's state and the files of a read under way; return whether there was any."""
        with self._failing(f"reset {stream.name} in"):
            return self._folder.reset(stream.name)

    # --- one delivery ---

    def _store(self, delivery: Delivery) -> tuple[Decoder, list[str]]:
        """Return what decoded the records, and the names of the columns that they added."""
        import pyarrow as pa

        stream = delivery.stream
        decoder = self._decoder(delivery)
        known = len(decoder.fields)
        rows = decoder.rows(delivery.records)
        found = {**{field.name: SQL_TYPES[field.kind] for field in decoder.fields}, **OWN}
        schema = dataset.fields(found)
        relations = self._relations(delivery)
        decoded = decoder.batches(rows, self._moment())
        batches: Iterable[pa.RecordBatch | pa.Table] = decoded
        some = bool(rows.values)
        if relations or not delivery.phase.full:
            table = pa.Table.from_batches(list(decoded), decoder.schema())
            if not delivery.phase.full:
                table = self._news(stream, table, schema)
            batches, some = [table], bool(table.num_rows)
        write = partial(dataset.write, schema=schema, batches=batches) if some else None
        parts = [TableRows(stream.name, stream.key, write, found)]
        for name, one in relations.items():
            unfold = self._rows(one, partial(dataset.halves, table, _PIECE_BYTES), found) if some else None
            parts.append(TableRows(name, one.key, unfold, unfolded.types(one)))
        self._folder.store(delivery, parts)
        return decoder, [field.name for field in decoder.fields[known:]]

    def _news(self, stream: Stream, table: pa.Table, schema: pa.Schema) -> pa.Table:
        """Return the rows of a delivery that are not stored already."""
        import pyarrow as pa

        entry, paths = self._folder.entry(stream.name), self._folder.paths(stream.name)
        if entry is None or not paths or not table.num_rows:
            return table
        rows = news(self._connection, dataset.fitted(table, schema), paths, entry.key, entry.columns)
        return table if len(rows) == table.num_rows else table.take(pa.array(rows, pa.int64()))

    def _relations(self, delivery: Delivery) -> dict[str, Relation]:
        """Return the relations of a delivery by their tables: all, none, or those with which the full read began."""
        stream = delivery.stream.name
        wanted = self._folder.tables(stream)
        if delivery.phase.full and not delivery.phase.first:
            entries = [(name, self._folder.entry(name)) for name in wanted]
            wanted = [name for name, entry in entries if entry and entry.loading_columns]
        elif self._materialize or wanted:
            return unfolded.tables(delivery.stream)
        return {name: one for name, one in unfolded.tables(delivery.stream).items() if name in wanted} if wanted else {}

    def _rows(
        self, relation: Relation, pieces: Callable[[], Iterable[pa.Table]], have: Mapping[str, str]
    ) -> Callable[[BinaryIO], int]:
        """Return what writes the rows of a relation, made from the records piece by piece.

        DuckDB parses some 2,000 records at once, however large they are: so it is given few large ones at a time.
        """
        query = select(relation, "_records", have)

        def batches() -> Iterator[pa.RecordBatch]:
            for piece in pieces():
                self._connection.register("_records", piece)
                try:
                    yield from self._parsed(query)
                finally:
                    self._connection.unregister("_records")

        schema = dataset.fields(unfolded.types(relation))
        return lambda out: dataset.write(out, schema, batches())

    def _parsed(self, query: str) -> list[pa.RecordBatch]:
        """Return what a query finds in a piece; a single record that is too large for the usual memory gets more."""
        import duckdb

        try:
            return list(dataset.reader(self._connection.sql(query)))
        except duckdb.Error as error:
            if not isinstance(error, duckdb.OutOfMemoryException) and "failed to pin block" not in str(error):
                raise
        self._connection.execute(f"SET memory_limit = '{_MOST_MEMORY}'")
        try:
            return list(dataset.reader(self._connection.sql(query)))
        finally:
            self._connection.execute(f"SET memory_limit = '{_SETTINGS['memory_limit']}'")

    def _complete(self, stream: Stream) -> None:
        """Make the relations' tables that are wanted and missing, or of another shape, from all rows of the stream."""
        entry = self._folder.entry(stream.name)
        stored = self._folder.tables(stream.name)
        if stream.name in self._whole or entry is None or not (stored or self._materialize):
            return
        relations = unfolded.tables(stream)
        if outdated := [name for name in stored if name not in relations]:  # made by another version
            for name in outdated:  # first, because it is made anew as long as the table is there
                (self._folder.home(name) / COLUMNS).unlink(missing_ok=True)
            self._folder.drop(outdated)
            self._describe()
        self._columns(stream.name)
        pieces = partial(dataset.pieces, self._folder.paths(stream.name), _PIECE_BYTES)
        for name, relation in relations.items():
            held = self._folder.entry(name)
            if held is None or held.columns != unfolded.types(relation):
                part = TableRows(
                    name, relation.key, self._rows(relation, pieces, entry.columns), unfolded.types(relation)
                )
                gone = [one.name for one in held.files] if held else ()
                self._folder.exchange(part, gone, parent=stream.name)
        self._whole.add(stream.name)

    def _readable(self, table: str) -> list[Path]:
        """Return the files of a table, of which there is at least the one without rows."""
        return [self._columns_file(table), *self._folder.paths(table)]

    def _columns_file(self, table: str) -> Path:
        """Return the file of a table that has all columns and no rows, elsewhere if nothing may be written here."""
        path = self._folder.path / table / COLUMNS
        entry = self._folder.entry(table)
        if self._scratch is None or entry is None:
            return path
        schema = dataset.fields(entry.columns)
        if dataset.schema_of(path) == schema:
            return path
        name = f"{table.replace('/', '.')}.parquet"
        write_file(Path(self._scratch.name), name, lambda out: dataset.write(out, schema, [dataset.empty(schema)]))
        return Path(self._scratch.name, name)

    def _decoder(self, delivery: Delivery) -> Decoder:
        """Return the decoder for the files as they are: what columns they have, then those that only the schema has."""
        stream, loading = delivery.stream, delivery.phase.full
        if delivery.phase.first:
            self._decoders.pop((stream.name, True), None)
        decoder = self._decoders.get((stream.name, loading))
        if decoder is None:
            entry = None if delivery.phase.first else self._folder.entry(stream.name)
            held = {} if entry is None else entry.loading_columns if loading else entry.columns
            present = [Column(one, KINDS_BY_SQL[sql], nullable=True) for one, sql in held.items() if one not in OWN]
            fields = [*present, *(field for field in self._fields(stream) if field.name not in held)]
            decoder = self._decoders[stream.name, loading] = Decoder(stream.name, fields, stream.key)
        if delivery.phase.last:
            self._decoders.pop((stream.name, True), None)
        if delivery.phase.last and loading:
            self._decoders.pop((stream.name, False), None)
        return decoder

    def _moment(self) -> datetime:
        """Return when rows are stored, in UTC: later each time, because the later of two equal versions is newer."""
        self._last = max(datetime.now(timezone.utc), self._last + timedelta(microseconds=1))
        return self._last.replace(tzinfo=None)

    def _columns(self, table: str) -> bool:
        """Write the file of a table that has all columns and no rows, if it is not there as it should be."""
        entry = self._folder.entry(table)
        if entry is None or not entry.columns:
            return False
        path = self._folder.home(table) / COLUMNS
        schema = dataset.fields(entry.columns)
        if dataset.schema_of(path) == schema:
            return False
        if dataset.has_rows(path):
            raise DestinationError(f"{path} has rows, so commercetools-source did not write it; move it away")
        write_file(path.parent, COLUMNS, lambda out: dataset.write(out, schema, [dataset.empty(schema)]))
        return True

    def _describe(self) -> None:
        """Write the views, one for each stream and one for each relation, if they are not there as they should be."""
        home = self._folder.path.absolute()
        script = [head(home)]
        for stream in sorted(self._folder.tables()):
            entry = self._folder.entry(stream)
            if entry is None or not entry.columns:
                continue
            script.append(view(home, stream, entry.key, entry.columns))
            stored = [(name, self._folder.entry(name)) for name in self._folder.tables(stream)]
            known = unfolded.tables(STREAMS[stream]) if stored and stream in STREAMS else {}
            for name, one in stored:
                if one and one.columns and name in known:
                    keys = unfolded.owner(known[name], entry.key)
                    script.append(child_view(home, name, stream, keys, one.columns, entry.columns))
        text = "\n".join(script).encode()
        if not (home / LATEST).exists() or (home / LATEST).read_bytes() != text:
            write_file(home, LATEST, lambda out: out.write(text))

    def _compact(self, table: str) -> None:
        """Make large files of many small ones, as often as runs have added them."""
        entry = self._folder.entry(table)
        small = [one for one in entry.files if one.bytes < _SMALL] if entry else []
        if entry is None or len(small) < _MANY:
            return
        schema = dataset.fields(entry.columns)
        while small:
            size, some = 0, []
            while small and size < _LARGE:
                some.append(small.pop(0))
                size += some[-1].bytes
            paths = [self._folder.path / table / one.name for one in some]
            write = partial(dataset.write, schema=schema, batches=dataset.pieces(paths))
            self._folder.exchange(TableRows(table, entry.key, write), [one.name for one in some])

    # --- deletions ---

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._sql is None:
            place = self._folder.path if self._scratch is None else Path(self._scratch.name)
            self._sql = duckdb_engine.connect({**_SETTINGS, "temp_directory": str(place / SPILL)})
        return self._sql

    def _hold(self, stream: Stream, select: str, *, loading: bool = False) -> bool:
        """Make the view `_held` of the newest rows of a stream; return whether there are any files."""
        entry = self._folder.entry(stream.name)
        paths = self._folder.paths(stream.name, loading=loading)
        if entry is None or not (paths if loading else entry.columns):
            return False
        held = entry.loading_columns if loading else entry.columns
        source = files(paths if loading else self._readable(stream.name))
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW _held AS {newest(source, entry.key, held, select)}")
        return True

    def _delete(self, stream: Stream, times: Mapping[str, str], *, loading: bool) -> int:
        """Add a file of the rows with these ids that were not marked yet, now with the time."""
        entry = self._folder.entry(stream.name)
        wanted = f"id, version, {SYNCED_AT}, {DELETED_AT}"
        if entry is None or not self._hold(stream, wanted, loading=loading):
            return 0
        connection = self._connection
        schema = dataset.fields(entry.loading_columns if loading else entry.columns)
        connection.register("_times", duckdb_engine.deletions(times))
        try:
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE _gone AS"
                " SELECT _held.id, version, _synced_at, time FROM _held JOIN _times USING (id)"
                " WHERE _deleted_at IS NULL"
            )
        finally:
            connection.unregister("_times")
        if connection.execute("SELECT count(*) FROM _gone").fetchall() == [(0,)]:
            return 0
        found = connection.sql(
            f"SELECT held.* REPLACE (_gone.time AS {DELETED_AT}) FROM"  # noqa: S608 - quoted names
            f" {files(self._folder.paths(stream.name, loading=loading))} AS held JOIN _gone ON held.id = _gone.id"
            f" AND held.version IS NOT DISTINCT FROM _gone.version AND held.{SYNCED_AT} = _gone.{SYNCED_AT}"
            f" AND held.{DELETED_AT} IS NULL"
        )
        paths = self._folder.paths(stream.name, loading=loading)
        write = partial(dataset.write, schema=schema, batches=dataset.reader(found, dataset.rows_at_once(paths)))
        return self._folder.exchange(TableRows(stream.name, entry.key, write), (), loading=loading)

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        """Raise DestinationError for what DuckDB and Arrow raise inside."""
        import duckdb
        import pyarrow as pa

        try:
            yield
        except BaseException as error:
            self._decoders.clear()  # columns that were added are not stored
            if isinstance(error, DestinationError) or not isinstance(error, (duckdb.Error, pa.ArrowException, OSError)):
                raise
            reason = (str(error).strip().splitlines() or ["no reason given"])[0]
            kept = "what was stored before is kept, and the next run goes on from there"
            raise DestinationError(f"cannot {what} {self.name}: {reason}; {kept}") from error
