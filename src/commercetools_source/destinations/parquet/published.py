"""What readers of a Parquet folder find beside the data: a file with all columns in each table, and the views."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from commercetools_source.catalog.schema import has_versions
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import moment
from commercetools_source.destinations.leftovers import check_table
from commercetools_source.destinations.manifest import MANIFEST, file_path
from commercetools_source.destinations.parquet import files as dataset
from commercetools_source.destinations.parquet.relations import tables
from commercetools_source.destinations.parquet.views import child_view, head, past_macro, root_view, view
from commercetools_source.destinations.store.atomic import write_file
from commercetools_source.destinations.store.local import Local
from commercetools_source.errors import DestinationError
from commercetools_source.model.descriptions import describe_record_columns, descriptions
from commercetools_source.model.glossary import OWN_COLUMNS
from commercetools_source.model.relations import relations
from commercetools_source.model.schemas import RELATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa

    from commercetools_source.destinations.folder import Folder
    from commercetools_source.destinations.manifest import Entry
    from commercetools_source.destinations.store import Store

__all__ = [
    "COLUMNS",
    "LATEST",
    "Texts",
    "columns_file",
    "outlived",
    "publish_columns",
    "publish_views",
    "readable_views",
    "refuse_foreign",
]

COLUMNS = "columns.parquet"
LATEST = "latest.sql"
Texts = dict[str, tuple[str, str]]
"""The views of each stream, and what they were made from."""

_DESCRIPTION, _VERSION = b"description", b"commercetools-source"
"""Keys in Arrow's metadata: what a column is, and which version says so. Readers other than Arrow's pass over them."""

_MARK = b"\n-- "
"""Before the mark at the end of a script, a comment."""


def refuse_foreign(folder: Folder) -> None:
    """Raise DestinationError when somebody else's file has a name under which this writes."""
    if not folder.is_there():
        return
    text = folder.files.get(LATEST)
    # By its first words: the folder named further on may be another one, if the files were moved.
    if text is not None and not text.startswith(head("").encode()[:40]):
        raise DestinationError(
            f"{folder.files.name}/{LATEST} was not written by commercetools-source;"
            " move it away, or choose another folder"
        )


def publish_columns(folder: Folder, table: str) -> bool:
    """Write the file of a table that has all columns and no rows; return False if it was there as it should be."""
    entry = folder.entry(table)
    if entry is None or not entry.columns:
        return False
    path = f"{table}/{COLUMNS}"
    check_table(folder.files, table)
    present = folder.files.get(path)
    # Most runs add no column, and readers' caches go by the time of change.
    if _is_current(dataset.schema_of(present), entry):
        return False
    if dataset.has_rows(present):
        raise DestinationError(
            f"{folder.files.name}/{path} has rows, so commercetools-source did not write it; move it away"
        )
    schema = _described(table, entry)
    folder.files.put(path, lambda out: dataset.write(out, schema, [dataset.empty(schema)]))
    return True


def columns_file(folder: Folder, table: str, scratch: Path | None) -> Path:
    """Return the file of a table that has all columns and no rows: one in `scratch` where nothing may be written."""
    entry = folder.entry(table)
    if scratch is None or entry is None:
        return folder.files.fetch(f"{table}/{COLUMNS}")
    schema = _described(table, entry)
    name = f"{table.replace('/', '.')}.parquet"
    write_file(scratch, name, lambda out: dataset.write(out, schema, [dataset.empty(schema)]))
    return scratch / name


def _described(table: str, entry: Entry) -> pa.Schema:
    """Return the columns of a table, each with its description."""
    import pyarrow as pa

    texts = {**_descriptions(table, entry), **OWN_COLUMNS}
    fields = [
        field.with_metadata({_DESCRIPTION: texts[field.name].encode()}) if texts.get(field.name) else field
        for field in dataset.fields(entry.columns)
    ]
    return pa.schema(fields, {_VERSION: _version()})


@cache
def _version() -> bytes:
    from importlib.metadata import version

    return version("commercetools-source").encode()


# Asked for each stream of a first run.
@cache
def _code() -> bytes:
    """Return what tells the code that is installed from any other, also from one of the same version."""
    from importlib.metadata import distribution

    package = distribution("commercetools-source")
    # It has a hash of each file: https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    return (package.read_text("RECORD") or package.version).encode()


def _descriptions(table: str, entry: Entry) -> Mapping[str, str]:
    if table in STREAMS:
        return describe_record_columns(STREAMS[table], entry.columns)
    name = table.removeprefix(f"{RELATIONS}/")
    relation = next((row for stream in STREAMS.values() for row in relations(stream) if row.name == name), None)
    # The manifest may name tables of another version, of which this one knows nothing.
    return descriptions(relation) if relation else {}


def _is_current(present: pa.Schema | None, entry: Entry) -> bool:
    # By the version, and not by the texts: to put these together takes longer than a short run. Equality of schemas
    # passes over metadata.
    return (
        present is not None
        and present == dataset.fields(entry.columns)
        and (present.metadata or {}).get(_VERSION) == _version()
    )


