"""What `make test` tries of tables whose rows are costly; `make thorough` tries all of them."""

from __future__ import annotations

import os
from itertools import cycle, islice, product
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ALL", "covering", "some"]

ALL = "THOROUGH" in os.environ
"""Whether everything is tried."""

Row = TypeVar("Row")


def some(rows: Iterable[Row], count: int) -> list[Row]:
    """Return `count` of `rows`, from the first on at even distances; all of them in `make thorough`."""
    everything = list(rows)
    if ALL or count >= len(everything):
        return everything
    return [everything[number * len(everything) // count] for number in range(count)]


def covering(*axes: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Return combinations in which each value of each axis occurs; each combination in `make thorough`."""
    values = [list(axis) for axis in axes]
    if ALL:
        return list(product(*values))
    return list(islice(zip(*map(cycle, values), strict=False), max(map(len, values))))
