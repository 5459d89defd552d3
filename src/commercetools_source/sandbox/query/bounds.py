"""Ranges of sorted indexes that a predicate asks for, so that keysets and time windows need no scan.

An index keeps keys of the form `value NUL tie` (the tie is unique), or only the tie for the index on the tie
itself. A range is two cuts between keys: bytes for bisect_left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from commercetools_source.sandbox.platform.clock import parse_time
from commercetools_source.sandbox.platform.ids import order_key
from commercetools_source.sandbox.query.nodes import And, Compare, Node, Or

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Ordering", "Range", "conjuncts", "narrow"]

_LOWER = {">", ">="}
_UPPER = {"<", "<="}
_PAIR = 2


def _text_key(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _time_key(value: str) -> bytes | None:
    time = parse_time(value)
    return None if time is None else time.encode()


@dataclass(frozen=True, slots=True)
class Ordering:
    """How an index is sorted: by `field`, ties by `tie`; only by `tie` when both are the same."""

    field: str
    tie: str = "id"

    def key(self, value: str, tie: str) -> bytes:
        """Return the key of a record with these values."""
        if self.field == self.tie:
            return self.tie_key(tie)
        # NUL sorts before every other byte, so "a" with any tie comes before "ab".
        return (self._encode(value) or b"") + b"\0" + self.tie_key(tie)

    def tie_key(self, tie: str) -> bytes:
        """Return the part of a key that makes it unique."""
        return order_key(tie) if self.tie == "id" else _text_key(tie)

    def cut(self, op: str, value: str, tie: str | None = None) -> bytes | None:
        """Return the cut at which `op value` (or the keyset with a tie) begins or ends; None for a useless value."""
        after = op in {">", "<="}
        if self.field == self.tie:
            return self.tie_key(value) + (b"\0" if after else b"")
        start = self._encode(value)
        if start is None:
            return None
        if tie is None:
            # The byte 1 comes after all ties of this value, which follow a NUL, and before all longer values.
            return start + (b"\x01" if after else b"")
        # A further NUL makes the smallest key after this one.
        return start + b"\0" + self.tie_key(tie) + (b"\0" if after else b"")

    @property
    def _encode(self) -> Callable[[str], bytes | None]:
        return _time_key if self.field.endswith("At") else _text_key


@dataclass(frozen=True, slots=True)
class Range:
    """Keys from `low` up to but without `high`; None is open."""

    low: bytes | None = None
    high: bytes | None = None

    def meet(self, low: bytes | None, high: bytes | None) -> Range:
        """Return what both ranges share."""
        return Range(
            low if self.low is None else self.low if low is None else max(self.low, low),
            high if self.high is None else self.high if high is None else min(self.high, high),
        )


def conjuncts(nodes: Iterable[Node]) -> list[Node]:
    """Return the conditions that must all hold, without nesting of `and`."""
    flat: list[Node] = []
    for node in nodes:
        flat += conjuncts(node.conditions) if isinstance(node, And) else [node]
    return flat


def narrow(conditions: Sequence[Node], ordering: Ordering) -> tuple[Range, list[Node]]:
    """Return the range of the index that the conditions allow, and the conditions it does not already guarantee."""
    bounds, remaining = Range(), []
    for condition in conditions:
        cuts = _cuts(condition, ordering)
        if cuts is None:
            remaining.append(condition)
        else:
            bounds = bounds.meet(*cuts)
    return bounds, remaining


def _cuts(condition: Node, ordering: Ordering) -> tuple[bytes | None, bytes | None] | None:
    if isinstance(condition, Compare) and condition.field == ordering.field and isinstance(condition.value, str):
        return _simple(condition.op, condition.value, ordering)
    if isinstance(condition, Or) and len(condition.conditions) == _PAIR and ordering.field != ordering.tie:
        return _keyset(condition, ordering)
    return None


def _simple(op: str, value: str, ordering: Ordering) -> tuple[bytes | None, bytes | None] | None:
    if op == "=":
        low, high = ordering.cut(">=", value), ordering.cut("<=", value)
        return None if low is None else (low, high)
    # `!=` leaves two ranges; an index serves only one.
    if op not in _LOWER | _UPPER:
        return None
    cut = ordering.cut(op, value)
    if cut is None:
        return None
    return (cut, None) if op in _LOWER else (None, cut)


def _keyset(condition: Or, ordering: Ordering) -> tuple[bytes | None, bytes | None] | None:
    """Return the cuts of `field > T or (field = T and tie > X)`, in any order of its parts, and of its mirror."""
    beyond = next((node for node in condition.conditions if isinstance(node, Compare)), None)
    tied = next((node for node in condition.conditions if isinstance(node, And)), None)
    if beyond is None or tied is None or beyond.field != ordering.field or beyond.op not in {">", "<"}:
        return None
    tests = {node.field: node for node in tied.conditions if isinstance(node, Compare)}
    same, tie = tests.get(ordering.field), tests.get(ordering.tie)
    if len(tied.conditions) != _PAIR or same is None or tie is None or same.op != "=" or same.value != beyond.value:
        return None
    if not isinstance(beyond.value, str) or not isinstance(tie.value, str) or tie.op.rstrip("=") != beyond.op:
        return None
    cut = ordering.cut(tie.op, beyond.value, tie.value)
    if cut is None:
        return None
    return (cut, None) if beyond.op == ">" else (None, cut)
