"""Answers that no honest platform sends, through whole runs: no row is lost without a word, and other streams go on."""

from __future__ import annotations

import json
import shutil
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.destinations.jsonl import Jsonl
from commercetools_source.errors import RecordError, UndecodableError
from commercetools_source.events import Event, RecordQuarantined, RowsWritten
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.plan import plan
from commercetools_source.sync.run import sync
from middle import Exchange, Middle, path_of
from patience import Jumps
from runs import counts, newest, run
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHILDREN = [
    "custom_objects",
    "product_selection_products",
    "store_product_selection_assignments",
    "approval_rules",
    "approval_flows",
]
BELOW = ("/custom-objects/", "/product-selections/", "/in-store/", "/as-associate/")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def html(exchange: Exchange) -> None:
    exchange.status, exchange.headers["Content-Type"], exchange.body = 404, "text/html", b"<h1>no such route</h1>"


def silent(exchange: Exchange) -> None:
    exchange.status, exchange.body = 404, b""


def imitated(exchange: Exchange) -> None:
    exchange.status = 404
    exchange.body = b'{"statusCode":404,"message":"no","errors":[{"code":"ResourceNotFound","message":"no"}]}'


def forbidden(exchange: Exchange) -> None:
    exchange.status = 403
    exchange.body = b'{"statusCode":403,"message":"no","errors":[{"code":"AssociateMissingPermission"}]}'


@pytest.mark.few(2)
@pytest.mark.parametrize("answer", [html, silent, imitated, forbidden])
def test_an_error_below_a_parent_that_is_there_empties_no_table(
    sandbox: Sandbox, tmp_path: Path, answer: Callable[[Exchange], None]
) -> None:
    path = tmp_path / "shop"
    with Middle(sandbox) as middle:
        assert run(middle, path, CHILDREN).complete
        before = counts(path, CHILDREN)
        assert min(before.values()) > 0

        def change(exchange: Exchange) -> None:
            if exchange.target.startswith(BELOW):
                answer(exchange)

        middle.change = change
        outcomes = run(middle, path, CHILDREN).outcomes
        assert [outcome.error is None for outcome in outcomes] == [False] * len(CHILDREN)
        assert counts(path, CHILDREN) == before
        if answer is forbidden:
            assert all("role" in str(outcome.error) for outcome in outcomes)
            assert not any("scope" in str(outcome.error) for outcome in outcomes)
        middle.change = lambda _: None
        assert run(middle, path, CHILDREN).complete
        assert counts(path, CHILDREN) == before


def test_a_parent_that_is_gone_since_it_was_listed_takes_its_children_along(sandbox: Sandbox, tmp_path: Path) -> None:
    gone = sandbox.records("product_selections")[0]["id"]

    def change(exchange: Exchange) -> None:
        if path_of(exchange).startswith(f"/product-selections/{gone}/"):
            imitated(exchange)
        elif path_of(exchange) == "/product-selections" and f"id%20%3D%20%22{gone}" in exchange.target:
            exchange.body = b'{"limit":1,"offset":0,"count":0,"total":0,"results":[]}'

    with Middle(sandbox, change) as middle:
        assert run(middle, tmp_path / "shop", ["product_selection_products"]).complete


# Up to Python 3.11 the recursion limit counts for C as well; from 3.12 on such a record is read like any other.
TOO_DEEP = 1_500 if sys.version_info < (3, 12) else 200_000
BROKEN = {
    "half a surrogate pair": (b'"orderNumber":"', b'"orderNumber":"\\ud83d half of a pair '),
    "a byte that is no UTF-8": (b'"orderNumber":"', b'"orderNumber":"\xff'),
    "a key that is no UTF-8": (b'"orderNumber":"', b'"\xc3":1,"orderNumber":"'),
    "a control character": (b'"orderNumber":"', b'"orderNumber":"\x01'),
    "no number": (b'"orderNumber":"', b'"odd":NaN,"orderNumber":"'),
    "lists too deep": (b'"orderNumber":"', b'"odd":' + b"[" * TOO_DEEP + b"]" * TOO_DEEP + b',"orderNumber":"'),
    "200,000 levels": (
        b'"orderNumber":"',
        b'"odd":' + b'{"a":' * 200_000 + b"1" + b"}" * 200_000 + b',"orderNumber":"',
    ),
}


