"""The source as Mage runs it: flags in, lines out, state back in; against the sandbox, without Mage."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft4Validator
from mage_integrations.sources import commercetools
from mage_integrations.sources.base import Source
from mage_integrations.sources.catalog import Catalog
from mage_integrations.sources.commercetools import Commercetools
from mage_integrations.sources.commercetools.client import Client
from mage_integrations.sources.commercetools.schemas import IDS, STREAMS
from mage_integrations.sources.commercetools.streams.base import BaseStream

import commercetools_source
from commercetools_source.catalog import streams
from commercetools_source.config.settings import SETTINGS
from commercetools_source.frontends.mage.bookmarks import KEY
from commercetools_source.frontends.mage.documented import columns_as_text, schemas
from commercetools_source.sandbox import Fault, Sandbox
from hidden import shown
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(str(commercetools.__file__))
ENVIRON = {**os.environ, "PYTHONPATH": str(Path(commercetools_source.__file__).parents[1])}
MANY = 12_345
DOCUMENTED = {"customers", "discount_codes", "inventory", "orders", "payments", "products"}
SAMPLE = {"load_sample_data": True, "selected_streams": ["custom_objects"]}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(size="tiny") as running:
        yield running


@pytest.fixture(scope="module")
def crowd() -> Iterator[Sandbox]:
    """A project of 12,345 customers, who were created within three minutes."""
    with Sandbox(rows=(("/customers", "", json.dumps(customer(number)).encode()) for number in range(MANY))) as running:
        yield running


def customer(number: int) -> dict[str, Any]:
    moment = f"2024-05-05T10:{number // 5000:02d}:{number // 100 % 50:02d}.{number % 7 * 100:03d}Z"
    return {
        "id": f"{number:08x}-0000-4000-8000-{number * 7919 % MANY:012x}",
        "version": 1,
        "createdAt": moment,
        "lastModifiedAt": moment,
        "email": f"person{number}@example.com",
        "addresses": [],
    }


@pytest.fixture
def config(sandbox: Sandbox) -> Iterator[dict[str, Any]]:
    yield {"region": "us-central1", "host": "gcp", **sandbox.settings(), "settle_seconds": 0}
    sandbox.faults.clear()


def chosen(stream: str, method: str = "FULL_TABLE", columns: list[str] | None = None) -> dict[str, Any]:
    """Return the catalog that Mage would hand over for one stream, all of its columns chosen unless `columns` are."""
    (entry,) = Commercetools().discover([stream]).to_dict()["streams"]
    for row in entry["metadata"]:
        row["metadata"]["selected"] = not row["breadcrumb"] or columns is None or row["breadcrumb"][1] in columns
    bookmark = {"bookmark_properties": ["lastModifiedAt"]} if method == "INCREMENTAL" else {}
    entry |= {"replication_method": method, "unique_constraints": ["id"], "unique_conflict_method": "UPDATE"}
    return {"streams": [{**entry, **bookmark, "key_properties": ["id"]}]}


def run(*argv: str, **json_flags: Any) -> subprocess.CompletedProcess[str]:
    """Run the module as Mage does: its file as a script; keywords become JSON flags."""
    flags = [part for name, value in json_flags.items() for part in (f"--{name}_json", json.dumps(value))]
    command = [sys.executable, str(SCRIPT), *flags, *argv]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRON)


def inside(**keywords: Any) -> str:
    """Return what the source writes to stdout in this process."""
    catalog = keywords.pop("catalog", None)
    with redirect_stdout(StringIO()) as written:
        Commercetools(catalog=catalog and Catalog.from_dict(catalog), **keywords).process()
    return written.getvalue()


def synced(
    config: dict[str, Any], catalog: dict[str, Any], state: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    written = inside(config=config, catalog=catalog, state=state)
    assert written.endswith("\n")
    return [json.loads(line) for line in written.splitlines()]


def of_type(lines: list[dict[str, Any]], kind: str) -> list[Any]:
    key = {"RECORD": "record", "STATE": "value"}[kind]
    return [line[key] for line in lines if line["type"] == kind]


# --- what Mage finds ---


def test_the_class_is_a_source_and_its_templates_need_no_settings() -> None:
    assert issubclass(Commercetools, Source)
    keys = ["region", "host", "project_key", "client_id", "client_secret"]
    assert Commercetools.templates() == {"config": {key: key for key in keys}}
    assert list(Commercetools.templates()["config"]) == keys


def test_readme_and_templates_lie_where_mage_looks_for_them() -> None:
    folder = Path("/".join(str(SCRIPT).split("/")[:-2])) / "commercetools"
    assert "client_secret" in (folder / "README.md").read_text()
    assert (folder / "templates" / "config.json").is_file()
    assert (folder / "__init__.py") == SCRIPT


@pytest.mark.parametrize("name", ["page_size", "concurrency", "settle_seconds", "lookback_seconds"])
def test_the_readme_tells_the_defaults_that_hold(name: str) -> None:
    readme = (SCRIPT.parent / "README.md").read_text()
    line = next(line for line in readme.splitlines() if line.startswith(f"| `{name}` |"))
    assert line.endswith(f"| `{SETTINGS[name].default:g}` |")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("customers", "/customers"),
        ("discount_codes", "/discount-codes"),
        ("inventory", "/inventory"),
        ("orders", "/orders"),
        ("payments", "/payments"),
        ("products", "/products"),
    ],
)
def test_a_documented_stream_has_its_class_path_and_key(name: str, path: str) -> None:
    home = __import__(f"mage_integrations.sources.commercetools.streams.{name}", fromlist=["x"])
    kind = getattr(home, "".join(part.capitalize() for part in name.split("_")) + "Stream")
    assert STREAMS[name] is kind
    assert getattr(IDS, name.upper()) == name
    assert issubclass(kind, BaseStream)
    assert (path, ["id"]) == (kind.URL_PATH, kind.KEY_PROPERTIES)


def test_every_stream_of_the_catalogue_is_there() -> None:
    assert set(STREAMS) == set(streams.STREAMS)
    assert [getattr(IDS, name.upper()) for name in STREAMS] == list(STREAMS)


def test_the_base_stream_reads_nothing_without_a_path() -> None:
    assert (BaseStream.URL_PATH, BaseStream.KEY_PROPERTIES) == (None, [])
    stream = BaseStream("client", {"a": 1}, "stream", "logger")
    assert vars(stream) == {"client": "client", "config": {"a": 1}, "stream": "stream", "logger": "logger"}
    assert list(stream.load_data()) == []


class Counting(Client):
    """A client that changes what `request` does, as a user's own may."""

    asked = 0

    def request(self, *arguments: Any, **keywords: Any) -> Any:
        self.asked += 1
        return super().request(*arguments, **keywords)


