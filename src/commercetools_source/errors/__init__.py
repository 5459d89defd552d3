"""Every error this package raises, grouped by what the caller does next.

Lowest layer: it knows no other module, so every layer (the sandbox too) may raise from here.

    CommercetoolsError
    ├── ConfigError            (ValueError)         correct the settings
    ├── StateError             (ValueError)         correct or reset the stored state
    ├── DestinationError       (OSError)            make the destination writable
    │   ├── InUseError                              wait until the other process has ended
    │   └── RecordError                             look at the record; the other streams are stored
    ├── AuthenticationError    (PermissionError)    correct the credentials
    ├── NetworkError           (ConnectionError)    check the network, run again
    ├── UndecodableError                            one record's text is broken; mend it on the platform
    └── ApiError                                    the platform answered with an error
        ├── InvalidRequestError      other 4xx      correct the request
        │   └── PageTooLargeError    any            ask for fewer records at once
        ├── ForbiddenError           403            use an API client that has the scope
        ├── NotFoundError            404            check project key and path
        ├── ConflictError            409            read again, then repeat with `current_version`
        ├── RateLimitError           429            wait, then repeat
        └── ServerError              5xx, 408, 425  repeat later
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# A proxy's error page is an answer too, and may have megabytes.
_LONGEST_TEXT = 500


def printable(text: str, limit: int = _LONGEST_TEXT) -> str:
    r"""Return `text` as part of one line, `limit` characters at most: for texts that somebody else wrote.

    Control characters, line breaks and marks of direction come out escaped (`\x1b`): raw, they could erase what a
    terminal shows, or look like a line of the log.
    """
    # Cut before it is escaped, so that no escape is cut in two.
    # The sign at the end shows that something is missing, so that nobody takes the text for whole.
    short = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return short if short.isprintable() else _escaped(short)


def readable(text: str) -> str:
    # Nearly every text is printable, and asking it as a whole is much faster than looking at each character.
    """Return a text of several lines with all else escaped that `printable` escapes."""
    return text if text.isprintable() else "\n".join(map(_escaped, text.split("\n")))


def legible(name: str) -> str:
    """Return a name as part of a sentence: quoted where it would not be seen there, as an empty one would not."""
    return name if name.strip() else repr(name)


def _escaped(text: str) -> str:
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    # Half a surrogate pair has no UTF-8, so it cannot be written at all.
    return char.encode("unicode_escape").decode() if not "\ud800" <= char <= "\udfff" else f"\\u{ord(char):04x}"


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


class InUseError(DestinationError):
    """Another process uses the destination."""


class RecordError(DestinationError):
    """Records of one stream cannot be stored; the destination is as before and takes those of other streams."""


@contextmanager
def in_a_sentence(sentence: Callable[[OSError], str]) -> Iterator[None]:
    """Raise DestinationError with a `sentence` about what the system refuses inside.

    What has one already passes as it is: a DestinationError is an OSError too, as others of ours are.
    """
    try:
        yield
    except CommercetoolsError:
        raise
    except OSError as error:
        raise DestinationError(sentence(error)) from error


KEPT = "what was stored before is kept, and the next run goes on from there"
"""What a failure to write ends with: each destination stores rows together with their state."""

ON_THE_WAY = "look for a proxy or gateway that changes requests or answers"
"""What to do about answers that the platform would not give."""


def reason_in(error: OSError) -> str:
    """Return the system's own words where there are some."""
    return error.strerror or str(error)


class AuthenticationError(CommercetoolsError, PermissionError):
    """The platform refused the credentials or the token; not `refused`: its authorization server failed."""

    def __init__(self, message: str, *, refused: bool = True) -> None:
        self.refused = refused
        super().__init__(message)


class NetworkError(CommercetoolsError, ConnectionError):
    """No whole answer arrived.

    `sent`: the request may have reached the platform. `timed_out` and `damaged` (the body is whole and no JSON):
    asking for fewer records may help. `lasting`: repeating the request cannot help. It keeps neither cause nor
    context, because the frames of an HTTP library hold the request's Authorization header.
    """

    def __init__(
        self,
        message: str,
        *,
        sent: bool = True,
        timed_out: bool = False,
        damaged: bool = False,
        lasting: bool = False,
    ) -> None:
        self.sent = sent
        self.timed_out = timed_out
        self.damaged = damaged
        self.lasting = lasting
        super().__init__(message)


class OversizedError(CommercetoolsError):
    """An answer is larger than `bound` bytes: the transport's own, from which it makes a PageTooLargeError.

    Like OverdueError it is no OSError, so that no HTTP library in between wraps it.
    """

    def __init__(self, bound: int) -> None:
        self.bound = bound
        super().__init__(f"larger than {bound >> 20} MB")


class OverdueError(CommercetoolsError):
    """An answer did not end within `seconds`: the transport's own, from which it makes a NetworkError."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"did not end within {seconds:g} s")


class UndecodableError(CommercetoolsError):
    """A whole answer came, but the text of a record in it cannot be read by anybody."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What an error answer said.

    `codes` are the platform's, in its order; `detail` is its message; its support asks for the
    `correlation_id`; `path` is the request's, without query. `foreign`: the answer does not have the form of the
    platform's errors, so a proxy, firewall or load balancer in between may have sent it.
    """

    status: int
    detail: str
    codes: tuple[str, ...] = ()
    correlation_id: str | None = None
    method: str = "GET"
    path: str = ""
    missing_scopes: tuple[str, ...] = ()
    current_version: int | None = None
    foreign: bool = False

    def __str__(self) -> str:
        named = f" ({', '.join(self.codes)})" if self.codes else ""
        traced = f" [correlation id {self.correlation_id}]" if self.correlation_id else ""
        return f"{self.method} {self.path} was answered with {self.status}{named}: {self.detail}{traced}"


class ApiError(CommercetoolsError):
    """The platform answered with an error; `problem` has all it said."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status

    @property
    def codes(self) -> tuple[str, ...]:
        """The platform's error codes, in its order."""
        return self.problem.codes

    @property
    def correlation_id(self) -> str | None:
        """What the platform's support asks for."""
        return self.problem.correlation_id


class InvalidRequestError(ApiError):
    """The platform does not accept the request as it stands."""


class PageTooLargeError(InvalidRequestError):
    """The answer would be too large or too slow to produce; ask for fewer records."""


class ForbiddenError(ApiError):
    """The token lacks a scope."""

    @property
    def missing_scopes(self) -> tuple[str, ...]:
        """The scopes of which any one would do, as the platform named them; empty when it named none."""
        return self.problem.missing_scopes


class NotFoundError(ApiError):
    """Nothing is at this path: a wrong project key, path or id."""


class ConflictError(ApiError):
    """Somebody else changed the object."""

    @property
    def current_version(self) -> int | None:
        """The object's version now, if the platform told it."""
        return self.problem.current_version


class RateLimitError(ApiError):
    """Too many requests for longer than the retry budget allows."""


class ServerError(ApiError):
    """The platform failed for longer than the retry budget allows."""
