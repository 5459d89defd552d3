"""The tap's pure parts: settings, bookmarks, selection and the lines themselves."""

from __future__ import annotations

import io
import json
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("singer_sdk")

from singer_sdk.helpers._catalog import pop_deselected_record_properties
from singer_sdk.singerlib import SelectionMask

from commercetools_source.catalog.streams import find
from commercetools_source.config import Config
from commercetools_source.config.settings import SETTINGS
from commercetools_source.errors import ConfigError, DestinationError, StateError
from commercetools_source.extract.checkpoint import StreamState, encode
from commercetools_source.extract.keyset import KeyRange, Position
from commercetools_source.frontends.settings_schema import config_schema
from commercetools_source.frontends.singer import bookmarks
from commercetools_source.frontends.singer.configuration import check_environment, config_of
from commercetools_source.frontends.singer.lines import LineWriter, envelope
from commercetools_source.frontends.singer.selection import project, tree_of
from commercetools_source.frontends.singer.streams import open_unions

if TYPE_CHECKING:
    from pathlib import Path

ORDERS, GROUPS = find("orders"), find("customer_groups")
CURSOR = "2026-01-02T03:04:05.678Z"
GOOD = {"project_key": "shop", "client_id": "me", "client_secret": "s3cret", "region": "us-central1.gcp"}


# --- settings ---


def test_the_schema_has_every_setting_and_hides_the_secrets_only() -> None:
    schema = config_schema()
    assert list(schema["properties"]) == list(SETTINGS)
    assert schema["required"] == ["project_key", "client_id", "client_secret"]
    assert [name for name, row in schema["properties"].items() if row.get("secret")] == ["client_secret", "hash_key"]
    assert schema["properties"]["page_size"]["type"] == ["integer", "null"]
    assert schema["properties"]["retry_seconds"]["type"] == ["number", "null"]
    assert all(row["description"] for row in schema["properties"].values())


def test_the_schemas_defaults_are_those_of_the_settings() -> None:
    defaults = {name: row["default"] for name, row in config_schema()["properties"].items() if "default" in row}
    assert config_of({**GOOD, **defaults}, ()) == Config.from_mapping(GOOD)


def test_the_sdks_own_settings_are_no_mistakes_but_others_are() -> None:
    assert config_of({**GOOD, "stream_maps": {}}, ["stream_maps"]).project_key == "shop"
    with pytest.raises(ConfigError, match="did you mean page_size"):
        config_of({**GOOD, "pagesize": 5}, ["stream_maps"])


def test_a_missing_setting_is_asked_for_by_the_name_that_singer_users_set() -> None:
    with pytest.raises(ConfigError, match="TAP_COMMERCETOOLS_CLIENT_ID") as caught:
        config_of({}, ())
    assert len(caught.value.problems) == 4
    assert "CTP_" not in str(caught.value)


def test_a_number_in_the_environment_that_is_none_is_named() -> None:
    check_environment({"TAP_COMMERCETOOLS_PAGE_SIZE": "250", "TAP_COMMERCETOOLS_RETRY_SECONDS": "1.5"})
    with pytest.raises(ConfigError, match="TAP_COMMERCETOOLS_PAGE_SIZE is 'many'"):
        check_environment({"TAP_COMMERCETOOLS_PAGE_SIZE": "many"})


# --- bookmarks ---

texts = st.text(max_size=5)
times = st.datetimes(min_value=datetime(2000, 1, 1)).map(  # noqa: DTZ001 - it is written as UTC
    lambda time: f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
)
ranges = st.builds(
    KeyRange,
    field=texts,
    tie=texts,
    upper=st.none() | times,
    after=st.none() | st.builds(Position, times, texts),
    offset=st.integers(0, 10_000),
    parent=st.lists(texts, max_size=2).map(tuple),
)
states = st.builds(
    StreamState,
    cursor=st.none() | times,
    mode=st.sampled_from([None, "full", "incremental"]),
    bound=times,
    ranges=st.lists(ranges, max_size=3).map(tuple),
)


