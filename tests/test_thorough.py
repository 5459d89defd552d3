"""What is tried of costly tables is spread over them."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thorough import ALL, some

pytestmark = pytest.mark.skipif(ALL, reason="everything is tried")


@given(st.integers(0, 40), st.integers(0, 12))
def test_as_many_rows_as_asked_for_are_tried_each_once(length: int, count: int) -> None:
    tried = some(range(length), count)
    assert len(tried) == min(length, count)
    assert sorted(set(tried)) == tried


def test_of_two_axes_each_value_is_tried() -> None:
    tried = some(product("abcd", range(3)), 4)
    assert {first for first, _ in tried} == {*"abcd"}
    assert {second for _, second in tried} == {0, 1, 2}
