"""Where a read goes on: predicates, order, progress."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.errors import StateError
from commercetools_source.extract.keyset import KeyRange, Position, advance, literal, predicate, sort

T = "2026-01-02T03:04:05.678Z"
U = "2026-02-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("key_range", "expected"),
    [
        (KeyRange("createdAt"), None),
        (KeyRange("createdAt", upper=U), f'createdAt < "{U}"'),
        (KeyRange("createdAt", lower=T), f'createdAt >= "{T}"'),
        (KeyRange("createdAt", lower=T, upper=U), f'createdAt >= "{T}" and createdAt < "{U}"'),
        (
            KeyRange("createdAt", lower=T, upper=U, after=Position(T, "x")),
            f'(createdAt > "{T}" or (createdAt = "{T}" and id > "x")) and createdAt < "{U}"',
        ),
        (KeyRange("name", tie="", after=Position('5" nails')), 'name > "5\\" nails"'),
        (
            KeyRange("createdAt", tie="key", after=Position(T, "k")),
            f'(createdAt > "{T}" or (createdAt = "{T}" and key > "k"))',
        ),
        (KeyRange("", tie="", offset=500), None),
    ],
)
def test_the_predicate_selects_what_is_left_of_a_walk(key_range: KeyRange, expected: str | None) -> None:
    assert predicate(key_range) == expected


def test_the_order_of_a_walk_ends_with_its_tie_break() -> None:
    assert sort(KeyRange("lastModifiedAt")) == ("lastModifiedAt asc", "id asc")
    assert sort(KeyRange("name", tie="")) == ("name asc",)
    assert sort(KeyRange("", tie="")) == ()


def test_a_walk_that_does_not_advance_is_an_error_and_not_a_loop() -> None:
    key_range = advance(KeyRange("createdAt"), Position(T, "x"), "/orders")
    assert key_range.after == Position(T, "x")
    with pytest.raises(StateError, match=r"/orders by .* no progress"):
        advance(key_range, Position(T, "x"), "/orders")


@pytest.mark.parametrize(
    "key_range", [KeyRange("createdAt", after=Position(U, "x")), KeyRange("lastModifiedAt", lower=U)]
)
def test_a_record_of_a_time_before_the_range_is_an_error(key_range: KeyRange) -> None:
    with pytest.raises(StateError, match=r"/orders by .* no progress"):
        advance(key_range, Position(T, "y"), "/orders")
    assert advance(key_range, Position(U, "y"), "/orders").after == Position(U, "y")


@pytest.mark.parametrize("field", ["name", "product.id", "createdAt"])
def test_what_only_the_platform_can_compare_is_believed(field: str) -> None:
    key_range = KeyRange(field, after=Position("b" if field != "createdAt" else U, ""))
    assert advance(key_range, Position("2026", ""), "/orders").after == Position("2026", "")


@given(st.text())
def test_no_text_can_end_its_literal(text: str) -> None:
    quoted = literal(text)
    inside = quoted[1:-1]
    unescaped = inside.replace("\\\\", "")
    assert quoted[0] == quoted[-1] == '"'
    assert '"' not in unescaped.replace('\\"', "")
    assert inside.replace('\\"', '"').replace("\\\\", "\\") == text
