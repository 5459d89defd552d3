"""How much memory DuckDB may use: little to begin with, and more only where a step lacks it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from commercetools_source.destinations.duckdb_engine import lacks_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import duckdb

    from commercetools_source.extract.delivery import Delivery

__all__ = ["LIMITS", "MemoryLimits", "megabytes", "with_enough"]

_Answer = TypeVar("_Answer")

LIMITS = ("150MB", "300MB", "600MB", "1200MB", "2400MB", "4800MB", "9600MB")
"""DuckDB's part of the process: to load a table, for everything else, and from there on only where that is too little.

DuckDB works on 2,048 values of a column at once, so records of 76 KB take 600 MB and records of 1 MB some gigabytes.
What it keeps of a file in memory grows up to the limit, therefore the low start.
"""
_ALWAYS = 2
_SHARE_OF_MACHINE = 0.7
_VECTOR, _COPIES = 2048, 3
"""Rows that DuckDB works on at once, and how often their values are in memory meanwhile (measured, not documented)."""
_BESIDE, _NEGLIGIBLE = 150, 20
"""Megabytes that everything else takes, and those that are among these: with 150 MB, blocks of 8 KB orders are written
out and read again while they are loaded, which doubles the time."""


class MemoryLimits:
    """The limits that a file is written with, lowest first; `enough` is the highest one that was needed yet."""

    def __init__(self, steps: Sequence[str]) -> None:
        self.steps = _affordable(steps)
        self.enough = self.steps[1]
        self._sizes: dict[str, tuple[int, int]] = {}

    def for_delivery(self, delivery: Delivery, stored_rows: Mapping[str, int]) -> list[str]:
        """Return the limits to try in turn, the lowest one that should do first.

        `stored_rows`: about how many rows each table has already.
        """
        name, count = delivery.stream.name, len(delivery.records)
        rows, size = self._sizes.get(name, (0, 0)) if not delivery.phase.first else (0, 0)
        rows, size = self._sizes[name] = (rows + count, size + delivery.size)
        # The larger of the average so far and of this delivery: a stream can become heavier in its middle.
        average = max(size / rows, delivery.size / count) if count else 0.0
        needed = average * min(max(rows, stored_rows.get(name, 0)), _VECTOR) * _COPIES / 1_000_000
        # A full read appends and needs the least; a merge looks through what is stored.
        lowest = 0 if delivery.phase.full else 1
        sufficient = next(
            (index for index, step in enumerate(self.steps) if megabytes(step) >= needed + _BESIDE),
            len(self.steps) - 1,
        )
        index = max(lowest, sufficient) if needed > _NEGLIGIBLE else lowest
        self.enough = self.steps[max(index, self.steps.index(self.enough))]
        return self.steps[index:]


def with_enough(connection: duckdb.DuckDBPyConnection, ask: Callable[[], _Answer]) -> _Answer:
    """Return what `ask` returns; it is called again with more memory, up to this machine's, where DuckDB lacks some.

    Raises what the last call raises. The connection keeps the limit that was enough.
    """
    for limit in _affordable(LIMITS)[_ALWAYS:]:
        try:
            return ask()
        except Exception as error:
            if not lacks_memory(error):
                raise
        connection.execute(f"SET memory_limit = '{limit}'")
    return ask()


def _affordable(steps: Sequence[str]) -> list[str]:
    """Return the limits among `steps` that this machine has memory for, the first two whatever it has."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not every system tells
        return list(steps)
    most = machine * _SHARE_OF_MACHINE
    return [step for index, step in enumerate(steps) if index < _ALWAYS or megabytes(step) * 1_000_000 <= most]


def megabytes(limit: str) -> int:
    """Return a limit such as "300MB" as a number."""
    return int(limit.removesuffix("MB"))
