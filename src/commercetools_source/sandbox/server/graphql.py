"""A part of the platform's GraphQL: lists with where, sort, limit and offset, and any fields of their records.

Fields that GraphQL would compute (localised names, resolved references) are not offered; asking for one is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lark import Lark

    from commercetools_source.sandbox.data.project import Project
    from commercetools_source.sandbox.data.search import Found, Searcher
    from commercetools_source.sandbox.platform.endpoints import Router
    from commercetools_source.sandbox.platform.oauth import Authorization, Token
    from commercetools_source.sandbox.platform.request import Request

__all__ = ["GraphQL"]

_GRAMMAR = r"""
start: _definition+
_definition: operation | fragment
operation: selections | TYPE NAME? variables? directive* selections
fragment: "fragment" NAME "on" NAME directive* selections
variables: "(" declaration+ ")"
declaration: VARIABLE ":" _type ("=" value)? directive*
_type: NAME "!"? | "[" _type "]" "!"?
selections: "{" (field | spread | inline)+ "}"
field: (NAME ":")? NAME arguments? directive* selections?
spread: "..." NAME directive*
inline: "..." ("on" NAME)? directive* selections
arguments: "(" argument+ ")"
argument: NAME ":" value
directive: "@" NAME arguments?
value: VARIABLE | NUMBER | STRING | BLOCK | NAME | list | object
list: "[" value* "]"
object: "{" argument* "}"

