"""Stored state: what is written is what is read; nothing else is taken for it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import instant, shift
from commercetools_source.errors import StateError
from commercetools_source.extract.checkpoint import FORMAT, StreamState, begin, decode, encode, finish, fits, restore
from commercetools_source.extract.keyset import KeyRange, Position
from commercetools_source.extract.selection import Selection, conflict_with, started

times = st.datetimes(datetime(1970, 1, 1), datetime(9998, 12, 31)).map(  # noqa: DTZ001 - UTC
    lambda time: instant(time.replace(tzinfo=timezone.utc))
)
optional = st.none() | st.text()
ranges = st.builds(
    KeyRange,
    field=st.text().filter(lambda name: not name.endswith("At")),
    tie=st.text(),
    lower=optional,
    upper=optional,
    after=st.none() | st.builds(Position, st.text(), st.text()),
    offset=st.integers(0, 10_000),
    parent=st.lists(st.text(), max_size=2).map(tuple),
)
states = st.builds(
    StreamState,
    cursor=st.none() | times,
    mode=st.sampled_from([None, "full", "incremental"]),
    bound=times,
    since=st.none() | times,
    ranges=st.lists(ranges, max_size=4).map(tuple),
    quarantined=st.lists(ranges, max_size=2).map(tuple),
)


@given(states)
def test_a_state_survives_its_stored_form(state: StreamState) -> None:
    assert decode(json.loads(json.dumps(encode(state)))) == state


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({}, "does not name its format"),
        ({"format": FORMAT + 1}, f"format {FORMAT + 1}"),
        ({"format": FORMAT, "cursor": 5}, "broken"),
        ({"format": FORMAT, "walks": [{}]}, "broken"),
        ([], "list where a JSON object should be"),
        (None, "broken"),
        (7, "int where"),
        ("text", "str where"),
        ({"format": FORMAT, "cursor": "yesterday"}, "cursor 'yesterday' is no time"),
        ({"format": FORMAT, "cursor": ""}, "cursor '' is no time"),
        ({"format": FORMAT, "cursor": "0001-01-01T00:00:00.000Z"}, "a time that no run can end at"),
        ({"format": FORMAT, "cursor": "9999-12-31T23:59:59-12:00"}, "cursor .* is no time"),
        ({"format": FORMAT, "mode": "full", "bound": "soon"}, "bound 'soon' is no time"),
        ({"format": FORMAT, "mode": "full"}, "a read under way without its bound"),
        ({"format": FORMAT, "since": "x"}, "since 'x' is no time"),
        ({"format": FORMAT, "walks": [{"field": "createdAt", "lower": "x"}]}, "a range by createdAt 'x' is no time"),
        ({"format": FORMAT, "quarantined": [{"field": "createdAt", "after": {"value": "x"}}]}, "'x' is no time"),
    ],
)
def test_a_state_of_another_version_or_a_broken_one_is_refused(stored: object, message: str) -> None:
    with pytest.raises(StateError, match=f"{message}.*reset its state, or run it with --full"):
        decode(stored)
    assert re.search(message, restore(stored).broken or "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(sorted(encode(StreamState()))) | st.text(), inner),
    max_leaves=12,
)


@given(JSON, st.booleans())
def test_whatever_is_stored_a_run_goes_on_from_it_or_it_is_broken(stored: object, versioned: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    if isinstance(stored, dict) and versioned:
        stored = {**stored, "format": FORMAT}
    state = restore(stored)
    for time in (state.cursor, state.bound):
        if time is not None:
            shift(time, -86_400)
    selection = Selection(bound=shift("2024-01-01T00:00:00Z", 0))
    stream = STREAMS["orders"]
    assert state.broken is None or conflict_with(stream, state, selection) == state.broken
    fresh = started(stream, state, replace(selection, full=True), [()])
    assert (fresh.mode, fresh.broken, fresh.bound) == ("full", None, max(selection.bound, fresh.cursor or ""))


def test_a_time_that_is_written_in_another_way_is_the_same_time() -> None:
    state = decode({"format": FORMAT, "cursor": "2024-03-01T02:00:00+02:00"})
    assert state.cursor == "2024-03-01T00:00:00.000Z"


def test_rows_stay_beside_those_of_a_full_read_where_only_the_start_differs() -> None:
    state = StreamState(cursor="2026-01-01T00:00:00.000Z", stream="orders")
    for same in (state, replace(state, since="2025-01-01T00:00:00.000Z"), replace(state, stream="")):
        assert fits(same, state)
    other_parts = (replace(state, where=("a = 1",)), replace(state, store="berlin"), replace(state, privacy="drop"))
    for other in (*other_parts, replace(state, stream="carts"), replace(state, cursor=None)):
        assert not fits(other, state)


def test_what_a_full_read_says_of_deletions_it_says_up_to_its_bound_only() -> None:
    state = StreamState(mode="full", bound="c2", deletions_from="c1")
    assert finish(state).deletions_from == "c2"
    assert finish(replace(state, deletions_from=None)).deletions_from is None
    assert finish(replace(state, quarantined=(KeyRange("createdAt"),))).deletions_from == "c1"
    assert finish(replace(state, mode="incremental")).deletions_from == "c1"


def test_the_bound_of_a_complete_run_is_the_next_cursor_and_quarantine_is_read_again() -> None:
    lost = KeyRange("createdAt", lower="a", upper="b")
    state = begin(StreamState(cursor="c0", quarantined=(lost,)), "incremental", "c1", (KeyRange("lastModifiedAt"),))
    assert state.ranges == (KeyRange("lastModifiedAt"), lost)
    assert state.quarantined == ()
    assert finish(state) == StreamState(cursor="c1")
