"""Runs of the tap against the sandbox: what comes out, in which order, and what the next run adds."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("singer_sdk")

import jsonschema

from commercetools_source.catalog.streams import STREAMS, streams_of
from commercetools_source.frontends.mixed_columns import mixed_columns
from commercetools_source.sandbox import Sandbox
from hidden import shown

if TYPE_CHECKING:
    from conftest import Response, Tap


USUAL = {row.name: row for row in streams_of(None)}
"""The streams that are read where none is named."""


def held(sandbox: Sandbox, stream: str) -> list[dict[str, Any]]:
    return sandbox.records(stream)


def by_key(stream: str, records: list[dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    return {tuple(record[name] for name in USUAL[stream].key): record for record in records}


def bare(stream: str, records: list[dict[str, Any]]) -> list[str]:
    """Return records as sorted JSON, without the columns that the platform does not send, or that never leave."""
    row = STREAMS[stream]
    spliced = {*(row.parents.columns if row.parents else ()), *(name for name, _ in row.derived)}
    kept = [
        {name: value for name, value in shown(record, row.item).items() if name not in spliced} for record in records
    ]
    return sorted(json.dumps(record, sort_keys=True) for record in kept)


def test_everything_comes_out_once(everything: Response, sandbox: Sandbox) -> None:
    assert everything.status == 0, everything.err
    assert everything.counts() == {name: len(held(sandbox, name)) for name in USUAL}


def test_records_are_what_the_platform_has(everything: Response, sandbox: Sandbox) -> None:
    for name in USUAL:
        sent = [parsed(record, mixed_columns(name)) for record in everything.records(name)]
        assert bare(name, sent) == bare(name, held(sandbox, name)), name


def parsed(record: dict[str, Any], columns: frozenset[str]) -> dict[str, Any]:
    """Return a record with the JSON text of `columns` read again."""
    return {
        name: json.loads(value) if name in columns and value is not None else value for name, value in record.items()
    }


def test_a_column_of_several_types_is_json_text_in_schema_and_record(everything: Response) -> None:
    assert mixed_columns("custom_objects") == {"value"}
    for name in ("custom_objects", "messages", "reviews"):
        (schema,) = everything.of("SCHEMA", name)
        for column in mixed_columns(name):
            assert schema["schema"]["properties"][column] == {"type": ["null", "string"]}


def test_a_field_that_the_schema_lacks_is_sent_and_told(tap: Tap) -> None:
    time = "2026-01-01T00:00:00.000Z"
    zone = {"id": "z", "version": 1, "createdAt": time, "lastModifiedAt": time, "name": "Z", "brandNew": {"a": 1}}
    with Sandbox(rows=[("/zones", "", json.dumps(zone).encode())]) as sandbox:
        answer = tap(catalog=tap.catalog("zones"), **sandbox.settings())
    assert answer.records("zones") == [zone]
    assert "zones: its records have fields that SCHEMA lacks: 'brandNew'" in answer.err


def test_records_fit_their_schemas(everything: Response) -> None:
    for name in USUAL:
        (schema,) = everything.of("SCHEMA", name)
        validator = jsonschema.Draft202012Validator(schema["schema"])
        assert [error.message for record in everything.records(name) for error in validator.iter_errors(record)] == []


def test_a_schema_comes_before_its_records_and_names_key_and_cursor(everything: Response) -> None:
    seen: dict[str, dict[str, Any]] = {}
    for message in everything.messages:
        if message["type"] == "SCHEMA":
            assert message["stream"] not in seen
            seen[message["stream"]] = message
        elif message["type"] == "RECORD":
            assert message["stream"] in seen
    assert {name: tuple(message["key_properties"]) for name, message in seen.items()} == {
        name: stream.key for name, stream in USUAL.items()
    }
    assert {name: message.get("bookmark_properties") for name, message in seen.items()} == {
        name: [stream.cursor] if stream.cursor else None for name, stream in USUAL.items()
    }


def test_a_state_follows_the_records_it_speaks_of(everything: Response) -> None:
    waiting: set[str] = set()
    for message in everything.messages:
        if message["type"] == "RECORD":
            waiting.add(message["stream"])
        if message["type"] == "STATE":
            finished = {
                name for name, one in message["value"]["bookmarks"].items() if one["commercetools"]["mode"] is None
            }
            waiting -= finished
    assert not waiting
    assert set(everything.state["bookmarks"]) == set(USUAL)
    assert everything.messages[-1]["type"] == "STATE"


def test_the_next_run_brings_only_what_changed(tap: Tap, sandbox: Sandbox) -> None:
    catalog = tap.catalog("customers", "zones", "project")
    sandbox.clock.advance(3600)
    first = tap(catalog=catalog)
    sandbox.clock.advance(3600)
    customer = held(sandbox, "customers")[0]
    sandbox.update("customers", customer["id"], {"firstName": "Somebody"})
    sandbox.clock.advance(3600)
    second = tap(catalog=catalog, state=first.state)
    assert (first.status, second.status) == (0, 0)
    assert second.counts() == {"customers": 1, "project": 1}
    (changed,) = second.records("customers")
    assert (changed["id"], changed["firstName"]) == (customer["id"], "Somebody")
    assert second.state["bookmarks"]["customers"]["replication_key"] == "lastModifiedAt"
    assert second.state["bookmarks"]["customers"]["replication_key_value"] > changed["lastModifiedAt"]
    sandbox.clock.advance(3600)
    assert tap(catalog=catalog, state=second.state).counts() == {"project": 1}


def test_a_stream_made_full_table_is_read_whole_each_time(tap: Tap, sandbox: Sandbox) -> None:
    def full(entry: dict[str, Any]) -> None:
        entry["replication_method"] = "FULL_TABLE"

    catalog = tap.catalog("zones", change=full)
    first = tap(catalog=catalog)
    assert tap(catalog=catalog, state=first.state).counts() == {"zones": len(held(sandbox, "zones"))}


def test_the_cursor_of_another_tap_is_where_the_run_starts(tap: Tap, sandbox: Sandbox) -> None:
    times = sorted(record["lastModifiedAt"] for record in held(sandbox, "orders"))
    middle = times[len(times) // 2]
    state = {"bookmarks": {"orders": {"replication_key": "lastModifiedAt", "replication_key_value": middle}}}
    answer = tap(catalog=tap.catalog("orders"), state=state)
    assert answer.counts() == {"orders": sum(time >= middle for time in times)}


def test_deselected_columns_stay_behind_down_to_nested_ones(tap: Tap, sandbox: Sandbox) -> None:
    def fewer(entry: dict[str, Any]) -> None:
        for path in (["lineItems"], ["totalPrice", "currencyCode"], ["id"], ["lastModifiedAt"]):
            tap.metadata(entry, *path)["selected"] = False

    answer = tap(catalog=tap.catalog("orders", change=fewer))
    whole = by_key("orders", held(sandbox, "orders"))
    assert len(answer.records("orders")) == len(whole)
    for record in answer.records("orders"):
        expected = dict(whole[record["id"],])
        del expected["lineItems"]
        expected["totalPrice"] = {k: v for k, v in expected["totalPrice"].items() if k != "currencyCode"}
        assert record == expected
    (schema,) = answer.of("SCHEMA")
    assert "lineItems" not in schema["schema"]["properties"]
    assert {"id", "lastModifiedAt"} <= set(schema["schema"]["properties"])


def test_stream_maps_rename_filter_and_compute(tap: Tap, sandbox: Sandbox) -> None:
    zones = sorted(held(sandbox, "zones"), key=lambda zone: str(zone["name"]))
    maps = {
        "areas": {
            "__source__": "zones",
            "__filter__": f"name != '{zones[0]['name']}'",
            "id": "id",
            "label": "name.upper()",
            "__else__": None,
        },
        "zones": "__NULL__",
    }
    answer = tap(catalog=tap.catalog("zones"), stream_maps=maps)
    assert answer.status == 0, answer.err
    assert answer.counts() == {"areas": len(zones) - 1}
    assert sorted(one["label"] for one in answer.records("areas")) == sorted(
        str(zone["name"]).upper() for zone in zones[1:]
    )
    assert set(answer.state["bookmarks"]) == {"zones"}


def test_a_stream_map_that_is_wrong_is_told(tap: Tap) -> None:
    answer = tap(catalog=tap.catalog("zones"), stream_maps={"areas": {"__source__": "zones", "__else__": None}})
    assert (answer.status, answer.out) == (1, "")
    assert "Invalid key properties for 'areas'" in answer.err
    assert "Traceback" not in answer.err


def test_flattening_turns_objects_into_columns(tap: Tap, sandbox: Sandbox) -> None:
    answer = tap(catalog=tap.catalog("orders"), flattening_enabled=True, flattening_max_depth=1)
    expected = {one["id"]: one["totalPrice"]["centAmount"] for one in held(sandbox, "orders")}
    assert {one["id"]: one["totalPrice__centAmount"] for one in answer.records("orders")} == expected


def test_batches_hold_every_record_and_the_state_follows_them(tap: Tap, sandbox: Sandbox, tmp_path: Path) -> None:
    root = tmp_path / "batches"
    root.mkdir()
    answer = tap(
        catalog=tap.catalog("orders", "zones"),
        batch_config={
            "encoding": {"format": "jsonl", "compression": "gzip"},
            "storage": {"root": f"file://{root}", "prefix": ""},
            "batch_size": 40,
        },
    )
    assert answer.status == 0, answer.err
    for name in ("orders", "zones"):
        files = [Path(urlsplit(url).path) for batch in answer.of("BATCH", name) for url in batch["manifest"]]
        lines = [json.loads(line) for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]
        assert by_key(name, lines) == by_key(name, held(sandbox, name))
        assert len(lines) == len(held(sandbox, name))
    assert not answer.of("RECORD")
    assert answer.messages[-1]["type"] == "STATE"


def test_versions_are_activated_behind_a_complete_full_read_only(tap: Tap, sandbox: Sandbox) -> None:
    catalog = tap.catalog("zones", "customer_groups")
    first = tap(catalog=catalog, emit_activate_version_messages=True)
    versions = {one["stream"]: one["version"] for one in first.of("ACTIVATE_VERSION")}
    assert set(versions) == {"zones", "customer_groups"}
    for name, version in versions.items():
        messages = [one for one in first.messages if one.get("stream") == name]
        assert [one["type"] for one in messages[:1] + messages[-1:]] == ["SCHEMA", "ACTIVATE_VERSION"]
        assert {one["version"] for one in first.of("RECORD", name)} == {version}
    sandbox.clock.advance(60)
    sandbox.update("zones", held(sandbox, "zones")[0]["id"], {"description": "new"})
    sandbox.clock.advance(60)
    second = tap(catalog=catalog, state=first.state, emit_activate_version_messages=True)
    assert [one["stream"] for one in second.of("ACTIVATE_VERSION")] == ["customer_groups"]
    assert second.of("ACTIVATE_VERSION")[0]["version"] > versions["customer_groups"]
    assert {one["version"] for one in second.of("RECORD", "zones")} == {versions["zones"]}
    # The clock of the machine was ahead when the state was written.
    second.state["bookmarks"]["customer_groups"]["version"] += 10**9
    third = tap(catalog=catalog, state=second.state, emit_activate_version_messages=True)
    (activated,) = third.of("ACTIVATE_VERSION")
    assert activated["version"] > second.state["bookmarks"]["customer_groups"]["version"]
    plain = tap(catalog=catalog)
    assert not plain.of("ACTIVATE_VERSION")
    assert not any("version" in one for one in plain.of("RECORD"))


def test_the_start_date_leaves_out_what_is_older(tap: Tap, sandbox: Sandbox) -> None:
    times = sorted(record["lastModifiedAt"] for record in held(sandbox, "orders"))
    middle = times[len(times) // 2]
    answer = tap(catalog=tap.catalog("orders"), start_date=middle)
    assert answer.counts() == {"orders": sum(time >= middle for time in times)}


def test_no_password_leaves(everything: Response) -> None:
    assert everything.records("customers")
    assert "CustomerCreated" in everything.out
    assert "not-a-password" not in everything.out
    assert not any("password" in record for record in everything.records("customers"))
    assert "password" not in everything.of("SCHEMA", "customers")[0]["schema"]["properties"]
