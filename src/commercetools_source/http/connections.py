"""Pooled connections: one pool for each way that leads out, which the environment's proxies decide."""

from __future__ import annotations

import queue
import threading
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import urllib3

from commercetools_source.http.bounds import BoundedResponse
from commercetools_source.http.proxies import Proxy, certificates, pool_through, proxy_to

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Connections", "bounded"]

# Three lost SYN packets are repeated after 1, 3 and 7 s (RFC 6298); who has not answered by then is not there.
_CONNECT_SECONDS = 10.0


class Connections:
    """Connections of one process; safe to share between its threads.

    At most `idle` of those to a host are kept open, `timeout` is the seconds without a byte after which a read is
    given up.
    """

    def __init__(self, *, idle: int, timeout: float) -> None:
        self._idle = idle
        self._timeout = timeout
        self._pools: dict[tuple[Proxy | None, str], urllib3.PoolManager] = {}
        self._routes: dict[tuple[str, str], Proxy | None] = {}
        self._lock = threading.Lock()

    def proxy_to(self, url: str) -> Proxy | None:
        """Return the proxy through which `url` is reached, None for none; raises ConfigError as `parse_proxy` does."""
        url_parts = urlsplit(url)
        target = (url_parts.scheme, url_parts.netloc)
        with self._lock:
            if target not in self._routes:  # asked once a host: the answer goes through the whole environment
                self._routes[target] = proxy_to(url)
            return self._routes[target]

    def towards(self, url: str) -> urllib3.PoolManager:
        """Return the connections that lead to `url`, through a proxy where the environment says so."""
        proxy, scheme = self.proxy_to(url), urlsplit(url).scheme
        with self._lock:
            if (proxy, scheme) not in self._pools:
                self._pools[proxy, scheme] = self._open(proxy, scheme)
            return self._pools[proxy, scheme]

    def close(self) -> None:
        """Close all of them; new ones are opened when they are asked for."""
        with self._lock:
            for pool in self._pools.values():
                pool.clear()
            # A laptop changes networks between two runs: proxies are looked for anew with the connections.
            self._pools.clear()
            self._routes.clear()

    def _open(self, proxy: Proxy | None, scheme: str) -> urllib3.PoolManager:
        secure = scheme == "https" or (proxy is not None and proxy.scheme == "https")
        pool = pool_through(
            proxy,
            maxsize=self._idle,
            timeout=urllib3.Timeout(connect=min(_CONNECT_SECONDS, self._timeout), read=self._timeout),
            # Made once for all connections: reading the machine's certificates takes 20 ms and more.
            ssl_context=certificates() if secure else None,
        )
        pool.pool_classes_by_scheme = bounded(pool.pool_classes_by_scheme)
        return pool


def bounded(classes: Mapping[str, Any]) -> dict[str, Any]:
    """Return classes of pools whose connections bound their answers, derived from those by scheme of a way out.

    Derived, because connections through SOCKS are of classes of their own.
    """
    return {scheme: _bounded(pool_class) for scheme, pool_class in classes.items()}


@cache
def _bounded(pool_class: Any) -> Any:
    connection_class = type("Connection", (pool_class.ConnectionCls,), {"response_class": BoundedResponse})
    return type("Pool", (pool_class,), {"ConnectionCls": connection_class, "QueueCls": _Idle})


class _Idle(queue.LifoQueue[Any]):
    """Idle connections without a lock: a list's `append` and `pop` are atomic, and nobody waits for a connection.

    A forked process closes its copies of its parent's connections. With LifoQueue it could wait for a lock then,
    which a thread of the parent held when it forked. (urllib3 asks its pools for `QueueCls`.)
    """

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ARG002, FBT001, FBT002 - as Queue
        """Return the connection that was used last; raises queue.Empty when there is none."""
        try:
            return self.queue.pop()
        except IndexError:
            raise queue.Empty from None

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ARG002, FBT001, FBT002
        """Keep a connection; raises queue.Full when there are enough."""
        if len(self.queue) >= self.maxsize > 0:
            raise queue.Full
        self.queue.append(item)

    def qsize(self) -> int:
        """Return how many are idle."""
        return len(self.queue)
