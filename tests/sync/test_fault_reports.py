"""Every fault that the sandbox knows, through a whole run: nothing is lost, and the report says what was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import duckdb
import pytest

from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.sandbox import Fault, Sandbox
from commercetools_source.sandbox.server.faults import FaultKind
from commercetools_source.sync.compare import verify
from commercetools_source.sync.run import Summary, sync
from patience import Jumps
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONE = "an order"  # its id is put in where a fault needs one

LASTING = [
    (Fault("status", "/orders", after=2, status=500), "500 (General)"),
    (Fault("status", "/orders", after=2, status=502), "502 (BadGateway)"),
    (Fault("status", "/orders", after=2, status=503), "503 (OverCapacity)"),
    (Fault("status", "/orders", after=2, status=504), "504 (GatewayTimeout)"),
    (
        Fault("status", "/orders", after=2, status=403),
        "also has the scope view_orders:sample-shop",
    ),
    (Fault("html", "/orders", after=2, status=502), "502"),
    (Fault("throttle", "/orders", after=2, header=""), "429 (TooManyRequests)"),
    (Fault("throttle", "/orders", after=2, seconds=86_400), "429 (TooManyRequests)"),
    (Fault("stall", "/orders", after=2), "sent nothing for"),
    (Fault("reset", "/orders", after=2), "broke"),
    (Fault("truncate", "/orders", after=2), "broke|cut off"),
    (Fault("corrupt", "/orders", after=2), "cut off, or is not what the platform sends|unpacked"),
    (Fault("expire", "/orders", after=2), "A new token was refused too"),
    (Fault("query_timeout", "/orders", after=2), "400 (QueryTimedOut)"),
    (Fault("too_large", "/orders", after=2), "413 (ContentTooLarge)"),
    (Fault("unservable", "/orders", status=500, records=(ONE,)), "1 quarantined"),
    (Fault("unservable", "/orders", status=400, records=(ONE,)), "1 quarantined"),
]
HARMLESS = [
    Fault("slow", "/orders", after=1, seconds=0.02, times=3),
    Fault("expire", "/orders", after=2),
    Fault("query_timeout", "/orders", above=3, times=None),
    Fault("too_large", "/orders", above=3, times=None),
    Fault("change", "/orders", after=2, records=(ONE,)),
    Fault("vanish", "/orders", after=2, records=(ONE,)),
    Fault("reset", "/orders", after=2, times=3),
    Fault("throttle", "/orders", after=2, seconds=4, times=3),
]


class Shop:
    """A sandbox and a DuckDB file."""

    def __init__(self, sandbox: Sandbox, path: Path) -> None:
        self.sandbox = sandbox
        self.path = path

    def arm(self, fault: Fault, **changes: Any) -> None:
        one = self.sandbox.records("orders")[40]["id"]
        self.sandbox.faults.add(replace(fault, records=(one,) if fault.records else (), **changes))

    def sync(self) -> Summary:
        silent = any(fault.kind == "stall" for fault, _ in self.sandbox.faults.hits())
        hurry = {"retry_seconds": 2, "request_timeout": 0.5, "concurrency": 1}
        patience = hurry if silent else {"retry_seconds": 20}
        if any(fault.kind == "expire" for fault, _ in self.sandbox.faults.hits()):
            # All tokens end with each request for orders: one that zones uses at that moment would be refused twice.
            patience |= {"concurrency": 1}
        settings = {**self.sandbox.settings(), "page_size": 20, **patience}
        with Client(settings, timing=Jumps().timing) as client:
            return sync(client, open_destination(str(self.path)), streams=["orders", "zones"])

    def assert_exact(self) -> None:
        with duckdb.connect(str(self.path)) as connection:
            rows = connection.execute("SELECT id, version FROM raw.orders WHERE _deleted_at IS NULL").fetchall()
        assert sorted(rows) == sorted((record["id"], record["version"]) for record in self.sandbox.records("orders"))
        with Client(self.sandbox.settings()) as client:
            assert all(one.equal for one in verify(client, open_destination(str(self.path)), ["orders", "zones"]))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Sandbox(rows=rows_of("/orders", "/zones")) as sandbox:
        yield Shop(sandbox, tmp_path / "shop.duckdb")


def name_of(value: object) -> str:
    return f"{value.kind}-{value.status}-{value.times}" if isinstance(value, Fault) else ""


@pytest.mark.few(6)
@pytest.mark.parametrize(("fault", "words"), LASTING, ids=name_of)
def test_a_fault_that_lasts_is_named_and_the_next_run_has_everything(shop: Shop, fault: Fault, words: str) -> None:
    shop.arm(fault, times=None)
    orders, zones = shop.sync().outcomes
    said = str(orders.error) if orders.error else f"{orders.quarantined} quarantined"
    assert not orders.complete
    assert any(word in said for word in words.split("|")), said
    assert "sandbox-secret" not in said
    assert zones.complete
    shop.sandbox.faults.clear()
    assert shop.sync().complete
    shop.assert_exact()


@pytest.mark.few(4)
@pytest.mark.parametrize("fault", HARMLESS, ids=name_of)
def test_a_fault_that_can_be_got_over_costs_nothing(shop: Shop, fault: Fault) -> None:
    shop.arm(fault)
    assert shop.sync().complete
    shop.sandbox.faults.clear()
    shop.sandbox.clock.advance(3600)
    assert shop.sync().complete
    shop.assert_exact()


def test_every_kind_of_fault_is_in_one_of_the_tables() -> None:
    assert {fault.kind for fault in (*HARMLESS, *(fault for fault, _ in LASTING))} == set(get_args(FaultKind))


def test_credentials_that_are_withdrawn_in_the_middle_are_named_and_new_ones_go_on(shop: Shop) -> None:
    shop.arm(Fault("expire", "/orders", after=2))
    shop.sandbox.faults.add(Fault("status", "/oauth/token", status=401, after=1, times=None))
    orders, _zones = shop.sync().outcomes
    assert "no access token: 401" in str(orders.error)
    shop.sandbox.faults.clear()
    assert shop.sync().complete
    shop.assert_exact()


def test_a_network_that_is_gone_for_minutes_is_waited_for(shop: Shop) -> None:
    shop.sandbox.faults.add(Fault("reset", "*", after=4, times=12))
    settings = {**shop.sandbox.settings(), "page_size": 20, "concurrency": 1}
    jumps = Jumps()
    with Client(settings, timing=jumps.timing) as client:
        assert sync(client, open_destination(str(shop.path)), streams=["orders", "zones"]).complete
    assert sum(jumps.waits) > 60
    shop.assert_exact()
