"""The dlt source with relations: they follow their records, and cost none of them."""

from __future__ import annotations

import json
import logging
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("dlt")

from commercetools_source.errors import CommercetoolsError, ConfigError
from commercetools_source.sandbox import Fault, Sandbox
from frontends import dlt_warehouse
from frontends.dlt_warehouse import Warehouse, versions
from shops import rows_of

if TYPE_CHECKING:
    from pathlib import Path

TYPE = {"key": "sized", "name": {"en": "sized"}, "resourceTypeIds": ["customer-group"]}

shop, warehouse = dlt_warehouse.shop, dlt_warehouse.warehouse


def test_relations_follow_their_records(tmp_path: Path) -> None:
    with Sandbox(rows=rows_of("/customers", "/types", "/messages")) as shop:
        warehouse = Warehouse(tmp_path, shop)

        def check() -> None:
            warehouse.load(["customers"], relations=True)
            rows = warehouse.rows("SELECT customer_id, id FROM model_customer_addresses")
            customers = shop.records("customers")
            held = sorted((record["id"], address["id"]) for record in customers for address in record["addresses"])
            assert sorted(rows) == held
            assert warehouse.versions("model_customers") == warehouse.versions("customers")
            assert warehouse.versions("customers") == versions(shop, "customers")

        check()
        fewer, none, gone = [record for record in shop.records("customers") if len(record["addresses"]) > 1][:3]
        shop.clock.advance(5)
        shop.update("customers", fewer["id"], {"addresses": fewer["addresses"][:1]})
        shop.update("customers", none["id"], {"addresses": []})
        shop.delete("customers", gone["id"])
        shop.clock.advance(5)
        check()
        warehouse.pipeline.deactivate()


def test_a_run_says_that_a_record_with_relations_changed_meanwhile_and_the_next_one_has_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Customers have a fifth of the tables that orders have.
    with Sandbox(rows=rows_of("/customers", "/types", "/messages")) as shop:
        warehouse = Warehouse(tmp_path, shop)
        shop.faults.add(Fault("status", "/customers", status=500, after=2, times=None))
        credentials = {"page_size": 20, "concurrency": 1, "retry_seconds": 1}
        with pytest.raises(CommercetoolsError, match="customers is not complete"):
            warehouse.load(["customers"], relations=True, credentials=credentials)
        shop.faults.clear()
        read, everyone = warehouse.versions("customers"), versions(shop, "customers")
        assert read
        unread = next(customer for customer in everyone if customer not in read)
        shop.clock.advance(5)
        shop.update("customers", unread, {"locale": "de"})
        shop.clock.advance(5)
        logging.getLogger("dlt").addHandler(caplog.handler)
        try:
            # What is left of the first read has it, and so have the changes since then.
            warehouse.load(["customers"], relations=True)
            assert "customers: a record changed while it was read" in caplog.text
        finally:
            logging.getLogger("dlt").removeHandler(caplog.handler)
        warehouse.load(["customers"], relations=True)
        after = versions(shop, "customers")
        assert warehouse.versions("customers") == warehouse.versions("model_customers") == after != everyone
        warehouse.pipeline.deactivate()


@pytest.mark.few(1)
@pytest.mark.parametrize("path", ["/types", "/product-types"])
def test_definitions_that_cannot_be_read_cost_the_streams_that_need_them(
    warehouse: Warehouse, shop: Sandbox, path: str
) -> None:
    shop.faults.add(Fault("status", path, status=500, times=None))
    name = {"/types": "customer_groups", "/product-types": "orders"}[path]
    with pytest.raises(CommercetoolsError, match=f"{name} is not complete: the definitions of custom fields"):
        warehouse.load([name, "zones"], relations=True)
    assert warehouse.versions("zones") == versions(shop, "zones")
    shop.faults.clear()
    warehouse.load([name, "zones"], relations=True)
    assert warehouse.versions(name) == warehouse.versions(f"model_{name}") == versions(shop, name)


