"""A person who is forgotten is in no row of the Change History either, whether or not their records were copied."""

from __future__ import annotations

import json
import shutil
from itertools import count
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from changes import NOW, change
from commercetools_source.client import Client
from commercetools_source.destinations import DESTINATIONS as ALL
from commercetools_source.destinations import open_destination
from commercetools_source.destinations.row import Ability
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.backfill import backfill
from commercetools_source.sync.forget import forget
from destinations.conformance import CASES
from dying import forget_and_die
from marks import MARK, stored_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DESTINATIONS = [row for row in ALL if not CASES[row.name].lacks]
"""Those that can be written here: a lake needs an extension of DuckDB's, and is tried in `make acceptance`."""
PERSON, EMAIL = "10000000-0000-4000-8000-000000000001", "forget.me@example.com"
REFERENCE = {"typeId": "customer", "id": PERSON}
STRANGER = "somebody.else@example.com"
NAMES = ["change_history", "orders"]
_marks = (f"{MARK}-{number}" for number in count())


def _value(name: str, before: Any, after: Any) -> dict[str, Any]:
    return {"type": f"{name[0].upper()}{name[1:]}Change", "change": name, "previousValue": before, "nextValue": after}


def _address(email: str = EMAIL) -> dict[str, Any]:
    return {"id": "a", "country": "DE", "lastName": next(_marks), "streetName": next(_marks), "email": email}


def _row(kind: str, number: int, changes: list[dict[str, Any]], **fields: Any) -> tuple[str, str, bytes]:
    resource = {"typeId": kind, "id": f"{kind}-{number}"} if kind != "customer" else REFERENCE
    label = fields.pop("label", {"type": "StringLabel", "value": "a label"})
    plain = {"resource": resource, "changes": changes, "label": label, "previousLabel": label}
    return "history:/", "", change(number, NOW, **{**plain, **fields})


def _rows() -> Iterator[tuple[str, str, bytes]]:
    """Yield changes that are about the person, each by another hint, and such as are not; and two orders."""
    named = {"type": "CustomerLabel", "firstName": MARK, "lastName": next(_marks), "customerNumber": "C-1"}
    yield _row("customer", 1, [_value("changeEmail", "old@example.com", EMAIL)], label=named)
    yield _row("customer", 2, [_value("addAddress", None, _address())], label=named)
    # Of an order that is copied, and of records that are in this table alone.
    yield _row("order", 3, [_value("setShippingAddress", _address(), _address())])
    yield _row("order", 4, [], label={"type": "OrderLabel", "customerEmail": EMAIL.upper(), "orderNumber": "O-4"})
    yield _row("order", 4, [_value("setBillingAddress", None, _address())], version=9)
    yield _row("review", 5, [_value("setCustomer", None, REFERENCE), _value("setAuthorName", None, MARK)])
    yield _row("shopping-list", 6, [_value("changeName", None, {"en": MARK})], modifiedBy={"customer": REFERENCE})
    yield _row("key-value-document", 7, [_value("changeValue", {"to": f"<{EMAIL}>", "say": MARK}, {"say": MARK})])
    yield _row("discount-code", 8, [_value("setCartPredicate", f'customer.email = "{EMAIL}"', f'"{MARK}" = ""')])
    yield _row("quote", 9, [_value("setBuyerComment", None, MARK)], label={"type": "QuoteLabel", "customer": REFERENCE})
    # Somebody else's: another customer, an order that mentions the person, and what was changed after the forgetting.
    yield _row("order", 30, [_value("setCustomerEmail", STRANGER, "and.another@example.com")])
    yield _row(
        "order",
        31,
        [_value("setCustomField", None, "for Ann")],
        modifiedBy={"customer": {"typeId": "customer", "id": "other"}},
    )
    yield _row(
        "store", 32, [_value("setName", {"en": "Berlin"}, {"en": "Hamburg"})], modifiedBy={"customer": REFERENCE}
    )
    dated = {"version": 1, "createdAt": "2025-01-01T00:00:00.000Z", "lastModifiedAt": "2025-01-01T00:00:00.000Z"}
    for name, customer in (("order-3", PERSON), ("order-30", "other")):
        yield "/orders", "", json.dumps({"id": name, "customerId": customer, **dated}).encode()