TYPE.2: /(?:query|mutation|subscription)(?![_0-9A-Za-z])/
NAME: /[_A-Za-z][_0-9A-Za-z]*/
VARIABLE: /\$[_A-Za-z][_0-9A-Za-z]*/
NUMBER: /-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/
BLOCK.2: /\"\"\"(?:.|\n)*?\"\"\"/
STRING: /"(?:[^"\\\n]|\\.)*"/
%ignore /[\s,\ufeff]+/
%ignore /#[^\n]*/
"""
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
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class _Field:
    """A selected field; `at` is line and column."""

    name: str
    alias: str
    arguments: Mapping[str, Any]
    selections: tuple[_Field, ...]
    position: tuple[int, int]


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", propagate_positions=True)


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
        text, variables = body.get("query"), body.get("variables") or {}
        if not isinstance(text, str) or not isinstance(variables, dict):
            raise refuse(
                400, "InvalidJsonInput", "The request needs the text 'query' and perhaps the object 'variables'."
            )
        fields, error = _read(text, variables, body.get("operationName"))
        if error is not None:
            return Response(400, msgspec.json.encode({"errors": [error]}))
        data: dict[str, Any] = {}
        errors = []
        for field in fields:
            try:
                data[field.alias] = self._list(field, token)
            except ApiError as refused:  # noqa: PERF203 - one field may fail alone
                data[field.alias] = None
                errors.append(_error(refused.problem.detail, field.position, refused.codes, [field.alias]))
        response: dict[str, Any] = {"data": data}
        return Response(200, msgspec.json.encode({**response, "errors": errors} if errors else response))

    def _list(self, field: _Field, token: Token) -> Any:
        path = _LISTS.get(field.name)
        if path is None:
            raise _unknown(field, "Query")
        endpoint = self.router.endpoints[path]
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
    def _where(field: _Field) -> tuple[Node, ...]:
        return tuple(bind(parse(text), {}) for text in _texts(field.arguments.get("where")))

    def _check(self, selections: Sequence[_Field], expression: str) -> None:
        for selection in selections:
            if selection.name == "__typename":
                continue
            field_type = self.project.spec.field(expression, selection.name)
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


def _pick(value: Any, selections: Sequence[_Field], item: str) -> Any:
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


def _number(field: _Field, name: str, default: int, most: int) -> int:
    value = field.arguments.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise malformed(name, f"The {name} parameter must be in the range of [0..{most}]")
    return value


def _unknown(field: _Field, owner: str) -> ApiError:
    return refuse(400, "InvalidInput", f"Cannot query field '{field.name}' on type '{owner}'.")


def _error(
    message: str, position: tuple[int, int], codes: Sequence[str], path: list[str] | None = None
) -> dict[str, Any]:
    error: dict[str, Any] = {"message": message, "locations": [{"line": position[0], "column": position[1]}]}
    if path is not None:
        error["path"] = path
    return {**error, "extensions": {"code": codes[0] if codes else "General"}}


def _read(text: str, variables: Mapping[str, Any], name: Any) -> tuple[Sequence[_Field], dict[str, Any] | None]:
    """Return the root fields of the operation, or the error that tells why there are none."""
    from lark.exceptions import UnexpectedInput

    # Before the parser: it recurses at every bracket.
    if text.count("{") > _DEEPEST * 4 or text.count("[") > _DEEPEST * 4:
        return (), _error("The query is too complex.", (1, 1), ["QueryComplexityLimitExceeded"])
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        position = (max(int(error.line), 1), max(int(error.column), 1))
        return (), _error(
            f"Syntax error while parsing GraphQL query at line {position[0]}, column {position[1]}.",
            position,
            ["InvalidInput"],
        )
    operations = list(tree.find_data("operation"))
    named = [operation for operation in operations if name is None or name in map(str, operation.children)]
    if len(named) != 1 or str(named[0].children[0]) in {"mutation", "subscription"}:
        return (), _error("The sandbox needs exactly one query to run.", (1, 1), ["InvalidInput"])
    fragments = {str(fragment.children[0]): fragment.children[-1] for fragment in tree.find_data("fragment")}
    defaults = {
        str(row.children[0])[1:]: _constant(child, {})
        for row in named[0].find_data("declaration")
        for child in row.children
        if getattr(child, "data", "") == "value"
    }
    reader = _Reader(fragments, {**defaults, **variables})
    try:
        return reader.selections(named[0].children[-1]), None
    except ApiError as refused:
        return (), _error(refused.problem.detail, (1, 1), refused.codes)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns the parser's tree into fields, with fragments and variables filled in."""

    fragments: Mapping[str, Any]
    variables: Mapping[str, Any]

    def selections(self, tree: Any, depth: int = 0) -> tuple[_Field, ...]:
        if depth > _DEEPEST:
            raise refuse(400, "QueryComplexityLimitExceeded", "The query is nested too deeply.")
        fields: list[_Field] = []
        for child in tree.children:
            if child.data == "field":
                fields.append(self._field(child, depth))
            elif child.data == "inline":
                fields += self.selections(child.children[-1], depth + 1)
            else:
                fragment = self.fragments.get(str(child.children[0]))
                if fragment is None:
                    raise refuse(400, "InvalidInput", f"Unknown fragment '{child.children[0]}'.")
                fields += self.selections(fragment, depth + 1)
        return tuple(fields)

    def _field(self, tree: Any, depth: int) -> _Field:
        names = [str(child) for child in tree.children if not hasattr(child, "data")]
        children = {child.data: child for child in tree.children if hasattr(child, "data")}
        arguments = {
            str(row.children[0]): _constant(row.children[1], self.variables)
            for row in (children["arguments"].children if "arguments" in children else ())
        }
        inner = self.selections(children["selections"], depth + 1) if "selections" in children else ()
        return _Field(names[-1], names[0], arguments, inner, (tree.meta.line, tree.meta.column))


def _constant(tree: Any, variables: Mapping[str, Any]) -> Any:
    child = tree.children[0]
    if getattr(child, "data", "") == "list":
        return [_constant(item, variables) for item in child.children]
    if getattr(child, "data", "") == "object":
        return {str(row.children[0]): _constant(row.children[1], variables) for row in child.children}
    text = str(child)
    if child.type == "VARIABLE":
        return variables.get(text[1:])
    if child.type == "NAME":
        return {"true": True, "false": False, "null": None}.get(text, text)
    if child.type == "BLOCK":
        return text[3:-3]
    try:
        return msgspec.json.decode(text)
    except ValueError:
        raise refuse(400, "InvalidInput", f"{text} is no value.") from None
