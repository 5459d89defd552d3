"""The project's own fields in typed columns: every value comes back, or is told to be unfit; no name does harm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commercetools_source.model.custom import unfit
from commercetools_source.model.custom.columns import FieldSet, custom_columns, entries_map, with_custom_columns
from commercetools_source.model.custom.definitions import (
    ATTRIBUTE_TYPES,
    FIELD_TYPES,
    Definition,
    FieldType,
    custom_fields,
    custom_type,
    product_type,
)
from commercetools_source.model.custom.values import ENTRIES, Reader, as_map
from own_values import NAMES, back, definitions, entries, fitting, same

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TAKEN = ["key", "fields"]


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"autoload_known_extensions": False, "threads": 1}) as connection:
        yield connection


def custom(fields: Sequence[Definition]) -> FieldSet:
    return FieldSet("custom_", as_map("fields"), "fields", tuple(fields))


def attributes(fields: Sequence[Definition]) -> FieldSet:
    return FieldSet("", entries_map(f"TRY_CAST(fields AS {ENTRIES})"), "fields", tuple(fields))


def load(
    connection: duckdb.DuckDBPyConnection, place: FieldSet, reader: Reader, rows: Sequence[str | None]
) -> list[dict[str, Any]]:
    """Return what the columns beside `rows` hold, each row as a dict."""
    connection.execute("CREATE OR REPLACE TEMP TABLE held (key BIGINT, fields JSON)")
    connection.executemany("INSERT INTO held VALUES (?, ?)", list(enumerate(rows)))
    result = connection.execute(f"{with_custom_columns('SELECT * FROM held', [place], reader, TAKEN)} ORDER BY key")
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@st.composite
def product_types(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return a product type's record, and those of the types that are nested in it."""
    records: dict[str, dict[str, Any]] = {}
    for level in range(draw(st.integers(1, 3))):
        uid = f"type-{level}"
        known = tuple(one for one, record in records.items() if record["attributes"])
        kinds = draw(st.dictionaries(NAMES, definitions(ATTRIBUTE_TYPES, known), max_size=5))
        records[uid] = {"id": uid, "key": uid, "attributes": [{"name": n, "type": t} for n, t in kinds.items()]}
    return records[f"type-{len(records) - 1}"], records


@settings(max_examples=40)
@given(data=st.data())
def test_every_attribute_value_comes_back_from_typed_columns(
    data: st.DataObject, database: duckdb.DuckDBPyConnection
) -> None:
    record, records = data.draw(product_types())
    reader = Reader({uid: product_type(one) for uid, one in records.items()})
    place = attributes(reader.product_types[record["id"]].attributes)
    rows = data.draw(st.lists(fitting(record["attributes"], records), min_size=1, max_size=4))
    found = load(database, place, reader, [json.dumps(entries(row)) for row in rows])
    for row, sent in zip(found, rows, strict=True):
        assert row["unfit"] is None
        assert same(back(row, place, reader, TAKEN), sent)


@settings(max_examples=40)
@given(data=st.data())
def test_every_custom_field_value_comes_back_from_typed_columns(
    data: st.DataObject, database: duckdb.DuckDBPyConnection
) -> None:
    kinds = data.draw(st.dictionaries(NAMES, definitions(FIELD_TYPES), max_size=6))
    fields = [{"name": name, "type": kind} for name, kind in kinds.items()]
    record = custom_type({"id": "t", "key": "t", "resourceTypeIds": ["order"], "fieldDefinitions": fields})
    known, conflicts = custom_fields([record], "order")
    assert not conflicts
    place, reader = custom(known), Reader()
    rows = data.draw(st.lists(fitting(fields, {}), min_size=1, max_size=4))
    found = load(database, place, reader, [json.dumps(row, ensure_ascii=False) for row in rows])
    for row, sent in zip(found, rows, strict=True):
        assert row["custom_unfit"] is None
        assert same(back(row, place, reader, TAKEN), sent)


ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=5),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["key", "label", "id", "typeId", "type", "name", "value", "centAmount", "en"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=50)
@given(data=st.data())
def test_any_value_at_all_is_in_its_column_or_unfit(data: st.DataObject, database: duckdb.DuckDBPyConnection) -> None:
    record, records = data.draw(product_types())
    reader = Reader({uid: product_type(one) for uid, one in records.items()})
    place = attributes(reader.product_types[record["id"]].attributes)
    names = [one["name"] for one in record["attributes"]]
    some = st.dictionaries(st.sampled_from([*names, "unknown"]), ANYTHING)
    rows = data.draw(st.lists(st.one_of(some, fitting(record["attributes"], records)), min_size=1, max_size=4))
    found = load(database, place, reader, [json.dumps(entries(row)) for row in rows])
    for row, sent in zip(found, rows, strict=True):
        there = {name: value for name, value in sent.items() if value is not None}
        assert same(back(row, place, reader, TAKEN), there)
        left_out = {name for name, value in there.items() if not is_fit(place, name, value, reader)}
        assert left_out == json.loads(row["unfit"] or "{}").keys()


