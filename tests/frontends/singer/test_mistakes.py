"""What goes wrong is told on standard error, with a status, and without half a line on standard output."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("singer_sdk")

from commercetools_source.catalog.streams import streams_of
from commercetools_source.extract.checkpoint import StreamState, encode
from piping import piped

if TYPE_CHECKING:
    from pathlib import Path

    from commercetools_source.sandbox import Sandbox
    from conftest import Response, Tap


def refused(answer: Response, *words: str) -> None:
    assert answer.status == 1
    assert answer.out == ""
    for word in words:
        assert word in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"page_size": 501}, ["page_size is 501", "1 to 500"]),
        ({"page_size": "many"}, ["page_size is 'many'"]),
        ({"pagesize": 5}, ["did you mean page_size?"]),
        ({"project_key": None, "client_id": ""}, ["project_key is missing", "TAP_COMMERCETOOLS_CLIENT_ID"]),
        ({"client_secret": 12345678}, ["client_secret is ***"]),
        ({"stream_maps": 3}, ["stream_maps", "3 is not of type"]),
        ({"batch_config": {"encoding": {"format": "jsonl"}}}, ["batch_config cannot be used", "storage"]),
        ({"start_date": "soon"}, ["start_date is 'soon'"]),
        ({"api_url": "http://example.com"}, ["it must be https://"]),
    ],
)
def test_a_wrong_setting_is_named(tap: Tap, config: dict[str, Any], words: list[str]) -> None:
    answer = tap(**config)
    refused(answer, *words)
    assert "12345678" not in answer.err


def test_a_config_file_that_is_none_is_named(tap: Tap, tmp_path: Any) -> None:
    from_tap = tap.arguments()
    for text, words in {"{": "is not valid JSON", "[]": "must hold a JSON object", '"x"': "must hold"}.items():
        (tmp_path / "config.json").write_text(text)
        refused(tap.run(*from_tap), f"config.json {words}")
    refused(tap.run("--config", str(tmp_path / "nowhere.json")), "nowhere.json")


@pytest.mark.parametrize("option", ["--catalog", "--state"])
def test_a_pipe_that_nobody_writes_to_is_not_opened_before_the_settings_are_right(tmp_path: Path, option: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, "-c", "from commercetools_source.frontends.singer import main; main()"]
    given = [option, str(tmp_path / "pipe"), "--config", str(tmp_path / "nowhere.json")]
    ended = subprocess.run([*command, *given], capture_output=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert b"nowhere.json cannot be read" in ended.stderr


@pytest.mark.parametrize("name", ["catalog", "state"])
def test_a_file_that_is_not_there_is_named(tap: Tap, tmp_path: Path, name: str) -> None:
    refused(tap.run(f"--{name}", str(tmp_path / "nowhere.json")), f"the {name} file", "nowhere.json cannot be read")


def test_a_catalog_and_a_state_may_come_from_pipes(tap: Tap) -> None:
    catalog = piped(json.dumps(tap.catalog("zones")).encode())
    state = piped(b'{"bookmarks": {}}')
    answer = tap("--catalog", str(catalog), "--state", str(state))
    assert answer.status == 0, answer.err
    assert answer.counts().keys() == {"zones"}


def test_wrong_credentials_are_told_before_anything_is_written(tap: Tap) -> None:
    refused(tap(catalog=tap.catalog("zones"), client_secret="wrong"), "client_id")


def test_a_project_that_does_not_exist_is_told_before_anything_is_written(tap: Tap) -> None:
    refused(tap(catalog=tap.catalog("zones"), project_key="nobodys"), "nobodys")


def test_a_server_that_is_not_there_is_told_before_anything_is_written(tap: Tap) -> None:
    refused(tap(api_url="http://127.0.0.1:9", auth_url="http://127.0.0.1:9"), "127.0.0.1:9")


@pytest.mark.parametrize(
    ("catalog", "words"),
    [
        ("{", "catalog.json is not valid JSON"),
        ("", "catalog.json is not valid JSON"),
        ("null", "catalog.json must hold a JSON object"),
        ({}, "the catalog is broken"),
        ({"streams": {}}, "the catalog is broken"),
        ({"streams": ["orders"]}, "the catalog is broken"),
        ({"streams": [{"stream": "orders"}]}, "the catalog is broken (KeyError: 'tap_stream_id')"),
        ({"streams": [{"tap_stream_id": "orders", "metadata": [{}]}]}, "the catalog is broken"),
        ({"streams": [{"tap_stream_id": "oders", "schema": {"properties": {"id": {}}}}]}, "Did you mean orders?"),
        ({"streams": [{"tap_stream_id": "orders"}]}, "orders has no schema"),
        *(
            (
                {"streams": [{"tap_stream_id": "orders", "schema": {"properties": {"id": {}, "custom": odd}}}]},
                "the schema of orders is broken",
            )
            for odd in ({"type": 5}, {"anyOf": [5]})
        ),
    ],
)
def test_a_broken_catalog_is_refused(tap: Tap, catalog: Any, words: str) -> None:
    if isinstance(catalog, dict):
        for stream in catalog.get("streams", []):
            if isinstance(stream, dict):
                stream.setdefault("metadata", [{"breadcrumb": [], "metadata": {"selected": True}}])
    refused(tap(catalog=catalog), words)


@pytest.mark.parametrize(
    ("stream", "fields", "words"),
    [
        ("customer_groups", {"replication_method": "INCREMENTAL"}, "customer_groups has no change date"),
        ("customer_groups", {"replication_key": "name"}, "customer_groups has no change date"),
        ("orders", {"replication_method": "LOG_BASED"}, "the replication method LOG_BASED"),
        ("orders", {"replication_key": "createdAt"}, "it can only go by 'lastModifiedAt'"),
        (
            "orders",
            {"key_properties": ["orderNumber"]},
            "orders has the key ['orderNumber']; it can be ['id'], or empty",
        ),
        ("orders", {"stream": "my_orders"}, "orders is called 'my_orders' there"),
    ],
)
def test_what_a_catalog_cannot_change_is_refused(tap: Tap, stream: str, fields: dict[str, Any], words: str) -> None:
    refused(tap(catalog=tap.catalog(stream, change=lambda entry: entry.update(fields))), words)


def test_a_key_is_sent_even_if_it_is_deselected(tap: Tap, sandbox: Sandbox) -> None:
    def deselect(entry: dict[str, Any]) -> None:
        tap.metadata(entry, "id").update(selected=False, inclusion="available")
        tap.metadata(entry, "name").update(selected=False)

    answer = tap(catalog=tap.catalog("zones", change=deselect))
    assert answer.status == 0, answer.err
    (schema,) = answer.of("SCHEMA")
    assert "id" in schema["schema"]["properties"]
    assert {record["id"] for record in answer.records("zones")} == {zone["id"] for zone in sandbox.records("zones")}
    assert not any("name" in record for record in answer.records("zones"))


def test_a_bare_catalog_entry_takes_key_and_method_from_the_tap(tap: Tap) -> None:
    entry = {
        "tap_stream_id": "zones",
        "stream": "zones",
        "schema": {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}},
        "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
    }
    answer = tap(catalog={"streams": [entry, {"tap_stream_id": "gone", "metadata": []}]})
    assert answer.status == 0, answer.err
    (schema,) = answer.of("SCHEMA")
    assert (schema["key_properties"], schema["bookmark_properties"]) == (["id"], ["lastModifiedAt"])


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("{", "state.json is not valid JSON"),
        ("[]", "state.json must hold a JSON object"),
        ({"bookmarks": {"orders": {"commercetools": {**encode(StreamState()), "format": 99}}}}, "has format 99"),
        ({"bookmarks": {"orders": {"commercetools": {"format": 1, "walks": 3}}}}, "orders: the stored state is broken"),
        ({"bookmarks": {"orders": {"replication_key": "id", "replication_key_value": "x"}}}, "goes by 'id'"),
        ({"bookmarks": {"orders": {"replication_key_value": "x"}}}, "it must be a date"),
        ({"bookmarks": {"orders": []}}, "the state of orders is not an object"),
        ({"type": "STATE", "value": {"bookmarks": {}}}, "the state is not a Singer state"),
        ({"orders": "2026-01-01T00:00:00Z"}, "the state is not a Singer state"),
    ],
)
def test_a_state_that_cannot_be_used_is_refused(tap: Tap, state: Any, words: str) -> None:
    refused(tap(catalog=tap.catalog("orders"), state=state), words)


def test_the_state_of_a_stream_that_is_not_read_is_kept_as_it_is(tap: Tap) -> None:
    foreign = {"orders": {"commercetools": {"format": 99}}, "gone": {"x": 1}}
    answer = tap(catalog=tap.catalog("zones"), state={"bookmarks": foreign})
    assert answer.status == 0, answer.err
    assert {name: answer.state["bookmarks"][name] for name in foreign} == foreign


def test_a_missing_scope_is_named_and_the_other_streams_go_on(tap: Tap, sandbox: Sandbox) -> None:
    sandbox.add_client("zones-only", "secret", ["view_zones"])
    answer = tap(catalog=tap.catalog("orders", "zones"), client_id="zones-only", client_secret="secret")
    assert answer.status == 1
    assert "create an API client that also has the scope view_orders" in answer.err
    assert "not complete: 1 of 2 streams" in answer.err
    assert answer.counts() == {"zones": len(sandbox.records("zones"))}
    assert set(answer.state["bookmarks"]) == {"zones"}
    assert "Traceback" not in answer.err


def test_a_test_run_reads_a_record_of_each_stream_and_warns_of_missing_scopes(tap: Tap, sandbox: Sandbox) -> None:
    whole = tap("--test")
    assert whole.status == 0, whole.err
    assert whole.counts() == {row.name: 1 for row in streams_of(None)}
    sandbox.add_client("zones-only", "secret", ["view_zones"])
    few = tap("--test", client_id="zones-only", client_secret="secret")
    assert few.status == 0
    assert few.counts() == {"zones": 1}
    assert re.search("orders cannot be read; .* view_orders:.*, or deselect it", few.err)
    wrong = tap("--test", client_secret="wrong")
    assert (wrong.status, wrong.counts()) == (1, {})
    assert "client_id" in wrong.err
    assert "Traceback" not in wrong.err


def test_nothing_selected_is_no_mistake(tap: Tap) -> None:
    answer = tap(catalog=tap.catalog())
    assert (answer.status, answer.out) == (0, "")
    assert "no stream is selected" in answer.err


def test_settings_come_from_the_environment_too(tap: Tap, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.settings().items():
        monkeypatch.setenv(f"TAP_COMMERCETOOLS_{name.upper()}", str(value))
    monkeypatch.setenv("TAP_COMMERCETOOLS_PAGE_SIZE", "3")
    catalog = tap.arguments(catalog=tap.catalog("zones"))[-2:]
    answer = tap.run("--config", "ENV", *catalog)
    assert (answer.status, answer.counts()) == (0, {"zones": len(sandbox.records("zones"))})
    monkeypatch.setenv("TAP_COMMERCETOOLS_PAGE_SIZE", "many")
    refused(tap.run("--config", "ENV", *catalog), "TAP_COMMERCETOOLS_PAGE_SIZE is 'many'")


def test_later_config_files_win(tap: Tap, tmp_path: Any) -> None:
    arguments = tap.arguments(catalog=tap.catalog("zones"))
    (tmp_path / "more.json").write_text(json.dumps({"page_size": 0}))
    refused(tap.run(*arguments, "--config", str(tmp_path / "more.json")), "page_size is 0")


def test_about_and_version_need_no_settings(tap: Tap) -> None:
    about = tap.run("--about", "--format", "json")
    assert about.status == 0
    assert json.loads(about.out)["settings"]["properties"]["client_secret"]["secret"] is True
    version = tap.run("--version")
    assert (version.status, version.out.split()[0]) == (0, "tap-commercetools")
