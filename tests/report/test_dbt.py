"""`schema --dbt`: the project that it writes, and the answers of its marts. `make acceptance` runs dbt itself on it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml

import marts
from commercetools_source.cli.app import run
from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.model.descriptions import descriptions
from commercetools_source.model.relations import all_relations
from commercetools_source.report.dbt.marts import MARTS
from commercetools_source.report.dbt.project import SIGN, project_files
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync
from shops import embedded, modular, rows_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, marts.Records]]:
    path = tmp_path_factory.mktemp("dbt") / "shop.duckdb"
    with Sandbox("tiny") as sandbox, Client(sandbox.settings()) as client:
        discount_returned_orders(sandbox)
        stocked = next(entry for entry in sandbox.records("inventory") if entry["availableQuantity"] > 0)
        sandbox.create("inventory", {"sku": stocked["sku"], "quantityOnStock": -9_000, "availableQuantity": -9_000})
        sandbox.clock.advance(3600)
        assert sync(client, DuckDB(path), streams=marts.STREAMS).complete
        yield path, {name: sandbox.records(name) for name in marts.STREAMS}


def discount_returned_orders(sandbox: Sandbox) -> None:
    """Take a fifth off the total of an order that came back as a whole, and leave no piece in a line of another one."""
    orders = [order for order in sandbox.records("orders") if "taxedPrice" in order and order["orderState"] == "Open"]
    discounted, emptied = [order for order in orders if all("taxedPrice" in line for line in marts.lines(order))][:2]
    off = discounted["totalPrice"]["centAmount"] // 5
    items = [
        {"id": line["id"], "lineItemId": line["id"], "quantity": line["quantity"], "shipmentState": "Returned",
         "paymentState": "Initial", "type": "LineItemReturnItem"}
        for line in discounted["lineItems"]
    ]  # fmt: skip
    changes = {"discountOnTotalPrice": {"discountedAmount": {**discounted["totalPrice"], "centAmount": off},
                                        "includedDiscounts": []},
               "totalPrice.centAmount": 4 * off, "returnInfo": [{"items": items}]}  # fmt: skip
    sandbox.update("orders", discounted["id"], changes)
    sandbox.update("orders", emptied["id"], {"lineItems": [{**line, "quantity": 0} for line in emptied["lineItems"]]})


@pytest.fixture(scope="module")
def answers(shop: tuple[Path, marts.Records]) -> dict[str, list[dict[str, Any]]]:
    return answers_of(shop[0], is_modular=True)


def answers_of(path: Path, names: Collection[str] = (), *, is_modular: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Run the marts `names`, or all, as dbt does, with the few expressions of Jinja that they have."""
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS shop (READ_ONLY)")
        for mart in (mart for mart in MARTS if not names or mart.name in names):
            sql = re.sub(
                r'{% if var\("modular"\) %}(.*?){% endif %}', r"\1" if is_modular else "", mart.sql, flags=re.DOTALL
            )
            sql = re.sub(r"{{ source\('commercetools', '(\w+)'\) }}", r"shop.main.\1", sql)
            sql = re.sub(r"{{ ref\('(\w+)'\) }}", r"\1", sql).replace('{{ var("language") }}', "en")
            sql = re.sub(r"timestamp '{{ run_started_at\.[^}]*}}'", "current_timestamp::timestamp", sql)
            assert "{{" not in sql
            connection.execute(f"CREATE TABLE {mart.name} AS {sql}")
            found[mart.name] = marts.rows_of(connection.execute(f"FROM {mart.name}"))
    return found


@pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.name)
def test_a_mart_answers_what_the_records_say(
    shop: tuple[Path, marts.Records], answers: dict[str, list[dict[str, Any]]], mart: Any
) -> None:
    rows = answers[mart.name]
    marts.CHECKS[mart.name](rows, shop[1])
    assert list(rows[0]) == list(mart.columns)
    assert len({tuple(row[name] for name in mart.key) for row in rows}) == len(rows)
    assert not [name for name in mart.required for row in rows if row[name] is None]


