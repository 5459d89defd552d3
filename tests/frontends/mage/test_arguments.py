"""The documented command line: flags, what wins over what, and what a person reads when something is broken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.errors import ConfigError
from commercetools_source.frontends.mage.standin.sources import utils

if TYPE_CHECKING:
    from pathlib import Path

CATALOG = {"streams": [{"tap_stream_id": "orders", "stream": "orders", "schema": {}, "metadata": []}]}


@pytest.mark.parametrize(
    ("argv", "name", "value"),
    [
        (["--count_records"], "count_records", True),
        (["-d"], "discover", True),
        (["--discover"], "discover", True),
        (["--discover_streams"], "discover_streams", True),
        (["--show_templates"], "show_templates", True),
        (["--test_connection"], "test_connection", True),
        (["--load_sample_data"], "load_sample_data", True),
        (["--log_to_stdout", "false"], "log_to_stdout", "false"),
        (["--config_json", '{"a": 1}'], "config", {"a": 1}),
        (["--state_json", '{"bookmarks": {}}'], "state", {"bookmarks": {}}),
        (["--query_json", '{"a": 1, "b": 1}', "--query", '{"b": 2}'], "query", {"a": 1, "b": 2}),
        (["--selected_streams_json", '["x"]'], "selected_streams", ["x"]),
        (["--selected_streams", '["x"]'], "selected_streams", ["x"]),
        (["--unknown", "x"], "config", {}),
        ([], "state", {}),
        ([], "query", {}),
        ([], "selected_streams", []),
        ([], "catalog", None),
    ],
)
def test_a_flag_does_what_is_documented(argv: list[str], name: str, value: Any) -> None:
    assert getattr(utils.parse_args([], argv), name) == value


def write(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_settings_lose_to_a_file_and_both_to_json(tmp_path: Path) -> None:
    settings = write(tmp_path, "settings.json", {"config": {"a": "settings", "b": "settings"}})
    config = write(tmp_path, "config.json", {"b": "file", "c": "file"})
    argv = ["--settings", settings]
    assert utils.parse_args([], argv).config == {"a": "settings", "b": "settings"}
    argv += ["--config_json", '{"a": "json"}']
    assert utils.parse_args([], argv).config == {"a": "json", "b": "settings"}
    args = utils.parse_args([], [*argv, "-c", config])
    assert args.config == {"a": "json", "b": "file", "c": "file"}
    assert args.config_path == config


def test_a_state_file_wins_over_state_json_and_may_be_empty(tmp_path: Path) -> None:
    state = write(tmp_path, "state.json", {"bookmarks": {"orders": {}}})
    args = utils.parse_args([], ["-s", state, "--state_json", '{"bookmarks": {}}'])
    assert args.state == {"bookmarks": {"orders": {}}}
    assert args.state_path == state
    assert utils.parse_args([], ["-s", write(tmp_path, "empty.json", "")]).state == {}


@pytest.mark.parametrize("shape", [{"catalog": CATALOG}, {"data_integration": {"catalog": CATALOG}}])
@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_settings_bring_a_catalog(tmp_path: Path, shape: dict[str, Any], kind: str) -> None:
    path = write(tmp_path, f"settings.{kind}", shape)
    assert utils.parse_args([], ["--settings", path]).catalog.get_stream("orders").stream == "orders"


def test_a_catalog_file_wins_over_settings_and_json_over_both(tmp_path: Path) -> None:
    def named(name: str) -> dict[str, Any]:
        return {"streams": [{"tap_stream_id": name}]}

    argv = ["--settings", write(tmp_path, "s.json", {"catalog": named("settings")})]
    argv += ["--catalog", write(tmp_path, "c.json", named("file"))]
    assert utils.parse_args([], argv).catalog.streams[0].tap_stream_id == "file"
    argv += ["--catalog_json", json.dumps(named("json"))]
    assert utils.parse_args([], argv).catalog.streams[0].tap_stream_id == "json"


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--config_json", '{"client_secret": "s3cr3t"'], "--config_json is no JSON"),
        (["--config_json", '["s3cr3t"]'], "--config_json must be a JSON object"),
        (["--selected_streams_json", '{"a": 1}'], "--selected_streams_json must be a JSON list"),
        (["--state_json", "s3cr3t"], "--state_json is no JSON"),
        (["--catalog_json", '{"streams": {}}'], "the catalog is broken"),
        (["--catalog_json", '{"streams": ["orders"]}'], "the catalog is broken"),
        (["--catalog_json", "{"], "--catalog_json is no JSON"),
        (["--state", "/nowhere.json"], "--state '/nowhere.json' cannot be read"),
        (["--settings", "/nowhere.yaml"], "--settings '/nowhere.yaml' cannot be read"),
    ],
)
def test_what_is_broken_is_named_without_what_it_holds(argv: list[str], told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        utils.parse_args([], argv)
    assert told in str(raised.value)
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.yaml", "a: [s3cr3t", "broken YAML in line"),
        ("a.yaml", "- s3cr3t", "must hold an object"),
        ("a.json", "{", "is no JSON"),
    ],
)
def test_a_broken_settings_file_is_named(tmp_path: Path, name: str, content: str, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        utils.parse_args([], ["--settings", write(tmp_path, name, content)])
    assert told in str(raised.value)
    assert "s3cr3t" not in str(raised.value)


def test_required_settings_that_are_missing_are_named() -> None:
    with pytest.raises(ConfigError, match="lack host, region"):
        utils.parse_args(["a", "host", "region"], ["--config_json", '{"a": 1}'])


def test_standard_metadata_marks_keys_as_automatic() -> None:
    rows = utils.get_standard_metadata(
        ["id"], "FULL_TABLE", {"properties": {"id": {}, "email": {}}}, "customers", ["id"]
    )
    assert rows == [
        {
            "breadcrumb": (),
            "metadata": {
                "table-key-properties": ["id"],
                "forced-replication-method": "FULL_TABLE",
                "valid-replication-keys": ["id"],
                "inclusion": "available",
                "schema-name": "customers",
            },
        },
        {"breadcrumb": ("properties", "id"), "metadata": {"inclusion": "automatic"}},
        {"breadcrumb": ("properties", "email"), "metadata": {"inclusion": "available"}},
    ]
    assert utils.get_standard_metadata() == []


@pytest.mark.parametrize(
    ("choices", "chosen"),
    [
        ({}, {"id", "a", "b"}),
        ({"selected_columns": ["a"]}, {"id", "a"}),
        ({"selected_columns": ["a", "b"], "deselected_columns": ["b"]}, {"id", "a"}),
        ({"select_all": True}, {"id", "a", "b", "u"}),
    ],
)
def test_choices_are_written_into_a_catalog_file(tmp_path: Path, choices: dict[str, Any], chosen: set[str]) -> None:
    inclusions = {"id": "automatic", "a": "available", "b": "available", "u": "unsupported"}
    rows = [{"breadcrumb": ["properties", name], "metadata": {"inclusion": kind}} for name, kind in inclusions.items()]
    stream = {"tap_stream_id": "orders", "metadata": [{"breadcrumb": [], "metadata": {}}, *rows]}
    path = write(tmp_path, "catalog.json", {"streams": [{"tap_stream_id": "other"}, stream]})
    utils.update_catalog(
        path,
        stream_id="orders",
        key_properties=["id"],
        replication_method="INCREMENTAL",
        bookmark_properties=["lastModifiedAt"],
        select_stream=True,
        unique_conflict_method="UPDATE",
        unique_constraints=["id"],
        **choices,
    )
    first, second = json.loads((tmp_path / "catalog.json").read_text())["streams"]
    assert second == {"tap_stream_id": "other"}
    assert first["metadata"][0]["metadata"]["selected"] is True
    assert set(utils.extract_selected_columns(first["metadata"])) == chosen
    assert (first["bookmark_properties"], first["unique_constraints"]) == (["lastModifiedAt"], ["id"])


def test_the_last_line_of_the_destinations_state_becomes_the_sources(tmp_path: Path) -> None:
    source, destination = tmp_path / "source", tmp_path / "destination"
    utils.update_source_state_from_destination_state(str(source), str(destination))
    assert json.loads(source.read_text()) == {"bookmarks": {}}
    destination.write_text('{"old": 1}\n{"new": 1}\n')
    utils.update_source_state_from_destination_state(str(source), str(destination))
    assert source.read_text() == '{"new": 1}'
