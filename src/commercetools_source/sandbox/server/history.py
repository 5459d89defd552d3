"""The Change History API of the sandbox: lists of what changed, by date, resource and author.

It answers below `/history`, since one server has one host. https://docs.commercetools.com/api/history/change-history
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.platform.clock import parse_time, write_time
from commercetools_source.sandbox.platform.endpoints import HISTORY, accepted_scopes
from commercetools_source.sandbox.platform.refusals import malformed, refuse, unknown_path
from commercetools_source.sandbox.platform.request import MAX_LIMIT, MAX_OFFSET, Request, Response
from commercetools_source.sandbox.server.faults import error_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from commercetools_source.sandbox.data.project import Project
    from commercetools_source.sandbox.data.store import Record
    from commercetools_source.sandbox.platform.oauth import Authorization, Token
    from commercetools_source.sandbox.server.faults import Faults

__all__ = ["HistoryService", "history_path"]

_PREFIX = "history"
_DEFAULT_LIMIT = 20
_DEFAULT_HOURS = "24"
# As totals of the API's lists end where offsets do; nobody has seen it documented for this service.
_TOTAL_CAP = 10_000
_NOT_SERVED = {"expand": "has no more to say of a change"}


class _Key(msgspec.Struct):
    key: str = ""


class _Resource(msgspec.Struct):
    typeId: str  # noqa: N815 - the platform's name
    id: str = ""
    key: str = ""


class _Author(msgspec.Struct):
    id: str = ""
    clientId: str = ""  # noqa: N815 - the platform's name
    customer: _Resource | None = None
    associate: _Resource | None = None


class _Change(msgspec.Struct):
    change: str = ""


class _Head(msgspec.Struct):
    """What a record is searched by."""

    modifiedAt: str  # noqa: N815 - the platform's name
    resource: _Resource
    type: str = ""
    modifiedBy: _Author = msgspec.field(default_factory=_Author)  # noqa: N815 - the platform's name
    changes: list[_Change] = msgspec.field(default_factory=list)
    stores: list[_Key] = msgspec.field(default_factory=list)
    businessUnit: _Key | None = None  # noqa: N815 - the platform's name


_decode = msgspec.json.Decoder(_Head).decode

_TESTS: Mapping[str, Callable[[_Head, Sequence[str]], bool]] = {
    "resourceTypes": lambda head, values: head.resource.typeId in values,
    "resourceId": lambda head, values: head.resource.id in values,
    "resourceKey": lambda head, values: head.resource.key in values,
    "type": lambda head, values: head.type in values,
    "userId": lambda head, values: head.modifiedBy.id in values,
    "clientId": lambda head, values: head.modifiedBy.clientId in values,
    "customerId": lambda head, values: head.modifiedBy.customer is not None and head.modifiedBy.customer.id in values,
    "associateId": lambda head, values: (
        head.modifiedBy.associate is not None and head.modifiedBy.associate.id in values
    ),
    "businessUnit": lambda head, values: head.businessUnit is not None and head.businessUnit.key in values,
    # Whoever changes something here does so over the API.
    "source": lambda head, values: "ApiClient" in values,  # noqa: ARG005 - one form for all of them
    "changes": lambda head, values: any(change.change in values for change in head.changes),
    "stores": lambda head, values: any(store.key in values for store in head.stores),
}
"""How a record is held against the values of a parameter, of which any one is enough."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A record and what it is searched by."""

    head: _Head
    record: Record


def history_path(path: str, project_key: str) -> str | None:
    """Return a path of this service as faults and the log name it (`history:/order`), None for any other path."""
    prefix = f"/{_PREFIX}/{project_key}"
    if path == prefix:
        return HISTORY
    return f"{_PREFIX}:{path[len(prefix) :]}" if path.startswith(f"{prefix}/") else None


