"""What the functions of the public API take: one form for streams, times and destinations, checked at the call."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import moment, time_of
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.errors import ConfigError, DestinationError
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.access import inspect
from commercetools_source.sync.backfill import backfill
from commercetools_source.sync.compare import sweep, verify
from commercetools_source.sync.forget import forget
from commercetools_source.sync.plan import plan
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CALLS: dict[str, Callable[..., Any]] = {
    "pages": lambda client, **given: client.pages(**{"stream": "orders", **given}),
    "records": lambda client, **given: client.records(**{"stream": "orders", **given}),
    "sync": lambda client, **given: sync(client, "jsonl:shop", **given),
    "backfill": lambda client, **given: backfill(client, "jsonl:shop", **{"since": "2026-01-01", **given}),
    "verify": lambda client, **given: verify(client, "shop.duckdb", **given),
    "sweep": lambda client, **given: sweep(client, "shop.duckdb", **given),
    "plan": lambda client, **given: plan(client, {}, **given),
    "inspect": inspect,
}


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox(rows=rows_of("/orders", "/stores")) as sandbox:
        yield sandbox


@pytest.fixture
def client(shop: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Client]:
    monkeypatch.chdir(tmp_path)
    with Client({**shop.settings(), "settle_seconds": 0}) as client:
        yield client


@pytest.mark.parametrize("name", CALLS)
def test_a_keyword_that_does_not_exist_fails_at_the_call(client: Client, name: str) -> None:
    with pytest.raises(TypeError, match="sinc"):
        CALLS[name](client, sinc="2026-01-01")


WRONG = [
    (["pages", "records"], {"stream": "order"}, r"there is no stream 'order'\. Did you mean orders\?"),
    (["pages", "records"], {"stream": 5}, r"there is no stream 5"),
    (["pages", "records"], {"page_size": 0}, r"page_size is 0; it must be a whole number from 1 to 500"),
    (["pages", "records"], {"page_size": 501}, r"page_size is 501"),
    (["pages", "records"], {"where": " "}, "the predicate for orders is empty"),
    (["pages", "records"], {"where": 'id = "(" or a = 1) or (b = 2'}, r"orders has a \) without its \("),
    (["pages", "records"], {"stream": "project", "where": "a = 1"}, "project cannot be filtered"),
    (["pages", "records"], {"stream": "project", "since": "2026-01-01"}, "project has no change date"),
    (["pages", "records"], {"since": "2026-02-01", "until": "2026-01-01"}, "nothing can lie between"),
    (["pages", "records", "sync", "backfill", "plan"], {"since": "yesterday"}, "since is 'yesterday'; it must be a"),
    (["pages", "records", "sync", "backfill"], {"until": 5}, "until is 5; it must be a date or time"),
    (["sync", "backfill", "verify", "sweep", "plan", "inspect"], {"streams": "order"}, "no stream 'order'"),
    (["sync", "backfill", "verify", "sweep", "plan", "inspect"], {"streams": ["orders", 5]}, "no stream 5"),
    (["sync", "backfill", "verify", "sweep", "plan", "inspect"], {"streams": 5}, "no stream 5"),
    (["sync", "backfill", "verify", "sweep", "plan", "inspect"], {"streams": []}, "streams names no stream"),
    (["pages", "records"], {"stream": ["orders"]}, r"there is no stream \['orders'\]\. Streams"),
    (["pages", "records"], {"where": {"orders": "id = 1"}}, "the predicate for orders is {'orders'.* must be a text"),
    (["pages", "records"], {"where": None}, "the predicate for orders is None"),
    (["sync", "plan"], {"where": "id = 1"}, "where is 'id = 1'; it must have a value by stream"),
    (["sync", "plan"], {"where": {"orders": 5}}, "the predicate for orders is 5; it must be a text"),
    (["sync", "plan"], {"retain": "7y"}, "retain is '7y'; it must have a value by stream"),
    (["sync", "plan"], {"retain": {"orders": timedelta(days=5)}}, "retain has datetime.timedelta.* such as 400d"),
]


@pytest.mark.parametrize(
    ("name", "given", "message"), [(name, given, message) for names, given, message in WRONG for name in names]
)
def test_a_wrong_argument_is_told_at_the_call_and_nothing_is_sent_or_written(
    shop: Sandbox, client: Client, tmp_path: Path, name: str, given: dict[str, Any], message: str
) -> None:
    before = len(shop.requests)
    with pytest.raises(ConfigError, match=message):
        CALLS[name](client, **given)
    assert len(shop.requests) == before
    assert list(tmp_path.iterdir()) == []


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    "given",
    [
        {"body": object()},
        {"body": {"key": {1, 2j}}},
        {"body": {(1, 2): 3}},
        {"body": LOOP},
        {"body": 1 << 70_000},
        {"body": lambda: None},
        {"method": None},
        {"method": 5},
        {"path": 5},
        {"path": b"/orders"},
        {"url": 5},
        {"url": "https://[half"},
        {"params": 5},
        {"params": "limit=5"},
        {"params": [("limit",)]},
        {"params": [(5, 6, 7)]},
        {"params": {"where": "\ud800"}},
        {"method": "GET /orders HTTP/1.1\r\nX: y"},
    ],
)
def test_a_request_that_cannot_be_sent_is_a_sentence(shop: Sandbox, client: Client, given: dict[str, Any]) -> None:
    client.access_token()
    before = len(shop.requests)
    with pytest.raises(ConfigError):
        client.request(**{"method": "POST", "path": "/orders", **given})
    assert len(shop.requests) == before


@pytest.mark.parametrize("settings", [None, 5, "shop", ["shop"], b"shop", object()])
def test_settings_that_are_none_are_a_sentence(settings: Any) -> None:
    with pytest.raises(ConfigError, match="settings must be a mapping, such as a dict"):
        Client(settings)


@pytest.mark.parametrize("destination", [None, 5, b"shop.duckdb", object()])
@pytest.mark.parametrize("name", ["sync", "backfill", "verify", "sweep"])
def test_a_destination_that_is_none_is_a_sentence(client: Client, name: str, destination: Any) -> None:
    call = {"sync": sync, "verify": verify, "sweep": sweep, "backfill": partial(backfill, since="2026-01-01")}[name]
    with pytest.raises(ConfigError, match="destination"):
        call(client, destination)
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("destination", ["shop.duckdb", Path("shop.db"), "parquet:shop", "jsonl:shop"])
def test_only_a_run_makes_a_destination(shop: Sandbox, client: Client, destination: Any) -> None:
    before = len(shop.requests)
    calls: list[Callable[[], Any]] = [
        partial(backfill, client, destination, "2026-01-01"),
        partial(verify, client, destination),
        partial(sweep, client, destination),
        partial(forget, destination, "a-customer"),
        partial(forget, destination, "a-customer", dry_run=True),
    ]
    for call in calls:
        with pytest.raises(DestinationError, match="does not exist; run `commercetools-source sync` first"):
            call()
    assert list(Path.cwd().iterdir()) == []
    assert len(shop.requests) == before


def test_nothing_is_sent_before_the_first_page_is_asked_for(shop: Sandbox, client: Client) -> None:
    before = len(shop.requests)
    pages = client.pages("orders")
    assert len(shop.requests) == before
    assert next(pages).records


TIMES = [
    ("2026-01-31T12:30:00.123Z", "2026-01-31T12:30:00.123Z"),
    ("2026-01-31", "2026-01-31T00:00:00.000Z"),
    (date(2026, 1, 31), "2026-01-31T00:00:00.000Z"),
    (datetime(2026, 1, 31, 12, 30, 0, 123_999, timezone.utc), "2026-01-31T12:30:00.123Z"),
    (datetime(2026, 1, 31, 12, 30, tzinfo=timezone(timedelta(hours=2))), "2026-01-31T10:30:00.000Z"),
    (datetime(2026, 1, 31, 12, 30), "2026-01-31T12:30:00.000Z"),  # noqa: DTZ001 - without a zone it is UTC
]


@pytest.mark.parametrize(("given", "expected"), TIMES)
def test_a_time_may_be_a_text_a_date_or_a_datetime(given: Any, expected: str) -> None:
    assert time_of(given, "since") == expected


def test_datetimes_select_as_their_texts_do(shop: Sandbox, client: Client) -> None:
    dates = sorted(record["lastModifiedAt"] for record in shop.records("orders"))
    since, until = dates[10], dates[20]
    expected = [record["id"] for record in client.records("orders", since=since, until=until)]
    assert expected
    found = client.records("orders", since=moment(since), until=moment(until).replace(tzinfo=None))
    assert [record["id"] for record in found] == expected
    summary = sync(client, "jsonl:part", streams="orders", since=moment(since), until=moment(until))
    assert summary.records == len(expected)


@pytest.mark.parametrize("streams", ["stores", ["stores"], STREAMS["stores"], (STREAMS["stores"], "stores")])
def test_streams_may_be_one_or_several_by_name_or_row(client: Client, streams: Any) -> None:
    assert [outcome.stream for outcome in sync(client, "jsonl:shop", streams=streams).outcomes] == ["stores"]
    assert [row.stream for row in plan(client, {}, streams=streams)] == ["stores"]
    assert [row.stream for row in inspect(client, streams).streams] == ["stores"]


@pytest.mark.parametrize("destination", ["shop.duckdb", Path("shop.duckdb"), open_destination("shop.duckdb")])
def test_a_destination_may_be_a_text_a_path_or_opened_before(client: Client, destination: Any) -> None:
    assert sync(client, destination, streams="stores").complete
    assert all(verdict.equal for verdict in verify(client, destination, "stores"))
    assert [verdict.marked for verdict in sweep(client, destination, streams="stores")] == [0]
    assert backfill(client, destination, date(2020, 1, 1), streams="stores").complete
    assert Path("shop.duckdb").exists()


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.one_of(
    st.text(max_size=30),
    st.dates(),
    st.datetimes(timezones=st.none() | OFFSETS),
    st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:]{2,8}([.,][0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})?)?\Z"),
)


@given(TIMES)
def test_any_time_is_the_same_moment_in_the_form_of_the_api_or_a_sentence(value: Any) -> None:
    try:
        text = time_of(value, "since")
    except ConfigError as error:
        assert str(error).isprintable()  # noqa: PT017 - either is right
    else:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
        if isinstance(value, datetime):
            given_time = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
            assert timedelta(0) <= given_time - moment(text) < timedelta(milliseconds=1)
