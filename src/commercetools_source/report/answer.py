"""What every command answers: one object that has the same facts for people and for programs."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod

__all__ = ["Report"]


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
        return json.dumps(self.value(), indent=2, ensure_ascii=False)
