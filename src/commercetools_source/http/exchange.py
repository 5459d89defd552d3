"""What an exchange is made of: the request, the response, how an attempt ended, and the clock that retries use."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from commercetools_source.errors import CommercetoolsError
from commercetools_source.http.bounds import LARGEST_BODY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from commercetools_source.config.values import Secret

__all__ = ["WHOLE", "Outcome", "Request", "Response", "Timing", "is_good"]


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock, sleep and chance that retries use; a test brings its own and never sleeps."""

    # Not the time of day: that one jumps when a machine's clock is set, and a budget would end or never end.
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `safe`: it may be repeated although it may have reached the platform.

    `authorization` is the header of this name; it is in no other place, so that no traceback shows it. `parse` turns
    the body of a 2xx answer, of `largest` bytes at most, into `Response.value`; a ValueError from it means that the
    body is not whole, and counts as a network fault. `path` is what events and errors show. `strict`: what is safe is
    answered by a status of `WHOLE` only.
    """

    method: str
    url: str
    path: str
    # Out of the repr, as the body is: either may hold personal data, and tracebacks show what a repr shows.
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    safe: bool = True
    parse: Callable[[bytes], Any] | None = field(default=None, repr=False)
    authorization: Secret | None = field(default=None, repr=False)
    largest: int = LARGEST_BODY
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whole and inflated. `value` is what the request's `parse` made of a 2xx body.

    `wait` is there if the server asked for more seconds than the budget has. `bound` is there if the body, an error's,
    was larger than that many bytes, and left out.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    value: Any = field(default=None, repr=False)
    wait: float | None = None
    bound: int | None = None


WHOLE = frozenset({HTTPStatus.OK, HTTPStatus.NO_CONTENT})
"""The 2xx that answer a read; the others bring a part of the answer (206), a changed one (203, 226), or none yet."""


def is_good(status: int) -> bool:
    """Return whether the platform did what it was asked: any 2xx."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


Outcome = Response | CommercetoolsError
"""How one attempt ended: an answer, NetworkError, PageTooLargeError or, at a proxy, AuthenticationError."""
