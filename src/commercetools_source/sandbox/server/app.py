"""The sandbox over HTTP: one ASGI application around the service, and the faults that happen on the wire."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from commercetools_source.errors import ApiError
from commercetools_source.sandbox.platform.clock import http_date
from commercetools_source.sandbox.platform.refusals import body_of, refuse
from commercetools_source.sandbox.platform.request import Request, Response, Seen
from commercetools_source.sandbox.server.faults import ERRORS, error_of, headers_of

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Awaitable, Callable, MutableMapping
    from datetime import datetime
    from random import Random

    from commercetools_source.sandbox.platform.clock import Clock
    from commercetools_source.sandbox.server.faults import Fault
    from commercetools_source.sandbox.server.service import Service

    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

__all__ = ["App"]

_LOG = logging.getLogger(__name__)
_QUOTA = 1_000
_THROTTLED = 429
_SMALLEST_GZIP = 512
# Larger bodies are compressed in a thread, so that several requests can use several cores.
_LARGE = 65_536
_HTML = b"<html>\r\n<head><title>%d</title></head>\r\n<body><center><h1>%d</h1></center></body>\r\n</html>\r\n"


class Administration(Protocol):
    """Answers requests below /_sandbox."""

    def respond(self, request: Request) -> Response:
        """Return the response; raises ApiError."""


class App:
    """An ASGI application; `scope["state"]["transport"]` must be the connection's transport."""

    def __init__(
        self, service: Service, clock: Clock, random: Random, log: deque[Seen], admin: Administration | None = None
    ) -> None:
        self.service = service
        self.clock = clock
        self.random = random
        self.log = log
        self.admin = admin
        self.stopping: asyncio.Event | None = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = await _read(scope, receive)
        path = self.service.short(request)
        limit = _page_size(request)
        scripted = not path.startswith("/_sandbox")
        faults = self.service.faults
        # Before the answer is made: a request that is cut off must have changed no data.
        fault = faults.due(request.method, path, limit) if scripted else None
        if fault is not None and fault.kind == "stall":
            self._note(request, path, 0)
            await self._wait(receive, None)
            await _cut(scope, receive)
            return
        delay = faults.delay(request.method, path) if scripted else 0
        if delay > 0 and await self._wait(receive, delay):
            await _cut(scope, receive)
            return
        if fault is not None and fault.kind == "reset":
            self._note(request, path, 0)
            await _cut(scope, receive, reset=True)
            return
        response = self._respond(request, path, fault)
        # Noted before it is sent: a test that reads the log after an answer must find the request there.
        self._note(request, path, response.status)
        await self._send(scope, receive, send, request, response, fault)

    def _respond(self, request: Request, path: str, fault: Fault | None) -> Response:
        if fault is not None and fault.kind == "html":
            return Response(fault.status, _HTML % (fault.status, fault.status), media_type="text/html")
        try:
            if fault is not None and fault.kind == "expire":
                self.service.authorization.revoke()
            if fault is not None and fault.kind in {"change", "vanish"}:
                self.service.disturb(request, fault)
            if fault is not None and fault.kind in ERRORS:
                error = error_of(fault)
                return Response(error.status, body_of(error.problem), tuple(headers_of(fault)))
            if self.admin is not None and path.startswith("/_sandbox"):
                return self.admin.respond(request)
            return self.service.handle(request)
        except ApiError as error:
            return Response(error.status, body_of(error.problem))
        except Exception:  # noqa: BLE001 - a server answers whatever happens, and its log says what did
            _LOG.exception("The sandbox failed at %s %s", request.method, path)
            failed = refuse(500, "General", "Internal server error of the sandbox; its log has the details.")
            return Response(500, body_of(failed.problem))

    def _note(self, request: Request, path: str, status: int) -> None:
        # No token and no secret stays in the log of requests.
        headers = {name: value for name, value in request.headers.items() if name != "authorization"}
        body = b"" if path.startswith("/oauth") else request.body
        self.log.append(Seen(request.method, path, request.query, status, headers, body))

    async def _send(
        self, scope: Any, receive: Receive, send: Send, request: Request, response: Response, fault: Fault | None
    ) -> None:
        body, headers = await self._encoded(request, response)
        if fault is not None and fault.kind == "corrupt" and len(body) > 1:
            middle = len(body) // 2
            # Two bytes that no JSON text contains; the length stays, so that only the content shows it.
            body = body[: middle - 1] + b"\x00\xff"[: len(body[middle - 1 : middle + 1])] + body[middle + 1 :]
        if fault is not None and fault.kind == "truncate":
            await _half(scope, receive, response.status, headers, body)
            return
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
        await send({"type": "http.response.start", "status": response.status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})

    async def _encoded(self, request: Request, response: Response) -> tuple[bytes, list[tuple[str, str]]]:
        body = response.body
        correlation = request.headers.get("x-correlation-id") or f"sandbox-{self.random.getrandbits(64):016x}"
        now = self.clock.now()
        headers = {
            "Date": http_date(now),
            "X-Sandbox-Clock": http_date(now),  # clients compare `Date` with it, as tests move this clock
            "Content-Type": response.media_type,
            "X-Correlation-ID": correlation,
            **({} if response.status == _THROTTLED else _quota(now)),
            **dict(response.headers),
        }
        if len(body) >= _SMALLEST_GZIP and "gzip" in request.headers.get("accept-encoding", ""):
            body = (
                await asyncio.get_running_loop().run_in_executor(None, _gzip, body)
                if len(body) > _LARGE
                else _gzip(body)
            )
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return body, [*headers.items(), ("Content-Length", str(len(body)))]

    async def _wait(self, receive: Receive, seconds: float | None) -> bool:
        """Wait; return whether the sandbox stopped or the client left meanwhile."""
        if self.stopping is None:
            self.stopping = asyncio.Event()
        # Also until the client leaves: its connection would keep the sandbox from ending.
        waits = [asyncio.ensure_future(self.stopping.wait()), asyncio.ensure_future(_gone(receive))]
        done, pending = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        return bool(done)

    def stop(self) -> None:
        """Let stalled requests go; called in the server's thread."""
        if self.stopping is None:
            self.stopping = asyncio.Event()
        self.stopping.set()


