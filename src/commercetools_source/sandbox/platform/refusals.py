"""The platform's error responses: https://docs.commercetools.com/api/errors.

A refusal travels as an ApiError of the package's tree; its problem carries what the body needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.errors import ApiError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Refusal",
    "body_of",
    "conflict",
    "forbidden",
    "invalid_field",
    "invalid_input",
    "lost_reference",
    "malformed",
    "not_found",
    "oauth",
    "refuse",
    "required_field",
    "unknown_path",
]

TIMED_OUT = (
    "The query timed out. If your query constantly times out, please check that it follows the performance best"
    " practices (see https://docs.commercetools.com/api/predicates/query#performance-considerations)."
)
TOO_LARGE = "The request results in too much data being returned from the API. Adjust the request query."


@dataclass(frozen=True, slots=True)
class Refusal(Problem):
    """A problem with the further fields of its first error object, and whether the body is OAuth's."""

    extra: Mapping[str, Any] = field(default_factory=dict)
    oauth: bool = False


def refuse(status: int, code: str, message: str, *, oauth: bool = False, **extra: Any) -> ApiError:
    """Return the error to raise for a response of `status` with one error object."""
    return ApiError(Refusal(status, message, (code,), extra=extra, oauth=oauth))


def invalid_input(message: str) -> ApiError:
    """Return a 400 InvalidInput."""
    return refuse(400, "InvalidInput", message)


def required_field(path: str) -> ApiError:
    """Return the 400 for a field without a value."""
    return refuse(400, "RequiredField", f"A value is required for field '{path}'.", field=path)


def invalid_field(path: str, value: Any, wanted: str, allowed: Sequence[str] = ()) -> ApiError:
    """Return the 400 for a field whose value is none that it may have; `wanted` says which it may."""
    message = f"The value '{value}' is not valid for field '{path}': it must be {wanted}."
    extra: dict[str, Any] = {"allowedValues": list(allowed)} if allowed else {}
    return refuse(400, "InvalidField", message, field=path, invalidValue=value, **extra)


def lost_reference(type_id: str, field: str, value: Any) -> ApiError:
    """Return the 400 for a reference that leads nowhere; `field` is `id` or `key`."""
    message = f"The referenced object of type '{type_id}' with {field} '{value}' was not found."
    return refuse(400, "ReferencedResourceNotFound", message, typeId=type_id, **{field: value})


def malformed(parameter: str, message: str) -> ApiError:
    """Return a 400 for a query parameter, in the platform's wording."""
    return invalid_input(f"Malformed parameter: {parameter}: {message}")


def not_found(identifier: str, field: str = "ID") -> ApiError:
    """Return a 404 for a resource looked up by ID or key."""
    return refuse(404, "ResourceNotFound", f"The Resource with {field} '{identifier}' was not found.")


def unknown_path(path: str) -> ApiError:
    """Return a 404 for a path that the platform does not have."""
    return refuse(404, "ResourceNotFound", f"URI not found: {path}")


def conflict(identifier: str, expected: int, actual: int) -> ApiError:
    """Return a 409 for a write that names an outdated version."""
    message = f"Object {identifier} has a different version than expected. Expected: {expected} - Actual: {actual}."
    return refuse(409, "ConcurrentModification", message, currentVersion=actual)


def oauth(status: int, code: str, message: str) -> ApiError:
    """Return an error in OAuth's shape, which is the platform's with `error` added."""
    return refuse(status, code, message, oauth=True)


def forbidden(scopes: Sequence[str]) -> ApiError:
    """Return a 403 that names the scopes of which any one would do."""
    missing = ", ".join(scopes)
    return oauth(403, "insufficient_scope", f"Insufficient scope. One of the following scopes is missing: {missing}.")


def body_of(problem: Problem) -> bytes:
    """Return the JSON body of an error response."""
    # https://docs.commercetools.com/api/errors
    code = problem.codes[0] if problem.codes else "General"
    row: dict[str, Any] = {"code": code, "message": problem.detail}
    body: dict[str, Any] = {"statusCode": problem.status, "message": problem.detail, "errors": [row]}
    if isinstance(problem, Refusal):
        row.update(problem.extra)
        if problem.oauth:
            # RFC 6749, 5.2
            body |= {"error": code, "error_description": problem.detail}
    return msgspec.json.encode(body)
