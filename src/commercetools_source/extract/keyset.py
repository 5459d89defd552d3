"""Where a read goes on: cursor to `where` and `sort`, as pure functions on frozen values.

Knows nothing of HTTP. A walk is one pass over a collection in the order of one field, with a unique
field as tie-break; the platform compares both, because the order of its ids is not text order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from commercetools_source.errors import StateError

__all__ = ["Position", "Walk", "advance", "literal", "predicate", "sort"]


@dataclass(frozen=True, slots=True)
class Position:
    """The last record delivered: its value of the ordering field and of the tie-break."""

    value: str
    tie: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
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


def predicate(walk: Walk) -> str | None:
    """Return the `where` that selects what is left of `walk`, or None when that is everything."""
    if not walk.field:
        return None
    parts = []
    if walk.after is not None:
        parts.append(_after(walk.field, walk.tie, walk.after))
    elif walk.lower is not None:
        parts.append(f"{walk.field} >= {literal(walk.lower)}")
    if walk.upper is not None:
        parts.append(f"{walk.field} < {literal(walk.upper)}")
    if walk.until is not None:
        value, tie = literal(walk.until.value), literal(walk.until.tie)
        parts.append(f"({walk.field} < {value} or ({walk.field} = {value} and {walk.tie} <= {tie}))")
    return " and ".join(parts) or None


def _after(field: str, tie: str, position: Position) -> str:
    value = literal(position.value)
    if not tie:
        return f"{field} > {value}"
    return f"({field} > {value} or ({field} = {value} and {tie} > {literal(position.tie)}))"


def sort(walk: Walk) -> tuple[str, ...]:
    """Return the `sort` values that put the records of `walk` in its order."""
    return tuple(f"{name} asc" for name in (walk.field, walk.tie) if name) if walk.field else ()


def advance(walk: Walk, last: Position) -> Walk:
    """Return what is left of `walk` once the record at `last` is delivered.

    Raises StateError when `last` is where the walk already stood: the platform then ignores the
    predicate, and going on would never end.
    """
    if last == walk.after:
        raise StateError(
            f"reading by {walk.field} made no progress: the platform sent the record at {last.value} again;"
            " check that the endpoint supports `where` and `sort`"
        )
    return replace(walk, after=last)
