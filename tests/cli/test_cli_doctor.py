"""`doctor`: what it sees of the sandbox, what it says of one that is odd, and what it keeps to itself."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import changes
from commercetools_source.catalog.streams import streams_of
from commercetools_source.cli.app import run
from commercetools_source.client import Client
from commercetools_source.sync.doctor import diagnose, id_order
from middle import Exchange, Middle

if TYPE_CHECKING:
    from commercetools_source.sandbox import Sandbox


def test_a_report_has_every_stream_and_neither_data_nor_secrets(
    shop: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    before = shop.requests
    assert run(["doctor"]) == 0
    text = capsys.readouterr().out
    assert [row.name for row in streams_of(None) if f" {row.name} " not in text] == []
    assert "goes on by lastModifiedAt, id" in text
    assert "that of their stored bytes" in text
    assert "headers x-ratelimit-limit" in text
    ids = {record["id"] for stream in ("orders", "customers", "products") for record in shop.records(stream)}
    settings = shop.environment()
    hidden = [*ids, settings["CTP_PROJECT_KEY"], settings["CTP_CLIENT_ID"], settings["CTP_CLIENT_SECRET"]]
    assert [word for word in hidden if word in text] == []
    assert {request.method for request in shop.requests[len(before) :]} == {"GET", "POST"}
    assert run(["doctor", "--json", "--streams", "orders"]) == 0
    assert [row["about"] for row in json.loads(capsys.readouterr().out)["streams"]] == ["orders"]


def without_date(exchange: Exchange) -> None:
    del exchange.headers["Date"]


def without_where(target: str) -> str:
    return re.sub(r"&where=[^&]*", "", target)


def failing(exchange: Exchange) -> None:
    if exchange.target.startswith("/orders"):
        exchange.status, exchange.body = 400, b'{"statusCode": 400, "message": "of id-1", "errors": [{"code": "Odd"}]}'


@pytest.mark.parametrize(
    ("middle", "about", "text"),
    [
        ({"change": without_date}, "Date header", "3 of 3 answers without it: this machine's clock is used"),
        ({"ask": without_where}, "orders", "behind a place in the middle come other records"),
        ({"change": failing}, "orders", "fails with 400 Odd"),
    ],
    ids=["no date", "no where", "an error"],
)
def test_what_is_odd_is_seen_and_ends_with_status_1(
    shop: Sandbox,
    middle: dict[str, Any],
    about: str,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Middle(shop, **middle) as proxy:
        monkeypatch.setenv("CTP_API_URL", str(proxy.settings()["api_url"]))
        assert run(["doctor", "--streams", "orders", "--json"]) == 1
        value = json.loads(capsys.readouterr().out)
        (finding,) = [row for row in (*value["platform"], *value["streams"]) if row["about"] == about]
        assert finding["expected"] is False
        assert finding["text"].startswith(text)
        assert run(["doctor", "--streams", "orders"]) == 1
    report = capsys.readouterr().out
    assert "lines with ! are not as extraction expects" in report
    assert f"!  {about}" in report


def test_a_scope_that_is_missing_is_no_fault_of_the_platform(shop: Sandbox) -> None:
    shop.add_client("orders-only", "pass", ["view_orders"])
    with Client({**shop.settings(), "client_id": "orders-only", "client_secret": "pass"}) as client:
        diagnosis = diagnose(client, ["orders", "payments"])
    assert diagnosis.expected
    texts = [finding.text for finding in diagnosis.streams]
    assert texts == ["goes on by lastModifiedAt, id", "not readable: needs the scope view_payments"]


def test_orders_of_ids_are_told_apart() -> None:
    chance = random.Random(1)  # noqa: S311 - the same ids each time
    ids = [UUID(int=chance.getrandbits(128), version=4) for _ in range(9)]
    assert id_order([sorted(ids, key=str)]) == ["their text"]
    assert id_order([sorted(ids, key=lambda uuid: uuid.bytes[7::-1] + uuid.bytes[:7:-1])]) == ["their stored bytes"]
    assert id_order([ids]) == []


def test_a_change_history_that_is_read_by_date_and_offset_is_as_expected() -> None:
    with changes.shop(changes.journal(5, 60)) as history, Client(history.settings()) as client:
        (finding,) = diagnose(client, ["change_history"]).streams
    assert (finding.text, finding.expected) == ("answers; read by counting", None)
