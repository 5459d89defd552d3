"""SQL over folders of Parquet files: the newest version of each row, as queries and as views for a person.

Of two rows with the same key the one with the higher version is newer, then the one stored later; a deletion
repeats the row with the time in `_deleted_at`. Only text; runs nothing.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT, OWN, SYNCED_AT
from commercetools_source.destinations.manifest import MANIFEST
from commercetools_source.destinations.parquet.dialects import typed
from commercetools_source.destinations.past import MOMENT, asked, began
from commercetools_source.model.keys import newest_of_key
from commercetools_source.model.nested import with_nested
from commercetools_source.model.quoting import quoted, string
from commercetools_source.model.relations import relations, with_columns
from commercetools_source.model.schemas import HISTORY, RECORDS, RELATIONS, record_table, relation_table
from commercetools_source.model.select import select

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.destinations.store import Store
    from commercetools_source.model.relation import Relation

__all__ = ["child_view", "files", "head", "newest", "order", "past_macro", "root_view", "view"]

_ROW_ID = "_file, file_row_number"
_FILE_ROW = "filename = '_file', file_row_number = true"
_HEAD = """\
-- The newest version of each row, for DuckDB; written anew by every run. In a terminal:
--     duckdb shop.duckdb < {folder}/latest.sql
-- The views read the files each time, so they stay true after the next run; run this again for new columns. The
-- schema `main` has live records with exact types; `raw` has records as they were sent, deleted ones with a time in
-- _deleted_at; history.orders_at('2026-11-01') has the rows as they were then. All times are UTC.
CREATE SCHEMA IF NOT EXISTS {records};
CREATE SCHEMA IF NOT EXISTS {history};
"""


def order(columns: Iterable[str], quote: Callable[[str], str] = str) -> str:
    """Return how the rows of one key are ordered, the newest first; `quote` is for names."""
    version = (f"{quote('version')} DESC NULLS LAST",) if "version" in columns else ()
    return ", ".join((*version, f"{quote(SYNCED_AT)} DESC", f"{quote(DELETED_AT)} DESC NULLS LAST"))


_OPTIONS = "union_by_name = true, hive_partitioning = false"
"""Files differ in their columns. A folder above them that is called `country=DE` is no column, which DuckDB would make
of it (https://duckdb.org/docs/stable/data/partitioning/hive_partitioning)."""


def files(sources: Iterable[str], *, named: bool = False) -> str:
    """Return the table of all rows in these files, with `named` and a column `_file` that says in which."""
    option = ", filename = '_file'" * named
    return f"read_parquet([{', '.join(map(string, sources))}], {_OPTIONS}{option})"


def _all(store: Store, table: str) -> str:
    """Return the table of all rows that count in the files of a table at the time of the query."""
    home = re.sub(r"([*?\[])", r"[\1]", f"{store.url}/{table}")  # these stand for other characters in a pattern
    rows = f"read_parquet({string(f'{home}/*.parquet')}, {_OPTIONS}, {_FILE_ROW})"
    if store.loading:
        return rows
    # Files of a full read under way lie beside those that count.
    names = _in_manifest(table, "files[*].name")
    listed = f"SELECT {string(f'{store.url}/{table}/')} || unnest({names}) AS _file FROM {_manifest(store)}"  # noqa: S608 - quoted
    return f"(FROM {rows} SEMI JOIN ({listed}) AS listed USING (_file))"


def _manifest(store: Store) -> str:
    """Return the table of one row that has the manifest, as it is at the time of the query, in its column `json`."""
    return f"read_json_objects({string(f'{store.url}/{MANIFEST}')}, format = 'unstructured')"


def _in_manifest(table: str, path: str) -> str:
    """Return the SQL of what the manifest says of a table: a text, or texts."""
    return f"json_extract_string(json, {string(f'$.streams.{json.dumps(table)}.{path}')})"


def newest(source: str, key: Sequence[str], columns: Iterable[str], select: str = "*") -> str:
    """Return the query for the newest row of each key in `source`."""
    return (
        f"SELECT {select} FROM {source}"  # noqa: S608 - quoted names
        f" QUALIFY row_number() OVER (PARTITION BY {', '.join(map(quoted, key))} ORDER BY {order(columns)}) = 1"
    )


def head(url: str) -> str:
    """Return the first lines of a script of views, which says how to use it."""
    return _HEAD.format(
        folder=" ".join(url.splitlines()), records=RECORDS, history=HISTORY
    )  # a line break would end the comment


def view(store: Store, table: str, key: Sequence[str], columns: Mapping[str, str]) -> str:
    """Return the view of a stream's newest rows, each column with the type that it has in a DuckDB file.

    Which rows they are is found first, by file and row number: a ranking of whole rows would hold all in memory.
    """
    source = _all(store, table)
    return (
        f"CREATE OR REPLACE VIEW {record_table(table)} AS\nSELECT {_selected(columns)} FROM {source}"
        f"\nSEMI JOIN ({newest(source, key, columns, _ROW_ID)}) AS newest USING ({_ROW_ID});\n"
    )


def child_view(
    store: Store,
    table: str,
    stream: str,
    record_key: Mapping[str, str],
    columns: Mapping[str, str],
    fields: Container[str],
) -> str:
    """Return the view of a relation's rows of the newest records that are not deleted.

    `table` is its folder; `record_key` says which of its columns holds which key of the records of `stream`, whose
    table has the columns `fields`.
    """
    name = table.removeprefix(f"{RELATIONS}/")
    same = [f"child.{quoted(column)} = record.{quoted(field)}" for column, field in record_key.items()]
    stored = f"epoch_us(child.{SYNCED_AT}) = epoch_us(record.{SYNCED_AT})"  # a moment with a zone, and without
    visible = {name: sql for name, sql in columns.items() if name != SYNCED_AT}
    return (
        f"CREATE OR REPLACE VIEW {relation_table(name)} AS\n"
        f"SELECT {_selected(visible, 'child.')} FROM {_all(store, table)} AS child"
        f" SEMI JOIN {_live(stream, fields)} AS record"
        f" ON {' AND '.join([*same, stored])};\n"
    )


def root_view(stream: Stream, columns: Mapping[str, str], nested: Sequence[str]) -> str:
    """Return the view of a stream's own relation, made of the newest records that are not deleted.

    "" for a stream without relations. `columns` are those of its table, with their types; `nested` as in Entry.
    """
    root = _root(stream, columns, nested)
    if root is None:
        return ""
    query = select(root, _live(stream.name, columns), columns)
    return f"CREATE OR REPLACE VIEW {relation_table(root.name)} AS\n{query};\n"


def past_macro(
    store: Store, stream: Stream, key: Sequence[str], columns: Mapping[str, str], nested: Sequence[str]
) -> str:
    """Return the macro of a stream's own relation as it was at a moment, of every version that the files have.

    "" for a stream without relations. `nested` as in Entry.
    """
    root = _root(stream, columns, nested)
    if root is None:
        return ""
    # As the manifest says at the time of the query: with files that a full read has replaced since, an answer about
    # a moment before it would lack rows, and look whole.
    since = ", ".join(f"{_in_manifest(stream.name, path)}::TIMESTAMP" for path in ("since", "state.since"))
    beginning = f"(SELECT greatest({since}) AS since FROM {_manifest(store)})"  # noqa: S608 - quoted names
    rows = f"SELECT {_selected(columns)}, {_ROW_ID} FROM {_all(store, stream.name)}"  # noqa: S608 - quoted names
    # A row that repeats another one with the time of its end counts from that time on.
    reached = f"{began('held', columns)} <= {MOMENT} AND coalesce({DELETED_AT} <= {MOMENT}, true)"
    source = (
        f"(FROM (WITH {asked(stream.name, beginning)}, held AS NOT MATERIALIZED ({rows})"  # noqa: S608 - same
        f" SELECT {', '.join(map(quoted, columns))} FROM held"
        f" SEMI JOIN ({newest(f'(FROM held WHERE {reached})', key, columns, _ROW_ID)}) AS newest USING ({_ROW_ID})"
        f" WHERE {DELETED_AT} IS NULL){newest_of_key(stream.name, columns)})"
    )
    macro = f"{HISTORY}.{quoted(f'{root.name}_at')}"
    return f"CREATE OR REPLACE MACRO {macro}(moment) AS TABLE\n{select(root, source, columns)};\n"


def _root(stream: Stream, columns: Mapping[str, str], nested: Sequence[str]) -> Relation | None:
    """Return the stream's own relation with the columns that the table has; None for a stream without relations."""
    added = {name: sql for name, sql in columns.items() if name not in OWN}
    return next(iter(with_nested(with_columns(relations(stream), stream, added), nested)), None)


def _live(stream: str, columns: Container[str]) -> str:
    return f"(FROM {record_table(stream)} WHERE {DELETED_AT} IS NULL{newest_of_key(stream, columns)})"


def _selected(columns: Mapping[str, str], table: str = "") -> str:
    """Return the columns by their names, with the types that they have in a DuckDB file.

    Named, because DuckDB 1.4 refuses a view with a star once its files have a column more.
    """
    return ", ".join(f"{typed(f'{table}{quoted(name)}', sql)} AS {quoted(name)}" for name, sql in columns.items())
