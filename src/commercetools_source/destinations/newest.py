"""SQL over folders of Parquet files: the newest version of each row, as queries and as views for a person.

Of two rows with the same key the one with the higher version is newer, then the one stored later; a deletion
repeats the row with the time in `_deleted_at`. Only text; runs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.destinations.columns import DELETED_AT, SYNCED_AT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = ["files", "name", "newest", "order", "text", "views"]


def order(columns: Iterable[str]) -> str:
    """Return how the rows of one key are ordered, the newest first."""
    version = ("version DESC NULLS LAST",) if "version" in columns else ()
    return ", ".join((*version, f"{SYNCED_AT} DESC", f"{DELETED_AT} DESC NULLS LAST"))


def files(paths: Iterable[Path] | str) -> str:
    """Return the table of all rows in these files, or in those that a pattern names."""
    source = text(paths) if isinstance(paths, str) else f"[{', '.join(text(str(path)) for path in paths)}]"
    return f"read_parquet({source}, union_by_name = true)"


def newest(source: str, key: Sequence[str], columns: Iterable[str], select: str = "*") -> str:
    """Return the query for the newest row of each key in `source`, which may be read more than once."""
    return (
        f"SELECT {select} FROM {source}"  # noqa: S608 - quoted names
        f" QUALIFY row_number() OVER (PARTITION BY {', '.join(map(name, key))} ORDER BY {order(columns)}) = 1"
    )


def views(folder: Path, tables: Mapping[str, tuple[Sequence[str], Mapping[str, str]]]) -> str:
    """Return a script of one view for each table, given its key and columns: the newest rows, nested values as JSON."""
    lines = [_HEAD.format(folder=folder)]
    for table, (key, columns) in tables.items():
        nested = [f"{name(one)}::JSON AS {name(one)}" for one, sql in columns.items() if sql == "JSON"]
        select = f"* REPLACE ({', '.join(nested)})" if nested else "*"
        query = newest(files(str(folder / table / "*.parquet")), key, columns, select)
        lines.append(f"CREATE OR REPLACE VIEW {name(table)} AS\n{query};\n")
    return "\n".join(lines)


def name(value: str) -> str:
    """Return a quoted SQL name."""
    return '"' + value.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a quoted SQL text."""
    return "'" + value.replace("'", "''") + "'"


_HEAD = """\
-- The newest version of each row, for DuckDB; written anew by every run. In a terminal:
--     duckdb shop.duckdb < {folder}/latest.sql
-- The views read the files each time, so they stay true after the next run. Deleted rows have a time in _deleted_at.
"""
