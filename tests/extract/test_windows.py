"""Cutting walks in time: nothing twice, nothing missed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.timestamps import instant, moment, shift
from commercetools_source.extract.keyset import KeyRange, Position
from commercetools_source.extract.windows import pages_left, split

START = datetime(2023, 1, 1, tzinfo=timezone.utc)
times = st.integers(0, 4 * 365 * 86_400_000).map(lambda ms: START + timedelta(milliseconds=ms))


@given(times)
def test_a_timestamp_survives_writing_and_reading(time: datetime) -> None:
    assert moment(instant(time)) == time


def test_timestamps_are_written_as_the_api_writes_them() -> None:
    assert instant(datetime(2026, 1, 2, 3, 4, 5, 678_999, tzinfo=timezone.utc)) == "2026-01-02T03:04:05.678Z"
    assert instant(datetime(2026, 1, 2, 5, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-02T03:00:00.000Z"
    assert shift("2026-01-02T00:00:00.000Z", -300) == "2026-01-01T23:55:00.000Z"
    assert shift("2026-01-02T00:00:00.000Z", 0.001) == "2026-01-02T00:00:00.001Z"


@given(times, times, st.integers(1, 40))
def test_the_parts_of_a_walk_join_without_gap_or_overlap(one: datetime, other: datetime, parts: int) -> None:
    lower, upper = sorted((one, other))
    key_range = KeyRange("createdAt", upper=instant(upper), after=Position(instant(lower), "x"))
    pieces = split(key_range, parts)
    assert 1 <= len(pieces) <= max(1, parts)
    assert pieces[0].after == key_range.after
    assert pieces[-1].upper == key_range.upper
    for left, right in pairwise(pieces):
        assert left.upper == right.lower
        assert right.after is None
        assert moment(str(left.upper)) > lower
    edges = [piece.upper for piece in pieces]
    assert edges == sorted(set(edges)) or len(pieces) == 1


def test_a_walk_with_an_open_end_or_within_one_millisecond_stays_whole() -> None:
    time = "2026-01-02T00:00:00.000Z"
    for key_range in (
        KeyRange("createdAt", after=Position(time, "x")),
        KeyRange("createdAt", upper=time),
        KeyRange("createdAt", upper=shift(time, 0.001), after=Position(time, "x")),
        KeyRange("", tie="", offset=500),
    ):
        assert split(key_range, 8) == (key_range,)


def test_the_pages_left_are_guessed_from_the_density_of_the_last_page() -> None:
    key_range = KeyRange("createdAt", upper="2026-01-11T00:00:00.000Z")
    assert pages_left(key_range, "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z") == 9
    assert pages_left(key_range, "2026-01-01T00:00:00.000Z", "2026-01-10T23:59:59.999Z") == 1
    assert pages_left(KeyRange("createdAt"), "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z") == 1
