"""Singer lines on standard output: whole ones, many in one write, records as the platform sent them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import StateMessage

from commercetools_source.frontends.stdout import SLICE_BYTES, write, write_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["LineWriter", "PlainStateMessage", "envelope"]


def envelope(stream: str, time_extracted: str, version: int | None = None) -> tuple[bytes, bytes]:
    """Return what stands before and behind a record's bytes in its RECORD line, line end included."""
    behind: dict[str, Any] = {"time_extracted": time_extracted}
    if version is not None:
        behind = {"version": version, **behind}
    head = msgspec.json.encode({"type": "RECORD", "stream": stream})
    # Opened before its end and closed behind the record, whose bytes go between without being decoded.
    return head[:-1] + b',"record":', b"," + msgspec.json.encode(behind)[1:] + b"\n"


class PlainStateMessage(StateMessage):
    """A STATE whose value is plain already."""

    def to_dict(self) -> dict[str, Any]:
        """Return the message without a copy of its value: the SDK's is deep, and takes a tenth of a run's time."""
        return {"type": "STATE", "value": self.value}


class LineWriter(MsgSpecWriter):
    """Writes to standard output. Used from one thread only; raises DestinationError when nobody reads it."""

    def write_message(self, message: Any) -> None:
        """Write one message."""
        write(bytes(self.format_message(message)))

    def write_messages(self, messages: Iterable[Any]) -> None:
        """Write many messages in few writes."""
        pieces: list[bytes] = []
        size = 0
        for message in messages:
            pieces.append(bytes(self.format_message(message)))
            size += len(pieces[-1])
            # A write for each line would be a system call for each record, one for all would hold a batch twice in
            # memory.
            if size >= SLICE_BYTES:
                write(b"".join(pieces))
                pieces, size = [], 0
        if pieces:
            write(b"".join(pieces))

    def write_records(self, head: bytes, tail: bytes, records: Sequence[msgspec.Raw]) -> None:
        """Write a line of `head`, the record's bytes and `tail` for each record."""
        write_records(head, tail, records)
