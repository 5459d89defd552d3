"""A masked value has the form of its original, is never the original, and tells nobody without the key which."""

from __future__ import annotations

import json
import re
import string
from datetime import date, time
from itertools import product
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.config.values import Secret
from commercetools_source.errors import ConfigError
from commercetools_source.extract.masking import masker
from commercetools_source.extract.privacy import masking
from commercetools_source.extract.redaction import redactor
from hidden import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = "0123456789abcdef"
MASK = masker(KEY.encode())


def form(text: str) -> str:
    """Return a text with each small letter as a, each other one as A, each digit as 9."""
    return re.sub("[a-z]", "a", re.sub("[A-Z]", "A", re.sub("[0-9]", "9", text)))


def masked(stream: str, record: Any, fields: Sequence[str] = (), key: str = KEY) -> Any:
    redact = redactor(STREAMS[stream].item, masking(fields, Secret(key)))
    assert redact is not None
    return json.loads(bytes(redact(msgspec.Raw(json.dumps(record).encode()))))


@given(st.text(string.printable.replace("@", ""), max_size=60))
def test_a_text_keeps_its_form_and_nothing_else(text: str) -> None:
    replaced = str(MASK(text))
    assert MASK(text) == replaced
    assert (replaced != text) == any(map(str.isalnum, text))
    if not re.search(r"\d:|\d-\d", text):  # days and times have a test of their own
        assert form(replaced) == form(text)


@given(st.text(max_size=30).filter(lambda text: "@" not in text))
def test_a_text_of_any_script_keeps_its_length_and_no_letter(text: str) -> None:
    replaced = str(MASK(text))
    assert len(replaced) == len(text)
    assert not {char for char in replaced if char.isalnum()} - set(string.ascii_letters + string.digits)


@pytest.mark.parametrize(
    "alphabets", [["0123456789"], [string.ascii_uppercase], ["0123456789"] * 3, ["ab", "XY", "01"]]
)
def test_no_two_values_become_the_same_and_none_stays(alphabets: list[str]) -> None:
    texts = ["".join(letters) for letters in product(*alphabets)]
    replaced = [MASK(text) for text in texts]
    assert len(set(replaced)) == len(texts)
    assert [text for text, other in zip(texts, replaced, strict=True) if text == other] == []


@given(st.dates())
def test_a_day_becomes_another_of_its_year(day: date) -> None:
    other = date.fromisoformat(str(MASK(day.isoformat())))
    assert other.year == day.year
    assert other != day


@pytest.mark.parametrize("text", ["10:20:30", "23:59:59.999", "2020-02-29T23:59:59.999Z", "1987-01-01T00:00:00Z"])
def test_a_time_stays_a_time(text: str) -> None:
    replaced = str(MASK(text))
    assert form(replaced) == form(text)
    day, _, moment = replaced.rpartition("T")
    assert not day or date.fromisoformat(day) != date.fromisoformat(text[:10])
    assert time.fromisoformat(moment.rstrip("Z")) != time.fromisoformat(text.rpartition("T")[2].rstrip("Z"))


@given(
    st.integers(-9, 9) | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9).filter(lambda number: abs(number) > 1e-4)
)
def test_a_number_keeps_its_type_its_sign_and_the_number_of_its_digits(number: float) -> None:
    other = MASK(number)
    assert type(other) is type(number)
    if isinstance(number, int):
        assert len(str(other)) == len(str(number))
        assert other != number


def test_an_address_of_e_mail_is_the_same_in_any_case_and_with_spaces() -> None:
    address = masked("customers", {"email": " Ann@Example.com "})["email"]
    assert re.fullmatch(r"[0-9a-f]{20}@example\.com", address)
    assert masked("orders", {"customerEmail": "ann@example.com"})["customerEmail"] == address
    message = {"type": "CustomerEmailChanged", "email": "ANN@EXAMPLE.COM", "oldEmail": "b@example.com"}
    assert masked("messages", message)["email"] == address != masked("messages", message)["oldEmail"]
    assert masked("customers", {"email": "ann@example.com"}, key=KEY[::-1])["email"] != address


