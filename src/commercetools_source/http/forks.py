"""What must not be shared with a forked process: connections, locks, and the budget of requests under way."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PerProcess"]

T = TypeVar("T")


class PerProcess(Generic[T]):
    """A value that each process makes for itself by `make`, when it first asks for it.

    After a fork the child has copies of everything: of sockets, over which it would read the answers to its parent's
    requests, and of locks, held by threads that it does not have.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._values: dict[int, T] = {}

    def get(self) -> T:
        """Return the value of this process; any thread may call it."""
        process = os.getpid()
        value = self._values.get(process)
        if value is None:
            # No lock may guard this. Of what several threads make at once, the first is kept.
            value = self._values.setdefault(process, self._make())
            # The parent's value is let go and not closed: a thread that is only in the parent may hold its locks.
            for number in list(self._values):
                if number != process:
                    self._values.pop(number, None)
        return value

    def made(self) -> T | None:
        """Return the value of this process if there is one yet."""
        return self._values.get(os.getpid())
