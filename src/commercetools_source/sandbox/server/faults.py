"""Faults by script: which request goes wrong, and how. The server asks, this file only answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from commercetools_source.errors import ConfigError
from commercetools_source.sandbox.platform.refusals import TIMED_OUT, TOO_LARGE, refuse

if TYPE_CHECKING:
    from collections.abc import Collection as Ids
    from collections.abc import Mapping, Sequence

    from commercetools_source.errors import ApiError

__all__ = ["ERRORS", "KINDS", "Fault", "FaultKind", "Faults"]

FaultKind = Literal[
    "status",
    "html",
    "throttle",
    "slow",
    "stall",
    "reset",
    "truncate",
    "corrupt",
    "expire",
    "query_timeout",
    "too_large",
    "unservable",
    "change",
    "vanish",
]

KINDS: Mapping[FaultKind, str] = MappingProxyType(
    {
        "status": "an error of the platform with `status`",
        "html": "a load balancer's page with `status`",
        "throttle": '429; `header` says after how many `seconds` to come again (`""`: nothing says so)',
        "slow": "the answer comes `seconds` later, whatever it is",
        "stall": "no answer at all, until the client or the sandbox closes",
        "reset": "the connection is cut before an answer",
        "truncate": "the right answer's first half, then the connection is cut",
        "corrupt": "the right answer's length, with other bytes in its middle",
        "expire": "all tokens end: 401, and a new one is needed",
        "query_timeout": "400 QueryTimedOut for pages of more than `above` records",
        "too_large": "413 ContentTooLarge for pages of more than `above` records",
        "unservable": "pages that contain one of `records` fail with `status` (400: QueryTimedOut)",
        "change": "`records` have changed since the request before",
        "vanish": "`records` are gone since the request before",
    }
)
"""What a fault of each kind does."""

_CODES = {
    400: "InvalidInput",
    401: "invalid_token",
    403: "insufficient_scope",
    404: "ResourceNotFound",
    409: "ConcurrentModification",
    413: "ContentTooLarge",
    429: "TooManyRequests",
    500: "General",
    502: "BadGateway",
    503: "OverCapacity",
    504: "GatewayTimeout",
}
_MESSAGES = {
    429: "Too many requests.",
    500: "Internal server error. Please try again later.",
    502: "The server is temporarily unavailable. Please try again later.",
    503: "The service is overloaded. Please try again later.",
    504: "The server did not answer in time. Please try again later.",
}
ERRORS: frozenset[FaultKind] = frozenset({"status", "throttle", "expire", "query_timeout", "too_large"})
"""Kinds whose answer is an error of the platform, the one of `error_of`."""

# Kinds that hit only pages larger than `above`.
_BY_PAGE: frozenset[FaultKind] = frozenset({"query_timeout", "too_large"})
# Kinds that need `records`.
_BY_RECORD: frozenset[FaultKind] = frozenset({"unservable", "change", "vanish"})
_BAD_REQUEST = 400
_HEADER = re.compile("[-A-Za-z0-9]*")
# A day, in seconds: longer than any client should wait.
_LONGEST = 86_400


@dataclass(frozen=True, slots=True)
class Fault:
    """One scripted fault.

    It hits requests of `method` to paths like `path` (without project key: "/orders", "/oauth/token", "*" is
    all): the first `after` of them pass, then `times` of them are hit (None: all that follow).
    """

    kind: FaultKind
    path: str = "*"
    method: str = "*"
    after: int = 0
    times: int | None = 1
    status: int = 503
    seconds: float = 0
    header: str = "Retry-After"
    above: int = 0
    records: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"There is no fault of the kind {self.kind!r}; the kinds are {', '.join(KINDS)}.")
        if self.kind in _BY_RECORD and not self.records:
            raise ConfigError(f"A fault of the kind {self.kind!r} needs the ids of the records that it is about.")
        if not 400 <= self.status <= 599:  # noqa: PLR2004 - HTTP's errors
            raise ConfigError(f"The status of a fault is an HTTP error from 400 to 599, not {self.status}.")
        if not _HEADER.fullmatch(self.header):
            raise ConfigError(f"The header of a fault is the name of one, or empty, but it is {self.header!r}.")
        if not 0 <= self.seconds <= _LONGEST or min(self.after, self.above, self.times or 0) < 0:
            raise ConfigError("The numbers of a fault start at 0, and a day is the longest that it waits.")


class _Scripted:
    """A fault and how often it was met."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = 0
        # Seen and hit are counted apart: `after` lets requests pass that count as seen.
        self.hits = 0

    def meets(self) -> bool:
        self.seen += 1
        fault = self.fault
        if self.seen <= fault.after or (fault.times is not None and self.hits >= fault.times):
            return False
        self.hits += 1
        return True


