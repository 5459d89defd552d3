"""The Airbyte connector: what the protocol asks for beside what every front-end must do."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml
from airbyte_protocol.models import AirbyteMessage  # type: ignore[import-untyped]

from commercetools_source.catalog.streams import STREAMS, streams_of
from commercetools_source.config import Config
from commercetools_source.extract.checkpoint import StreamState, encode
from commercetools_source.frontends.airbyte.catalog import COMPLETE
from commercetools_source.frontends.airbyte.messages import trace_bug
from commercetools_source.sandbox import Fault, Sandbox
from frontends.airbyte_runs import call, run
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "sandbox-secret"
PAGE = Path(__file__).parents[2] / "docs" / "airbyte.md"


@pytest.fixture
def shop() -> Iterator[Sandbox]:
    with Sandbox(rows=rows_of("/orders", "/customers", "/zones", "/messages")) as running:
        yield running


def config(sandbox: Sandbox, **changed: Any) -> dict[str, Any]:
    quick = {"retry_seconds": 0, "settle_seconds": 0, "lookback_seconds": 0}
    return {**sandbox.settings(), **quick, **changed}


def catalog(**modes: str) -> dict[str, Any]:
    """Return a configured catalog of streams by their sync mode."""
    return {
        "streams": [
            {
                "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
                "sync_mode": mode,
                "destination_sync_mode": "append_dedup",
                "generation_id": 3,
                "minimum_generation_id": 0,
                "sync_id": 7,
                "include_files": False,
            }
            for name, mode in modes.items()
        ]
    }


def traces(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [
        message["trace"][kind.lower()]
        for message in messages
        if message["type"] == "TRACE" and message["trace"]["type"] == kind
    ]


def states(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message["state"] for message in messages if message["type"] == "STATE"]


def statuses(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["stream_descriptor"]["name"], row["status"]) for row in traces(messages, "STREAM_STATUS")]


def test_the_specification_has_every_setting_and_marks_the_secret() -> None:
    status, (message,) = run("spec")
    assert status == 0
    schema = message["spec"]["connectionSpecification"]
    jsonschema.Draft7Validator.check_schema(schema)
    secrets = [name for name, described in schema["properties"].items() if described.get("airbyte_secret")]
    assert secrets == ["client_secret", "hash_key"]
    assert {"region", "host", "start_date", "project_key", "client_id", "client_secret"} <= set(schema["properties"])


def test_every_stream_is_discovered_with_key_cursor_and_a_schema_without_references(shop: Sandbox) -> None:
    status, (message,) = run("discover", config=config(shop))
    assert status == 0
    streams = {stream["name"]: stream for stream in message["catalog"]["streams"]}
    assert list(streams) == list(STREAMS)
    assert not re.search(r"\$ref|allOf|\"not\"", json.dumps(streams))
    for name, row in STREAMS.items():
        assert streams[name]["source_defined_primary_key"] == [[column] for column in row.key]
        assert streams[name]["is_resumable"]
        assert streams[name].get("default_cursor_field") == ([row.cursor] if row.cursor else None)
        assert {*row.key, row.cursor} - {None} <= set(streams[name]["json_schema"]["properties"])


def test_a_check_says_yes_for_settings_that_open_the_project(shop: Sandbox) -> None:
    status, (message,) = run("check", config=config(shop))
    assert (status, message["connectionStatus"]) == (0, {"status": "SUCCEEDED"})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"client_secret": "wrong-secret-word"}, "client_id"),
        ({"project_key": "another-shop"}, "another-shop"),
        ({"api_url": "http://127.0.0.1:1", "auth_url": "http://127.0.0.1:1"}, "127.0.0.1"),
        ({"region": "mars"}, "region"),
        ({"page_size": 5000}, "page_size"),
        ({"emit_deletions": "perhaps"}, "true or false"),
        ({"emit_deletions": ["x"], "page_size": 5000}, "page_size"),
    ],
)
def test_a_check_that_fails_says_why_and_ends_with_0(shop: Sandbox, changed: dict[str, Any], words: str) -> None:
    status, (message,) = run("check", config=config(shop, **changed))
    assert (status, message["connectionStatus"]["status"]) == (0, "FAILED")
    assert words in message["connectionStatus"]["message"]
    assert "wrong-secret-word" not in json.dumps(message)
    assert SECRET not in json.dumps(message)


def test_states_count_the_records_since_the_last_one_and_statuses_tell_the_course(shop: Sandbox) -> None:
    status, messages = run("read", config=config(shop, page_size=20), catalog=catalog(orders="incremental"))
    assert status == 0
    records = [message for message in messages if message["type"] == "RECORD"]
    assert sum(state["sourceStats"]["recordCount"] for state in states(messages)) == len(records)
    assert len(records) == len(shop.records("orders"))
    assert statuses(messages) == [("orders", "STARTED"), ("orders", "RUNNING"), ("orders", "COMPLETE")]
    last = max(number for number, message in enumerate(messages) if message["type"] == "RECORD")
    assert any(message["type"] == "STATE" for message in messages[last:])
    assert [row["row_estimate"] for row in traces(messages, "ESTIMATE")] == [len(records)]


def test_a_deletion_is_the_row_that_a_destination_with_deduplication_keeps(shop: Sandbox) -> None:
    settings = config(shop, emit_deletions=True)
    both = catalog(orders="incremental", customers="incremental")  # the Message of an order holds the order, too
    _, messages = run("read", config=settings, catalog=both)
    shop.clock.advance(5)
    gone = {name: shop.delete(name, shop.records(name)[0]["id"])["id"] for name in ("orders", "customers")}
    shop.clock.advance(5)
    _, later = run("read", config=settings, catalog=both, state=states(messages))
    for name, record_id in gone.items():
        records = [line["record"] for line in (*messages, *later) if line["type"] == "RECORD"]
        rows = [row["data"] for row in records if row["stream"] == name and row["data"]["id"] == record_id]
        # As Airbyte's SQL for Snowflake, BigQuery and PostgreSQL has it: ORDER BY cursor DESC NULLS LAST.
        assert max(rows, key=lambda row: row.get("lastModifiedAt") or "")["_ab_cdc_deleted_at"], name


def test_a_full_refresh_ends_with_a_mark_and_an_attempt_that_is_handed_it_reads_nothing(shop: Sandbox) -> None:
    chosen = catalog(zones="full_refresh")
    _, messages = run("read", config=config(shop), catalog=chosen)
    assert states(messages)[-1]["stream"]["stream_state"] == {
        COMPLETE: True,
        "project": "sample-shop",
        "stream": "zones",
    }
    before = len(shop.requests)
    status, again = run("read", config=config(shop), catalog=chosen, state=states(messages)[-1:])
    assert status == 0
    assert statuses(again) == [("zones", "STARTED"), ("zones", "COMPLETE")]
    assert len(shop.requests) == before


def test_the_mark_of_a_full_refresh_says_nothing_of_another_project(shop: Sandbox) -> None:
    chosen = catalog(zones="full_refresh")
    _, messages = run("read", config=config(shop), catalog=chosen)
    with Sandbox(rows=rows_of("/zones"), project_key="other-shop") as other:
        status, again = run("read", config=config(other), catalog=chosen, state=states(messages)[-1:])
    assert status == 0
    zones = [row for row in rows_of("/zones") if row[0] == "/zones"]
    assert len([message for message in again if message["type"] == "RECORD"]) == len(zones)


@pytest.mark.parametrize(
    "changed",
    [{"store": "berlin"}, {"privacy": "drop"}, {"stream": "orders"}, {"since": "2999-01-01T00:00:00.000Z"}],
    ids=str,
)
def test_the_mark_of_a_full_refresh_says_nothing_of_another_store_choice_stream_or_start(
    shop: Sandbox, changed: dict[str, str]
) -> None:
    chosen = catalog(customers="full_refresh")
    mark = {COMPLETE: True, "project": "sample-shop", "stream": "customers", **changed}
    state = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "customers"}, "stream_state": mark}}]
    status, messages = run("read", config=config(shop), catalog=chosen, state=state)
    assert status == 0
    assert len([line for line in messages if line["type"] == "RECORD"]) == len(shop.records("customers"))


@pytest.mark.parametrize("before", [{"personal": "drop"}, {"start_date": "2026-11-20"}], ids=str)
def test_the_mark_of_a_full_refresh_names_what_was_read(shop: Sandbox, before: dict[str, str]) -> None:
    chosen = catalog(customers="full_refresh")
    _, messages = run("read", config=config(shop, **before), catalog=chosen)
    (*_, mark) = states(messages)
    _, again = run("read", config=config(shop, **before), catalog=chosen, state=[mark])
    assert not [line for line in again if line["type"] == "RECORD"]
    _, kept = run("read", config=config(shop), catalog=chosen, state=[mark])
    assert len([line for line in kept if line["type"] == "RECORD"]) == len(shop.records("customers"))


def test_a_first_read_of_a_store_that_was_cut_off_is_ended_before_that_of_another(shop: Sandbox) -> None:
    stored = encode(StreamState(mode="full", bound="2026-11-01T00:00:00.000Z", store="berlin", stream="orders"))
    state = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "orders"}, "stream_state": stored}}]
    settings = config(shop, store_key="hamburg")
    _, messages = run("read", config=settings, catalog=catalog(orders="incremental"), state=state)
    (error,) = traces(messages, "ERROR")
    assert "'berlin' has not ended; set `store_key` to it" in error["message"]


def test_a_stream_that_fails_is_told_with_its_name_and_the_others_go_on(shop: Sandbox) -> None:
    shop.faults.add(Fault("status", "/customers", status=500, times=None))
    chosen = catalog(customers="incremental", orders="incremental")
    status, messages = run("read", config=config(shop), catalog=chosen)
    assert status == 1
    (error,) = traces(messages, "ERROR")
    assert error["stream_descriptor"] == {"name": "customers"}
    assert error["failure_type"] == "transient_error"
    assert ("orders", "COMPLETE") in statuses(messages)
    assert ("customers", "INCOMPLETE") in statuses(messages)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("status", "/customers", status=503, times=None), "transient_error"),
        (Fault("status", "/customers", status=400, times=None), "system_error"),
        (Fault("unservable", "/customers", status=500, records=("1",), times=None), "transient_error"),
    ],
    ids=lambda value: getattr(value, "kind", value),
)
def test_who_has_to_act_follows_from_what_was_raised(shop: Sandbox, fault: Fault, expected: str) -> None:
    lost = shop.records("customers")[1]["id"]
    shop.faults.add(replace(fault, records=(lost,)) if fault.records else fault)
    status, messages = run("read", config=config(shop), catalog=catalog(customers="incremental"))
    assert status == 1
    assert [error["failure_type"] for error in traces(messages, "ERROR")] == [expected]


def test_a_missing_scope_is_a_matter_of_configuration(shop: Sandbox) -> None:
    shop.add_client("narrow", "secret", ["view_orders"])
    narrow = config(shop, client_id="narrow", client_secret="secret")
    _, messages = run("read", config=narrow, catalog=catalog(customers="incremental", orders="incremental"))
    assert [error["failure_type"] for error in traces(messages, "ERROR")] == ["config_error"]


def test_a_full_refresh_that_left_a_record_out_is_read_again_by_the_next_attempt(shop: Sandbox) -> None:
    lost = shop.records("zones")[0]["id"]
    shop.faults.add(Fault("unservable", "/zones", status=500, records=(lost,), times=None))
    chosen = catalog(zones="full_refresh")
    status, messages = run("read", config=config(shop), catalog=chosen)
    assert (status, statuses(messages)[-1]) == (1, ("zones", "INCOMPLETE"))
    shop.faults.clear()
    status, again = run("read", config=config(shop), catalog=chosen, state=states(messages)[-1:])
    assert (status, statuses(again)[-1]) == (0, ("zones", "COMPLETE"))
    assert lost in {message["record"]["data"]["id"] for message in again if message["type"] == "RECORD"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/orders", "orders"),
        ("/in-store/key=*/orders", "orders"),
        ("/custom-objects/*", "custom_objects"),
        ("/product-selections/*/products", "product_selection_products"),
        ("/", "project"),
    ],
)
def test_a_stream_that_must_wait_says_that_it_is_rate_limited(path: str, name: str) -> None:
    with Sandbox(rows=rows_of("/orders", "/stores", "/custom-objects", "/product-selections", "/products")) as shop:
        shop.faults.add(Fault("throttle", path, seconds=0, after=1, times=1))
        settings = config(shop, page_size=20, concurrency=1, retry_seconds=30)
        if "in-store" in path:
            settings["store_key"] = next(one["store"]["key"] for one in shop.records("orders") if "store" in one)
        # Of products nothing is held up where it is about those of a selection.
        status, messages = run(
            "read", config=settings, catalog=catalog(**{name: "full_refresh", "products": "incremental"})
        )
    assert status == 0
    held_up = [row for row in traces(messages, "STREAM_STATUS") if "reasons" in row]
    assert [row["stream_descriptor"]["name"] for row in held_up] == [name]
    assert [reason["type"] for row in held_up for reason in row["reasons"]] == ["RATE_LIMITED"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"config": "{"}, "config"),
        ({"config": "[1]"}, "config"),
        ({"config": {"project_key": "x"}}, "client_id"),
        ({"catalog": {"streams": {}}}, "catalog"),
        ({"catalog": {"streams": [{"stream": {"name": "ordres"}}]}}, "orders"),
        ({"catalog": {"streams": [{"stream": {"name": "project"}, "sync_mode": "increment"}]}}, "full_refresh"),
        ({"catalog": {"streams": [{"stream": {"name": "zones"}}] * 2}}, "zones"),
        ({"catalog": {"streams": [{"stream": {"name": "zones"}, "sync_mode": ["full_refresh"]}]}}, "sync mode"),
        ({"catalog": {"streams": [{"stream": {"name": "zones"}, "sync_mode": {}}]}}, "sync mode"),
        ({"catalog": {"streams": [{"stream": "zones"}]}}, "catalog"),
        ({"catalog": {"streams": [None]}}, "catalog"),
        ({"state": {"a": 1}}, "state"),
        ({"state": [{"type": "LEGACY"}]}, "state"),
    ],
    ids=str,
)
def test_a_mistake_is_one_trace_that_names_it(shop: Sandbox, files: dict[str, Any], words: str) -> None:
    good = {"config": config(shop), "catalog": catalog(zones="full_refresh"), "state": []}
    status, messages = run("read", **{**good, **files})
    assert status == 1
    (error,) = traces(messages, "ERROR")
    assert error["failure_type"] == "config_error"
    assert words in error["message"]
    assert SECRET not in json.dumps(messages)


BROKEN: list[Any] = [
    {"format": 99},
    {"lastModifiedAt": "2026-01-01T00:00:00.000Z"},  # of Airbyte's own connector
    {"__ab_no_cursor_state_message": True},
    "2026-01-01",
]


def state_of(stream: str, stored: Any) -> dict[str, Any]:
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": stream}, "stream_state": stored}}


@pytest.mark.parametrize("stored", BROKEN, ids=str)
def test_a_state_that_cannot_be_used_stops_its_own_stream_alone(shop: Sandbox, stored: Any) -> None:
    chosen = catalog(orders="incremental", zones="incremental")
    settings = config(shop, emit_deletions=True)
    status, messages = run("read", config=settings, catalog=chosen, state=[state_of("orders", stored)])
    assert status == 1
    (error,) = traces(messages, "ERROR")
    assert error["stream_descriptor"] == {"name": "orders"}
    assert error["failure_type"] == "config_error"
    assert "clear or refresh the stream" in error["message"]
    assert ("orders", "INCOMPLETE") in statuses(messages)
    assert ("zones", "COMPLETE") in statuses(messages)
    assert {message["record"]["stream"] for message in messages if message["type"] == "RECORD"} == {"zones"}
    assert [one["stream"]["stream_descriptor"]["name"] for one in states(messages)] == ["zones"]


@pytest.mark.parametrize("stored", [BROKEN[1], BROKEN[-1], {COMPLETE: False}], ids=str)
def test_a_full_refresh_asks_for_nothing_of_a_state_that_cannot_be_used(shop: Sandbox, stored: Any) -> None:
    chosen = catalog(orders="full_refresh")
    status, messages = run("read", config=config(shop), catalog=chosen, state=[state_of("orders", stored)])
    assert (status, statuses(messages)[-1]) == (0, ("orders", "COMPLETE"))
    assert sum(message["type"] == "RECORD" for message in messages) == len(shop.records("orders"))


def test_a_start_in_the_future_is_named_as_the_setting_is(shop: Sandbox) -> None:
    late = config(shop, start_date="2999-01-01T00:00:00Z")
    _, messages = run("read", config=late, catalog=catalog(orders="incremental"))
    (error,) = traces(messages, "ERROR")
    assert error["message"].startswith("start_date is 2999-01-01T00:00:00.000Z, which is in the future")


def test_a_file_of_a_windows_editor_is_read(shop: Sandbox) -> None:
    status, (message,) = run("check", config="\ufeff" + json.dumps(config(shop)))
    assert (status, message["connectionStatus"]) == (0, {"status": "SUCCEEDED"})


def test_what_nobody_foresaw_is_a_trace_without_values(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    # Straight into the message: an error that can be provoked from outside would be one to mend.
    trace_bug(ZeroDivisionError(f"a text with {SECRET}"))
    (line,) = capfdbinary.readouterr().out.splitlines()
    AirbyteMessage.model_validate_json(line)
    error = json.loads(line)["trace"]["error"]
    assert error["failure_type"] == "system_error"
    assert "ZeroDivisionError" in error["message"]
    assert SECRET not in line.decode()


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["read"], ["check", "--config", "/no/such/file"]], ids=str)
def test_a_wrong_call_is_a_trace_too(arguments: list[str]) -> None:
    status, messages = call(*arguments)
    assert status in (0, 1)
    assert traces(messages, "ERROR") or messages[0]["connectionStatus"]["status"] == "FAILED"


def test_a_missing_url_of_a_service_is_asked_for_without_the_words_of_another_front_end(shop: Sandbox) -> None:
    settings = {name: value for name, value in config(shop).items() if name != "history_url"}
    status, messages = run("read", config=settings, catalog=catalog(change_history="incremental"))
    (error,) = traces(messages, "ERROR")
    assert (status, error["failure_type"]) == (1, "config_error")
    assert error["message"].startswith("change_history: history_url is missing; set it beside api_url")
    assert "CTP_" not in error["message"]


@pytest.mark.parametrize("command", ["check", "read"])
def test_a_path_that_is_no_utf8_is_named_in_whole_lines(command: str) -> None:
    arguments = [command, "--config", "no\udcff.json", *(["--catalog", "c"] if command == "read" else [])]
    _, (message,) = call(*arguments)
    told = json.dumps(message)
    assert "this is a fault of" not in told
    assert r"no\\udcff.json cannot be read" in told


def test_what_is_quoted_of_a_catalog_is_short(shop: Sandbox) -> None:
    _, messages = run("read", config=config(shop), catalog=catalog(**{"x" * 100_000: "incremental"}))
    (error,) = traces(messages, "ERROR")
    assert len(error["message"]) < 2000


def test_spec_loads_what_it_describes_and_nothing_that_reads_a_project() -> None:
    code = """
