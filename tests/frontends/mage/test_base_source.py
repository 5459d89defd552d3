"""The stand-ins for Mage's `Source`, `Catalog` and `CatalogEntry` behave as documented."""

from __future__ import annotations

import inspect
import json
import sys
from datetime import date, datetime, timezone
from typing import Any

import pytest

from commercetools_source.frontends.mage.standin.sources import base
from commercetools_source.frontends.mage.standin.sources.catalog import Catalog, CatalogEntry, Schema

SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {"id": {"type": ["null", "string"]}, "at": {"type": ["null", "string"], "format": "date-time"}},
}


class Small(base.Source):
    """A source of three rows in two pages."""

    def load_schemas_from_folder(self) -> dict[str, Schema]:
        return {"a": Schema.from_dict(SCHEMA), "b": Schema.from_dict(SCHEMA)}

    def load_data(self, *_: Any, **__: Any) -> Any:
        yield [{"id": "2", "at": "2026", "other": 1}, {"id": "1"}]
        yield [{"id": "3", "at": "2027"}]

    def get_table_key_properties(self, _stream_id: str) -> list[str]:
        return ["id"]


def selected(method: str, **extra: Any) -> Catalog:
    """Return a catalog in which all of stream `a` is chosen."""
    catalog = Small().discover(["a"])
    entry = catalog.streams[0]
    entry.replication_method = method
    for row in entry.metadata or []:
        row["metadata"]["selected"] = True
    for name, value in extra.items():
        setattr(entry, name, value)
    return catalog


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_constructor_has_the_documented_parameters() -> None:
    names = (
        "self args catalog config count_records discover_mode discover_streams_mode is_sorted load_sample_data"
        " log_to_stdout logger query schemas_folder selected_streams settings show_templates state test_connection"
        " verbose"
    )
    assert list(inspect.signature(base.Source.__init__).parameters) == names.split()


def test_the_constructor_sets_the_documented_attributes() -> None:
    source = base.Source(config={"a": 1}, query='{"b": 2}', state={"c": 3}, test_connection=True)
    names = (
        "catalog config count_records_mode discover_mode discover_streams_mode is_sorted load_sample_data logger query"
        " schemas_folder selected_streams settings should_test_connection show_templates state"
    )
    assert sorted(vars(source)) == names.split()
    assert source.query == {"b": 2}
    assert source.should_test_connection


def test_sys_argv_is_not_read_by_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["x", "-d", "-s", "/nowhere", "--config_json", "{"])
    assert base.Source().discover_mode is False


def test_a_command_line_wins_over_keywords() -> None:
    source = base.Source(["--config_json", '{"a": 1}', "--discover"], config={"b": 2})
    assert (source.config, source.discover_mode) == ({"a": 1}, True)


@pytest.mark.parametrize(
    ("method", "arguments", "answer"),
    [
        ("count_records", ["a"], 0),
        ("get_forced_replication_method", ["a"], "FULL_TABLE"),
        ("get_table_key_properties", ["a"], []),
        ("get_valid_replication_keys", ["a"], []),
        ("internal_column_schema", ["a"], {}),
    ],
)
def test_defaults_of_the_base_class(method: str, arguments: list[Any], answer: Any) -> None:
    assert getattr(base.Source(), method)(*arguments) == answer


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        (
            "test_connection",
            [],
            "Testing the connection is not currently supported for this source. You can request it",
        ),
        ("load_data", ["a"], "Loading sample data is not currently supported for this source."),
    ],
)
def test_what_a_subclass_must_do_raises(method: str, arguments: list[Any], message: str) -> None:
    with pytest.raises(Exception, match=message):
        getattr(base.Source(), method)(*arguments)


def test_discovery_proposes_the_documented_entry() -> None:
    (entry,) = Small().discover(["a"]).to_dict()["streams"]
    assert list(entry) == [
        "tap_stream_id",
        "replication_key",
        "replication_method",
        "key_properties",
        "schema",
        "stream",
        "metadata",
        "auto_add_new_fields",
    ]
    assert entry["metadata"][0] == {
        "breadcrumb": (),
        "metadata": {
            "table-key-properties": ["id"],
            "forced-replication-method": "FULL_TABLE",
            "valid-replication-keys": [],
            "inclusion": "available",
            "schema-name": "a",
            "selected": False,
        },
    }
    assert (entry["replication_key"], entry["key_properties"], entry["auto_add_new_fields"]) == ("", [], False)
    assert "$schema" not in entry["schema"]
    assert list(entry["schema"]["properties"]["at"]) == ["format", "type"]