def test_a_stream_reads_through_the_request_of_a_client_that_changed_it(
    sandbox: Sandbox, config: dict[str, Any]
) -> None:
    client = Counting(config, logging.getLogger("mage"))
    pages = list(STREAMS["orders"](client, config, None, client.logger).load_data())
    assert sum(len(page) for page in pages) == len(sandbox.records("orders")) > 0
    assert client.asked >= len(pages) > 0


def test_a_machine_that_is_ahead_passes_over_no_change_with_a_client_of_a_users_own(config: dict[str, Any]) -> None:
    with Sandbox(rows=rows_of("/zones")) as shop:
        shop.clock.advance(-7200)  # as this machine sees it, which is two hours ahead
        own = Counting({**config, **shop.settings()}, logging.getLogger("mage"))
        zones = STREAMS["zones"](own, {**config, **shop.settings()}, None, own.logger)
        shop.clock.advance(600)
        *_, page = zones.load_data()
        zone = shop.create("zones", {"name": "late", "locations": []})
        shop.clock.advance(600)
        assert zone["id"] in [row["id"] for page in zones.load_data(page.bookmark) for row in page]


class Two:
    """No client of ours at all: it answers two records, whatever is asked for."""

    def request(self, path: str, params: list[tuple[str, str]]) -> dict[str, Any]:
        where = dict(params).get("where", "")
        rows = [{"id": str(n), "createdAt": "2026-01-01T00:00:00.000Z"} for n in range(2) if f'"{n}"' not in where]
        return {"path": path, "results": rows if 'id > "1"' not in where else []}


