"""The examples of docs/python.md run, and its destination keeps what it promises."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from commercetools_source import Client, Delivery, DestinationError, Notice, StreamState, sync
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.extract.delivery import Phase
from commercetools_source.extract.keyset import KeyRange
from commercetools_source.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def folder(shop: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the current folder, which has the shop's settings in a `.env`."""
    lines = [f"{name}={value}\n" for name, value in shop.environment().items()]
    (tmp_path / ".env").write_text("".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(example: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    exec(example, {})  # noqa: S102 - the page's own code
    return capsys.readouterr().out


def test_the_examples_of_the_page_run_and_agree(shop: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    read, columns, copied, listened, tasks, _ = (printed(example, capsys) for example in EXAMPLES)
    customers = len(shop.records("customers"))
    opened = [record for record in shop.records("orders") if record["orderState"] == "Open"]
    recent = {record["id"] for record in opened if record["lastModifiedAt"] >= "2026"}
    assert recent
    assert {line.split()[0] for line in read.splitlines() if "-" in line and line.count(" ") == 1} >= recent
    assert f"{customers} customers" in read
    assert f"({customers}, " in columns
    assert "timestamp[us, tz=UTC]" in columns
    assert copied.splitlines() == [
        f"orders {len(shop.records('orders'))} complete",
        f"customers {customers} complete",
        "True",
    ]
    assert listened.strip() == str({"stores": len(shop.records("stores"))})
    assert tasks.strip() == f"True {customers}"


def stored(stream: str) -> dict[str, Any]:
    with sqlite3.connect("shop.sqlite") as database:
        rows = database.execute("SELECT body FROM records WHERE stream = ? AND NOT new", (stream,)).fetchall()
    database.close()
    return {record["id"]: record for record in (json.loads(body) for (body,) in rows)}


def held(shop: Sandbox, stream: str) -> dict[str, Any]:
    return {record["id"]: record for record in shop.records(stream)}


def test_the_destination_of_the_page_keeps_records_and_states_together(
    shop: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {}
    exec(EXAMPLES[-1], names)  # noqa: S102 - the page's own code
    assert capsys.readouterr().out == "True\n"
    assert stored("orders") == held(shop, "orders")
    assert stored("stores") == held(shop, "stores")
    destination = names["SQLite"]("shop.sqlite")
    with Client({**shop.settings(), "settle_seconds": 0}) as client:
        again = sync(client, destination, streams=["orders", "stores"])
        assert {outcome.mode for outcome in again.outcomes} == {"incremental"}
        gone, *_ = shop.records("stores")
        shop.delete("stores", gone["id"])
        sync(client, destination, streams=["orders", "stores"])
        assert gone["id"] in stored("stores")
        assert sync(client, destination, streams=["orders", "stores"], full=True).complete
    assert stored("orders") == held(shop, "orders")
    assert stored("stores") == held(shop, "stores")
    assert gone["id"] not in stored("stores")


def test_the_destination_of_the_page_keeps_rows_that_a_full_read_had_to_leave_out() -> None:
    names: dict[str, Any] = {}
    exec(EXAMPLES[-1], names)  # noqa: S102 - the page's own code
    before = stored("stores")
    identifier, record = next(iter(before.items()))
    newer = {**record, "version": record["version"] + 1}
    raw = msgspec.Raw(json.dumps(newer).encode())
    state = StreamState(cursor="2026-01-01T00:00:00.000Z", quarantined=(KeyRange("id"),))
    destination = names["SQLite"]("shop.sqlite")
    destination.open()
    destination.write(Delivery(STREAMS["stores"], [raw], 100, state, Phase.FULL_ONLY))
    destination.close()
    assert len(before) > 1
    assert stored("stores") == {**before, identifier: newer}


def test_the_destination_of_the_page_is_used_by_one_run_at_a_time(shop: Sandbox) -> None:
    names: dict[str, Any] = {}
    exec(EXAMPLES[-1], names)  # noqa: S102 - the page's own code
    first, second = names["SQLite"]("shop.sqlite"), names["SQLite"]("shop.sqlite")
    first.open()
    with Client(shop.settings()) as client, pytest.raises(DestinationError, match=r"shop\.sqlite: database is locked"):
        sync(client, second, streams="stores")
    first.close()
    absent = names["SQLite"]("no/such/folder/shop.sqlite")
    with Client(shop.settings()) as client, pytest.raises(DestinationError, match="unable to open database file"):
        sync(client, absent, streams="stores")


def test_every_hook_of_the_page_hears_what_it_says(shop: Sandbox) -> None:
    heard: dict[str, set[str]] = {"client": set(), "run": set()}
    with Client(shop.settings(), hook=lambda event: heard["client"].add(type(event).__name__)) as client:
        sync(client, "jsonl:shop", streams="stores", hook=lambda event: heard["run"].add(type(event).__name__))
    assert heard["client"] == {"TokenFetched", "RequestDone"}
    assert heard["run"] - {Notice.__name__} == {
        "PhaseBegan",
        "StreamStarted",
        "PageRead",
        "RowsWritten",
        "StreamFinished",
    }
