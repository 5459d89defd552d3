"""The text of a GraphQL request: parsed to the fields that it selects, with fragments and variables filled in.

Knows nothing of what a project has; the grammar is that of https://spec.graphql.org/October2021/, without types.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.errors import ApiError
from commercetools_source.sandbox.platform.refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lark import Lark

__all__ = ["Field", "error_at", "read"]

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
# As deep as no honest query is; Python's own stack would end at about a thousand.
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Field:
    """A selected field; `at` is line and column."""

    name: str
    alias: str
    arguments: Mapping[str, Any]
    selections: tuple[Field, ...]
    position: tuple[int, int]


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", propagate_positions=True)


def read(text: str, variables: Mapping[str, Any], name: Any) -> tuple[Sequence[Field], dict[str, Any] | None]:
    """Return the root fields of the operation, or the error that tells why there are none."""
    from lark.exceptions import UnexpectedInput

    # Before the parser: it recurses at every bracket.
    if text.count("{") > _DEEPEST * 4 or text.count("[") > _DEEPEST * 4:
        return (), error_at("The query is too complex.", (1, 1), ["QueryComplexityLimitExceeded"])
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        position = (max(int(error.line), 1), max(int(error.column), 1))
        return (), error_at(
            f"Syntax error while parsing GraphQL query at line {position[0]}, column {position[1]}.",
            position,
            ["InvalidInput"],
        )
    operations = list(tree.find_data("operation"))
    named = [operation for operation in operations if name is None or name in map(str, operation.children)]
    # What changes something goes over REST here, as the client under test never sends a mutation.
    if len(named) != 1 or str(named[0].children[0]) in {"mutation", "subscription"}:
        return (), error_at("The sandbox needs exactly one query to run.", (1, 1), ["InvalidInput"])
    fragments = {str(fragment.children[0]): fragment.children[-1] for fragment in tree.find_data("fragment")}
    # The values that the operation declares; those of the request win over them.
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
        return (), error_at(refused.problem.detail, (1, 1), refused.codes)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns the parser's tree into fields, with fragments and variables filled in."""

    fragments: Mapping[str, Any]
    variables: Mapping[str, Any]

    def selections(self, tree: Any, depth: int = 0) -> tuple[Field, ...]:
        if depth > _DEEPEST:
            raise refuse(400, "QueryComplexityLimitExceeded", "The query is nested too deeply.")
        fields: list[Field] = []
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

    def _field(self, tree: Any, depth: int) -> Field:
        names = [str(child) for child in tree.children if not hasattr(child, "data")]
        children = {child.data: child for child in tree.children if hasattr(child, "data")}
        arguments = {
            str(row.children[0]): _constant(row.children[1], self.variables)
            for row in (children["arguments"].children if "arguments" in children else ())
        }
        inner = self.selections(children["selections"], depth + 1) if "selections" in children else ()
        # Without an alias both names are one.
        return Field(names[-1], names[0], arguments, inner, (tree.meta.line, tree.meta.column))


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
        # Every other name is an enumeration's value, which the platform's lists compare as a text.
        return {"true": True, "false": False, "null": None}.get(text, text)
    if child.type == "BLOCK":
        return text[3:-3]
    try:
        return msgspec.json.decode(text)
    except ValueError:
        raise refuse(400, "InvalidInput", f"{text} is no value.") from None


def error_at(
    message: str, position: tuple[int, int], codes: Sequence[str], path: list[str] | None = None
) -> dict[str, Any]:
    """Return an error of the platform's form, at a line and column of the query, and at a `path` of the answer."""
    error: dict[str, Any] = {"message": message, "locations": [{"line": position[0], "column": position[1]}]}
    if path is not None:
        error["path"] = path
    return {**error, "extensions": {"code": codes[0] if codes else "General"}}
