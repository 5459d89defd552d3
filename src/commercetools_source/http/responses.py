"""What an answer means: pure functions from an HTTP answer to a value or to the right error."""

from __future__ import annotations

import re
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
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.http.transport import Response

__all__ = ["ERROR_BY_CODE", "ERROR_BY_STATUS", "error_of", "is_good", "json_or_none", "problem_of", "unchecked_json"]

ERROR_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: InvalidRequestError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: PageTooLargeError,
    429: RateLimitError,
}
"""One row per status; every other 4xx is an InvalidRequestError, every 5xx a ServerError."""

ERROR_BY_CODE: Mapping[str, type[ApiError]] = {
    "ContentTooLarge": PageTooLargeError,
    "QueryTimedOut": PageTooLargeError,
    "insufficient_scope": ForbiddenError,
}
"""Codes that say more than the status: QueryTimedOut is a 400 (docs: release note of 2020-10-06)."""

_GOOD = range(200, 300)
_FIRST_SERVER_ERROR = 500
_SCOPES_MISSING = re.compile(r"scopes? (?:is|are) missing:\s*(.+)$", re.DOTALL)
_LONGEST_DETAIL = 500


def is_good(answer: Response) -> bool:
    """Return whether the platform did what it was asked: any 2xx."""
    return answer.status in _GOOD


def json_or_none(body: bytes) -> Any:
    """Return a body as plain values, None when it is empty; raises ValueError when it is no JSON."""
    return msgspec.json.decode(body) if body.strip() else None


def unchecked_json(answer: Response) -> Any:
    """Return the body of `answer` as plain values, None when it is empty or no JSON."""
    try:
        return msgspec.json.decode(answer.body) if answer.body else None
    except ValueError:
        return None


def error_of(answer: Response, method: str, path: str) -> ApiError:
    """Return the error that an `answer` outside 2xx stands for."""
    problem = problem_of(answer, method, path)
    for code in problem.codes:
        if code in ERROR_BY_CODE:
            return ERROR_BY_CODE[code](problem)
    usual = ServerError if answer.status >= _FIRST_SERVER_ERROR else InvalidRequestError
    return ERROR_BY_STATUS.get(answer.status, usual)(problem)


def problem_of(answer: Response, method: str, path: str) -> Problem:
    """Return what an error answer said; load balancers answer with HTML, of which only the status counts."""
    said = unchecked_json(answer)
    body = said if isinstance(said, dict) else {}
    errors = [row for row in body.get("errors") or () if isinstance(row, dict)]
    detail = str(body.get("message") or "the answer has no message of the platform")[:_LONGEST_DETAIL]
    versions = (row.get("currentVersion") for row in errors)
    return Problem(
        status=answer.status,
        detail=detail,
        codes=tuple(str(row["code"]) for row in errors if row.get("code")),
        correlation_id=answer.headers.get("X-Correlation-ID"),
        method=method,
        path=path,
        missing_scopes=_missing_scopes(detail) if answer.status == _FORBIDDEN else (),
        current_version=next((version for version in versions if isinstance(version, int)), None),
    )


_FORBIDDEN = 403


def _missing_scopes(detail: str) -> tuple[str, ...]:
    found = _SCOPES_MISSING.search(detail)
    return tuple(re.findall(r"[\w-]+(?::[\w:-]+)?", found[1])) if found else ()