def test_a_stream_of_a_users_own_reads_the_path_it_names(config: dict[str, Any]) -> None:
    class Mine(BaseStream):
        URL_PATH = "/mine"
        KEY_PROPERTIES = ("id",)  # type: ignore[assignment]

    pages = list(Mine(Two(), config, None, logging.getLogger("mage")).load_data())
    assert [row["id"] for page in pages for row in page][:2] == ["0", "1"]


def test_an_unknown_stream_to_load_is_a_key_error_at_the_call(config: dict[str, Any]) -> None:
    with pytest.raises(KeyError, match="there is no stream 'nothing'"):
        Commercetools(config=config).load_data(SimpleNamespace(tap_stream_id="nothing"))


def test_what_mage_adds_to_query_and_settings_changes_nothing(sandbox: Sandbox, config: dict[str, Any]) -> None:
    config |= {"batch_fetch_limit": 10, "subbatch_fetch_limit": 5, "_patterns": {}}
    written = inside(config=config, catalog=chosen("orders"), query={"_offset": 50_000, "_limit": 3})
    assert written.count('"type": "RECORD"') == len(sandbox.records("orders"))


def test_the_replication_key_is_the_change_date_where_there_is_one() -> None:
    source = Commercetools()
    assert source.get_valid_replication_keys("orders") == ["lastModifiedAt"]
    assert source.get_valid_replication_keys("api_clients") == []
    assert source.get_table_key_properties("orders") == ["id"]


def test_an_unknown_stream_is_a_key_error_at_the_call() -> None:
    with pytest.raises(KeyError, match="there is no stream 'nothing'"):
        Commercetools().get_table_key_properties("nothing")


def test_sys_argv_is_not_read_by_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["pytest", "-s", "-p", "no:cacheprovider", "-d"])
    source = Commercetools(config={"a": 1})
    assert (source.config, source.discover_mode) == ({"a": 1}, False)
    assert sys.argv[1] == "-s"


# --- schemas ---


@pytest.mark.parametrize(
    ("stream", "count"),
    [("customers", 29), ("discount_codes", 18), ("inventory", 13), ("orders", 41), ("payments", 16), ("products", 12)],
)
def test_documented_columns_keep_their_names_and_types_only_widen(stream: str, count: int) -> None:
    folder = Path(commercetools_source.__file__).parent / "frontends" / "mage"
    documented = json.loads((folder / "documented.json").read_text())[stream]
    assert len(documented) == count
    properties = schemas()[stream]["properties"]
    assert list(properties)[:count] == list(documented)
    for name, told in documented.items():
        assert_holds(told, properties[name])


def assert_holds(told: Any, schema: dict[str, Any]) -> None:
    """Check that `schema` has all that the documented type says, whatever else it has."""
    assert schema["type"][0] == "null"
    if isinstance(told, list):
        assert "array" in schema["type"]
        assert ("items" in schema) == bool(told)
        if told:
            assert_holds(told[0], schema["items"])
    elif isinstance(told, dict):
        assert "object" in schema["type"]
        for name, inner in told.items():
            assert_holds(inner, schema["properties"][name])
    elif told == "any":
        assert "object" in schema["type"]
        assert schema["additionalProperties"] is True
    elif told in {"date", "date-time"}:
        assert "string" in schema["type"]
        assert schema["format"] == told
    else:
        assert told in schema["type"]


