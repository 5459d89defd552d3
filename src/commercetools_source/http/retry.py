"""When a failed exchange is repeated and how long to wait first: pure functions, no clock, no socket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from commercetools_source.catalog.timestamps import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["OVERLOAD", "OVERSIZED", "RETRIED", "Outage", "RetryBudget", "backoff", "http_date", "server_wait", "wait"]

# 501, 505 and 511: no repetition changes what a server can do, or logs in at a hotel's network.
_LASTING = frozenset(
    {HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED}
)
RETRIED: frozenset[int] = (
    frozenset(range(500, 600))  # 520 to 530 are Cloudflare's, which stands in front of many gateways
    | {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
) - _LASTING
"""Statuses after which a read may succeed when it is repeated."""

# 529 is in no RFC; some gateways write it for a site that is overloaded.
OVERLOAD: frozenset[int] = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, 529})
"""Statuses that ask for fewer requests at once."""

OVERSIZED: frozenset[int] = frozenset(
    {HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT, 520, 524}
)
"""Statuses that a page which is too large or holds a broken record may cause, every time it is asked for.

520 and 524 are Cloudflare's 502 and 504
(https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/).
"""

# As the platform's TypeScript SDK begins; its own longest delay is infinite, and Java's is 60 s.
_FIRST_BACKOFF = 0.2
_LONGEST_BACKOFF = 30.0
_SPREAD = 0.25
_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)
_LONGEST_WAIT = 10.0**9
"""Greater values of a quota header are Unix times; a wait of 400 digits counts as this long."""


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """How long one request is tried: `seconds` in all, and `oversized_attempts` where fewer records may help.

    `oversized_attempts` limits the attempts that end in a timeout, a damaged body or a status of `OVERSIZED`; None:
    no limit. `contact_seconds` is the time for a host that never answered, where a person waits for the result;
    None: `seconds`, because a sidecar, a VPN or the name server may still be starting.
    """

    seconds: float
    oversized_attempts: int | None = None
    contact_seconds: float | None = None

    def allowed(self, *, contacted: bool) -> float:
        """Return the seconds for a host that did or did not answer before."""
        return self.seconds if contacted or self.contact_seconds is None else min(self.seconds, self.contact_seconds)


@dataclass(frozen=True, slots=True)
class Outage:
    """A host answers nobody: since when, and when an attempt last ended without an answer."""

    since: float
    heard: float

    def going_on(self, begun: float, ended: float, patience: float) -> Outage:
        """Return it after another failed attempt, from `begun` to `ended`.

        If nothing had been heard of it for `patience` seconds before, that is a new one.
        """
        return Outage(self.since if begun - self.heard <= patience else begun, ended)


def backoff(attempt: int, chance: float) -> float:
    """Return seconds to wait after failed attempt number `attempt` (from 1): exponential, full jitter.

    `chance` is a random number in [0, 1).
    """
    # 2 ** 16 is far beyond the longest backoff, and a float still holds it.
    ceiling = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0 ** min(attempt, 16))
    return ceiling * chance


def server_wait(status: int, headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds the server asked to wait, None when it asked for nothing or for nonsense.

    `Retry-After` (RFC 9110, section 10.2.3) counts on any status; a date in it is compared with the server's own
    `Date`. The quota headers count only on a 429, because gateways send them with every answer; they are
    delta-seconds (TypeScript SDK, change note "429 support") or, elsewhere, a Unix time.
    """
    asked = headers.get("Retry-After")
    # Of two clocks only the server's own is that of its date; the difference is right if both are wrong.
    if asked is not None:
        seconds = _seconds(asked)
        return seconds if seconds is not None else _until(asked, http_date(headers.get("Date")) or now)
    if status != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    # The prefixed one is the gateway's own and comes first; the other is the draft of the IETF's HTTP API group.
    for name in ("X-RateLimit-Reset", "RateLimit-Reset"):
        if (value := headers.get(name)) is not None:
            seconds = _seconds(value)
            # No quota window lasts 30 years, so this many seconds are a moment since 1970.
            is_unix_time = seconds == _LONGEST_WAIT
            return min(_LONGEST_WAIT, max(0.0, float(value) - now.timestamp())) if is_unix_time else seconds
    return None


def wait(status: int, headers: Mapping[str, str], attempt: int, chance: float, now: datetime) -> float:
    """Return seconds to wait before the attempt after `attempt`: what the server asked for, at least the backoff.

    A wait that the server asked for is stretched by up to a quarter, so that clients do not return together.
    `Retry-After: 0` and dates in the past do not lead to more requests than no header at all.
    """
    asked = server_wait(status, headers, now) or 0.0
    return max(backoff(attempt, chance), asked * (1 + _SPREAD * chance))


def http_date(text: str | None) -> datetime | None:
    """Return the time in a `Date` or `Retry-After` header in UTC, None when there is none or it cannot be understood.

    The forms of RFC 9110, section 5.6.7, and ISO 8601, which some proxies write.
    """
    return (_date(text, parsedate_to_datetime) or _date(text, moment)) if text else None


def _date(text: str, parse: Callable[[str], datetime]) -> datetime | None:
    try:
        time = parse(text)
        # "-0000" in a date of RFC 5322 comes without a zone, and means UTC.
        return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, TypeError, IndexError, OverflowError):  # OverflowError: the year 99999999999
        return None


def _seconds(text: str) -> float | None:
    return min(float(text), _LONGEST_WAIT) if _SECONDS.fullmatch(text.strip()) else None


def _until(text: str, now: datetime) -> float | None:
    time = http_date(text)
    return None if time is None else max(0.0, (time - now).total_seconds())