def test_variants_that_are_resources_have_stock_and_prices_and_none_counts_twice(tmp_path: Path) -> None:
    path, before = tmp_path / "shop.duckdb", [json.loads(text) for at, _, text in embedded() if at == "/products"]
    rows = (*modular(kept=10), *(row for row in rows_of("/inventory", "/standalone-prices") if row[0] != "/"))
    streams = ["products", "variants", "inventory", "standalone_prices"]
    with Sandbox(rows=rows) as sandbox, Client(sandbox.settings()) as client:
        # One that is not published has no price, whatever its product is.
        priced = {price["sku"] for price in sandbox.records("standalone_prices")}
        for variant in [one for one in sandbox.records("variants") if one["current"]["sku"] in priced][::3]:
            sandbox.update("variants", variant["id"], {"published": False})
        sandbox.clock.advance(3600)
        assert sync(client, DuckDB(path), streams=streams).complete
        records = {name: sandbox.records(name) for name in streams}
    found = answers_of(path, ("current_variants", "variant_prices", "variant_stock"), is_modular=True)
    marts.check_current_variants(found["current_variants"], records)
    # As of the catalogue that had all variants inside products, but for prices that were inside them.
    marts.check_variant_stock(found["variant_stock"], {**records, "products": before})
    by_sku = [product for product in before if product.get("priceMode") == "Standalone"]
    others = [product for product in records["products"] if product.get("priceMode") != "Standalone"]
    marts.check_variant_prices(found["variant_prices"], {**records, "products": [*by_sku, *others]})


def test_the_sources_have_every_table_with_its_descriptions_keys_and_references() -> None:
    chosen = {"categories", "customers", "orders", "products", "zones"}
    relations = {name: table for name, table in all_relations().items() if table.stream in chosen}
    (source,) = yaml.load(project_files(relations, "shop.duckdb")["models/sources.yml"], yaml.CSafeLoader)["sources"]
    tables = {table["name"]: table for table in source["tables"]}
    assert list(tables) == list(relations)
    for name, relation in relations.items():
        columns = {column["name"]: column for column in tables[name]["columns"]}
        assert {key: column["description"] for key, column in columns.items()} == descriptions(relation)
        keys = {key for key, column in columns.items() if "not_null" in column.get("data_tests", ())}
        assert keys == set(relation.key)
        assert ("data_tests" in tables[name]) == (len(relation.key) > 1)
        assert ("loaded_at_query" in tables[name]["config"]) == (not relation.parent)
    tests = {column["name"]: column.get("data_tests") for column in tables["order_line_items"]["columns"]}
    (reference,) = [test["relationships"] for test in tests["orderId"] if "relationships" in test]
    assert reference == {"arguments": {"to": "source('commercetools', 'orders')", "field": "id"}}
    (reference,) = [test["relationships"] for test in tests["productId"]]
    assert reference["config"] == {"severity": "warn"}
    assert not [test for test in tests["productType_id"] or () if "relationships" in test]  # that table was not chosen
    # An ancestor may be gone, as any other record, although it is a category, too.
    ancestors = {column["name"]: column["data_tests"][-1] for column in tables["category_ancestors"]["columns"][:3]}
    assert "config" not in ancestors["categoryId"]["relationships"]
    assert ancestors["category_id"]["relationships"]["config"] == {"severity": "warn"}


