"""Unpacking gzip answers: with isal where it is installed (extra `fast`), which takes 0.4 of zlib's time.

Both raise the same errors here and give the same bytes.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Protocol

from commercetools_source.errors import NetworkError, OversizedError
from commercetools_source.http.bounds import LARGEST_BODY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Inflate", "inflater", "is_packed"]

_MEMBER = b"\x1f\x8b"
_MOST_MEMBERS = 100
"""Gzip files in one body; millions of empty ones would take minutes and give nothing."""
_MOST_PACKED = 1032
"""Deflate makes text smaller by this factor at most (RFC 1951: 258 bytes in two bits)."""


class Inflate(Protocol):
    """Unpacks a whole gzip body.

    Raises NetworkError when it is damaged or cut off, OversizedError when it would give more than `bound` bytes.
    """

    def __call__(self, body: bytes, bound: int = LARGEST_BODY) -> bytes:
        """Return the text."""
        ...


def is_packed(body: bytes) -> bool:
    """Return whether `body` is a gzip file. JSON never begins so, and proxies lose or keep the header wrongly."""
    return body.startswith(_MEMBER)


def inflater() -> Inflate:
    """Return what unpacks bodies, with isal where it is installed."""
    errors: tuple[type[Exception], ...] = (zlib.error,)
    unpacker: Callable[[int], Any] = zlib.decompressobj
    try:
        from isal import isal_zlib
    except ImportError:
        # No wheel of it for this machine, or the extra is not installed: the same bytes, only later.
        pass
    else:
        broken: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # its stub says instance
        errors, unpacker = (zlib.error, broken), isal_zlib.decompressobj

    def inflate(body: bytes, bound: int = LARGEST_BODY) -> bytes:
        chunks: list[bytes] = []
        reason, free = f"more than {_MOST_MEMBERS} gzip files in a row", bound
        for _ in range(_MOST_MEMBERS):
            member = unpacker(16 + zlib.MAX_WBITS)
            try:
                for piece in _pieces(member, body, free):
                    chunks.append(piece)
                    free -= len(piece)
            except errors as error:
                reason = str(error)
                break
            if free < 0:
                raise OversizedError(bound)
            # The end marker and checksum are missing: what came is the beginning of an answer, and no page.
            if not member.eof:
                raise NetworkError("an answer was cut off")
            body = member.unused_data
            if not is_packed(body):  # a body may be several gzip files in a row (RFC 1952, section 2.2)
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        raise NetworkError(f"an answer could not be unpacked ({reason})")

    return inflate


def _pieces(member: Any, body: bytes, free: int) -> Iterator[bytes]:
    """Yield what `member` makes of `body`, until that is more than `free` bytes."""
    piece = member.decompress(body, min(_room(body), free + 1))
    yield piece
    free -= len(piece)
    while piece and not member.eof and free >= 0:  # the size in the trailer was wrong: unpack what it left out
        piece = member.decompress(member.unconsumed_tail, free + 1)
        yield piece
        free -= len(piece)


def _room(body: bytes) -> int:
    """Return how many bytes to make room for: one more than the size in the last four bytes, the trailer.

    Text that need not grow while it is unpacked lands in memory that was used before: a third less time. The size
    is a hint only; it is that of the last file in the body, and where the body is cut off it is anything.
    """
    size = int.from_bytes(body[-4:], "little")
    return min(size, _MOST_PACKED * len(body)) + 1
