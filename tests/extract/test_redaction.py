"""Nothing that lets its reader act as somebody else leaves, wherever in a record the contract has it."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import pytest

from commercetools_source.catalog.schema import columns, json_schema
from commercetools_source.catalog.secrets import SECRETS
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.extract.records import record_shaper
from commercetools_source.extract.redaction import redactor, secret_fields
from commercetools_source.model.relations import all_relations
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from hidden import HIDDEN, TYPES, inner, leading, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TELLING = re.compile(
    r"passw|secret|token|credential|authenticat|authoriz|oauth|bearer|header|signature|access_?key|api_?key|private"
    r"|connectionstring|^hash|salt$",
    re.IGNORECASE,
)
"""Names of fields that may hold a secret."""
TELLING_TYPES = re.compile(r"Token|Authentication|Credential|Secret|Password|OAuth")
"""Names of types whose values may be one."""
NOT_RECORDS = re.compile(r"Error$|Tokenizer$|Reference$")
LEAK = "TOP-SECRET"


def reachable() -> set[str]:
    reached: set[str] = set()
    waiting = [stream.item for stream in STREAMS.values()]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [other for _, other in inner(name)]
    return reached


def test_what_to_leave_out_is_worked_out_once_and_not_for_each_page() -> None:
    # It takes as long as reading a page does.
    assert secret_fields("Customer") is secret_fields("Customer")
    assert redactor("Message") is redactor("Message")


def test_every_field_with_a_telling_name_is_decided() -> None:
    undecided = set()
    for name in reachable():
        row = TYPES.get(name, {})
        for field in row.get("fields", {}):
            of_type = TELLING_TYPES.search(name) and field in {"value", "key", "secret"}
            if (TELLING.search(field) or of_type) and not NOT_RECORDS.search(name) and (name, field) not in SECRETS:
                undecided.add((name, field))
    assert undecided == set()


def test_every_row_is_a_field_of_a_record_and_has_a_reason() -> None:
    reached = reachable()
    for name, field in SECRETS:
        assert field in TYPES[name]["fields"], (name, field)
        assert name in reached, name
    assert all(secret.reason.endswith(".") for secret in SECRETS.values())


CASES = list(leading(HIDDEN, LEAK))


def test_the_cases_reach_every_secret_and_every_stream_that_can_have_one() -> None:
    assert {name for name, _ in CASES} == {
        "api_clients", "customers", "extensions", "messages", "order_edits", "payment_methods", "payments", "project",
        "subscriptions",
    }  # fmt: skip
    held = {
        (name, field) for _, value in CASES for name, field in HIDDEN if f'"{field}": "{LEAK}"' in json.dumps(value)
    }
    assert held == HIDDEN
    assert len(CASES) > 30


def shaped(stream: str, body: bytes) -> bytes:
    shape = record_shaper(STREAMS[stream], ())
    assert shape is not None
    return bytes(shape(msgspec.Raw(body)))


@pytest.mark.parametrize(("stream", "value"), CASES)
def test_a_secret_is_left_out_wherever_it_lies_and_all_else_stays(stream: str, value: Any) -> None:
    left = json.loads(shaped(stream, json.dumps(value).encode()))
    assert left == shown(value, STREAMS[stream].item)
    assert LEAK not in json.dumps(left)
    assert "kept" in json.dumps(left)
    escaped = re.sub(r'"(\w)(\w+)": "TOP', lambda name: f'"\\u{ord(name[1]):04x}{name[2]}": "TOP', json.dumps(value))
    assert LEAK not in shaped(stream, escaped.encode()).decode()


@pytest.mark.parametrize(
    ("stream", "body"),
    [
        ("messages", b'{"type":"OrderCustomFieldAdded", "name":"password","value":"blue"}'),
        ("messages", b'{"type":"StandalonePriceValueChanged", "value":{"centAmount":1.10}}'),
        ("messages", b'{"id":"1", "text":"\\"password\\" of a \\"customer\\""}'),
        ("payments", b'{"id":"1", "paymentMethodInfo":{"method":"CARD"},"custom":{"fields":{"value":"1.10"}}}'),
        ("customers", b'{"id":"1", "email":"password@example.com"}'),
    ],
)
def test_a_record_without_a_secret_keeps_its_bytes_and_is_not_parsed(stream: str, body: bytes) -> None:
    assert shaped(stream, body) == body


@pytest.mark.parametrize(
    ("stream", "value", "expected"),
    [
        # A Message of a type that the contract does not have yet.
        ("messages", {"type": "New", "customer": {"password": LEAK}, "value": 1}, {"customer": {}, "value": 1}),
        ("extensions", {"destination": {"type": "HTTP", "authentication": {"type": "New", "headerValue": LEAK}}}, None),
        # Addresses and keys of a destination that the contract does not know are secrets if they are one anywhere.
        *(
            (
                "subscriptions",
                {"type": "1", "destination": {"type": tag, "uri": LEAK, "accessKey": LEAK, "topic": "a"}},
                {"destination": {"type": tag, "topic": "a"}},
            )
            for tag in ("New", 5)
        ),
        (
            "extensions",
            {"type": "1", "destination": {"type": "New", "accessSecret": LEAK, "url": "a"}},
            {"destination": {"type": "New", "url": "a"}},
        ),
        ("messages", {"type": "CustomerCreated", "customer": None}, {"customer": None}),
        ("messages", {"type": "CustomerCreated", "customer": "password"}, {"customer": "password"}),
        ("messages", {"type": 5, "customer": [{"password": LEAK}]}, {"customer": [{}]}),
    ],
)
def test_odd_records_hide_no_secret(stream: str, value: dict[str, Any], expected: dict[str, Any] | None) -> None:
    left = json.loads(shaped(stream, json.dumps(value).encode()))
    assert LEAK not in json.dumps(left)
    if expected is not None:
        assert left == {"type": value["type"], **expected}


def test_streams_that_can_have_no_secret_are_not_touched_at_all() -> None:
    touched = {stream for stream, _ in CASES}
    for stream in STREAMS.values():
        if stream.parents is None and not stream.derived:
            assert (record_shaper(stream, ()) is not None) == (stream.name in touched), stream.name


def test_no_column_schema_or_relation_has_a_place_for_a_secret() -> None:
    for stream in STREAMS.values():
        hidden = {field for name, field in HIDDEN if name == stream.item}
        assert hidden.isdisjoint(column.name for column in columns(stream))
    assert "authorizationHeader" not in json.dumps(json_schema(STREAMS["project"]))
    info = json_schema(STREAMS["payments"])["properties"]["paymentMethodInfo"]
    assert info["properties"]["token"]["properties"] == {}
    paths = {field.path for relation in all_relations().values() for field in relation.columns}
    assert not any({"authorizationHeader", "accessSecret"} & set(path) for path in paths)


@pytest.fixture(scope="module", name="shop")
def _shop() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        for kind in ("Email", "Password"):
            sandbox.create("messages", {**message(sandbox), "type": f"Customer{kind}TokenCreated", "value": LEAK})
        customer = {"id": "c", "email": "a@example.com", "password": LEAK}
        sandbox.create("messages", {**message(sandbox), "type": "CustomerCreated", "customer": customer})
        sandbox.create("payments", {"paymentMethodInfo": {"method": "CARD", "token": {"value": LEAK}}})
        sandbox.clock.advance(3600)
        yield sandbox


def message(sandbox: Sandbox) -> dict[str, Any]:
    record = sandbox.records("messages")[0]
    return {name: record[name] for name in ("resource", "resourceVersion", "sequenceNumber")}


NAMES = ["customers", "messages", "payments"]


@pytest.mark.parametrize("where", ["shop.duckdb", "jsonl:shop", "parquet:shop"])
def test_no_destination_gets_a_secret(
    shop: Sandbox, tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Client(shop.settings()) as client:
        assert sync(client, open_destination(where), streams=NAMES).complete
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".parquet")
    with duckdb.connect(where if where.endswith(".duckdb") else ":memory:") as connection:
        for path in tmp_path.rglob("part*.parquet"):
            rows = connection.execute("SELECT to_json(t) FROM read_parquet(?) AS t", [str(path)]).fetchall()
            stored += json.dumps(rows).encode()
        if where.endswith(".duckdb"):
            rows = [connection.execute(f"SELECT to_json(t) FROM raw.{name} AS t").fetchall() for name in NAMES]
            stored += json.dumps(rows).encode()
    assert b"TokenCreated" in stored
    assert LEAK.encode() not in stored
    assert b"not-a-password" not in stored


def test_the_rules_of_a_stream_are_made_once_and_not_for_each_page() -> None:
    parents = {
        stream: tuple("x" for _ in stream.parents.columns) if stream.parents else () for stream in STREAMS.values()
    }

    def calls() -> int:
        """Return how many functions it takes to begin a page of each stream."""
        number = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal number
            number += event == "call"

        sys.setprofile(count)
        try:
            for stream, parent in parents.items():
                record_shaper(stream, parent)
        finally:
            sys.setprofile(None)
        return number

    calls()
    assert calls() < 20 * len(parents)