def test_a_project_has_the_tables_that_were_named_and_the_marts_that_they_suffice_for() -> None:
    named = [table for table in all_relations().values() if table.stream in {"orders", "customers"}]
    files = project_files({table.name: table for table in named}, "shop.duckdb")
    assert {Path(name).stem for name in files if name.startswith("models/marts/") and name.endswith(".sql")} == {
        "order_lines",
        "revenue_by_month",
        "customer_lifetime_value",
        "customer_cohorts",
    }
    text = files["models/sources.yml"]
    assert "source('commercetools', 'orders')" in text
    assert "source('commercetools', 'products')" not in text
    assert "modular: false " in files["dbt_project.yml"]
    catalogue = {name: table for name, table in all_relations().items() if table.stream in marts.STREAMS}
    assert "modular: true " in project_files(catalogue, "shop.duckdb")["dbt_project.yml"]
    embedded = {name: table for name, table in catalogue.items() if table.stream != "variants"}
    files = project_files(embedded, "shop.duckdb")
    assert {f"models/marts/{mart.name}.sql" for mart in MARTS} <= files.keys()
    assert "modular: false " in files["dbt_project.yml"]
    assert "modular: true " in project_files(all_relations(), "shop.duckdb")["dbt_project.yml"]
    files = project_files({"zones": all_relations()["zones"]}, "shop.duckdb")
    assert not [name for name in files if "marts/" in name]


def test_the_streams_of_a_file_are_those_of_its_project(shop: tuple[Path, marts.Records], tmp_path: Path) -> None:
    folder = tmp_path / "it's a project"
    assert run(["schema", "--dbt", str(folder), "--destination", str(shop[0])]) == 0
    text = (folder / "models" / "sources.yml").read_text(encoding="utf-8")
    streams = {all_relations()[name].stream for name in re.findall(r"^      - name: (\w+)$", text, re.MULTILINE)}
    assert streams == set(marts.STREAMS)
    profile = yaml.safe_load((folder / "profiles.yml").read_text(encoding="utf-8"))
    (attached,) = profile["commercetools"]["outputs"]["dev"]["attach"]
    assert attached == {"path": f"{{{{ env_var('SHOP', '{shop[0]}') }}}}", "alias": "shop", "read_only": True}


def test_a_path_with_quotes_is_one_text_to_yaml_and_to_jinja() -> None:
    profile = yaml.safe_load(project_files({}, "a'b\"c\\d")["profiles.yml"])
    (attached,) = profile["commercetools"]["outputs"]["dev"]["attach"]
    assert attached["path"] == "{{ env_var('SHOP', 'a\\'b\"c\\\\d') }}"


def test_a_second_time_its_files_are_renewed_and_those_of_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    assert run(["schema", "--dbt", str(folder), "zones", "orders"]) == 0
    (folder / "models" / "ours.sql").write_text("select 1")
    (folder / "models" / "sources.yml").write_text(f"# {SIGN}\nchanged")
    assert (folder / "models" / "marts" / "revenue_by_month.sql").is_file()
    assert run(["schema", "--dbt", str(folder), "zones"]) == 0
    assert (folder / "models" / "ours.sql").read_text() == "select 1"
    assert "zone_locations" in (folder / "models" / "sources.yml").read_text()
    assert not list((folder / "models" / "marts").glob("*.sql"))
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["dbt_project.yml", "models/sources.yml", "notes.txt"])
def test_a_folder_or_file_of_others_is_refused_and_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder = tmp_path / "project"
    if "/" in name:
        assert run(["schema", "--dbt", str(folder), "zones"]) == 0
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("theirs")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert run(["schema", "--dbt", str(folder), "customers"]) == 2
    assert "did not write" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_mistakes_are_told_before_anything_is_written(
    shop: tuple[Path, marts.Records], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = str(tmp_path / "project")
    cases = [
        (["--dbt", project, "-d", "parquet:nowhere"], 2, "--dbt is for a DuckDB file (FILE.duckdb)"),
        (["--dbt", project, "-d", str(tmp_path / "no.duckdb")], 1, "does not exist; run"),
        (["--dbt", project, "-d", str(shop[0]), "zones"], 2, "has none of these tables"),
        (["--dbt", str(tmp_path / "no" / "project")], 1, "create it first"),
        (["--dbt", "s3://bucket/project"], 2, "begins like a URL"),
        (["--dbt", project, "--sql", "snowflake"], 2, "leave out names"),
    ]
    for arguments, status, sentence in cases:
        assert run(["schema", *arguments]) == status
        assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
