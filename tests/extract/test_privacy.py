"""Personal data leave as the settings say, wherever in a record the contract has them; all else stays."""

from __future__ import annotations

import hmac
import json
from functools import cache
from typing import Any

import msgspec
import pytest

from commercetools_source.catalog.personal import PERSONAL
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.config import Config
from commercetools_source.errors import ConfigError, UndecodableError
from commercetools_source.extract.envelope import decode_page
from commercetools_source.extract.privacy import KEEP, Privacy, privacy_of
from commercetools_source.extract.records import record_shaper
from commercetools_source.extract.redaction import field_redactor, redactor
from hidden import HIDDEN, TYPES, leading, shown

MARK = "MARK-of-a-Person"
KEY = "0123456789abcdef"
PAIRS = {pair for pair, row in PERSONAL.items() if row.kind}
TAGGED = {pair for pair in PAIRS if "variants" not in TYPES[pair[0]]}


@cache
def cases() -> list[tuple[str, Any]]:
    """Return records in which the mark stands in each personal field, by the ways that lead to it."""
    return list(leading(TAGGED, MARK))


NO_TEXTS = {field for name, field in TAGGED if not TYPES[name]["fields"][field].startswith("string")}
"""What is no text has no hash, and is left out."""


def settings(**given: Any) -> Config:
    return Config(project_key="shop", client_id="id", client_secret="secret", region="us-central1.gcp", **given)  # type: ignore[arg-type]


def shaped(stream: str, value: Any, **given: Any) -> Any:
    privacy = privacy_of(settings(**given))
    shape = record_shaper(STREAMS[stream], ("a", "b")[: len(parents(stream))], privacy)
    raw = msgspec.Raw(value if isinstance(value, bytes) else json.dumps(value).encode())
    return json.loads(bytes(raw if shape is None else shape(raw)))


def parents(stream: str) -> tuple[str, ...]:
    row = STREAMS[stream].parents
    return () if row is None else row.columns


def without_spliced(stream: str, record: dict[str, Any]) -> dict[str, Any]:
    names = {*parents(stream), *(name for name, _ in STREAMS[stream].derived)}
    return {name: value for name, value in record.items() if name not in names}


def test_the_cases_reach_every_personal_field_by_many_ways() -> None:
    reached = {pair for pair in TAGGED for _, value in cases() if f'"{pair[1]}": "{MARK}"' in json.dumps(value)}
    assert reached == TAGGED
    assert len(cases()) > 300


def test_what_is_dropped_is_in_no_record_and_all_else_stays() -> None:
    for stream, value in cases():
        left = shaped(stream, value, personal="drop")
        assert MARK not in json.dumps(left), (stream, value)
        expected = shown(value, STREAMS[stream].item, HIDDEN | PAIRS)
        assert without_spliced(stream, left) == without_spliced(stream, expected), (stream, value)


def test_what_is_hashed_is_the_same_hash_in_every_stream() -> None:
    plain, mail = (hmac.digest(KEY.encode(), text.encode(), "sha256").hex() for text in (MARK, MARK.lower()))
    for stream, value in cases():
        left = json.dumps(shaped(stream, value, personal="hash", hash_key=KEY))
        assert MARK not in left, (stream, value)
        if not any(f'"{field}": "{MARK}"' in json.dumps(value) for field in NO_TEXTS):
            assert plain in left or mail in left, (stream, value)


def test_a_union_without_its_tag_hides_what_is_personal_in_any_variant() -> None:
    for value in ({"contactEmail": MARK}, {"type": "New", "email": MARK, "address": {"city": MARK, "country": "DE"}}):
        for stream in ("business_units", "messages"):
            if stream == "messages" or "contactEmail" in value:
                assert MARK not in json.dumps(shaped(stream, value, personal="drop"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"id":"1","customer\\u0045mail":"MARK-of-a-Person","shippingAddress":{"c\\u0069ty":"MARK-of-a-Person"}}',
        b'{"id":"1","customerEmail":["MARK-of-a-Person"],"shippingAddress":{"city":{"a":["MARK-of-a-Person"]}}}',
        b'{"id":"1","shippingAddress":null,"itemShippingAddresses":[null,{"city":"MARK-of-a-Person"}]}',
    ],
)
def test_odd_spellings_and_shapes_hide_nothing(body: bytes) -> None:
    for given in ({"personal": "drop"}, {"personal": "hash", "hash_key": KEY}):
        left = json.dumps(shaped("orders", body, **given))
        assert MARK not in left
        assert '"id": "1"' in left


