"""When a failed exchange is repeated and how long to wait first: pure functions, no clock, no socket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OVERLOAD", "OVERSIZED", "RETRIED", "Outage", "RetryBudget", "backoff", "server_wait", "wait"]

RETRIED = frozenset({429, 500, 502, 503, 504})
"""Statuses after which a read may succeed when repeated (design rule 7)."""

OVERLOAD = frozenset({429, 503})
"""Statuses that ask for fewer requests at once."""

OVERSIZED = frozenset({500, 502, 504})
"""Statuses that a page which is too large or holds a broken record may cause, every time it is asked for."""

_TOO_MANY_REQUESTS = 429
_FIRST_BACKOFF = 0.2
_LONGEST_BACKOFF = 30.0
_SPREAD = 0.25


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """How long one request is tried: `seconds` in all, and `oversized_attempts` where fewer records may help.

    `oversized_attempts` limits the attempts that end in a timeout or a status of `OVERSIZED`; None: no limit.
    """

    seconds: float
    oversized_attempts: int | None = None


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
    ceiling = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0 ** min(attempt, 16))
    return ceiling * chance


def server_wait(status: int, headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds the server asked to wait, None when it asked for nothing.

    `Retry-After` counts on any status. The quota headers count only on a 429, because the gateway
    sends them with every answer; they are delta-seconds (TypeScript SDK, change note "429 support").
    """
    asked = headers.get("Retry-After")
    if asked is not None:
        seconds = _seconds(asked)
        return seconds if seconds is not None else _until(asked, now)
    if status != _TOO_MANY_REQUESTS:
        return None
    for name in ("X-RateLimit-Reset", "RateLimit-Reset"):
        if (value := headers.get(name)) is not None:
            return _seconds(value)
    return None


def wait(status: int, headers: Mapping[str, str], attempt: int, chance: float, now: datetime) -> float:
    """Return seconds to wait before the attempt after `attempt`: what the server asked for, else backoff.

    A wait that the server asked for is stretched by up to a quarter, so that clients do not return together.
    """
    asked = server_wait(status, headers, now)
    return backoff(attempt, chance) if asked is None else asked * (1 + _SPREAD * chance)


def _seconds(text: str) -> float | None:
    return float(text) if text.strip().isdecimal() else None


def _until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - now).total_seconds())
