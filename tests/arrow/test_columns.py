from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.arrow.decode import BEYOND, DELETED_AT, SYNCED_AT, UNFIT, Decoder, slices, surprises
from commercetools_source.catalog.schema import Column
from commercetools_source.errors import DestinationError

KINDS = ["string", "int", "bool", "number", "datetime", "date", "time", "json"]
FIELDS = [
    Column("id", "string", nullable=True),
    Column("version", "int", nullable=True),
    *(Column(f"a {kind}", kind, nullable=True) for kind in KINDS),
]
NOW = datetime(2026, 5, 4, 3, 2, 1)  # noqa: DTZ001 - UTC without a zone is what the columns hold


def table(decoder: Decoder, records: list[bytes]) -> pa.Table:
    rows = decoder.rows([msgspec.Raw(record) for record in records])
    return pa.Table.from_batches(decoder.batches(rows, NOW), decoder.schema())


def row(record: bytes, fields: list[Column] = FIELDS) -> dict[str, Any]:
    (found,) = table(Decoder("things", fields, ("id",)), [record]).to_pylist()
    return dict(found)


def raw(kind: str, value: str) -> bytes:
    return f'{{"id":"1","a {kind}":{value}}}'.encode()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", '"é\\u00e9\\n\\""', 'éé\n"'),
        ("string", '"a\\u0000b"', "a\0b"),
        ("int", "9223372036854775807", 2**63 - 1),
        ("int", "-9223372036854775808", -(2**63)),
        ("bool", "false", False),
        ("number", "0.1", 0.1),
        ("number", "9007199254740992", float(2**53)),
        ("datetime", '"2024-02-29T23:59:59.123Z"', datetime(2024, 2, 29, 23, 59, 59, 123000)),  # noqa: DTZ001
        ("datetime", '"2024-02-29T23:59:59Z"', datetime(2024, 2, 29, 23, 59, 59)),  # noqa: DTZ001
        ("datetime", '"2024-03-01T01:00:00.000+02:00"', datetime(2024, 2, 29, 23)),  # noqa: DTZ001
        ("date", '"0001-12-31"', date(1, 12, 31)),
        ("time", '"14:05:06.789"', time(14, 5, 6, 789000)),
        ("time", '"14:05:06"', time(14, 5, 6)),
        ("json", '{"price" : 1.10,"name":"é\\u00e9", "list":[ ]}', '{"price" : 1.10,"name":"é\\u00e9", "list":[ ]}'),
        ("json", '"text"', '"text"'),
        ("json", "1E400", "1E400"),
        ("string", "null", None),
        ("json", "null", None),
    ],
)
def test_a_value_that_fits_its_column_stands_there_exactly(kind: str, text: str, value: object) -> None:
    found = row(raw(kind, text))
    assert found[f"a {kind}"] == value
    assert found[UNFIT] is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("string", "5"),
        ("string", "{}"),
        ("int", '"5"'),
        ("int", "9223372036854775808"),
        ("int", "1.5"),
        ("bool", "0"),
        ("number", "9007199254740993"),
        ("number", "1e999"),
        ("datetime", '"2024-02-30T00:00:00Z"'),
        ("datetime", '"2024-02-28T00:00:00"'),  # no zone, so no moment
        ("datetime", '"2024-02-28T00:00:00.123456789Z"'),  # finer than the column
        ("datetime", "1709251199"),
        ("date", '"2024-2-29"'),
        ("time", '"25:00:00"'),
        ("time", '"14:00:00+02:00"'),
    ],
)
def test_a_value_that_does_not_fit_is_kept_as_it_came(kind: str, text: str) -> None:
    decoder = Decoder("things", FIELDS, ("id",))
    (found,) = table(decoder, [raw(kind, text)]).to_pylist()
    assert found[f"a {kind}"] is None
    assert found[UNFIT] == f'{{"a {kind}":{text}}}'
    assert decoder.misfits == {f"a {kind}": 1}


def test_one_value_that_does_not_fit_leaves_the_others_alone() -> None:
    good, bad = '"2024-01-01T00:00:00Z"', '"never"'
    records = [f'{{"id":"{number}","a datetime":{bad if number == 3 else good}}}'.encode() for number in range(6)]
    found = table(Decoder("things", FIELDS, ("id",)), records)
    assert found["a datetime"].null_count == 1
    assert found[UNFIT].to_pylist() == [None, None, None, '{"a datetime":"never"}', None, None]


