"""HTTP exchanges with retries: a request in, a whole answer out. Knows nothing of tokens or resources."""

from __future__ import annotations

import codecs
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from urllib3 import HTTPHeaderDict

from commercetools_source.errors import CommercetoolsError, NetworkError, OverdueError, OversizedError
from commercetools_source.events import Hook, RequestDone, RetryScheduled, ignore
from commercetools_source.http.concurrency import ConcurrencyLimit
from commercetools_source.http.connections import Connections
from commercetools_source.http.exchange import WHOLE, Outcome, Request, Response, Timing, is_good
from commercetools_source.http.faults import fault_of, incomplete, oversized, proxy_refusal, unreadable
from commercetools_source.http.forks import PerProcess
from commercetools_source.http.gzip import inflater, is_packed
from commercetools_source.http.responses import without_credentials
from commercetools_source.http.retry import (
    OVERLOAD,
    OVERSIZED,
    RETRIED,
    Outage,
    RetryBudget,
    backoff,
    server_wait,
    wait,
)

if TYPE_CHECKING:
    import urllib3

    from commercetools_source.config.values import Secret

__all__ = ["Transport"]

_CHUNK = 1 << 18
"""Bytes taken at most in one read; larger ones are copied once more and cost page faults."""
_LARGEST_ERROR = 1 << 20
"""Bytes of the body of an error; of a longer one only the status counts."""
_UNPACKERS = 2
"""Answers unpacked at once: more are not faster, and each takes ten times the memory of what came over the wire."""


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
        # Not per process: a host that answered the parent exists for the child too.
        self._contacted: set[str] = set()

    @property
    def concurrency(self) -> ConcurrencyLimit:
        """The budget of requests under way in this process."""
        return self._traffic.get().concurrency

    def send(self, request: Request, budget: RetryBudget) -> Response:
        """Return the answer to `request`, repeated while `budget` lasts.

        While a host answers nobody, all requests to it share one budget, so that an outage costs a run
        that time once and not once for each request. The last answer comes back whatever its status.
        Raises NetworkError when no whole answer came, PageTooLargeError when it was too large to be taken in,
        ConfigError and AuthenticationError for a proxy that cannot be used.
        """
        outcome = self._repeat(request, budget)
        if isinstance(outcome, Response):
            return outcome
        # Raised here, where nothing else is being handled: the error keeps no frame that has seen the request's bytes.
        raise outcome

    def _repeat(self, request: Request, budget: RetryBudget) -> Outcome:
        started, host = self._timing.now(), urlsplit(request.url).netloc
        oversized_attempts = attempt = 0
        while True:
            attempt += 1
            outcome = self._attempt(request, budget.seconds)
            # A write that may have arrived is not sent again: the platform's POST is not idempotent
            # (https://docs.commercetools.com/api/errors).
            if not _is_worth_repeating(request, outcome):
                return outcome
            # A page that is too large fails every time: few attempts, then the caller asks for half of it.
            oversized_attempts += _is_oversized(outcome)
            if budget.oversized_attempts is not None and oversized_attempts >= budget.oversized_attempts:
                return outcome
            delay = self._delay(outcome, attempt)
            outage = self._traffic.get().outages.get(host)
            # An outage that others have waited out already is not waited out again by each request of the queue.
            begun = started if outage is None else min(started, outage.since)
            remaining = budget.allowed(contacted=host in self._contacted) - (self._timing.now() - begun)
            # To sleep first and give up then would cost the run the wait and gain it nothing.
            if delay > remaining:
                return _told(outcome, remaining)
            self._hook(RetryScheduled(request.method, request.path, _reason(outcome), delay, attempt))
            self._timing.sleep(delay)

    def close(self) -> None:
        """Close all connections of this process; the transport can be used again and opens new ones."""
        traffic = self._traffic.made()
        if traffic is not None:
            traffic.connections.close()

    def _delay(self, outcome: Outcome, attempt: int) -> float:
        chance = self._timing.chance()
        if not isinstance(outcome, Response):
            return backoff(attempt, chance)
        return wait(outcome.status, outcome.headers, attempt, chance, datetime.now(timezone.utc))

    def _attempt(self, request: Request, patience: float) -> Outcome:
        traffic = self._traffic.get()
        entered = traffic.concurrency.enter()
        # What an interrupt (Ctrl-C) leaves behind: neither an overload nor a good answer.
        outcome: Outcome = NetworkError("not sent", sent=False)
        try:
            outcome = self._exchange(traffic, request)
        finally:
            status = outcome.status if isinstance(outcome, Response) else 0
            # A timeout counts as overload: of fewer requests at once, more may be answered in time.
            late = isinstance(outcome, NetworkError) and outcome.timed_out
            traffic.concurrency.leave(entered, overloaded=late or status in OVERLOAD, good=is_good(status))
        host, ended = urlsplit(request.url).netloc, self._timing.now()
        if status in RETRIED or isinstance(outcome, NetworkError):
            outage = traffic.outages.get(host, Outage(entered, entered))
            traffic.outages[host] = outage.going_on(entered, ended, patience)
        else:
            traffic.outages.pop(host, None)
        if not isinstance(outcome, NetworkError):
            # From the first whole answer on the host is known to exist: patience with it is worth while.
            self._contacted.add(host)
        if isinstance(outcome, Response):
            self._hook(RequestDone(request.method, request.path, status, ended - entered, len(outcome.body)))
        return outcome

    def _exchange(self, traffic: _Traffic, request: Request) -> Outcome:
        """Send once; errors come back and are not raised, so that they have no context."""
        host = urlsplit(request.url).netloc
        proxy = traffic.connections.proxy_to(request.url)
        fault: CommercetoolsError | None = None
        try:
            packed = self._converse(traffic, request)
        except (OversizedError, MemoryError) as error:
            fault = oversized(error, HTTPStatus.OK, request.method, request.path)
        except OverdueError as error:
            fault = fault_of(error, host, proxy, self._timeout)
        except CommercetoolsError:
            # A setting that cannot be used, such as a proxy or a bundle of certificates: no attempt changes it.
            raise
        except Exception as error:  # noqa: BLE001 - odd bytes lead to any exception in http.client, email and urllib3
            fault = fault_of(error, host, proxy, self._timeout)
        if fault is not None:
            return fault
        if proxy is not None and packed.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return proxy_refusal(proxy)
        if request.strict and request.safe and is_good(packed.status) and packed.status not in WHOLE:
            return incomplete(packed.status, packed.headers, host, f"{request.method} {request.path}")
        # Waiting for the network goes on in parallel; what fills memory does not.
        with traffic.unpacking:
            return self._unpack(request, packed, host)

    def _converse(self, traffic: _Traffic, request: Request) -> Response:
        """Return the answer as it came over the wire."""
        secret = request.authorization
        response = traffic.connections.towards(request.url).request(
            request.method,
            request.url,
            body=request.body,
            headers={
                "User-Agent": self._user_agent,
                # The only coding that `_unpack` understands; JSON of the platform shrinks to about a tenth by it.
                "Accept-Encoding": "gzip",
                **request.headers,
                **({} if secret is None else {"Authorization": secret.reveal()}),
            },
            # Read here, in bounded chunks; urllib3 would read a body of any size into memory, and unpack it.
            preload_content=False,
            decode_content=False,
            # The platform sends no redirect; another host must not decide where a request goes.
            redirect=False,
            # One place retries: here urllib3's own would multiply the attempts and know no budget.
            retries=False,
        )
        left_out = None
        try:
            # The answer to HEAD announces the length of a body that never comes (RFC 9110, section 9.3.2).
            bound = request.largest if is_good(response.status) else _LARGEST_ERROR
            body = b"" if request.method == "HEAD" else _read(response, bound)
        except OversizedError as error:
            # What is not read stays in the socket, where the next request would take it for its answer.
            response.close()
            if is_good(response.status):
                raise
            body, left_out = b"", error.bound  # the status says enough
        except BaseException:
            response.close()
            raise
        finally:
            response.release_conn()
        return Response(response.status, response.headers, body, bound=left_out)

    def _unpack(self, request: Request, packed: Response, host: str) -> Outcome:
        """Return the answer with its text, and with the value of a 2xx answer."""
        status, body = packed.status, packed.body
        good = is_good(status)
        try:
            # By its first bytes, not by the header: proxies unpack and leave the header, or pack and do not say so.
            if is_packed(body):
                body = self._inflate(body, request.largest if good else _LARGEST_ERROR)
            if not good:
                body = without_credentials(body, request.authorization)
                packed = _concealed(packed, request.authorization)
            # Some gateways put a byte order mark in front, which JSON does not allow (RFC 8259, section 8.1).
            body = body.removeprefix(codecs.BOM_UTF8)
            value = request.parse(body) if good and request.parse is not None else None
        except NetworkError as error:
            # Kept and returned, not raised in here: it would carry the error that is being handled as its context.
            damaged: CommercetoolsError = NetworkError(f"{host}: {error}")
        except ValueError:
            damaged = unreadable(status, packed.headers, body, host, f"{request.method} {request.path}")
        except (OversizedError, MemoryError, RecursionError) as error:
            # A status without its text still tells what to do; a page without its text is none.
            if not good:
                return replace(packed, body=b"", bound=_LARGEST_ERROR)
            damaged = oversized(error, status, request.method, request.path)
        else:
            return replace(packed, body=body, value=value)
        return damaged