class Faults:
    """The script; safe to change while the server runs. `latency` delays every answer, in seconds."""

    def __init__(self, latency: float = 0) -> None:
        self.latency = latency
        self._scripted: list[_Scripted] = []
        self._lock = Lock()

    def add(self, *faults: Fault) -> None:
        """Append faults; the first one in the list that is due hits."""
        # A lock, because a test scripts while the server's thread looks.
        with self._lock:
            self._scripted += map(_Scripted, faults)

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._scripted.clear()

    def hits(self) -> list[tuple[Fault, int]]:
        """Return each fault with the number of requests that it has hit."""
        with self._lock:
            return [(scripted.fault, scripted.hits) for scripted in self._scripted]

    def due(self, method: str, path: str, limit: int = 0) -> Fault | None:
        """Return the fault that hits this request; `limit` is the page size it asks for, 0 when it is no page."""
        with self._lock:
            for scripted in self._scripted:
                fault = scripted.fault
                # These are asked for elsewhere: `of_page` knows the records, `delay` adds up.
                if fault.kind in {"unservable", "slow"} or not _concerns(fault, method, path):
                    continue
                # Before it counts as met: `after` and `times` are of pages that are large enough.
                if fault.kind in _BY_PAGE and limit <= fault.above:
                    continue
                if scripted.meets():
                    return fault
        return None

    def delay(self, method: str, path: str) -> float:
        """Return how many seconds the answer to this request has to wait; all slow faults that are due add up."""
        with self._lock:
            slow = [
                scripted
                for scripted in self._scripted
                if scripted.fault.kind == "slow" and _concerns(scripted.fault, method, path)
            ]
            return self.latency + sum(scripted.fault.seconds for scripted in slow if scripted.meets())

    def of_page(self, method: str, path: str, ids: Ids[str]) -> Fault | None:
        """Return the fault that forbids to serve these records together."""
        with self._lock:
            for scripted in self._scripted:
                fault = scripted.fault
                if fault.kind != "unservable" or not _concerns(fault, method, path):
                    continue
                if not set(fault.records).isdisjoint(ids) and scripted.meets():
                    return fault
        return None

    @property
    def watch_pages(self) -> bool:
        """Whether any fault depends on the records of a page."""
        return any(scripted.fault.kind == "unservable" for scripted in self._scripted)


def _concerns(fault: Fault, method: str, path: str) -> bool:
    return fault.method in {"*", method} and (fault.path in {"*", path} or fnmatchcase(path, fault.path))


def error_of(fault: Fault) -> ApiError:
    """Return the error answer of faults that are one."""
    if fault.kind == "query_timeout" or (fault.kind == "unservable" and fault.status == _BAD_REQUEST):
        return refuse(400, "QueryTimedOut", TIMED_OUT)
    if fault.kind == "too_large":
        return refuse(413, "ContentTooLarge", TOO_LARGE)
    if fault.kind == "expire":
        return refuse(401, "invalid_token", "invalid_token", oauth=True)
    # https://docs.commercetools.com/api/errors
    status = 429 if fault.kind == "throttle" else fault.status
    return refuse(status, _CODES.get(status, "General"), _MESSAGES.get(status, "The request failed."))


def headers_of(fault: Fault) -> Sequence[tuple[str, str]]:
    """Return the further headers of the answer."""
    if fault.kind == "throttle" and fault.header:
        return [(fault.header, f"{fault.seconds:g}")]
    return []
