"""What somebody may have meant by a name that is none of the legal ones."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["nearest", "suggestion"]

_ALIKE = 0.6
"""From here on difflib takes two words for alike: two letters exchanged, one that is missing."""


def nearest(word: str, legal: Iterable[str], cutoff: float = _ALIKE) -> str | None:
    """Return that of `legal` which `word` is most like, whatever their case; None where none is alike.

    `cutoff` is how much alike, from 0 to 1 for letter by letter.
    """
    folded = {name.casefold(): name for name in legal}
    matches = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=cutoff)
    return folded[matches[0]] if matches else None


def suggestion(word: str, legal: Iterable[str], otherwise: str = "") -> str:
    """Return the question whether the nearest of `legal` was meant, `otherwise` where none is near."""
    near = nearest(word, legal)
    return f"did you mean {near}?" if near else otherwise