import sys
before = set(sys.modules)
from commercetools_source.frontends.airbyte import main
try:
    main(["spec"])
except SystemExit:
    print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "commercetools_source.config.settings" in loaded
    slow = {"config.project", "client", "extract.engine", "catalog.streams"}
    assert not loaded & {"shutil", "lzma", "urllib3", *(f"commercetools_source.{name}" for name in slow)}


def test_the_commands_of_the_page_are_those_that_exist() -> None:
    text = PAGE.read_text(encoding="utf-8")
    commands = [shlex.split(line)[1] for line in re.findall(r"^ +(source-commercetools .+)$", text, re.MULTILINE)]
    assert commands == ["spec", "check", "discover", "read"]


def test_the_catalog_of_the_page_is_read(shop: Sandbox) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    status, messages = run("read", config=config(shop), catalog=json.loads(example), state=[])
    assert status == 0
    assert {name for name, word in statuses(messages) if word == "COMPLETE"} == {"orders", "customer_groups"}


def test_a_stream_without_change_dates_may_be_configured_as_incremental_and_is_read_whole_each_time() -> None:
    # PyAirbyte 0.71 configures every stream so, whatever the catalog says that it supports.
    with Sandbox(rows=rows_of("/customer-groups")) as shop:
        state = None
        for _ in range(2):
            status, messages = run(
                "read", config=config(shop), catalog=catalog(customer_groups="incremental"), state=state
            )
            assert status == 0
            read = [message for message in messages if message["type"] == "RECORD"]
            assert len(read) == len(shop.records("customer_groups")) > 0
            state = [message["state"] for message in messages if message["type"] == "STATE"][-1:]
            assert COMPLETE not in state[0]["stream"]["stream_state"]


