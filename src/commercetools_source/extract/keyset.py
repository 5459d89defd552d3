"""Where a read goes on: cursor to `where` and `sort`, as pure functions on frozen values.

Knows nothing of HTTP. A range is one pass over a collection in the order of one field, with a unique
field as tie-break; the platform compares both, because the order of its ids is not text order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from commercetools_source.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "KeyRange",
    "Position",
    "advance",
    "begins_after",
    "comparison",
    "in_order",
    "is_comparable",
    "literal",
    "predicate",
    "sort",
    "where",
]

_TIMES = frozenset({"createdAt", "lastModifiedAt"})


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


def begins_after(key_range: KeyRange) -> str:
    """Return for a person what the first record of `key_range` comes after: its own key may not be known."""
    return key_range.after.value if key_range.after is not None else key_range.lower or "the start"


def literal(text: str) -> str:
    """Return `text` as a string literal of the query language, quoted and escaped."""
    # The backslash first, or it would escape those that the quotes get.
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def comparison(path: str, sign: str, text: str) -> str:
    """Return the predicate that compares the field at dotted `path` with `text`.

    Fields of nested objects stand in parentheses (https://docs.commercetools.com/api/predicates/query).
    """
    *outer, field = path.split(".")
    return "".join(f"{name}(" for name in outer) + f"{field} {sign} {literal(text)}" + ")" * len(outer)


def predicate(key_range: KeyRange) -> str | None:
    """Return the `where` that selects what is left of `key_range`, or None when that is everything."""
    field = key_range.field
    if not field:
        return None
    conditions = []
    if key_range.after is not None:
        # A position lies at or behind `lower`, so both together would say no more.
        conditions.append(_beside(key_range, ">", ">", key_range.after))
    elif key_range.lower is not None:
        conditions.append(comparison(field, ">=", key_range.lower))
    if key_range.upper is not None:
        # The upper end is excluded, so that ranges which meet share no record.
        conditions.append(comparison(field, "<", key_range.upper))
    if key_range.until is not None:
        conditions.append(_beside(key_range, "<", "<=", key_range.until))
    return " and ".join(conditions) or None


def where(predicates: Sequence[str]) -> list[tuple[str, str]]:
    """Return the parameter that selects the records that fulfil all of `predicates`; none without any.

    The platform takes several `where` in one request, of which some gateways pass one on and say nothing.
    """
    if not predicates:
        return []
    # An "or" of a caller binds less than our "and".
    joined = " and ".join(f"({predicate})" for predicate in predicates) if len(predicates) > 1 else predicates[0]
    return [("where", joined)]


def _beside(key_range: KeyRange, sign: str, tie_sign: str, position: Position) -> str:
    """Return the predicate for the records on one side of `position`."""
    strictly = comparison(key_range.field, sign, position.value)
    if not key_range.tie:
        return strictly
    equal = comparison(key_range.field, "=", position.value)
    # Records with the same value of the field are told apart by the tie-break, which is unique: none is skipped or
    # sent twice.
    return f"({strictly} or ({equal} and {comparison(key_range.tie, tie_sign, position.tie)}))"


def sort(key_range: KeyRange) -> tuple[str, ...]:
    """Return the `sort` values that put the records of `key_range` in its order."""
    # `asc` is the default, and is spelled out: the order is what completeness rests on
    # (https://docs.commercetools.com/api/general-concepts#sorting).
    return tuple(f"{name} asc" for name in (key_range.field, key_range.tie) if name) if key_range.field else ()


def is_comparable(key_range: KeyRange) -> bool:
    """Return whether values of the field of `key_range` are compared here as the platform compares them: times."""
    return key_range.field in _TIMES


def in_order(key_range: KeyRange, values: Iterable[str]) -> bool:
    """Return whether these values of the field of `key_range`, as they came, are in its order, as far as one can tell.

    A server that leaves `sort` out sends any records, behind the last of which others would never be asked for.
    """
    # What changed since the platform looked for it lies behind the range, and still where it was found.
    within = [value for value in values if key_range.upper is None or value < key_range.upper]
    return not any(_is_earlier(key_range.field, later, value) for value, later in pairwise(within))


def _is_earlier(field: str, value: str, other: str) -> bool:
    # Times of one form compare as texts; how the platform compares other texts, nobody outside knows.
    return field in _TIMES and len(value) == len(other) and value < other


def advance(key_range: KeyRange, last: Position, collection: str) -> KeyRange:
    """Return what is left of `key_range` of a `collection` once the record at `last` is delivered.

    Raises StateError when `last` is where the range already stood, or a time before: the platform then
    ignores the predicate, and going on would never end.
    """
    begin = key_range.lower if key_range.after is None else key_range.after.value
    # A record that changes meanwhile is later than the predicate asked for, never earlier.
    if last == key_range.after or (begin is not None and _is_earlier(key_range.field, last.value, begin)):
        raise StateError(
            f"reading {collection} by {key_range.field} made no progress: the platform sent the record at {last.value}"
            " again; check that the endpoint supports `where` and `sort`"
        )
    return replace(key_range, after=last)
