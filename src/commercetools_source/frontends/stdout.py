"""Standard output as a wire: what is written arrives whole, or an error says that it does not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from commercetools_source.errors import DestinationError
from commercetools_source.frontends.stdio import output_fault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    import msgspec

__all__ = ["SLICE_BYTES", "write", "write_records"]

SLICE_BYTES = 64 << 10
"""Lines are joined up to this size for one write; larger joins gain nothing and cost memory."""


def write(lines: bytes) -> None:
    """Write all of `lines` and flush; raises DestinationError when that is not possible.

    Where Python is told not to buffer (`PYTHONUNBUFFERED`, usual in containers), a write that a signal
    interrupts takes only part of its bytes and says so by its result; the rest is written again here.
    """
    # Bytes past the text layer: a record must not be encoded a second time.
    out = sys.stdout.buffer
    remainder = memoryview(lines)
    try:
        while remainder:
            remainder = remainder[_written(out, remainder) :]
        out.flush()
    except (OSError, ValueError) as error:
        raise DestinationError(
            f"{output_fault(error)}; the next run goes on from the last state that it kept"
        ) from error


def write_records(head: bytes, tail: bytes, records: Sequence[msgspec.Raw]) -> None:
    """Write a line of `head`, the record's bytes and `tail` for each record."""
    size = sum(len(memoryview(record)) for record in records)
    step = max(1, SLICE_BYTES * len(records) // max(size, 1))
    between = tail + head
    for start in range(0, len(records), step):
        chunk: Sequence[Any] = records[start : start + step]
        pieces: list[Any] = [between] * (2 * len(chunk) + 1)
        pieces[0], pieces[-1] = head, tail
        pieces[1::2] = chunk
        write(b"".join(pieces))  # Raw has the buffer protocol, so each record is copied once


def _written(out: BinaryIO, piece: memoryview) -> int:
    """Write at least one byte of `piece` and return how many; waits for a reader that is slow."""
    while True:
        try:
            count: int | None = out.write(piece)
        except BlockingIOError as busy:
            count = busy.characters_written
        if count:
            return count
        import select

        select.select([], [out], [])