def test_the_image_and_its_metadata_are_of_this_version() -> None:
    folder, released = PAGE.parents[1] / "airbyte", version("commercetools-source")
    metadata = yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8"))["data"]
    image = f"{metadata['dockerRepository']}:{released}"
    assert metadata["dockerImageTag"] == released
    assert f"--tag {image} " in (folder / "Dockerfile").read_text(encoding="utf-8")
    assert f"--tag {image} " in PAGE.read_text(encoding="utf-8")
    assert f"io.airbyte.version={released}\n" in (folder / "Dockerfile").read_text(encoding="utf-8")


def test_its_metadata_suggest_the_streams_that_need_not_be_named_and_allow_the_hosts_of_all() -> None:
    text = (PAGE.parents[1] / "airbyte" / "metadata.yaml").read_text(encoding="utf-8")
    metadata = yaml.safe_load(text)["data"]
    # https://docs.airbyte.com/platform/connector-development/connector-metadata-file
    assert metadata["suggestedStreams"]["streams"] == [stream.name for stream in streams_of(None)]
    assert "change_history" not in metadata["suggestedStreams"]["streams"]
    given = Config(region="us-central1.gcp", project_key="shop", client_id="id", client_secret="secret")
    services = {urlsplit(url).netloc for url in (given.api_url, given.auth_url, given.history_url)}
    hosts = metadata["allowedHosts"]["hosts"]
    for template in ("${region}", "${region}.${host}"):
        end = f".{template}.commercetools.com"
        allowed = {
            host.removesuffix(end) + ".us-central1.gcp.commercetools.com" for host in hosts if host.endswith(end)
        }
        assert services <= allowed