def test_mail_addresses_are_trimmed_and_in_lower_case_before_they_are_hashed() -> None:
    given = {"personal": "hash", "hash_key": KEY}
    first = shaped("customers", {"email": " Ann@Example.com "}, **given)["email"]
    assert first == shaped("orders", {"customerEmail": "ann@example.com"}, **given)["customerEmail"]
    assert first != shaped("customers", {"email": "ann@example.com"}, personal="hash", hash_key=KEY[::-1])["email"]


def test_a_field_has_a_choice_of_its_own_wherever_its_type_lies() -> None:
    given = {"personal": "drop", "personal_fields": "orders.shippingAddress.postalCode=first2,customers.email=keep"}
    assert shaped("orders", {"billingAddress": {"postalCode": "10115", "city": "Berlin"}}, **given) == {
        "billingAddress": {"postalCode": "10"}
    }
    message = {"type": "CustomerCreated", "customer": {"email": "a@example.com", "lastName": "A"}}
    assert shaped("messages", message, **given) == {"type": "CustomerCreated", "customer": {"email": "a@example.com"}}
    assert shaped("channels", {"address": {"city": "Ulm"}}, personal="drop", personal_fields="channels.address=keep")


@pytest.mark.parametrize("choice", ["drop", "hash"])
def test_a_custom_field_is_treated_wherever_it_is_named(choice: str) -> None:
    given = {"personal_fields": f"customers.custom.fields.phone={choice}", "hash_key": KEY}
    nested = [{"name": "size", "value": 4}, {"name": "phone", "value": MARK}]
    changes = [
        {"change": "setCustomField", "name": "phone", "previousValue": MARK, "nextValue": None},
        {"change": "setAttribute", "attributeName": "phone", "nextValue": MARK},
        {"change": "setAttribute", "nextValue": {"name": "size", "value": nested}},
        {"change": "addAddress", "address": {"custom": {"fields": {"phone": MARK, "size": 4}}}},
    ]
    records = [
        ("customers", {"custom": {"fields": {"phone": MARK, "size": 4}}}),
        ("products", {"masterData": {"staged": {"variants": [{"attributes": [{"name": "all", "value": nested}]}]}}}),
        *(("change_history", {"changes": [change]}) for change in changes),
        ("customers", {"addresses": [{"custom": {"fields": {"phone": [MARK, 4], "size": 4}}}]}),
        (
            "messages",
            {"type": "CustomerCustomFieldChanged", "name": "phone", "value": MARK, "previousValue": {"a": MARK}},
        ),
        ("messages", {"type": "CustomerCustomTypeSet", "customFields": {"fields": {"phone": MARK}}}),
        ("order_edits", {"stagedActions": [{"action": "setCustomField", "name": "phone", "value": MARK}]}),
        (
            "products",
            {"masterData": {"current": {"masterVariant": {"attributes": [{"name": "phone", "value": MARK}]}}}},
        ),
    ]
    for stream, value in records:
        left = json.dumps(shaped(stream, value, **given))
        assert MARK not in left, value
        assert ("phone" in left) == (choice == "hash" or 'ame": "phone"' in json.dumps(value))
        assert left.count("size") == json.dumps(value).count("size")
    other = {"type": "CustomerCustomFieldChanged", "name": "size", "value": MARK}
    assert shaped("messages", other, **given) == other


def test_a_custom_mail_address_has_the_same_hash_in_a_message_as_in_its_record() -> None:
    given = {"personal_fields": "customers.custom.fields.secondEmail=hash", "hash_key": KEY}
    fields = shaped("customers", {"custom": {"fields": {"secondEmail": "ann@example.com"}}}, **given)["custom"][
        "fields"
    ]
    message = {"type": "CustomerCustomFieldChanged", "name": "secondEmail", "value": " ANN@example.com"}
    assert shaped("messages", message, **given)["value"] == fields["secondEmail"]


