"""What the sandbox does with a request: a pure dispatch from requests to responses, without sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.data.expand import Expander
from commercetools_source.sandbox.data.search import Query, Searcher
from commercetools_source.sandbox.platform.endpoints import (
    IMPORT,
    NOT_IMITATED,
    SOURCES,
    Route,
    Router,
    accepted_scopes,
)
from commercetools_source.sandbox.platform.refusals import invalid_input, not_found, refuse, unknown_path
from commercetools_source.sandbox.platform.request import MAX_LIMIT, MAX_OFFSET, Request, Response
from commercetools_source.sandbox.query.nodes import Compare, Node, bind
from commercetools_source.sandbox.query.predicate import parse
from commercetools_source.sandbox.query.sorting import parse_sort
from commercetools_source.sandbox.server.faults import error_of
from commercetools_source.sandbox.server.graphql import GraphQL
from commercetools_source.sandbox.server.history import HistoryService, history_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from commercetools_source.sandbox.changes.writer import Writer
    from commercetools_source.sandbox.data.project import Project
    from commercetools_source.sandbox.data.store import Collection, Record
    from commercetools_source.sandbox.platform.oauth import Authorization, Token
    from commercetools_source.sandbox.server.faults import Fault, Faults

__all__ = ["Service"]

_DEFAULT_LIMIT = 20
# A filtered list counts no further: https://docs.commercetools.com/api/general-concepts
_TOTAL_CAP = 10_000
_READING = frozenset({"GET", "HEAD"})
_CONTAINER_SORT = frozenset({"container", "key", "createdAt", "lastModifiedAt"})
# Parameters that change what records look like; the sandbox serves whole records only.
_NOT_SERVED = (
    "priceCurrency",
    "priceCountry",
    "priceCustomerGroup",
    "priceCustomerGroupAssignments",
    "priceChannel",
    "priceRecurrencePolicy",
    "localeProjection",
    "storeProjection",
    "filter[attributes]",
)


class Service:
    """Answers requests of one project."""

    def __init__(self, project: Project, authorization: Authorization, writer: Writer, faults: Faults) -> None:
        self.project = project
        self.authorization = authorization
        self.writer = writer
        self.faults = faults
        self.router = Router(project.spec)
        self.searcher = Searcher(project.spec)
        self.expander = Expander(project)
        self.history = HistoryService(project, authorization, faults)
        self.graphql = GraphQL(project, authorization, self.router, self.searcher)
        self.before: list[Callable[[Request], None]] = []

    def short(self, request: Request) -> str:
        """Return the path without the project key, the form in which faults and the log name it."""
        past = history_path(request.path, self.authorization.project_key)
        if past is not None:
            return past
        prefix = f"/{self.authorization.project_key}"
        if request.path == prefix:
            return "/"
        return request.path[len(prefix) :] if request.path.startswith(f"{prefix}/") else request.path

    def handle(self, request: Request) -> Response:
        """Return the response; raises ApiError for the platform's error responses."""
        segments = request.segments
        # The one path without a token: it is where tokens come from (https://docs.commercetools.com/api/authorization).
        if segments[:1] == ("oauth",):
            return self._oauth(request, segments[1:])
        token = self.authorization.check(request.headers.get("authorization", ""))
        if history_path(request.path, self.authorization.project_key) is not None:
            for hook in self.before:
                hook(request)
            with self.project.lock:
                return self.history.respond(request, token)
        # After the token: who has none learns nothing of which projects there are.
        if not segments or segments[0] != self.authorization.project_key:
            name = segments[0] if segments else ""
            raise refuse(404, "ResourceNotFound", f"The project '{name}' was not found.")
        # One request at a time: what a page shows is one moment, as a query of the platform is.
        with self.project.lock:
            if segments[1:] == ("graphql",):
                self.writer.journal.purge()
                return self.graphql.respond(request, token)
            within = segments[3:] if segments[1:2] == ("in-store",) else segments[1:]
            if "/".join(within) in NOT_IMITATED:
                message = f"The sandbox does not imitate {self.short(request)}; docs/sandbox.md says what it does."
                raise refuse(404, "ResourceNotFound", message)
            route = self.router.find(segments[1:])
            if route is None:
                raise unknown_path(request.path)
            self._authorize(request, route, token)
            if request.method in _READING:
                return self._read(request, route)
            return self.writer.write(request, route, token.client_id)

    def _oauth(self, request: Request, path: Sequence[str]) -> Response:
        if tuple(path) not in {("token",), ("introspect",)}:
            raise unknown_path(request.path)
        if request.method != "POST":
            raise _not_allowed(["POST"])
        header = request.headers.get("authorization", "")
        respond = self.authorization.issue if path[0] == "token" else self.authorization.introspect
        with self.project.lock:
            return Response(200, msgspec.json.encode(respond(request.form, header)), (("Cache-Control", "no-store"),))

    def _authorize(self, request: Request, route: Route, token: Token) -> None:
        allowed = self._methods(route)
        if request.method not in allowed:
            raise _not_allowed(sorted(allowed))
        scopes: Sequence[str] = route.endpoint.scopes
        # `view_published_products` opens what is published and nothing else (https://docs.commercetools.com/api/scopes).
        if route.endpoint.collection == "/product-projections" and request.one("staged") == "true":
            scopes = ("view_products",)
        write = request.method not in _READING
        self.authorization.require(token, accepted_scopes(scopes, write=write), route.store)

    @staticmethod
    def _methods(route: Route) -> frozenset[str]:
        # HEAD is in the contract where the platform offers it.
        if route.endpoint.template == IMPORT:
            return route.endpoint.methods
        methods = route.endpoint.methods | {"GET"}
        if route.selector is None:
            return methods
        # A list that nothing can be created in has records that are read only.
        if "POST" not in methods and route.endpoint.template != "/custom-objects/{container}":
            return _READING
        return frozenset({"GET", "HEAD", "POST", "DELETE"})

    def _read(self, request: Request, route: Route) -> Response:
        if route.endpoint.collection == "/":
            body = next(iter(self.project.collection("/"))).body
            return Response(200, body if request.method == "GET" else b"")
        # Messages are kept for a limited time (https://docs.commercetools.com/api/projects/messages).
        if route.endpoint.collection == "/messages":
            self.writer.journal.purge()
        if route.selector is not None:
            return self._read_record(request, route)
        # A hook may change data, as another client would between two pages.
        for hook in self.before:
            hook(request)
        collection, conditions = self.project.of_route(route, staged=self._staged(request, route))
        if request.method == "HEAD":
            return self._exists(request, route, collection, conditions)
        return self._page(request, route, collection, conditions)

    def _staged(self, request: Request, route: Route) -> bool:
        for name in _NOT_SERVED:
            if request.one(name) is not None:
                raise refuse(
                    400, "InvalidInput", f"The sandbox serves whole records only; leave out the parameter '{name}'."
                )
        return request.flag("staged", default=False) if "staged" in route.endpoint.params else False

    def _read_record(self, request: Request, route: Route) -> Response:
        record = self.find(route, staged=self._staged(request, route))
        fault = self.faults.of_page(request.method, self.short(request), [record.id])
        if fault is not None:
            raise error_of(fault)
        if request.method == "HEAD":
            return Response(200)
        return Response(200, self._bodies(request, route, [record])[0])

    def find(self, route: Route, *, staged: bool = False) -> Record:
        """Return the one record that a route names; raises a 404."""
        collection, conditions = self.project.of_route(route, staged=staged)
        field, value = route.selector or ("id", "")
        record = collection.get(value) if field == "id" else collection.find(field, value)
        # In a store or below a parent only its own records are there, whatever id is asked for.
        if record is not None and conditions:
            item = route.endpoint.item
            where: tuple[Node, ...] = (Compare(field, "=", value), *conditions)
            if not self.searcher.exists(collection, where, item):
                record = None
        if record is None:
            raise not_found(value, "ID" if field == "id" else "key")
        return record

    def _exists(self, request: Request, route: Route, collection: Collection, conditions: tuple[Node, ...]) -> Response:
        where = (*self._where(request, route), *conditions)
        # HEAD asks whether anything matches; nothing is no error of a list, and still a 404 here.
        return Response(200 if self.searcher.exists(collection, where, route.endpoint.item) else 404)

    def disturb(self, request: Request, fault: Fault) -> None:
        """Change or remove the records of a fault, as if somebody had written between two pages."""
        route = self.router.find(request.segments[1:])
        path = "" if route is None else SOURCES.get(route.endpoint.collection, route.endpoint.collection)
        if not path or "{" in path:
            raise invalid_input(f"The sandbox cannot script {fault.kind!r} for records of {self.short(request)}.")
        with self.project.lock:
            for identifier in fault.records:
                if self.project.collection(path).get(identifier) is None:
                    continue
                if fault.kind == "vanish":
                    self.writer.delete(path, identifier)
                else:
                    self.writer.update(path, identifier)

    def _where(self, request: Request, route: Route) -> tuple[Node, ...]:
        texts = request.parameters.get("where", [])
        # Refused and not ignored: a client that filters in vain has to learn of it.
        if texts and "where" not in route.endpoint.params:
            raise refuse(400, "InvalidInput", f"{route.endpoint.template} has no parameter 'where'.")
        variables = request.variables()
        return tuple(bind(parse(text), variables) for text in texts)

    def _page(self, request: Request, route: Route, collection: Collection, conditions: tuple[Node, ...]) -> Response:
        where, sort = self._where(request, route), request.parameters.get("sort", [])
        keys = parse_sort(sort, self.project.spec, route.endpoint.item)
        if (
            route.endpoint.template == "/custom-objects/{container}"
            and not {key.path[0] for key in keys} <= _CONTAINER_SORT
        ):
            raise refuse(
                400,
                "InvalidInput",
                f"Malformed parameter: sort: {route.endpoint.template} sorts by {', '.join(sorted(_CONTAINER_SORT))}.",
            )
        limit = request.number("limit", _DEFAULT_LIMIT, MAX_LIMIT)
        offset = request.number("offset", 0, MAX_OFFSET)
        with_total = request.flag("withTotal", default=route.endpoint.with_total)
        # One text for one query: the next page of the same one goes on with the rows that were sorted for it.
        text = repr((request.parameters.get("where"), sort, sorted(request.variables().items()), route.values))
        page = self.searcher.run(
            collection, Query((*where, *conditions), keys, limit, offset, with_total, text), route.endpoint.item
        )
        if self.faults.watch_pages:
            fault = self.faults.of_page("GET", self.short(request), [record.id for record in page.records])
            if fault is not None:
                raise error_of(fault)
        total = page.total if page.total is None or not where else min(page.total, _TOTAL_CAP)
        counted = b"" if total is None else b',"total":%d' % total
        # Written as bytes: results are megabytes of stored JSON, which nobody decodes.
        head = b'{"limit":%d,"offset":%d,"count":%d%b,"results":[' % (limit, offset, len(page.records), counted)
        return Response(200, _joined(head, self._bodies(request, route, page.records)))

    def _bodies(self, request: Request, route: Route, records: Sequence[Record]) -> list[bytes]:
        paths = request.parameters.get("expand", []) if "expand" in route.endpoint.params else []
        if not paths:
            return [record.body for record in records]
        return [self.expander.expand(record, paths) for record in records]


def _joined(head: bytes, bodies: list[bytes]) -> bytes:
    """Return a page; every byte of its records is copied once, as pages are megabytes."""
    if not bodies:
        return head + b"]}"
    bodies[0] = head + bodies[0]
    bodies[-1] += b"]}"
    return b",".join(bodies)


def _not_allowed(methods: Sequence[str]) -> Any:
    return refuse(405, "MethodNotAllowed", f"HTTP method not allowed, supported methods: {', '.join(methods)}.")
