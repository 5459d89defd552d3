"""Lines as wide as the terminal that shows them."""

from __future__ import annotations

import os
import re
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["fitted", "width_of"]

_PASTED = re.compile(r"next: |\S+:\S+( \S+:\S+)*$")
"""Commands and scopes: a terminal breaks a long line without a line break, so that a person can paste it."""
_QUOTED = re.compile(r"`[^`]*`")
_GAP = re.compile(r" {2,}(?=\S)")
_HANGING = 2
_NARROWEST = 24
"""Columns that a cell needs, so that breaking it makes it no harder to read."""


def width_of(out: TextIO) -> int | None:
    """Return the columns of the terminal that shows `out`; None where it is none, or does not say."""
    if not out.isatty():
        return None
    if (columns := os.environ.get("COLUMNS", "")).isdecimal():
        return int(columns) or None
    try:
        return os.get_terminal_size(out.fileno()).columns or None
    except (OSError, ValueError):  # a stream that only says that it is a terminal
        return None


def fitted(text: str, width: int | None) -> str:
    """Return `text` with its sentences broken between words at `width`; None: as it is.

    The last cell of a row goes on below itself. Rows whose other cells leave it no room stay as they are, and so do
    words without a space, and what is to be pasted.
    """
    return text if width is None else "\n".join(_fitted(line, width) for line in text.split("\n"))


def _fitted(line: str, width: int) -> str:
    if len(line) <= width or _PASTED.match(line):
        return line
    gaps = [match.end() for match in _GAP.finditer(line)]
    begin = gaps[-1] if gaps else 0
    if width - begin < _NARROWEST:
        return line
    # A command in a sentence is pasted, too.
    whole = _QUOTED.sub(lambda match: match[0].replace(" ", "\0"), line[begin:])
    indent = " " * (begin or _HANGING)
    lines = wrap(
        whole,
        width,
        initial_indent=line[:begin],
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace("\0", " ")
