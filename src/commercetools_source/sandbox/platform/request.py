"""A request and a response as values, and the reading of query parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from commercetools_source.sandbox.platform.refusals import invalid_input, malformed, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Request", "Response", "Seen"]

# https://docs.commercetools.com/api/general-concepts
MAX_LIMIT = 500
MAX_OFFSET = 10_000
_DIGITS_OF_LONG = 19
_DEEPEST = 100


@dataclass(frozen=True)
class Request:
    """One HTTP request; header names are in lower case, `path` is as sent, without query."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The decoded parts of the path."""
        return tuple(unquote(segment) for segment in self.path.strip("/").split("/")) if self.path.strip("/") else ()

    @cached_property
    def parameters(self) -> dict[str, list[str]]:
        """The query's parameters, each with all its values."""
        parameters: dict[str, list[str]] = {}
        # Blank values count: `where=` is a predicate without text, and no missing one.
        for name, value in parse_qsl(self.query, keep_blank_values=True):
            parameters.setdefault(name, []).append(value)
        return parameters

    @property
    def form(self) -> dict[str, str]:
        """The parameters of the query and of a form body, the last of each name."""
        pairs = parse_qsl(self.query, keep_blank_values=True)
        pairs += parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return dict(pairs)

    def one(self, name: str) -> str | None:
        """Return a parameter's last value, None when it is absent."""
        values = self.parameters.get(name)
        # The last one of several; what may be given several times, such as `where`, is read from `parameters`.
        return values[-1] if values else None

    def number(self, name: str, default: int, most: int) -> int:
        """Return a parameter from 0 to `most`; raises the platform's 400."""
        text = self.one(name)
        if text is None:
            return default
        try:
            # int() takes digits of every script; the platform takes ASCII only.
            number = int(text) if text.isascii() else -1
        except ValueError:
            raise malformed(name, f"'{text}' is not a number.") from None
        if not 0 <= number <= most:
            raise malformed(name, f"The {name} parameter must be in the range of [0..{most}]")
        return number

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a parameter that is true or false; raises a 400."""
        text = self.one(name)
        if text is None:
            return default
        # The Python SDK writes True and False, and reads the platform so.
        if text.lower() not in {"true", "false"}:
            raise malformed(name, f"'{text}' is neither 'true' nor 'false'.")
        return text.lower() == "true"

    def variables(self) -> dict[str, list[str]]:
        """Return the predicate variables."""
        return {name[4:]: values for name, values in self.parameters.items() if name.startswith("var.")}

    def json(self) -> Any:
        """Return the JSON value of the body; raises the platform's 400."""
        import msgspec

        try:
            value = msgspec.json.decode(self.body)
        # msgspec stops at deep nesting by RecursionError.
        except (ValueError, RecursionError):
            raise refuse(400, "InvalidJsonInput", "Request body does not contain valid JSON.") from None
        # Before anything is written: what reads it goes down level by level, and must not end in the middle.
        if _is_deep(value):
            raise invalid_input(f"The request body is nested more than {_DEEPEST} levels deep.")
        return value

    def object(self) -> dict[str, object]:
        """Return the JSON object of the body; raises the platform's 400."""
        value = self.json()
        if not isinstance(value, dict):
            raise invalid_input("The request body must be a JSON object.")
        return value

    def version(self) -> int:
        """Return the version that a DELETE names; raises a 400 when it names none, or what is no version."""
        text = self.one("version")
        if text is None:
            raise invalid_input("Missing required parameter: version.")
        # Neither digits of other scripts nor more of them than int() reads.
        if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS_OF_LONG):
            raise malformed("version", f"'{text[:_DIGITS_OF_LONG]}' is not a version.")
        return int(text)


def _is_deep(value: Any) -> bool:
    """Return whether a JSON value has more levels of arrays and objects than the sandbox goes down."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return any(isinstance(item, (dict, list)) for item in level)


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response before it is compressed and sent."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as the log keeps it: path without project key, query as sent, status of the response (0: none)."""

    method: str
    path: str
    query: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
