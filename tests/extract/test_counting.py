"""Counting a range whose total the platform does not tell to its end."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.timestamps import instant
from commercetools_source.extract.counting import CEILING, Count, count_range
from commercetools_source.extract.keyset import KeyRange

BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)
MINUTES = 30 * 24 * 60
RANGE = KeyRange("createdAt", lower=instant(BEGIN), upper=instant(BEGIN + timedelta(minutes=MINUTES)))


class Platform:
    """Records by the minute in which they were made, counted up to the ceiling where there is a predicate."""

    def __init__(self, records: dict[int, int]) -> None:
        self.records = {instant(BEGIN + timedelta(minutes=minute)): count for minute, count in records.items()}
        self.questions = 0

    def total(self, where: tuple[str, ...]) -> int:
        self.questions += 1
        if not where:
            return sum(self.records.values())
        low, high = (re.findall(rf'createdAt {sign} "([^"]+)"', where[-1])[0] for sign in (">=", "<"))
        return min(sum(count for time, count in self.records.items() if low <= time < high), CEILING)


@given(st.dictionaries(st.integers(0, MINUTES - 1), st.integers(1, CEILING - 1), max_size=30))
def test_a_range_is_counted_beyond_the_ceiling(records: dict[int, int]) -> None:
    assert count_range(Platform(records).total, RANGE) == Count(sum(records.values()), exact=True)


@given(st.integers(1, 60))
def test_no_more_questions_are_asked_than_allowed(questions: int) -> None:
    platform = Platform(dict.fromkeys(range(0, MINUTES, MINUTES // 30), 1000))
    counted = count_range(platform.total, RANGE, questions=questions)
    assert platform.questions <= questions
    assert counted is not None
    assert counted.exact == (counted.records == 30_000)


def test_a_total_without_a_predicate_is_not_capped() -> None:
    platform = Platform({1: CEILING, 2: 5})
    assert count_range(platform.total, KeyRange("id")) == Count(CEILING + 5, exact=True)
    assert platform.questions == 1


def test_records_of_one_moment_are_at_least_so_many() -> None:
    assert count_range(Platform({7: CEILING + 1}).total, RANGE) == Count(CEILING, exact=False)


def test_an_endpoint_that_does_not_count_is_told_apart_from_an_empty_one() -> None:
    assert count_range(lambda _: None, RANGE) is None
    assert count_range(lambda _: 0, RANGE) == Count(0, exact=True)
