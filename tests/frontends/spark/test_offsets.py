"""Offsets cover every change once, however a read is cut into batches, and refuse what was written for another read."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.config.values import Secret
from commercetools_source.errors import StateError
from commercetools_source.extract.keyset import KeyRange, Position
from commercetools_source.extract.privacy import Privacy
from commercetools_source.extract.selection import Selection
from commercetools_source.frontends.spark.offsets import (
    Offset,
    decode,
    deletions_between,
    encode,
    range_between,
    refuse_future,
)
from commercetools_source.frontends.words import SPARK

ORDERS = STREAMS["orders"]
TIMES = [f"2026-01-01T00:00:0{second}.000Z" for second in range(9)]
POINTS = [(time, tie) for time in TIMES for tie in ("a", "b")]
OFFSETS = st.one_of(
    st.builds(Offset, st.sampled_from(TIMES), st.none(), st.sampled_from(["", TIMES[0]])),
    st.builds(Offset, st.just(TIMES[8]), st.builds(Position, st.sampled_from(TIMES[:8]), st.sampled_from("ab"))),
)
KEYS = [Secret("0123456789abcdef"), Secret("fedcba9876543210")]


def asked(**choices: Any) -> Selection:
    """Return what a read asks for, in the project "shop" unless `choices` say another."""
    return Selection(bound="", anew=SPARK.anew, **{"project": "shop", **choices})


def contains(key_range: KeyRange, point: tuple[str, str]) -> bool:
    """Whether the platform would return a record of this time and id."""
    after, until = key_range.after, key_range.until
    return (
        (key_range.lower is None or point[0] >= key_range.lower)
        and (key_range.upper is None or point[0] < key_range.upper)
        and (after is None or point > (after.value, after.tie))
        and (until is None or point <= (until.value, until.tie))
    )


def reached(offset: Offset, point: tuple[str, str]) -> bool:
    """Whether an offset says that a change is read."""
    if offset.position is not None:
        return point <= (offset.position.value, offset.position.tie)
    return point[0] < offset.bound


@given(OFFSETS)
def test_an_offset_survives_the_checkpoint(offset: Offset) -> None:
    stored = json.loads(json.dumps(encode(ORDERS, asked(), offset)))
    assert decode(ORDERS, asked(), stored) == offset


@given(st.lists(OFFSETS, min_size=1, max_size=5))
def test_batches_between_offsets_have_every_change_once(offsets: list[Offset]) -> None:
    chain = [Offset(), *sorted(offsets, key=lambda item: [reached(item, point) for point in POINTS])]
    read = [
        point
        for begin, end in itertools.pairwise(chain)
        for point in POINTS
        if contains(range_between(ORDERS, begin, end), point)
    ]
    assert sorted(read) == [point for point in POINTS if reached(chain[-1], point)]


def test_deletions_before_the_first_batch_concern_no_row() -> None:
    first = Offset(TIMES[4], None, TIMES[4])
    assert deletions_between(Offset(), first) is None
    assert deletions_between(first, Offset(TIMES[6], None, TIMES[4])) == KeyRange(
        "createdAt", "id", lower=TIMES[4], upper=TIMES[6]
    )


def test_a_first_read_in_several_batches_looks_for_no_deletions() -> None:
    halfway = Offset(TIMES[6], Position(TIMES[2], "a"), TIMES[6])
    assert deletions_between(Offset(), halfway) is None
    assert deletions_between(halfway, Offset(TIMES[6], None, TIMES[6])) is None


def test_a_read_of_deletions_alone_begins_with_the_oldest_message() -> None:
    everything = deletions_between(Offset(), Offset(TIMES[4], None, TIMES[4]), whole=True)
    assert everything is not None
    assert everything.lower == "1970-01-01T00:00:00.000Z"


def test_a_checkpoint_of_another_stream_is_refused_by_name() -> None:
    stored = encode(STREAMS["customers"], asked(), Offset(TIMES[0]))
    with pytest.raises(StateError, match=r"orders: its state was stored for the stream 'customers' .*, or read with a"):
        decode(ORDERS, asked(), stored)


@pytest.mark.parametrize(
    ("field", "before", "now", "reason"),
    [
        ("project", {}, {"project": "other"}, "what is held of it is of the project 'shop', and now"),
        *(
            ("store", {"store": held}, {"store": now}, "what is held of it is .*; set `store_key` as it was, or read")
            for held, now in (("", "berlin"), ("berlin", ""), ("berlin", "rome"))
        ),
        *(
            ("privacy", {"privacy": held}, {"privacy": now}, "its personal data were read with the choice .*, or read")
            for held, now in (
                (Privacy(), Privacy("drop")),
                (Privacy("hash", key=KEYS[0]), Privacy("hash", key=KEYS[1])),
                (Privacy("drop"), Privacy("drop", names=(("phone", "keep"),))),
                (Privacy(names=(("phone", "drop"),)), Privacy()),
            )
        ),
        *(
            ("since", {"start_date": TIMES[5]}, now, f"what is held of it begins with changes of {TIMES[5]}, and now")
            for now in ({}, {"start_date": TIMES[4]})
        ),
    ],
)
def test_a_checkpoint_of_another_choice_is_refused_and_one_that_names_none_goes_on(
    field: str, before: dict[str, Any], now: dict[str, Any], reason: str
) -> None:
    first = Offset(TIMES[6], since=before.get("start_date", ""))
    stored = encode(ORDERS, asked(**before), first)
    assert decode(ORDERS, asked(**before), stored) == first
    with pytest.raises(StateError, match=f"orders: {reason}") as refused:
        decode(ORDERS, asked(**now), stored)
    assert not [key for key in KEYS if key.reveal() in str(refused.value) + json.dumps(stored)]
    del stored[field]  # as releases before did
    assert decode(ORDERS, asked(**now), stored) == Offset(TIMES[6], since=now.get("start_date", ""))


def test_a_checkpoint_of_another_predicate_is_refused_and_one_of_an_earlier_start_goes_on() -> None:
    stored = encode(ORDERS, asked(), Offset(TIMES[6]))
    with pytest.raises(StateError, match="was read without a filter, and now it is asked for where x = 1; read with a"):
        decode(ORDERS, asked(where=(("orders", "x = 1"),)), stored)
    assert decode(ORDERS, asked(start_date=TIMES[4]), stored) == Offset(TIMES[6])


@pytest.mark.parametrize(
    "broken", [{}, None, [], {"stream": "orders", "where": "", "bound": "soon", "position": None, "deletions_from": ""}]
)
def test_a_broken_checkpoint_is_refused_with_what_to_do(broken: object) -> None:
    with pytest.raises(StateError, match="read with a new checkpoint"):
        decode(ORDERS, asked(), broken)


def test_an_offset_of_a_batch_that_lies_ahead_of_the_platform_is_refused() -> None:
    clock = "2026-01-02T03:04:05.000Z"
    before, near, ahead = "2026-01-02T00:00:00.000Z", "2026-01-02T23:00:00.000Z", "2026-01-04T00:00:00.000Z"
    for time in (before, near):
        refuse_future(Offset(time, None, before), clock)
    refuse_future(Offset(ahead), clock)  # a start date
    refuse_future(Offset(ahead, Position(before, "a"), before), clock)
    for offset in (Offset(ahead, None, before), Offset(ahead, Position(ahead, "a"), before)):
        with pytest.raises(StateError, match=f"offset is {ahead}, and the platform's clock {clock}: no change would"):
            refuse_future(offset, clock)