def is_fit(place: FieldSet, name: str, value: Any, reader: Reader) -> bool:
    """Whether the rule for records that are at hand says that a value fits."""
    types = {definition.name: definition.type for definition in place.definitions}
    return name in types and unfit.fits(types[name], unfit.decode(json.dumps(value)), reader)


PLAIN = {kind: FieldType(kind) for kind in set(ATTRIBUTE_TYPES.values()) - {"set", "nested", "reference"}}
TO_CATEGORY = FieldType("reference", target="category")
SPEC = product_type({"id": "spec", "attributes": [{"name": "n", "type": {"name": "number"}}]})
TWICE = '{"en":"a","en":"b"}'  # which only SQL sees
EUR = '"currencyCode":"EUR","type"'


@pytest.mark.parametrize(
    ("kind", "text", "fits"),
    [
        (PLAIN["boolean"], "false", True),
        (PLAIN["boolean"], '"false"', False),
        (PLAIN["text"], '""', True),
        (PLAIN["text"], "5", False),
        (PLAIN["ltext"], '{"en":"a","de":null}', True),
        (PLAIN["ltext"], '{"en":1}', False),
        (PLAIN["ltext"], TWICE, False),
        (PLAIN["ltext"], '"a"', False),
        (PLAIN["enum"], '{"key":"a","label":"A"}', True),
        (PLAIN["enum"], '"a"', False),
        (PLAIN["enum"], '{"key":"a","label":"A","more":1}', False),
        (PLAIN["lenum"], '{"key":"a","label":{}}', True),
        (PLAIN["lenum"], '{"key":"a","label":"A"}', False),
        (PLAIN["number"], "9007199254740992", True),
        (PLAIN["number"], "9007199254740993", False),  # no double has this value
        (PLAIN["number"], "123456789012345678901234567890", False),
        (PLAIN["number"], "1E2", True),
        (PLAIN["number"], "1e400", False),
        (PLAIN["number"], "5e-324", True),
        (PLAIN["number"], '"5"', False),
        (PLAIN["money"], f'{{{EUR}:"centPrecision","centAmount":-5,"fractionDigits":2}}', True),
        (PLAIN["money"], f'{{{EUR}:"centPrecision","centAmount":5}}', False),
        (PLAIN["money"], f'{{{EUR}:"centPrecision","centAmount":5.5,"fractionDigits":2}}', False),
        (PLAIN["money"], f'{{{EUR}:"centPrecision","centAmount":{2**63 - 1},"fractionDigits":0}}', False),
        (PLAIN["money"], f'{{{EUR}:"highPrecision","centAmount":1,"preciseAmount":9,"fractionDigits":20}}', True),
        (PLAIN["money"], f'{{{EUR}:"highPrecision","centAmount":1,"preciseAmount":9,"fractionDigits":21}}', False),
        (PLAIN["money"], f'{{{EUR}:"highPrecision","centAmount":1,"fractionDigits":2}}', False),
        (PLAIN["date"], '"2024-02-29"', True),
        (PLAIN["date"], '"2023-02-29"', False),
        (PLAIN["date"], '"2024-2-9"', False),
        (PLAIN["time"], '"23:59:59.999"', True),
        (PLAIN["time"], '"23:59:60"', False),
        (PLAIN["datetime"], '"2024-02-29T23:59:59.999Z"', True),
        (PLAIN["datetime"], '"2024-02-29T23:59:59.999+02:00"', False),
        (TO_CATEGORY, '{"typeId":"category","id":"1"}', True),
        (TO_CATEGORY, '{"typeId":"product","id":"1"}', False),
        (FieldType("set", PLAIN["number"]), "[1,null,2.5]", True),
        (FieldType("set", PLAIN["number"]), '[1,"x"]', False),
        (FieldType("set", FieldType("set", TO_CATEGORY)), '[[{"typeId":"category","id":"1"}],[]]', True),
        (FieldType("nested", target="spec"), '[{"name":"n","value":1}]', True),
        (FieldType("nested", target="spec"), '[{"name":"n","value":"x"}]', False),
        (FieldType("nested", target="spec"), '[{"name":"n","value":1},{"name":"n","value":2}]', False),
        (FieldType("nested", target="spec"), '[{"name":"other","value":1}]', False),
        (FieldType("nested", target="gone"), '[{"name":"other","value":1}]', True),
        (FieldType("json"), '{"a":[1]}', True),
    ],
    ids=str,
)
def test_a_value_is_typed_only_if_nothing_of_it_is_lost(
    database: duckdb.DuckDBPyConnection, kind: FieldType, text: str, *, fits: bool
) -> None:
    place, reader = custom([Definition("it", kind)]), Reader({"spec": SPEC})
    (row,) = load(database, place, reader, [f'{{"it":{text}}}'])
    columns = [column.name for column in custom_columns(place, reader, TAKEN)]
    assert (row["custom_unfit"] is None) == fits
    assert unfit.fits(kind, unfit.decode(text), reader) == fits or text == TWICE
    assert any(row[name] is not None for name in columns) == fits
    if not fits:
        assert json.loads(row["custom_unfit"])["it"] == json.loads(text)


