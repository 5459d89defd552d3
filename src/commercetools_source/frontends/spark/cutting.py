"""Cutting a stream into windows of about equally many records, by counts that somebody else asks for. Pure.

Time says little about where records are: after an import, one minute may hold half of a stream. So windows are
counted, and those that hold too much are cut again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from commercetools_source.errors import ConfigError
from commercetools_source.extract.counting import CEILING
from commercetools_source.extract.windows import split

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from commercetools_source.extract.keyset import KeyRange

__all__ = ["Window", "cut", "threads_of"]

_RECORDS = 100_000
"""Records of one partition, where many may wait for their turn: what is read again when a task fails."""
_SHARE = 4
"""Windows that make one partition: with fewer, partitions differ by more than a quarter."""
_MOST_PIECES = 16
_AIM = 0.75


@dataclass(frozen=True, slots=True)
class Window:
    """A range and about how many records it has; None: not counted yet."""

    key_range: KeyRange
    records: int | None = None


def cut(key_range: KeyRange, records: int, count: int) -> Generator[list[KeyRange], Sequence[int], list[Window]]:
    """Return `key_range` as up to `count` windows in order, which share no record and miss none.

    Yields ranges to be counted, and is sent their counts; one of `CEILING` means that or more. `records` is the count
    of the whole. Its lower and upper end must be known. Windows of a few milliseconds stay whole, however full.
    """
    if count < 2:  # noqa: PLR2004 - nothing to cut
        return [Window(key_range, records)]
    # Never above what the platform counts: a window with more could not be told from one with much more.
    largest = max(1, min(records // count // _SHARE, CEILING - 1))
    # The whole is cut at least once, because a count that a live shop gave a moment ago may be too small.
    windows = [Window(key_range, max(records, largest + 1))]
    while True:
        full = _size_of_full(windows, records)
        windows = [smaller for window in windows for smaller in _smaller(window, largest, full)]
        uncounted = [window.key_range for window in windows if window.records is None]
        if not uncounted:
            return _joined(windows, count)
        counts = iter((yield uncounted))
        windows = [
            window if window.records is not None else replace(window, records=next(counts)) for window in windows
        ]


def _size_of_full(windows: Sequence[Window], records: int) -> float:
    """Return how many records the windows have on average that have more than the platform counts."""
    counts = [window.records or 0 for window in windows]
    counted = [count for count in counts if count < CEILING]
    return (records - sum(counted)) / max(1, len(counts) - len(counted))


def _smaller(window: Window, largest: int, full: float) -> list[Window]:
    """Return a window cut into some that have to be counted, or itself if it is small enough."""
    if window.records is None or window.records <= largest:
        return [window]
    records = max(window.records, full) if window.records >= CEILING else window.records
    # Aimed a bit below the largest, so that most are small enough: each is one request.
    ranges = split(window.key_range, min(_MOST_PIECES, max(2, math.ceil(records / (_AIM * largest)))))
    return [window] if len(ranges) == 1 else [Window(smaller) for smaller in ranges]


def _joined(windows: Sequence[Window], count: int) -> list[Window]:
    """Return neighbours joined into up to `count` windows of about equally many records."""
    whole = sum(window.records or 0 for window in windows)
    joined: list[Window] = []
    passed = 0
    for window in windows:
        records = window.records or 0
        is_begun = bool(joined) and passed * count < whole * len(joined)
        # Without records it may join any neighbour: no partition is made for it alone.
        if joined and (is_begun or not records):
            last = joined[-1]
            upper = replace(last.key_range, upper=window.key_range.upper)
            # Only the upper end moves: neighbours meet there, so that no record lies between them.
            joined[-1] = Window(upper, (last.records or 0) + records)
        else:
            joined.append(Window(window.key_range, records))
        passed += records
    return joined


def threads_of(
    records: int, concurrency: int, page_size: int, slots: int | None, count: int | None, cores: int
) -> tuple[int, ...]:
    """Return how many requests each partition may have under way; there are as many partitions as numbers.

    Those that run at once never have more than `concurrency` together. How many run at once is `slots`; if nobody
    knows, all of them may, and there are as many as this machine has `cores`. `count` is how many a person wants.
    Raises ConfigError where those would exceed `concurrency`.
    """
    at_once = concurrency if slots is None else min(slots, concurrency)
    is_queueing = slots is not None and slots <= concurrency
    if count is not None and count > concurrency and not is_queueing:
        advice = "unless `slots` says how many run at once" if slots is None else f"as {slots} may run at once (slots)"
        raise ConfigError(
            f"partitions is {count}; it must be {concurrency} at most, which is how many requests may be under way"
            f" (concurrency), {advice}"
        )
    if count is None:
        # More partitions than can be read at once are safe only where it is known how many that is.
        count = min(cores, concurrency) if slots is None else at_once
        if is_queueing:
            count = max(count, math.ceil(records / _RECORDS))
    # One request brings a page: a partition of less costs as much, and a task besides.
    count = max(1, min(count, math.ceil(records / page_size)))
    at_once = min(at_once, count)
    threads, spare = divmod(concurrency, at_once)
    # What cannot be divided goes to some, if no other partition takes the place of one that has more.
    return tuple(threads + (at_once == count and index < spare) for index in range(count))