@pytest.mark.parametrize(
    ("stream", "column"),
    [
        ("inventory", "supplyChannel"),
        ("inventory", "stockLevels"),
        ("customers", "customerGroupAssignments"),
        ("discount_codes", "cartPredicate"),
        ("orders", "shippingCustomFields"),
        ("orders", "businessUnit"),
        ("products", "priceMode"),
        ("product_selection_products", "productSelectionId"),
    ],
)
def test_fields_that_mages_source_drops_are_columns(stream: str, column: str) -> None:
    assert column in schemas()[stream]["properties"]


@pytest.mark.parametrize(
    ("path", "types"),
    [
        ("lineItems.items.properties.discountedPricePerQuantity", {"null", "object", "array"}),
        (
            "shippingInfo.properties.deliveries.items.properties.parcels.items.properties.measurements",
            {"null", "string", "object"},
        ),
        ("version", {"null", "number"}),
    ],
)
def test_wrong_types_are_widened(path: str, types: set[str]) -> None:
    node = schemas()["orders"]["properties"]
    for step in path.split("."):
        node = node[step]
    assert set(node["type"]) == types


def test_every_stream_has_columns_with_types_and_its_key_among_them() -> None:
    for name, schema in schemas().items():
        assert set(streams.STREAMS[name].key) <= set(schema["properties"]), name
        assert all(column["type"][0] == "null" and len(column["type"]) > 1 for column in schema["properties"].values())
        assert "_mage_deleted_at" not in schema["properties"]


# --- discovery, in the order and shape that Mage parses ---


def test_discovery_as_a_script_needs_no_network_and_prints_only_the_catalog() -> None:
    answer = run("--discover", config={"region": "us-central1"}, selected_streams=["orders", "customers"])
    assert answer.returncode == 0
    streams = json.loads(answer.stdout)["streams"]
    assert [stream["tap_stream_id"] for stream in streams] == ["customers", "orders"]
    whole, *columns = streams[0]["metadata"]
    assert whole["metadata"]["valid-replication-keys"] == ["lastModifiedAt"]
    assert whole["metadata"]["table-key-properties"] == ["id"]
    assert whole["metadata"]["forced-replication-method"] == "FULL_TABLE"
    automatic = {row["breadcrumb"][1] for row in columns if row["metadata"]["inclusion"] == "automatic"}
    assert automatic == {"id", "lastModifiedAt"}


def test_the_list_of_streams_is_printed() -> None:
    said = json.loads(run("--discover", "--discover_streams", config={}).stdout)
    assert said == [{"stream": name, "tap_stream_id": name} for name in sorted(STREAMS)]


def test_templates_are_printed_without_settings() -> None:
    assert list(json.loads(run("--show_templates", config={}).stdout)) == ["config"]


# --- sync ---


def test_a_full_sync_writes_every_record_with_the_chosen_columns(sandbox: Sandbox, config: dict[str, Any]) -> None:
    schema, *rest = synced(config, chosen("customers", columns=["id", "email", "password", "vatId"]))
    assert schema["type"] == "SCHEMA"
    assert set(schema["schema"]["properties"]) == {"id", "email", "password", "vatId"}
    assert (schema["replication_method"], schema["unique_constraints"]) == ("FULL_TABLE", ["id"])
    assert {line["type"] for line in rest} == {"RECORD"}
    expected = {row["id"]: row["email"] for row in sandbox.records("customers")}
    found = of_type(rest, "RECORD")
    assert {row["id"]: row["email"] for row in found} == expected
    assert all(set(row) == {"id", "email", "password", "vatId"} for row in found)
    assert {row["password"] for row in found} == {None}


@pytest.mark.parametrize("stream", sorted(streams.STREAMS))
def test_every_stream_can_be_synced(sandbox: Sandbox, config: dict[str, Any], stream: str) -> None:
    if stream == "change_history":
        made = sandbox.create("zones")  # the history of a sandbox begins with the first change
        sandbox.delete("zones", made["id"])
        sandbox.clock.advance(900)
    assert len(of_type(synced(config, chosen(stream)), "RECORD")) == len(sandbox.records(stream)) > 0


