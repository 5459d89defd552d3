"""One stream keeps all workers busy, however its records lie in time: counted in ticks, where nothing sleeps."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from simulation.crowd import PAGE, hoard, read

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR = 3_600_000
YEAR = 365 * 24 * HOUR
CHANCE = random.Random(1)  # noqa: S311 - the same crowds each time


def within(span: int, count: int, start: int = 0) -> list[int]:
    return [start + CHANCE.randrange(span) for _ in range(count)]


CROWDS = {
    "evenly over a year": (within(YEAR, 40_000), 7.0),
    "all in one hour": (within(HOUR, 40_000, YEAR // 2), 6.0),
    "most in one hour of a year": ([*within(HOUR, 40_000, YEAR // 2), *within(YEAR, 500)], 6.0),
    "most in the last second": ([*within(1000, 30_000, YEAR - 1000), *within(YEAR, 5_000)], 6.0),
    "ten thousand in one millisecond": ([YEAR // 3] * 10_000, 5.0),
    "ten thousand in one millisecond among others": ([*[YEAR // 3] * 10_000, *within(YEAR, 10_000)], 5.5),
}


@pytest.mark.parametrize(("times", "speed"), CROWDS.values(), ids=CROWDS)
def test_eight_workers_read_a_crowd_several_times_as_fast_as_one(times: Sequence[int], speed: float) -> None:
    ticks, alone = read(times, workers=8)
    assert alone / ticks >= speed


def test_no_more_is_read_ahead_than_may_wait_and_all_of_it_is_read() -> None:
    times, ahead = within(YEAR, 20_000), 100_000
    page = 150 * PAGE  # bytes of a record and its share of the page, at most
    assert ahead <= hoard(times, ahead) < ahead + page
