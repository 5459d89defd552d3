"""What the engine hands over, and what takes it: the seam between reading and writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import msgspec

    from commercetools_source.catalog.streams import Stream
    from commercetools_source.events import Notice
    from commercetools_source.extract.checkpoint import StreamState

__all__ = ["Delivery", "Destination", "Observer", "Readable", "Resettable", "open_to_read"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Records of one stream and the state that is true once they are stored.

    `records` are whole JSON objects as the platform sent them, spliced columns in front, in no
    promised order; the same record may come more than once, the higher `version` wins.
    `replaces`: the deliveries of this run, from the one with `first` to the one with `done`,
    together replace what the destination holds of the stream (a full read). Otherwise records are
    merged by the stream's key. A run that was cut off and goes on has no `first`: what it stored
    before is still wanted. A delivery may be empty and still carry `first`, `done` and a state.
    """

    stream: Stream
    records: Sequence[msgspec.Raw]
    size: int
    state: StreamState
    replaces: bool
    first: bool
    done: bool


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


@runtime_checkable
class Readable(Protocol):
    """A destination that can be looked at without a change to it, while others look at it too."""

    def open_read_only(self) -> Mapping[str, StreamState]:
        """Return the stored states of what is there already; create, change and remove nothing until it is closed.

        Raises DestinationError and StateError.
        """
        ...


def open_to_read(destination: Destination) -> Mapping[str, StreamState]:
    """Open a destination for a command that changes nothing, and return its stored states."""
    return destination.open_read_only() if isinstance(destination, Readable) else destination.open()


@runtime_checkable
class Resettable(Protocol):
    """A destination whose states are its own, so that a person can reset one."""

    def reset(self, stream: Stream) -> bool:
        """Drop the state of `stream` and what was loaded of a read under way; return whether there was any.

        Its rows stay until the next run, which reads the stream from its start, replaces them.
        """
        ...


@runtime_checkable
class Observer(Protocol):
    """A destination that notices things about the data it stores."""

    def notices(self) -> Sequence[Notice]:
        """Return what was noticed since it was opened; called once, when everything was written."""
        ...
