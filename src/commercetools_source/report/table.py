"""Tables of text, shared by all reports."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from commercetools_source.errors import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["table"]


_NUMBERS = (int, float, Decimal)


def table(rows: Sequence[Sequence[object]], *, header: Sequence[str] = ()) -> str:
    """Return rows as aligned columns: numbers to the right with separators, everything else to the left."""
    cells = [[_cell(value) for value in row] for row in rows]
    right = [_is_numeric(column) for column in zip(*rows, strict=True)]
    if header:
        cells.insert(0, list(header))
    widths = [max(len(row[column]) for row in cells) for column in range(len(right))]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]
    if header:
        lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _is_numeric(column: Sequence[object]) -> bool:
    given = [value for value in column if value is not None]
    # `type`, because a bool is an int, and yes or no does not stand to the right.
    return bool(given) and all(type(value) in _NUMBERS for value in given)


def _cell(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    return f"{value:,}" if type(value) in _NUMBERS else printable(str(value))
