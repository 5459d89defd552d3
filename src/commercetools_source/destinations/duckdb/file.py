"""A DuckDB file: one table per stream, rows and checkpoint in one transaction.

A full read fills `_loading_<stream>` and becomes the stream's table when it is complete; until then the
old table stays readable. Tables have no index: merging without one is 40 times faster, and rows are
unique by construction.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.arrow.decode import OWN, SYNCED_AT, Decoder, Rows, surprises
from commercetools_source.catalog.schema import KINDS_BY_SQL, SQL_TYPES, Column, columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import duckdb_engine
from commercetools_source.destinations.duckdb.connection import (
    _MEMORY,
    _affordable,
    _attach,
    _errors,
    _first_line,
    _lacks_memory,
    _megabytes,
)
from commercetools_source.destinations.duckdb.model import Model
from commercetools_source.destinations.duckdb.watch import CustomFieldWatch
from commercetools_source.errors import DestinationError
from commercetools_source.events import Notice
from commercetools_source.extract.checkpoint import StreamState, encode, give_up, restore
from commercetools_source.model.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.delivery import Delivery, Difference, Listed
    from commercetools_source.model.custom.queries import CustomFieldQueries

__all__ = ["DuckDB"]

STATE = "_commercetools_state"
_VECTOR, _COPIES = 2048, 3
"""Rows that DuckDB works on at once, and how often their values are in memory meanwhile (measured, not documented)."""
_BESIDE, _NEGLIGIBLE = 150, 60
"""Megabytes that everything else takes, and those that are among these."""
_MET = "temp.main._met"


class DuckDB:
    """A destination that writes the DuckDB file `path`; its folder must exist.

    `drift` counts values that did not fit their column, by table and field (they are in `_unfit`);
    `added` lists the columns added for fields that the schema did not know. `memory` is what DuckDB may
    use to load a table, for everything else, and then, step by step, where that is too little.
    """

    batch_bytes = 64_000_000

    def __init__(
        self,
        path: Path,
        fields: Callable[[Stream], Sequence[Column]] = columns,
        *,
        materialize: bool | None = None,
        memory: Sequence[str] = _MEMORY,
    ) -> None:
        self.name = str(path)
        self._memory = _affordable(memory)
        self._enough = self._memory[1]
        self._sizes: dict[str, tuple[int, int]] = {}
        self._stored_rows: dict[str, int] = {}
        self._commit_failed = False
        self.drift: dict[tuple[str, str], int] = {}
        self.added: list[tuple[str, str]] = []
        self._path = path
        self._fields = fields
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._decoders: dict[str, Decoder] = {}
        self._materialize = materialize
        self._model: Model | None = None
        self._own: CustomFieldWatch | None = None
        self._read_only = False

    def open(self) -> Mapping[str, StreamState]:
        """Open or create the file, lock it, return the stored states.

        A stream whose table is gone is read from its start, so dropping a table loads it again.
        Raises DestinationError (no DuckDB installed; not writable; in use; no DuckDB file) and StateError.
        """
        return self._open(read_only=False)

    def open_read_only(self) -> Mapping[str, StreamState]:
        """Return the stored states, with nothing changed and while others read the file; raises as `open`."""
        return self._open(read_only=True)

    def _open(self, *, read_only: bool) -> Mapping[str, StreamState]:
        self._connection = _attach(self._path, read_only=read_only)
        self._read_only = read_only
        self._model = Model(self._connection, materialize=self._materialize)
        try:
            self._own = CustomFieldWatch(self._connection, self._all_columns, self._model.relations)
            self._model.define(self._own.own)
            self._stored_rows = self._row_counts()
            return self._states()
        except BaseException as error:
            self.close()
            if isinstance(error, _errors()):
                raise DestinationError(f"cannot read {self.name}: {_first_line(error)}") from error
            raise

    def close(self) -> None:
        """Write everything into the file itself and release it."""
        connection, self._connection, self._model = self._connection, None, None
        self._decoders.clear()
        if connection is not None:
            if not self._read_only:
                with suppress(*_errors()):  # what was committed stays in the write-ahead log
                    connection.execute(f"SET memory_limit = '{self._memory[-1]}'")
                    connection.execute("CHECKPOINT")
            connection.close()

    def write(self, delivery: Delivery) -> None:
        """Store records and state in one transaction; raises DestinationError, with neither stored."""
        try:
            decoder, added = self._stored(delivery)
        except _errors() as error:
            advice = (
                f"; DuckDB had {self._enough} of memory: free some, or use a machine with more"
                if _lacks_memory(error)
                else ""
            )
            raise DestinationError(
                f"cannot write {delivery.stream.name} to {self.name}: {_first_line(error)}{advice};"
                " what was stored before is kept, and the next run goes on from there"
            ) from error
        self._report(delivery.stream.name, decoder, added)
        if self._own is not None and self._own.follow(delivery):
            self._redefine(self._own.own)

    def _stored(self, delivery: Delivery) -> tuple[Decoder, list[str]]:
        """Store a delivery with the memory that its records should take, with more where that is too little."""
        steps = self._memory[self._first_step(delivery) :]
        for step in steps[:-1]:
            try:
                return self._store_within(step, delivery)
            except _errors() as error:
                if not _lacks_memory(error):
                    raise
            if self._commit_failed:  # what DuckDB has in memory is not what it has stored: DuckDB 1.4 loses rows of it
                self._reopen()
        return self._store_within(steps[-1], delivery)

    def _first_step(self, delivery: Delivery) -> int:
        """Return the index of the lowest limit that should do: DuckDB holds some 2,048 records of a table at once."""
        name, count = delivery.stream.name, len(delivery.records)
        rows, size = self._sizes.get(name, (0, 0)) if not delivery.first else (0, 0)
        rows, size = self._sizes[name] = (rows + count, size + delivery.size)
        average = max(size / rows, delivery.size / count) if count else 0.0
        needed = average * min(max(rows, self._stored_rows.get(name, 0)), _VECTOR) * _COPIES / 1_000_000
        lowest = 0 if delivery.replaces else 1
        enough = next(
            (index for index, step in enumerate(self._memory) if _megabytes(step) >= needed + _BESIDE),
            len(self._memory) - 1,
        )
        step = max(lowest, enough) if needed > _NEGLIGIBLE else lowest
        self._enough = self._memory[max(step, self._memory.index(self._enough))]
        return step

    def _reopen(self) -> None:
        """Go on from what the file itself holds."""
        connection, self._connection = self._connection, None
        self._decoders.clear()
        if connection is not None:
            connection.close()
        self._open(read_only=False)

    def mark_deleted(self, stream: Stream, times: Mapping[str, str]) -> int:
        """Mark rows as deleted, in what is being loaded too; return how many were not marked before."""
        return self._delete(stream, times, duckdb_engine.mark_deleted)

    def remove(self, stream: Stream, times: Mapping[str, str]) -> int:
        """Take out rows, of what is being loaded too; return how many there were."""
        return self._delete(stream, times, duckdb_engine.remove)

    def _delete(
        self, stream: Stream, times: Mapping[str, str], act: Callable[[duckdb.DuckDBPyConnection, str, str], int]
    ) -> int:
        with self._failing(f"mark deleted {stream.name} in"), self._transaction():
            tables = [name for name in (stream.name, _loading(stream.name)) if name in self._tables()]
            with duckdb_engine.listed(self._opened, times) as gone:
                if stream.name in tables:
                    self._relations.remove(stream, gone)
                return sum(act(self._opened, quoted(table), gone) for table in tables)

    def compare(
        self, stream: Stream, pages: Iterable[Sequence[Listed]], cursor: str, since: str | None = None
    ) -> Difference:
        """Return how the stream's rows that are not marked as deleted differ from a listing."""
        with self._failing(f"compare {stream.name} in"):
            return duckdb_engine.compare(self._opened, quoted(stream.name), pages, cursor, since)

    def reset(self, stream: Stream) -> bool:
        """Drop the stream's state and what was loaded of a read under way; return whether there was any."""
        with self._failing(f"reset {stream.name} in"), self._transaction():
            self._drop(_loading(stream.name))
            if STATE not in self._tables():
                return False
            found = self._opened.execute(f"DELETE FROM {STATE} WHERE stream = ? RETURNING stream", [stream.name])  # noqa: S608
            return bool(found.fetchall())

    def notices(self) -> Sequence[Notice]:
        """Return what was noticed of the project's own fields, of unknown fields and of values that do not fit."""
        with self._failing("look at the fields of"):
            found = self._own.notices() if self._own is not None else []
        strangers = sorted(self._relations.strangers) if self._own is not None else []
        return [
            *surprises(self.added, self.drift),
            *found,
            *(Notice(f"model.{name}", "somebody else made it, so it was left alone") for name in strangers),
        ]

    def _redefine(self, own: CustomFieldQueries) -> None:
        """Let every relation that is there have the project's own fields as they are defined now."""
        with self._failing("make the relations of"), self._transaction():
            self._relations.define(own)
            for name, have in self._all_columns().items():
                if name in STREAMS:
                    self._relations.prepare(STREAMS[name], have, anew=False)
                    self._relations.fill(STREAMS[name])

    @contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        """Raise DestinationError for what DuckDB raises inside, where it has memory enough."""
        try:
            self._allow(self._enough)
            yield
        except _errors() as error:
            raise DestinationError(f"cannot {what} {self.name}: {_first_line(error)}") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Store what is done inside all together, or nothing of it."""
        connection = self._opened
        connection.execute("BEGIN")
        self._commit_failed = False
        try:
            yield
            self._commit_failed = True
            connection.execute("COMMIT")
            self._commit_failed = False
        except BaseException:
            self._decoders.clear()  # columns that were added are gone again
            self._relations.reset()
            with suppress(*_errors()):
                connection.execute("ROLLBACK")
            raise

    @property
    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise DestinationError(f"{self.name} is not open; call open() first")
        return self._connection

    @property
    def _relations(self) -> Model:
        if self._model is None:
            raise DestinationError(f"{self.name} is not open; call open() first")
        return self._model

    def _states(self) -> dict[str, StreamState]:
        tables = set(self._tables())
        if STATE not in tables:  # made with the first row: what was opened may be somebody else's
            return {}
        found = self._opened.execute(f"SELECT stream, state FROM {STATE}").fetchall()  # noqa: S608 - a constant
        states = {}
        for stream, text in found:
            state = restore(_parsed(text))
            if state.mode == "full" and _loading(stream) not in tables:
                state = give_up(state)
            if state.mode != "full" and stream not in tables:
                state = StreamState()
            if state != StreamState():
                states[stream] = state
        return states

    def _tables(self) -> dict[str, str]:
        """Return tables and views of the file by name: "BASE TABLE" or "VIEW"."""
        rows = self._opened.execute(
            "SELECT table_name, table_type FROM information_schema.tables"
            " WHERE table_catalog = current_database() AND table_schema = current_schema()"
        ).fetchall()
        return dict(rows)

    def _row_counts(self) -> dict[str, int]:
        """Return about how many rows each table has, without looking into one."""
        rows = self._opened.execute(
            "SELECT table_name, estimated_size FROM duckdb_tables() WHERE database_name = current_database()"
            " AND schema_name = current_schema()"
        ).fetchall()
        return dict(rows)

    # --- one transaction ---

    def _store_within(self, memory: str, delivery: Delivery) -> tuple[Decoder, list[str]]:
        """Do what `_store` does, or nothing; raises an error of DuckDB's when it needs more than `memory`."""
        self._allow(memory)
        self._relations.memory = memory
        with self._transaction():
            return self._store(delivery)

    def _allow(self, memory: str) -> None:
        self._opened.execute(f"SET memory_limit = '{memory}'")

    def _store(self, delivery: Delivery) -> tuple[Decoder, list[str]]:
        """Return what decoded the records, and the names of the columns that they added.

        Tables are changed before rows are: DuckDB 1.4 loses rows when it replays a log with the other order.
        """
        stream = delivery.stream.name
        table = _loading(stream) if delivery.replaces else stream
        self._opened.execute(f"CREATE TABLE IF NOT EXISTS {STATE} (stream VARCHAR, state JSON, updated_at TIMESTAMP)")
        if delivery.first:
            self._start_over(stream)
        decoder = self._decoder(delivery, table)
        known = len(decoder.fields)
        rows = decoder.rows(delivery.records)
        if delivery.done:
            table = self._switch(stream, table)
        added = decoder.fields[known:]
        for field in added:
            self._opened.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(field.name)} {SQL_TYPES[field.kind]}")
        if table == stream:
            self._relations.prepare(delivery.stream, _types(decoder), anew=delivery.replaces)
        moment = datetime.now(timezone.utc).replace(tzinfo=None)
        if rows.values:
            if delivery.replaces:
                self._insert(table, decoder, rows, moment)
            else:
                self._merge(delivery.stream, table, decoder, rows, moment)
        if delivery.done and delivery.replaces:
            self._keep_newest(quoted(table), decoder)
        if table == stream:
            self._relations.fill(delivery.stream)
        self._opened.execute(f"DELETE FROM {STATE} WHERE stream = ?", [stream])  # noqa: S608 - a constant
        stored = msgspec.json.encode(encode(delivery.state)).decode()
        self._opened.execute(f"INSERT INTO {STATE} VALUES (?, ?, ?)", [stream, stored, moment])  # noqa: S608 - a constant
        return decoder, [field.name for field in added]

    def _switch(self, stream: str, table: str) -> str:
        """Let what was loaded take the place of the stream's table; drop what a run loaded that was given up."""
        if table == stream:
            self._drop(_loading(stream))
        else:
            decoder = self._decoders.pop(table)
            self._drop(stream)
            self._opened.execute(f"ALTER TABLE {quoted(table)} RENAME TO {quoted(stream)}")
            self._decoders[stream] = decoder
        return stream

    def _start_over(self, stream: str) -> None:
        """Drop what a run left that was given up; refuse to replace what somebody else made."""
        self._refuse_foreign(stream)
        self._drop(_loading(stream))

    def _refuse_foreign(self, table: str) -> None:
        found = self._tables().get(table)
        if found is not None and (found == "VIEW" or SYNCED_AT not in self._columns(table)):
            raise DestinationError(
                f"{self.name} has a {'view' if found == 'VIEW' else 'table'} {table!r} that commercetools-source"
                " did not make; rename it, or choose another file"
            )

    def _drop(self, table: str) -> None:
        self._refuse_foreign(table)
        self._opened.execute(f"DROP TABLE IF EXISTS {quoted(table)}")
        self._decoders.pop(table, None)

    def _columns(self, table: str) -> dict[str, str]:
        rows = self._opened.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = ?"
            " AND table_catalog = current_database() AND table_schema = current_schema() ORDER BY ordinal_position",
            [table],
        ).fetchall()
        return dict(rows)

    def _all_columns(self) -> dict[str, dict[str, str]]:
        rows = self._opened.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_catalog = current_database() AND table_schema = current_schema() ORDER BY ordinal_position"
        ).fetchall()
        found: dict[str, dict[str, str]] = {}
        for table, name, sql in rows:
            found.setdefault(table, {})[name] = sql
        return {table: names for table, names in found.items() if SYNCED_AT in names}

    def _decoder(self, delivery: Delivery, table: str) -> Decoder:
        """Return the decoder for `table` as it is, after adding the columns that the schema has and it has not."""
        if table in self._decoders:
            return self._decoders[table]
        stream, wanted = delivery.stream, self._fields(delivery.stream)
        columns = self._columns(table)
        if not columns and delivery.replaces and not delivery.first:
            raise DestinationError(
                f"the rows of {stream.name} read so far are gone from {self.name}; run it with --full to read it again"
            )
        if not columns:
            self._create(table, wanted, stream.key)
        else:
            wanted = self._evolve(table, columns, wanted)
        decoder = self._decoders[table] = Decoder(stream.name, wanted, stream.key)
        return decoder

    def _create(self, table: str, fields: Sequence[Column], key: Sequence[str]) -> None:
        def declared(field: Column) -> str:
            packed = " USING COMPRESSION zstd" if field.kind == "json" else ""  # a third of the size, and faster
            return f"{quoted(field.name)} {SQL_TYPES[field.kind]}{' NOT NULL' if field.name in key else ''}{packed}"

        columns = [*map(declared, fields), *(f"{name} {sql}" for name, sql in OWN.items())]
        self._opened.execute(f"CREATE TABLE {quoted(table)} ({', '.join(columns)})")

    def _evolve(self, table: str, columns: Mapping[str, str], wanted: Sequence[Column]) -> list[Column]:
        present = {name: sql for name, sql in columns.items() if name not in OWN}
        strange = [f"{name} ({sql})" for name, sql in present.items() if sql not in KINDS_BY_SQL]
        if strange:
            raise DestinationError(
                f"{self.name}: table {table} has columns of types that commercetools-source does not write:"
                f" {', '.join(strange)}; drop the table to load it again"
            )
        missing = [(field.name, SQL_TYPES[field.kind]) for field in wanted if field.name not in columns]
        missing += [(name, sql) for name, sql in OWN.items() if name not in columns]
        for name, sql in missing:
            self._opened.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(name)} {sql}")
        fields = [Column(name, KINDS_BY_SQL[sql], nullable=True) for name, sql in present.items()]
        return fields + [field for field in wanted if field.name not in columns]

    def _insert(self, table: str, decoder: Decoder, rows: Rows, moment: datetime) -> None:
        import pyarrow as pa

        reader = pa.RecordBatchReader.from_batches(decoder.schema(), decoder.batches(rows, moment))
        with self._registered("_batch", reader):
            self._opened.execute(f"INSERT INTO {quoted(table)} BY NAME SELECT * FROM _batch")  # noqa: S608

    def _merge(self, stream: Stream, table: str, decoder: Decoder, rows: Rows, moment: datetime) -> None:
        """Let each row take the place of a stored one that is not newer; bring the tables of relations up to date.

        By deleting and inserting: to change every column of some rows in place takes 25 times as long. What is
        stored is looked through once, for the places of the rows; the rest goes by these.
        """
        import pyarrow as pa

        key = ", ".join(map(quoted, decoder.key))
        same = " AND ".join(f"stored.{quoted(name)} = _batch.{quoted(name)}" for name in decoder.key)
        older = "coalesce(stored.version, -1) <= coalesce(_batch.version, -1)" if decoder.versioned else "true"
        keys = ", ".join(f"_batch.{quoted(name)}" for name in decoder.key)
        changed = f"SELECT * FROM _batch ANTI JOIN (SELECT {key} FROM {_MET} WHERE NOT older) USING ({key})"  # noqa: S608 - quoted names
        with self._registered("_batch", pa.Table.from_batches(decoder.batches(rows, moment), decoder.schema())):
            self._opened.execute(
                f"CREATE OR REPLACE TEMP TABLE {_MET} AS SELECT stored.rowid AS place, {older} AS older, {keys}"  # noqa: S608 - same
                f" FROM {quoted(table)} AS stored JOIN _batch ON {same}"
            )
            self._opened.execute(f"DELETE FROM {quoted(table)} WHERE rowid IN (SELECT place FROM {_MET} WHERE older)")  # noqa: S608 - same
            self._opened.execute(f"INSERT INTO {quoted(table)} BY NAME {changed}")
            self._relations.update(stream, _types(decoder), f"({changed})")
            self._opened.execute(f"DROP TABLE {_MET}")

    @contextmanager
    def _registered(self, name: str, batch: Any) -> Iterator[None]:
        self._opened.register(name, batch)
        try:
            yield
        finally:
            with suppress(*_errors()):  # a transaction that failed takes no statement more, and takes it back anyway
                self._opened.unregister(name)

    def _report(self, stream: str, decoder: Decoder, added: Iterable[str]) -> None:
        self.added += [(stream, name) for name in added]
        decoder.tell(stream, self.drift)

    def _keep_newest(self, table: str, decoder: Decoder) -> None:
        """Leave one row per key; mostly it is so already: a record comes twice only if it moved during the read."""
        key = ", ".join(map(quoted, decoder.key))
        twice = f"SELECT {key} FROM {table} GROUP BY ALL HAVING count(*) > 1"  # noqa: S608 - quoted names
        if self._opened.execute(f"{twice} LIMIT 1").fetchone() is None:
            return
        newest = "coalesce(version, -1) DESC, rowid DESC" if decoder.versioned else "rowid DESC"
        ranked = (
            f"SELECT rowid, row_number() OVER (PARTITION BY {key} ORDER BY {newest}) AS place"  # noqa: S608 - quoted names
            f" FROM {table} WHERE ({key}) IN ({twice})"
        )
        self._opened.execute(
            f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM ({ranked}) WHERE place > 1)"  # noqa: S608 - same
        )


def _parsed(text: str | None) -> Any:
    """Return what a stored text says in JSON, or the text itself where it says nothing."""
    try:
        return msgspec.json.decode(text or "null")
    except (msgspec.DecodeError, RecursionError):
        return text


def _loading(stream: str) -> str:
    return f"_loading_{stream}"


def _types(decoder: Decoder) -> dict[str, str]:
    """Return the SQL types of all columns of a table by their names."""
    return {**{field.name: SQL_TYPES[field.kind] for field in decoder.fields}, **OWN}
