"""Rows as they were at a moment, compared with what a shop was at that moment: changes, deletions, killed runs."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.errors import ConfigError
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.compare import sweep
from commercetools_source.sync.forget import forget
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commercetools_source.sandbox.platform.request import Request

STREAMS = ["inventory", "orders"]
CHILD = """
import json, sys
from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.sync import sync
from pathlib import Path

settings, path, streams = json.loads(sys.argv[1])
destination = DuckDB(Path(path))
destination.batch_bytes = 4_000  # many transactions, so that a kill meets one
with Client(settings) as client:
    sync(client, destination, streams=streams, history=streams)
"""


@pytest.fixture(name="shop")
def _shop() -> Iterator[Sandbox]:
    with Sandbox(rows=rows_of("/inventory", "/orders", "/customers")) as sandbox:
        yield sandbox


class Journal:
    """What a shop was at each time: every version of every record, with the time at which it began."""

    def __init__(self, shop: Sandbox, chance: random.Random) -> None:
        self.shop = shop
        self.chance = chance
        self.versions: dict[str, list[tuple[str, str, Any]]] = {name: [] for name in STREAMS}
        for name in STREAMS:
            for record in shop.records(name):
                self.note(name, record["lastModifiedAt"], record)

    def note(self, stream: str, time: str, record: dict[str, Any]) -> None:
        self.versions[stream].append((time, record["id"], _shown(record)))

    def at(self, stream: str, moment: str) -> list[Any]:
        newest = {identifier: shown for time, identifier, shown in self.versions[stream] if time <= moment}
        return sorted(filter(None, newest.values()))

    def change(self) -> None:
        """Create a record or two, change some and delete some, each once, at times of their own."""
        for name in STREAMS:
            records = self.shop.records(name)
            for record in self.chance.sample(records, 6):
                self.shop.clock.advance(self.chance.uniform(1, 60))
                if self.chance.random() < 0.3:
                    self.shop.delete(name, record["id"])
                    self.versions[name].append((self.now(), record["id"], None))
                else:
                    changed = self.shop.update(name, record["id"], {"custom": {"fields": {"n": self.chance.random()}}})
                    self.note(name, changed["lastModifiedAt"], changed)
            new = {key: value for key, value in records[0].items() if key not in {"id", "version", "key"}}
            created = self.shop.create(name, {**new, **({"orderNumber": self.now()} if name == "orders" else {})})
            self.note(name, created["lastModifiedAt"], created)

    def now(self) -> str:
        return str(self.shop.records("messages")[-1]["createdAt"])
