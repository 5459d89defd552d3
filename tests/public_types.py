"""What type checkers see of the public API; mypy checks this file in `make types`, and nothing runs it.

A name, keyword or type that changes here changes for every caller. An ignored error must be one: mypy reports those
that are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from msgspec import Raw
from typing_extensions import assert_type

import commercetools_source
from commercetools_source import (
    ApiError,
    Client,
    Config,
    Destination,
    Event,
    Hook,
    Notice,
    Outcome,
    Page,
    Problem,
    Response,
    RowsWritten,
    Secret,
    Stream,
    Summary,
    Timing,
    Traffic,
    Verdict,
    backfill,
    open_destination,
    sweep,
    sync,
    verify,
)
from commercetools_source.records import Order, Product


def requests(config: Config, hook: Hook) -> None:
    with Client(config, hook=hook) as client:
        assert_type(client, Client)
        assert_type(client.config, Config)
        assert_type(client.request("GET", "/orders", params={"limit": 1}), Any)
        assert_type(client.send("GET", "/orders"), Response)
        assert_type(client.traffic(), Traffic)
        assert_type(client.config.client_secret, Secret)
        assert_type(client.server_time(), datetime)
        assert_type(client.settled_time(), str)
        assert_type(client.granted_scopes(), tuple[str, ...])
    Client({"project_key": "shop"}, contact_seconds=5.0, access_token=Secret("of another process"), timing=Timing())
    Client(config, hok=hook)  # type: ignore[call-arg]


def pages(client: Client, stream: Stream, since: datetime, day: date) -> None:
    assert_type(client.pages("orders"), Iterator[Page])
    assert_type(client.pages(stream, where=["a = 1", "b = 2"], since=since, until=day, page_size=100), Iterator[Page])
    page = next(client.pages("orders", where="a = 1", since="2026-01-01"))
    assert_type(page.records, tuple[Raw, ...])
    assert_type(page.size, int)
    client.pages("orders", sinc=since)  # type: ignore[call-arg]
    client.pages("orders", since=5)  # type: ignore[arg-type]


def records(client: Client, stream: Stream, since: datetime, day: date, name: str) -> None:
    for order in client.records("orders", where="a = 1", since=since, until=day, page_size=5):
        assert_type(order, Order)
        assert_type(order["totalPrice"]["centAmount"], int)
        assert_type(order["lineItems"][0]["variant"].get("sku"), str | None)
        order["totalPrize"]  # type: ignore[typeddict-item]
    assert_type(next(client.records("approval_flows"))["businessUnitKey"], str)
    assert_type(client.records("products"), Iterator[Product])
    assert_type(client.records(stream), Iterator[dict[str, Any]])
    assert_type(client.records(name), Iterator[dict[str, Any]])
    client.records("orders", sinc=since)  # type: ignore[call-overload]
    client.records("orders", page_size="5")  # type: ignore[call-overload]


def frames(client: Client, stream: Stream, day: date) -> None:
    assert_type(client.arrow("orders", where="a = 1", since=day, until=day, page_size=5), pa.RecordBatchReader)
    assert_type(client.polars(stream), pl.DataFrame)
    assert_type(client.count("orders", where=["a = 1"], since=day), int)
    client.pandas("orders", until=day, page_size=5)
    client.count("orders", page_size=5)  # type: ignore[call-arg]
    client.arrow("orders", sinc=day)  # type: ignore[call-arg]
    client.pandas("orders", sinc=day)  # type: ignore[call-arg]
    client.polars("orders", sinc=day)  # type: ignore[call-arg]


def runs(client: Client, destination: Destination, stream: Stream, path: Path, hook: Hook) -> None:
    assert_type(open_destination("shop.duckdb", materialize=True), Destination)
    summary = sync(client, destination, streams=["orders", stream], full=True, since=date(2026, 1, 1), hook=hook)
    assert_type(summary, Summary)
    assert_type(summary.outcomes, tuple[Outcome, ...])
    assert_type(summary.complete, bool)
    assert_type(summary.records, int)
    assert_type(sync(client, "shop.duckdb", streams="orders", where={"orders": "a = 1"}, seconds=60), Summary)
    assert_type(commercetools_source.sync(client, path), Summary)
    assert_type(backfill(client, path, datetime(2026, 1, 1), date(2026, 2, 1), streams=stream), Summary)  # noqa: DTZ001
    assert_type(verify(client, "shop.duckdb", "orders"), tuple[Verdict, ...])
    assert_type(sweep(client, "shop.duckdb", streams=("orders",), hard_delete=True), tuple[Verdict, ...])
    sync(client, "shop.duckdb", stream="orders")  # type: ignore[call-arg]
    sync(client, 5)  # type: ignore[arg-type]


def failures(error: ApiError) -> None:
    assert_type(error.problem, Problem)
    assert_type(error.status, int)
    assert_type(error.codes, tuple[str, ...])
    assert_type(error.correlation_id, str | None)


def listen(event: Event) -> None:
    if isinstance(event, RowsWritten):
        assert_type(event.records, int)
    elif isinstance(event, Notice):
        assert_type(event.reason, str)
