"""uvicorn as the sandbox needs it: connections that can be cut, and a server that starts and ends at once.

Imported only when a server is made, because uvicorn is an extra.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from commercetools_source.sandbox.server.app import App

__all__ = ["Server"]

# Request line and headers together; the platform's gateway is Envoy, which takes 60 KiB unless told otherwise.
_LONGEST_HEAD = 61_440
_KEEP_ALIVE_SECONDS = 120
_GRACE_SECONDS = 2
_TICK_SECONDS = 0.002


class _Connection(H11Protocol):
    """Hands the transport to the application, which needs it to cut connections."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Server(uvicorn.Server):
    """Serves `app` and calls `started` once it accepts connections.

    uvicorn's own looks only ten times a second whether it should end; tests start and stop many.
    """

    def __init__(self, app: App, started: Callable[[], None]) -> None:
        settings = uvicorn.Config(
            app,
            loop="asyncio",
            http=_Connection,
            ws="none",
            # Without lifespan: the application has nothing to start, and the thread knows when it listens.
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # The application sends its own, by the sandbox's clock.
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            h11_max_incomplete_event_size=_LONGEST_HEAD,
        )
        super().__init__(settings)
        self._app = app
        self._announce = started
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()

    def end(self) -> None:
        """End soon; callable from any thread."""
        # Both: the flag is uvicorn's, the event wakes the loop at once.
        self.should_exit = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ending.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections on the sockets."""
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._announce()

    async def main_loop(self) -> None:
        """Wait until told to end."""
        await self._ending.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Close idle connections, let answers under way be sent, and cut what takes longer than the grace."""
        self._app.stop()
        for server in self.servers:
            server.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        until = time.monotonic() + _GRACE_SECONDS
        while (state.connections or state.tasks) and time.monotonic() < until:  # noqa: ASYNC110 - its sets tell nobody
            await asyncio.sleep(_TICK_SECONDS)
        for task in list(state.tasks):
            task.cancel()
