"""The tables of streams: made, grown and switched as the records need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import OWN, ROW_NAMES, SYNCED_AT, Decoder
from commercetools_source.catalog.schema import KINDS_BY_SQL, SQL_TYPES, Column
from commercetools_source.destinations.duckdb.states import loading_name
from commercetools_source.errors import RecordError
from commercetools_source.model.schemas import RECORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.duckdb.catalogue import Catalogue
    from commercetools_source.extract.delivery import Delivery

__all__ = ["StreamTables"]


class StreamTables:
    """The tables of records in the file called `file`; `fields` gives the columns of a stream."""

    def __init__(self, file: str, catalogue: Catalogue, fields: Callable[[Stream], Sequence[Column]]) -> None:
        self._file = file
        self._catalogue = catalogue
        self._fields = fields
        self._decoders: dict[str, Decoder] = {}

    def reset(self) -> None:
        """Look at the tables again: columns that were added are gone."""
        self._decoders.clear()

    def decoder(self, delivery: Delivery, table: str) -> Decoder:
        """Return the decoder for `table` as it is, after adding the columns that the schema has and it has not."""
        if table in self._decoders:
            return self._decoders[table]
        stream, fields = delivery.stream, self._fields(delivery.stream)
        columns = self._catalogue.columns.get(table, {})
        # To go on here would make a table that lacks all that was read before, and looks complete.
        if not columns and delivery.phase.full and not delivery.phase.first:
            raise RecordError(
                f"the rows of {stream.name} read so far are gone from {self._file};"
                " run it with --full (full=True in Python) to read it again"
            )
        if not columns:
            self._create(table, fields, stream.key)
        else:
            fields = self._evolve(table, columns, fields)
        decoder = self._decoders[table] = Decoder(stream.name, fields, stream.key)
        return decoder

    def is_settled(self, stream: str) -> bool:
        """Return whether the table is there and no read of it is under way."""
        return stream in self._catalogue.columns and loading_name(stream) not in self._catalogue.columns

    def unbound_decoder(self, stream: Stream) -> Decoder:
        """Return a decoder for the columns of the schema, whatever columns the table has."""
        return Decoder(stream.name, self._fields(stream), stream.key)

    def start_over(self, stream: str) -> None:
        """Drop what a run loaded that was given up; refuse to replace what somebody else made."""
        self.refuse_foreign(stream)
        self.drop(loading_name(stream))

    def switch(self, stream: str, table: str, aside: str = "") -> str:
        """Let what was loaded take the place of the stream's table; drop what a run loaded that was given up.

        The table that was there is dropped, or gets the name `aside`.
        """
        if table == stream:
            self.drop(loading_name(stream))
        else:
            # The loaded table keeps its columns under the new name, and so the decoder that knows them.
            decoder = self._decoders.pop(table)
            if aside and stream in self._catalogue.columns:
                self._decoders.pop(stream, None)
                self._catalogue.rename_table(stream, aside)
            else:
                self.drop(stream)
            self._catalogue.rename_table(table, stream)
            self._decoders[stream] = decoder
        return stream

    def add_columns(self, table: str, fields: Sequence[Column]) -> None:
        """Add a column to `table` for each of `fields`."""
        for field in fields:
            self._catalogue.add_column(table, field.name, SQL_TYPES[field.kind])

    def drop(self, table: str) -> None:
        """Drop a table that may be there; refuse what somebody else made."""
        self.refuse_foreign(table)
        self._catalogue.drop_table(table)
        self._decoders.pop(table, None)

    def refuse_foreign(self, table: str) -> None:
        """Raise RecordError where `table` is a view or table that somebody else made."""
        # Every table of ours has the column of SYNCED_AT, so one without it is not ours to drop.
        is_view = f"{RECORDS}.{table}" in self._catalogue.views
        if is_view or SYNCED_AT not in self._catalogue.columns.get(table, {SYNCED_AT: ""}):
            raise RecordError(
                f"{self._file} has a {'view' if is_view else 'table'} {RECORDS}.{table} that commercetools-source"
                " did not make; rename it, or choose another file"
            )

    def _create(self, table: str, fields: Sequence[Column], key: Sequence[str]) -> None:
        types = {**{field.name: SQL_TYPES[field.kind] for field in fields}, **OWN}
        self._catalogue.create_table(table, types, dict.fromkeys(key, " NOT NULL"))

    def _evolve(self, table: str, columns: Mapping[str, str], fields: Sequence[Column]) -> list[Column]:
        present = {name: sql for name, sql in columns.items() if name not in OWN}
        foreign = [f"{name} ({sql})" for name, sql in present.items() if sql not in KINDS_BY_SQL]
        if foreign:
            raise RecordError(
                f"{self._file}: table {table} has columns of types that commercetools-source does not write:"
                f" {', '.join(foreign)}; drop the table to load it again"
            )
        if hiding := sorted(name for name in present if name.casefold() in ROW_NAMES):
            raise RecordError(
                f"{self._file}: table {table} has a column {hiding[0]}, beside which its rows cannot be told apart;"
                " drop the column"
            )
        missing = [(field.name, SQL_TYPES[field.kind]) for field in fields if field.name not in columns]
        missing += [(name, sql) for name, sql in OWN.items() if name not in columns]
        # Stored columns first, in their order and with the type that the file has: a type never changes under a
        # reader.
        new_fields = [field for field in fields if field.name not in columns]
        for name, sql in missing:
            self._catalogue.add_column(table, name, sql)
        return [Column(name, KINDS_BY_SQL[sql], nullable=True) for name, sql in present.items()] + new_fields
