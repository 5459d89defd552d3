"""What `make test` tries of tables whose rows are costly; `make thorough` tries all of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ALL", "some"]

ALL = "THOROUGH" in os.environ
"""Whether everything is tried."""

Row = TypeVar("Row")


def some(rows: Iterable[Row], count: int) -> list[Row]:
    """Return `count` of `rows`, one out of each stretch of them; all of them in `make thorough`.

    It is the first row of the first stretch, the second of the second, and so on: of the combinations of two axes the
    first row of each would try one value of the inner axis alone.
    """
    everything = list(rows)
    if ALL or count >= len(everything):
        return everything
    length = len(everything) // count if count else 1
    return [everything[number * len(everything) // count + number % length] for number in range(count)]
