"""The dlt source into a DuckDB file: what dlt makes of it beside what every front-end must do."""

from __future__ import annotations

import inspect
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec
import pytest

pytest.importorskip("dlt")

import dlt
from dlt.pipeline.exceptions import PipelineStepFailed

from commercetools_source.catalog.streams import STREAMS as ALL
from commercetools_source.dlt import commercetools
from commercetools_source.errors import CommercetoolsError, ConfigError
from commercetools_source.frontends.arrow_rows import ArrowRows
from commercetools_source.sandbox import Fault, Sandbox
from frontends import dlt_warehouse
from frontends.dlt_warehouse import STREAMS, Warehouse, versions
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "dlt.md"

shop, warehouse = dlt_warehouse.shop, dlt_warehouse.warehouse


def test_changes_are_merged_and_what_was_deleted_is_gone(warehouse: Warehouse, shop: Sandbox) -> None:
    before = versions(shop)
    assert warehouse.load() == {"orders": len(before), "zones": len(shop.records("zones"))}
    assert warehouse.versions() == before
    changed, gone = list(before)[:2]
    shop.clock.advance(5)
    shop.update("orders", changed, {"orderState": "Complete"})
    shop.delete("orders", gone)
    shop.clock.advance(5)
    assert warehouse.load() == {"orders": 2}
    assert warehouse.versions() == versions(shop)
    assert warehouse.load() == {}


def test_types_are_those_of_the_destination(warehouse: Warehouse) -> None:
    warehouse.load(["orders"])
    types = dict(
        warehouse.rows(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'shop' AND table_name = 'orders'"
        )
    )
    assert types["created_at"] == "TIMESTAMP WITH TIME ZONE"
    assert types["line_items"] == "JSON"
    assert types["version"] == "BIGINT"
    assert types["_unfit"] == "JSON"


def test_dicts_load_as_arrow_does(warehouse: Warehouse, shop: Sandbox) -> None:
    warehouse.load(["orders"], form="json")
    rows = {row[0]: row for row in warehouse.rows("SELECT id, version, created_at, line_items FROM orders")}
    for order in shop.records("orders"):
        _, version, created, items = rows[order["id"]]
        assert version == order["version"]
        assert created.isoformat()[:19] == order["createdAt"][:19]
        assert json.loads(items) == order["lineItems"]
    shop.clock.advance(5)
    shop.delete("orders", order["id"])
    shop.clock.advance(5)
    assert warehouse.load(["orders"], form="json") == {"orders": 1}
    assert warehouse.versions() == versions(shop)


def test_dicts_have_every_value_as_it_was_sent(tmp_path: Path) -> None:
    odd = ["abc", "123", "null", '{"a":1}', "", 5, 1.5, True, [1, "x"], {"b": [1]}]
    with Sandbox(rows=rows_of("/custom-objects")) as shop:
        warehouse = Warehouse(tmp_path, shop)
        for number, value in enumerate(odd):
            shop.create("custom_objects", {"container": "odd", "key": str(number), "value": value})
        shop.create("custom_objects", {"container": "odd", "key": "huge", "value": {"number": 10**30}})
        shop.create("custom_objects", {"container": "odd", "key": "new", "value": 0, "brandNew": 1, "brand_new": 2})
        shop.clock.advance(5)
        warehouse.load(["custom_objects"], form="json")
        rows = warehouse.rows("SELECT key, value, _unfit FROM custom_objects WHERE container = 'odd'")
        loaded = {key: {"value": json.loads(value or "0"), **json.loads(unfit or "{}")} for key, value, unfit in rows}
        assert loaded.pop("new") == {"value": 0, "brandNew": 1, "brand_new": 2}  # which are one name to dlt
        assert loaded.pop("huge") == {"value": {"number": str(10**30)}}  # dlt writes none beyond 64 bits
        assert loaded == {str(number): {"value": value} for number, value in enumerate(odd)}
        warehouse.pipeline.deactivate()


