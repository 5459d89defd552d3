"""Tables of text, JSON and durations, shared by all reports."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["counted", "seconds_text", "table"]


_NUMBERS = (int, float, Decimal)


def table(rows: Sequence[Sequence[object]], *, header: Sequence[str] = ()) -> str:
    """Return rows as aligned columns: numbers to the right with separators, everything else to the left."""
    cells = [[_cell(value) for value in row] for row in rows]
    right = [all(type(value) in _NUMBERS for value in column) for column in zip(*rows, strict=True)]
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


def _cell(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    return f"{value:,}" if type(value) in _NUMBERS else str(value)


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 record`, `1,234 records`, `2 retries`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") else f"{number:,} {noun}s"


def seconds_text(seconds: float) -> str:
    """Return a duration for people: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:  # noqa: PLR2004 - below, tenths matter
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
