"""How far a streaming read has come, as the JSON that Spark keeps in its checkpoint. Pure.

Changes are read in the order of their time, below a bound that no late change can come before. A record that changes
between two attempts at one batch leaves it, and comes with a later one: nothing is lost, and nothing comes twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.timestamps import moment, shift
from commercetools_source.errors import StateError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.keyset import KeyRange, Position
from commercetools_source.extract.selection import conflict_with
from commercetools_source.frontends.words import SPARK

if TYPE_CHECKING:
    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.selection import Selection

__all__ = ["Offset", "decode", "deletions_between", "encode", "range_between", "refuse_future"]

# Before the platform existed, so that no Message is older.
_EARLIEST = "1970-01-01T00:00:00.000Z"
_CLOCK_SECONDS = 86_400
"""How far a platform's clock may be set back; with less, a query would end for a moment's correction."""


@dataclass(frozen=True, slots=True)
class Offset:
    """Changes before `bound` are read: all of them, or those up to `position` in the order of time and key.

    `bound` is "" at the start of a read without a start date. `deletions_from`: what was deleted before this API
    timestamp cannot be among the rows, because the first batch was read later; "" before the first batch. `since`: the
    start date of the read, "" without one.
    """

    bound: str = ""
    position: Position | None = None
    deletions_from: str = ""
    since: str = ""

    @property
    def time(self) -> str:
        """Changes before this API timestamp are read."""
        return self.bound if self.position is None else self.position.value


def encode(stream: Stream, selection: Selection, offset: Offset) -> dict[str, Any]:
    """Return an offset of what `selection` asks for of `stream` as plain values."""
    position = offset.position
    return {
        "project": selection.project,
        "store": selection.store_of(stream),
        "stream": stream.name,
        "where": " and ".join(selection.where_of(stream)),
        "privacy": selection.privacy_of(stream),
        "since": offset.since,
        "bound": offset.bound,
        "position": None if position is None else {"value": position.value, "tie": position.tie},
        "deletions_from": offset.deletions_from,
    }


def decode(stream: Stream, selection: Selection, stored: Any) -> Offset:
    """Return what `encode` wrote; raises StateError when it was written for another read or is broken."""
    try:
        since = str(stored.get("since", selection.since_of(stream) or ""))
        held = StreamState(
            since=since or None,
            where=(str(stored["where"]),) if stored["where"] else (),
            # Earlier releases stored neither these nor the start: what is asked for now counts as what was read.
            privacy=str(stored.get("privacy", selection.privacy_of(stream))),
            store=str(stored.get("store", selection.store_of(stream))),
            project=str(stored.get("project", "")),
            stream=str(stored["stream"]),
        )
        # Another read would go on in the middle of something that it never read, or mix what may leave.
        if (reason := conflict_with(stream, held, selection)) is not None:
            raise StateError(f"{stream.name}: {reason}")
        position = stored["position"]
        offset = Offset(
            str(stored["bound"]),
            None if position is None else Position(str(position["value"]), str(position["tie"])),
            str(stored["deletions_from"]),
            since,
        )
        # Times are compared as texts, so anything else in their place would be taken for one.
        for time in filter(None, (offset.bound, offset.time, offset.deletions_from, since)):
            moment(time)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
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