@pytest.fixture(scope="module", name="shop")
def _shop() -> Iterator[Sandbox]:
    with Sandbox(rows=list(_rows()), now=NOW) as sandbox:
        sandbox.clock.advance(3600)
        yield sandbox


@pytest.fixture(scope="module", name="copies")
def _copies(shop: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a copy of the shop for each destination, its relations as tables where there are such."""
    folder = tmp_path_factory.mktemp("copies")
    with Client(shop.settings()) as client:
        for row in DESTINATIONS:
            tables = True if Ability.TABLES in row.abilities else None
            (folder / row.name).mkdir()
            spec = f"{row.name}:{folder / row.name / 'shop'}"
            assert sync(client, open_destination(spec, materialize=tables), streams=NAMES).complete
    return folder


@pytest.fixture(name="copy", params=[row.name for row in DESTINATIONS])
def _copy(request: pytest.FixtureRequest, copies: Path, tmp_path: Path) -> str:
    """Return a destination that holds the shop, in a folder of its own."""
    shutil.copytree(copies / request.param, tmp_path / request.param)
    return f"{request.param}:{tmp_path / request.param / 'shop'}"


def _has_person(folder: Path) -> list[str]:
    text = stored_text(folder).lower()
    return [text[max(0, place - 300) : place + 60] for name in (MARK.lower(), EMAIL) if (place := text.find(name)) >= 0]


def test_no_change_keeps_anything_of_the_person_and_none_comes_back(shop: Sandbox, copy: str, tmp_path: Path) -> None:
    assert _has_person(tmp_path)
    done = forget(copy, PERSON)
    assert done.rows == {"change_history": 10, "orders": 1}
    assert done.left == ()
    assert not _has_person(tmp_path)
    text = stored_text(tmp_path)
    assert all(word in text for word in (STRANGER, "for Ann", "Hamburg", "O-4", "C-1"))
    with Client(shop.settings()) as client:
        assert backfill(client, copy, "2026-01-01", streams=NAMES).complete
        assert sync(client, copy, streams=NAMES, full=True).complete
    assert not _has_person(tmp_path)


def test_rows_are_taken_out_where_that_is_asked_for(shop: Sandbox, copy: str, tmp_path: Path) -> None:
    forget(copy, PERSON, rows=True)
    with Client(shop.settings()) as client:
        assert sync(client, copy, streams=NAMES, full=True).complete
    text = stored_text(tmp_path)
    assert not [word for word in (MARK, EMAIL, "O-4", "C-1") if word in text]
    assert all(word in text for word in (STRANGER, "for Ann", "Hamburg"))
    if copy.startswith("duckdb"):
        with duckdb.connect(copy.partition(":")[2], read_only=True) as connection:
            keys = "(changeHistoryResourceType, changeHistoryResourceId)"
            here = "(SELECT (resourceType, resourceId) FROM raw.change_history)"
            orphans = f"SELECT count(*) FROM change_history_changes WHERE {keys} NOT IN {here}"
            assert connection.execute(orphans).fetchall() == [(0,)]


@pytest.mark.few(3)
@pytest.mark.parametrize("point", [2, 5, 9])
def test_killed_in_the_middle_and_repeated_it_ends_the_same(copy: str, tmp_path: Path, point: int) -> None:
    forget_and_die(copy, PERSON, point, tmp_path)
    forget(copy, PERSON)
    assert not _has_person(tmp_path)
    assert forget(copy, PERSON).erased == {}


def test_what_is_changed_after_the_person_was_forgotten_is_loaded(shop: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with Client(shop.settings()) as client:
        assert sync(client, path, streams=NAMES).complete
    forget(path, PERSON, emails=[EMAIL])
    later = {"type": "OrderLabel", "customerEmail": EMAIL, "orderNumber": "O-99"}
    shop.clock.advance(86_400 * 400)
    new = json.loads(_row("order", 99, [], label=later, modifiedAt="2027-11-20T12:00:00.000Z")[2])
    shop.create("change_history", new)
    with Client(shop.settings()) as client:
        assert sync(client, path, streams=NAMES).complete
    forget(path, PERSON)  # frees the space of what the run has erased
    text = stored_text(tmp_path)
    assert "O-99" in text
    assert EMAIL in text
    assert MARK not in text
