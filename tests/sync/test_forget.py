"""A person who is forgotten is in no file of a destination, and no later run brings them back."""

from __future__ import annotations

import hmac
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.cli.app import run
from commercetools_source.client import Client
from commercetools_source.destinations import DESTINATIONS as ALL
from commercetools_source.destinations import open_destination
from commercetools_source.destinations.row import Ability
from commercetools_source.errors import ConfigError, DestinationError
from commercetools_source.extract.abilities import RunStore
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Phase
from commercetools_source.extract.run_record import RunRecord
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.backfill import backfill
from commercetools_source.sync.compare import sweep, verify
from commercetools_source.sync.forget import forget
from destinations.conformance import CASES
from dying import forget_and_die
from marks import MARK, marked, stored_text

if TYPE_CHECKING:
    from collections.abc import Iterator

DESTINATIONS = [row for row in ALL if not CASES[row.name].lacks]
"""Those that can be written here: a lake needs an extension of DuckDB's, and is tried in `make acceptance`."""
EMAIL = "forget.me@example.com"
NAMES = ["customers", "messages", "orders", "reviews"]
SPECS = {row.name: row.name + ":" + {"duckdb": "shop.duckdb"}.get(row.name, "folder") for row in DESTINATIONS}


@pytest.fixture(scope="module", name="shop")
def _shop() -> Iterator[Sandbox]:
    with Sandbox(size="tiny") as sandbox:
        yield sandbox


@pytest.fixture(scope="module", name="person")
def _person(shop: Sandbox) -> str:
    """Return the id of a customer with a mark in every personal field, who has records in many streams."""
    marks = (f"{MARK}-{number}" for number in range(10_000))
    blank = marked(shop.records("customers")[0], "Customer", marks)
    customer = shop.create("customers", _new({**blank, "email": EMAIL}))
    reference = {"typeId": "customer", "id": customer["id"]}
    for name in NAMES:
        for record in [] if name in {"customers", "messages"} else shop.records(name)[:2]:
            new = marked(record, STREAMS[name].item, marks)
            owner = {"customerId": customer["id"]} if name in {"carts", "orders"} else {"customer": reference}
            shop.create(
                name, _new({**new, **owner, "customerEmail": EMAIL} if "customerId" in owner else {**new, **owner})
            )
    guest = {name: value for name, value in shop.records("orders")[0].items() if name != "customerId"}
    shop.create("orders", _new({**guest, "customerEmail": EMAIL.upper()}))
    shop.clock.advance(3600)
    return str(customer["id"])


def _new(record: dict[str, Any]) -> dict[str, Any]:
    left_out = {"id", "version", "key", "orderNumber", "customerNumber"}
    return {name: value for name, value in record.items() if name not in left_out}


