"""Partitions read one after the other are the stream, record for record, with no engine in sight."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from commercetools_source import partitions, read_partition
from commercetools_source.catalog.timestamps import instant
from commercetools_source.errors import CommercetoolsError, ConfigError, StateError
from commercetools_source.sandbox import Fault, Sandbox
from middle import Exchange, Middle, path_of
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "0123456789abcdef"
STREAMS = ["orders", "custom_objects", "approval_flows", "store_product_selection_assignments", "project", "messages"]


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox("tiny") as sandbox:
        yield sandbox


def settings(sandbox: Sandbox, **given: Any) -> dict[str, Any]:
    return {**sandbox.settings(), "settle_seconds": 0, "page_size": 20, **given}


def rows(stream: str, config: dict[str, Any], relation: str | None = None, **how: Any) -> list[dict[str, Any]]:
    pieces = pickle.loads(pickle.dumps(partitions(stream, config, **how)))  # noqa: S301 - as an engine ships them
    batches = [batch for piece in pieces for batch in read_partition(piece, config, relation=relation)]
    return [row for batch in batches for row in batch.to_pylist()]


@pytest.mark.parametrize("stream", STREAMS)
def test_all_partitions_together_are_the_stream(shop: Sandbox, stream: str) -> None:
    from commercetools_source import STREAMS as TABLE

    config = settings(shop)
    with_client = Counter(_keys(TABLE[stream].key, list(_records(config, stream))))
    read = _keys(TABLE[stream].key, rows(stream, config, slots=4, count=7))
    assert len(read) == len(set(read))
    assert set(read) == set(with_client)


def test_a_clock_that_is_wrong_is_told(shop: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    def change(exchange: Exchange) -> None:
        exchange.headers["Date"] = "Fri, 01 Jan 2100 00:00:00 GMT"

    with Middle(shop, change) as middle:
        partitions("orders", settings(shop, api_url=middle.settings()["api_url"]))
    assert "ahead of this machine's; the earlier one counts" in caplog.text


def _records(config: dict[str, Any], stream: str) -> Iterator[dict[str, Any]]:
    from commercetools_source import Client

    with Client(config) as client:
        yield from client.records(stream)


def _keys(key: tuple[str, ...], records: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(record[name] for name in key) for record in records]


def test_a_row_has_the_record_value_for_value(shop: Sandbox) -> None:
    config = settings(shop)
    by_id = {record["id"]: record for record in _records(config, "orders")}
    for row in rows("orders", config):
        record = by_id[row["id"]]
        assert row["version"] == record["version"]
        assert row["orderState"] == record["orderState"]
        assert row["createdAt"].isoformat(timespec="milliseconds") == record["createdAt"].replace("Z", "+00:00")
        assert msgspec.json.decode(row["lineItems"]) == record["lineItems"]
        assert row["_deleted_at"] is None


def test_a_stream_that_cannot_be_cut_as_asked_leaves_no_connection_unused() -> None:
    at = "2026-01-02T03:04:05.678Z"
    records = ({"id": f"{number:08x}-0000-4000-8000-000000000000", "createdAt": at} for number in range(100))
    rows_of_one_millisecond = [
        (
            "/customers",
            "",
            msgspec.json.encode({**record, "version": 1, "email": "a@example.com", "lastModifiedAt": at}),
        )
        for record in records
    ]
    with Sandbox(rows=rows_of_one_millisecond) as sandbox:
        assert [piece.threads for piece in partitions("customers", settings(sandbox), count=4)] == [20]


def test_what_fulfils_a_predicate_is_shared_out_by_its_own_number(shop: Sandbox) -> None:
    pieces = partitions("messages", settings(shop), where='resource(typeId = "order")', slots=4)
    counts = [piece.records or 0 for piece in pieces]
    messages = [record for record in _records(settings(shop), "messages") if record["resource"]["typeId"] == "order"]
    assert sum(counts) == len(messages)
    assert len(counts) == 4
    assert max(counts) < len(messages) / 2


def test_the_token_is_fetched_once_for_all_partitions() -> None:
    with Sandbox("tiny") as sandbox:
        assert len(rows("orders", settings(sandbox), slots=4)) > 100
        assert [seen.path for seen in sandbox.requests].count("/oauth/token") == 1


def test_a_token_that_expired_meanwhile_is_fetched_again() -> None:
    with Sandbox("tiny") as sandbox:
        config = settings(sandbox)
        pieces = partitions("orders", config)
        sandbox.expire_tokens()
        assert sum(batch.num_rows for piece in pieces for batch in read_partition(piece, config)) > 100


def test_columns_and_a_predicate_choose_what_is_read(shop: Sandbox) -> None:
    config = settings(shop)
    where = 'orderState = "Open"'
    pieces = partitions("orders", config, where=where)
    batches = [batch for piece in pieces for batch in read_partition(piece, config, columns=["version", "id"])]
    assert {tuple(batch.schema.names) for batch in batches} == {("version", "id")}
    expected = {record["id"] for record in _records(config, "orders") if record["orderState"] == "Open"}
    assert {row["id"] for batch in batches for row in batch.to_pylist()} == expected


def test_a_start_date_in_the_future_is_refused(shop: Sandbox) -> None:
    with pytest.raises(ConfigError, match=r"start_date is 2999-.* in the future"):
        partitions("orders", settings(shop, start_date="2999-01-01"))


def test_a_start_date_leaves_out_what_was_not_changed_since(shop: Sandbox) -> None:
    changed = sorted(record["lastModifiedAt"] for record in _records(settings(shop), "orders"))
    since = changed[len(changed) // 2]
    read = rows("orders", settings(shop, start_date=since))
    assert len(read) == sum(1 for time in changed if time >= since)


def test_a_relation_has_the_rows_of_all_partitions(shop: Sandbox) -> None:
    config = settings(shop)
    items = [item["id"] for record in _records(config, "orders") for item in record["lineItems"]]
    read = rows("orders", config, relation="order_line_items", slots=2)
    assert sorted(row["id"] for row in read) == sorted(items)
    with pytest.raises(ConfigError, match="orders has no relation 'order_lines'; it has orders, order_"):
        rows("orders", config, relation="order_lines")


def test_a_field_that_nobody_knew_is_in_unfit() -> None:
    with Sandbox("tiny") as sandbox:
        order = sandbox.records("orders")[0]
        sandbox.update("orders", order["id"], {"loyaltyTier": {"name": "gold"}})
        (row,) = [row for row in rows("orders", settings(sandbox)) if row["id"] == order["id"]]
        assert msgspec.json.decode(row["_unfit"]) == {"loyaltyTier": {"name": "gold"}}


def test_a_partition_with_a_record_that_cannot_be_served_raises() -> None:
    with Sandbox("tiny") as sandbox:
        config = settings(sandbox, retry_seconds=0)
        broken = sandbox.records("orders")[0]["id"]
        pieces = partitions("orders", config)
        sandbox.faults.add(Fault("unservable", "/orders", records=(broken,), status=500, times=None))
        with pytest.raises(CommercetoolsError, match="cannot serve 1 of its records"):
            list(chain.from_iterable(read_partition(piece, config) for piece in pieces))
        left = rows("orders", config, where=f'id != "{broken}"')
        assert len(left) == len(sandbox.records("orders")) - 1


def test_an_empty_answer_does_not_leave_a_stream_without_partitions(shop: Sandbox) -> None:
    emptied: list[str] = []

    def empty_once(exchange: Exchange) -> None:
        if path_of(exchange) == "/orders" and not emptied:
            emptied.append(exchange.target)
            exchange.body = b'{"limit":1,"offset":0,"count":0,"results":[]}'

    with Middle(shop, empty_once) as middle:
        assert len(rows("orders", middle.settings(settle_seconds=0))) == len(shop.records("orders"))


def test_answers_without_records_that_the_platform_counts_are_no_empty_stream(shop: Sandbox) -> None:
    def empty(exchange: Exchange) -> None:
        if path_of(exchange) == "/orders":
            total = json.loads(exchange.body).get("total")
            exchange.body = json.dumps({"limit": 1, "offset": 0, "count": 0, "total": total, "results": []}).encode()

    with Middle(shop, empty) as middle, pytest.raises(StateError, match="fewer records than the platform counts"):
        rows("orders", middle.settings(settle_seconds=0))


def test_rows_of_deletions_have_no_personal_data_that_a_read_leaves_out() -> None:
    from commercetools_source.extract.keyset import KeyRange
    from commercetools_source.frontends.spark.partitions import Partition

    with Sandbox(rows=rows_of("/orders", "/messages")) as own:
        begun = own.clock.now()
        order = next(record for record in own.records("orders") if record.get("customerEmail"))
        own.clock.advance(5)
        own.delete("orders", order["id"])
        span = KeyRange("createdAt", "id", lower=instant(begun), upper=instant(begun + timedelta(seconds=60)))
        piece = Partition("orders", instant(begun), (span,), kind="deletions")
        for personal, email in {"keep": order["customerEmail"], "drop": None}.items():
            (row,) = [
                row
                for batch in read_partition(piece, settings(own, personal=personal))
                for row in batch.select(["id", "customerEmail", "_deleted_at"]).to_pylist()
            ]
            assert (row["id"], row["customerEmail"]) == (order["id"], email)
            assert row["_deleted_at"] is not None


@pytest.mark.parametrize(
    ("made", "read", "reason"),
    [
        ({"personal": "drop"}, {}, "personal 'drop' and is read with 'keep'"),
        ({"personal": "hash", "hash_key": KEY}, {"personal": "hash", "hash_key": KEY[::-1]}, r"personal 'hash \(key"),
        ({}, {"store_key": "berlin"}, "store_key '' and is read with 'berlin'"),
        ({}, {"project_key": "other"}, "project_key '.*' and is read with 'other'"),
    ],
)
def test_a_worker_with_other_settings_reads_nothing(
    shop: Sandbox, made: dict[str, str], read: dict[str, str], reason: str
) -> None:
    (piece,) = partitions("orders", settings(shop, **made), count=1)
    with pytest.raises(ConfigError, match=f"this partition of orders was made with {reason}") as refused:
        next(read_partition(pickle.loads(pickle.dumps(piece)), settings(shop, **read)))  # noqa: S301 - see above
    assert KEY not in str(refused.value)
