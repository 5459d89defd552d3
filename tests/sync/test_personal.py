"""No destination and no front-end gets personal data that a run was to leave out or to hash."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pytest

from commercetools_source import partitions, read_partition
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.cli.app import run
from commercetools_source.client import Client
from commercetools_source.config.settings import SETTINGS
from commercetools_source.destinations import DESTINATIONS as ALL
from commercetools_source.destinations import open_destination
from commercetools_source.errors import ConfigError
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.backfill import backfill
from commercetools_source.sync.compare import sweep, verify
from destinations.conformance import CASES
from frontends.conformance import FRONT_ENDS
from hidden import HIDDEN, shown
from marks import MARK, PAIRS, marked, stored_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commercetools_source.events import Event
    from frontends.conformance import FrontEnd

DESTINATIONS = [row for row in ALL if not CASES[row.name].lacks]
"""Those that can be written here: a lake needs an extension of DuckDB's, and is tried in `make acceptance`."""
KEY = "0123456789abcdef"
CHOICES: list[dict[str, Any]] = [{"personal": "drop"}, {"personal": "hash", "hash_key": KEY}]
NAMES = ["carts", "customers", "messages", "orders"]


@pytest.fixture(scope="module", name="shop")
def _shop() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        marks = (f"{MARK}-{number}" for number in range(10_000))
        for name in NAMES:
            for record in sandbox.records(name)[:20]:
                other = marked(record, STREAMS[name].item, marks, fill=True)
                if other != record:
                    sandbox.create(name, {key: value for key, value in other.items() if key not in {"id", "version"}})
        customer = sandbox.create("customers", {"email": "Ann@Example.com", "lastName": MARK})
        sandbox.create("orders", {"customerEmail": " ann@example.com", "customerId": customer["id"]})
        sandbox.clock.advance(3600)
        yield sandbox


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice["personal"])
@pytest.mark.parametrize("row", DESTINATIONS, ids=lambda row: row.name)
def test_no_destination_gets_what_is_left_out_or_hashed(
    shop: Sandbox, tmp_path: Path, row: Any, choice: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    events: list[Event] = []
    with Client({**shop.settings(), **choice}, hook=events.append) as client:
        summary = sync(client, row.name, streams=NAMES, hook=events.append)
    assert summary.complete
    assert events
    stored = stored_text(tmp_path) + repr(summary) + "".join(f"{event!r} {event.message()}" for event in events)
    assert "CustomerCreated" in stored
    assert MARK not in stored
    assert "ann@example.com" not in stored.lower()
    assert KEY not in stored


def test_what_is_not_personal_is_unchanged_value_by_value(shop: Sandbox) -> None:
    with Client(shop.settings()) as clear:
        records = {name: {record["id"]: record for record in clear.records(name)} for name in NAMES}
    for choice in CHOICES:
        with Client({**shop.settings(), **choice}) as client:
            for name in NAMES:
                assert MARK in json.dumps(list(records[name].values())), name
                for record in client.records(name):
                    item = STREAMS[name].item
                    left = record if choice["personal"] == "drop" else shown(record, item, PAIRS)
                    assert left == shown(records[name][record["id"]], item, HIDDEN | PAIRS)


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice["personal"])
def test_no_frame_and_no_row_of_spark_has_what_is_left_out_or_hashed(shop: Sandbox, choice: dict[str, Any]) -> None:
    settings = {**shop.settings(), **choice}
    with Client(settings) as client:
        tables = [client.arrow(name).read_all() for name in NAMES]
        tables += [client.polars("customers").to_arrow(), pa.Table.from_pandas(client.pandas("customers"))]
    batches = [batch for piece in partitions("orders", settings) for batch in read_partition(piece, settings)]
    sent = json.dumps([table.to_pylist() for table in [*tables, *batches]], default=str)
    assert "CustomerCreated" in sent
    assert MARK not in sent
    assert "ann@example.com" not in sent.lower()