class HistoryService:
    """Answers requests for the history of one project."""

    def __init__(self, project: Project, authorization: Authorization, faults: Faults) -> None:
        self.project = project
        self.authorization = authorization
        self.faults = faults
        self._params = project.spec.endpoints[HISTORY]["params"]
        self._types = tuple(project.spec.values("HistoryResourceType"))
        # The sandbox makes no change of the platform's own, so there is nothing to exclude but what is no such change.
        self._legal = {
            "resourceTypes": self._types,
            "source": project.spec.values("HistorySource"),
            "excludePlatformInitiatedChanges": project.spec.values("HistoryPlatformInitiatedChange"),
        }
        self._entries: list[_Entry] = []
        self._revision = -1

    def respond(self, request: Request, token: Token) -> Response:
        """Return a list of records, the newest first; raises the platform's errors."""
        below = request.segments[2:]
        if request.method != "GET":
            raise refuse(405, "MethodNotAllowed", "HTTP method not allowed, supported methods: GET.")
        if len(below) > 2 or below[:1] == ("graphql",):  # noqa: PLR2004 - a type and an id
            raise unknown_path(request.path)
        self._check(request, below)
        self.authorization.require(token, accepted_scopes(("view_audit_log",), write=False))
        asked = dict(zip(("resourceTypes", "resourceId"), ([text] for text in below), strict=False))
        asked |= {name: request.parameters[name] for name in _TESTS if name in request.parameters}
        types = asked.get("resourceTypes")
        visible = self._visible(token, types)
        begin, end = self._time(request, "date.from", _DEFAULT_HOURS), self._time(request, "date.to", "now")
        matching = [
            entry.record
            for entry in self._newest_first()
            # Both ends are in it: nobody says so of the platform, and a client has to bear either.
            if begin <= entry.head.modifiedAt <= end
            and entry.head.resource.typeId in visible
            and all(_TESTS[name](entry.head, values) for name, values in asked.items())
        ]
        return self._page(request, matching)

    def _page(self, request: Request, matching: Sequence[Record]) -> Response:
        limit = request.number("limit", _DEFAULT_LIMIT, MAX_LIMIT)
        offset = request.number("offset", 0, MAX_OFFSET)
        page = matching[offset : offset + limit]
        fault = self.faults.of_page("GET", HISTORY, [record.id for record in page])
        if fault is not None:
            raise error_of(fault)
        total = b""
        if request.flag("withTotal", default=False):
            total = b',"total":%d' % min(len(matching), _TOTAL_CAP)
        head = b'{"limit":%d,"offset":%d,"count":%d%b,"results":[' % (limit, offset, len(page), total)
        body = head + b",".join(record.body for record in page) + b"]}"
        return Response(200, body, (("X-RateLimit-Request-Cost", "1"),))

    def _check(self, request: Request, below: Sequence[str]) -> None:
        """Raise a 400 for a parameter that the platform does not have or the sandbox does not serve."""
        for name, values in request.parameters.items():
            if name not in self._params:
                raise refuse(400, "InvalidInput", f"The Change History API has no parameter '{name}'.")
            if name in _NOT_SERVED and values != ["false"]:
                raise refuse(400, "InvalidInput", f"The sandbox {_NOT_SERVED[name]}; leave out '{name}'.")
        given = {**request.parameters, "resourceTypes": [*below[:1], *request.parameters.get("resourceTypes", ())]}
        for name, legal in self._legal.items():
            for value in given.get(name, ()):
                if value not in legal:
                    raise malformed(name, f"'{value}' is none of {', '.join(legal)}.")

    def _visible(self, token: Token, asked: Sequence[str] | None) -> frozenset[str]:
        """Return the resource types that a token may view; raises a 403 for one that is asked for and may not be."""
        visible = set()
        for resource_type in self._types if asked is None else asked:
            scopes = accepted_scopes(self._scopes(resource_type), write=False)
            if {f"{scope}:{self.authorization.project_key}" for scope in scopes} & token.scopes:
                visible.add(resource_type)
            elif asked is not None:
                self.authorization.require(token, scopes)
        return frozenset(visible)

    def _scopes(self, resource_type: str) -> Sequence[str]:
        special = {"key-value-document": "/custom-objects", "inventory-entry": "/inventory"}
        path = special.get(resource_type) or f"/{resource_type}s"
        if path not in self.project.spec.endpoints:
            path = f"/{resource_type[:-1]}ies"
        scopes: Sequence[str] = self.project.spec.endpoints[path]["scopes"]
        return scopes

    def _time(self, request: Request, name: str, default: str) -> str:
        """Return a date parameter: a time, `now`, or so many hours ago."""
        text = request.one(name) or default
        if text == "now":
            return write_time(self.project_now())
        try:
            return write_time(self.project_now() - timedelta(hours=float(text)))
        except (ValueError, OverflowError):
            pass
        time = parse_time(text)
        if time is None:
            raise malformed(name, f"'{text}' is no time, no number of hours and not 'now'.")
        return time

    def project_now(self) -> Any:
        """Return the server's clock."""
        return self.authorization.clock.now()

    def _newest_first(self) -> list[_Entry]:
        collection = self.project.collection(HISTORY)
        if self._revision != collection.revision:
            entries = [_Entry(_decode(record.body), record) for record in collection]
            self._entries = sorted(entries, key=lambda entry: (entry.head.modifiedAt, entry.record.id), reverse=True)
            self._revision = collection.revision
        return self._entries
