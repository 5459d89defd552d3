"""Cutting a walk in time, so that idle workers can share it. Pure functions.

Only the time axis is ever cut: the platform does not promise any order of ids as text.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commercetools_source.keyset import Walk

__all__ = ["instant", "moment", "shift", "split"]

_MILLISECOND = timedelta(milliseconds=1)
_LEAST_SPAN = 4 * _MILLISECOND


def moment(text: str) -> datetime:
    """Return the UTC time that an API timestamp (`2026-01-02T03:04:05.678Z`) names.

    Raises ValueError when `text` is no timestamp.
    """
    normal = text[:-1] + "+00:00" if text.endswith("Z") else text
    parsed = datetime.fromisoformat(normal)
    return parsed.replace(tzinfo=timezone.utc) if parsed.tzinfo is None else parsed.astimezone(timezone.utc)


def instant(time: datetime) -> str:
    """Return `time` as the API writes it: UTC, milliseconds (rounded down), `Z`."""
    utc = time.astimezone(timezone.utc)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def shift(text: str, seconds: float) -> str:
    """Return the API timestamp `seconds` after `text` (before it, when negative)."""
    return instant(moment(text) + timedelta(seconds=seconds))


def split(walk: Walk) -> tuple[Walk, Walk] | None:
    """Return what is left of `walk` as two walks that share no record and miss none.

    The cut lies half way between the last record delivered and the upper end. None where there is
    nothing to cut: an open end, or less than 4 ms left (records of one millisecond stay together).
    """
    start = walk.after.value if walk.after is not None else walk.lower
    if start is None or walk.upper is None or not walk.field:
        return None
    begin, end = moment(start), moment(walk.upper)
    if end - begin < _LEAST_SPAN:
        return None
    middle = instant(begin + (end - begin) / 2)
    return replace(walk, upper=middle), replace(walk, lower=middle, after=None)