@pytest.fixture(scope="module", name="copies")
def _copies(shop: Sandbox, person: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a copy of the shop for each destination, its relations as tables where there are such."""
    assert person
    folder = tmp_path_factory.mktemp("copies")
    with Client(shop.settings()) as client:
        for row in DESTINATIONS:
            (folder / row.name).mkdir()
            tables = True if Ability.TABLES in row.abilities else None
            spec = _spec(row.name, folder / row.name)
            assert sync(client, open_destination(spec, materialize=tables), streams=NAMES).complete
    return folder


def _spec(name: str, folder: Path) -> str:
    kind, _, file = SPECS[name].partition(":")
    return f"{kind}:{folder / file}"


@pytest.fixture(name="copy", params=[row.name for row in DESTINATIONS])
def _copy(request: pytest.FixtureRequest, copies: Path, tmp_path: Path) -> str:
    """Return a destination that holds the shop, in a folder of its own."""
    name = request.param
    shutil.copytree(copies / name, tmp_path / name)
    return _spec(name, tmp_path / name)


def _contents(folder: Path) -> str:
    return stored_text(folder).lower()


def _has_person(folder: Path) -> bool:
    text = _contents(folder)
    return MARK.lower() in text or EMAIL in text


def test_counting_the_rows_of_a_person_writes_nothing(copy: str, person: str, tmp_path: Path) -> None:
    def files() -> dict[Path, tuple[int, bytes]]:
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file()}

    before = files()
    found = forget(copy, person, dry_run=True)
    assert set(found.rows) == set(NAMES)
    assert (found.erased, found.left) == ({}, ())
    assert files() == before


@pytest.mark.parametrize("name", [row.name for row in DESTINATIONS])
def test_counting_the_rows_of_a_person_in_a_place_that_is_not_there_makes_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(DestinationError, match="run `commercetools-source sync` first"):
        forget(_spec(name, tmp_path), "3f2b1c1e-0000-4000-8000-000000000000", dry_run=True)
    assert not list(tmp_path.rglob("*"))


@pytest.mark.few(1)
def test_nothing_of_the_person_is_in_any_file_and_no_later_run_brings_it_back(
    shop: Sandbox, copy: str, person: str, tmp_path: Path
) -> None:
    _spill(copy)
    found = forget(copy, person, emails=["Other@Example.com"], dry_run=True)
    assert _has_person(tmp_path)
    others = _other_rows(copy, person)
    done = forget(copy, person, emails=["Other@Example.com"])
    assert (set(done.rows), done.left) == (set(NAMES), ())
    assert done.rows == found.rows
    assert not _has_person(tmp_path)
    assert _other_rows(copy, person) == others != []
    assert "other@example.com" not in _contents(tmp_path)  # of what was said there is a digest
    with Client(shop.settings()) as client:
        assert backfill(client, copy, "2020-01-01", streams=NAMES).complete
        if not copy.startswith("jsonl"):
            assert all(verdict.equal for verdict in sweep(client, copy, NAMES))
        assert sync(client, copy, streams=NAMES, full=True).complete
        if not copy.startswith("jsonl"):
            assert all(verdict.equal for verdict in verify(client, copy, NAMES))
    assert not _has_person(tmp_path)


def _spill(copy: str) -> None:
    """Leave what a run that was killed had no memory for."""
    kind, _, place = copy.partition(":")
    folder = Path(f"{place}.tmp") if kind == "duckdb" else Path(place) / ".spill"
    if kind != "jsonl":
        folder.mkdir()
        (folder / "duckdb_temp_7_0_storage_DEFAULT-0.tmp").write_text(MARK)


def test_tables_that_others_have_in_the_file_are_named(copies: Path, person: str, tmp_path: Path) -> None:
    place = shutil.copy(copies / "duckdb" / "shop.duckdb", tmp_path)
    with duckdb.connect(place) as connection:
        connection.execute("CREATE SCHEMA marts; CREATE TABLE marts.people AS FROM raw.customers")
        connection.execute("CREATE TABLE notes AS SELECT 1 AS a; CREATE VIEW marts.names AS SELECT 1 AS a")
    (left,) = forget(place, person).left
    assert left.startswith("main.notes, marts.people: made by others, so nothing was erased there; make them anew")


def test_a_filter_and_a_record_of_a_run_name_the_person_also_once_no_row_does(shop: Sandbox, tmp_path: Path) -> None:
    place, (customer, *_) = f"jsonl:{tmp_path / 'shop'}", shop.records("customers")
    with Client(shop.settings()) as client:
        assert sync(client, place, streams=["customers"]).complete
        assert sync(
            client, place, streams=["orders"], where={"orders": f'customerEmail = "{customer["email"]}"'}
        ).complete
    told = RunRecord(
        run="1", command="sync", status="failed", started="2030-01-01T00:00:00.000Z", error=customer["email"]
    )
    for _ in range(2):
        (left,) = forget(place, customer["id"]).left
        assert left.startswith("the filter with which orders was read names the person")
        destination = open_destination(place)
        assert isinstance(destination, RunStore)
        destination.open()
        assert customer["email"] not in str(destination.runs(9))
        destination.write_run(told)  # as if it was killed before it came to the records of runs
        destination.close()


def test_the_filter_of_another_store_names_the_person_too(tmp_path: Path) -> None:
    place, cursor = f"jsonl:{tmp_path / 'shop'}", "2026-01-01T00:00:00.000Z"
    first = StreamState(cursor, where=(f'customerEmail != "{EMAIL}"',), store="berlin")
    state = StreamState(cursor, store="paris", others=(first,))
    destination = open_destination(place)
    destination.open()
    destination.write(Delivery(STREAMS["orders"], [], 0, state, Phase.MERGE))
    destination.close()
    for emails in ([EMAIL], []):  # repeated, it knows the address by what is stored
        (left,) = forget(place, "10000000-0000-4000-8000-000000000009", emails=emails).left
        assert left.startswith("the filter with which orders was read names the person")


def _other_rows(copy: str, person: str) -> list[tuple[Any, ...]]:
    """Return the records of other customers' orders, each as text."""
    kind, _, place = copy.partition(":")
    if kind == "duckdb":
        with duckdb.connect(place, read_only=True) as connection:
            query = "SELECT orders::VARCHAR FROM raw.orders WHERE customerId <> ? ORDER BY id"
            return connection.execute(query, [person]).fetchall()
    read = "read_parquet" if kind == "parquet" else "read_json_objects"
    pattern = f"{place}/orders/part-*.{'parquet' if kind == 'parquet' else 'jsonl'}"
    if kind == "jsonl":
        query = f"SELECT json::VARCHAR FROM {read}(?) WHERE json->>'customerId' <> ? ORDER BY json->>'id'"
    else:
        query = f"SELECT t::VARCHAR FROM {read}(?) AS t WHERE customerId <> ? ORDER BY id"
    return duckdb.execute(query, [pattern, person]).fetchall()


def test_a_guest_is_found_by_the_hash_of_an_address_and_with_no_other_key(
    shop: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    address, key = "Some.Guest@example.com", "0123456789abcdef"
    guest = {name: value for name, value in shop.records("orders")[0].items() if name != "customerId"}
    order = shop.create("orders", _new({**guest, "customerEmail": address.lower()}))
    shop.clock.advance(3600)
    place = f"jsonl:{tmp_path / 'hashed'}"
    with Client({**shop.settings(), "personal": "hash", "hash_key": key}) as client:
        assert sync(client, place, streams=["orders"]).complete
    nobody = "10000000-0000-4000-8000-000000000009"
    for other in ("", key[::-1]):
        with pytest.raises(ConfigError, match="found by its hash only; set hash_key"):
            forget(place, nobody, emails=[address], hash_key=other)
    assert forget(place, nobody).rows == {}
    # The command takes the key from wherever the command that made the hashes took it.
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CTP_HASH_KEY", raising=False)
    (tmp_path / "settings.toml").write_text(f'hash_key = "{key}"')
    command = ["forget", nobody, "--destination", place, "--email", address, "--dry-run"]
    for options, dotenv in ((["--config", "settings.toml"], key[::-1]), ([], key)):
        (tmp_path / ".env").write_text(f"CTP_HASH_KEY={dotenv}\n")
        assert run([*command, *options]) == 0
        assert " 1\n" in capsys.readouterr().out
    assert forget(place, nobody, emails=[address], hash_key=key).rows == {"orders": 1}
    hashed = hmac.digest(key.encode(), address.lower().encode(), "sha256").hex()
    assert order["id"] in _contents(tmp_path)
    assert hashed not in _contents(tmp_path)


@pytest.mark.few(1)
@pytest.mark.parametrize("before", ["keep", "hash"])
@pytest.mark.parametrize("rows", [False, True])
def test_a_guest_is_known_again_in_hashes_of_a_key_that_came_later(
    shop: Sandbox, tmp_path: Path, before: str, *, rows: bool
) -> None:
    names, place = ["carts", "orders", "messages"], tmp_path / "shop.duckdb"
    address = f"guest.{before}.{rows}@example.com".lower()
    for name in names[:2]:
        guest = {field: value for field, value in shop.records(name)[0].items() if field != "customerId"}
        shop.create(name, _new({**guest, "customerEmail": address}))
    shop.clock.advance(3600)

    def copied(key: str, streams: list[str], **options: Any) -> None:
        personal = {"personal": "hash", "hash_key": key} if key else {}
        with Client({**shop.settings(), **personal}) as client:
            assert sync(client, place, streams=streams, **options).complete

    keys = ["" if before == "keep" else "0123456789abcdef", "fedcba9876543210", "02468ace13579bdf"]
    nobody = "10000000-0000-4000-8000-000000000009"
    copied(keys[0], ["orders"])
    assert forget(place, nobody, emails=[address.upper()], rows=rows, hash_key=keys[0]).rows == {"orders": 1}
    # What was not copied when the person was forgotten, and all anew, in two hashes that nobody has asked for.
    copied(keys[1], ["carts", "messages"])
    copied(keys[2], names, full=True)
    hashes = [hmac.digest(key.encode(), address.encode(), "sha256").hex() for key in keys]
    assert not [text for text in hashes if text in _contents(tmp_path)]
    assert address not in _contents(tmp_path)
    assert bool(forget(place, nobody).rows) is not rows


def test_an_address_is_looked_for_in_hashes_of_each_key(shop: Sandbox, tmp_path: Path) -> None:
    place, keys = tmp_path / "shop.duckdb", ["0123456789abcdef", "fedcba9876543210"]
    address, nobody = "two.keys@example.com", "10000000-0000-4000-8000-000000000009"
    for name, key in zip(["orders", "carts"], keys, strict=True):
        guest = {field: value for field, value in shop.records(name)[0].items() if field != "customerId"}
        shop.create(name, _new({**guest, "customerEmail": address}))
        shop.clock.advance(3600)
        with Client({**shop.settings(), "personal": "hash", "hash_key": key}) as client:
            assert sync(client, place, streams=[name]).complete
    assert forget(place, nobody, emails=[address], hash_key=keys[0], dry_run=True).left
    first = forget(place, nobody, emails=[address], hash_key=keys[0])
    assert first.rows == {"orders": 1}
    (left,) = first.left
    assert left.startswith("carts: hashes of another key, in which no e-mail address was looked for")
    second = forget(place, nobody, emails=[address], hash_key=keys[1])
    assert (second.rows, second.erased, second.left) == ({"orders": 1, "carts": 1}, {"carts": 1}, ())
    assert forget(place, nobody, emails=[address], hash_key=keys[0]).left == ()


@pytest.mark.few(1)
def test_rows_that_were_taken_out_stay_away_and_verify_knows_it(
    shop: Sandbox, copy: str, person: str, tmp_path: Path
) -> None:
    forget(copy, person, rows=True)
    with Client(shop.settings()) as client:
        assert sync(client, copy, streams=NAMES, full=True).complete
        if not copy.startswith("jsonl"):
            assert all(verdict.equal for verdict in verify(client, copy, NAMES))
    assert not _has_person(tmp_path)
    assert forget(copy, person).rows == {}


@pytest.mark.few(1)
def test_killed_in_the_middle_and_repeated_it_ends_the_same(copy: str, person: str, tmp_path: Path) -> None:
    point = {"duckdb": 7, "parquet": 12, "jsonl": 9}[copy.partition(":")[0]]
    forget_and_die(copy, person, point, tmp_path)
    forget(copy, person)
    assert not _has_person(tmp_path)
    assert forget(copy, person).erased == {}


def test_a_copy_is_read_by_nobody_who_may_not_read_the_file(shop: Sandbox, person: str, tmp_path: Path) -> None:
    place = tmp_path / "shop.duckdb"
    with Client(shop.settings()) as client:
        assert sync(client, place, streams=["customers"]).complete
    place.chmod(0o600)
    forget_and_die(f"duckdb:{place}", person, 5, tmp_path)  # once all rows are copied
    (copy,) = tmp_path.glob("*-copy")
    assert copy.stat().st_mode & 0o777 == 0o600


def test_an_order_that_comes_after_its_messages_takes_the_person_out_of_them(
    shop: Sandbox, person: str, tmp_path: Path
) -> None:
    path = tmp_path / "shop.duckdb"
    with Client(shop.settings()) as client:
        assert sync(client, path, streams=["customers"]).complete
        forget(path, person)
        assert sync(client, path, streams=["messages"]).complete
        assert sync(client, path, streams=["orders", "reviews"]).complete
    forget(path, person)  # frees the space of what a run has erased
    assert not _has_person(tmp_path)


def test_what_a_run_has_learnt_of_a_person_before_it_was_cut_off_the_next_one_erases(
    shop: Sandbox, tmp_path: Path
) -> None:
    place, mark = f"jsonl:{tmp_path / 'shop'}", "City-of-that-order"
    order = next(record for record in shop.records("orders") if "customerId" in record)
    shop.create(
        "messages",
        {
            "type": "OrderShippingAddressSet",
            "resource": {"typeId": "order", "id": order["id"]},
            "address": {"country": "DE", "city": mark},
            **dict.fromkeys(("sequenceNumber", "resourceVersion"), 99),
        },
    )
    shop.clock.advance(3600)
    cut_off = open_destination(place)
    cut_off.__class__ = type("CutOff", (type(cut_off),), {"scan": _fail})
    forget(open_destination(place), order["customerId"])
    with Client(shop.settings()) as client:
        assert sync(client, place, streams=["messages"], where={"messages": f'resource(id = "{order["id"]}")'}).complete
        assert mark in stored_text(tmp_path)  # whose order that is, nobody knows yet
        with pytest.raises(DestinationError, match="cut off"):
            sync(client, cut_off, streams=["orders"])
        assert sync(client, place, streams=["stores"]).complete
    assert mark not in stored_text(tmp_path)


def _fail(*_arguments: object) -> None:
    raise DestinationError("cut off")


def test_what_can_be_no_customer_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    # What a mail program copies with an address would be looked for, found nowhere, and told as forgotten.
    texts = ("no address", "<ann@example.com>", "ann@example.com;", "mailto:ann@example.com", "a@b.com,c@d.com")
    for customer, emails, named in (
        ("ann@example.com", (), "customer"),
        *(("one", (text,), "emails ") for text in texts),
    ):
        with pytest.raises(ConfigError, match=named):
            forget(tmp_path / "shop.duckdb", customer, emails=emails)
    assert not list(tmp_path.iterdir())
