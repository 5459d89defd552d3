"""A part of the platform's GraphQL: lists with where, sort, limit and offset, and any fields of their records.

Fields that GraphQL would compute (localised names, resolved references) are not offered; asking for one is an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.errors import ApiError
from commercetools_source.sandbox.contract import element
from commercetools_source.sandbox.data.search import Query
from commercetools_source.sandbox.platform.endpoints import CONTAINER, STREAMS, accepted_scopes
from commercetools_source.sandbox.platform.refusals import malformed, refuse
from commercetools_source.sandbox.platform.request import MAX_LIMIT, MAX_OFFSET, Response
from commercetools_source.sandbox.query.nodes import Node, bind
from commercetools_source.sandbox.query.predicate import parse
from commercetools_source.sandbox.query.sorting import parse_sort
from commercetools_source.sandbox.server.graphql_text import Field, error_at, read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commercetools_source.sandbox.data.project import Project
    from commercetools_source.sandbox.data.search import Found, Searcher
    from commercetools_source.sandbox.platform.endpoints import Router
    from commercetools_source.sandbox.platform.oauth import Authorization, Token
    from commercetools_source.sandbox.platform.request import Request

__all__ = ["GraphQL"]

# Root fields: streams in camel case, and those that GraphQL names differently. https://docs.commercetools.com/api/graphql
_LISTS: Mapping[str, str] = {
    **{
        re.sub("_(.)", lambda found: found[1].upper(), name): path
        for name, (path, staged) in STREAMS.items()
        if staged is None and "{" not in path and path != "/"
    },
    "inventoryEntries": "/inventory",
    "typeDefinitions": "/types",
    "productTailoringList": "/product-tailoring",
}
# `container` has an effect on customObjects only.
_ARGUMENTS = frozenset({"where", "sort", "limit", "offset", "container"})


class GraphQL:
    """Answers GraphQL requests with the data of a project."""

    def __init__(self, project: Project, authorization: Authorization, router: Router, searcher: Searcher) -> None:
        self.project = project
        self.authorization = authorization
        self.router = router
        self.searcher = searcher

    def respond(self, request: Request, token: Token) -> Response:
        """Return the response; errors of single fields stand beside the data, as GraphQL wants it."""
        if request.method != "POST":
            raise refuse(405, "MethodNotAllowed", "HTTP method not allowed, supported methods: POST.")
        body = request.object()
        # `variables` may be null (https://graphql.org/learn/serving-over-http/).
        text, variables = body.get("query"), body.get("variables") or {}
        if not isinstance(text, str) or not isinstance(variables, dict):
            raise refuse(
                400, "InvalidJsonInput", "The request needs the text 'query' and perhaps the object 'variables'."
            )
        fields, error = read(text, variables, body.get("operationName"))
        # Without a query that can be run there is no data to stand beside the error, so the status says it, too.
        if error is not None:
            return Response(400, msgspec.json.encode({"errors": [error]}))
        data: dict[str, Any] = {}
        errors = []
        for field in fields:
            try:
                data[field.alias] = self._list(field, token)
            except ApiError as refused:  # noqa: PERF203 - one field may fail alone
                data[field.alias] = None
                errors.append(error_at(refused.problem.detail, field.position, refused.codes, [field.alias]))
        response: dict[str, Any] = {"data": data}
        return Response(200, msgspec.json.encode({**response, "errors": errors} if errors else response))

    def _list(self, field: Field, token: Token) -> Any:
        path = _LISTS.get(field.name)
        if path is None:
            raise _unknown(field, "Query")
        endpoint = self.router.endpoints[path]
        # Field by field: a token that may read products only gets those, and an error for the orders beside them.
        self.authorization.require(token, accepted_scopes(endpoint.scopes, write=False))
        for name in field.arguments:
            if name not in _ARGUMENTS:
                raise refuse(400, "InvalidInput", f"Unknown argument '{name}' on field '{field.name}'.")
        project, item = self.project, endpoint.item
        collection = project.collection(path)
        if path == "/custom-objects" and "container" in field.arguments:
            collection = project.view(CONTAINER, str(field.arguments["container"]))
        where = self._where(field)
        query = Query(
            where,
            parse_sort(_texts(field.arguments.get("sort")), project.spec, item),
            _number(field, "limit", 20, MAX_LIMIT),
            _number(field, "offset", 0, MAX_OFFSET),
            # Counting costs, so it is done only where `total` is asked for, as REST does with `withTotal`.
            with_total=any(selection.name == "total" for selection in field.selections),
            text=repr(sorted(field.arguments.items(), key=str)),
        )
        page = self.searcher.run(collection, query, item)
        summary = _summary(page, query, item)
        response: dict[str, Any] = {}
        for selection in field.selections:
            if selection.name == "results":
                self._check(selection.selections, item)
                response[selection.alias] = [
                    _pick(record.decoded(), selection.selections, item) for record in page.records
                ]
            elif selection.name in summary:
                response[selection.alias] = summary[selection.name]
            else:
                raise _unknown(selection, f"{item}QueryResult")
        return response

    @staticmethod
    def _where(field: Field) -> tuple[Node, ...]:
        return tuple(bind(parse(text), {}) for text in _texts(field.arguments.get("where")))

    def _check(self, selections: Sequence[Field], expression: str) -> None:
        for selection in selections:
            if selection.name == "__typename":
                continue
            field_type = self.project.spec.field(expression, selection.name)
            # Arguments of fields compute something, such as a name in one language, which is not offered.
            if field_type is None or selection.arguments:
                raise _unknown(selection, element(expression))
            self._check(selection.selections, field_type)


def _summary(page: Found, query: Query, item: str) -> dict[str, Any]:
    """Return the fields of a list beside its results."""
    # As for HTTP: https://docs.commercetools.com/api/general-concepts
    total = page.total if page.total is None or not query.where else min(page.total, MAX_OFFSET)
    return {
        "total": total,
        "count": len(page.records),
        "offset": query.offset,
        "exists": bool(page.records),
        "__typename": f"{item}QueryResult",
    }


def _pick(value: Any, selections: Sequence[Field], item: str) -> Any:
    if isinstance(value, list):
        return [_pick(element, selections, item) for element in value]
    if not isinstance(value, dict) or not selections:
        return value
    return {
        field.alias: item if field.name == "__typename" else _pick(value.get(field.name), field.selections, field.name)
        for field in selections
    }


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(text, str) for text in values):
        raise refuse(400, "InvalidInput", "'where' and 'sort' must be texts.")
    return values


def _number(field: Field, name: str, default: int, most: int) -> int:
    value = field.arguments.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise malformed(name, f"The {name} parameter must be in the range of [0..{most}]")
    return value


def _unknown(field: Field, owner: str) -> ApiError:
    return refuse(400, "InvalidInput", f"Cannot query field '{field.name}' on type '{owner}'.")
