"""The choice for personal data: joins survive it, it stays as it is from run to run, and none is made by half."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.errors import ConfigError
from commercetools_source.events import Notice
from commercetools_source.report.check import CheckReport
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.access import inspect
from commercetools_source.sync.backfill import backfill
from commercetools_source.sync.compare import sweep, verify
from marks import MARK, marked, stored_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
    told: list[Any] = []
    with Client({**shop.settings(), **CHOICES[0]}) as client:
        for full in (True, False, True):
            assert sync(client, path, streams=["customers"], full=full, hook=told.append).complete
    (notice,) = (event.message() for event in told if isinstance(event, Notice) and event.about == "personal")
    assert "customers, read with another choice before, may still be elsewhere: " in notice
    assert "begin a new one" in notice


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


def test_a_name_that_no_type_defines_is_told_by_each_run_and_by_check(shop: Sandbox, tmp_path: Path) -> None:
    place = f"jsonl:{tmp_path / 'shop'}"
    names = ("note=drop", "capton=drop", "spec-name=hash", "Tier=hash", "later=keep")
    fields = {"personal_fields": ",".join(f"customers.custom.fields.{name}" for name in names), "hash_key": KEY}
    told: list[Any] = []
    with Client({**shop.settings(), **fields}) as client:
        assert sync(client, place, streams=["customers"], hook=told.append).complete
        assert backfill(client, place, "2020-01-01", streams=["customers"], hook=told.append).complete
        (checked,) = personal_lines(client)
    reason = "defines 'Tier' (did you mean tier?), 'capton' (did you mean caption?); if a name is mistyped, the field"
    notices = [event.reason for event in told if isinstance(event, Notice) and event.about == "personal_fields"]
    assert [reason in text for text in (*notices, checked)] == [True, True, True]
    shop.add_client("few", "few-secret", ["view_customers"])
    few = {"client_id": "few", "client_secret": "few-secret"}
    told.clear()
    with Client({**shop.settings(), **fields, **few}) as client:
        assert sync(client, place, streams=["customers"], hook=told.append).complete
        (checked,) = personal_lines(client)
    assert not [event for event in told if isinstance(event, Notice)]
    assert "is not known: " in checked
    assert "view_types" in checked
    with Client(shop.settings()) as client:
        assert personal_lines(client) == []


def personal_lines(client: Client) -> list[str]:
    return [line for line in CheckReport(inspect(client)).text().splitlines() if line.startswith("personal ")]
