"""Cutting a range in time, so that idle workers can share it. Pure functions.

Only the time axis is ever cut: the platform does not promise any order of ids as text.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from commercetools_source.catalog.timestamps import instant, moment

if TYPE_CHECKING:
    from commercetools_source.extract.keyset import KeyRange

__all__ = ["bisected", "pages_left", "spans", "split"]

_MILLISECOND = timedelta(milliseconds=1)
_LEAST_SPAN = 4
_HALVES = 2


def split(key_range: KeyRange, count: int) -> tuple[KeyRange, ...]:
    """Return what is left of `key_range` as up to `count` ranges that share no record and miss none.

    The cuts lie at equal distances between the last record delivered and the upper end. One range
    comes back where there is nothing to cut: an open end, or too few milliseconds left (records of
    one millisecond stay together).
    """
    start = key_range.after.value if key_range.after is not None else key_range.lower
    if start is None or key_range.upper is None:
        return (key_range,)
    begin = moment(start)
    # The API's timestamps have milliseconds, so nothing shorter can be cut
    # (https://docs.commercetools.com/api/types#datetime).
    milliseconds = (moment(key_range.upper) - begin) // _MILLISECOND
    count = min(count, milliseconds // _LEAST_SPAN)
    if count < _HALVES:
        return (key_range,)
    cuts = [instant(begin + _MILLISECOND * (milliseconds * index // count)) for index in range(1, count)]
    # Only the first range keeps `after`: the others lie behind it as a whole.
    first = replace(key_range, upper=cuts[0])
    later_ranges = [
        replace(key_range, lower=low, upper=high, after=None)
        for low, high in zip(cuts, [*cuts[1:], key_range.upper], strict=True)
    ]
    return (first, *later_ranges)


def pages_left(key_range: KeyRange, first: str, last: str) -> int:
    """Return how many pages are left of `key_range`, if they are as dense as the one from `first` to `last`.

    A guess for sharing work, never for completeness; 1 where nothing can be said.
    """
    if key_range.upper is None:
        return 1
    # A page of one moment has no span that something could be divided by.
    span = max(moment(last) - moment(first), _MILLISECOND)
    return max(1, math.ceil((moment(key_range.upper) - moment(last)) / span))


def bisected(key_range: KeyRange) -> tuple[KeyRange, ...]:
    """Return a range with both ends as two of about the same length, to be read from their starts; () if none fits."""
    if key_range.lower is None or key_range.upper is None:
        return ()
    begin, end = moment(key_range.lower), moment(key_range.upper)
    half = (end - begin) // _MILLISECOND // _HALVES
    if half < 1:
        return ()
    cut, anew = instant(begin + _MILLISECOND * half), replace(key_range, after=None, offset=0)
    return (replace(anew, upper=cut), replace(anew, lower=cut))


def spans(key_range: KeyRange, days: int) -> tuple[KeyRange, ...]:
    """Return a range with both ends as ranges of so many days, the last one of what is left."""
    if key_range.lower is None or key_range.upper is None:
        return (key_range,)
    begin, end = moment(key_range.lower), moment(key_range.upper)
    count = max(1, math.ceil((end - begin) / timedelta(days=days)))
    cuts = [key_range.lower, *(instant(begin + timedelta(days=days * index)) for index in range(1, count))]
    return tuple(
        replace(key_range, lower=low, upper=high) for low, high in zip(cuts, [*cuts[1:], key_range.upper], strict=True)
    )
