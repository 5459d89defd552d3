"""Stored state: what is written is what is read; nothing else is taken for it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.errors import StateError
from commercetools_source.extract.checkpoint import FORMAT, StreamState, begin, decode, encode, finish
from commercetools_source.extract.keyset import KeyRange, Position

optional = st.none() | st.text()
ranges = st.builds(
    KeyRange,
    field=st.text(),
    tie=st.text(),
    lower=optional,
    upper=optional,
    after=st.none() | st.builds(Position, st.text(), st.text()),
    offset=st.integers(0, 10_000),
    parent=st.lists(st.text(), max_size=2).map(tuple),
)
states = st.builds(
    StreamState,
    cursor=optional,
    mode=st.sampled_from([None, "full", "incremental"]),
    bound=optional,
    ranges=st.lists(ranges, max_size=4).map(tuple),
    quarantined=st.lists(ranges, max_size=2).map(tuple),
)


@given(states)
def test_a_state_survives_its_stored_form(state: StreamState) -> None:
    assert decode(json.loads(json.dumps(encode(state)))) == state


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({}, "format None"),
        ({"format": FORMAT + 1}, f"format {FORMAT + 1}"),
        ({"format": FORMAT, "cursor": 5}, "broken"),
        ({"format": FORMAT, "walks": [{}]}, "broken"),
    ],
)
def test_a_state_of_another_version_or_a_broken_one_is_refused(stored: dict[str, object], message: str) -> None:
    with pytest.raises(StateError, match=message):
        decode(stored)


def test_the_bound_of_a_complete_run_is_the_next_cursor_and_quarantine_is_read_again() -> None:
    lost = KeyRange("createdAt", lower="a", upper="b")
    state = begin(StreamState(cursor="c0", quarantined=(lost,)), "incremental", "c1", (KeyRange("lastModifiedAt"),))
    assert state.ranges == (KeyRange("lastModifiedAt"), lost)
    assert state.quarantined == ()
    assert finish(state) == StreamState(cursor="c1")