def _concealed(response: Response, authorization: Secret | None) -> Response:
    """Return an error's answer whose headers do not have the credentials of its request."""
    headers = HTTPHeaderDict()
    for name, value in response.headers.items():
        headers.add(name, without_credentials(value.encode(), authorization).decode())
    return replace(response, headers=headers)


@dataclass(frozen=True, slots=True)
class _Traffic:
    """What a process has of its own: its connections, and what it knows of the requests under way over them."""

    connections: Connections
    concurrency: ConcurrencyLimit
    unpacking: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_UNPACKERS))
    outages: dict[str, Outage] = field(default_factory=dict)


def _read(response: urllib3.BaseHTTPResponse, bound: int) -> bytes:
    """Return the whole body; raises OversizedError, of an announced size before it is read."""
    chunks = []
    size = int(announced) if (announced := response.headers.get("Content-Length", "")).isdecimal() else 0
    if size <= bound:
        size = 0
        while chunk := response.read1(_CHUNK, decode_content=False):
            chunks.append(chunk)
            size += len(chunk)
            if size > bound:
                break
    if size > bound:
        raise OversizedError(bound)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _is_worth_repeating(request: Request, outcome: Outcome) -> bool:
    if isinstance(outcome, Response):
        return request.safe and outcome.status in RETRIED
    return isinstance(outcome, NetworkError) and not outcome.lasting and (request.safe or not outcome.sent)


def _is_oversized(outcome: Outcome) -> bool:
    if isinstance(outcome, Response):
        return outcome.status in OVERSIZED
    return isinstance(outcome, NetworkError) and (outcome.timed_out or outcome.damaged)


def _told(outcome: Outcome, remaining: float) -> Outcome:
    """Return `outcome` with the wait that the server asked for, if that is what the budget does not allow."""
    if not isinstance(outcome, Response):
        return outcome
    asked = server_wait(outcome.status, outcome.headers, datetime.now(timezone.utc))
    return replace(outcome, wait=asked) if asked is not None and asked > max(remaining, 0.0) else outcome


def _reason(outcome: Outcome) -> str:
    return str(outcome.status) if isinstance(outcome, Response) else str(outcome)