@pytest.mark.parametrize("text", ['[{"name":"a","value":1},{"name":"a","value":2}]', '"none"', "[5]", '[{"value":1}]'])
def test_attributes_that_make_no_sense_are_unfit_as_a_whole(database: duckdb.DuckDBPyConnection, text: str) -> None:
    place = attributes([Definition("a", FieldType("number"))])
    (row,) = load(database, place, Reader(), [text])
    assert (row["a"], row["unfit"]) == (None, text)
    (row,) = load(database, place, Reader(), [None])
    assert (row["a"], row["unfit"]) == (None, None)


def test_no_name_of_a_field_does_harm(database: duckdb.DuckDBPyConnection) -> None:
    names = [
        "a'; DROP TABLE held; --",
        'quo"te',
        "select",
        "custom_unfit",
        "unfit",
        "_own0",
        "é",
        "KEY",
        "key",
        "0",
        "{v}",
    ]
    place = custom([Definition(name, FieldType("text")) for name in names])
    sent = {name: name for name in names}
    (row,) = load(database, place, Reader(), [json.dumps(sent)])
    assert back(row, place, Reader(), TAKEN) == sent
    assert row["custom_unfit"] is None


def test_a_nested_type_inside_itself_ends_as_json(database: duckdb.DuckDBPyConnection) -> None:
    inside = {"name": "nested", "typeReference": {"typeId": "product-type", "id": "tree"}}
    fields = [{"name": "leaf", "type": {"name": "text"}}, {"name": "branch", "type": inside}]
    tree = product_type({"id": "tree", "attributes": fields})
    place, reader = attributes(tree.attributes), Reader({"tree": tree})
    value = entries({"leaf": "a", "branch": entries({"leaf": "b", "branch": entries({"leaf": "c"})})})
    (row,) = load(database, place, reader, [json.dumps(value)])
    assert row["branch"]["leaf"] == "b"
    assert json.loads(row["branch"]["branch"]) == entries({"leaf": "c"})


def test_what_would_be_too_large_or_too_deep_for_a_query_is_json() -> None:
    levels = {}
    for level in range(6):
        inside = {"name": "nested", "typeReference": {"id": f"level-{level - 1}"}} if level else {"name": "text"}
        record = {"id": f"level-{level}", "attributes": [{"name": f"a{n}", "type": inside} for n in range(6)]}
        levels[f"level-{level}"] = product_type(record)
    reader = Reader(levels)
    kinds = [reader.resolved(FieldType("nested", target=f"level-{level}")).kind for level in range(6)]
    assert kinds == ["nested", "nested", "nested", "json", "json", "json"]
    deep = FieldType("text")
    for _ in range(20):
        deep = FieldType("set", deep)
    assert str(reader.resolved(deep)) == "set of " * 8 + "json"


def test_many_fields_of_a_type_are_checked_by_one_expression() -> None:
    def query(count: int) -> str:
        fields = [Definition(f"price-{number}", FieldType("money")) for number in range(count)]
        return with_custom_columns("SELECT * FROM held", [custom(fields)], Reader({}), TAKEN)

    # DuckDB took 3 ms to bind each of them: a question over a thousand attributes began after a second.
    assert query(300).count("'highPrecision'") == query(1).count("'highPrecision'") > 0


def test_what_has_no_fields_at_all_shows_its_values_as_unfit(database: duckdb.DuckDBPyConnection) -> None:
    texts = ['{"a":1}', "{}", None]
    assert [row["custom_unfit"] for row in load(database, custom(()), Reader({}), texts)] == ['{"a":1}', None, None]
