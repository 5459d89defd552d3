"""What the platform's two languages of predicates have in common: their readers, and where one stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.platform.refusals import malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lark import Lark

    from commercetools_source.errors import ApiError

__all__ = ["KEYWORDS", "line_and_column", "parser_of", "position_of", "syntax_error"]


KEYWORDS = (
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


def parser_of(grammar: str, keywords: Iterable[str]) -> Lark:
    """Return the parser of a grammar, which names each of its keywords as `_WORD`."""
    from lark import Lark

    # A keyword ends where a name could not go on, so `inStock` is a name and not `in`.
    words = "\n".join(f"_{word.upper()}.3: /{word}(?![-_A-Za-z0-9])/i" for word in keywords)
    # LALR, because the language has no ambiguity, and it is many times faster than Earley over long predicates.
    return Lark(grammar + words, parser="lalr", lexer="contextual", propagate_positions=False)


def position_of(text: str, error: Any) -> int:
    """Return where a parser stopped; behind the last letter, if the text ended too early."""
    token = getattr(error, "token", None)
    at_end = token is not None and token.type == "$END"
    return len(text) if at_end else int(error.pos_in_stream or 0)


def line_and_column(text: str, position: int) -> tuple[int, int]:
    """Return the line and the column of a letter, both from 1 on."""
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def syntax_error(text: str, error: Any, parameter: str) -> ApiError:
    """Return the 400 of a reader that works letter by letter, as the platform's does."""
    allowed = set(getattr(error, "accepts", None) or getattr(error, "allowed", None) or error.expected)
    # The platform's reader skips white space before it fails; at the end there is none.
    position = _last_match(text, position_of(text, error))
    literals = [word for word in KEYWORDS if f"_{word.upper()}" in allowed]
    if text[position : position + 1] == '"' and "STRING" in allowed:  # a text that never ends
        position, letters = len(text), ["'\"'"]
    else:
        position, letters = _furthest(text, position, literals)
    expected = letters or _called(allowed, after_name=text[:position].rstrip() == text[:position])
    problem = f"Invalid input {_shown(text[position])}" if position < len(text) else "Unexpected end of input"
    line, column = line_and_column(text, position)
    end = text.find("\n", position)
    shown = text[position - column + 1 : end if end >= 0 else len(text)]
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
