"""HTTP exchanges with retries: a request in, a whole answer out. Knows nothing of tokens or resources."""

from __future__ import annotations

import random
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import urllib3
from urllib3 import exceptions

from commercetools_source.errors import AuthenticationError, NetworkError
from commercetools_source.events import Hook, RequestDone, RetryScheduled, ignore
from commercetools_source.forks import PerProcess
from commercetools_source.http.concurrency import ConcurrencyLimit
from commercetools_source.http.connections import Connections
from commercetools_source.http.gzip import inflater
from commercetools_source.http.retry import OVERLOAD, OVERSIZED, RETRIED, Outage, RetryBudget, backoff, wait

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from commercetools_source.http.routes import Proxy

__all__ = ["Request", "Response", "Timing", "Transport"]

_SLOWEST_BODY = 10
"""A body may take this many read timeouts in all; a server that drips bytes does not hold us forever."""
_CHUNK = 1 << 18
"""Bytes taken at most in one read; larger ones are copied once more and cost page faults."""
_UNPACKERS = 2
"""Answers unpacked at once: more are not faster, and each takes ten times the memory of what came over the wire."""
_PACKED = frozenset({"gzip", "x-gzip"})
_FIRST_CONTACT_ATTEMPTS = 3
"""A host that never answered is given up early: its name is probably wrong."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock, sleep and chance that retries use; a test brings its own and never sleeps."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `safe`: it may be repeated although it may have reached the platform.

    `parse` turns the body of a 2xx answer into `Answer.value`; a ValueError from it means that the
    body is not whole, and counts as a network fault. `path` is what events and errors show.
    """

    method: str
    url: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    safe: bool = True
    parse: Callable[[bytes], Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whole and inflated. `value` is what the request's `parse` made of a 2xx body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    value: Any = field(default=None, repr=False)


class Transport:
    """Sends requests over pooled connections; safe to share between threads and with forks; `close` it in the end.

    `concurrency` is the most requests under way at once, `timeout` the seconds without a byte after
    which a read is given up.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        timeout: float,
        user_agent: str,
        hook: Hook = ignore,
        timing: Timing | None = None,
    ) -> None:
        self._timeout = timeout
        self._user_agent = user_agent
        self._hook = hook
        self._timing = timing or Timing()
        self._inflate = inflater()
        now = self._timing.now
        self._traffic = PerProcess(
            lambda: _Traffic(Connections(idle=concurrency, timeout=timeout), ConcurrencyLimit(concurrency, now))
        )
        self._reached: set[str] = set()

    @property
    def governor(self) -> ConcurrencyLimit:
        """The budget of requests under way in this process."""
        return self._traffic.get().governor

    def send(self, request: Request, patience: RetryBudget) -> Response:
        """Return the answer to `request`, repeated as design rule 7 says while `patience` lasts.

        While a host answers nobody, all requests to it share one budget, so that an outage costs a run
        that time once and not once for each request. The last answer comes back whatever its status.
        Raises NetworkError when no whole answer came.
        """
        started, host = self._timing.now(), urlsplit(request.url).netloc
        heavy = attempt = 0
        while True:
            attempt += 1
            outcome = self._attempt(request, patience.seconds)
            if not self._worth_repeating(request, outcome, attempt):
                break
            heavy += _is_oversized(outcome)
            if patience.oversized_attempts is not None and heavy >= patience.oversized_attempts:
                break
            delay = self._delay(outcome, attempt)
            outage = self._traffic.get().outages.get(host)
            begun = started if outage is None else min(started, outage.since)
            if self._timing.now() - begun + delay > patience.seconds:
                break
            self._hook(RetryScheduled(request.method, request.path, _reason(outcome), delay, attempt))
            self._timing.sleep(delay)
        if isinstance(outcome, NetworkError):
            raise outcome
        return outcome

    def close(self) -> None:
        """Close all connections of this process; the transport can be used again and opens new ones."""
        traffic = self._traffic.made()
        if traffic is not None:
            traffic.connections.close()

    def _worth_repeating(self, request: Request, outcome: Response | NetworkError, attempt: int) -> bool:
        if isinstance(outcome, Response):
            return request.safe and outcome.status in RETRIED
        if not outcome.sent and urlsplit(request.url).netloc not in self._reached:
            return attempt < _FIRST_CONTACT_ATTEMPTS
        return request.safe or not outcome.sent

    def _delay(self, outcome: Response | NetworkError, attempt: int) -> float:
        chance = self._timing.chance()
        if isinstance(outcome, NetworkError):
            return backoff(attempt, chance)
        return wait(outcome.status, outcome.headers, attempt, chance, datetime.now(timezone.utc))

    def _attempt(self, request: Request, patience: float) -> Response | NetworkError:
        traffic = self._traffic.get()
        entered = traffic.governor.enter()
        outcome: Response | NetworkError = NetworkError("not sent", sent=False)
        try:
            outcome = self._exchange(traffic, request)
        except NetworkError as error:
            outcome = error
        finally:
            status = outcome.status if isinstance(outcome, Response) else 0
            late = isinstance(outcome, NetworkError) and outcome.timed_out
            traffic.governor.leave(entered, overloaded=late or status in OVERLOAD, good=_OK <= status < _REDIRECT)
        host, left = urlsplit(request.url).netloc, self._timing.now()
        if status in RETRIED or not status:
            known = traffic.outages.get(host, Outage(entered, entered))
            traffic.outages[host] = known.going_on(entered, left, patience)
        else:
            traffic.outages.pop(host, None)
        if isinstance(outcome, Response):
            self._reached.add(host)
            self._hook(RequestDone(request.method, request.path, status, left - entered, len(outcome.body)))
        return outcome

    def _exchange(self, traffic: _Traffic, request: Request) -> Response:
        host = urlsplit(request.url).netloc
        proxy = traffic.connections.proxy_to(request.url)
        if proxy is not None:
            host = f"{host} through the proxy {proxy.name}"
        try:
            return self._converse(traffic, request, proxy)
        except (NetworkError, AuthenticationError):  # they are OSErrors too, and already say what happened
            raise
        except exceptions.ProxyError as error:
            raise _proxy_fault(error, host, proxy) from error
        except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError) as error:
            raise NetworkError(
                f"{host} cannot be reached ({_kind(error)}); check the region or api_url/auth_url, and the network",
                sent=False,
            ) from error
        except exceptions.SSLError as error:
            raise NetworkError(
                f"no secure connection to {host} ({_kind(error)}); check the host name and the machine's certificates",
                sent=False,
            ) from error
        except (exceptions.ReadTimeoutError, TimeoutError) as error:
            raise NetworkError(f"{host} sent nothing for {self._timeout:g} s", timed_out=True) from error
        except (exceptions.HTTPError, OSError) as error:
            raise NetworkError(f"the connection to {host} broke ({_kind(error)})") from error

    def _converse(self, traffic: _Traffic, request: Request, proxy: Proxy | None) -> Response:
        response = traffic.connections.towards(request.url).request(
            request.method,
            request.url,
            body=request.body,
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "gzip", **request.headers},
            preload_content=False,
            decode_content=False,
            redirect=False,
            retries=False,
        )
        try:
            body = self._read(response)
        except BaseException:
            response.close()
            raise
        finally:
            response.release_conn()
        if proxy is not None and response.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            raise AuthenticationError(_proxy_refusal(proxy))
        with traffic.unpacking:
            if response.headers.get("Content-Encoding") in _PACKED:
                body = self._inflate(body)
            good = _OK <= response.status < _REDIRECT
            value = _parsed(request.parse, body) if good and request.parse is not None else None
        return Response(response.status, response.headers, body, value)

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        begun = self._timing.now()
        chunks = []
        while chunk := response.read1(_CHUNK, decode_content=False):
            chunks.append(chunk)
            if self._timing.now() - begun > _SLOWEST_BODY * self._timeout:
                raise NetworkError(f"an answer did not end within {_SLOWEST_BODY * self._timeout:g} s", timed_out=True)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


@dataclass(frozen=True, slots=True)
class _Traffic:
    """What a process has of its own: its connections, and what it knows of the requests under way over them."""

    connections: Connections
    governor: ConcurrencyLimit
    unpacking: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_UNPACKERS))
    outages: dict[str, Outage] = field(default_factory=dict)


_OK = 200
_REDIRECT = 300


def _parsed(parse: Callable[[bytes], Any], body: bytes) -> object:
    try:
        return parse(body)
    except ValueError as error:
        raise NetworkError("an answer was cut off or is no JSON") from error


def _proxy_fault(error: exceptions.ProxyError, target: str, proxy: Proxy | None) -> NetworkError | AuthenticationError:
    """Return what an exchange that ended at the proxy means; nothing was sent to the host behind it."""
    # http.client tells the status of a refused CONNECT in this text only.
    refused = re.search(r"Tunnel connection failed: (\d{3})", str(error.original_error))
    if refused and proxy is not None and int(refused[1]) == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return AuthenticationError(_proxy_refusal(proxy))
    reason = f"the proxy answered with {refused[1]}" if refused else _kind(error.original_error)
    return NetworkError(f"{target} cannot be reached ({reason}); check HTTPS_PROXY, NO_PROXY and the proxy", sent=False)


def _proxy_refusal(proxy: Proxy) -> str:
    given = "refused the user and password" if proxy.user is not None else "asks for a user and a password"
    return f"the proxy {proxy.name} {given} (407); set them in HTTPS_PROXY, as http://user:password@{proxy.name}"


def _is_oversized(outcome: Response | NetworkError) -> bool:
    return outcome.timed_out if isinstance(outcome, NetworkError) else outcome.status in OVERSIZED


def _reason(outcome: Response | NetworkError) -> str:
    return str(outcome.status) if isinstance(outcome, Response) else str(outcome)


def _kind(error: BaseException) -> str:
    return type(error).__name__
