"""Windows miss no record and share none, wherever the records are; connections are shared out and never exceeded."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.timestamps import instant, moment
from commercetools_source.errors import ConfigError
from commercetools_source.extract.counting import CEILING
from commercetools_source.extract.keyset import KeyRange
from commercetools_source.frontends.spark.cutting import Window, cut, threads_of

EPOCH = datetime(2024, 1, 1, tzinfo=timezone.utc)
YEAR = 366 * 86_400_000
TIMES = st.lists(st.one_of(st.integers(0, YEAR), st.integers(70_000, 70_400)), min_size=1, max_size=300)


def time_of(milliseconds: int) -> str:
    return instant(EPOCH + timedelta(milliseconds=milliseconds))


def windows_of(times: list[str], count: int) -> tuple[list[Window], int]:
    """Return the windows over records of these times, and how many ranges were counted for them."""
    whole = KeyRange("createdAt", "id", lower=min(times), upper=time_of(2 * YEAR))
    rounds = cut(whole, len(times), count)
    counts, asked = None, 0
    while True:
        try:
            ranges = next(rounds) if counts is None else rounds.send(counts)
        except StopIteration as end:
            return end.value, asked
        asked += len(ranges)
        counts = [min(CEILING, len(within(times, key_range))) for key_range in ranges]


def within(times: list[str], key_range: KeyRange) -> list[str]:
    return [time for time in times if (key_range.lower or "") <= time < (key_range.upper or "9")]


@given(TIMES, st.integers(1, 20))
def test_every_record_lies_in_exactly_one_window(milliseconds: list[int], count: int) -> None:
    times = [time_of(value) for value in milliseconds]
    windows, _ = windows_of(times, count)
    assert 1 <= len(windows) <= count
    assert sorted(time for window in windows for time in within(times, window.key_range)) == sorted(times)
    for before, after in itertools.pairwise(windows):
        assert before.key_range.upper == after.key_range.lower


@given(TIMES, st.integers(2, 8))
def test_the_counts_are_those_of_the_windows(milliseconds: list[int], count: int) -> None:
    times = [time_of(value) for value in milliseconds]
    windows, _ = windows_of(times, count)
    if len(windows) > 1:
        assert [window.records for window in windows] == [len(within(times, window.key_range)) for window in windows]


@pytest.mark.parametrize("count", [2, 4, 8])
def test_a_minute_with_most_records_is_cut_into_as_many_windows_as_it_needs(count: int) -> None:
    times = [time_of(value * 1_000_000) for value in range(1000)]
    times += [time_of(YEAR // 2 + value * 6) for value in range(10_000)]
    windows, asked = windows_of(times, count)
    sizes = [len(within(times, window.key_range)) for window in windows]
    assert len(sizes) == count
    assert max(sizes) <= 1.3 * len(times) / count
    assert asked < 600


def test_more_records_than_the_platform_counts_are_counted_in_parts() -> None:
    times = [time_of(value * 1000) for value in range(45_000)]
    windows, _ = windows_of(times, 2)
    assert [len(within(times, window.key_range)) for window in windows] == pytest.approx([22_500, 22_500], rel=0.3)


@pytest.mark.parametrize("records", [1_000_000, 30_000_000])
@pytest.mark.parametrize("in_one_hour", [0.0, 0.5])
def test_counting_takes_a_fraction_of_the_requests_of_reading(records: int, in_one_hour: float) -> None:
    begin, end = EPOCH, EPOCH + timedelta(days=1096)

    def until(time: str) -> float:
        passed = (moment(time) - begin) / (end - begin)
        hour = min(1.0, max(0.0, (moment(time) - begin - timedelta(days=700)) / timedelta(hours=1)))
        return records * ((1 - in_one_hour) * passed + in_one_hour * hour)

    def number(key_range: KeyRange) -> int:
        return round(until(key_range.upper or "") - until(key_range.lower or ""))

    rounds = cut(KeyRange("createdAt", "id", lower=instant(begin), upper=instant(end)), records, 20)
    counts, asked = None, 0
    while True:
        try:
            ranges = next(rounds) if counts is None else rounds.send(counts)
        except StopIteration as result:
            sizes = [number(window.key_range) for window in result.value]
            break
        asked += len(ranges)
        counts = [min(CEILING, number(key_range)) for key_range in ranges]
    assert asked < 0.16 * records / 500
    assert len(sizes) == 20
    assert max(sizes) < 1.2 * records / 20


def test_records_of_one_millisecond_stay_together() -> None:
    windows, _ = windows_of([time_of(5)] * 500, 4)
    assert len([window for window in windows if window.records]) == 1


@given(
    st.integers(0, 10**9),
    st.integers(1, 20),
    st.integers(1, 500),
    st.none() | st.integers(1, 200),
    st.none() | st.integers(1, 20),
    st.integers(1, 64),
)
def test_partitions_that_run_at_once_never_have_more_requests_than_allowed(
    records: int, concurrency: int, page_size: int, slots: int | None, count: int | None, cores: int
) -> None:
    try:
        threads = threads_of(records, concurrency, page_size, slots, count, cores)
    except ConfigError:
        assert count is not None
        assert count > concurrency
        return
    assert min(threads) >= 1
    at_once = len(threads) if slots is None else min(slots, len(threads))
    assert sum(sorted(threads, reverse=True)[:at_once]) <= concurrency
    assert count is None or len(threads) <= count


@pytest.mark.parametrize(
    ("slots", "count", "expected"),
    [
        (None, None, (10, 10)),  # as many as the driver has cores: all may run at once
        (2, None, (10,) * 10),  # a partition of 100,000 records each, two at once
        (3, 3, (7, 7, 6)),
        (40, None, (1,) * 20),
        (1, 1, (20,)),
    ],
)
def test_a_million_records_are_shared_out(slots: int | None, count: int | None, expected: tuple[int, ...]) -> None:
    assert threads_of(1_000_000, 20, 500, slots, count, 2) == expected


def test_too_many_partitions_are_refused_with_what_to_say() -> None:
    with pytest.raises(ConfigError, match=r"partitions is 100; it must be 20 at most.*unless `slots` says"):
        threads_of(10**6, 20, 500, None, 100, 2)
    with pytest.raises(ConfigError, match=r"as 40 may run at once \(slots\)"):
        threads_of(10**6, 20, 500, 40, 100, 2)
    assert len(threads_of(10**6, 20, 500, 4, 100, 2)) == 100
