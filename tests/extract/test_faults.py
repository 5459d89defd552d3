"""Every fault of the platform and the network, over real sockets: nothing is lost, and nobody sleeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from commercetools_source.client import Client
from commercetools_source.errors import ApiError, NetworkError, RateLimitError, ServerError
from commercetools_source.events import Event, RetryScheduled
from commercetools_source.sandbox import Fault, Sandbox
from patience import Jumps

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def no_faults_before(shop: Sandbox) -> None:
    shop.faults.clear()


def read(
    shop: Sandbox, jumps: Jumps, page_size: int = 30, **settings: object
) -> tuple[list[str], list[RetryScheduled]]:
    """Return the ids of all orders as the client reads them, and the retries it took."""
    events: list[Event] = []
    with Client({**shop.settings(), **settings}, hook=events.append, timing=jumps.timing) as client:
        ids = [record["id"] for record in client.records("orders", page_size=page_size)]
    return ids, [event for event in events if isinstance(event, RetryScheduled)]


def everything(shop: Sandbox) -> list[str]:
    return sorted(record["id"] for record in shop.records("orders"))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("throttle", "/orders", after=1, seconds=30), "429"),
        (Fault("throttle", "/orders", after=1, seconds=30, header="X-RateLimit-Reset"), "429"),
        (Fault("throttle", "/orders", after=1, header=""), "429"),
        (Fault("status", "/orders", after=1, status=500), "500"),
        (Fault("status", "/orders", after=1, status=502), "502"),
        (Fault("status", "/orders", after=1, status=503), "503"),
        (Fault("status", "/orders", after=1, status=504), "504"),
        (Fault("html", "/orders", after=1, status=502), "502"),
        (Fault("html", "/orders", after=1, status=503), "503"),
        (Fault("reset", "/orders", after=1), "broke"),
        (Fault("truncate", "/orders", after=1), "broke|cut off"),
        (Fault("corrupt", "/orders", after=1), "cut off|unpacked"),
        (Fault("status", "/oauth/token", status=503), "503"),
        (Fault("throttle", "/oauth/token", seconds=7), "429"),
        (Fault("reset", "/oauth/token"), "broke"),
    ],
    ids=lambda value: f"{value.kind}-{value.status}-{value.path}-{value.header}" if isinstance(value, Fault) else "",
)
def test_a_passing_fault_is_waited_out_and_loses_nothing(shop: Sandbox, fault: Fault, reason: str) -> None:
    shop.faults.add(fault)
    jumps = Jumps()
    ids, retries = read(shop, jumps)
    assert sorted(ids) == everything(shop)
    assert len(ids) == len(set(ids))
    assert [hits for _, hits in shop.faults.hits()] == [1]
    (retry,) = retries
    assert any(word in retry.reason for word in reason.split("|"))
    assert jumps.waits == [retry.delay]


def test_the_wait_is_the_one_the_server_asks_for(shop: Sandbox) -> None:
    for header, seconds in (("Retry-After", 30), ("X-RateLimit-Reset", 12)):
        shop.faults.clear()
        shop.faults.add(Fault("throttle", "/orders", seconds=seconds, header=header))
        jumps = Jumps()
        read(shop, jumps)
        assert jumps.waits == [pytest.approx(seconds * 1.125)]


def test_a_token_that_is_refused_mid_run_is_fetched_anew(shop: Sandbox) -> None:
    shop.faults.add(Fault("expire", "/orders", after=1))
    ids, retries = read(shop, Jumps())
    assert sorted(ids) == everything(shop)
    assert retries == []


@pytest.mark.parametrize("kind", ["query_timeout", "too_large"])
def test_a_page_that_is_too_heavy_is_asked_for_in_smaller_parts(shop: Sandbox, kind: str) -> None:
    shop.faults.add(Fault(kind, "/orders", above=9, times=None))  # type: ignore[arg-type]
    ids, _ = read(shop, Jumps(), page_size=64)
    assert sorted(ids) == everything(shop)


def test_a_silent_server_is_given_up_and_asked_for_less(shop: Sandbox) -> None:
    shop.faults.add(Fault("stall", "/orders", after=1))
    ids, retries = read(shop, Jumps(), request_timeout=0.3)
    assert sorted(ids) == everything(shop)
    assert [retry.reason for retry in retries if "sent nothing for 0.3 s" in retry.reason]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("throttle", "/orders", header="", times=None), RateLimitError),
        (Fault("status", "/orders", status=503, times=None), ServerError),
        (Fault("reset", "/orders", times=None), NetworkError),
        (Fault("status", "/orders", status=500, times=None), ServerError),
    ],
    ids=["429", "503", "reset", "500"],
)
def test_a_fault_that_does_not_pass_is_an_error_when_the_budget_is_spent(
    shop: Sandbox, fault: Fault, error: type[Exception]
) -> None:
    shop.faults.add(fault)
    jumps = Jumps()
    with pytest.raises(error):
        read(shop, jumps, retry_seconds=60)
    assert 30 < sum(jumps.waits) < 200


def test_a_wait_beyond_the_budget_is_not_begun(shop: Sandbox) -> None:
    shop.faults.add(Fault("throttle", "/orders", seconds=3600))
    jumps = Jumps()
    with pytest.raises(RateLimitError):
        read(shop, jumps, retry_seconds=60)
    assert jumps.waits == []


def test_a_write_is_not_repeated_after_it_may_have_been_carried_out(shop: Sandbox) -> None:
    for fault in (Fault("status", "/zones", method="POST", status=503), Fault("reset", "/zones", method="POST")):
        shop.faults.clear()
        shop.faults.add(fault)
        jumps = Jumps()
        with Client(shop.settings(), timing=jumps.timing) as client, pytest.raises((ApiError, NetworkError)):
            client.request("post", "/zones", body={"name": "North", "locations": []})
        assert jumps.waits == []


def test_a_record_that_cannot_be_served_raises_for_a_reader_of_pages(shop: Sandbox) -> None:
    lost = everything(shop)[40]
    shop.faults.add(Fault("unservable", "/orders", records=(lost,), status=500, times=None))
    with pytest.raises(ServerError):
        read(shop, Jumps())


def test_a_server_that_is_too_slow_to_answer_is_asked_less_at_once(shop: Sandbox) -> None:
    shop.faults.add(Fault("stall", "/orders", times=2))
    with Client({**shop.settings(), "request_timeout": 0.2}, timing=Jumps().timing) as client:
        before = client._transport.concurrency.limit
        list(client.records("orders"))
        assert client._transport.concurrency.limit <= before // 2 + 2


def test_an_outage_costs_a_run_its_patience_once_and_not_for_every_request(shop: Sandbox) -> None:
    shop.faults.add(Fault("status", "*", method="GET", status=503, times=None))
    jumps = Jumps()
    with Client({**shop.settings(), "retry_seconds": 60}, timing=jumps.timing) as client:
        for path in ("/orders", "/customers", "/carts"):
            with pytest.raises(ServerError):
                client.request("GET", path)
        assert 30 < sum(jumps.waits) < 90
        shop.faults.clear()
        client.request("GET", "/orders")
        waited = sum(jumps.waits)
        shop.faults.add(Fault("status", "/carts", status=503, times=3))
        client.request("GET", "/carts")
        assert sum(jumps.waits) > waited


def test_an_outage_of_which_nothing_was_heard_for_long_is_over(shop: Sandbox) -> None:
    shop.faults.add(Fault("status", "*", method="GET", status=503, times=None))
    jumps = Jumps()
    with Client({**shop.settings(), "retry_seconds": 60}, timing=jumps.timing) as client:
        with pytest.raises(ServerError):
            client.request("GET", "/orders")
        shop.faults.clear()
        shop.faults.add(Fault("status", "/carts", status=503, times=2))
        jumps.pass_by(61)
        before = len(jumps.waits)
        client.request("GET", "/carts")
        assert len(jumps.waits) == before + 2