@pytest.mark.parametrize("stream", sorted(streams.STREAMS))
def test_every_record_is_valid_by_the_schema_that_mage_is_given(sandbox: Sandbox, stream: str) -> None:
    schema = {**schemas()[stream], "additionalProperties": False}
    for name, _ in streams.STREAMS[stream].derived:
        schema["properties"].pop(name)
    check = Draft4Validator(schema)
    for sent in sandbox.records(stream):
        record = shown(sent, streams.STREAMS[stream].item)
        text = {name: json.dumps(record[name]) for name in columns_as_text(stream) & set(record)}
        assert not [f"{error.json_path}: {error.message}" for error in check.iter_errors({**record, **text})]


def test_values_of_several_kinds_come_as_json_text(sandbox: Sandbox, config: dict[str, Any]) -> None:
    lines = synced(config, chosen("custom_objects"))
    assert lines[0]["schema"]["properties"]["value"] == {"type": ["null", "string"]}
    said = {row["id"]: json.loads(row["value"]) for row in of_type(lines, "RECORD")}
    assert said == {record["id"]: record["value"] for record in sandbox.records("custom_objects")}
    assert len({type(value) for value in said.values()}) > 2
    (sample,) = [json.loads(line) for line in inside(**SAMPLE, config=config).splitlines()]
    assert json.loads(sample["sample_data"])["value"]


def test_every_column_has_one_kind_but_those_that_were_documented_otherwise() -> None:
    for name, schema in schemas().items():
        for column, said in schema["properties"].items():
            assert len(said["type"]) == 2 or name in DOCUMENTED, (name, column)


def test_an_incremental_sync_goes_on_where_the_last_one_ended(sandbox: Sandbox, config: dict[str, Any]) -> None:
    catalog = chosen("orders", "INCREMENTAL", ["id", "lastModifiedAt"])
    first = synced({**config, "lookback_seconds": 0}, catalog)
    assert first[0]["bookmark_properties"] == ["lastModifiedAt"]
    records, states = of_type(first, "RECORD"), of_type(first, "STATE")
    assert len(records) == len(sandbox.records("orders"))
    assert all(list(state["bookmarks"]) == ["orders"] for state in states)
    last = states[-1]["bookmarks"]["orders"]
    assert set(last) == {"lastModifiedAt", KEY}
    assert last["lastModifiedAt"] >= max(record["lastModifiedAt"] for record in records)
    second = synced({**config, "lookback_seconds": 0}, catalog, states[-1])
    assert of_type(second, "RECORD") == []
    assert of_type(second, "STATE")[-1]["bookmarks"]["orders"]["lastModifiedAt"] >= last["lastModifiedAt"]


