"""What the engine hands over, and what takes it: the seam between reading and writing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import msgspec

    from commercetools_source.catalog.streams import Stream
    from commercetools_source.extract.checkpoint import StreamState

__all__ = ["Delivery", "Destination", "Phase"]


class Phase(Enum):
    """Where a delivery stands in the read of its stream, and so what becomes of its records.

    Those of an incremental read are merged by the stream's key. Those of a full read wait beside what is stored, and
    take its place together with the last of them. A full read that was cut off goes on with FULL_NEXT: what it stored
    before is still wanted.
    """

    MERGE = "merge; more may follow"
    MERGE_LAST = "merge; the read is complete"
    FULL_FIRST = "begin a full read: forget what another one left"
    FULL_NEXT = "add to the full read"
    FULL_LAST = "add to the full read, and let it replace what is stored"
    FULL_ONLY = "replace what is stored by this delivery"

    @staticmethod
    def of(*, full: bool, first: bool = False, last: bool = False) -> Phase:
        """Return the phase of a delivery; only a full read has a `first` one."""
        # An incremental read replaces nothing, so its beginning does not matter.
        if not full:
            return Phase.MERGE_LAST if last else Phase.MERGE
        if first:
            return Phase.FULL_ONLY if last else Phase.FULL_FIRST
        return Phase.FULL_LAST if last else Phase.FULL_NEXT

    @property
    def full(self) -> bool:
        """Whether it belongs to a full read."""
        return self not in {Phase.MERGE, Phase.MERGE_LAST}

    @property
    def first(self) -> bool:
        """Whether it begins a full read."""
        return self in {Phase.FULL_FIRST, Phase.FULL_ONLY}

    @property
    def last(self) -> bool:
        """Whether the read of the stream, full or incremental, is complete with it."""
        return self in {Phase.MERGE_LAST, Phase.FULL_LAST, Phase.FULL_ONLY}

    @property
    def swaps(self) -> bool:
        """Whether what the full read brought takes the place of what is stored."""
        return self in {Phase.FULL_LAST, Phase.FULL_ONLY}


@dataclass(frozen=True, slots=True)
class Delivery:
    """Records of one stream and the state that is true once they are stored.

    `records` are whole JSON objects as the platform sent them, spliced columns in front, in no
    promised order; the same record may come more than once, the higher `version` wins.
    A delivery may be empty and still have a phase and a state that count.
    `joins`: it is of the first read of a store that is read beside others, so its records are merged, and were not
    there before. `clears`: nothing stays of what a full read replaces, because it left no record out, or because what
    is stored is of another part of the stream.
    """

    stream: Stream
    records: Sequence[msgspec.Raw]
    size: int
    state: StreamState
    phase: Phase
    joins: bool = False
    clears: bool = False

    @property
    def keeps_unread(self) -> bool:
        """Whether rows that this run did not bring stay: it had to leave out a record, and may have stored it before.

        They stay until a full read brings everything.
        """
        return self.phase.swaps and bool(self.state.quarantined) and not self.clears


@runtime_checkable
class Destination(Protocol):
    """Where `sync` writes. Used from one thread only."""

    name: str
    """What a person calls it: the path of the file or folder."""

    batch_bytes: int
    """The size of a delivery that suits it; the engine joins pages up to it."""

    def open(self) -> Mapping[str, StreamState]:
        """Open or create it, lock it for this run, return the stored state of each stream by name.

        Raises DestinationError, with nothing changed, when it cannot be opened, written or locked,
        and StateError when what it holds was stored by another version.
        """
        ...

    def write(self, delivery: Delivery) -> None:
        """Store records and state together: after a crash either both are there or neither is.

        Raises DestinationError.
        """
        ...

    def close(self) -> None:
        """Release it. May be called twice, and after a failed `open`."""
        ...
