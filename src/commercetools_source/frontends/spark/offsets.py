"""How far a streaming read has come, as the JSON that Spark keeps in its checkpoint. Pure.

Changes are read in the order of their time, below a bound that no late change can come before. A record that changes
between two attempts at one batch leaves it, and comes with a later one: nothing is lost, and nothing comes twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.timestamps import moment, shift
from commercetools_source.errors import StateError
from commercetools_source.extract.keyset import KeyRange, Position
from commercetools_source.extract.selection import project_conflict, store_conflict
from commercetools_source.frontends.words import SPARK

if TYPE_CHECKING:
    from commercetools_source.catalog.stream import Stream

__all__ = ["Offset", "decode", "deletions_between", "encode", "range_between", "refuse_future"]

# Before the platform existed, so that no Message is older.
_EARLIEST = "1970-01-01T00:00:00.000Z"
_CLOCK_SECONDS = 86_400
"""How far a platform's clock may be set back; with less, a query would end for a moment's correction."""


@dataclass(frozen=True, slots=True)
class Offset:
    """Changes before `bound` are read: all of them, or those up to `position` in the order of time and key.

    `bound` is "" at the start of a read without a start date. `deletions_from`: what was deleted before this API
    timestamp cannot be among the rows, because the first batch was read later; "" before the first batch.
    """

    bound: str = ""
    position: Position | None = None
    deletions_from: str = ""

    @property
    def time(self) -> str:
        """Changes before this API timestamp are read."""
        return self.bound if self.position is None else self.position.value


def encode(project: str, stream: Stream, where: str, offset: Offset, store: str = "") -> dict[str, Any]:
    """Return an offset of what is read of `stream` in the project of this key as plain values.

    `store`: the key of the store whose records are read, "" for all of the project.
    """
    position = offset.position
    return {
        "project": project,
        "store": store,
        "stream": stream.name,
        "where": where,
        "bound": offset.bound,
        "position": None if position is None else {"value": position.value, "tie": position.tie},
        "deletions_from": offset.deletions_from,
    }


def decode(project: str, stream: Stream, where: str, stored: Any, store: str = "") -> Offset:
    """Return what `encode` wrote; raises StateError when it was written for another read or is broken."""
    try:
        # Another stream or predicate would go on in the middle of something that it never read.
        if (stored["stream"], stored["where"]) != (stream.name, where):
            raise StateError(
                f"the checkpoint is of {_read(stored['stream'], stored['where'])}, and now"
                f" {_read(stream.name, where)} is asked for; give each read a checkpoint of its own"
            )
        # Releases before stored neither the project nor the store.
        other = project_conflict(str(stored.get("project", "")), project, SPARK.anew)
        other = other or store_conflict(str(stored.get("store", store)), store, SPARK.anew)
        if other is not None:
            raise StateError(f"{stream.name}: {other}")
        position = stored["position"]
        offset = Offset(
            str(stored["bound"]),
            None if position is None else Position(str(position["value"]), str(position["tie"])),
            str(stored["deletions_from"]),
        )
        # Times are compared as texts, so anything else in their place would be taken for one.
        for time in filter(None, (offset.bound, offset.time, offset.deletions_from)):
            moment(time)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, StateError):
            raise
        raise StateError(f"the checkpoint's offset is not one of this source; {SPARK.anew}") from None
    return offset


def refuse_future(offset: Offset, clock: str) -> None:
    """Raise StateError for the offset of a batch that is later than the `clock` of the platform by more than a day."""
    # The start date of a first read may lie ahead, and a clock may be set back; nothing else makes such an offset.
    if offset.deletions_from and offset.time > shift(clock, _CLOCK_SECONDS):
        raise StateError(
            f"the checkpoint's offset is {offset.time}, and the platform's clock {clock}: no change would be read"
            f" before that time; {SPARK.anew}"
        )


def _read(stream: Any, where: Any) -> str:
    return f"{stream} where {where}" if where else f"{stream}"


def range_between(stream: Stream, start: Offset, end: Offset) -> KeyRange:
    """Return the range of the changes between two offsets; the stream must have a cursor."""
    return KeyRange(
        field=stream.cursor or "",
        tie=stream.tie,
        # Behind a position the lower end would only repeat what `after` says.
        lower=start.bound or None if start.position is None else None,
        upper=end.bound,
        after=start.position,
        until=end.position,
    )


def deletions_between(start: Offset, end: Offset, *, whole: bool = False) -> KeyRange | None:
    """Return the range of the Messages that tell of deletions between two offsets; None if none matters.

    `whole`: as far back as there are Messages, also what was deleted before the first batch.
    """
    # A first read in several batches passes through years in which nothing that it has read was deleted yet.
    lower = start.time or _EARLIEST if whole else max(start.time, start.deletions_from)
    if not lower or lower >= end.time or not (whole or start.deletions_from):
        return None
    return KeyRange("createdAt", "id", lower=lower, upper=end.time)