@pytest.mark.few(7)
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("neighbours", [1, 2])
def test_a_record_that_nobody_can_decode_is_named_and_costs_no_other(
    sandbox: Sandbox, tmp_path: Path, broken: tuple[bytes, bytes], neighbours: int
) -> None:
    orders = sorted(sandbox.records("orders"), key=lambda row: (row["createdAt"], row["id"]))
    numbers = [order["orderNumber"].encode() for order in orders[40 : 40 + neighbours]]

    def change(exchange: Exchange) -> None:
        if path_of(exchange) == "/orders":
            for number in numbers:
                exchange.body = exchange.body.replace(broken[0] + number, broken[1] + number)

    path, events = tmp_path / "shop", []
    with Middle(sandbox, change) as middle:
        orders_outcome, zones = run(middle, path, ["orders", "zones"], events, page_size=50).outcomes
        assert orders_outcome.error is None, orders_outcome.error
        assert orders_outcome.quarantined == neighbours
        assert zones.complete
        assert counts(path, ["orders"]) == {"orders": len(orders) - neighbours}
        told = [event.records for event in events if isinstance(event, RecordQuarantined)]
        assert sum(told) == orders_outcome.quarantined
        middle.change = lambda _: None
        assert run(middle, path, ["orders", "zones"]).complete
        assert counts(path, ["orders"]) == {"orders": len(orders)}


def test_a_parent_that_nobody_can_decode_costs_none_of_its_children(sandbox: Sandbox, tmp_path: Path) -> None:
    def change(exchange: Exchange) -> None:
        if path_of(exchange) in {"/product-selections", "/stores"}:
            exchange.body = exchange.body.replace(b'"name":{', b'"name":{"en-XX":"\xff",')

    children = ["product_selection_products", "store_product_selection_assignments"]
    with Middle(sandbox, change) as middle:
        selections, *outcomes = run(middle, tmp_path / "shop", ["product_selections", *children]).outcomes
    assert selections.quarantined == len(sandbox.records("product_selections")) > 1
    assert [outcome.error for outcome in outcomes] == [None, None]
    with Middle(sandbox) as middle:
        assert run(middle, tmp_path / "whole", children).complete
    assert counts(tmp_path / "shop", children) == counts(tmp_path / "whole", children)


NEGATIVE = b'{"limit":-3,"offset":0,"count":-1,"total":-5,"results":[]}'
BODIES = [
    NEGATIVE,
    b"{}",
    b"[]",
    b"null",
    b'{"results":{}}',
    b'{"results":[null,null]}',
    b'{"results":5}',
    b'"x"',
    b"",
    b"{",
]


@pytest.mark.few(10)
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_that_is_no_page_ends_its_stream_only(
    sandbox: Sandbox, tmp_path: Path, body: bytes, status: int
) -> None:
    def change(exchange: Exchange) -> None:
        if path_of(exchange) == "/orders" or path_of(exchange) == "/custom-objects":
            exchange.status, exchange.body = status, body

    with Middle(sandbox, change) as middle:
        orders, objects, zones = run(middle, tmp_path / "shop", ["orders", "custom_objects", "zones"]).outcomes
    assert zones.complete
    assert not orders.complete
    assert not objects.complete


