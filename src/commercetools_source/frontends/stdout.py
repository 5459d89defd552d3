"""Standard output as a wire: what is written arrives whole, or an error says that it does not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from commercetools_source.errors import DestinationError
from commercetools_source.stdio import output_fault

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["write"]


def write(lines: bytes) -> None:
    """Write all of `lines` and flush; raises DestinationError when that is not possible.

    Where Python is told not to buffer (`PYTHONUNBUFFERED`, usual in containers), a write that a signal
    interrupts takes only part of its bytes and says so by its result; the rest is written again here.
    """
    out = sys.stdout.buffer
    left = memoryview(lines)
    try:
        while left:
            left = left[_written(out, left) :]
        out.flush()
    except (OSError, ValueError) as error:
        raise DestinationError(
            f"{output_fault(error)}; the next run goes on from the last state that it kept"
        ) from error


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
