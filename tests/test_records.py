"""The types of the records say what the records of the sandbox are."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source import STREAMS, Client, records
from commercetools_source.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

TREE = ast.parse(Path(records.__file__).read_text(encoding="utf-8"))
SCALARS = {"str": str, "int": int, "float": (int, float), "bool": bool}
Fields = dict[str, ast.expr]


def classes() -> dict[str, Fields]:
    fields: dict[str, Fields] = {}
    for node in TREE.body:
        if isinstance(node, ast.ClassDef):
            inherited = [fields.get(ast.unparse(base), {}) for base in node.bases]
            lines = [line for line in node.body if isinstance(line, ast.AnnAssign)]
            fields[node.name] = {name: hint for base in inherited for name, hint in base.items()}
            fields[node.name] |= {ast.unparse(line.target): line.annotation for line in lines}
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):  # a field is called `and`, for example
            pairs: dict[str, str] = ast.literal_eval(node.value.args[1])
            name = ast.unparse(node.targets[0])
            fields[name] = {field: ast.parse(text, mode="eval").body for field, text in pairs.items()}
    return fields


CLASSES = classes()


def record_types() -> dict[str, str]:
    """Return the type of a record by stream, from the overloads."""
    (protocol,) = [node for node in TREE.body if isinstance(node, ast.ClassDef) and node.name == "ReadRecords"]
    texts = [ast.unparse(node.args) + ast.unparse(node.returns or node) for node in protocol.body[1:]]  # type: ignore[attr-defined]
    pairs = [(text.partition("Literal['")[2].partition("'")[0], text.partition("Iterator[")[2][:-1]) for text in texts]
    return {stream: name for stream, name in pairs if stream}


def misfits(value: Any, hint: ast.expr, path: str) -> Iterator[str]:
    """Yield where a value is not what its type says."""
    if isinstance(hint, ast.BinOp):
        if all(list(misfits(value, option, path)) for option in (hint.left, hint.right)):
            yield path
    elif isinstance(hint, ast.Subscript):
        inner = hint.slice.elts[-1] if isinstance(hint.slice, ast.Tuple) else hint.slice
        form = {"list": list, "dict": dict, "NotRequired": object}[ast.unparse(hint.value)]
        values = (value,) if form is object else value.values() if form is dict and value.__class__ is dict else value
        if not isinstance(value, form):
            yield path
        else:
            for element in values:
                yield from misfits(element, inner, path)
    elif (name := ast.unparse(hint)) in CLASSES:
        yield from object_misfits(value, name, path)
    elif name != "Any" and (not isinstance(value, SCALARS[name]) or (value.__class__ is bool and name != "bool")):
        yield path


def object_misfits(value: Any, name: str, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield path
        return
    for field, hint in CLASSES[name].items():
        if field in value:
            yield from misfits(value[field], hint, f"{path}.{field}")
        elif not ast.unparse(hint).startswith("NotRequired"):
            yield f"{path}.{field} is missing"
    yield from (f"{path}.{field} is unknown" for field in value.keys() - CLASSES[name].keys())


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Sandbox() as sandbox, Client(sandbox.settings()) as client:
        zone = sandbox.create("zones")  # the history of a sandbox begins with the first change
        sandbox.update("zones", zone["id"], {"description": "Everywhere"})
        yield client


def test_every_stream_has_a_type_for_its_records() -> None:
    assert list(record_types()) == list(STREAMS)


@pytest.mark.parametrize("stream", STREAMS)
def test_every_record_is_what_its_type_says(client: Client, stream: str) -> None:
    read = list(client.records(stream))
    assert read
    name = record_types()[stream]
    assert {misfit for record in read for misfit in object_misfits(record, name, name)} == set()


def test_a_value_that_its_type_does_not_allow_is_noticed() -> None:
    money = {"type": "centPrecision", "centAmount": 5, "currencyCode": "EUR", "fractionDigits": 2}
    assert list(object_misfits(money, "TypedMoney", "")) == []
    assert list(object_misfits({**money, "centAmount": "5"}, "TypedMoney", "")) == [".centAmount"]
    assert list(object_misfits({**money, "cents": 5}, "TypedMoney", "")) == [".cents is unknown"]
    assert list(object_misfits({"centAmount": 5}, "Money", "")) == [".currencyCode is missing"]