def test_the_command_prints_and_reports_nothing_that_is_left_out(
    shop: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in shop.settings().items():
        monkeypatch.setenv(SETTINGS[name].variable, str(value))
    path = str(tmp_path / "shop.duckdb")
    chosen = ["--streams", ",".join(NAMES), "--personal", "drop", "--verbose", "--report", str(tmp_path / "page.html")]
    assert run(["sync", "-d", path, *chosen]) == 0
    assert run(["report", "-d", path, "-o", str(tmp_path / "all.html"), "--unmasked"]) == 0
    printed = "".join(capfd.readouterr())
    assert "customers" in printed
    assert "customers" in (tmp_path / "all.html").read_text()
    assert MARK not in printed + stored_text(tmp_path)


def test_joins_give_the_same_counts_and_another_key_gives_other_hashes(shop: Sandbox, tmp_path: Path) -> None:
    counts, hashes = [], []
    for number, choice in enumerate(({}, CHOICES[1], {"personal": "hash", "hash_key": KEY[::-1]})):
        path = tmp_path / f"{number}.duckdb"
        with Client({**shop.settings(), **choice}) as client:
            assert sync(client, path, streams=["customers", "orders"]).complete
        with duckdb.connect(str(path)) as connection:
            join = (
                "SELECT count(*) FROM raw.customers JOIN raw.orders ON lower(trim(email)) = lower(trim(customerEmail))"
            )
            counts.append(connection.execute(join).fetchall())
            hashes.append({row[0] for row in connection.execute("SELECT email FROM raw.customers").fetchall()})
    assert counts[0] == counts[1] == counts[2] != [(0,)]
    assert hashes[0].isdisjoint(hashes[1])
    assert hashes[1].isdisjoint(hashes[2])


@pytest.mark.parametrize("front_end", FRONT_ENDS, ids=str)
def test_no_front_end_sends_what_is_left_out_or_hashed(shop: Sandbox, front_end: str) -> None:
    row: FrontEnd = FRONT_ENDS[front_end]
    pytest.importorskip(row.needs)
    done = row.run({**shop.settings(), **CHOICES[1]}, NAMES)
    sent = json.dumps([done.records, done.state, done.text], default=str)
    assert done.complete
    assert len(done.records["customers"]) > 20
    assert MARK not in sent
    assert "ann@example.com" not in sent.lower()
    assert KEY not in sent


def test_another_choice_is_refused_in_one_sentence_and_nothing_is_written(shop: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with Client({**shop.settings(), **CHOICES[1]}) as client:
        assert sync(client, path, streams=["customers"]).complete
        assert sync(client, path, streams=["customers"]).complete
    before = _customers(path)
    for choice in ({}, CHOICES[0], {"personal": "hash", "hash_key": KEY[::-1]}):
        with Client({**shop.settings(), **choice}) as client:
            outcomes = {outcome.stream: outcome for outcome in sync(client, path, streams=["customers"]).outcomes}
            assert "personal data were read with the choice hash (key" in (outcomes["customers"].error or "")
            assert "--full" in (outcomes["customers"].error or "")
            refused = backfill(client, path, "2020-01-01", streams=["customers"]).outcomes[0]
            assert "personal data" in (refused.error or "")
            assert "personal data" in sweep(client, path, ["customers"])[0].note
            assert verify(client, path, ["customers"])[0].equal
    assert MARK not in stored_text(tmp_path)
    assert _customers(path) == before != []
    with Client({**shop.settings(), **CHOICES[0]}) as client:
        assert sync(client, path, streams=["customers"], full=True).complete
        assert sync(client, path, streams=["customers"]).complete


def _customers(path: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute("FROM raw.customers ORDER BY id").fetchall()


@pytest.mark.parametrize(
    "given",
    [{"personal": "hash"}, {"personal_fields": "customers.emial=drop"}, {"personal_fields": "customers.id=drop"}],
)
def test_a_choice_that_cannot_be_made_ends_the_run_before_anything_is_written(
    shop: Sandbox, tmp_path: Path, given: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError), Client({**shop.settings(), **given}) as client:
        sync(client, open_destination(tmp_path / "shop.duckdb"))
    assert not list(tmp_path.iterdir())
