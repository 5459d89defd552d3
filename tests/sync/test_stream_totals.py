"""How many records a stream has, which a person who looks on is told before it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source import Client
from commercetools_source.events import Event, StreamStarted
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from shops import rows_of

if TYPE_CHECKING:
    from pathlib import Path


def totals(client: Client, folder: Path, **options: Any) -> dict[str, tuple[str, int | None]]:
    """Run, and return of each stream how it was read and the total that was told."""
    events: list[Event] = []
    names = ("orders", "zones", "product_selection_products")
    summary = sync(client, f"jsonl:{folder / 'lines'}", streams=names, totals=True, hook=events.append, **options)
    assert summary.complete
    return {event.stream: (event.mode, event.total) for event in events if isinstance(event, StreamStarted)}


def test_a_full_an_incremental_and_a_filtered_read_are_counted_first(tmp_path: Path) -> None:
    with Sandbox(rows=rows_of("/orders", "/zones")) as shop, Client(shop.settings()) as client:
        orders, zones = shop.records("orders"), shop.records("zones")
        first = totals(client, tmp_path)
        assert first == {
            "orders": ("full", len(orders)),
            "zones": ("full", len(zones)),
            "product_selection_products": ("full", None),
        }
        shop.clock.advance(86400)
        shop.update("orders", orders[0]["id"], {"orderNumber": "changed"})
        shop.clock.advance(3600)
        second = totals(client, tmp_path)
        assert second["orders"] == ("incremental", 1)
        assert second["zones"] == ("incremental", 0)
        number = {"where": {"orders": 'orderNumber = "changed"'}}
        assert totals(client, tmp_path, full=True, **number)["orders"] == ("full", 1)
