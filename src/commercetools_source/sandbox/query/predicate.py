"""The query language of `where`: text to a tree of frozen values.

https://docs.commercetools.com/api/predicates/query
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.platform.refusals import malformed
from commercetools_source.sandbox.query.nodes import (
    And,
    Compare,
    Contains,
    Defined,
    Empty,
    In,
    Matches,
    Nested,
    Node,
    Not,
    Or,
    Value,
    Variable,
    Within,
)
from commercetools_source.sandbox.query.syntax import KEYWORDS, parser_of, syntax_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lark import Lark, Token, Tree


__all__ = ["parse"]


_GRAMMAR = r"""
?start: or_
?or_: and_ (_OR and_)*
?and_: unit (_AND unit)*
?unit: _NOT _LPAR or_ _RPAR -> not_
     | _LPAR or_ _RPAR
     | NAME _LPAR or_ _RPAR -> nested
     | NAME OPERATOR _value -> compare
     | NAME _IN _list -> in_
     | NAME _NOT _IN _list -> not_in
     | NAME _CONTAINS _ALL _list -> contains_all
     | NAME _CONTAINS _ANY _list -> contains_any
     | NAME _IS _EMPTY -> empty
     | NAME _IS _NOT _EMPTY -> not_empty
     | NAME _IS _DEFINED -> defined
     | NAME _IS _NOT _DEFINED -> not_defined
     | NAME _WITHIN _CIRCLE _LPAR NUMBER _COMMA NUMBER _COMMA NUMBER _RPAR -> within
     | NAME _MATCHES _IGNORE _CASE _text -> matches
_list: _LPAR _value (_COMMA _value)* _RPAR | VARIABLE
_value: STRING | NUMBER | BOOLEAN | VARIABLE
_text: STRING | VARIABLE

NAME: /[-_A-Za-z0-9]+/ | /`[^`\n]+`/
OPERATOR: "<=" | ">=" | "<>" | "!=" | "=" | "<" | ">"
STRING: /"(?:[^"\\]|\\.)*"/s
NUMBER.2: /[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![-_A-Za-z0-9.])/
BOOLEAN.2: /(?:true|false)(?![-_A-Za-z0-9])/
VARIABLE: /:[A-Za-z0-9]+/
_LPAR: "("
_RPAR: ")"
_COMMA: ","
%ignore /[ \t\r\n\f]+/
"""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
# Deeper than what a person or a program writes; Python's stack would hold some more.
_DEEPEST = 100
_NOT_PARENTHESES = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`\n]+`|[^()"`]+', re.DOTALL)


@cache
def _parser() -> Lark:
    return parser_of(_GRAMMAR, KEYWORDS)


def parse(text: str, parameter: str = "where") -> Node:
    """Return the tree of a predicate.

    Raises the platform's 400 with the position of what it cannot read; `parameter` is named in it.
    """
    from lark.exceptions import UnexpectedInput

    # Before the parser: it and all that walks the tree recurse.
    _refuse_depth(text, parameter)
    try:
        return _node(_parser().parse(text))
    except UnexpectedInput as error:
        raise syntax_error(text, error, parameter) from None


def _refuse_depth(text: str, parameter: str) -> None:
    depth = deepest = 0
    # Texts and quoted names are taken out first: parentheses in them nest nothing.
    for parenthesis in _NOT_PARENTHESES.sub("", text):
        depth += 1 if parenthesis == "(" else -1
        deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        raise malformed(parameter, f"The predicate is nested more than {_DEEPEST} levels deep.")


_GROUPS: Mapping[str, type[And | Or]] = {"or_": Or, "and_": And}


def _node(tree: Any) -> Node:
    rule, children = str(tree.data), tree.children
    if rule in _GROUPS:
        return _GROUPS[rule](tuple(_node(child) for child in children))
    if rule == "not_":
        return Not(_node(children[0]))
    name = str(children[0]).strip("`")
    if rule == "nested":
        return Nested(name, _node(children[1]))
    return _test(rule, name, children)


def _test(rule: str, name: str, children: Sequence[Token | Tree[Token]]) -> Node:
    if rule == "compare":
        operator = str(children[1])
        return Compare(name, "!=" if operator == "<>" else operator, _value(children[2]))
    if rule == "within":
        longitude, latitude, metres = (float(str(child)) for child in children[1:])
        return Within(name, longitude, latitude, metres)
    values = tuple(_value(child) for child in children[1:])
    if rule == "matches":
        return Matches(name, values[0])
    if rule in {"in_", "not_in"}:
        return In(name, values, negated=rule == "not_in")
    if rule.startswith("contains"):
        return Contains(name, values, every=rule == "contains_all")
    node_type = Empty if rule.endswith("empty") else Defined
    return node_type(name, negated=rule.startswith("not"))


def _value(token: Any) -> Value | Variable:
    text = str(token)
    if token.type == "STRING":
        return _whole(_ESCAPE.sub(_unescaped, text[1:-1]))
    if token.type == "VARIABLE":
        return Variable(text[1:])
    if token.type == "BOOLEAN":
        return text == "true"
    return _number(text)


def _unescaped(match: re.Match[str]) -> str:
    body = match[1]
    return chr(int(body[1:], 16)) if len(body) > 1 else _ESCAPES.get(body, body)


def _whole(text: str) -> str:
    """Return the text with pairs of surrogates as the letters that they stand for, and lone ones as U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") if _SURROGATE.search(text) else text


def _number(text: str) -> Value:
    # Larger integers are compared as floating-point numbers.
    if text.lstrip("+-").isdigit() and len(text) <= 19:  # noqa: PLR2004 - longer ones exceed 64 bits
        return int(text)
    return float(text)