@pytest.mark.parametrize("number", ["1e999", "1" * 5_000])
def test_a_number_that_python_cannot_hold_is_left_out_and_costs_no_record(number: str) -> None:
    body = b'{"id":"1","custom":{"fields":{"phone":["a",%s,{"b":%s}],"size":%s}}}' % ((number.encode(),) * 3)
    for choice, expected in (("hash", 2), ("first1", 2), ("drop", 1)):
        privacy = privacy_of(settings(personal_fields=f"customers.custom.fields.phone={choice}", hash_key=KEY))
        shape = record_shaper(STREAMS["customers"], (), privacy)
        assert shape is not None
        fields = msgspec.json.decode(shape(msgspec.Raw(body)), type=dict[str, msgspec.Raw])["custom"]
        left = msgspec.json.decode(fields, type=dict[str, dict[str, msgspec.Raw]])["fields"]
        assert len(left) == expected
        assert bytes(left["size"]).decode() == number


def test_pages_are_redacted_as_single_records_are_in_one_parse() -> None:
    for given in ({"personal": "drop"}, {"personal": "hash", "hash_key": KEY}):
        privacy = privacy_of(settings(**given))
        for stream, value in cases():
            redact, whole = field_redactor(STREAMS[stream].item, privacy), redactor(STREAMS[stream].item, privacy)
            assert redact is not None
            assert whole is not None
            record = json.dumps(value, separators=(",", ":")).encode()
            page, _ = decode_page(b'{"count":2,"results":[%s, %s]}' % (record, record), redact)
            assert list(map(bytes, page.results)) == [bytes(whole(msgspec.Raw(record)))] * 2
    with pytest.raises(UndecodableError, match="the record is no JSON object"):
        decode_page(b'{"count":2,"results":[{},5]}', redact)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("customer.email=drop", "customer is no stream; did you mean customers?"),
        ("customers.emial=drop", "customers has no field emial; did you mean email?"),
        ("orders.shippingAddress.town=drop", "orders.shippingAddress has no field town"),
        ("orders.customerEmail.a=drop", "customerEmail has no fields"),
        ("customers.id=hash", "it is a key"),
        ("custom_objects.key=drop", "it is a key"),
        ("orders.createdAt=drop", "it is a key"),
        ("customers.password=keep", "it is a secret, which never leaves"),
        ("customers.dateOfBirth=first4", "it is no text, so it can only be kept or dropped"),
        ("customers.email=drop,customers.email=keep", "both Customer.email=drop and =keep; leave one out"),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused_in_one_sentence(fields: str, reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        privacy_of(settings(personal_fields=fields, hash_key=KEY))
    assert reason in str(refused.value)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("given", [{"personal": "hash"}, {"personal_fields": "customers.email=hash"}])
def test_a_hash_needs_a_key_that_nobody_guesses(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="hash_key is missing; set it in the settings file or as CTP_HASH_KEY"):
        settings(**given)
    with pytest.raises(ConfigError) as refused:
        settings(**given, hash_key="too short")
    assert "at least 16 characters" in str(refused.value)
    assert "too short" not in str(refused.value)


def test_the_key_is_shown_nowhere() -> None:
    config = settings(personal="hash", hash_key=KEY)
    privacy = privacy_of(config)
    assert KEY not in f"{config} {privacy!r} {privacy.text}"
    assert privacy.text != privacy_of(settings(personal="hash", hash_key=KEY[::-1])).text


def test_without_a_choice_every_record_takes_the_way_of_before() -> None:
    assert privacy_of(settings()) == KEEP == Privacy()
    for name, stream in STREAMS.items():
        parent = ("a", "b")[: len(parents(name))]
        shape = record_shaper(stream, parent, privacy_of(settings()))
        assert (record_shaper(stream, parent) is None) == (shape is None), name
