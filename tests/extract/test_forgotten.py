"""Whose a record is, and what of a person's records is erased."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.errors import StateError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Phase
from commercetools_source.extract.forgotten import Erasure, Forgotten, Person, decode, encode, eraser

BEFORE, TIME, AFTER = ("2026-01-01T00:00:00.000Z", "2026-06-01T00:00:00.000Z", "2026-07-01T00:00:00.000Z")
ANN = "ann@example.com"
NOBODY = Forgotten(salt="salt")
EVE = "eve@example.com"
WRITTEN = [
    f"Please write to {EVE}.",
    f"Line\n{EVE}\nline",
    f"'{EVE}'",
    f"-{EVE}-",
    f"?to={EVE}&x=1",
    "?to=eve%40example.com",
    "?to=e%76e%40example%2Ecom&subject=100%",
    f"\u5199\u4fe1\u7ed9{EVE}\u8c22\u8c22",
    json.dumps({"mail": [f"\t{EVE}"]}),
    json.dumps(json.dumps(f"\n{EVE}")),
    "x" * 100_000 + f" {EVE.upper()}",
]
"""An address as people and programs write it."""
OTHERS = [
    *(f"jo{EVE}", f"\u00e9va-{EVE}", f"d'{EVE}", f"eve+{EVE}", f"{EVE}.au", f"{EVE}-x.de", "eve@ example.com"),
    "x" * 1_000_000,
]
"""Addresses of somebody else, and a text without one."""


def erasure(*, rows: bool = False, emails: tuple[str, ...] = ()) -> Erasure:
    digests = tuple(NOBODY.digest(email) for email in emails)
    return Erasure(NOBODY.with_person(Person(customer="ann", time=TIME, rows=rows, emails=digests)))


def is_owned(search: Erasure, stream: str, **fields: Any) -> bool:
    record = {"id": "1", "createdAt": BEFORE, **fields}
    return search.owner(STREAMS[stream], raw(record)) is not None


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


@pytest.mark.parametrize(
    ("stream", "fields"),
    [
        ("customers", {"id": "ann"}),
        ("customers", {"id": "second", "email": " ANN@example.com"}),
        ("orders", {"customerId": "ann"}),
        ("carts", {"customerEmail": ANN}),
        ("payments", {"customer": {"typeId": "customer", "id": "ann"}}),
        ("business_units", {"contactEmail": ANN}),
        ("messages", {"type": "CustomerDeleted", "resource": {"typeId": "customer", "id": "ann"}}),
        ("messages", {"type": "OrderCreated", "resource": {"id": "7"}, "order": {"id": "7", "customerId": "ann"}}),
        ("messages", {"resource": {"typeId": "customer"}, "customer": {"id": "second", "email": ANN}}),
        ("messages", {"resource": {"typeId": "customer"}, "email": "a@example.com", "oldEmail": ANN}),
        ("messages", {"resource": {"typeId": "order"}, "email": ANN}),
        ("messages", {"resource": {"typeId": "business-unit"}, "contactEmail": ANN}),
        ("messages", {"resource": {"typeId": "business-unit"}, "businessUnit": {"id": "1", "contactEmail": ANN}}),
        ("messages", {"resource": {"typeId": "payment-method"}, "paymentMethod": {"customer": {"id": "ann"}}}),
        ("custom_objects", {"container": "c", "key": "wishes-of-ann", "value": 1}),
        ("custom_objects", {"container": "wishes-of-ann", "key": "k", "value": 1}),
        ("custom_objects", {"container": "c", "key": "k", "value": {"to": [f"<{ANN}>"]}}),
    ],
)
def test_a_record_is_found_by_what_names_the_person(stream: str, fields: dict[str, Any]) -> None:
    assert is_owned(erasure(emails=(ANN,)), stream, **fields)


@pytest.mark.parametrize(
    ("stream", "fields"),
    [
        ("orders", {"customerId": "bob"}),
        ("orders", {"customerId": "ann", "createdAt": AFTER}),
        ("customers", {"id": "new", "email": ANN, "createdAt": AFTER}),
        ("orders", {"customerEmail": 7, "customerId": ["ann"]}),
        ("messages", {"resource": {"id": "bob"}, "customer": {"id": "bob", "createdAt": BEFORE}}),
        ("business_units", {"associates": [{"customer": {"id": "ann"}}], "contactEmail": "firm@example.com"}),
        ("custom_objects", {"container": "c", "key": "k", "value": {"to": "Joanna", "of": "annual-plan"}}),
        ("discount_codes", {"key": "k", "cartPredicate": 'sku = "tyrann7"'}),
    ],
)
def test_what_is_somebody_elses_or_newer_is_not(stream: str, fields: dict[str, Any]) -> None:
    assert not is_owned(erasure(emails=(ANN,)), stream, **fields)


def test_who_was_once_the_contact_of_a_business_unit_takes_no_others_unit_along() -> None:
    search, unit = erasure(emails=(ANN,)), {"typeId": "business-unit", "id": "unit"}
    change = {"change": "setContactEmail", "previousValue": None, "nextValue": ANN}
    assert is_owned(search, "messages", resource=unit, contactEmail=ANN)
    assert is_owned(search, "change_history", resource=unit, resourceType="business-unit", changes=[change])
    assert not is_owned(search, "business_units", id="unit", contactEmail="bob@example.com")


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize(
    ("stream", "about"),
    [
        ("messages", {"type": "OrderCustomerEmailSet", "email": "bob@example.com", "oldEmail": ANN}),
        ("messages", {"type": "OrderCreated", "order": {"customerEmail": ANN}}),
        ("change_history", {"resourceType": "order", "modifiedBy": {"customer": {"id": "ann"}}}),
    ],
)
def test_an_order_that_is_now_of_somebody_else_goes_with_nobody_who_had_or_changed_it(
    stream: str,
    about: dict[str, Any],
    rows: bool,  # noqa: FBT001 - a parameter
) -> None:
    search, order = erasure(rows=rows, emails=(ANN,)), {"typeId": "order", "id": "order"}
    assert is_owned(search, stream, **about, resource=order)
    for known in (search, Erasure(decode(encode(search.forgotten())))):
        for named in ({"customerId": "bob"}, {"customerEmail": "bob@example.com"}):
            assert not is_owned(known, "orders", id="order", **named)
        assert known.removed(STREAMS["orders"]) <= {"ann", "1"}
        # What is about it repeats the person's values, and a row that names nobody cannot say whose it is.
        assert is_owned(known, "messages", resource=order)
        assert is_owned(known, "change_history", resource=order, resourceType="order")
    assert is_owned(search, "orders", id="order")


@pytest.mark.parametrize("text", [*WRITTEN, *OTHERS], ids=lambda text: text[:20])
def test_an_address_in_a_text_is_found_however_it_is_written_and_no_other_is(text: str) -> None:
    search = erasure(emails=(EVE,))
    assert is_owned(search, "custom_objects", key="k", value={"of": [text]}) == (text in WRITTEN)
    code = {"code": "C", "cartPredicate": f'custom.note = "{text}"'}
    assert is_owned(search, "discount_codes", **code, id="2") == (text in WRITTEN)


def test_all_that_is_held_is_older_than_the_forgetting_whatever_the_clock_says() -> None:
    person = NOBODY.with_person(Person(customer="ann", time=TIME))
    order = {"id": "1", "customerId": "ann", "createdAt": AFTER}
    assert is_owned(Erasure(person, "ann"), "orders", **order)
    assert not is_owned(Erasure(person, "bob"), "orders", **order)


def test_what_a_record_refers_to_is_the_persons_too_and_a_device_that_others_used_is_not_enough() -> None:
    search = erasure()
    assert is_owned(
        search,
        "orders",
        id="order",
        customerId="ann",
        customerEmail=ANN,
        anonymousId="device",
        cart={"id": "cart"},
        paymentInfo={"payments": [{"id": "payment"}, None]},
    )
    assert search.has_grown
    for stream, fields in (
        ("payments", {"id": "payment"}),
        ("carts", {"id": "cart"}),
        ("shopping_lists", {"id": "2", "anonymousId": "device"}),
        ("orders", {"id": "3", "customerEmail": ANN.upper()}),
        ("messages", {"resource": {"id": "payment"}}),
        ("carts", {"id": "cart", "anonymousId": "other device"}),
        ("shopping_lists", {"id": "6", "anonymousId": "other device"}),
    ):
        assert is_owned(search, stream, **fields), stream
    assert not is_owned(search, "orders", id="4", anonymousId="device", customerEmail="bob@example.com")
    assert not is_owned(search, "carts", id="5", anonymousId="device", customerId="bob")
    made, label = {"anonymousId": "device"}, {"customerEmail": "bob@example.com"}
    assert not is_owned(search, "change_history", resourceType="order", label=label, modifiedBy=made)
    assert is_owned(search, "change_history", resourceType="order", modifiedBy=made)
    # What was learnt is stored, and learnt no more.
    again = Erasure(decode(encode(search.forgotten())))
    assert is_owned(again, "payments", id="payment")
    assert not again.has_grown
    assert not {ANN, "device"} & {*search.forgotten().persons[0].emails, *search.forgotten().persons[0].visitors}


def test_an_address_of_somebody_else_in_an_order_of_the_person_gives_nobody_else_away() -> None:
    bob, search = "bob@example.com", erasure()
    assert is_owned(search, "orders", id="of ann", customerId="ann", customerEmail=bob)
    of_bob = {"typeId": "order", "id": "of bob"}
    about_bob = {"resource": {"typeId": "customer", "id": "bob"}, "resourceType": "customer"}
    change = {"change": "changeEmail", "previousValue": "b@example.com", "nextValue": bob}
    for known in (search, Erasure(decode(encode(search.forgotten())))):
        for stream, fields in (
            ("customers", {"id": "bob", "email": bob}),
            ("orders", {"customerId": "bob", "customerEmail": bob}),
            ("business_units", {"contactEmail": bob}),
            ("change_history", {**about_bob, "changes": [change]}),
            ("change_history", {"resource": of_bob, "label": {"customerEmail": bob}}),
            ("messages", {"resource": of_bob, "email": bob}),
        ):
            assert not is_owned(known, stream, **fields), stream
        assert is_owned(known, "orders", id="2", customerEmail=bob)  # nobody knows whose else it is
    assert is_owned(search, "customers", id="ann", email=bob)  # the account had it, too
    assert is_owned(search, "orders", id="3", customerId="second", customerEmail=bob)


@pytest.mark.parametrize("shortened", ["ann", "ann@ex"])
def test_the_first_characters_of_an_address_give_nobody_else_away(shortened: str) -> None:
    search = erasure()
    assert is_owned(search, "customers", id="ann", email=shortened)
    assert is_owned(search, "orders", id="1", customerId="ann", customerEmail=shortened)
    assert not is_owned(search, "customers", id="annabel", email=shortened)
    assert not is_owned(search, "orders", id="2", customerEmail=shortened)


@pytest.mark.parametrize("rows", [False, True])
def test_a_delivery_has_the_persons_records_without_their_values_or_not_at_all(rows: bool) -> None:  # noqa: FBT001 - a parameter
    orders = [
        {"id": "1", "version": 2, "customerId": "ann", "customerEmail": ANN, "custom": {"type": 1, "fields": {"a": 1}}},
        {"id": "2", "version": 1, "customerId": "bob", "customerEmail": "bob@example.com"},
    ]
    delivery = Delivery(STREAMS["orders"], [raw(order) for order in orders], 1, StreamState(), Phase.MERGE)
    search = erasure(rows=rows)
    left = [json.loads(bytes(record)) for record in search.delivery(delivery).records]
    emptied = {"id": "1", "version": 2, "customerId": "ann", "custom": {"type": 1}}
    assert left == ([orders[1]] if rows else [emptied, orders[1]])
    assert search.removed(STREAMS["orders"]) == (frozenset({"ann", "1"}) if rows else frozenset())


@given(st.recursive(st.none() | st.text(max_size=3) | st.integers(0, 3), lambda of: st.dictionaries(st.text(), of)))
def test_no_form_of_a_record_stops_a_search(value: Any) -> None:
    names = ("customerId", "customer", "resource", "order", "paymentInfo", "email", "createdAt", "id")
    for stream in ("orders", "messages", "custom_objects"):
        erasure(emails=(ANN,)).owner(STREAMS[stream], raw(dict.fromkeys(names, value)))


def test_free_texts_and_own_fields_of_a_person_go_too() -> None:
    review = {"id": "1", "authorName": "Ann", "title": "Fine", "text": "I am Ann", "rating": 5}
    assert json.loads(bytes(eraser(STREAMS["reviews"])(raw(review)))) == {"id": "1", "rating": 5}
    own = {"id": "1", "container": "c", "key": "k", "value": {"a": 1}}
    assert "value" not in json.loads(bytes(eraser(STREAMS["custom_objects"])(raw(own))))


@pytest.mark.parametrize(
    ("stream", "record"),
    [
        ("messages", {"type": "CustomerCustomFieldAdded", "name": "phone", "value": ANN}),
        ("messages", {"type": "CustomerAddressCustomFieldChanged", "name": "n", "value": [ANN], "previousValue": ANN}),
        ("messages", {"type": "BusinessUnitCustomFieldChanged", "name": "n", "value": 1, "oldValue": {"a": ANN}}),
        ("messages", {"type": "OrderCustomTypeSet", "customFields": {"fields": {"say": ANN}}}),
        ("order_edits", {"stagedActions": [{"action": "setCustomField", "name": "say", "value": ANN}]}),
        ("order_edits", {"stagedActions": [{"action": "setCustomType", "fields": {"say": ANN}}]}),
        ("reviews", {"uniquenessValue": ANN}),
    ],
)
def test_own_fields_go_wherever_a_change_of_them_is_told(stream: str, record: dict[str, Any]) -> None:
    assert ANN not in bytes(eraser(STREAMS[stream])(raw({"id": "1", **record}))).decode()


def test_a_product_in_an_order_keeps_its_attributes() -> None:
    order = {"id": "1", "lineItems": [{"variant": {"attributes": [{"name": "colour", "value": "red"}]}}]}
    assert json.loads(bytes(eraser(STREAMS["orders"])(raw(order)))) == order


def test_a_person_who_is_forgotten_again_keeps_what_was_known() -> None:
    first = Person(customer="ann", time=TIME, emails=("a",), records=("1",))
    both = NOBODY.with_person(first).with_person(Person(customer="ann", time=AFTER, rows=True, emails=("b",)))
    assert both.persons == (Person(customer="ann", time=AFTER, rows=True, emails=("a", "b"), records=("1",)),)


def test_a_list_that_cannot_be_read_stops_a_run() -> None:
    assert decode(None) == Forgotten()
    with pytest.raises(StateError, match="backup"):
        decode(b"{")