@given(states, st.sampled_from([ORDERS, GROUPS]))
def test_a_state_survives_its_bookmark(state: StreamState, stream: Any) -> None:
    stored = json.loads(json.dumps(bookmarks.write(stream, state)))
    assert bookmarks.read(stream, stored) == state


def test_a_bookmark_has_what_every_singer_tool_knows() -> None:
    state = StreamState(cursor=CURSOR)
    assert bookmarks.write(ORDERS, state) == {
        "replication_key": "lastModifiedAt",
        "replication_key_value": CURSOR,
        "commercetools": encode(state),
    }
    assert bookmarks.write(GROUPS, state, version=7) == {"version": 7, "commercetools": encode(state)}


@pytest.mark.parametrize(
    "value",
    [CURSOR, "2026-01-02T03:04:05.678000+00:00", "2026-01-02T04:04:05.678+01:00", "2026-01-02 03:04:05.678"],
)
def test_the_bookmark_of_another_tap_is_taken_as_the_cursor(value: str) -> None:
    foreign = {"replication_key": "lastModifiedAt", "replication_key_value": value, "progress_markers": {"Note": "x"}}
    assert bookmarks.read(ORDERS, foreign) == StreamState(cursor=CURSOR)
    assert bookmarks.read(ORDERS, {"replication_key_value": value}) == StreamState(cursor=CURSOR)


def test_a_cursor_that_a_person_changed_wins_over_our_state() -> None:
    state = StreamState(cursor="2026-05-01T00:00:00.000Z", mode="incremental", bound="2026-06-01T00:00:00.000Z")
    bookmark = bookmarks.write(ORDERS, state)
    assert bookmarks.read(ORDERS, {**bookmark, "replication_key_value": "2026-01-01"}) == StreamState(
        cursor="2026-01-01T00:00:00.000Z"
    )


@pytest.mark.parametrize(
    ("bookmark", "words"),
    [
        ({"commercetools": {**encode(StreamState()), "format": 99}}, "orders: the stored state has format 99"),
        ({"commercetools": {"cursor": CURSOR}}, "orders: the stored state is not of commercetools-source"),
        ({"commercetools": {"format": None}}, "does not name its format"),
        ({"commercetools": {"format": "1"}}, "does not name its format"),
        ({"commercetools": {"format": 1, "walks": 3}}, "orders: the stored state is broken"),
        ({"commercetools": "yes"}, "orders: the stored state is broken"),
        ({"replication_key": "createdAt", "replication_key_value": CURSOR}, "goes by 'createdAt'"),
        ({"replication_key_value": "yesterday"}, "'yesterday'; it must be a date"),
        ({"replication_key_value": 17}, "has replication_key_value 17"),
    ],
)
def test_a_bookmark_that_cannot_be_used_is_refused_with_its_stream(bookmark: dict[str, Any], words: str) -> None:
    with pytest.raises(StateError, match=words) as caught:
        bookmarks.read(ORDERS, bookmark)
    assert "orders" in str(caught.value)


@pytest.mark.parametrize("state", [None, [], "x", {"bookmarks": []}, {"bookmarks": {"orders": 3}}])
def test_what_is_no_singer_state_is_refused(state: Any) -> None:
    with pytest.raises(StateError):
        bookmarks.bookmarks_in(state)


# --- selection ---

names = st.sampled_from(["a", "b", "c", "properties"])
values = st.recursive(
    st.none() | st.integers(-5, 5) | st.text(max_size=3) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=4),
    max_leaves=8,
)
records = st.dictionaries(names, values, max_size=4)
crumbs = st.lists(names, min_size=1, max_size=3).map(
    lambda path: tuple(part for name in path for part in ("properties", name))
)
# A mask as the SDK resolves it: what is deselected stays so in everything below it.
masks = st.lists(crumbs, max_size=4).map(
    lambda deselected: SelectionMask({(): True, **dict.fromkeys(deselected, False)})
)