def readable_views(folder: Folder) -> str:
    """Return the script of the views of records over files that this machine can read.

    Of a bucket they are over copies of its files. Streams with a file that is missing or cut off have no view.
    """
    # The view of such a one fails, or has a part of the rows as if it were all; the others can be asked all the same.
    facts = {stream: made_from for stream, made_from in _facts(folder).items() if folder.is_whole(stream)}
    if isinstance(folder.files, Local):
        return _script(folder, folder.files, facts, relations=False)
    for stream in facts:
        folder.paths(stream)
        folder.files.fetch(file_path(stream, COLUMNS))
    return _script(folder, Local(folder.files.fetch(MANIFEST).parent), facts, relations=False)


def publish_views(folder: Folder, texts: Texts | None = None) -> None:
    """Write the views, one for each stream and one for each relation, if they are not there as they should be.

    `texts`: what was written before, which is not made anew.
    """
    present = folder.files.get(LATEST)
    facts = _facts(folder)
    # Most runs change nothing of it, and to put the views together takes a third of such a run.
    if texts is None and present is not None:
        written, _, mark = present.rpartition(_MARK)
        if mark == _mark(folder, facts, written):
            return
    text = _script(folder, folder.files, facts, texts=texts).encode()
    text += _MARK + _mark(folder, facts, text)
    # Not written where nothing has changed: readers' caches and backups go by the time of change.
    if present != text:
        folder.files.put(LATEST, lambda out: out.write(text))


def _mark(folder: Folder, facts: Mapping[str, str], text: bytes) -> bytes:
    """Return what tells a script from one that was changed, and from those of other tables, places and versions."""
    made = (folder.files.url, folder.files.loading, *facts.values())
    return sha256(b"".join((text, _code(), *map(str.encode, made)))).hexdigest().encode()


def _script(
    folder: Folder, store: Store, facts: Mapping[str, str], *, relations: bool = True, texts: Texts | None = None
) -> str:
    texts = {} if texts is None else texts
    for stream, made_from in facts.items():
        if stream not in texts or texts[stream][0] != made_from:
            texts[stream] = made_from, "\n".join(_views(folder, store, stream, relations=relations))
    return "\n".join([head(store.url), *(texts[stream][1] for stream in facts)])


def _facts(folder: Folder) -> dict[str, str]:
    """Return by stream all that its views are made from, as a text."""
    facts = {}
    for stream in sorted(folder.tables()):
        entry = folder.entry(stream)
        if entry is not None and entry.columns:
            tables = [(name, folder.entry(name)) for name in folder.tables(stream)]
            children = [(name, list(child.columns.items())) for name, child in tables if child is not None]
            facts[stream] = repr(
                (list(entry.key), list(entry.columns.items()), children, entry.nested, _is_dated(entry))
            )
    return facts


def _views(folder: Folder, store: Store, stream: str, *, relations: bool) -> Iterator[str]:
    entry = folder.entry(stream)
    if entry is None:
        return
    yield view(store, stream, entry.key, entry.columns)
    # The manifest may name streams of another version.
    if relations and stream in STREAMS:
        yield from _relation_views(folder, store, stream, entry)
        yield from _past(store, stream, entry)


def _past(store: Store, stream: str, entry: Entry) -> Iterator[str]:
    """Yield the macro of a stream as it was at a moment, if its files have versions, and it is known since when."""
    if _is_dated(entry) and has_versions(STREAMS[stream]) and "lastModifiedAt" in entry.columns:
        yield past_macro(store, STREAMS[stream], entry.key, entry.columns, entry.nested)


def outlived(stream: str, entry: Entry) -> bool:
    """Return whether a stream was read on after its last full read, so that its files may have earlier versions."""
    if stream not in STREAMS or not has_versions(STREAMS[stream]):
        return False
    cursor = entry.state.get("cursor") if isinstance(entry.state, dict) else None
    try:
        return bool(cursor and entry.since) and moment(str(cursor)) > moment(entry.since)
    except ValueError:  # as below
        return False


def _is_dated(entry: Entry) -> bool:
    """Return whether the manifest says from when on all versions of a stream are there."""
    # What is older than it is kept (`--retain`) is gone.
    oldest = entry.state.get("since") if isinstance(entry.state, dict) else None
    try:
        for time in filter(None, (entry.since, oldest)):
            moment(str(time))
    except ValueError:  # what is stored of one stream may be broken, and the others are shown all the same
        return False
    return bool(entry.since)


def _relation_views(folder: Folder, store: Store, stream: str, entry: Entry) -> Iterator[str]:
    """Yield the views of the relations that have files, and of the stream's own, which its records are enough for."""
    stored = [(name, folder.entry(name)) for name in folder.tables(stream)]
    if not stored:
        yield root_view(STREAMS[stream], entry.columns, entry.nested)
        return
    relations = tables(STREAMS[stream], entry.columns)
    for name, child in stored:
        if child and child.columns and name in relations:  # the manifest may name relations of another version
            keys = relations[name].record_key(entry.key)
            yield child_view(store, name, stream, keys, child.columns, entry.columns)
