"""`sandbox --from` and `--data` with `--mask`: nobody's data are served, and the shop still holds together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from commercetools_source.catalog.personal import PERSONAL
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.cli.app import run
from commercetools_source.cli.own_shop import (
    masked,
    masking_of,
    sandbox_rows,
    stored_records,
    unmasked_names,
    written_records,
)
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.errors import ConfigError
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync
from hidden import HIDDEN, shown
from marks import MARK, marked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY = {"CTP_HASH_KEY": "0123456789abcdef"}
MARKED = ["business_units", "carts", "channels", "customers", "messages", "orders", "reviews"]
REPLACED = HIDDEN | {pair for pair, row in PERSONAL.items() if row.kind or row.is_free_text}

Records = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("masked")
    with Sandbox("tiny") as sandbox:
        marks = (f"{MARK}-{number}" for number in range(100_000))
        for name in MARKED:
            for record in sandbox.records(name)[:10]:
                other = marked(record, STREAMS[name].item, marks, dates=False)
                if other != record:
                    sandbox.create(name, {key: value for key, value in other.items() if key not in {"id", "version"}})
        for address in ("Ann@Example.org", "bob@example.org"):
            customer = sandbox.create("customers", {"email": address, "dateOfBirth": "1990-05-17", "lastName": MARK})
            sandbox.create("orders", {"customerEmail": f" {address.lower()}", "customerId": customer["id"]})
        sandbox.clock.advance(3600)
        with Client(sandbox.settings()) as client:
            for spec in (f"duckdb:{folder / 'shop.duckdb'}", f"jsonl:{folder / 'lines'}"):
                assert sync(client, open_destination(spec), streams=MARKED).complete
    return folder


@pytest.fixture(scope="module", params=["duckdb", "jsonl"])
def shops(request: pytest.FixtureRequest, folder: Path) -> tuple[Records, Records]:
    """Return what a sandbox serves of a copy, and what it serves of the same copy masked."""
    records = (
        stored_records(open_destination(str(folder / "shop.duckdb")))
        if request.param == "duckdb"
        else written_records(folder / "lines")
    )
    return served(records), served(masked(records, masking_of(None, KEY)))


def served(records: Mapping[str, Any]) -> Records:
    with Sandbox(rows=sandbox_rows(records)) as sandbox, Client(sandbox.settings()) as client:
        return {name: sorted(client.records(name), key=json.dumps) for name in MARKED}


def by_id(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(record.get("id", record.get("key"))): record for record in records}


def test_no_mark_is_served_in_any_stream(shops: tuple[Records, Records]) -> None:
    clear, replaced = shops
    for name in MARKED:
        assert MARK in json.dumps(clear[name]), name
    assert "example.org" in json.dumps(clear)
    for name, records in replaced.items():
        assert MARK not in json.dumps(records), name
        assert "example.org" not in json.dumps(records).lower(), name


def test_what_is_not_personal_is_unchanged_value_by_value(shops: tuple[Records, Records]) -> None:
    clear, replaced = shops
    for name in MARKED:
        others = by_id(replaced[name])
        assert others.keys() == by_id(clear[name]).keys(), name
        for key, record in by_id(clear[name]).items():
            item = STREAMS[name].item
            assert shown(others[key], item, REPLACED) == shown(record, item, REPLACED), (name, key)


def test_the_same_value_has_the_same_replacement_everywhere(shops: tuple[Records, Records]) -> None:
    clear, replaced = shops
    addresses = [
        [
            {record["id"]: record[field].strip().lower() for record in shop[name] if field in record}
            for name, field in (("customers", "email"), ("orders", "customerEmail"))
        ]
        for shop in shops
    ]
    joined = [
        {(one, other) for one, email in customers.items() for other, address in orders.items() if email == address}
        for customers, orders in addresses
    ]
    assert joined[0] == joined[1]
    assert len(joined[0]) >= 2
    cities = [
        {record["id"]: [address.get("city") for address in record.get("addresses", ())] for record in shop["customers"]}
        for shop in (clear, replaced)
    ]
    pairs = {
        (city, other) for key in cities[0] for city, other in zip(cities[0][key], cities[1][key], strict=True) if city
    }
    assert len(pairs) == len({city for city, _ in pairs}) == len({other for _, other in pairs}) > 3


def test_a_day_of_birth_becomes_another_of_its_year(shops: tuple[Records, Records]) -> None:
    days = [
        {record["id"]: record["dateOfBirth"] for record in shop["customers"] if "dateOfBirth" in record}
        for shop in shops
    ]
    assert days[0].keys() == days[1].keys() != set()
    assert all(days[0][key][:5] == day[:5] != "" and days[0][key] != day for key, day in days[1].items())


def test_what_is_served_masked_is_loaded_without_a_complaint(folder: Path, tmp_path: Path) -> None:
    records = masked(written_records(folder / "lines"), masking_of(None, KEY))
    # Whatever route is asked, the sandbox has nothing else to answer with.
    assert not any(MARK.encode() in body for _, _, body in sandbox_rows(records))
    with Sandbox(rows=sandbox_rows(records)) as sandbox, Client(sandbox.settings()) as client:
        summary = sync(client, open_destination(f"duckdb:{tmp_path / 'again.duckdb'}"), streams=MARKED)
    assert summary.complete
    assert not summary.unfit
    assert MARK.encode() not in (tmp_path / "again.duckdb").read_bytes()


def test_a_key_makes_it_repeatable_and_without_one_each_start_differs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    records = {"customers": written_records(folder / "lines")["customers"]}
    emails = [
        [bytes(record["email"]) for record in masked(records, masking_of(None, environ))["customers"]]
        for environ in (KEY, KEY, {}, {}, {"CTP_HASH_KEY": "fedcba9876543210"})
    ]
    assert emails[0] == emails[1]
    assert len(set(map(tuple, emails))) == 4
    (tmp_path / ".env").write_text("CTP_HASH_KEY='0123456789abcdef'\n")
    assert masking_of(None, {}) == masking_of(None, KEY)
    (tmp_path / ".env").write_text("CTP_HASHKEY=0123456789abcdef\n")
    with pytest.raises(ConfigError, match="did you mean CTP_HASH_KEY"):  # and no key that nobody chose
        masking_of(None, {})


def test_what_the_settings_hide_is_masked_and_what_they_keep_is_too() -> None:
    hidden = "customers.custom.fields.phone=hash,orders.orderNumber=drop"
    kept = "customers.email=keep,Address.postalCode=first3"
    environ = {**KEY, "CTP_PERSONAL_FIELDS": f"{kept},{hidden}"}
    assert masking_of(None, environ) == masking_of(hidden, KEY)
    record = {"id": "1", "version": 1, "email": "ann@example.org", "custom": {"fields": {"phone": MARK, "size": 5}}}
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in record.items()}
    (customer,) = masked({"customers": [raw]}, masking_of(None, environ))["customers"]
    assert b"example.org" not in bytes(customer["email"])
    assert MARK.encode() not in bytes(customer["custom"])
    kind = {"id": "1", "key": "person", "resourceTypeIds": ["customer"], "fieldDefinitions": [{"name": "phones"}]}
    types = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in kind.items()}
    told = unmasked_names({"types": [types], "product_types": []}, masking_of(None, environ))
    assert told.startswith("no type and no product type of the project defines 'phone' (did you mean phones?); if a")
    assert unmasked_names({"types": [types]}, masking_of(None, environ)) == ""  # it may be an attribute
    # The option is of this command alone, so it says what it means.
    assert masking_of("customers.email=keep", environ) == masking_of("customers.email=keep", KEY)


def test_a_wrong_choice_is_refused_before_anything_is_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "zones.jsonl").write_text('{"id": "1", "version": 1}')
    data = ["--data", str(tmp_path)]
    cases = [
        (["--mask"], "--mask is for a copy of a shop; name it with --from or --data"),
        ([*data, "--personal-fields", "customers.email=keep"], "--personal-fields is for a masked copy; add --mask"),
        ([*data, "--mask", "--personal-fields", "customers.email"], "personal_fields is 'customers.email'; it must be"),
        ([*data, "--mask", "--personal-fields", "customers.emial=keep"], "customers has no field emial"),
    ]
    for arguments, sentence in cases:
        assert run(["sandbox", "--port", "0", *arguments]) == 2
        assert sentence in capsys.readouterr().err
    monkeypatch.setenv("CTP_HASH_KEY", "too-short-a-key")
    assert run(["sandbox", "--port", "0", *data, "--mask"]) == 2
    refused = capsys.readouterr().err
    assert "hash_key is ***; it must be a secret text of at least 16 characters" in refused
    assert "too-short-a-key" not in refused
    with pytest.raises(ConfigError, match=r"\*\*\*"):
        masking_of(None, {"CTP_HASH_KEY": "short"})
