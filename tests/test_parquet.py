"""A Parquet folder as a user meets it: `sync`, the examples of its page, deletions, `verify` and `sweep`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from commercetools_source.cli_app import run
from commercetools_source.resources import STREAMS
from commercetools_source.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parent.parent / "docs" / "parquet.md").read_text(encoding="utf-8")
LIVE = "WHERE _deleted_at IS NULL"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        yield sandbox


def sync(*options: str) -> None:
    assert run(["sync", "--destination", "parquet:shop", "--quiet", *options]) == 0


def counts(*streams: str, where: str = "") -> dict[str, int]:
    with duckdb.connect() as connection:
        connection.execute(Path("shop/latest.sql").read_text())
        return {name: connection.execute(f"SELECT count(*) FROM {name} {where}").fetchall()[0][0] for name in streams}


def test_all_streams_are_read_and_each_has_a_view(shop: Sandbox) -> None:
    sync()
    assert counts(*STREAMS) == {name: len(shop.records(name)) for name in STREAMS}


def test_the_examples_of_the_page_run_and_agree(shop: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sync("--streams", "orders")
    shop.clock.advance(3600)
    for record in shop.records("orders")[:3]:
        shop.delete("orders", record["id"])
    shop.clock.advance(3600)
    sync("--streams", "orders")
    capsys.readouterr()
    examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == 3
    for example in examples:
        exec(example, {})  # noqa: S102 - the page's own code
    with_duckdb, with_polars, with_pandas = re.split(r"(?=shape)|\n(?=\d+\n)", capsys.readouterr().out)
    orders = shop.records("orders")
    cents = sum(order["totalPrice"]["centAmount"] for order in orders)
    assert sum(int(cell) for cell in re.findall(r"│\s+(\d+) │\s+\d+ │", with_duckdb)) == len(orders)
    assert str(cents) in with_polars
    assert int(with_pandas) == len(orders)


def test_deletions_come_with_messages_and_with_a_sweep(shop: Sandbox) -> None:
    sync("--streams", "orders,zones")
    shop.clock.advance(3600)
    for name in ("orders", "zones"):
        shop.delete(name, shop.records(name)[0]["id"])
    shop.clock.advance(3600)
    sync("--streams", "orders,zones")
    live = {name: len(shop.records(name)) for name in ("orders", "zones")}
    assert counts("orders", "zones", where=LIVE) == {"orders": live["orders"], "zones": live["zones"] + 1}
    where = ["--destination", "parquet:shop", "--streams", "orders,zones"]
    assert run(["verify", *where]) == 1
    assert run(["sweep", *where]) == 0
    assert run(["verify", *where]) == 0
    assert counts("orders", "zones", where=LIVE) == live
    assert counts("orders", "zones") == {name: count + 1 for name, count in live.items()}
