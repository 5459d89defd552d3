"""The predicates of discounts, shipping methods and approval rules: whether the platform could read one.

https://docs.commercetools.com/api/predicates/predicate-operators: another language than that of `where`, with dotted
names, functions over line items, and literals on either side. Nothing is evaluated, so no tree comes out of it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from commercetools_source.sandbox.platform.refusals import refuse
from commercetools_source.sandbox.query.syntax import line_and_column, parser_of, position_of

if TYPE_CHECKING:
    from lark import Lark

__all__ = ["refuse_unreadable"]

# A literal or a function alone is a predicate:
# https://docs.commercetools.com/api/releases/2018-03-02-improve-cart-predicate-language
_GRAMMAR = r"""
start: or_
or_: and_ (_OR and_)*
and_: unit (_AND unit)*
unit: _NOT unit
    | _LPAR or_ _RPAR
    | BOOLEAN
    | call
    | operand OPERATOR operand
    | operand _NOT? _IN list
    | operand _CONTAINS (literal | _ALL list | _ANY list)
    | operand _IS _NOT? (_EMPTY | _DEFINED)
operand: literal | path | call
call: path _LPAR or_ _RPAR
path: NAME (_DOT NAME)*
list: _LPAR literal (_COMMA literal)* _RPAR
literal: STRING | NUMBER | BOOLEAN

NAME: /[A-Za-z0-9_-]+/ | /`[^`\n]+`/
OPERATOR: "<=" | ">=" | "<>" | "!=" | "=" | "<" | ">"
STRING: /"(?:[^"\\]|\\.)*"/s
NUMBER.2: /[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![-_A-Za-z0-9.])/
BOOLEAN.2: /(?:true|false)(?![-_A-Za-z0-9])/i
_DOT: "."
_LPAR: "("
_RPAR: ")"
_COMMA: ","
%ignore /[ \t\r\n\f]+/
"""
_KEYWORDS = ("or", "and", "not", "in", "contains", "all", "any", "is", "empty", "defined")


@cache
def _parser() -> Lark:
    return parser_of(_GRAMMAR, _KEYWORDS)


def refuse_unreadable(text: str, path: str) -> None:
    """Raise the platform's 400 SyntaxError where the predicate at `path` of a request is none."""
    from lark.exceptions import UnexpectedInput

    try:
        _parser().parse(text)
    except UnexpectedInput as error:
        position = position_of(text, error)
        line, column = line_and_column(text, position)
        found = "Unexpected end of input" if position >= len(text) else f"Invalid input '{text[position]}'"
        # https://docs.commercetools.com/api/errors: SyntaxError, of which only the beginning of the message is known
        message = f"Syntax error while parsing '{path}'. {found} (line {line}, column {column})."
        raise refuse(400, "SyntaxError", message) from None
