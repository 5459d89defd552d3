"""What every command answers: one object that has the same facts for people and for programs."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod

__all__ = ["Report"]

_CONTROLS = re.compile(r"[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")
"""What steers a terminal or the direction of a text, or cannot be written, and stays as it is in JSON."""


class Report(ABC):
    """The answer of one command. It has all facts when it is made: nothing is asked of the platform to show it."""

    @abstractmethod
    def text(self) -> str:
        """Return the facts for people, without a line break at the end."""

    @abstractmethod
    def value(self) -> object:
        """Return the facts as JSON values: dicts, lists, tuples, texts, numbers, booleans and None."""

    def json(self) -> str:
        """Return the facts as one JSON document."""
        # `ensure_ascii` would make a name such as `Größe` unreadable for the people who look at it.
        text = json.dumps(self.value(), indent=2, ensure_ascii=False)
        # Only texts have such characters, and in them JSON may write any character by its number.
        return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
