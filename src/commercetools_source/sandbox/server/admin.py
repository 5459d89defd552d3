"""The admin endpoint, off unless asked for: what the in-process sandbox can do, over HTTP below /_sandbox.

POST   /_sandbox/faults          add a fault: the fields of Fault as JSON
GET    /_sandbox/faults          the faults and how many requests each has hit
DELETE /_sandbox/faults          forget all
POST   /_sandbox/latency         {"seconds": 0.1}: every response comes that much later
POST   /_sandbox/clock           {"advance": seconds}
POST   /_sandbox/tokens/expire   make all tokens invalid
POST   /_sandbox/reset           the records of the start again; faults and latency are forgotten
GET    /_sandbox/requests        the log of requests
POST   /_sandbox/records/{stream}        create a record, or one for each item of an array
POST   /_sandbox/records/{stream}/{id}   change fields of a record
DELETE /_sandbox/records/{stream}/{id}   remove a record
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from commercetools_source.errors import ConfigError
from commercetools_source.sandbox.platform.clock import write_time
from commercetools_source.sandbox.platform.refusals import invalid_input, unknown_path
from commercetools_source.sandbox.platform.request import Response
from commercetools_source.sandbox.server.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.sandbox.platform.clock import Clock
    from commercetools_source.sandbox.platform.request import Request, Seen
    from commercetools_source.sandbox.server.faults import Faults

__all__ = ["Admin"]

# Before there are threads: msgspec hands them the description of a class while it makes it, and they crash.
msgspec.json.Decoder(Fault)

# In seconds: no clock of a test goes further.
_CENTURY = 3_155_760_000.0


class Controls(Protocol):
    """What the admin endpoint moves: the sandbox as code in its process sees it."""

    clock: Clock
    faults: Faults

    @property
    def requests(self) -> list[Seen]:
        """The requests so far."""

    def expire_tokens(self) -> int:
        """Make all tokens invalid."""

    def reset(self) -> None:
        """Have the records of the start again."""

    def create(self, stream: str, record: Mapping[str, Any] | None = None, parent: str = "") -> dict[str, Any]:
        """Add a record."""

    def update(
        self, stream: str, identifier: str, changes: Mapping[str, Any] | None = None, parent: str = ""
    ) -> dict[str, Any]:
        """Change a record."""

    def delete(self, stream: str, identifier: str, parent: str = "") -> dict[str, Any]:
        """Remove a record."""


class Admin:
    """Answers requests below /_sandbox."""

    def __init__(self, sandbox: Controls) -> None:
        self.sandbox = sandbox

    def respond(self, request: Request) -> Response:
        """Return the response; raises the platform's 400 and 404."""
        try:
            return Response(200, msgspec.json.encode(self._do(request, request.segments[1:])))
        except (ConfigError, msgspec.ValidationError) as error:
            raise invalid_input(str(error)) from None

    def _do(self, request: Request, path: tuple[str, ...]) -> Any:
        sandbox, method = self.sandbox, request.method
        if path[:1] == ("records",) and len(path) in {2, 3}:
            return self._change(request, *path[1:])
        if path == ("faults",) and method == "POST":
            sandbox.faults.add(_fault(request.object()))
        elif path == ("faults",) and method == "DELETE":
            sandbox.faults.clear()
        elif path == ("latency",) and method == "POST":
            sandbox.faults.latency = _seconds(request, "seconds", least=0)
            return {"seconds": sandbox.faults.latency}
        elif path == ("clock",) and method == "POST":
            sandbox.clock.advance(_seconds(request, "advance", least=-_CENTURY))
            return {"now": write_time(sandbox.clock.now())}
        elif path == ("tokens", "expire") and method == "POST":
            return {"expired": sandbox.expire_tokens()}
        elif path == ("reset",) and method == "POST":
            sandbox.reset()
        elif path == ("requests",) and method == "GET":
            return [
                {"method": seen.method, "path": seen.path, "query": seen.query, "status": seen.status}
                for seen in sandbox.requests
            ]
        elif path != ("faults",) or method != "GET":
            raise unknown_path(request.path)
        return [{**asdict(fault), "hits": hits} for fault, hits in sandbox.faults.hits()]

    def _change(self, request: Request, stream: str, identifier: str = "") -> Any:
        parent = request.one("parent") or ""
        if request.method == "DELETE" and identifier:
            return self.sandbox.delete(stream, identifier, parent)
        if request.method != "POST":
            raise unknown_path(request.path)
        if identifier:
            return self.sandbox.update(stream, identifier, request.object(), parent)
        given = request.json()
        # A test that needs thousands of records asks once.
        if isinstance(given, list):
            return [self.sandbox.create(stream, msgspec.convert(row, dict[str, Any]), parent) for row in given]
        return self.sandbox.create(stream, request.object(), parent)


def _fault(given: Mapping[str, Any]) -> Fault:
    """Return the fault of a body; raises a 400 for a field that faults do not have."""
    names = [field.name for field in fields(Fault)]
    unknown = given.keys() - set(names)
    if unknown:
        raise invalid_input(f"A fault has no field '{min(unknown)}'; it has {', '.join(names)}.")
    return msgspec.convert(given, Fault)


def _seconds(request: Request, name: str, least: float) -> float:
    """Return a number of the body; raises a 400."""
    body = request.object()
    value = body.get(name)
    # In Python True is an int.
    if (
        body.keys() != {name}
        or not isinstance(value, (int, float))
        or isinstance(value, bool)
        or not least <= value <= _CENTURY
    ):
        raise invalid_input(f"The body needs the number '{name}', in seconds, and nothing else.")
    return value
