"""The contract as data and as values: what the tool makes of a specification, and how types widen."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.contract import SCALARS, Contract, Expression, Type, load, parse

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "contract.py"
# A tool imports those beside it, as it does when it is run.
sys.path.insert(0, str(TOOL.parent))
MADE = runpy.run_path(str(TOOL))
SPECIFICATION = """\
openapi: 3.0.0
info: {title: A shop, version: v1}
paths:
  /{projectKey}:
    get: {responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Project'}}}}}}
  /{projectKey}/animals:
    get:
      parameters:
        - {name: where, in: query}
        - {name: limit, in: query}
        - {name: '/^var[.][a-z]+$/', in: query}
        - {name: projectKey, in: path}
      security: [{oauth_2_0: ['view_animals:{projectKey}']}]
      responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/AnimalPage'}}}}}
    post: {responses: {}}
  /{projectKey}/animals/search:
    get: {responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/AnimalPage'}}}}}}
  /{projectKey}/animals/{ID}:
    get: {responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Animal'}}}}}}
components:
  schemas:
    Project: {type: object, required: [key], properties: {key: {type: string}}}
    Base: {type: object, required: [id], properties: {id: {type: string}, bornAt: {type: string, format: datetime}}}
    Kind: {type: string, enum: [Cat, Dog]}
    Names: {type: object, required: ['/^[a-z]{2}$/'], additionalProperties: {type: string}}
    Animal:
      allOf:
        - $ref: '#/components/schemas/Base'
        - type: object
          required: [kind, '/^x$/']
          properties:
            kind: {$ref: '#/components/schemas/Kind'}
            names: {$ref: '#/components/schemas/Names'}
            weight: {type: number, format: double}
            legs: {type: array, items: {type: integer, format: int32}}
            anything: {}
            obj: {$ref: '#/components/schemas/Unreached'}
          discriminator:
            propertyName: kind
            mapping: {Cat: '#/components/schemas/Cat'}
    Cat:
      allOf:
        - $ref: '#/components/schemas/Animal'
        - type: object
          properties: {lives: {type: integer}}
    AnimalPage:
      type: object
      properties: {offset: {type: integer}, results: {type: array, items: {$ref: '#/components/schemas/Animal'}}}
    Unreached: {type: object}
"""


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, TOOL, *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def test_the_tool_keeps_names_types_and_inheritance_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text(SPECIFICATION)
    target = tmp_path / "contract.json"
    assert run(tmp_path / "openapi.yaml", "--target", target).returncode == 0
    source, *lines = target.read_text().splitlines()[1:]
    assert source.startswith('"source": {"title":"A shop","version":"v1","sha256":"')
    animal = (
        '"anything":"any","bornAt":"datetime","id":"string!","kind":"Kind!","legs":"[int]","names":"Names",'
        '"weight":"number"}}'
    )
    cat = animal.replace('"names"', '"lives":"int","names"')
    endpoint = '"page":"AnimalPage","params":["limit","where"],"scopes":["view_animals"],"methods":["GET","POST"]}'
    assert lines == [
        '"endpoints": {',
        '"/": {"item":"Project","params":[],"scopes":[],"methods":["GET"]},',
        f'"/animals": {{"item":"Animal",{endpoint}',
        "},",
        '"types": {',
        '"Animal": {"tag":"kind","variants":{"Cat":"Cat"},"fields":{' + animal + ",",
        '"Cat": {"fields":{' + cat + ",",
        '"Kind": {"enum":["Cat","Dog"]},',
        '"Names": {"map":"string"},',
        '"Project": {"fields":{"key":"string!"}}',
        "}",
        "}",
    ]


def test_check_tells_whether_the_file_is_current_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text(SPECIFICATION)
    arguments = [tmp_path / "openapi.yaml", "--target", tmp_path / "contract.json"]
    assert run(*arguments, "--check").returncode == 1
    assert not (tmp_path / "contract.json").exists()
    run(*arguments)
    assert run(*arguments, "--check").returncode == 0


ADDED = """\
{"rows": [
  {"type": "Kind", "value": "Bird", "source": "https://example.com/birds"},
  {"type": "Animal", "tag": "Bird", "is": "Bird", "source": "https://example.com/birds"},
  {"type": "Bird", "field": "wings", "is": "[Wing]!", "source": "https://example.com/birds"},
  {"type": "Wing", "field": "span", "is": "number", "source": "https://example.com/birds"},
  {"type": "Base", "field": "id", "is": "string", "source": "https://example.com/stray"}
], "left": []}
"""


def test_reviewed_additions_are_merged_into_the_contract(tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text(SPECIFICATION)
    (tmp_path / "additions.json").write_text(ADDED)
    target = tmp_path / "contract.json"
    result = run(tmp_path / "openapi.yaml", "--target", target, "--additions", tmp_path / "additions.json")
    assert result.returncode == 0, result.stderr
    lines = target.read_text().splitlines()
    assert '"Kind": {"enum":["Cat","Dog","Bird"]},' in lines
    assert any(line.startswith('"Animal": {"tag":"kind","variants":{"Bird":"Bird","Cat":"Cat"}') for line in lines)
    assert '"Bird": {"fields":{"wings":"[Wing]!"}},' in lines
    assert '"Wing": {"fields":{"span":"number"}}' in lines  # a new type that only a new type speaks of


@pytest.mark.parametrize(
    "row",
    [
        '{"type": "Kind", "value": "Dog", "source": "https://example.com"}',
        '{"type": "Cat", "field": "lives", "is": "int", "source": "https://example.com"}',
        '{"type": "Animal", "tag": "Cat", "is": "Cat", "source": "https://example.com"}',
    ],
)
def test_an_addition_that_the_specification_has_by_now_is_an_error_and_nothing_is_written(
    tmp_path: Path, row: str
) -> None:
    (tmp_path / "openapi.yaml").write_text(SPECIFICATION)
    (tmp_path / "additions.json").write_text(f'{{"rows": [{row}], "left": []}}')
    target = tmp_path / "contract.json"
    result = run(tmp_path / "openapi.yaml", "--target", target, "--additions", tmp_path / "additions.json")
    assert result.returncode == 2
    assert "by now; take them out of it" in result.stderr
    assert not target.exists()


@pytest.mark.parametrize("row", ['{"type": "Kind", "value": "Bird"}', '{"type": "Kind", "source": "https://a.b"}'])
def test_an_addition_without_a_page_or_a_fact_is_an_error(tmp_path: Path, row: str) -> None:
    (tmp_path / "openapi.yaml").write_text(SPECIFICATION)
    (tmp_path / "additions.json").write_text(f'{{"rows": [{row}], "left": []}}')
    arguments = ["--target", tmp_path / "contract.json", "--additions", tmp_path / "additions.json"]
    result = run(tmp_path / "openapi.yaml", *arguments)
    assert result.returncode == 2
    assert "is no field, value or variant" in result.stderr


def test_every_reviewed_addition_is_in_the_data_that_is_shipped() -> None:
    package = ROOT / "src" / "commercetools_source"
    files = [package / "catalog" / "contract.json", package / "sandbox" / "changes" / "drafts.json"]
    types = {name: row for path in files for name, row in json.loads(path.read_text())["types"].items()}
    rows = MADE["additions"].load(MADE["ADDITIONS"])
    assert len(rows) > 40
    assert [row for row in rows if not MADE["additions"].known(types.get(row["type"], {}), row)] == []


def test_a_format_that_nobody_has_looked_at_is_an_error() -> None:
    with pytest.raises(KeyError, match="duration"):
        MADE["expression"]({"type": "string", "format": "duration"})


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("string", Expression("string")),
        ("Order!", Expression("Order", required=True)),
        ("[LineItem]!", Expression(items=Expression("LineItem"), required=True)),
        ("{[X]}", Expression(values=Expression(items=Expression("X")))),
    ],
)
def test_type_expressions_are_read(text: str, expression: Expression) -> None:
    assert parse(text) == expression


def names_in(value: Expression) -> set[str]:
    inner = [part for part in (value.items, value.values, *value.options) if part is not None]
    return ({value.name} - {""}).union(*map(names_in, inner))


def test_every_type_that_the_contract_speaks_of_is_in_it() -> None:
    types = load().types
    values = [value for row in types.values() for value in (*row.fields.values(), row.values, row.alias) if value]
    assert set().union(*map(names_in, values)) <= SCALARS | set(types)
    assert {name for row in types.values() for name in row.variants.values()} <= set(types)


def test_every_union_is_told_apart_by_a_field_of_all_its_variants() -> None:
    types = load().types
    unions = [row for row in types.values() if row.variants]
    assert len(unions) > 30
    for row in unions:
        assert all(row.tag in types[variant].fields for variant in row.variants.values())


def test_all_messages_are_known() -> None:
    variants = load().types["Message"].variants
    assert len(variants) == 340  # the number of types in the platform's RAML
    assert {"OrderCreated", "OrderStateChanged", "ProductPublished"} <= set(variants)


ZOO = Contract(
    {},
    {
        "Cat": Type({"id": Expression("string", required=True), "lives": Expression("int")}),
        "Dog": Type({"id": Expression("string", required=True), "lives": Expression("number")}),
        "Kind": Type(enum=("Cat", "Dog")),
        "Locale": Type(alias=Expression("string")),
        "Names": Type(values=Expression("string")),
        "Pet": Type({"tag": Expression("Kind")}, tag="tag", variants={"Cat": "Cat", "Dog": "Dog"}),
    },
)


def test_the_fields_of_a_union_are_those_of_all_variants_and_none_is_required() -> None:
    assert ZOO.fields("Pet") == {
        "tag": Expression("Kind"),
        "id": Expression("string"),
        "lives": Expression("number"),
    }


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("int", "number", Expression("number")),
        ("Kind", "Locale", Expression("string")),
        ("date", "datetime", Expression("string")),
        ("Cat", "Dog", Expression("object")),
        ("[int]", "[number]", Expression(items=Expression("number"))),
        ("{Kind}", "{string}", Expression(values=Expression("string"))),
        ("bool", "any", Expression("any")),
        ("Kind", "Cat", Expression(options=(Expression("Kind"), Expression("Cat")))),
        ("int", "[int]", Expression(options=(Expression("int"), Expression(items=Expression("int"))))),
    ],
)
def test_two_types_widen_to_the_narrowest_that_both_fit(one: str, other: str, both: Expression) -> None:
    assert ZOO.wider(parse(one), parse(other)) == both


SIMPLE = st.sampled_from([*sorted(SCALARS), *ZOO.types])
EXPRESSIONS = st.recursive(SIMPLE, lambda inner: inner.map("[{}]".format) | inner.map("{{{}}}".format), max_leaves=3)


def forms(value: Expression) -> set[Any]:
    """Return how JSON may write a value."""
    if value.options:
        return {form for option in value.options for form in forms(option)}
    if value.items is not None:
        return {"list"}
    name = "object" if value.values is not None else ZOO.scalar(value) or "object"
    if name == "any":
        return {"list", "object", "string", "number", "bool"}
    return {{"int": "number", "date": "string", "datetime": "string", "time": "string"}.get(name, name)}


@given(st.lists(EXPRESSIONS.map(parse), min_size=2, max_size=5))
def test_widening_loses_no_form_and_invents_none(values: list[Expression]) -> None:
    widened = values[0]
    for value in values[1:]:
        widened = ZOO.wider(widened, value)
    assert forms(widened) == set().union(*map(forms, values))
    assert all(ZOO.wider(widened, value) == widened for value in values if value.items is None and value.values is None)
    assert len([option for option in widened.options if option.items is not None]) <= 1
