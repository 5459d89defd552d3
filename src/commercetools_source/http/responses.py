"""What an answer means: pure functions from an HTTP answer to a value or to the right error."""

from __future__ import annotations

import base64
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.errors import (
    ApiError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    PageTooLargeError,
    Problem,
    RateLimitError,
    ServerError,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.config.values import Secret
    from commercetools_source.http.exchange import Response

__all__ = [
    "ERROR_BY_CODE",
    "ERROR_BY_STATUS",
    "error_of",
    "json_or_none",
    "problem_of",
    "unchecked_json",
    "without_credentials",
]

ERROR_BY_STATUS: Mapping[int, type[ApiError]] = {
    HTTPStatus.BAD_REQUEST: InvalidRequestError,
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.REQUEST_TIMEOUT: ServerError,
    HTTPStatus.TOO_EARLY: ServerError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: PageTooLargeError,
    HTTPStatus.TOO_MANY_REQUESTS: RateLimitError,
}
"""One row per status; every other 4xx is an InvalidRequestError, every 5xx a ServerError."""

ERROR_BY_CODE: Mapping[str, type[ApiError]] = {
    "ContentTooLarge": PageTooLargeError,
    "QueryTimedOut": PageTooLargeError,
    "insufficient_scope": ForbiddenError,
}
"""Codes that say more than the status: QueryTimedOut is a 400 (docs: release note of 2020-10-06)."""

# The text of the platform's 403: "Insufficient scope. One of the following scopes is missing: …"
# (https://docs.commercetools.com/api/errors).
_SCOPES_MISSING = re.compile(r"scopes? (?:is|are) missing:\s*(.+)$", re.DOTALL)
_PLATFORM_FIELDS = frozenset({"statusCode", "errors", "error"})
"""An error of the platform has at least one of these (https://docs.commercetools.com/api/errors)."""
# Both bound what a foreign server can write into our log; the platform's codes have fewer than 40 letters.
_LONGEST_CODE = 60
_MOST_CODES = 5
_SHORTEST_SECRET = 5


def json_or_none(body: bytes) -> Any:
    """Return a body as plain values, None when it is empty; raises ValueError when it is no JSON."""
    # An answer to HEAD has no body, and neither has a 204 of a gateway.
    return msgspec.json.decode(body) if body.strip() else None


def unchecked_json(body: bytes) -> Any:
    """Return a body as plain values, None when it is empty, no JSON or nested too deep."""
    try:
        return msgspec.json.decode(body) if body else None
    except (ValueError, RecursionError):
        return None


def without_credentials(body: bytes, authorization: Secret | None) -> bytes:
    """Return an error's body without what its request had in `Authorization`: gateways may send back what they got."""
    if authorization is None:
        return body
    scheme, _, credentials = authorization.reveal().partition(" ")
    texts = [credentials.encode()]
    if scheme == "Basic":
        texts.append(base64.b64decode(credentials).partition(b":")[2])
    for text in texts:
        # What is shorter is no secret, and would make the message illegible.
        body = body.replace(text, b"***") if len(text) >= _SHORTEST_SECRET else body
    return body


def error_of(response: Response, method: str, path: str) -> ApiError:
    """Return the error that a response outside 2xx stands for.

    A 403 is a ForbiddenError only if the platform sent it: no scope helps against a firewall.
    """
    problem = problem_of(response, method, path)
    # The code decides before the status: a query that takes too long is a 400, and so is a mistyped one.
    for code in problem.codes:
        if code in ERROR_BY_CODE:
            return ERROR_BY_CODE[code](problem)
    usual = ServerError if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR else InvalidRequestError
    if problem.foreign and response.status == HTTPStatus.FORBIDDEN:
        return usual(problem)
    return ERROR_BY_STATUS.get(response.status, usual)(problem)


def problem_of(response: Response, method: str, path: str) -> Problem:
    """Return what an error response says, every text of the server's as part of one line.

    Load balancers, proxies and firewalls answer with HTML, of which only the status counts.
    """
    message = unchecked_json(response.body)
    fields = message if isinstance(message, dict) else {}
    # An answer to HEAD has no body, whoever sent it.
    foreign = not _PLATFORM_FIELDS.intersection(fields) and method != "HEAD"
    rows = fields.get("errors")
    errors = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    detail = _detail(response, fields, foreign=foreign)
    correlation_id = response.headers.get("X-Correlation-ID")
    # Only a ConcurrentModification has it (https://docs.commercetools.com/api/errors), older ones not.
    versions = (row.get("currentVersion") for row in errors)
    return Problem(
        status=response.status,
        detail=detail,
        codes=tuple(printable(str(row["code"]), _LONGEST_CODE) for row in errors if row.get("code"))[:_MOST_CODES],
        correlation_id=printable(correlation_id, _LONGEST_CODE) if correlation_id else None,
        method=method,
        path=path,
        missing_scopes=_missing_scopes(detail) if response.status == HTTPStatus.FORBIDDEN else (),
        current_version=next((version for version in versions if isinstance(version, int)), None),
        foreign=foreign,
    )


def _detail(response: Response, fields: Mapping[str, Any], *, foreign: bool) -> str:
    """Return the platform's message, or who may have answered in its place; and the wait that is too long for us."""
    if fields.get("message"):
        detail = printable(str(fields["message"]))
    elif not foreign:
        detail = "the answer has no message of the platform"
    else:
        media_type = response.headers.get("Content-Type")
        form = printable(media_type, _LONGEST_CODE) if media_type else "without a content type"
        if response.bound is not None:
            form = f"it is larger than {response.bound >> 20} MB"
        elif not response.body:
            form = "it is empty"
        detail = f"the answer has no message of the platform ({form})"
    if foreign and response.status == HTTPStatus.FORBIDDEN:
        detail += "; a firewall or proxy on the way refuses this request, and no scope changes that"
    elif foreign:
        detail += "; look for a proxy, gateway or login page that answers in place of the platform"
    if response.wait is not None:
        detail += f"; it asks to wait {response.wait:.0f} s, which is longer than retry_seconds allows"
    return detail


def _missing_scopes(detail: str) -> tuple[str, ...]:
    names = _SCOPES_MISSING.search(detail)
    return tuple(re.findall(r"[\w-]+(?::[\w:-]+)?", names[1])) if names else ()