def test_a_text_that_looks_like_something_else_stays_a_text_in_dicts(tmp_path: Path) -> None:
    numbers = ["2024-01-01T00:00:00Z", "123", "1.5", "2024-01-01", "12:30:00", "true", "null", "{}", ""]
    with Sandbox(rows=()) as shop:
        warehouse = Warehouse(tmp_path, shop)
        # Once without a row: then dlt knows nothing of a column but what it was told.
        assert warehouse.load(["orders", "customer_groups"], form="json") == {}
        for number in numbers:
            shop.create("orders", {"orderNumber": number})
        shop.clock.advance(5)
        assert warehouse.load(["orders", "customer_groups"], form="json") == {"orders": len(numbers)}
        assert sorted(warehouse.rows("SELECT order_number FROM orders")) == sorted((number,) for number in numbers)
        warehouse.pipeline.deactivate()


def test_a_run_that_ends_early_goes_on_where_it_was(warehouse: Warehouse, shop: Sandbox) -> None:
    warehouse.load(["orders"], minutes=0)
    assert warehouse.pipeline.default_schema.tables.get("orders", {}).get("columns", {}) == {}
    warehouse.load(["orders"])
    assert warehouse.versions() == versions(shop)


def test_a_stream_that_is_cut_off_is_loaded_and_told_and_goes_on(warehouse: Warehouse, shop: Sandbox) -> None:
    small = {"page_size": 10, "concurrency": 1}
    shop.faults.add(Fault("status", "/orders", status=500, after=2, times=None))
    with pytest.raises(CommercetoolsError, match="orders is not complete"):
        warehouse.load(credentials=small)
    assert warehouse.versions("zones") == versions(shop, "zones")
    loaded = warehouse.versions()
    assert 0 < len(loaded) < len(versions(shop))
    shop.faults.clear()
    assert warehouse.load(credentials=small)["orders"] == len(versions(shop)) - len(loaded)
    assert warehouse.versions() == versions(shop)


def test_what_the_sources_of_a_run_lack_is_told_once_all_is_loaded_and_in_no_other_run(
    warehouse: Warehouse, shop: Sandbox
) -> None:
    shop.faults.add(Fault("status", "/orders", status=500, times=None))
    shop.faults.add(Fault("status", "/messages", status=500, times=None))
    source, other = warehouse.source(), warehouse.source(["messages"])
    with pytest.raises(CommercetoolsError, match=r"orders is not complete.*; messages is not complete"):
        warehouse.pipeline.run([source, other])
    assert warehouse.versions("zones") == versions(shop, "zones")
    other.resources.add(source.orders, dlt.resource([1], name="broken").add_map(lambda _: 1 / 0))
    with pytest.raises(PipelineStepFailed, match="division by zero"):
        warehouse.pipeline.run(other)
    shop.faults.clear()
    warehouse.pipeline.run(source)
    assert warehouse.versions() == versions(shop)


def test_a_resource_that_is_read_without_a_pipeline_raises_when_it_is_not_complete(
    warehouse: Warehouse, shop: Sandbox
) -> None:
    zones = [row["id"] for row in warehouse.source(["zones"], form="json")]
    assert sorted(zones) == sorted(versions(shop, "zones"))
    shop.faults.add(Fault("status", "/zones", status=500, times=None))
    with pytest.raises(Exception, match="zones is not complete"):
        list(warehouse.source(["zones"]))


def test_what_was_extracted_but_not_loaded_is_loaded_once(warehouse: Warehouse, shop: Sandbox) -> None:
    warehouse.pipeline.extract(warehouse.source())
    # A process that was killed here leaves these packages: dlt's next run loads them, and the one after it reads on.
    warehouse.load()
    assert warehouse.versions() == versions(shop)
    shop.clock.advance(5)
    shop.update("orders", next(iter(versions(shop))), {"orderState": "Complete"})
    shop.clock.advance(5)
    assert warehouse.load() == {"orders": 1}
    assert warehouse.versions() == versions(shop)


def test_a_stream_without_change_dates_is_replaced(tmp_path: Path) -> None:
    with Sandbox(rows=rows_of("/customer-groups", "/messages")) as shop:
        warehouse = Warehouse(tmp_path, shop)
        # A stream that two sources of a run have is read once.
        warehouse.pipeline.run([warehouse.source(["customer_groups"]) for _ in range(2)])
        assert warehouse.versions("customer_groups") == versions(shop, "customer_groups")
        for group in shop.records("customer_groups"):
            shop.delete("customer_groups", group["id"])
        shop.clock.advance(5)
        warehouse.load(["customer_groups"])
        assert warehouse.versions("customer_groups") == {}
        warehouse.pipeline.deactivate()