async def _read(scope: MutableMapping[str, Any], receive: Receive) -> Request:
    body = bytearray()
    more_body = True
    while more_body:
        message = await receive()
        body += message.get("body", b"")
        more_body = bool(message.get("more_body", False))
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    path = scope["raw_path"].decode("latin-1")
    return Request(scope["method"], path, scope["query_string"].decode("latin-1"), headers, bytes(body))


def _page_size(request: Request) -> int:
    text = request.one("limit") or ""
    # 20 is the platform's default: https://docs.commercetools.com/api/general-concepts#limit
    return int(text) if text.isdecimal() and text.isascii() else 20


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _quota(now: datetime) -> dict[str, str]:
    """Return the report that the gateway adds to every response; what a 429 says of times is for its fault to say."""
    limit, remaining = str(_QUOTA), str(_QUOTA - 1)
    return {"X-RateLimit-Limit": limit, "X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": str(60 - now.second)}


@cache
def _compressor() -> Callable[[int, int, int], Any]:
    """Return isal's way to compress where it is installed, which takes a fifth of the time, else zlib's."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.compressobj
    return isal_zlib.compressobj


def _gzip(body: bytes) -> bytes:
    # 31: a gzip header, and the largest window. Level 1, because speed counts on one machine and size does not.
    packer = _compressor()(1, zlib.DEFLATED, 31)
    return b"".join((packer.compress(body), packer.flush()))


async def _half(scope: Any, receive: Receive, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    """Send the first half of a response and close."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    # The reason phrase may be empty: https://datatracker.ietf.org/doc/html/rfc9112#section-4
    scope["state"]["transport"].write(f"HTTP/1.1 {status} \r\n{head}\r\n".encode("latin-1") + body[: len(body) // 2])
    await _cut(scope, receive)


async def _cut(scope: Any, receive: Receive, *, reset: bool = False) -> None:
    """Close the connection without a response, by a TCP reset when `reset`."""
    transport = scope["state"]["transport"]
    if reset:
        raw = transport.get_extra_info("socket")
        # Lingering for 0 seconds makes close() send RST and drop what is unsent.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
    await _gone(receive)
