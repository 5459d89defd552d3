"""A person who stands in every stream that can hold one is in none of them once forgotten."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from changes import NOW, change
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.destinations import DESTINATIONS as ALL
from commercetools_source.destinations import open_destination
from commercetools_source.extract.forgotten import PERSON_STREAMS
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.forget import forget
from destinations.conformance import CASES
from marks import MARK, marked, stored_text
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DESTINATIONS = [row for row in ALL if not CASES[row.name].lacks]
"""Those that can be written here: a lake needs an extension of DuckDB's, and is tried in `make acceptance`."""
PERSON = "10000000-0000-4000-8000-000000000001"
EMAIL = "forget.me@example.com"
REFERENCE = {"typeId": "customer", "id": PERSON}
NAMES = [stream.name for stream in PERSON_STREAMS]
OBJECTS, CHANGES = "/custom-objects", "history:/"
FREE = {"custom": {"type": {"typeId": "type", "id": "10000000-0000-4000-8000-000000000009"}, "fields": {"say": MARK}}}
OWNED: dict[str, dict[str, Any]] = {
    "business_units": {"contactEmail": EMAIL},
    "carts": {"customerId": PERSON, "customerEmail": EMAIL},
    "customers": {"id": PERSON, "email": EMAIL},
    "discount_codes": {
        "cartPredicate": f'customer.email = "{EMAIL}"',
        "name": {"en": f"For {MARK}"},
        "description": {"en": f"{MARK}'s birthday"},
    },
    "messages": {"type": "CustomerCreated", "resource": REFERENCE},
    "order_edits": {"resource": {"typeId": "order", "id": "10000000-0000-4000-8000-000000000002"}, "comment": MARK},
    "orders": {"id": "10000000-0000-4000-8000-000000000002", "customerId": PERSON, "customerEmail": EMAIL},
    "recurring_orders": {"customer": REFERENCE, "customerEmail": EMAIL},
    "shopping_lists": {"customer": REFERENCE, "name": {"en": f"{MARK}'s list"}, "description": {"en": MARK}},
}
"""What makes a record of a stream the person's; a reference to the customer for the others."""


def _rows() -> Iterator[tuple[str, str, bytes]]:
    """Yield the rows of a shop with two records of each stream: the person's with marks, and somebody else's."""
    marks = (f"{MARK}-{number}" for number in count())
    paths = {stream.path: stream for stream in PERSON_STREAMS if stream.path not in {OBJECTS, CHANGES}}
    first: dict[str, list[bytes]] = {}
    for path, parent, text in rows_of(*paths):
        if path == "/":
            yield path, parent, text
        elif path != "/messages" or b'"CustomerCreated"' in text:
            first.setdefault(path, []).append(text)
    for number, (path, texts) in enumerate(sorted(first.items())):
        stream = paths[path]
        record = json.loads(texts[0])
        # Keys that a record of its own needs, so that the two of a stream do not collide.
        unique = {"id": f"10000000-0000-4000-8000-0000000001{number:02}", "key": f"of-{number}", "orderNumber": "O-1"}
        own = {name: value for name, value in unique.items() if name in record}
        owner = OWNED.get(stream.name, {"customer": REFERENCE})
        free = {} if stream.name == "messages" else FREE  # a Message has no custom fields of its own
        yield path, "", json.dumps({**marked(record, stream.item, marks), **free, **own, **owner}).encode()
        yield path, "", texts[1]
    named = {"type": "CustomerLabel", "firstName": MARK, "lastName": MARK}
    changes = [{"type": "ChangeEmailChange", "change": "changeEmail", "previousValue": MARK, "nextValue": EMAIL}]
    for resource in (REFERENCE, {"typeId": "customer", "id": "other"}):
        row = {"resource": resource, "label": {"type": "StringLabel", "value": "nobody's"}, "changes": []}
        own = {"label": named, "previousLabel": named, "changes": changes} if resource == REFERENCE else {}
        yield CHANGES, "", change(1, NOW, **{**row, "previousLabel": {}, **own})
    dated = {"version": 1, "createdAt": "2025-01-01T00:00:00.000Z", "lastModifiedAt": "2025-01-01T00:00:00.000Z"}
    for number, value in enumerate(({"of": PERSON, "say": MARK}, [f"write to {EMAIL}", MARK], "nobody's")):
        key = {"id": f"10000000-0000-4000-8000-00000000020{number}", "container": "notes", "key": f"note-{number}"}
        yield OBJECTS, "", json.dumps({**key, **dated, "value": value}).encode()


@pytest.fixture(scope="module", name="shop")
def _shop() -> Iterator[Sandbox]:
    with Sandbox(rows=list(_rows())) as sandbox:
        sandbox.clock.advance(3600)
        yield sandbox


def _has_person(folder: Path) -> list[str]:
    text = stored_text(folder).lower()
    return [text[max(0, place - 200) : place + 60] for name in (MARK.lower(), EMAIL) if (place := text.find(name)) >= 0]


@pytest.mark.few(2)
@pytest.mark.parametrize("row", DESTINATIONS, ids=lambda row: row.name)
def test_no_stream_keeps_anything_of_a_person_who_was_forgotten(shop: Sandbox, tmp_path: Path, row: Any) -> None:
    spec = f"{row.name}:{tmp_path / 'shop'}"
    with Client(shop.settings()) as client:
        summary = sync(client, open_destination(spec), streams=NAMES)
        assert summary.complete
        assert {outcome.stream for outcome in summary.outcomes if outcome.records} == set(NAMES)
        assert _has_person(tmp_path)
        done = forget(spec, PERSON)
        assert set(done.rows) == set(NAMES)
        assert done.rows == done.erased
        assert _has_person(tmp_path) == []
        assert sync(client, spec, streams=NAMES, full=True).complete
    assert _has_person(tmp_path) == []
    assert "nobody's" in stored_text(tmp_path)
    assert STREAMS["custom_objects"] in PERSON_STREAMS