def test_a_bookmark_of_mages_own_is_accepted(sandbox: Sandbox, config: dict[str, Any]) -> None:
    changed = sorted(record["lastModifiedAt"] for record in sandbox.records("orders"))
    since = changed[len(changed) // 2]
    state = {"bookmarks": {"orders": {"lastModifiedAt": since}}}
    lines = synced({**config, "lookback_seconds": 0}, chosen("orders", "INCREMENTAL"), state)
    found = of_type(lines, "RECORD")
    assert len(found) == len([moment for moment in changed if moment >= since])
    assert all(record["lastModifiedAt"] >= since for record in found)


def test_a_bookmark_in_the_future_reads_nothing_and_never_moves_back(config: dict[str, Any]) -> None:
    state = {"bookmarks": {"orders": {"lastModifiedAt": "2130-01-01T00:00:00.000Z"}}}
    lines = synced(config, chosen("orders", "INCREMENTAL"), state)
    assert of_type(lines, "RECORD") == []
    moments = {value["bookmarks"]["orders"]["lastModifiedAt"] for value in of_type(lines, "STATE")}
    assert moments == {"2130-01-01T00:00:00.000Z"}


def test_start_date_leaves_out_what_did_not_change_since(sandbox: Sandbox, config: dict[str, Any]) -> None:
    changed = sorted(record["lastModifiedAt"] for record in sandbox.records("orders"))
    since = changed[len(changed) // 2]
    for method in ("FULL_TABLE", "INCREMENTAL"):
        lines = synced({**config, "start_date": since}, chosen("orders", method))
        assert len(of_type(lines, "RECORD")) == len([moment for moment in changed if moment >= since])


def test_more_records_than_offsets_reach_come_out_complete(crowd: Sandbox) -> None:
    lines = synced({**crowd.settings()}, chosen("customers", "INCREMENTAL", ["id", "lastModifiedAt"]))
    found = [record["id"] for record in of_type(lines, "RECORD")]
    assert len(found) == len(set(found)) == MANY
    assert len(of_type(lines, "STATE")) < 200


def test_a_run_that_was_killed_loses_nothing(crowd: Sandbox) -> None:
    config, catalog = crowd.settings(), chosen("customers", "INCREMENTAL", ["id", "lastModifiedAt"])
    whole = synced({**config, "concurrency": 3}, catalog)
    states = [number for number, line in enumerate(whole) if line["type"] == "STATE"]
    for cut in (states[2], states[-2]):
        before = whole[: cut + 1]
        after = synced(config, catalog, of_type(before, "STATE")[-1])
        assert len(after) < len(whole)
        assert {record["id"] for record in of_type(before + after, "RECORD")} == {
            customer(number)["id"] for number in range(MANY)
        }


def test_a_process_that_is_killed_leaves_states_to_go_on_from(crowd: Sandbox) -> None:
    catalog = chosen("customers", "INCREMENTAL", ["id", "lastModifiedAt"])
    flags = ["--config_json", json.dumps(crowd.settings()), "--catalog_json", json.dumps(catalog)]
    before: list[dict[str, Any]] = []
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), *flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRON
    ) as process:
        while len(of_type(before, "STATE")) < 3:
            before.append(json.loads(process.stdout.readline()))  # type: ignore[union-attr]
        process.kill()
    after = synced(crowd.settings(), catalog, of_type(before, "STATE")[-1])
    assert len(of_type(after, "RECORD")) < MANY
    assert len({record["id"] for record in of_type(before + after, "RECORD")}) == MANY


def test_nothing_personal_and_no_error_is_logged(config: dict[str, Any]) -> None:
    answer = run("--log_to_stdout", "1", config=config, catalog=chosen("customers"), selected_streams=["customers"])
    assert answer.returncode == 0
    logs = [json.loads(line) for line in answer.stdout.splitlines() if '"LOG"' in line]
    assert {line["level"] for line in logs} == {"INFO"}
    assert all(isinstance(line["timestamp"], int) and isinstance(line["tags"], dict) for line in logs)
    emails = {record["email"] for record in of_type([json.loads(x) for x in answer.stdout.splitlines()], "RECORD")}
    assert emails
    assert not any(email in json.dumps(logs) + answer.stderr for email in emails)


# --- the other questions ---


def test_counts_are_the_platforms(sandbox: Sandbox, config: dict[str, Any]) -> None:
    for stream in ("orders", "custom_objects", "project", "product_tailoring", "product_selection_products"):
        written = inside(count_records=True, config=config, catalog=chosen(stream), selected_streams=[stream])
        expected = len(sandbox.records(stream))
        assert json.loads(written) == [{"count": expected, "id": stream, "stream": stream}]


def test_counts_are_exact_beyond_what_the_api_counts(crowd: Sandbox) -> None:
    state = {"bookmarks": {"customers": {"lastModifiedAt": "2024-01-01T00:00:00.000Z"}}}
    catalog = chosen("customers", "INCREMENTAL")
    answer = run(
        "--count_records", config=crowd.settings(), catalog=catalog, state=state, selected_streams=["customers"]
    )
    assert json.loads(answer.stdout)[0]["count"] == MANY


