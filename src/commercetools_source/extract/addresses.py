"""E-mail addresses in a text that people or programs wrote. Pure functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["addresses_in", "is_whole", "unescaped"]

_NESTED = 3
"""How deep a JSON text may lie in another."""

_LONGEST = 254
"""Characters of an address (RFC 5321). Without a bound a search takes hours in a picture that is written as text."""
_LOCAL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+\Z")
_DOMAIN = re.compile(r"[\w.-]+")
_WHOLE = re.compile(r"[^@]+@[^@]+\.[^@]+|[0-9A-Fa-f]{64}")
_ASIDE = re.compile(r"[!#$%&*/=?^`{|}~]|[^\x00-\u024f]")
"""Characters that are legal in an address, and mostly stand before one: `to=ann@example.com`. Scripts without spaces
end where Latin letters begin."""
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|.|\Z)", re.DOTALL)
_CHARACTERS = {"\\/": "/", '\\"': '"', "\\\\": "\\"}


def is_whole(value: object) -> bool:
    """Return whether a value is an e-mail address or a hash of one, and not its first characters: many have those."""
    return isinstance(value, str) and _WHOLE.fullmatch(value.strip()) is not None


def addresses_in(text: str) -> Iterator[str]:
    """Yield what can be an e-mail address in a text: with and without what may stand around one."""
    # In a link each sign may be written by its code, as the plus of an address always is.
    for form in dict.fromkeys((text.replace("%40", "@"), unquote(text))):
        yield from _addresses_in(form)


def _addresses_in(text: str) -> Iterator[str]:
    for at in re.finditer("@", text):
        local = _LOCAL.search(text, max(0, at.start() - _LONGEST), at.start())
        domain = _DOMAIN.match(text, at.end(), at.end() + _LONGEST)
        if local and domain:
            last, first = _ASIDE.split(local[0])[-1], _ASIDE.split(domain[0])[0]
            # A dot ends a sentence, and a quotation mark or a dash begins a word.
            for name in dict.fromkeys((local[0], last, last.lstrip("'.-_+"))):
                yield from (f"{name}@{host}" for host in dict.fromkeys((domain[0], first, first.rstrip("._-"))))


def unescaped(text: str) -> str:
    """Return a text of JSON with its characters as they are; a JSON text within a string too."""
    for _ in range(_NESTED):
        if "\\" not in text:
            break
        text = _ESCAPE.sub(_character, text)
    return text


def _character(escape: re.Match[str]) -> str:
    if escape[1]:
        character = chr(int(escape[1], 16))
        # Half of a pair is no character of its own, nor one of an address.
        return " " if "\ud800" <= character <= "\udfff" else character
    # Line breaks and the like end a word.
    return _CHARACTERS.get(escape[0], " ")