def test_a_sync_without_a_catalog_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Small().process()
    assert capsys.readouterr().out == ""


def test_a_full_sync_writes_schema_and_chosen_columns_and_no_state(capsys: pytest.CaptureFixture[str]) -> None:
    catalog = selected("FULL_TABLE", unique_constraints=["id"], unique_conflict_method="UPDATE", key_properties=["id"])
    Small(catalog=catalog, config={}).process()
    schema, *rows = lines(capsys.readouterr().out)
    assert list(schema) == [
        "type",
        "stream",
        "schema",
        "key_properties",
        "replication_method",
        "unique_conflict_method",
        "unique_constraints",
    ]
    assert rows == [
        {"type": "RECORD", "stream": "a", "record": {"id": "2", "at": "2026"}},
        {"type": "RECORD", "stream": "a", "record": {"id": "1", "at": None}},
        {"type": "RECORD", "stream": "a", "record": {"id": "3", "at": "2027"}},
    ]


def test_an_incremental_sync_writes_state_behind_each_page(capsys: pytest.CaptureFixture[str]) -> None:
    Small(catalog=selected("INCREMENTAL", bookmark_properties=["id"]), config={}).process()
    schema, *rest = lines(capsys.readouterr().out)
    assert schema["bookmark_properties"] == ["id"]
    assert [row["type"] for row in rest] == ["RECORD", "RECORD", "STATE", "RECORD", "STATE"]
    assert rest[2]["value"] == {"bookmarks": {"a": {"id": "1"}}}
    assert rest[4]["value"] == {"bookmarks": {"a": {"id": "3"}}}


def test_unsorted_rows_write_the_highest_state_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    Small(catalog=selected("INCREMENTAL", replication_key="id"), config={}, is_sorted=False).process()
    *_, last = lines(capsys.readouterr().out)
    assert last == {"type": "STATE", "value": {"bookmarks": {"a": {"id": "3"}}}}


def test_given_properties_replace_the_chosen_columns(capsys: pytest.CaptureFixture[str]) -> None:
    source = Small(config={})
    source.sync(selected("FULL_TABLE"), {"other": {"type": ["integer"]}, "id": {}})
    schema, first, *_ = lines(capsys.readouterr().out)
    assert schema["schema"]["properties"] == {"other": {"type": ["integer"]}, "id": {"type": ["null", "string"]}}
    assert first["record"] == {"other": 1, "id": "2"}


def test_no_log_line_holds_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    Small(catalog=selected("FULL_TABLE"), config={}, log_to_stdout=True).process()
    said = [row for row in lines(capsys.readouterr().out) if row["type"] == "LOG"]
    assert [row["message"] for row in said] == [
        "Process started.",
        "Sync started.",
        "Sync for stream a started.",
        "Process stream a started.",
        "Write schema a started.",
        "Write schema a completed.",
        "Process stream a completed.",
        "Load data for stream a started.",
        "Final record writing completed.",
        "Load data for stream a completed.",
        "Sync for stream a completed.",
        "Sync completed.",
    ]
    assert "2027" not in json.dumps(said)
    assert {row["level"] for row in said} == {"INFO"}


def test_an_invalid_replication_method_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exception, match="Small process failed with error Invalid replication_method X"):
        Small(catalog=selected("X"), config={}, log_to_stdout=True).process()
    said = lines(capsys.readouterr().out)[-1]
    assert (said["level"], said["tags"]["error"]) == ("EXCEPTION", "Invalid replication_method X")