def test_a_sample_is_one_line_for_each_selected_stream(config: dict[str, Any]) -> None:
    answer = run("--load_sample_data", "--log_to_stdout", "1", config=config, selected_streams=["orders", "stores"])
    said = [json.loads(line) for line in answer.stdout.splitlines() if "SAMPLE_DATA" in line]
    assert [line["stream_id"] for line in said] == ["orders", "stores"]
    columns = json.loads(said[0]["sample_data"])
    assert 0 < len(columns["id"]) <= 100


def test_a_connection_that_works_says_nothing(config: dict[str, Any]) -> None:
    answer = run("--test_connection", config=config)
    assert (answer.returncode, answer.stdout) == (0, "")


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"client_secret": "wrong-s3cr3t"}, "invalid_client"),
        ({"project_key": "elsewhere"}, "elsewhere"),
        ({"api_url": "http://127.0.0.1:9"}, "127.0.0.1:9 cannot be reached"),
        ({"client_id": ""}, "client_id is missing"),
        ({"client_id": "blind", "client_secret": "secret"}, "its scopes are introspect_oauth_tokens:sample-shop"),
    ],
)
def test_a_connection_that_fails_names_the_fault_where_mage_reads_it(
    sandbox: Sandbox, config: dict[str, Any], change: dict[str, Any], told: str
) -> None:
    sandbox.add_client("blind", "secret", ["introspect_oauth_tokens"])
    answer = run("--test_connection", config={**config, **change})
    assert answer.returncode != 0
    assert answer.stdout == ""
    line = next(line for line in answer.stderr.splitlines() if line.startswith("ERROR"))
    error = json.loads(line[line.index("{") :])["tags"]["error"]
    assert told in error
    assert "s3cr3t" not in answer.stderr


def test_a_platform_that_hangs_is_given_up_within_mages_ten_seconds(sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.faults.add(Fault("stall", "*", times=None))
    answer = run("--test_connection", config=config)
    assert answer.returncode != 0
    assert "sent nothing" in answer.stderr or "did not answer" in answer.stderr


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--config_json", "{"], "--config_json is no JSON"),
        (["--catalog_json", '{"x": 1}'], "the catalog is broken"),
        (["--config_json", '{"region": "mars"}', "--test_connection"], "region"),
        (["--state_json", "["], "--state_json is no JSON"),
    ],
)
def test_what_is_broken_ends_the_run_with_a_sentence(argv: list[str], told: str) -> None:
    answer = run(*argv)
    assert answer.returncode != 0
    assert told in answer.stderr
    assert any(line.startswith("CRITICAL ") for line in answer.stderr.splitlines())
    assert answer.stdout == ""


def test_a_missing_scope_is_named_and_the_run_fails(sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.add_client("narrow", "secret", ["view_orders"])
    answer = run(config={**config, "client_id": "narrow", "client_secret": "secret"}, catalog=chosen("customers"))
    assert answer.returncode != 0
    assert "view_customers:sample-shop" in answer.stderr
    assert [json.loads(line)["type"] for line in answer.stdout.splitlines()] == ["SCHEMA"]


@pytest.mark.parametrize(
    ("bookmark", "told"),
    [
        ({"lastModifiedAt": None, KEY: {"format": 99}}, "format 99"),
        ({"lastModifiedAt": "yesterday"}, "the bookmark lastModifiedAt of orders is 'yesterday'"),
    ],
)
def test_a_state_that_cannot_be_used_is_refused(config: dict[str, Any], bookmark: dict[str, Any], told: str) -> None:
    answer = run(config=config, catalog=chosen("orders", "INCREMENTAL"), state={"bookmarks": {"orders": bookmark}})
    assert answer.returncode != 0
    assert told in answer.stderr
