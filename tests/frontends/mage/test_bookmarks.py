"""Checkpoints as bookmarks of Mage's: what is written comes back, and never moves back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mage_integrations.sources.commercetools import Commercetools

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import instant, moment
from commercetools_source.errors import ConfigError, StateError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.keyset import KeyRange, Position
from commercetools_source.frontends.mage.bookmarks import KEY, read, written
from commercetools_source.sandbox import Sandbox

ORDERS = STREAMS["orders"]
CLIENTS = STREAMS["api_clients"]
EPOCH = datetime(2020, 1, 1, tzinfo=timezone.utc)

moments = st.integers(0, 10**12).map(lambda number: instant(EPOCH + timedelta(milliseconds=number)))
ranges = st.builds(
    KeyRange,
    field=st.just("createdAt"),
    upper=st.none() | moments,
    after=st.none() | st.builds(Position, value=moments, tie=st.text(max_size=4)),
)
states = st.builds(
    StreamState,
    cursor=st.none() | moments,
    mode=st.sampled_from([None, "full", "incremental"]),
    bound=moments,
    ranges=st.lists(ranges, max_size=3).map(tuple),
)


@given(states)
def test_a_state_comes_back_through_mage_as_it_was(state: StreamState) -> None:
    bookmark = written(StreamState(), state, ORDERS)
    assert bookmark is not None
    assert set(bookmark) == {"lastModifiedAt", KEY}
    assert read(json.loads(json.dumps(bookmark)), ORDERS) == state


@given(states, states)
def test_a_bookmark_never_moves_back(before: StreamState, after: StreamState) -> None:
    bookmark = written(before, after, ORDERS) or {}
    if before.cursor is not None:
        assert moment(bookmark["lastModifiedAt"]) >= moment(before.cursor)


@given(states, moments)
def test_a_bookmark_that_a_person_changed_counts(state: StreamState, chosen: str) -> None:
    bookmark = {**(written(StreamState(), state, ORDERS) or {}), "lastModifiedAt": chosen}
    assert read(bookmark, ORDERS).cursor == chosen


@given(states, states)
def test_newer_keys_replace_all_older_ones_when_mage_merges(old: StreamState, new: StreamState) -> None:
    merged = {**(written(StreamState(), old, ORDERS) or {}), **(written(StreamState(), new, ORDERS) or {})}
    assert read(merged, ORDERS) == new


@pytest.mark.parametrize(
    ("bookmark", "cursor"),
    [
        (None, None),
        ({}, None),
        ({"id": "00000000-0000-0000-0000-000000000000"}, None),
        ({"lastModifiedAt": None}, None),
        ({"lastModifiedAt": ""}, None),
        ({"lastModifiedAt": "2024-01-02T03:04:05.678Z"}, "2024-01-02T03:04:05.678Z"),
        ({"lastModifiedAt": "2024-01-02T03:04:05+02:00"}, "2024-01-02T01:04:05.000Z"),
        ({"lastModifiedAt": "2024-01-02 03:04:05"}, "2024-01-02T03:04:05.000Z"),
        ({"lastModifiedAt": "2024-01-02"}, "2024-01-02T00:00:00.000Z"),
    ],
)
def test_a_bookmark_that_mage_or_a_person_wrote_is_read(bookmark: dict[str, Any] | None, cursor: str | None) -> None:
    assert read(bookmark, ORDERS) == StreamState(cursor=cursor)


@pytest.mark.parametrize(
    ("bookmark", "told"),
    [
        ({"lastModifiedAt": "soon"}, "the bookmark lastModifiedAt of orders is 'soon'"),
        ({"lastModifiedAt": 7}, "is 7, which is no time"),
        ({"lastModifiedAt": None, KEY: {"format": 2}}, "format 2"),
        ({"lastModifiedAt": None, KEY: {"format": 1, "walks": 3}}, "broken"),
        ({"lastModifiedAt": None, KEY: "text"}, "broken"),
    ],
)
def test_a_bookmark_that_cannot_be_used_is_refused_with_a_sentence(bookmark: dict[str, Any], told: str) -> None:
    with pytest.raises(StateError, match=told):
        read(bookmark, ORDERS)


def test_a_stream_without_change_date_has_no_bookmark() -> None:
    assert read({"lastModifiedAt": "2024-01-02T00:00:00.000Z"}, CLIENTS) == StreamState()
    assert written(StreamState(), StreamState(cursor="2024-01-02T00:00:00.000Z"), CLIENTS) is None


@pytest.mark.parametrize(
    ("other", "told"),
    [({"project": "elsewhere"}, "of the project 'elsewhere'"), ({"stream": "orders"}, "for the stream 'orders'")],
)
def test_what_a_bookmark_of_another_read_says_is_not_counted(other: dict[str, str], told: str) -> None:
    time = "2026-01-01T00:00:00.000Z"
    bookmark = {"lastModifiedAt": time, KEY: {"format": 1, "cursor": time, **other}}
    with Sandbox(rows=()) as sandbox:  # the client logs in when it is made
        source = Commercetools(config={"region": "us-central1", "host": "gcp", **sandbox.settings()})
        with pytest.raises(ConfigError, match=told):
            source.count_records(source.discover(["customers"]).streams[0], bookmark)