def test_a_sample_is_the_first_page_column_by_column(capsys: pytest.CaptureFixture[str]) -> None:
    Small(load_sample_data=True, selected_streams=["a"]).process()
    (said,) = lines(capsys.readouterr().out)
    assert (said["stream_id"], said["type"]) == ("a", "SAMPLE_DATA")
    assert json.loads(said["sample_data"]) == {
        "id": {"0": "2", "1": "1"},
        "at": {"0": "2026", "1": None},
        "other": {"0": 1, "1": None},
    }


def test_counting_needs_a_catalog_and_selected_streams(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exception, match="counting needs a catalog"):
        Small(count_records=True).process()
    Small(count_records=True, catalog=selected("FULL_TABLE"), selected_streams=["a"]).process()
    assert json.loads(capsys.readouterr().out) == [{"count": 0, "id": "a", "stream": "a"}]


@pytest.mark.parametrize(
    ("flags", "printed"),
    [
        (
            {"discover_streams_mode": True},
            [{"stream": "a", "tap_stream_id": "a"}, {"stream": "b", "tap_stream_id": "b"}],
        ),
        ({"selected_streams": ["nothing"]}, {"streams": []}),
    ],
)
def test_discovery_prints_json(capsys: pytest.CaptureFixture[str], flags: dict[str, Any], printed: Any) -> None:
    Small(discover_mode=True, **flags).process()
    assert json.loads(capsys.readouterr().out) == printed


def test_new_fields_are_added_and_chosen_where_the_user_asked_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    catalog = selected("FULL_TABLE")
    data = json.loads(json.dumps(catalog.to_dict()))
    del data["streams"][0]["schema"]["properties"]["at"]
    data["streams"][0]["auto_add_new_fields"] = True
    Small(catalog=Catalog.from_dict(data), config={}).process()
    schema, first, *_ = lines(capsys.readouterr().out)
    assert list(schema["schema"]["properties"]) == ["id", "at"]
    assert first["record"] == {"id": "2", "at": "2026"}


def test_an_entry_keeps_what_mage_adds_to_singers() -> None:
    data = {
        "tap_stream_id": "a",
        "stream": "a",
        "schema": {"type": "object"},
        "metadata": [],
        "auto_add_new_fields": True,
        "bookmark_properties": ["x"],
        "bookmark_property_operators": {"x": ">="},
        "disable_column_type_check": False,
        "partition_keys": ["p"],
        "run_in_parallel": True,
        "unique_conflict_method": "IGNORE",
        "unique_constraints": ["id"],
    }
    entry = Catalog.from_dict({"streams": [data]}).streams[0]
    assert entry.bookmark_property_operators == {"x": ">="}
    written = entry.to_dict()
    assert "bookmark_property_operators" not in written
    assert {**written, "bookmark_property_operators": {"x": ">="}} == data
    assert CatalogEntry(auto_add_new_fields=True).auto_add_new_fields is False


def test_the_stream_that_was_interrupted_comes_first() -> None:
    catalog = Small().discover()
    for entry in catalog.streams:
        (entry.metadata or [])[0]["metadata"]["selected"] = True
    names = [entry.tap_stream_id for entry in catalog.get_selected_streams({"currently_syncing": "b"})]
    assert names == ["b", "a"]
    assert catalog.get_stream("nothing") is None


@pytest.mark.parametrize(
    "given",
    ["2026-01-31", "2026-01-31T00:00:00Z", "2026-01-31 00:00:00.0", date(2026, 1, 31), "2026-01-31T01:00:00+01:00"],
)
def test_a_full_sync_hands_the_start_date_over_as_a_time(given: object) -> None:
    handed = []

    class Listening(Small):
        def load_data(self, *_: Any, start_date: Any = None, **__: Any) -> Any:
            handed.append(start_date)
            return iter([])

    Listening(catalog=selected("FULL_TABLE"), config={"start_date": given}).process()
    Listening(catalog=selected("INCREMENTAL", replication_key="id"), config={"start_date": given}).process()
    assert handed == [datetime(2026, 1, 31, tzinfo=timezone.utc), None]


def test_a_bad_start_date_is_refused() -> None:
    with pytest.raises(Exception, match="start_date is 'soon'; it must be a date"):
        Small(catalog=selected("FULL_TABLE"), config={"start_date": "soon"}).process()