def test_a_stream_that_lacks_the_tables_of_product_types_says_so(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("dlt").addHandler(caplog.handler)
    try:
        source = warehouse.source(["products", "product_projections_current"], relations=True, minutes=0)
        warehouse.pipeline.run(source.with_resources("product_projections_current"))
        assert "tables of product types are made of products: select it" in caplog.text
    finally:
        logging.getLogger("dlt").removeHandler(caplog.handler)


def test_money_in_relations_is_decimal_and_custom_fields_are_typed(tmp_path: Path) -> None:
    with Sandbox(rows=rows_of("/payments", "/types")) as shop:
        warehouse = Warehouse(tmp_path, shop)
        warehouse.load(["payments"], relations=True)
        amounts = dict(warehouse.rows("SELECT id, amount_planned_amount FROM model_payments"))
        types = warehouse.rows(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'model_payments'"
        )
        assert ("amount_planned_amount", "DECIMAL(23,4)") in types
        for record in shop.records("payments"):
            planned = record["amountPlanned"]
            assert amounts[record["id"]].scaleb(planned["fractionDigits"]) == planned["centAmount"]
        custom = {name: sql for name, sql in types if name.startswith("custom_")}
        assert set(custom.values()) > {"JSON", "VARCHAR"}, custom
        warehouse.pipeline.deactivate()


def test_a_custom_field_whose_type_changes_gets_a_column_for_each_type(tmp_path: Path) -> None:
    given: list[tuple[dict[str, Any], Any, str]] = [
        ({"name": "Number"}, 3.5, "custom_size"),
        ({"name": "Set", "elementType": {"name": "String"}}, ["s", "m"], "custom_size__v_json"),
        ({"name": "String"}, "large", "custom_size__v_text"),
        ({"name": "Number"}, 4.5, "custom_size"),
    ]
    with Sandbox(rows=()) as shop:
        warehouse = Warehouse(tmp_path, shop)
        for kind, value, column in given:
            field = {"name": "size", "label": {"en": "size"}, "required": False, "type": kind}
            sized = shop.create("types", {**TYPE, "fieldDefinitions": [field]})
            custom = {"type": {"typeId": "type", "id": sized["id"]}, "fields": {"size": value}}
            shop.create("customer_groups", {"name": column, "custom": custom})
            shop.clock.advance(5)
            warehouse.load(["customer_groups"], relations=True)
            (loaded,) = warehouse.rows(
                f"SELECT {column} FROM model_customer_groups WHERE custom_type_id = '{sized['id']}'"
            )
            assert (json.loads(loaded[0]) if "json" in column else loaded[0]) == value
            shop.delete("types", sized["id"])
        assert len(warehouse.versions("model_customer_groups")) == len(given)
        warehouse.pipeline.deactivate()


def _of_two_types() -> list[tuple[str, str, bytes]]:
    """Return the products of the two types that most are of: each other type is a table to load four times."""
    rows = rows_of("/products", "/product-types", "/messages")
    types = {json.loads(text)["id"]: text for path, _, text in rows if path == "/product-types"}
    used = Counter(json.loads(text)["productType"]["id"] for path, _, text in rows if path == "/products")
    least = [name.encode() for name in types if name not in dict(used.most_common(2))]
    return [row for row in rows if row[0] not in {"/products", "/product-types"} or not any(map(row[2].count, least))]


@pytest.mark.few(0)
def test_tables_of_product_types_have_all_their_products_whatever_becomes_of_the_types(tmp_path: Path) -> None:
    with Sandbox(rows=_of_two_types()) as shop:
        warehouse = Warehouse(tmp_path, shop)

        def check(**names: str) -> None:
            """Load, and compare the products of the tables `names` with those of the types that they are of, by id."""
            warehouse.load(["products"], relations=True)
            for table, type_id in names.items():
                found = {row[0] for row in warehouse.rows(f"SELECT product_id FROM model_product_type_{table}")}
                assert found == {row["id"] for row in shop.records("products") if row["productType"]["id"] == type_id}

        first, second = (row["id"] for row in shop.records("product_types"))
        for type_id, key in ((first, "shoes"), (second, "hats")):
            shop.update("product_types", type_id, {"key": key})
        check(shoes=first, hats=second)
        # One is renamed, and another one gets its key; the other is deleted with its products.
        shop.update("product_types", first, {"key": "boots"})
        third = shop.create("product_types", {"key": "shoes", "name": "new"})["id"]
        moved, *others = [row for row in shop.records("products") if row["productType"]["id"] == second]
        shop.update("products", moved["id"], {"productType": {"typeId": "product-type", "id": third}})
        for product in others:
            shop.delete("products", product["id"])
        shop.delete("product_types", second)
        shop.clock.advance(5)
        check(shoes=first, hats=second, shoes_2=third)
        warehouse.pipeline.run(warehouse.source(["products"], relations=True), refresh="drop_resources")
        check(boots=first, shoes=third)
        warehouse.pipeline.deactivate()


@pytest.mark.few(1)
@pytest.mark.parametrize("contract", ["freeze", "discard_row"])
def test_a_new_custom_field_costs_no_row_where_the_contract_allows_no_new_column(tmp_path: Path, contract: str) -> None:
    with Sandbox(rows=rows_of("/customer-groups")) as shop:
        warehouse = Warehouse(tmp_path, shop)
        warehouse.load(["customer_groups"], relations=True)
        field = {"name": "size", "label": {"en": "size"}, "required": False, "type": {"name": "String"}}
        sized = shop.create("types", {**TYPE, "fieldDefinitions": [field]})
        custom = {"type": {"typeId": "type", "id": sized["id"]}, "fields": {"size": "large"}}
        shop.create("customer_groups", {"name": "sized", "custom": custom})
        warehouse.load(["customer_groups"], relations=True, contract={"columns": contract})
        (row,) = warehouse.rows("SELECT custom_fields FROM model_customer_groups WHERE name = 'sized'")
        assert json.loads(row[0]) == {"size": "large"}
        assert warehouse.versions("model_customer_groups") == versions(shop, "customer_groups")
        warehouse.pipeline.deactivate()


def test_relations_are_not_added_to_what_was_read_without_them_and_a_resource_with_another_name_begins_anew(
    tmp_path: Path,
) -> None:
    with Sandbox(rows=rows_of("/zones", "/types")) as shop:
        warehouse = Warehouse(tmp_path, shop)
        warehouse.load(["zones"])
        with pytest.raises(CommercetoolsError, match="without relations"):
            warehouse.load(["zones"], relations=True)
        for refresh in (None, "drop_resources"):
            places = warehouse.source(["zones"], relations=True, form="json").zones.with_name("places")
            warehouse.pipeline.run(places, refresh=refresh)
            for table in ("zones", "places", "places_model_zones"):
                assert warehouse.versions(table) == versions(shop, "zones"), (table, refresh)
        warehouse.pipeline.deactivate()


def test_relations_without_duckdb_say_what_to_install(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ConfigError, match=r"^what makes relations needs duckdb: run pip install '\.\[duckdb\]'"):
        warehouse.source(relations=True)
