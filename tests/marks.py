"""Records with a mark in every personal field, and all that a destination has stored as text to look for marks in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from commercetools_source.catalog.personal import PERSONAL
from hidden import TYPES, named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAIRS = {pair for pair, row in PERSONAL.items() if row.kind}
MARK = "Mark-of-a-Person"
_TABLES = "SELECT schema_name, table_name FROM duckdb_tables()"


def marked(value: Any, name: str, marks: Iterator[str], *, fill: bool = False, dates: bool = True) -> Any:
    """Return `value`, of the contract's type `name`, with a mark of its own in each personal field that it has.

    `fill`: also in those that it lacks. `dates`: also in dates, which are none then.
    """
    if isinstance(value, list):
        return [marked(element, name, marks, fill=fill, dates=dates) for element in value]
    row = TYPES.get(name, {})
    if not isinstance(value, dict):
        return value
    if isinstance(tag := value.get(row.get("tag", "")), str) and tag in row.get("variants", {}):
        return marked(value, row["variants"][tag], marks, fill=fill, dates=dates)
    fields = row.get("fields", {})
    # What does not fit its column is stored beside it.
    types = {"string", "any", *(["date"] if dates else [])}
    texts = [key for key in fields if (name, key) in PAIRS and fields[key].rstrip("!") in types]
    others = {
        key: marked(element, named(fields[key]) if key in fields else "", marks, fill=fill, dates=dates)
        for key, element in value.items()
    }
    return others | {key: next(marks) for key in texts if fill or key in value}


def stored_text(folder: Path) -> str:
    """Return all bytes of a folder's files, and every value that DuckDB reads in them, as text."""
    texts = [path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file()]
    for path in folder.rglob("*.duckdb"):
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute(_TABLES).fetchall()
            for schema, table in tables:
                rows = connection.execute(f'SELECT to_json(t) FROM "{schema}"."{table}" AS t').fetchall()
                texts += [row[0] for row in rows]
    for path in folder.rglob("*.parquet"):
        texts += [
            row[0] for row in duckdb.execute("SELECT to_json(t) FROM read_parquet(?) AS t", [str(path)]).fetchall()
        ]
    return "\n".join(texts)
