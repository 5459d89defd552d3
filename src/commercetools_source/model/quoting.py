"""Names and texts as SQL."""

from __future__ import annotations

from datetime import datetime

__all__ = ["literal", "quoted", "string"]


def literal(value: object) -> str:
    """Return a text, a time in UTC, a number, a list of such or None as a literal of SQL."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, datetime):
        # With a space, as the standard writes timestamps; not every engine takes a `T`.
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if value is None or isinstance(value, (bool, int, float)):
        return "NULL" if value is None else str(value)
    return string(str(value))


def quoted(name: str) -> str:
    """Return an identifier in quotes."""
    # A quote inside is doubled: https://duckdb.org/docs/stable/sql/dialect/keywords_and_identifiers
    return '"' + name.replace('"', '""') + '"'


def string(value: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"
