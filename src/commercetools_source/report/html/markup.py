"""HTML as values: the only file that escapes. Whatever is no `Markup` yet is text, and is escaped when it gets in."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from commercetools_source.errors import readable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Markup", "data", "element", "joined", "trusted"]

_LONGEST = 1000
"""Characters of a text that a page shows: the sentences of this package are shorter, and what somebody else wrote may
be megabytes."""

_VOID = frozenset({"input", "link", "meta"})
"""Elements without an end tag (https://html.spec.whatwg.org/multipage/syntax.html#void-elements)."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


# A name of its own, so that a search for it shows each text that is not escaped.
def trusted(text: str) -> Markup:
    """Return HTML of this package's making as it is; never for what came from a project."""
    return Markup(text)


def joined(children: Iterable[object]) -> Markup:
    """Return the children one after the other; what is no Markup is escaped, None is left out."""
    return Markup("".join(_inner(child) for child in children if child is not None))


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element. `class_="x"` is its class; `_` in other names is `-`; None leaves an attribute out."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    # `<p/>` would be an open element in HTML, and all that follows would be inside of it.
    end = "" if name in _VOID else f"</{name}>"
    return Markup(f"<{name}{pairs}>{joined(children)}{end}")


def data(value: object, name: str, longest: int, instead: object) -> Markup:
    """Return a JSON document for programs; nothing in it can end its element or begin another one.

    `instead` stands for one of more than `longest` characters.
    """
    text = json.dumps(value, default=str)  # ASCII only, so that no character of another language ends a line
    if len(text) > longest:
        text = json.dumps(instead)
    # `</script>` or `<!--` would end or change the element in the middle of a text
    # (https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements).
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return element("script", Markup(text), type="application/json", id=name)


def _inner(child: object) -> str:
    if isinstance(child, Markup):
        return child
    text = str(child)
    # The sign at the end shows that something is missing, so that nobody takes the text for whole.
    return _text(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _text(value: object) -> str:
    # First what a browser would not show, such as marks of direction that turn a line around, then HTML's own signs.
    return escape(readable(str(value)))
