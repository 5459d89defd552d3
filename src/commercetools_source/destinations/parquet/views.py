"""SQL over folders of Parquet files: the newest version of each row, as queries and as views for a person.

Of two rows with the same key the one with the higher version is newer, then the one stored later; a deletion
repeats the row with the time in `_deleted_at`. Only text; runs nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from commercetools_source.destinations.arrow.decode import DELETED_AT, SYNCED_AT
from commercetools_source.model.keys import newest_of_key
from commercetools_source.model.quoting import quoted, string

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = ["child_view", "files", "head", "newest", "order", "view"]


def order(columns: Iterable[str]) -> str:
    """Return how the rows of one key are ordered, the newest first."""
    version = ("version DESC NULLS LAST",) if "version" in columns else ()
    return ", ".join((*version, f"{SYNCED_AT} DESC", f"{DELETED_AT} DESC NULLS LAST"))


def files(paths: Iterable[Path]) -> str:
    """Return the table of all rows in these files."""
    return f"read_parquet([{', '.join(string(str(path)) for path in paths)}], union_by_name = true)"


def _all(folder: Path, table: str, more: str = "") -> str:
    """Return the table of all rows that are in the files of a table at the time of the query."""
    home = re.sub(r"([*?\[])", r"[\1]", str(folder / table))  # these stand for other characters in a pattern
    return f"read_parquet({string(f'{home}/*.parquet')}, union_by_name = true{more})"


def newest(source: str, key: Sequence[str], columns: Iterable[str], select: str = "*") -> str:
    """Return the query for the newest row of each key in `source`."""
    return (
        f"SELECT {select} FROM {source}"  # noqa: S608 - quoted names
        f" QUALIFY row_number() OVER (PARTITION BY {', '.join(map(quoted, key))} ORDER BY {order(columns)}) = 1"
    )


def head(folder: Path) -> str:
    """Return the first lines of a script of views, which says how to use it."""
    return _HEAD.format(folder=folder)


def view(folder: Path, table: str, key: Sequence[str], columns: Mapping[str, str]) -> str:
    """Return the view of a stream's newest rows, nested values as JSON.

    Which rows they are is found first, by their places: a ranking of whole rows would hold all of them in memory.
    """
    source = _all(folder, table, f", {_PLACES}")
    selected = _selected(columns, f"* EXCLUDE ({_PLACE})")
    return (
        f"CREATE OR REPLACE VIEW {quoted(table)} AS\nSELECT {selected} FROM {source}"
        f"\nSEMI JOIN ({newest(source, key, columns, _PLACE)}) AS newest USING ({_PLACE});\n"
    )


def child_view(
    folder: Path, table: str, stream: str, owner: Mapping[str, str], columns: Mapping[str, str], fields: Container[str]
) -> str:
    """Return the view of a relation's rows of the newest records that are not deleted.

    `table` is `schema/name`; `owner` says which of its columns holds which key of the records of `stream`, whose
    table has the columns `fields`.
    """
    schema, _, bare = table.partition("/")
    live = f"{DELETED_AT} IS NULL{newest_of_key(stream, fields)}"
    same = {**owner, SYNCED_AT: SYNCED_AT}
    matches = " AND ".join(f"child.{quoted(one)} = record.{quoted(other)}" for one, other in same.items())
    return (
        f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)};\n"
        f"CREATE OR REPLACE VIEW {quoted(schema)}.{quoted(bare)} AS\n"
        f"SELECT {_selected(columns, f'child.* EXCLUDE ({SYNCED_AT})')}"
        f" FROM {_all(folder, table)} AS child"
        f" SEMI JOIN (FROM main.{quoted(stream)} WHERE {live}) AS record ON {matches};\n"
    )


def _selected(columns: Mapping[str, str], whole: str) -> str:
    nested = [f"{quoted(one)}::JSON AS {quoted(one)}" for one, sql in columns.items() if sql == "JSON"]
    return f"{whole} REPLACE ({', '.join(nested)})" if nested else whole


_PLACE = "_file, file_row_number"
_PLACES = "filename = '_file', file_row_number = true"
_HEAD = """\
-- The newest version of each row, for DuckDB; written anew by every run. In a terminal:
--     duckdb shop.duckdb < {folder}/latest.sql
-- The views read the files each time, so they stay true after the next run. Deleted records have a time in
-- _deleted_at; the schema `model` has none of them.
"""