def test_missing_and_null_are_both_null() -> None:
    assert row(b'{"id":"1"}') == row(b'{"id":"1","a string":null,"a json":null,"a int":null,"a datetime":null}')


def test_an_unknown_field_becomes_a_json_column_from_the_first_record_that_has_it() -> None:
    decoder = Decoder("things", FIELDS, ("id",))
    records = [
        b'{"id":"1"}',
        b'{"id":"2","new":{"a": 1.0}}',
        b'{"newer":[],"id":"3","new":"x"}',
        b'{"id":"4","a int":""}',
    ]
    found = table(decoder, records)
    assert decoder.fields[len(FIELDS) :] == [
        Column("new", "json", nullable=True),
        Column("newer", "json", nullable=True),
    ]
    assert found["new"].to_pylist() == [None, '{"a": 1.0}', '"x"', None]
    assert found["newer"].to_pylist() == [None, None, "[]", None]
    assert decoder.misfits == {"a int": 1}


@pytest.mark.parametrize("name", ["ID", "_SYNCED_AT", "", " ", "a\\u0000b"])
def test_an_unknown_field_that_can_be_no_column_is_kept_beside_them(name: str) -> None:
    decoder = Decoder("things", FIELDS, ("id",))
    found = table(decoder, [f'{{"id":"1","{name}":7}}'.encode()])
    assert decoder.fields == FIELDS
    assert json.loads(found[UNFIT][0].as_py()) == {json.loads(f'"{name}"'): 7}


def test_of_records_with_one_key_the_higher_version_stays_then_the_later_one() -> None:
    versions = [("a", 2), ("b", 1), ("a", 1), ("b", 1), ("a", None), ("c", 1)]
    records = [json.dumps({"id": key, "version": version, "a int": at}) for at, (key, version) in enumerate(versions)]
    found = table(Decoder("things", FIELDS, ("id",)), [record.encode() for record in records])
    assert dict(zip(found["id"].to_pylist(), found["a int"].to_pylist(), strict=True)) == {"a": 0, "b": 3, "c": 5}


def test_without_versions_the_later_record_stays_and_its_misfits_with_it() -> None:
    fields = [Column("id", "string", nullable=True), Column("n", "int", nullable=True)]
    found = table(Decoder("things", fields, ("id",)), [b'{"id":"a","n":1}', b'{"id":"b","n":2}', b'{"id":"a","n":"x"}'])
    assert found["n"].to_pylist() == [2, None]
    assert found[UNFIT].to_pylist() == [None, '{"n":"x"}']


def test_a_key_of_several_columns_is_compared_as_a_whole() -> None:
    fields = [
        Column("store", "string", nullable=True),
        Column("product", "string", nullable=True),
        Column("n", "int", nullable=True),
    ]
    keys = [("x", "yz"), ("xy", "z"), ("x", "yz")]
    records = [f'{{"store":"{a}","product":"{b}","n":{n}}}'.encode() for n, (a, b) in enumerate(keys)]
    assert table(Decoder("things", fields, ("store", "product")), records)["n"].to_pylist() == [1, 2]


@pytest.mark.parametrize("record", [b'{"id":null}', b'{"version":1}', b'{"id":5}'])
def test_a_record_without_its_key_is_refused(record: bytes) -> None:
    with pytest.raises(DestinationError, match="a record of things has no id, which identifies it"):
        row(record)


def test_a_record_that_is_no_object_is_refused() -> None:
    with pytest.raises(DestinationError, match="a record of things is no JSON object"):
        row(b"[1]")


def test_bytes_that_are_no_utf8_do_not_stop_a_run() -> None:
    assert row(b'{"id":"1","a json":"\xff"}')["a json"] == '"\ufffd"'


def test_an_empty_delivery_makes_no_rows() -> None:
    assert table(Decoder("things", FIELDS, ("id",)), []).num_rows == 0


def test_every_row_says_when_it_was_stored() -> None:
    found = row(b'{"id":"1"}')
    assert (found[SYNCED_AT], found[DELETED_AT]) == (NOW, None)


def test_large_deliveries_are_cut_into_slices_of_some_megabytes() -> None:
    records = [msgspec.Raw(b" " * size) for size in (3_000_000, 6_000_000, 1, 9_000_000, 2)]
    assert list(slices(records)) == [(0, 2), (2, 4), (4, 5)]
    assert list(slices([])) == []


MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001 - formatted as UTC
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FITTING: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(),
    "int": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53),
    "datetime": MOMENTS.map(lambda moment: f"{moment.isoformat(timespec='milliseconds')}Z"),
    "date": st.dates().map(str),
    "time": st.times().map(lambda moment: moment.isoformat(timespec="milliseconds")),
    "json": JSON,
}
RECORDS = st.lists(
    st.fixed_dictionaries(
        {}, optional={**{f"a {kind}": FITTING[kind] | JSON for kind in KINDS}, "new": JSON, "A INT": JSON, "x": JSON}
    ),
    max_size=5,
)


def api_value(kind: str, value: Any) -> Any:
    """Return a column's value as the API writes it."""
    if kind == "datetime":
        return value.isoformat(timespec="milliseconds") + "Z"
    if kind == "time":
        return value.isoformat(timespec="milliseconds")
    return str(value) if kind == "date" else json.loads(value) if kind == "json" else value


@given(records=RECORDS, separators=st.sampled_from([(",", ":"), (" , ", " : ")]))
def test_whatever_comes_can_be_read_back_from_the_row(
    records: list[dict[str, Any]], separators: tuple[str, str]
) -> None:
    texts = [
        json.dumps({**record, "id": str(at)}, ensure_ascii=False, separators=separators)
        for at, record in enumerate(records)
    ]
    decoder = Decoder("things", FIELDS, ("id",))
    found = table(decoder, [text.encode("utf-8", "surrogatepass") for text in texts]).to_pylist()
    kinds = {field.name: field.kind for field in decoder.fields}
    assert len(found) == len(records)
    misfits: Counter[str] = Counter()
    for got, record in zip(found, records, strict=True):
        unfit = json.loads(got.pop(UNFIT) or "{}")
        misfits.update(list(unfit))
        columns = {
            name: api_value(kinds[name], value) for name, value in got.items() if name in kinds and value is not None
        }
        back = {name: value for name, value in {**columns, **unfit}.items() if value is not None}
        back.pop("id")
        assert back == {name: value for name, value in record.items() if value is not None}
        assert not set(columns) & set(unfit)
    assert decoder.misfits == dict(misfits)


@given(moment=MOMENTS, minutes=st.integers(-720, 840))
def test_moments_are_stored_in_utc_whatever_their_zone(moment: datetime, minutes: int) -> None:
    zoned = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    if not 2 <= zoned.year <= 9998:
        return
    expected = zoned.astimezone(timezone.utc).replace(tzinfo=None)
    assert row(raw("datetime", f'"{zoned.isoformat()}"'))["a datetime"] == expected


@given(
    st.lists(st.sampled_from(["", "null", "true", '"en"', "[]", '{"a":1}', '"é"', '"\\u00e9"', "1234"]), max_size=12)
)
def test_json_columns_keep_every_text_and_missing_and_null_are_null(texts: list[str]) -> None:
    records = [
        f'{{"id":"{place}","a json":{text}}}'.encode() if text else f'{{"id":"{place}"}}'.encode()
        for place, text in enumerate(texts)
    ]
    found = table(Decoder("things", FIELDS, ("id",)), records)
    found.validate(full=True)
    assert found.column("a json").to_pylist() == [None if text in {"", "null"} else text for text in texts]


def test_thousands_of_fields_that_nobody_knew_are_a_few_lines() -> None:
    drift = {("orders", f"f{number}"): 2 for number in range(4000)} | {("orders", BEYOND): 7, ("carts", "a"): 1}
    texts = [notice.message() for notice in surprises([("orders", f"g{number}") for number in range(490)], drift)]
    assert len(texts) == 2 * 21 + 2
    assert "orders: has 470 more fields that were not known, kept likewise" in texts
    assert "orders: values of 3,980 more fields that do not fit its column: 7960; _unfit has them" in texts
    assert any("get no column of their own: 7;" in text for text in texts)
    assert texts[-1] == "carts: values of a that do not fit its column: 1; _unfit has them"


@pytest.mark.parametrize(("name", "shown"), [("", "''"), ("  ", "'  '"), ("\n", "'\\n'"), ("colour", "colour")])
def test_a_field_whose_name_would_not_be_seen_is_quoted(name: str, shown: str) -> None:
    added, misfit = (notice.message() for notice in surprises([("orders", name)], {("orders", name): 3}))
    assert f"not known, {shown};" in added
    assert f"values of {shown} that do not fit its column: 3;" in misfit
