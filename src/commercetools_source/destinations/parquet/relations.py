"""Relations as tables beside their stream: what they are called and hold, and how they are made of its records.

A row carries `_synced_at` of the record that it comes from, so that it can be told from those of an older version
of the record.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import OWN, SYNCED_AT
from commercetools_source.destinations.duckdb_engine import registered
from commercetools_source.destinations.entries import TableRows
from commercetools_source.destinations.parquet import files as dataset
from commercetools_source.model.nested import with_nested
from commercetools_source.model.relation import Field
from commercetools_source.model.relations import relations, with_columns
from commercetools_source.model.schemas import RELATIONS
from commercetools_source.model.select import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    import pyarrow as pa

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.folder import Folder
    from commercetools_source.destinations.parquet.session import Session
    from commercetools_source.extract.delivery import Phase
    from commercetools_source.model.relation import Relation

__all__ = [
    "delivered",
    "incomplete",
    "nested",
    "rows_of_files",
    "rows_of_table",
    "so_far",
    "tables",
]

_SYNCED = Field(SYNCED_AT, "datetime", nullable=False, path=(SYNCED_AT,), level=0)
_PIECE_BYTES = 8_000_000
"""Records that are unfolded at once; parsed into all their fields they take several times as much."""


def tables(stream: Stream, types: Mapping[str, str], nested: Sequence[str] = ()) -> dict[str, Relation]:
    """Return the relations of a stream by the names of their tables, each with `_synced_at`.

    `types` are the DuckDB types of its own table's columns; its own relation has them all. `nested` are the paths of
    unknown fields inside objects and lists that have columns. The folder of the tables is called like the schema of
    their views.
    """
    added = {name: sql for name, sql in types.items() if name not in OWN}
    return {
        f"{RELATIONS}/{relation.name}": replace(relation, columns=(*relation.columns, _SYNCED))
        for relation in with_nested(with_columns(relations(stream), stream, added), nested)
    }


def delivered(
    folder: Folder, stream: Stream, phase: Phase, types: Mapping[str, str], *, materialize: bool
) -> dict[str, Relation]:
    """Return the relations to write with a delivery, whose table has the columns `types`.

    All, none, or those with which the full read began.
    """
    stored = folder.tables(stream.name)
    if phase.full and not phase.first:
        # A table with a part of the relations would be wrong.
        return so_far(folder, stream, types, loading=True)
    return tables(stream, types, nested(folder, stream)) if materialize or stored else {}


def so_far(folder: Folder, stream: Stream, types: Mapping[str, str], *, loading: bool) -> dict[str, Relation]:
    """Return the relations that have files, or with `loading` those of a full read under way.

    Of the columns for unknown fields inside objects and lists, each has those that its files have: one with a part of
    its values would look whole. `incomplete` finds those that lack some.
    """
    entries = [(name, entry) for name in folder.tables(stream.name) if (entry := folder.entry(name))]
    stored = {name: entry.loading_columns if loading else entry.columns for name, entry in entries}
    if not any(stored.values()):
        return {}
    without, complete = tables(stream, types), tables(stream, types, nested(folder, stream))
    return {
        name: replace(
            relation,
            columns=tuple(
                field for field in relation.columns if field in without[name].columns or field.name in stored[name]
            ),
        )
        for name, relation in complete.items()
        if stored.get(name)
    }


def nested(folder: Folder, stream: Stream) -> Sequence[str]:
    """Return the paths of unknown fields inside objects and lists that have columns in the relations of a stream."""
    entry = folder.entry(stream.name)
    return () if entry is None else entry.nested


def incomplete(folder: Folder, stream: Stream) -> Iterator[tuple[str, Relation]]:
    """Yield the relations of a stream that have no table yet, or one of other columns."""
    parent = folder.entry(stream.name)
    columns, paths = ({}, ()) if parent is None else (parent.columns, parent.nested)
    for name, relation in tables(stream, columns, paths).items():
        entry = folder.entry(name)
        if entry is None or entry.columns != relation.column_types():
            yield name, relation


def rows_of_table(
    session: Session, name: str, relation: Relation, records: pa.Table | None, columns: Mapping[str, str]
) -> TableRows:
    """Return the rows of a relation made of the records of a delivery, whose columns have these DuckDB types."""
    pieces = None if records is None else partial(dataset.halves, records, _PIECE_BYTES)
    return _table_rows(session, name, relation, pieces, columns)


def rows_of_files(
    session: Session, name: str, relation: Relation, paths: list[Path], columns: Mapping[str, str]
) -> TableRows:
    """Return the rows of a relation made of all records in these files, of a table that has the `columns`."""
    schema = dataset.fields(columns)  # of all files, so that one without a later column gets it

    def pieces() -> Iterator[pa.Table]:
        return (dataset.fitted(piece, schema) for piece in dataset.pieces(paths, _PIECE_BYTES))

    return _table_rows(session, name, relation, pieces, columns)


def _table_rows(
    session: Session,
    name: str,
    relation: Relation,
    pieces: Callable[[], Iterable[pa.Table]] | None,
    columns: Mapping[str, str],
) -> TableRows:
    write = None if pieces is None else _writer(session, relation, pieces, columns)
    return TableRows(name, relation.key, write, relation.column_types())


def _writer(
    session: Session, relation: Relation, pieces: Callable[[], Iterable[pa.Table]], columns: Mapping[str, str]
) -> Callable[[BinaryIO], int]:
    """Return what writes the rows of a relation, made of the records piece by piece.

    DuckDB parses some 2,000 records at once, however large they are: so it is given few large ones at a time.
    """
    query = select(relation, "_records", columns)

    def batches() -> Iterator[pa.RecordBatch]:
        for piece in pieces():
            with registered(session.connection, "_records", piece):
                yield from session.batches(query)

    schema = dataset.fields(relation.column_types())
    return lambda out: dataset.write(out, schema, batches())