@pytest.mark.parametrize("name", ["change_history", "custom_objects", "approval_rules", "mcp_servers"])
def test_a_record_that_a_read_lists_twice_is_one_row_of_the_table_that_it_replaces(name: str) -> None:
    stream = ALL[name]
    record = msgspec.Raw(json.dumps({column: 1 if column == "version" else "a" for column in stream.key}).encode())
    rows = ArrowRows(stream)
    assert [rows.table(records).num_rows for records in ([record, record], [record])] == [1, 0]


@pytest.mark.few(1)
@pytest.mark.parametrize("form", ["arrow", "json"])
def test_a_replacing_read_that_left_a_record_out_keeps_the_row_that_it_had(tmp_path: Path, form: str) -> None:
    with Sandbox(rows=rows_of("/customer-groups")) as shop:
        warehouse = Warehouse(tmp_path, shop)
        warehouse.load(["customer_groups"], form=form)
        lost, gone = list(versions(shop, "customer_groups"))[:2]
        before = versions(shop, "customer_groups")
        shop.faults.add(Fault("unservable", "/customer-groups", status=500, records=(lost,), times=None))
        shop.delete("customer_groups", gone)
        with pytest.raises(CommercetoolsError, match="customer_groups is not complete: 1 record left out"):
            warehouse.load(["customer_groups"], form=form)
        assert warehouse.versions("customer_groups") == before
        shop.faults.clear()
        warehouse.load(["customer_groups"], form=form)
        assert warehouse.versions("customer_groups") == versions(shop, "customer_groups")
        warehouse.pipeline.deactivate()


@pytest.mark.few(1)
@pytest.mark.parametrize("contract", ["evolve", "freeze"])
def test_a_field_that_nobody_knew_is_kept_and_becomes_a_column_where_the_contract_lets_it(
    warehouse: Warehouse, shop: Sandbox, contract: str
) -> None:
    warehouse.load(["orders"])
    order = next(iter(versions(shop)))
    for number in (1, 2):
        shop.clock.advance(5)
        shop.update("orders", order, {"brandNew": {"number": number}, "brand_new": "the same to dlt"})
        shop.clock.advance(5)
        assert warehouse.load(["orders"], contract=contract) == {"orders": 1}
    columns = {name for (name,) in warehouse.rows("SELECT column_name FROM information_schema.columns")}
    ((unfit,),) = warehouse.rows(f"SELECT _unfit FROM orders WHERE id = '{order}'")
    if contract == "evolve":
        assert json.loads(unfit) == {"brand_new": "the same to dlt"}
        ((value,),) = warehouse.rows(f"SELECT brand_new FROM orders WHERE id = '{order}'")
        assert json.loads(value) == {"number": 2}
    else:
        assert "brand_new" not in columns
        assert json.loads(unfit) == {"brandNew": {"number": 2}, "brand_new": "the same to dlt"}


@pytest.mark.few(1)
@pytest.mark.parametrize("mode", ["discard_row", "discard_value"])
def test_a_contract_that_discards_new_tables_does_not_move_the_state(
    warehouse: Warehouse, shop: Sandbox, mode: str
) -> None:
    with pytest.raises(
        CommercetoolsError, match="orders is not complete: it has no table, and the schema_contract disc"
    ):
        warehouse.load(["orders"], contract=mode)
    warehouse.load(["orders"])
    warehouse.load(["orders"], contract=mode)
    assert warehouse.versions() == versions(shop)


def test_a_field_whose_name_can_be_no_column_stays_where_it_fits(warehouse: Warehouse, shop: Sandbox) -> None:
    odd = {'say "x"': 1, "back\\slash": 2, "line\nbreak": 3, "": 4, "_dlt_id": 5, "\u202e": 6}
    zone = shop.create("zones", {"": 4})["id"]  # names of a change are paths, none of which is empty
    changed = {name: number for name, number in odd.items() if name}
    warehouse.load(["zones"])
    for plain in (1, 2):
        shop.clock.advance(5)
        shop.update("zones", zone, {**changed, "plain": plain})
        shop.clock.advance(5)
        assert warehouse.load(["zones"], minutes=10**400) == {"zones": 1}
    ((unfit, value),) = warehouse.rows(f"SELECT _unfit, plain FROM zones WHERE id = '{zone}'")
    assert json.loads(unfit) == odd
    assert json.loads(value) == 2


