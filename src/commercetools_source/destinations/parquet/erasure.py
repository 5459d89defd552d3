"""Single records of a Parquet folder emptied or taken out for good: their files are written anew, the old ones go."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from commercetools_source.arrow.rewrite import rewritten
from commercetools_source.catalog.timestamps import moment
from commercetools_source.destinations import duckdb_engine
from commercetools_source.destinations.entries import TableRows
from commercetools_source.destinations.manifest import file_path
from commercetools_source.destinations.parquet import files as dataset
from commercetools_source.destinations.parquet import relations
from commercetools_source.destinations.parquet.dialects import typed
from commercetools_source.destinations.parquet.views import files
from commercetools_source.model.quoting import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import msgspec
    import pyarrow as pa

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.folder import Folder
    from commercetools_source.destinations.parquet.session import Session

__all__ = ["rewrite", "scan"]


def scan(
    folder: Folder, session: Session, stream: Stream, fields: Sequence[str], before: str | None
) -> Iterator[msgspec.Raw]:
    """Yield each row as a JSON object of those of `fields` that it has, of a read under way too."""
    for loading in (False, True):
        types = _types(folder, stream.name, loading=loading)
        sources = folder.sources(stream.name, loading=loading)
        if not sources:
            continue
        columns = {name: typed(quoted(name), types[name]) for name in fields if name in types}
        query = f"SELECT {duckdb_engine.as_json(columns, types)} FROM {files(sources)}"  # noqa: S608 - quoted names
        if before is not None:
            time = literal(moment(before).replace(tzinfo=None))
            changed = typed(quoted(str(stream.cursor)), "TIMESTAMP")
            younger = f"SELECT id FROM {files(sources)} WHERE {changed} >= {time}"  # noqa: S608 - same
            query += f" WHERE {changed} < {time} AND id NOT IN ({younger})"
        yield from duckdb_engine.records(session.connection.execute(query))


def rewrite(
    folder: Folder,
    session: Session,
    stream: Stream,
    ids: Collection[str],
    change: Callable[[msgspec.Raw], msgspec.Raw] | None,
) -> int:
    """Let each row with one of these ids be what `change` makes of its record, None: take it out; return how many.

    The relations of the stream are made anew, also if a run that was killed had changed the rows already.
    """
    changed = 0
    with duckdb_engine.having_ids(session.connection, ids, stream.resource_id) as chosen:
        for loading in (False, True):
            entry = folder.entry(stream.name)
            for file in (entry.loading if loading else entry.files) if entry else ():
                changed += _rewrite_file(folder, session, stream, file.name, chosen, change, loading=loading)
    for loading in (False, True):
        _make_relations(folder, session, stream, loading=loading)
    return changed


def _rewrite_file(
    folder: Folder,
    session: Session,
    stream: Stream,
    name: str,
    chosen: str,
    change: Callable[[msgspec.Raw], msgspec.Raw] | None,
    *,
    loading: bool,
) -> int:
    path = file_path(stream.name, name, folder.files.loading if loading else "")
    source, types = folder.files.source(path), _types(folder, stream.name, loading=loading)
    rows: pa.Table = session.connection.sql(f"FROM {files([source])} WHERE {chosen}").to_arrow_table()
    changed = rows.num_rows
    if change is not None and changed:
        rows, changed = rewritten(rows, types, change)
    if not changed:
        return 0
    schema = dataset.fields(types)
    ids = rows.select([stream.resource_id])
    batches = _without(folder.files.fetch(path), ids, None if change is None else dataset.fitted(rows, schema))
    table = TableRows(stream.name, stream.key, partial(dataset.write, schema=schema, batches=batches))
    folder.exchange(table, [name], loading=loading)
    return changed


def _without(path: Path, ids: pa.Table, instead: pa.Table | None) -> Iterator[pa.Table]:
    """Yield the rows of a file without those with `ids`, a table of one column, then other rows for these."""
    import pyarrow.compute as pc

    # In pieces: a file may be larger than memory, and the rows to change are few.
    (column,), values = ids.column_names, ids.column(0).combine_chunks()
    for piece in dataset.pieces([path]):
        yield piece.filter(pc.invert(pc.is_in(piece.column(column), value_set=values)))
    if instead is not None:
        yield instead


def _make_relations(folder: Folder, session: Session, stream: Stream, *, loading: bool) -> None:
    """Make the tables of relations that are there from the records as they are now."""
    types = _types(folder, stream.name, loading=loading)
    parent = folder.entry(stream.name)
    place = folder.files.loading if loading else ""
    for name, relation in relations.so_far(folder, stream, types, loading=loading).items():
        entry = folder.entry(name)
        if entry is None or parent is None:
            continue
        gone = [file.name for file in (entry.loading if loading else entry.files)]
        # Nothing was written of this relation in this state of the read, so nothing has to be made anew.
        if not gone:
            continue
        listed = parent.loading if loading else parent.files
        paths = [folder.files.fetch(file_path(stream.name, file.name, place)) for file in listed]
        rows = relations.rows_of_files(session, name, relation, paths, types)
        folder.exchange(rows, gone, parent=stream.name, loading=loading)


def _types(folder: Folder, stream: str, *, loading: bool) -> Mapping[str, str]:
    entry = folder.entry(stream)
    return {} if entry is None else entry.loading_columns if loading else entry.columns
