"""The server process: uvicorn around the application, in a thread or in the foreground."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    import uvicorn

    from commercetools_source.sandbox.app import App

__all__ = ["Serving", "listen"]

_START_SECONDS = 30
# Request line and headers together; the platform's gateway is Envoy, which takes 60 KiB unless told otherwise.
_LONGEST_HEAD = 61_440


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to `host` and `port` (0: any free one); raises ConfigError when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends small packets at once (TCP_NODELAY).
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise ConfigError(
            f"The sandbox cannot listen on {host}:{port}: {error.strerror}. Choose another port."
        ) from None
    bound.listen(1024)
    return bound


def make_server(app: App, *, started: Callable[[], None]) -> uvicorn.Server:
    """Return a uvicorn server for `app` that calls `started` once it accepts connections."""
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Protocol(H11Protocol):
        """Hands the transport to the application, which needs it to cut connections."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.app_state = {**self.app_state, "transport": transport}

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.stop()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=120,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        timeout_graceful_shutdown=2,
    )
    return Server(config)


class Serving:
    """A server that runs in a thread of its own from `start` to `stop`."""

    def __init__(self, app: App, bound: socket.socket) -> None:
        self._ready = threading.Event()
        self._socket = bound
        self._server = make_server(app, started=self._ready.set)
        self._thread = threading.Thread(target=self._run, name="commercetools-sandbox", daemon=True)
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Return once connections are accepted."""
        self._thread.start()
        self._ready.wait(_START_SECONDS)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Close all connections and return once the thread has ended."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except BaseException as error:  # noqa: BLE001 - handed to the thread that started this one
            self._failure = error
        finally:
            self._ready.set()