@pytest.mark.few(2)
@pytest.mark.parametrize("stored", [{"state": 5}, {"state": {}}, {"fields": 5}, {"fields": [1]}, {"fields": None}])
def test_a_stored_state_that_is_broken_fails_its_stream_alone(
    warehouse: Warehouse, shop: Sandbox, stored: dict[str, Any]
) -> None:
    def store() -> Iterator[dict[str, int]]:
        dlt.current.resource_state("zones").update(stored)
        yield {"stored": 1}

    source = dlt.source(lambda: dlt.resource(store, name="_states"), name="commercetools", section="commercetools")
    warehouse.pipeline.run(source())
    with pytest.raises(CommercetoolsError, match=r"^zones is not complete: the stored .*drop_resources"):
        warehouse.load()
    assert warehouse.versions() == versions(shop)


CHILD = """
import json, sys
import dlt
from commercetools_source.dlt import commercetools
folder, credentials, streams = json.loads(sys.argv[1])
pipeline = dlt.pipeline(
    "warehouse", pipelines_dir=folder + "/state", destination=dlt.destinations.duckdb(folder + "/file.duckdb"),
    dataset_name="shop",
)
pipeline.run(commercetools(streams, credentials))
"""


def test_a_process_that_is_killed_while_it_extracts_loses_and_doubles_nothing(
    warehouse: Warehouse, shop: Sandbox, tmp_path: Path
) -> None:
    credentials = {**warehouse.credentials, "page_size": 10, "concurrency": 1}
    child = subprocess.Popen([sys.executable, "-c", CHILD, json.dumps([str(tmp_path), credentials, ["orders"]])])
    asked = threading.Event()

    def kill_at_third_page(request: Any) -> None:
        pages.append(request)
        if len(pages) == 6:
            child.kill()
            asked.set()

    pages: list[Any] = []
    shop.before_request(kill_at_third_page)
    assert asked.wait(60)
    assert child.wait(60) == -signal.SIGKILL
    warehouse.load(["orders"])
    assert warehouse.versions() == versions(shop)


