"""Where a read goes on: cursor to `where` and `sort`, as pure functions on frozen values.

Knows nothing of HTTP. A range is one pass over a collection in the order of one field, with a unique
field as tie-break; the platform compares both, because the order of its ids is not text order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from commercetools_source.errors import StateError

__all__ = ["KeyRange", "Position", "advance", "literal", "predicate", "sort"]


@dataclass(frozen=True, slots=True)
class Position:
    """The last record delivered: its value of the ordering field and of the tie-break."""

    value: str
    tie: str = ""


@dataclass(frozen=True, slots=True)
class KeyRange:
    """One pass: records with `lower <= field < upper` that come after `after`, `until` the last one.

    `field` is empty where the endpoint offers no keyset; then `offset` says how many records were
    read. `tie` is empty where `field` itself is unique. `parent` fills the path's placeholders.
    """

    field: str
    tie: str = "id"
    lower: str | None = None
    upper: str | None = None
    after: Position | None = None
    offset: int = 0
    parent: tuple[str, ...] = ()
    until: Position | None = None


def literal(text: str) -> str:
    """Return `text` as a string literal of the query language, quoted and escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def predicate(key_range: KeyRange) -> str | None:
    """Return the `where` that selects what is left of `key_range`, or None when that is everything."""
    if not key_range.field:
        return None
    parts = []
    if key_range.after is not None:
        parts.append(_after(key_range.field, key_range.tie, key_range.after))
    elif key_range.lower is not None:
        parts.append(f"{key_range.field} >= {literal(key_range.lower)}")
    if key_range.upper is not None:
        parts.append(f"{key_range.field} < {literal(key_range.upper)}")
    if key_range.until is not None:
        value, tie = literal(key_range.until.value), literal(key_range.until.tie)
        parts.append(f"({key_range.field} < {value} or ({key_range.field} = {value} and {key_range.tie} <= {tie}))")
    return " and ".join(parts) or None


def _after(field: str, tie: str, position: Position) -> str:
    value = literal(position.value)
    if not tie:
        return f"{field} > {value}"
    return f"({field} > {value} or ({field} = {value} and {tie} > {literal(position.tie)}))"


def sort(key_range: KeyRange) -> tuple[str, ...]:
    """Return the `sort` values that put the records of `key_range` in its order."""
    return tuple(f"{name} asc" for name in (key_range.field, key_range.tie) if name) if key_range.field else ()


def advance(key_range: KeyRange, last: Position) -> KeyRange:
    """Return what is left of `key_range` once the record at `last` is delivered.

    Raises StateError when `last` is where the range already stood: the platform then ignores the
    predicate, and going on would never end.
    """
    if last == key_range.after:
        raise StateError(
            f"reading by {key_range.field} made no progress: the platform sent the record at {last.value} again;"
            " check that the endpoint supports `where` and `sort`"
        )
    return replace(key_range, after=last)
