"""Cutting a walk in time, so that idle workers can share it. Pure functions.

Only the time axis is ever cut: the platform does not promise any order of ids as text.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commercetools_source.extract.keyset import Walk

__all__ = ["instant", "moment", "pages_left", "shift", "split"]

_MILLISECOND = timedelta(milliseconds=1)
_LEAST_SPAN = 4
_HALVES = 2


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


def split(walk: Walk, parts: int) -> tuple[Walk, ...]:
    """Return what is left of `walk` as up to `parts` walks that share no record and miss none.

    The cuts lie at equal distances between the last record delivered and the upper end. One walk
    comes back where there is nothing to cut: an open end, or too few milliseconds left (records of
    one millisecond stay together).
    """
    start = walk.after.value if walk.after is not None else walk.lower
    if start is None or walk.upper is None:
        return (walk,)
    begin = moment(start)
    milliseconds = (moment(walk.upper) - begin) // _MILLISECOND
    parts = min(parts, milliseconds // _LEAST_SPAN)
    if parts < _HALVES:
        return (walk,)
    cuts = [instant(begin + _MILLISECOND * (milliseconds * part // parts)) for part in range(1, parts)]
    first = replace(walk, upper=cuts[0])
    rest = [
        replace(walk, lower=low, upper=high, after=None)
        for low, high in zip(cuts, [*cuts[1:], walk.upper], strict=True)
    ]
    return (first, *rest)


def pages_left(walk: Walk, first: str, last: str) -> int:
    """Return how many pages are left of `walk`, if they are as dense as the one from `first` to `last`.

    A guess for sharing work, never for completeness; 1 where nothing can be said.
    """
    if walk.upper is None:
        return 1
    span = max(moment(last) - moment(first), _MILLISECOND)
    return max(1, math.ceil((moment(walk.upper) - moment(last)) / span))