def test_settings_come_from_a_toml_file_lists_too(shop: Sandbox, tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    given = {
        **shop.settings(),
        "scopes": ["manage_project:sample-shop"],
        "page_size": 50,
        "hash_key": "0123456789abcdef",
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in given.items()]
    (tmp_path / ".dlt" / "secrets.toml").write_text("\n".join(["[sources.commercetools.credentials]", *lines]))
    lines = [
        "[sources.commercetools]",
        "streams = ['orders']",
        "since = '2025-01-01'",
        "minutes = '5'",
        "deletions = 'no'",
    ]
    lines += ["[sources.commercetools.where]", "orders = 'version > 1'"]
    (tmp_path / ".dlt" / "config.toml").write_text("\n".join(lines))
    code = """
import dlt
from commercetools_source.dlt import commercetools
dlt.pipeline("set", pipelines_dir="state", destination="duckdb").extract(commercetools())
"""
    # In a process of its own: dlt reads its files once.
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    asked = [request for request in shop.requests if request.method == "GET" and request.path != "/"]
    assert {request.path for request in asked} == {"/orders"}
    queries = [unquote(request.query) for request in asked]
    assert all("where=(version > 1) and (" in query and '>= "2025-01-01' in query for query in queries)


def test_misspelt_keys_of_the_credentials_are_named_with_the_nearest_setting(tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    lines = ["[sources.commercetools.credentials]", "project_key = 'shop'", "clientid = 'id'", "client_secret = 'word'"]
    (tmp_path / ".dlt" / "secrets.toml").write_text("\n".join(lines))
    code = "from commercetools_source.dlt import commercetools; commercetools()"
    environ = {**os.environ, "SOURCES__COMMERCETOOLS__CREDENTIALS__START_DAT": "2025-01-01"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    last = done.stderr.splitlines()[-1]
    assert "'start_dat' is not a setting; did you mean start_date?" in last
    assert "'clientid' is not a setting; did you mean client_id?; client_id is missing" in last
    assert "word" not in last


def test_an_unknown_stream_names_the_nearest(warehouse: Warehouse) -> None:
    with pytest.raises(ConfigError, match="Did you mean orders"):
        warehouse.source(["ordres"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "csv"}, "arrow or json"),
        ({"since": "yesterday"}, "since is 'yesterday'"),
        ({"since": 5}, "since is 5"),
        ({"minutes": float("nan")}, "minutes is nan"),
        ({"minutes": -1}, "minutes is -1"),
        ({"minutes": "10"}, "minutes is '10'"),
        ({"minutes": True}, "minutes is True"),
        ({"deletions": "maybe"}, "deletions is 'maybe'; it must be true or false"),
        ({"relations": 2}, "relations is 2; it must be true or false"),
        ({"form": ["arrow"]}, "arrow or json"),
        ({"where": "orders"}, "where is 'orders'"),
        ({"where": {"orders": 5}}, "the predicate for orders is 5"),
        (
            {"streams": "ordres", "minutes": -1, "deletions": "x"},
            "Did you mean orders.*deletions is 'x'.*minutes is -1",
        ),
        ({"where": {"customers": "id = 1"}}, "not among the chosen"),
        ({"credentials": {"page_size": 0}}, "page_size"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_sent(
    warehouse: Warehouse, shop: Sandbox, options: Any, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        warehouse.source(**{"streams": STREAMS, **options})
    assert shop.requests == []


def test_a_switch_may_be_a_word(warehouse: Warehouse, shop: Sandbox) -> None:
    before = versions(shop)
    warehouse.load(["orders"])
    shop.clock.advance(5)
    shop.delete("orders", next(iter(before)))
    shop.clock.advance(5)
    assert warehouse.load(["orders"], deletions="no") == {}
    assert warehouse.versions() == before


def test_wrong_credentials_stop_before_anything_is_extracted(warehouse: Warehouse) -> None:
    with pytest.raises(PipelineStepFailed, match="check client_id, client_secret") as raised:
        warehouse.load(credentials={"client_secret": "not-to-be-shown"})
    assert "not-to-be-shown" not in str(raised.value)
    assert raised.value.step == "extract"


def test_another_part_of_a_stream_is_refused_with_what_to_do(warehouse: Warehouse) -> None:
    warehouse.load(["orders"])
    with pytest.raises(CommercetoolsError, match="drop_resources"):
        warehouse.load(["orders"], where={"orders": 'orderState = "Open"'})
    warehouse.pipeline.run(
        warehouse.source(["orders"], where={"orders": 'orderState = "Open"'}), refresh="drop_resources"
    )
    assert warehouse.rows("SELECT DISTINCT order_state FROM orders") == [("Open",)]


def test_another_project_is_not_loaded_over_the_first(warehouse: Warehouse) -> None:
    warehouse.load(["zones"])
    before = warehouse.versions("zones")
    with Sandbox(rows=rows_of("/zones"), project_key="other-shop") as other:
        other.create("zones", {"name": "elsewhere"})
        other.clock.advance(5)
        with pytest.raises(CommercetoolsError, match=r"zones is not complete: .* of the project .*'other-shop'"):
            warehouse.load(["zones"], credentials=other.settings())
        # Under another name a source has a state of its own, but tables of the same names.
        cloned = commercetools.clone(name="other", section="other", max_table_nesting=0)
        source = cloned(["zones"], {**warehouse.credentials, **other.settings()})
        with pytest.raises(CommercetoolsError, match="zones is not complete: the source 'commercetools' of this pipel"):
            warehouse.pipeline.run(source)
        assert warehouse.versions("zones") == before
        warehouse.pipeline.config.use_single_dataset = False
        warehouse.pipeline.run(source)
        assert warehouse.rows("SELECT count(*) FROM shop_other.zones") == [(len(versions(other, "zones")),)]
    assert warehouse.versions("zones") == before


def test_the_examples_of_the_page_run(
    shop: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIPELINES_DIR", str(tmp_path / "state"))
    for name, value in {**shop.settings(), "settle_seconds": 0}.items():
        monkeypatch.setenv(f"SOURCES__COMMERCETOOLS__CREDENTIALS__{name.upper()}", str(value))
    names: dict[str, Any] = {}
    for example in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(example, names)  # noqa: S102 - the page's own words
        names["pipeline"].deactivate()
    printed = capsys.readouterr().out
    assert "dataset commercetools" in printed
    assert "Decimal" in printed


def test_the_page_names_every_argument() -> None:
    described = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert described == list(inspect.signature(commercetools).parameters)
