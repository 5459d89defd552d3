"""Every error this package raises, grouped by what the caller does next.

Lowest layer: it knows no other module, so every layer (the sandbox too) may raise from here.

    CommercetoolsError
    ├── ConfigError            (ValueError)         correct the settings
    ├── StateError             (ValueError)         correct or reset the stored state
    ├── DestinationError       (OSError)            make the destination writable
    ├── AuthenticationError    (PermissionError)    correct the credentials
    ├── NetworkError           (ConnectionError)    check the network, run again
    └── ApiError                                    the platform answered with an error
        ├── InvalidRequestError      400            correct the request
        │   └── PageTooLargeError    400, 413, 502, 504   ask for fewer records at once
        ├── ForbiddenError           403            give the API client the missing scope
        ├── NotFoundError            404            check project key and path
        ├── ConflictError            409            read again, then repeat with `current_version`
        ├── RateLimitError           429            wait, then repeat
        └── ServerError              5xx            repeat later
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class CommercetoolsError(Exception):
    """Base of every error raised on purpose by this package."""


class ConfigError(CommercetoolsError, ValueError):
    """Settings are wrong or missing; `problems` has one sentence for each."""

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("; ".join(self.problems))


class StateError(CommercetoolsError, ValueError):
    """Stored state cannot be used: broken, or written by another version."""


class DestinationError(CommercetoolsError, OSError):
    """The destination cannot be opened, locked or written."""


class AuthenticationError(CommercetoolsError, PermissionError):
    """The platform refused the credentials or the token."""


class NetworkError(CommercetoolsError, ConnectionError):
    """No whole answer arrived; `sent` says whether the request may have reached the platform."""

    def __init__(self, message: str, *, sent: bool = True, timed_out: bool = False) -> None:
        self.sent = sent
        self.timed_out = timed_out
        super().__init__(message)


class ApiError(CommercetoolsError):
    """The platform answered with an error.

    `status` is the HTTP status, `codes` the platform's error codes in order, `detail` its
    message, `correlation_id` what its support asks for, `path` the request path without query.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        codes: Sequence[str] = (),
        correlation_id: str | None = None,
        method: str = "GET",
        path: str = "",
    ) -> None:
        self.status = status
        self.detail = detail
        self.codes = tuple(codes)
        self.correlation_id = correlation_id
        self.method = method
        self.path = path
        named = f" ({', '.join(self.codes)})" if self.codes else ""
        traced = f" [correlation id {correlation_id}]" if correlation_id else ""
        super().__init__(f"{method} {path} was answered with {status}{named}: {detail}{traced}")


class InvalidRequestError(ApiError):
    """The platform does not accept the request as it stands."""


class PageTooLargeError(InvalidRequestError):
    """The answer would be too large or too slow to produce; ask for fewer records."""


class ForbiddenError(ApiError):
    """The token lacks a scope; `missing_scopes` names what would do, any one of them."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        codes: Sequence[str] = (),
        correlation_id: str | None = None,
        method: str = "GET",
        path: str = "",
        missing_scopes: Sequence[str] = (),
    ) -> None:
        self.missing_scopes = tuple(missing_scopes)
        super().__init__(
            status, detail, codes=codes, correlation_id=correlation_id, method=method, path=path
        )


class NotFoundError(ApiError):
    """Nothing is at this path: a wrong project key, path or id."""


class ConflictError(ApiError):
    """Somebody else changed the object; `current_version` is its version now, if it was told."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        codes: Sequence[str] = (),
        correlation_id: str | None = None,
        method: str = "GET",
        path: str = "",
        current_version: int | None = None,
    ) -> None:
        self.current_version = current_version
        super().__init__(
            status, detail, codes=codes, correlation_id=correlation_id, method=method, path=path
        )


class RateLimitError(ApiError):
    """Too many requests for longer than the retry budget allows."""


class ServerError(ApiError):
    """The platform failed for longer than the retry budget allows."""