@pytest.mark.parametrize("name", ["count", "limit", "total"])
def test_what_is_no_number_of_records_is_named_and_blames_no_record(
    sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    events: list[Event] = []
    zones = len(sandbox.records("zones"))
    for value in ('"5"', '"many"', "true", "-1", "1.5", "[]", '{"a": 1}'):
        path = tmp_path / "shop"
        shutil.rmtree(path, ignore_errors=True)

        def change(exchange: Exchange, value: str = value) -> None:
            body = json.loads(exchange.body)
            if path_of(exchange) == "/zones" and name in body:
                exchange.body = json.dumps({**body, name: json.loads(value)}).encode()

        with Middle(sandbox, change) as middle:
            (outcome,) = run(middle, path, ["zones"], events, page_size=3).outcomes
            assert outcome.error == f"answers of /zones have the {name} {value}{NO_NUMBER}"
            assert outcome.quarantined == 0
            middle.change = lambda _: None
            assert run(middle, path, ["zones"]).complete
        assert counts(path, ["zones"]) == {"zones": zones}
    assert [event for event in events if isinstance(event, RecordQuarantined)] == []


@pytest.mark.parametrize("rest", ["", ',"total":"0"', ',"total":true', ',"total":-2'])
def test_an_empty_list_of_containers_is_believed_with_a_count_only(sandbox: Sandbox, tmp_path: Path, rest: str) -> None:
    def change(exchange: Exchange) -> None:
        if path_of(exchange).startswith("/custom-objects"):
            exchange.body = f'{{"results":[]{rest}}}'.encode()

    with Middle(sandbox, change) as middle:
        (outcome,) = run(middle, tmp_path / "shop", ["custom_objects"]).outcomes
    assert not outcome.complete


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e9999999999", "1" * 400])
def test_a_number_that_no_float_holds_is_read_as_it_was_written(sandbox: Sandbox, number: str) -> None:
    def change(exchange: Exchange) -> None:
        exchange.body = exchange.body.replace(b'"name":"', b'"odd":%s,"name":"' % number.encode())

    with Middle(sandbox, change) as middle, Client(middle.settings(), timing=Jumps().timing) as client:
        records = list(client.records("zones"))
    assert len(records) == len(sandbox.records("zones"))
    assert all(Decimal(record["odd"]) == Decimal(number) for record in records)


def test_a_number_of_more_digits_than_anybody_reads_is_a_sentence(sandbox: Sandbox) -> None:
    def change(exchange: Exchange) -> None:
        exchange.body = exchange.body.replace(b'"name":"', b'"odd":%s,"name":"' % (b"9" * 5000))

    with (
        Middle(sandbox, change) as middle,
        Client(middle.settings(), timing=Jumps().timing) as client,
        pytest.raises(UndecodableError, match="a record cannot be read"),
    ):
        list(client.records("zones"))


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_record_that_nobody_can_decode_is_no_matter_of_a_forecast(
    sandbox: Sandbox, broken: tuple[bytes, bytes]
) -> None:
    def change(exchange: Exchange) -> None:
        exchange.body = exchange.body.replace(*broken)

    with Middle(sandbox, change) as middle, Client(middle.settings(), timing=Jumps().timing) as client:
        orders, zones = plan(client, {}, streams=["orders", "zones"])
    assert (orders.records, orders.note) == (len(sandbox.records("orders")), "")
    assert zones.records == len(sandbox.records("zones"))


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_answer_that_is_no_count_costs_a_forecast_its_stream_only(
    sandbox: Sandbox, body: bytes, status: int
) -> None:
    def change(exchange: Exchange) -> None:
        if path_of(exchange) in {"/orders", "/custom-objects"}:
            exchange.status, exchange.body = status, body

    jumps = Jumps()
    with Middle(sandbox, change) as middle, Client(middle.settings(), timing=jumps.timing) as client:
        orders, objects, zones = plan(client, {}, streams=["orders", "custom_objects", "zones"])
    assert orders.records is objects.records is None
    assert "/orders" in orders.note
    assert "/custom-objects" in objects.note
    assert zones.records == len(sandbox.records("zones"))


NO_NUMBER = ", which is no number of records; look for a proxy or gateway that changes requests or answers"
ODD_TOTALS = ('"5"', '"many"', "true", "-1", "1.5", "[]")


@pytest.mark.parametrize("value", ODD_TOTALS)
def test_a_forecast_names_a_total_that_is_no_number_of_records(sandbox: Sandbox, value: str) -> None:
    def change(exchange: Exchange) -> None:
        if path_of(exchange) in {"/orders", "/custom-objects", "/stores"}:
            exchange.body = json.dumps({**json.loads(exchange.body), "total": json.loads(value)}).encode()

    names = ["orders", "custom_objects", "stores", "store_product_selection_assignments", "zones"]
    jumps = Jumps()
    with Middle(sandbox, change) as middle, Client(middle.settings(), timing=jumps.timing) as client:
        *odd, zones = plan(client, {}, streams=names)
        asked = [target.partition("?")[0] for target in middle.targets]
    for forecast, path in zip(odd, ("/orders", "/custom-objects", "/stores", "/stores"), strict=True):
        assert forecast.records is None
        assert forecast.note == f"answers of {path} have the total {value}{NO_NUMBER}"
    assert asked.count("/orders") == 1  # asked again it would say the same
    assert zones.records == len(sandbox.records("zones"))


def test_a_forecast_says_that_an_answer_has_no_total(sandbox: Sandbox) -> None:
    def change(exchange: Exchange) -> None:
        if path_of(exchange) == "/orders":
            exchange.body = json.dumps({**json.loads(exchange.body), "total": None}).encode()

    with Middle(sandbox, change) as middle, Client(middle.settings(), timing=Jumps().timing) as client:
        orders, zones = plan(client, {}, streams=["orders", "zones"])
    assert orders.records is None
    assert orders.note == (
        "answers of /orders have no total, so that nobody can tell how much there is to read;"
        " look for a proxy or gateway that changes requests or answers"
    )
    assert zones.records == len(sandbox.records("zones"))


@pytest.mark.parametrize("value", ODD_TOTALS)
@pytest.mark.parametrize("name", ["count", "total"])
def test_a_list_of_containers_names_what_is_no_number_of_records(
    sandbox: Sandbox, tmp_path: Path, name: str, value: str
) -> None:
    def change(exchange: Exchange) -> None:
        body = json.loads(exchange.body)
        if path_of(exchange) == "/custom-objects" and name in body:
            exchange.body = json.dumps({**body, name: json.loads(value)}).encode()

    with Middle(sandbox, change) as middle:
        (outcome,) = run(middle, tmp_path / "shop", ["custom_objects"]).outcomes
    assert outcome.error == f"answers of /custom-objects have the {name} {value}{NO_NUMBER}"


ERRORS = [
    b'{"errors":5}',
    b'{"errors":[5,null]}',
    b'{"errors":{"code":1}}',
    b'{"message":{"a":1},"errors":[{"code":[]}]}',
]


@pytest.mark.parametrize("body", ERRORS)
def test_an_error_of_any_form_ends_its_stream_only(sandbox: Sandbox, tmp_path: Path, body: bytes) -> None:
    def change(exchange: Exchange) -> None:
        if path_of(exchange) == "/orders":
            exchange.status, exchange.body = 400, body

    with Middle(sandbox, change) as middle:
        orders, zones = run(middle, tmp_path / "shop", ["orders", "zones"]).outcomes
    assert orders.error
    assert zones.complete


ROWS: dict[str, Callable[[dict[str, Any]], None]] = {
    "without its key": lambda row: row.pop("id"),
    "without its date": lambda row: row.pop("createdAt"),
    "without its version": lambda row: row.pop("version"),
    "with a key that is a number": lambda row: row.update(id=5),
    "of the first year": lambda row: row.update(createdAt="0001-01-01T00:00:00.000Z"),
    "with a date that is none": lambda row: row.update(createdAt="soon"),
    "with a quote in a field's name": lambda row: row.update({'a"b': 1}),
    "with a field without a name": lambda row: row.update({"": 1}),
}


@pytest.mark.few(8)
@pytest.mark.parametrize("destination", ["shop.duckdb", "parquet:shop", "jsonl:shop"])
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_record_that_is_none_ends_its_stream_at_most(
    sandbox: Sandbox, tmp_path: Path, row: Callable[[dict[str, Any]], None], destination: str
) -> None:
    def change(exchange: Exchange) -> None:
        if path_of(exchange) == "/orders" and exchange.status == 200:
            answer = json.loads(exchange.body)
            for record in answer["results"]:
                row(record)
            exchange.body = json.dumps(answer).encode()

    scheme, _, name = destination.rpartition(":")
    path = f"{scheme}:{tmp_path / name}" if scheme else str(tmp_path / name)
    with Middle(sandbox, change) as middle, Client(middle.settings(retry_seconds=2), timing=Jumps().timing) as client:
        orders, zones = sync(client, open_destination(path), streams=["orders", "zones"]).outcomes
    assert zones.complete
    assert orders.complete or "\n" not in str(orders.error)


# A gateway that hides values leaves blanks of them, by which rows would be merged into one.
@pytest.mark.parametrize(
    ("destination", "left"),
    [
        ("shop.duckdb", {}),
        ("parquet:shop", {"id": "", "product": {"id": ""}}),
        ("jsonl:shop", {"id": " ", "product": {}}),
    ],
)
def test_a_record_without_its_key_in_the_middle_of_a_page_fails_its_stream(
    sandbox: Sandbox, tmp_path: Path, destination: str, left: dict[str, Any]
) -> None:
    keys = {"zones": "id", "store_product_selection_assignments": "product", "customer_groups": "id"}

    def change(exchange: Exchange) -> None:
        for name, key in keys.items():
            if path_of(exchange).endswith(STREAMS[name].path.rpartition("/")[2]) and exchange.status == 200:
                answer = json.loads(exchange.body)
                for record in answer["results"][1:-1]:
                    del record[key]
                    record.update({key: left[key]} if left else {})
                exchange.body = json.dumps(answer).encode()

    scheme, _, name = destination.rpartition(":")
    path = f"{scheme}:{tmp_path / name}" if scheme else str(tmp_path / name)
    with Middle(sandbox, change) as middle, Client(middle.settings(retry_seconds=2), timing=Jumps().timing) as client:
        for outcome in sync(client, open_destination(path), streams=[*keys]).outcomes:
            assert "which identifies it" in str(outcome.error), outcome


class Choosy:
    """A destination that refuses one stream."""

    def __init__(self, inner: Jsonl, error: Exception) -> None:
        self.inner, self.error = inner, error
        self.name, self.batch_bytes = inner.name, 2000
        self.written: list[str] = []

    def open(self) -> Any:
        return self.inner.open()

    def write(self, delivery: Any) -> None:
        self.written.append(delivery.stream.name)
        if delivery.stream.name == "orders":
            raise self.error
        self.inner.write(delivery)

    def close(self) -> None:
        self.inner.close()


@pytest.mark.parametrize("error", [RecordError("too odd"), MemoryError(), RecursionError("deep"), KeyError("s3cret")])
def test_a_stream_that_cannot_be_written_does_not_end_the_others(
    sandbox: Sandbox, tmp_path: Path, error: Exception
) -> None:
    choosy, events = Choosy(Jsonl(tmp_path / "shop"), error), []
    streams = ["orders", "customers", "zones"]
    with Client(sandbox.settings(), hook=events.append) as client:
        summary = sync(client, choosy, streams=streams, hook=events.append)
    orders, *others = summary.outcomes
    assert orders.error
    assert "s3cret" not in orders.error
    assert orders.records == 0
    assert all(outcome.complete for outcome in others)
    assert choosy.written.count("orders") == 1
    assert not any(isinstance(event, RowsWritten) and event.stream == "orders" for event in events)
    with Client(sandbox.settings()) as client:
        assert sync(client, Jsonl(tmp_path / "shop"), streams=streams).complete
    assert counts(tmp_path / "shop", ["orders"]) == {"orders": len(sandbox.records("orders"))}


def test_an_empty_list_that_counts_nothing_is_no_end_of_a_stream(sandbox: Sandbox, tmp_path: Path) -> None:
    def change(exchange: Exchange) -> None:
        if path_of(exchange) == "/orders":
            exchange.body = b'{"results":[]}'

    with Middle(sandbox, change) as middle:
        orders, zones = run(middle, tmp_path / "shop", ["orders", "zones"]).outcomes
    assert "/orders" in str(orders.error)
    assert zones.complete


@pytest.mark.parametrize("body", [b'{"count":0,"results":[]}', b'{"count":0,"total":null,"limit":20,"results":[]}'])
def test_an_empty_list_without_the_total_that_was_asked_for_is_no_end(
    sandbox: Sandbox, tmp_path: Path, body: bytes
) -> None:
    streams = ["orders", "custom_objects", "mcp_servers", "product_selection_products"]

    def change(exchange: Exchange) -> None:
        # Not the first pages: an empty answer at the end of a range, and where one asks whether a parent is there.
        if exchange.target.startswith("/product-selections/"):
            imitated(exchange)
        elif "withTotal=true" in exchange.target or "id%20%3D%20" in exchange.target:
            exchange.body = body

    path = tmp_path / "shop"
    with Middle(sandbox) as middle:
        assert run(middle, path, [*streams, "zones"], page_size=5).complete
        before = counts(path, streams)
        middle.change = change
        outcomes = run(middle, path, streams, page_size=5).outcomes
        for outcome in outcomes:
            assert "have no total, without which" in str(outcome.error), outcome
        assert counts(path, streams) == before


def test_pages_without_records_that_the_platform_counts_fail_their_stream(sandbox: Sandbox, tmp_path: Path) -> None:
    def change(exchange: Exchange) -> None:
        if path_of(exchange) == "/orders":
            exchange.body = json.dumps({**json.loads(exchange.body), "results": [], "count": 0}).encode()

    with Middle(sandbox, change) as middle:
        orders, zones = run(middle, tmp_path / "shop", ["orders", "zones"]).outcomes
    assert "fewer records than the platform counts" in str(orders.error)
    assert zones.complete


@pytest.mark.parametrize(
    "change", [lambda rows: rows[1:], lambda rows: rows[:-1], lambda rows: [*rows[:1], *rows[2:]], lambda _: []]
)
def test_an_answer_with_fewer_records_than_it_counts_fails_its_stream(
    sandbox: Sandbox, tmp_path: Path, change: Callable[[list[Any]], list[Any]]
) -> None:
    def hide(exchange: Exchange) -> None:
        if path_of(exchange) == "/orders":
            answer = json.loads(exchange.body)
            exchange.body = json.dumps({**answer, "results": change(answer["results"])}).encode()

    with Middle(sandbox, hide) as middle:
        orders, zones = run(middle, tmp_path / "shop", ["orders", "zones"]).outcomes
    assert "fewer records than the platform counts" in str(orders.error)
    assert zones.complete


def test_containers_whose_names_are_dots_are_read_as_any_other(tmp_path: Path) -> None:
    with Sandbox(rows=rows_of("/custom-objects")) as sandbox, Client(sandbox.settings()) as client:
        for number, container in enumerate((".", "..", "...", "a..b")):
            body = {"container": container, "key": f"dots-{number}", "value": number}
            client.request("POST", "/custom-objects", body=body)
        sandbox.clock.advance(3600)
        summary = sync(client, open_destination(f"jsonl:{tmp_path / 'shop'}"), streams=["custom_objects"])
        assert summary.complete, summary.outcomes
        assert counts(tmp_path / "shop", ["custom_objects"]) == {
            "custom_objects": len(sandbox.records("custom_objects"))
        }


@pytest.mark.few(1)
@pytest.mark.parametrize("total", [0, 1, 3])
def test_a_total_below_the_records_that_came_ends_no_read(tmp_path: Path, total: int) -> None:
    streams = ["orders", "custom_objects", "product_selection_products", "change_history"]
    paths = rows_of("/orders", "/custom-objects", "/product-selections", "/product-selections/{ID}/products")

    def understate(exchange: Exchange) -> None:
        body = json.loads(exchange.body)
        # The list of containers is compared with its total, and refused.
        if body.get("total", 0) > total and path_of(exchange) != "/custom-objects":
            exchange.body = json.dumps({**body, "total": total}).encode()

    with Sandbox(rows=paths) as shop, Middle(shop) as middle:
        given: dict[str, object] = {"page_size": 2, "settle_seconds": 0}
        given["history_url"] = f"{middle.settings()['api_url']}/history"
        assert run(middle, tmp_path / "shop", ["orders"], **given).complete
        for number, order in enumerate(shop.records("orders")[:7]):
            shop.update("orders", order["id"], {"orderNumber": f"changed-{number}"})
        shop.clock.advance(1)
        assert run(middle, tmp_path / "true", streams, **given).complete
        middle.change = understate
        summary = run(middle, tmp_path / "shop", streams, **given)
        assert [outcome.error for outcome in summary.outcomes] == [None] * len(streams)
    expected = counts(tmp_path / "true", streams)
    assert min(expected.values()) > 3
    assert counts(tmp_path / "shop", streams) == expected
    numbers = [order.get("orderNumber", "") for order in newest(tmp_path / "shop", "orders")]
    assert sum(number.startswith("changed-") for number in numbers) == 7