@given(records, masks)
def test_what_is_deselected_leaves_the_record_as_in_the_sdk(record: dict[str, Any], mask: SelectionMask) -> None:
    ours = msgspec.json.decode(project(msgspec.Raw(json.dumps(record).encode()), tree_of(mask)))
    pop_deselected_record_properties(record, {}, mask)
    assert ours == record


def test_what_stays_is_copied_byte_by_byte() -> None:
    record = msgspec.Raw(b'{"id":"x","price":1.10,"big":12345678901234567890.123,"custom":{"a":1.50,"b":2},"gone":[1]}')
    tree = tree_of(
        {(): True, ("properties", "gone"): False, ("properties", "custom", "properties", "b"): False},
    )
    kept = b'{"id":"x","price":1.10,"big":12345678901234567890.123,"custom":{"a":1.50}}'
    assert bytes(project(record, tree)) == kept


def test_a_tree_is_empty_when_everything_is_selected() -> None:
    assert tree_of({(): True, ("properties", "id"): True}) == {}


# --- lines ---


class Binary:
    """A standard output whose binary side can be read back, or that nobody reads."""

    def __init__(self, *, broken: bool = False) -> None:
        self.buffer = Unread() if broken else io.BytesIO()


class Unread(io.BytesIO):
    """A binary output that nobody reads."""

    def write(self, _lines: Any) -> int:
        raise BrokenPipeError


@given(
    st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=30), max_size=3), max_size=40),
    st.integers(0, 9000),
    st.none() | st.integers(0, 2**40),
)
def test_every_record_is_one_line_whatever_its_size(
    plain: list[dict[str, str]], longest: int, version: int | None
) -> None:
    # Lines are written in slices: the records of one list reach over several, and one record over a whole slice.
    plain = [{**record, "long": "x" * (longest * number)} for number, record in enumerate(plain)]
    out = Binary()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        head, tail = envelope('or"ders', "2026-01-01T00:00:00+00:00", version)
        LineWriter().write_records(head, tail, [msgspec.Raw(msgspec.json.encode(one)) for one in plain])
    lines = out.buffer.getvalue().split(b"\n")
    assert lines.pop() == b""
    messages = [json.loads(line) for line in lines]
    assert [message["record"] for message in messages] == plain
    for message in messages:
        assert message["type"] == "RECORD"
        assert message["stream"] == 'or"ders'
        assert message.get("version") == version
        assert message["time_extracted"] == "2026-01-01T00:00:00+00:00"


class Reluctant(io.RawIOBase):
    """A raw output that takes a few bytes at a time, and now and then none, as one that signals interrupt."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.taken = b""
        self.turn = 0

    def fileno(self) -> int:
        return self.place

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int | None:
        self.turn += 1
        if self.turn % 5 == 0:
            return None
        self.taken += bytes(piece[: self.turn])
        return min(len(piece), self.turn)


def test_what_an_output_does_not_take_at_once_is_written_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "ready").open("wb") as ready:
        out = Reluctant(ready.fileno())
        monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=out))
        LineWriter().write_records(b"{", b"}\n", [msgspec.Raw(b"%d" % number) for number in range(1000)])
    assert out.taken.split() == [b"{%d}" % number for number in range(1000)]


def test_an_output_that_nobody_reads_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", Binary(broken=True))
    with pytest.raises(DestinationError, match="the next run goes on"):
        LineWriter().write_records(b"{", b"}\n", [msgspec.Raw(b"{}")])


def test_a_value_of_several_kinds_is_described_by_its_kinds_only() -> None:
    inner = {"at": {"type": ["null", "string"], "format": "date-time"}}
    mixed = {"type": ["null", "object", "string"], "properties": inner}
    plain = {"type": ["null", "object"], "properties": inner, "additionalProperties": True}
    schema = {"type": "object", "properties": {"a": mixed, "b": plain, "type": plain}, "required": ["a"]}
    assert open_unions(schema) == {
        **schema,
        "properties": {"a": {"type": ["null", "object", "string"]}, "b": plain, "type": plain},
    }
