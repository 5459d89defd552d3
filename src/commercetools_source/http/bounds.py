"""Answers without end: bounds on the bytes and the time of one exchange, held where the bytes come in.

`http.client` limits the length of one header line and the number of headers, and a read timeout limits the silence
between two bytes. Neither ends a head that is dripped, provisional answers for ever, or a body that never stops.
"""

from __future__ import annotations

import io
import time
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, parse_headers
from typing import TYPE_CHECKING, Any

from commercetools_source.errors import OverdueError, OversizedError

if TYPE_CHECKING:
    import socket

__all__ = ["LARGEST_BODY", "BoundedResponse"]

LARGEST_BODY = 64 << 20
"""Bytes of a body, packed and unpacked. A page of 500 records of 100 KB, the platform's advice, has 50 MB; the
largest document has 16 MB (https://docs.commercetools.com/api/limits)."""
# Four times what `http.client` allows one line.
_LARGEST_HEAD = 1 << 18
_FRAMING = 2
"""What chunk sizes and trailers may add to a body: as much as the body."""
_PROVISIONAL_ANSWERS = 20
_HEAD_TIMEOUTS = 2
_BODY_TIMEOUTS = 10
"""A head may take this many read timeouts in all, and a whole answer that many."""


class BoundedResponse(HTTPResponse):
    """`http.client`'s response, bounded, and past every provisional answer.

    `http.client` itself takes 103 Early Hints for the answer: the real one would then be read as that of the next
    request over the connection (RFC 8297; RFC 9110, section 15.2).
    """

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._guard = _Guard(self.fp.detach(), sock)
        # `http.client` has opened a file of its own over the socket; the guard goes between, before a byte is read.
        self.fp = io.BufferedReader(self._guard)

    def _read_status(self) -> tuple[str, int, str]:  # `http.client` calls it for each status line
        for _ in range(_PROVISIONAL_ANSWERS):
            version, status, reason = super()._read_status()  # type: ignore[misc]  # typeshed leaves it out
            if status >= HTTPStatus.OK:
                return version, status, reason
            if status == HTTPStatus.SWITCHING_PROTOCOLS:
                raise HTTPException("the protocol was switched, which nobody asked for")
            # A provisional answer may have headers, which end where the next status line begins.
            parse_headers(self.fp)
        raise HTTPException(f"more than {_PROVISIONAL_ANSWERS} provisional answers")

    def begin(self) -> None:
        """Read the head; the bounds of a body hold from then on."""
        super().begin()
        self._guard.allow_body()


class _Guard(io.RawIOBase):
    """The bytes of one answer, from a socket whose timeout bounds the silence between two of them."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket) -> None:
        self._stream = stream
        self._sock = sock
        self._silence = sock.gettimeout() or float("inf")
        self._begun = time.monotonic()
        self._allowed = _LARGEST_HEAD
        self._seconds = _HEAD_TIMEOUTS * self._silence

    def allow_body(self) -> None:
        """Bound the whole answer instead of its head."""
        self._allowed = _FRAMING * LARGEST_BODY
        self._seconds = _BODY_TIMEOUTS * self._silence

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Fill `buffer`; raises OversizedError or OverdueError beyond the bounds."""
        remaining = self._begun + self._seconds - time.monotonic()
        if remaining <= 0:
            raise OverdueError(self._seconds)
        if remaining < self._silence:
            self._sock.settimeout(remaining)
        try:
            count: int | None = self._stream.readinto(buffer)
        except TimeoutError:
            if remaining < self._silence:
                raise OverdueError(self._seconds) from None
            raise
        self._allowed -= count or 0
        if self._allowed < 0:
            raise OversizedError(LARGEST_BODY)
        return count

    def close(self) -> None:
        """Give the socket back."""
        self._stream.close()
        super().close()
