"""The query language of `where`: text to a tree of frozen values, and the platform's words for what it cannot read.

https://docs.commercetools.com/api/predicates/query

Knows nothing of records or types; `evaluate.py` gives the tree its meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.platform.refusals import malformed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lark import Lark, Token, Tree

    from commercetools_source.errors import ApiError

__all__ = [
    "And",
    "Compare",
    "Contains",
    "Defined",
    "Empty",
    "In",
    "Loose",
    "Matches",
    "Nested",
    "Node",
    "Not",
    "Or",
    "Value",
    "Variable",
    "Within",
    "bind",
    "parse",
]


class Loose(str):
    """A value that came as a query parameter: text, number or boolean, whatever the field is."""

    __slots__ = ()


Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Variable:
    """`:name`, filled from the query parameters `var.name`."""

    name: str


@dataclass(frozen=True, slots=True)
class And:
    """All conditions hold."""

    conditions: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one condition holds."""

    conditions: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    condition: Node


@dataclass(frozen=True, slots=True)
class Nested:
    """`field(...)`: the condition holds for the object, or for one object of the array."""

    field: str
    condition: Node


@dataclass(frozen=True, slots=True)
class Compare:
    """`field = value` and the like; `op` is one of = != < <= > >=."""

    field: str
    op: str
    value: Value | Variable


