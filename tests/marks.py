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
_ASCII = bytes(range(128)).ljust(256, b"?")
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
    """Return all bytes of a folder's files, and every value that DuckDB reads in them, as text.

    What is not ASCII, as no mark is, becomes a question mark: whatever else takes a hundred times as long.
    """
    texts = [_ascii(path.read_bytes()) for path in folder.rglob("*") if path.is_file()]
    for path in folder.rglob("*.duckdb"):
        with duckdb.connect(str(path), read_only=True) as connection:
            for schema, table in connection.execute(_TABLES).fetchall():
                texts += _values(connection.execute(f'FROM "{schema}"."{table}"'))
    for path in folder.rglob("*.parquet"):
        texts += _values(duckdb.execute("FROM read_parquet(?)", [str(path)]))
    return "\n".join(texts)


def _values(result: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the values of a query alone: as JSON, the names of a relation's 800 columns would be in every row."""
    values = (str(value) for row in result.fetchall() for value in row if value is not None)
    return [_ascii("\n".join(values).encode())]


def _ascii(text: bytes) -> str:
    return text.translate(_ASCII).decode("ascii")
