"""What is left out of a record, and whether it has its key, goes by its bytes, whatever else the record holds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.errors import StateError
from commercetools_source.extract.records import record_shaper, refuse_unidentified

names = st.sampled_from(["id", "key", "password", "pass", 'pass"word', "custom"])
values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from(["password", '"password":', "\\", '","password":1', "é"]),
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(names, deeper, max_size=3),
    max_leaves=8,
)


def left_of(text: bytes) -> bytes:
    cut = record_shaper(STREAMS["customers"], ())
    assert cut is not None
    return bytes(cut(msgspec.Raw(text)))


@given(st.dictionaries(names, values, max_size=6))
def test_a_customer_comes_without_its_password_and_with_everything_else_in_its_order(record: dict[str, Any]) -> None:
    expected = {name: value for name, value in record.items() if name != "password"}
    assert left_of(msgspec.json.encode(record)) == msgspec.json.encode(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            b'{"id":"1","price":1.10,"password":"x","big":12345678901234567890.0}',
            b'{"id":"1","price":1.10,"big":12345678901234567890.0}',
        ),
        (b'{"password":"x"}', b"{}"),
        (b'{"password":"x","id":"1"}', b'{"id":"1"}'),
        (b'{"id":"1", "password" : "x", "n":1.10}', b'{"id":"1","n":1.10}'),
        (b'{"id":"1","pass\\u0077ord":"x"}', b'{"id":"1"}'),
        (b'{"id":"1","password":"x","password":"x"}', b'{"id":"1"}'),
        (b'{"id":"1","password":null}', b'{"id":"1"}'),
    ],
)
def test_a_password_goes_however_it_is_written(text: bytes, expected: bytes) -> None:
    assert left_of(text) == expected


@given(st.dictionaries(names, values, max_size=6))
@example({"key": "}", "custom": {"id": "3"}})
@example({"key": "{", "custom": "}{", "id": "3"})
@example({"id": {"id": "3"}})
def test_a_record_has_its_key_exactly_if_that_is_a_field_of_its_own(record: dict[str, Any]) -> None:
    page = [msgspec.Raw(b'{"id":"1"}'), msgspec.Raw(msgspec.json.encode(record))]
    key = record.get("id")
    # `values` has no blank text.
    if isinstance(key, (str, int)) and not isinstance(key, bool):
        refuse_unidentified(STREAMS["customers"], page)
        return
    with pytest.raises(StateError, match="has no id, which identifies it"):
        refuse_unidentified(STREAMS["customers"], page)
