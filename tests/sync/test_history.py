"""Rows as they were at a moment, compared with what a shop was at that moment: changes, deletions, killed runs."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.client import Client
from commercetools_source.errors import ConfigError
from commercetools_source.events import Notice
from commercetools_source.sandbox import Sandbox
from commercetools_source.sandbox.platform.clock import write_time
from commercetools_source.sync import sync
from commercetools_source.sync.compare import sweep, verify
from commercetools_source.sync.forget import forget
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from commercetools_source.events import Event
    from commercetools_source.sandbox.platform.request import Request

TEXTS = {"inventory": "sku", "orders": "orderNumber"}
"""By stream, a field that can be any text."""
STREAMS = list(TEXTS)
SEEDS = int(os.environ.get("SEEDS", "1"))
CHILD = """
import json, sys
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.sync import sync

settings, place, streams, full = json.loads(sys.argv[1])
destination = open_destination(place)
destination.batch_bytes = 4_000  # many transactions, so that a kill meets one
with Client(settings) as client:
    sync(client, destination, streams=streams, history=streams, full=full)
"""


@pytest.fixture(scope="module", name="shop")
def _shop() -> Iterator[Sandbox]:
    with Sandbox(rows=rows_of("/inventory", "/orders", "/customers")) as sandbox:
        yield sandbox


class Journal:
    """What a shop was at each time: every version of every record, with the time at which it began."""

    def __init__(self, shop: Sandbox, chance: random.Random) -> None:
        self.shop = shop
        self.chance = chance
        self.times: list[str] = []
        self.versions: dict[str, list[tuple[str, str, Any]]] = {name: [] for name in STREAMS}
        for name in STREAMS:
            for record in shop.records(name):
                self._note(name, record, record["lastModifiedAt"])

    def at(self, stream: str, moment: str) -> list[Any]:
        newest = {identifier: shown for time, identifier, shown in self.versions[stream] if time <= moment}
        return sorted(shown for shown in newest.values() if shown)

    def change(self) -> None:
        """Change some records, delete some and create one, each at a time of its own."""
        for name in STREAMS:
            records = self.shop.records(name)
            for record in self.chance.sample(records, 5):
                if self.chance.random() < 0.3:
                    self._note(name, {**self.shop.delete(name, record["id"]), "version": None})
                else:
                    self._note(name, self.shop.update(name, record["id"], {TEXTS[name]: f"k{len(self.times)}"}))
            self._note(name, self.shop.create(name))
        self.shop.clock.advance(700)

    def _note(self, stream: str, record: dict[str, Any], time: str = "") -> None:
        time = time or write_time(self.shop.clock.now())
        self.times.append(time)
        shown = (record["id"], record["version"], record.get(TEXTS[stream])) if record["version"] else None
        self.versions[stream].append((time, record["id"], shown))
        self.shop.clock.advance(self.chance.randrange(1, 60))


@contextmanager
def reading(place: str) -> Iterator[Callable[[str, str], list[Any]]]:
    """Give what returns the rows of a stream as they were at a moment."""
    kind, _, path = place.rpartition(":")
    with duckdb.connect() if kind else duckdb.connect(path, read_only=True) as connection:
        if kind:
            connection.execute((Path(path) / "latest.sql").read_text(encoding="utf-8"))

        def rows_at(stream: str, moment: str) -> list[Any]:
            query = f"SELECT id, version, {TEXTS[stream]} FROM history.{stream}_at('{moment}')"
            return sorted(connection.execute(query).fetchall())

        yield rows_at


def killed_run(shop: Sandbox, place: str, requests: int, *, full: bool = False) -> None:
    """Run in a process that is killed while it waits for an answer."""
    given = json.dumps([{**shop.settings(), "page_size": 2}, place, STREAMS, full])
    count = 0

    def kill(_request: Request) -> None:
        nonlocal count
        count += 1
        if count == requests:
            child.kill()

    with subprocess.Popen([sys.executable, "-c", CHILD, given]) as child:
        shop.before_request(kill)
    assert child.returncode != 0


@pytest.mark.few(1)
@pytest.mark.parametrize("name", ["shop.duckdb", "parquet:folder"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_at_ten_moments_the_rows_are_those_of_the_shop_also_after_killed_runs_and_full_ones(
    shop: Sandbox, tmp_path: Path, seed: int, name: str
) -> None:
    chance = random.Random(seed)  # noqa: S311 - replayed by its seed
    kind, _, name = name.rpartition(":")
    place = f"{kind}:{tmp_path / name}" if kind else str(tmp_path / name)
    shop.clock.freeze()
    journal = Journal(shop, chance)
    shop.clock.advance(700)
    killed_run(shop, place, 8)
    with Client(shop.settings()) as client:

        def run(**options: Any) -> None:
            assert sync(client, place, streams=STREAMS, **options).complete

        run(history=STREAMS)
        begin = len(journal.times)
        shop.clock.advance(700)
        for turn in range(4):
            journal.change()
            if turn % 2:
                killed_run(shop, place, chance.randrange(4, 8))
            run(hard_delete=not kind and chance.random() < 0.5, full=turn == 3)
            if turn == 1:
                # A full read alone would show what is gone, and not when it went.
                killed_run(shop, place, 8, full=True)
                run(full=True)
        assert not kind or all(verdict.equal for verdict in verify(client, place, streams=STREAMS))
    moments = chance.sample(journal.times[begin : -2 * 6], 10)
    assert len(moments) == 10
    # The last changes were read in full, which shows what is gone, and not when it went.
    moments.append(write_time(shop.clock.now()))
    with reading(place) as rows_at:
        for moment in moments:
            for stream in STREAMS:
                assert rows_at(stream, moment) == journal.at(stream, moment), (seed, stream, moment)


def test_whoever_is_forgotten_is_in_no_earlier_row_and_what_is_dropped_is_not_either(
    shop: Sandbox, tmp_path: Path
) -> None:
    path, streams = tmp_path / "shop.duckdb", ["customers", "orders"]
    person = shop.records("customers")[0]
    old, new = "before@example.com", "after@example.com"
    with Client(shop.settings()) as client:
        shop.update("customers", person["id"], {"email": old})
        shop.clock.advance(700)
        assert sync(client, path, streams=streams, history=["customers"]).complete
        for email in (new, "newest@example.com"):
            shop.update("customers", person["id"], {"email": email})
            shop.clock.advance(700)
            assert sync(client, path, streams=streams).complete
        assert sorted(_emails(path, person["id"])) == [new, old]
        assert forget(path, person["id"]).rows["customers"] == 3
        assert _emails(path, person["id"]) == [None, None]
        assert not any(text in path.read_bytes() for text in (old.encode(), new.encode()))
        forget(path, person["id"], rows=True)
        assert _emails(path, person["id"]) == []
    with Client({**shop.settings(), "personal": "drop"}) as client:
        assert sync(client, path, streams=["customers"], full=True).complete
        for record in shop.records("customers")[:3]:
            shop.update("customers", record["id"], {"email": old})
        shop.clock.advance(700)
        assert sync(client, path, streams=["customers"]).complete
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute("SELECT email, _valid_from < _valid_to FROM history.customers").fetchall()
    assert set(rows) == {(None, True)}


def _emails(path: Path, customer: str) -> list[Any]:
    with duckdb.connect(str(path), read_only=True) as connection:
        query = f"SELECT email FROM history.customers WHERE id = '{customer}' ORDER BY version"
        return [email for (email,) in connection.execute(query).fetchall()]


def test_whoever_is_forgotten_is_in_no_version_of_a_folder_that_a_full_read_kept(shop: Sandbox, tmp_path: Path) -> None:
    folder, streams = tmp_path / "folder", ["customers"]
    person, other = shop.records("customers")[:2]
    place, old = f"parquet:{folder}", "before@example.com"

    def read(email: str, **options: Any) -> None:
        for record in (person, other):
            shop.update("customers", record["id"], {"email": f"{record['id'][:4]}.{email}"})
        shop.clock.advance(700)
        with Client(shop.settings()) as client:
            assert sync(client, place, streams=streams, **options).complete

    def emails(customer: str) -> set[str | None]:
        files = f"read_parquet('{folder}/customers/part-*.parquet', union_by_name = true)"
        with duckdb.connect() as connection:
            rows = connection.execute(f"SELECT email FROM {files} WHERE id = '{customer}'").fetchall()
        return {email for (email,) in rows}

    read(old, history=streams)
    read("after@example.com")
    read("newest@example.com", full=True)
    assert f"{person['id'][:4]}.{old}" in emails(person["id"])
    forget(place, person["id"])
    read("forgotten@example.com", full=True)
    assert emails(person["id"]) == {None}
    assert len(emails(other["id"])) == 4


def test_a_sweep_goes_on_with_the_history_and_the_next_run_finds_no_difference(shop: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with Client(shop.settings()) as client:
        assert sync(client, path, streams=["inventory"], history=["inventory"]).complete
        shop.clock.advance(700)
        gone = shop.delete("inventory", shop.records("inventory")[0]["id"])
        with duckdb.connect(str(path)) as connection:
            (stale,) = connection.execute(
                "SELECT id FROM raw.inventory WHERE id <> ? LIMIT 1", [gone["id"]]
            ).fetchall()[0]
            connection.execute("UPDATE raw.inventory SET version = 0 WHERE id = ?", [stale])
        assert [verdict.mended for verdict in sweep(client, path, hard_delete=True)] == [1]
        assert all(verdict.equal for verdict in verify(client, path))
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute("SELECT id, _valid_to > _valid_from FROM history.inventory").fetchall()
    assert rows == [(gone["id"], True)]


@pytest.mark.parametrize(
    ("place", "history", "message"),
    [
        ("shop.duckdb", ["project"], "records of project have no versions with a date; leave it out of history"),
        ("shop.duckdb", ["messages"], "records of messages have no versions"),
        ("shop.duckdb", ["carts"], "history names carts, which is not among the chosen streams"),
        ("shop.duckdb", "orders", r"must be a list of streams, such as \['orders'\]"),
        ("shop.duckdb", ["order"], "there is no stream 'order'"),
        ("shop.ducklake", ["orders"], r"FROM raw.orders AT \(TIMESTAMP => "),
        (
            "jsonl:lines",
            ["orders"],
            "keeps no history of rows when asked for it; a DuckDB file or a Parquet folder does",
        ),
    ],
)
def test_a_history_that_cannot_be_kept_is_refused_before_anything_is_written(
    shop: Sandbox, tmp_path: Path, place: str, history: Any, message: str
) -> None:
    kind, _, name = place.rpartition(":")
    destination = f"{kind}:{tmp_path / name}" if kind else str(tmp_path / name)
    with Client(shop.settings()) as client, pytest.raises(ConfigError, match=message):
        sync(client, destination, streams=["orders", "project", "messages"], history=history)
    assert not list(tmp_path.iterdir())


def test_a_full_read_into_a_parquet_folder_says_which_earlier_versions_go_with_it(
    shop: Sandbox, tmp_path: Path
) -> None:
    folder = f"parquet:{tmp_path / 'folder'}"
    events: list[Event] = []

    def told(**options: Any) -> list[str]:
        shop.clock.advance(700)
        events.clear()
        with Client(shop.settings()) as client:
            assert sync(client, folder, streams=[*STREAMS, "project"], hook=events.append, **options).complete
        return [
            event.message()
            for event in events
            if isinstance(event, Notice) and event.about == "history" and event.lacking
        ]

    assert told() == []
    assert told(full=True) == []  # nothing was stored in between
    shop.update("orders", shop.records("orders")[0]["id"], {"orderNumber": "of yesterday"})
    assert told() == []
    assert told(full=True) == [
        (
            "history: a full read took the place of the files of inventory, orders, so history.inventory_at begins with"
            " it; earlier versions of changed records are gone, which --history keeps"
        )
    ]
    assert told() == []
