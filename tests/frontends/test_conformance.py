"""What every front-end must do, whatever protocol it speaks: one table of cases over all of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("singer_sdk")

import frontends.mage.conftest  # noqa: F401 - makes mage_integrations importable
from commercetools_source import Client
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.errors import ConfigError
from commercetools_source.frontends import words
from commercetools_source.sandbox import Fault, Sandbox
from corpus import corpus
from frontends.conformance import FRONT_ENDS, FrontEnd, Run, plain
from middle import Exchange, Middle, path_of
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commercetools_source.frontends.words import Words

SECRET = "not-to-be-shown-anywhere"
SOME = ("orders", "customers")


@pytest.fixture(scope="module")
def whole() -> Iterator[Sandbox]:
    """The tiny shop and bare records, which no test changes; before that a zone was, so that there is a history."""
    with Sandbox(rows=corpus()) as running:
        zone = running.create("zones")
        running.update("zones", zone["id"], {"description": "Everywhere"})
        running.clock.advance(5)
        yield running


@pytest.fixture
def shop() -> Iterator[Sandbox]:
    """Orders, customers and zones, for tests that change them."""
    with Sandbox(rows=rows_of("/orders", "/customers", "/stores", "/zones", "/messages")) as running:
        yield running


@pytest.fixture(params=FRONT_ENDS)
def front_end(request: pytest.FixtureRequest) -> FrontEnd:
    row = FRONT_ENDS[request.param]
    pytest.importorskip(row.needs)
    return row


def settings(sandbox: Sandbox, **changed: Any) -> dict[str, Any]:
    quick = {"retry_seconds": 0, "settle_seconds": 0, "lookback_seconds": 0}
    return {"region": "us-central1.gcp", **sandbox.settings(), **quick, **changed}


def values(front_end: FrontEnd, run: Run, stream: str) -> dict[str, dict[str, Any]]:
    """Return the records of a stream by key, the last one of each key, without nulls."""
    records = [plain(stream, record, text=front_end.mixed_as_text) for record in run.records.get(stream, [])]
    return {json.dumps([record[name] for name in STREAMS[stream].key]): record for record in records}


def expected(sandbox: Sandbox, stream: str) -> dict[str, dict[str, Any]]:
    with Client(settings(sandbox)) as client:
        records = [plain(stream, record, text=False) for record in client.records(stream)]
    return {json.dumps([record[name] for name in STREAMS[stream].key]): record for record in records}


@pytest.fixture(scope="module")
def everything(whole: Sandbox) -> dict[str, dict[str, dict[str, Any]]]:
    """The records of the tiny shop by stream and key."""
    return {stream: expected(whole, stream) for stream in STREAMS}


def test_every_stream_arrives_value_for_value(
    front_end: FrontEnd, whole: Sandbox, everything: dict[str, dict[str, dict[str, Any]]]
) -> None:
    run = front_end.run(settings(whole), list(STREAMS))
    assert run.complete, run.text
    for stream in STREAMS:
        assert values(front_end, run, stream) == everything[stream], stream


def test_the_next_run_brings_what_changed_and_nothing_else(front_end: FrontEnd, shop: Sandbox) -> None:
    first = front_end.run(settings(shop), SOME)
    order, customer = shop.records("orders")[3], shop.create("customers", {"email": "new@example.com"})
    shop.update("orders", order["id"], {"orderState": "Complete"})
    shop.clock.advance(5)
    second = front_end.run(settings(shop), SOME, first.state)
    assert second.complete, second.text
    assert [record["id"] for record in second.records["orders"]] == [order["id"]]
    assert [record["id"] for record in second.records["customers"]] == [customer["id"]]


def test_a_run_that_finds_nothing_is_complete(front_end: FrontEnd, shop: Sandbox) -> None:
    first = front_end.run(settings(shop), SOME)
    shop.clock.advance(5)
    second = front_end.run(settings(shop), SOME, first.state)
    assert second.complete
    assert second.records == {}


def test_a_stream_whose_connection_breaks_costs_no_other_stream(front_end: FrontEnd, shop: Sandbox) -> None:
    shop.faults.add(Fault("reset", "/zones", times=None))
    run = front_end.run(settings(shop), ["zones", "orders"])
    assert not run.complete
    assert values(front_end, run, "orders") == expected(shop, "orders")


def test_a_run_that_was_cut_off_goes_on_and_loses_nothing(front_end: FrontEnd, shop: Sandbox) -> None:
    shop.faults.add(Fault("status", "/orders", status=500, after=2, times=None))
    first = front_end.run(settings(shop, page_size=10, concurrency=1), ["orders"])
    assert not first.complete
    shop.faults.clear()
    shop.clock.advance(5)
    second = front_end.run(settings(shop), ["orders"], first.state)
    assert second.complete, second.text
    assert {**values(front_end, first, "orders"), **values(front_end, second, "orders")} == expected(shop, "orders")


@pytest.mark.few(5)
@pytest.mark.parametrize("key", [{}, {"id": None}], ids=["none", "null"])
def test_a_record_without_its_key_fails_its_stream_and_the_next_run_has_it(
    front_end: FrontEnd, shop: Sandbox, key: dict[str, Any]
) -> None:
    def take_key(exchange: Exchange) -> None:
        if path_of(exchange) == "/orders" and exchange.status == 200:
            answer = json.loads(exchange.body)
            for record in answer["results"][1:-1]:  # a range goes on behind its last record, and is cut at its first
                del record["id"]
                record.update(key)
            exchange.body = json.dumps(answer).encode()

    with Middle(shop, take_key) as middle:
        first = front_end.run(settings(shop, api_url=middle.settings()["api_url"]), ["orders", "zones"])
    assert not first.complete
    assert "a record of orders has no id" in first.text
    assert values(front_end, first, "zones") == expected(shop, "zones")
    second = front_end.run(settings(shop), ["orders", "zones"], first.state)
    assert second.complete, second.text
    assert {**values(front_end, first, "orders"), **values(front_end, second, "orders")} == expected(shop, "orders")


def test_a_record_that_is_left_out_fails_its_stream_and_the_next_run_has_it(front_end: FrontEnd, shop: Sandbox) -> None:
    key = shop.records("zones")[1]["id"].encode()

    def change(exchange: Exchange) -> None:
        exchange.body = exchange.body.replace(b'{"id":"%s",' % key, b'{"id":"%s","odd":"\xff",' % key)

    with Middle(shop, change) as middle:
        first = front_end.run(settings(shop, api_url=middle.settings()["api_url"]), ["zones"])
    assert not first.complete
    assert "left out" in first.text
    assert len(values(front_end, first, "zones")) == len(shop.records("zones")) - 1
    second = front_end.run(settings(shop), ["zones"], first.state)
    assert second.complete, second.text
    assert {**values(front_end, first, "zones"), **values(front_end, second, "zones")} == expected(shop, "zones")


def test_a_clock_that_is_wrong_is_told(front_end: FrontEnd, shop: Sandbox) -> None:
    def change(exchange: Exchange) -> None:
        exchange.headers["Date"] = "Fri, 01 Jan 2100 00:00:00 GMT"

    with Middle(shop, change) as middle:
        run = front_end.run(settings(shop, api_url=middle.settings()["api_url"]), ["zones"])
    assert run.complete, run.text
    assert "the API's clock is" in run.text
    assert values(front_end, run, "zones") == expected(shop, "zones")


def test_a_missing_scope_costs_only_its_stream_and_is_named(front_end: FrontEnd, shop: Sandbox) -> None:
    key = shop.project_key
    shop.add_client("limited", SECRET, [f"view_orders:{key}", f"view_messages:{key}"])
    run = front_end.run(settings(shop, client_id="limited", client_secret=SECRET), ("customers", "orders"))
    assert not run.complete
    assert "customers" not in run.records
    assert values(front_end, run, "orders") == expected(shop, "orders")
    assert "view_customers" in run.text


def test_what_a_client_cannot_see_of_the_history_is_told_in_the_front_ends_words_and_a_name_that_is_mistyped(
    front_end: FrontEnd, shop: Sandbox
) -> None:
    shop.add_client("limited", SECRET, ["view_audit_log", "view_orders", "view_types", "view_product_types"])
    limited = {"client_id": "limited", "client_secret": SECRET, "personal_fields": "customers.custom.fields.phoen=drop"}
    run = front_end.run(settings(shop, **limited), ["change_history"])
    assert run.complete, run.text
    if front_end.anew:  # the smallest one shows no events
        assert "no type and no product type of the project defines 'phoen'; if a name is" in run.text
        assert "are not shown to this API client" in run.text
        assert front_end.anew in run.text.replace('\\"', '"')
        assert "--full" not in run.text


def test_a_refused_secret_is_an_error_that_does_not_show_it(front_end: FrontEnd, shop: Sandbox) -> None:
    run = front_end.run(settings(shop, client_secret=SECRET), SOME)
    assert not run.complete
    assert run.records == {}
    assert SECRET not in run.text
    assert "client_id" in run.text or "credentials" in run.text


def test_a_host_that_does_not_answer_is_named(front_end: FrontEnd, shop: Sandbox) -> None:
    url = "http://127.0.0.1:1"
    run = front_end.run(settings(shop, api_url=url, auth_url=url), SOME)
    assert not run.complete
    assert run.records == {}
    assert "127.0.0.1" in run.text


def test_a_broken_state_is_refused_before_anything_is_sent(front_end: FrontEnd, shop: Sandbox) -> None:
    run = front_end.run(settings(shop), ["orders"], front_end.broken_state("orders"))
    assert not run.complete
    assert run.records == {}
    assert "broken" in run.text
    if front_end.anew:
        assert front_end.anew in run.text.replace('\\"', '"')
        assert "--full" not in run.text


@pytest.mark.few(5)
@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"personal": "keep"}, {"personal": "drop"}),
        ({"personal": "hash", "hash_key": SECRET}, {"personal": "hash", "hash_key": SECRET[::-1]}),
        ({"personal_fields": "customers.custom.fields.phone=drop"}, {}),
        ({"start_date": "2026-10-01"}, {}),
        ({"start_date": "2026-10-01"}, {"start_date": "2026-09-01"}),
    ],
)
def test_a_stream_of_which_another_part_is_asked_for_is_told_in_the_front_ends_words(
    front_end: FrontEnd, shop: Sandbox, before: dict[str, str], now: dict[str, str]
) -> None:
    first = front_end.run(settings(shop, **before), ["customers"])
    assert first.complete
    second = front_end.run(settings(shop, **now), ["customers"], first.state)
    assert not second.complete
    assert second.records == {}
    if front_end.anew:
        assert front_end.anew in second.text.replace('\\"', '"')
        assert "--full" not in second.text


def test_a_start_in_the_future_is_refused_and_nothing_is_taken_for_read(front_end: FrontEnd, shop: Sandbox) -> None:
    first = front_end.run(settings(shop, start_date="2999-01-01"), ["customers"])
    assert not first.complete
    assert "start_date is 2999-01-01T00:00:00.000Z, which is in the future" in first.text
    second = front_end.run(settings(shop), ["customers"], first.state)
    assert second.complete, second.text
    assert len(second.records["customers"]) == len(shop.records("customers"))


@pytest.fixture
def elsewhere() -> Iterator[Sandbox]:
    """A project with a key of its own, and records that are older than those of `shop`."""
    with Sandbox(
        rows=rows_of("/orders", "/customers", "/stores", "/zones", "/messages"), project_key="other-shop"
    ) as running:
        yield running


def test_a_state_of_another_stream_is_refused_and_nothing_taken_for_read(front_end: FrontEnd, shop: Sandbox) -> None:
    first = front_end.run(settings(shop), ["orders"])
    moved = renamed(first.state, "orders", "customers")
    assert moved != first.state
    second = front_end.run(settings(shop), ["customers"], moved)
    assert not second.complete
    assert second.records == {}
    assert "stored for the stream 'orders'" in second.text.replace('\\"', '"')
    if front_end.anew:
        assert front_end.anew in second.text.replace('\\"', '"')
        assert "--full" not in second.text


def renamed(state: Any, before: str, after: str) -> Any:
    """Return a state that somebody gave to another stream; Airbyte has the name of the stream as a value."""
    if isinstance(state, dict):
        return {
            after if name == before else name: after
            if (name, value) == ("name", before)
            else renamed(value, before, after)
            for name, value in state.items()
        }
    return [renamed(value, before, after) for value in state] if isinstance(state, list) else state


def without_project(state: Any) -> Any:
    """Return a state as releases wrote it that did not store the project."""
    if isinstance(state, dict):
        return {name: without_project(value) for name, value in state.items() if name != "project"}
    return [without_project(value) for value in state] if isinstance(state, list) else state


def test_a_state_of_another_project_is_refused_and_stays_true_of_its_own(
    front_end: FrontEnd, shop: Sandbox, elsewhere: Sandbox
) -> None:
    first = front_end.run(settings(shop), SOME)
    second = front_end.run(settings(elsewhere), SOME, first.state)
    assert not second.complete
    assert second.records == {}
    assert "sample-shop" in second.text
    assert "other-shop" in second.text
    if front_end.anew:
        assert front_end.anew in second.text.replace('\\"', '"')
        assert "--full" not in second.text
    third = front_end.run(settings(shop), SOME, second.state)
    assert third.complete, third.text
    assert third.records == {}


def test_a_state_of_a_store_of_another_project_is_refused_where_another_store_is_asked_for(
    front_end: FrontEnd, shop: Sandbox, elsewhere: Sandbox
) -> None:
    stores = sorted(store["key"] for store in shop.records("stores"))
    first = front_end.run(settings(shop, store_key=stores[0]), ["orders"])
    assert first.complete, first.text
    second = front_end.run(settings(elsewhere, store_key=stores[1]), ["orders"], first.state)
    assert not second.complete
    assert second.records == {}
    assert "sample-shop" in second.text


def test_a_read_of_another_project_that_was_cut_off_is_refused(
    front_end: FrontEnd, shop: Sandbox, elsewhere: Sandbox
) -> None:
    shop.faults.add(Fault("status", "/orders", status=500, after=4, times=None))
    cut = front_end.run(settings(shop, page_size=5, concurrency=1), ["orders"])
    assert not cut.complete
    assert cut.state
    other = front_end.run(settings(elsewhere), ["orders"], cut.state)
    assert not other.complete
    assert other.records == {}
    assert "other-shop" in other.text


def test_a_state_that_names_no_project_is_taken_over_and_names_it_after_the_run(
    front_end: FrontEnd, shop: Sandbox, elsewhere: Sandbox
) -> None:
    first = front_end.run(settings(shop), SOME)
    older = without_project(first.state)
    assert older != first.state
    second = front_end.run(settings(shop), SOME, older)
    assert second.complete, second.text
    assert second.records == {}
    assert not front_end.run(settings(elsewhere), SOME, second.state).complete


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ("SINGER", "TAP_COMMERCETOOLS_CLIENT_ID"),
        ("MAGE", "the source's config"),
        ("AIRBYTE", "the config"),
        ("DLT", "SOURCES__COMMERCETOOLS__CREDENTIALS__CLIENT_ID"),
    ],
)
def test_a_missing_setting_is_asked_for_where_the_front_end_has_it(row: str, where: str) -> None:
    chosen: Words = getattr(words, row)
    with pytest.raises(ConfigError) as raised:
        chosen.config({"project_key": "shop"})
    assert where in str(raised.value)
    assert "CTP_" not in str(raised.value)


def test_an_unknown_stream_is_refused_and_nothing_is_sent(front_end: FrontEnd, shop: Sandbox) -> None:
    run = front_end.run(settings(shop), ["ordres"])
    assert not run.complete
    assert run.records == {}
    assert "ordres" in run.text


def test_what_is_written_for_people_has_no_personal_data(front_end: FrontEnd, shop: Sandbox) -> None:
    run = front_end.run(settings(shop), SOME)
    emails = [record["email"] for record in run.records["customers"]]
    assert emails
    assert not [email for email in emails if email in run.text]


def test_deletions_are_told_where_they_are_asked_for(front_end: FrontEnd, shop: Sandbox) -> None:
    first = front_end.run(settings(shop), ["orders"], deletions=True)
    order = shop.records("orders")[0]
    shop.clock.advance(5)
    shop.delete("orders", order["id"])
    shop.clock.advance(5)
    second = front_end.run(settings(shop), ["orders"], first.state, deletions=True)
    assert second.complete, second.text
    assert second.deleted == {"orders": [order["id"]]}


@pytest.mark.few(5)
@pytest.mark.parametrize(
    "choice", [{"personal": "drop"}, {"personal": "hash", "hash_key": "0123456789abcdef"}], ids=str
)
def test_a_deletion_sends_no_personal_data_that_a_run_leaves_out(
    front_end: FrontEnd, shop: Sandbox, choice: dict[str, Any]
) -> None:
    # The Message of a deleted order has the order as it was at last.
    first = front_end.run(settings(shop, **choice), ["orders"], deletions=True)
    order = next(record for record in shop.records("orders") if record.get("customerEmail"))
    shop.clock.advance(5)
    shop.delete("orders", order["id"])
    shop.clock.advance(5)
    second = front_end.run(settings(shop, **choice), ["orders"], first.state, deletions=True)
    assert second.deleted == {"orders": [order["id"]]}
    sent = json.dumps([first.records, second.records, second.gone, second.text], default=str)
    assert order["customerEmail"] not in sent
    assert order["shippingAddress"]["streetName"] not in json.dumps(second.gone, default=str)