def test_addresses_keep_areas_and_the_form_of_codes() -> None:
    address = {
        "id": "a1", "country": "DE", "region": "Bavaria", "postalCode": "D-80331", "phone": "+49 (89) 123",
        "lastName": "O'Neill-Smith", "additionalAddressInfo": "Ring twice!", "custom": {"fields": {"floor": 3}},
    }  # fmt: skip
    other = masked("orders", {"shippingAddress": address, "totalPrice": {"centAmount": 5}})
    replaced = other["shippingAddress"]
    kept = ("id", "country", "region", "custom")
    assert {name: replaced[name] for name in kept} == {name: address[name] for name in kept}
    changed = address.keys() - kept
    assert [name for name in changed if replaced[name] == address[name]] == []
    assert all(form(replaced[name]) == form(str(address[name])) for name in changed)
    assert other["totalPrice"] == {"centAmount": 5}


def test_free_texts_are_masked_and_secrets_are_left_out() -> None:
    review = masked("reviews", {"title": "So good", "text": "Ask Ann", "authorName": "Ann", "rating": 5})
    assert {name: form(str(value)) for name, value in review.items()} == {
        "title": "Aa aaaa", "text": "Aaa Aaa", "authorName": "Aaa", "rating": "9",
    }  # fmt: skip
    assert review["rating"] == 5
    assert "Ask" not in review["text"]
    shopping_list = masked("shopping_lists", {"name": {"en": "Ann's wishes"}, "lineItems": [{"name": {"en": "Shoe"}}]})
    assert form(shopping_list["name"]["en"]) == "Aaa'a aaaaaa"
    assert shopping_list["lineItems"] == [{"name": {"en": "Shoe"}}]
    assert masked("customers", {"id": "1", "password": "****"}) == {"id": "1"}


def test_custom_fields_follow_when_they_are_named() -> None:
    fields = ["customers.custom.fields.phone=hash", "customers.vatId=keep", "customers.title=drop"]
    custom = {"phone": "030 1", "size": "030 1"}
    record = masked("customers", {"vatId": "DE1", "title": "Dr", "custom": {"fields": custom}}, fields)
    assert record["vatId"] == "DE1"
    assert "title" not in record
    assert record["custom"]["fields"]["size"] == "030 1"
    assert form(record["custom"]["fields"]["phone"]) == "999 9"
    assert record["custom"]["fields"]["phone"] != "030 1"
    for value in (
        {"typeId": "customer", "id": "a1"},
        {"type": "centPrecision", "currencyCode": "EUR", "fractionDigits": 2, "centAmount": 1250},
        ["1990-05-17", None, 120],
    ):
        (other,) = masked("customers", {"custom": {"fields": {"phone": value}}}, fields)["custom"]["fields"].values()
        assert form(json.dumps(other)) == form(json.dumps(value))
        assert (other == value) == ("typeId" in value)
    with pytest.raises(ConfigError, match="it is a key"):
        masking(["customers.id=hash"], Secret(KEY))


def test_what_is_not_personal_keeps_its_bytes() -> None:
    redact = redactor("Order", masking([], Secret(KEY)))
    assert redact is not None
    body = msgspec.Raw(
        b'{"id": "1", "lineItems": [{"quantity": 1.0, "name": {"en":  "a"}}], "customerEmail": "a@b.de"}'
    )
    assert bytes(redact(body)).startswith(b'{"id":"1","lineItems":[{"quantity": 1.0, "name": {"en":  "a"}}],')
    assert shown(json.loads(bytes(redact(body))), "Order", {("Order", "customerEmail")}) == {
        "id": "1",
        "lineItems": [{"quantity": 1.0, "name": {"en": "a"}}],
    }
