"""The server as the sandbox uses it: a socket to listen on, and a thread that serves on it from start to stop."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from commercetools_source.sandbox.server.app import App

__all__ = ["Serving", "listen"]

_START_SECONDS = 30


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to `host` and `port` (0: any free one); raises ConfigError when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends small packets at once (TCP_NODELAY).
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # A sandbox may restart on its port while old connections are in TIME_WAIT.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise ConfigError(
            f"The sandbox cannot listen on {host}:{port}: {error.strerror}. Choose another port."
        ) from None
    # Enough for a burst of clients: a connection that is refused would look like a fault of the sandbox.
    bound.listen(1024)
    return bound


class Serving:
    """A server that runs in a thread of its own from `start` to `stop`."""

    def __init__(self, app: App, bound: socket.socket) -> None:
        from commercetools_source.sandbox.server.uvicorn import Server

        self._ready = threading.Event()
        self._socket = bound
        self._server = Server(app, self._ready.set)
        # A daemon, so that a test that forgets to stop it does not keep the interpreter from ending.
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
        self._server.end()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        # `start` raises it, so that a failed start has a reason.
        except BaseException as error:  # noqa: BLE001 - handed to the thread that started this one
            self._failure = error
        finally:
            self._ready.set()
