"""When to repeat and how long to wait first."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.http.concurrency import ConcurrencyLimit, decrease, increase
from commercetools_source.http.retry import backoff, server_wait, wait

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "7"}, 7.0),
        (503, {"Retry-After": "7"}, 7.0),
        (429, {"Retry-After": "Fri, 02 Jan 2026 03:04:35 GMT"}, 30.0),
        (429, {"Retry-After": "Fri, 02 Jan 2026 03:00:00 GMT"}, 0.0),
        (429, {"Retry-After": "soon"}, None),
        (429, {"X-RateLimit-Reset": "12"}, 12.0),
        (429, {"RateLimit-Reset": "12"}, 12.0),
        (429, {"Retry-After": "1", "X-RateLimit-Reset": "12"}, 1.0),
        (503, {"X-RateLimit-Reset": "12"}, None),
        (200, {"X-RateLimit-Reset": "12"}, None),
        (429, {}, None),
    ],
)
def test_the_servers_wish_is_read_from_the_headers(status: int, headers: dict[str, str], seconds: float | None) -> None:
    assert server_wait(status, headers, NOW) == seconds


@given(st.integers(1, 1000), st.floats(0, 1, exclude_max=True))
def test_backoff_grows_but_never_beyond_half_a_minute(attempt: int, chance: float) -> None:
    assert 0 <= backoff(attempt, chance) <= 30
    assert backoff(attempt, chance) <= backoff(attempt + 1, chance)


def test_a_wait_the_server_asked_for_is_stretched_by_a_quarter_at_most() -> None:
    assert wait(429, {"Retry-After": "8"}, 1, 0.0, NOW) == 8.0
    assert wait(429, {"Retry-After": "8"}, 1, 0.999, NOW) < 10.0


@given(st.lists(st.booleans(), max_size=200))
def test_the_limit_stays_between_one_and_its_ceiling(overloads: list[bool]) -> None:
    limit = 8.0
    for overloaded in overloads:
        limit = decrease(limit) if overloaded else increase(limit, 20)
        assert 1.0 <= limit <= 20.0


def test_answers_to_requests_sent_before_a_halving_do_not_halve_again() -> None:
    time = iter(range(100))
    governor = ConcurrencyLimit(16, lambda: float(next(time)))
    entered = [governor.enter() for _ in range(4)]
    for one in entered:
        governor.leave(one, overloaded=True, good=False)
    assert governor.limit == 8
    later = governor.enter()
    governor.leave(later, overloaded=True, good=False)
    assert governor.limit == 4


def test_the_limit_begins_at_its_ceiling_and_after_an_overload_grows_by_one_a_round() -> None:
    time = iter(range(1000))
    governor = ConcurrencyLimit(16, lambda: float(next(time)))
    assert governor.limit == 16
    governor.leave(governor.enter(), overloaded=True, good=False)
    assert governor.limit == 8
    for _ in range(8):
        governor.leave(governor.enter(), overloaded=False, good=True)
    assert governor.limit == 8
    governor.leave(governor.enter(), overloaded=False, good=True)
    assert governor.limit == 9