@dataclass(frozen=True, slots=True)
class In:
    """`field in (...)`, negated by `not in`."""

    field: str
    values: tuple[Value | Variable, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Contains:
    """`field contains all (...)` or `contains any (...)`."""

    field: str
    values: tuple[Value | Variable, ...]
    every: bool


@dataclass(frozen=True, slots=True)
class Empty:
    """`field is empty`: an array without items."""

    field: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Defined:
    """`field is defined`: there is a value."""

    field: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Within:
    """`field within circle(longitude, latitude, metres)`."""

    field: str
    longitude: float
    latitude: float
    metres: float


@dataclass(frozen=True, slots=True)
class Matches:
    """`field matches ignore case "text"`."""

    field: str
    text: Value | Variable


Node = And | Or | Not | Nested | Compare | In | Contains | Empty | Defined | Within | Matches

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
_KEYWORDS = (
    "or",
    "and",
    "not",
    "in",
    "contains",
    "all",
    "any",
    "is",
    "empty",
    "defined",
    "within",
    "circle",
    "matches",
    "ignore",
    "case",
)
# The platform's names for the next possible tokens, in the order of its error messages.
_CALLED = {
    "NAME": "SphereIdentifierChar",
    "OPERATOR": "comparison operator",
    **{f"_{word.upper()}": word for word in ("not", "in", "contains", "is", "within", "matches")},
    "STRING": "'\"'",
    "NUMBER": "number",
    "BOOLEAN": "boolean",
    "VARIABLE": "':'",
    "_LPAR": "'('",
    "_COMMA": "comma",
    "_RPAR": "')'",
    **{
        f"_{word.upper()}": word for word in ("and", "or", "all", "any", "empty", "defined", "circle", "ignore", "case")
    },
    "$END": "end of input",
}
_OF_VALUES = {"OPERATOR", "_NOT", "_IN", "_CONTAINS", "_IS", "_WITHIN", "_MATCHES"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_DEEPEST = 100
_NOT_PARENTHESES = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`\n]+`|[^()"`]+', re.DOTALL)


@cache
def _parser() -> Lark:
    from lark import Lark

    words = "\n".join(f"_{word.upper()}.3: /{word}(?![-_A-Za-z0-9])/i" for word in _KEYWORDS)
    return Lark(_GRAMMAR + words, parser="lalr", lexer="contextual", propagate_positions=False)


def parse(text: str, parameter: str = "where") -> Node:
    """Return the tree of a predicate.

    Raises the platform's 400 with the position of what it cannot read; `parameter` is named in it.
    """
    from lark.exceptions import UnexpectedInput

    _refuse_depth(text, parameter)
    try:
        return _node(_parser().parse(text))
    except UnexpectedInput as error:
        raise _syntax_error(text, error, parameter) from None


def _refuse_depth(text: str, parameter: str) -> None:
    depth = deepest = 0
    for parenthesis in _NOT_PARENTHESES.sub("", text):
        depth += 1 if parenthesis == "(" else -1
        deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        raise malformed(parameter, f"The predicate is nested more than {_DEEPEST} levels deep.")


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


_GROUPS: Mapping[str, type[And | Or]] = {"or_": Or, "and_": And}


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
    if text.lstrip("+-").isdigit() and len(text) <= 19:  # noqa: PLR2004 - longer ones exceed 64 bits
        return int(text)
    return float(text)


def bind(node: Node, variables: Mapping[str, Sequence[str]], parameter: str = "where") -> Node:
    """Return the tree with its variables replaced; raises a 400 that names one without a value."""
    return _Binder(variables, parameter).node(node)


@dataclass(frozen=True, slots=True)
class _Binder:
    variables: Mapping[str, Sequence[str]]
    parameter: str

    def node(self, node: Node) -> Node:
        if isinstance(node, And | Or):
            return replace(node, conditions=tuple(map(self.node, node.conditions)))
        if isinstance(node, Not | Nested):
            return replace(node, condition=self.node(node.condition))
        if isinstance(node, Compare):
            return replace(node, value=self.values((node.value,))[0])
        if isinstance(node, Matches):
            return replace(node, text=self.values((node.text,))[0])
        if isinstance(node, In | Contains):
            return replace(node, values=self.values(node.values))
        return node

    def values(self, values: tuple[Value | Variable, ...]) -> tuple[Value, ...]:
        spread: list[Value] = []
        for value in values:
            spread += map(Loose, self._given(value.name)) if isinstance(value, Variable) else (value,)
        return tuple(spread)

    def _given(self, name: str) -> Sequence[str]:
        given = self.variables.get(name)
        if not given:
            raise malformed(self.parameter, f"No value was given for the predicate variable '{name}'.")
        return given


def _syntax_error(text: str, error: Any, parameter: str) -> ApiError:
    """Return the 400 of a reader that works letter by letter, as the platform's does."""
    allowed = set(getattr(error, "accepts", None) or getattr(error, "allowed", None) or error.expected)
    token = getattr(error, "token", None)
    at_end = token is not None and token.type == "$END"
    position = len(text) if at_end else int(error.pos_in_stream or 0)
    if not at_end:
        position = _last_match(text, position)
    literals = [word for word in _KEYWORDS if f"_{word.upper()}" in allowed]
    if text[position : position + 1] == '"' and "STRING" in allowed:  # a text that never ends
        position, letters = len(text), ["'\"'"]
    else:
        position, letters = _furthest(text, position, literals)
    expected = letters or _called(allowed, after_name=text[:position].rstrip() == text[:position])
    problem = f"Invalid input {_shown(text[position])}" if position < len(text) else "Unexpected end of input"
    line = text.count("\n", 0, position) + 1
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    column = position - start + 1
    shown = text[start : end if end >= 0 else len(text)]
    message = (
        f"Syntax error while parsing '{parameter}'. {problem}, expected {_listed(expected)}"
        f" (line {line}, column {column}):\n{shown}\n{' ' * (column - 1)}^"
    )
    return malformed(parameter, message)


def _last_match(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _furthest(text: str, position: int, literals: Sequence[str]) -> tuple[int, list[str]]:
    """Return how far a keyword could be read, and the letters that would have continued one."""
    best, letters = 0, list[str]()
    for literal in literals:
        shared = 0
        while shared < len(literal) and text[position + shared : position + shared + 1].lower() == literal[shared]:
            shared += 1
        if 0 < shared < len(literal) and shared >= best:
            letters = [*(letters if shared == best else ()), f"'{literal[shared]}'"]
            best = shared
    return position + best, sorted(set(letters))


def _called(allowed: set[str], *, after_name: bool) -> list[str]:
    names = [called for terminal, called in _CALLED.items() if terminal in allowed and terminal != "_LPAR"]
    if "_LPAR" in allowed and not names:
        names = ["'('"]
    if allowed >= _OF_VALUES and after_name:
        names.insert(0, "SphereIdentifierChar")
    return names or ["end of input"]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _shown(letter: str) -> str:
    return {"\n": "'\\n'", "\t": "'\\t'", "\r": "'\\r'"}.get(letter, f"'{letter}'")
