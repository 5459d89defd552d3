"""Attributes of variants that are resources of their own, as a Modular or a migrating project has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.model.relations import all_relations
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.compare import sweep
from commercetools_source.sync.run import sync
from shops import embedded, modular

if TYPE_CHECKING:
    from pathlib import Path

STREAMS = ["product_types", "products", "variants"]


def attributes(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every relation of a product type."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'")
        made = [name for (name,) in names.fetchall() if name.startswith("product_type_")]
        return {
            name: connection.execute(f"FROM main.{name} ORDER BY productId, staged, variantId").fetchall()
            for name in sorted(set(made) - all_relations().keys())
        }


def load(sandbox: Sandbox, path: Path, streams: list[str] = STREAMS, *, tables: bool = False) -> dict[str, Any]:
    with Client(sandbox.settings()) as client:
        summary = sync(client, DuckDB(path, materialize=tables), streams=streams)
    assert summary.complete
    return attributes(path)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, ...]]]:
    with Sandbox(rows=embedded()) as sandbox:
        rows = load(sandbox, tmp_path_factory.mktemp("embedded") / "shop.duckdb")
    assert sum(map(len, rows.values())) > 300
    return rows


@pytest.mark.parametrize(("kept", "tables"), [(0, False), (10, True)], ids=["modular, views", "in migration, tables"])
def test_a_modular_catalogue_gives_the_relations_of_an_embedded_one(
    tmp_path: Path, expected: dict[str, list[tuple[Any, ...]]], kept: int, *, tables: bool
) -> None:
    with Sandbox(rows=modular(kept)) as sandbox:
        assert load(sandbox, tmp_path / "shop.duckdb", tables=tables) == expected


def test_projections_of_variants_give_what_is_current_of_an_embedded_catalogue(
    tmp_path: Path, expected: dict[str, list[tuple[Any, ...]]]
) -> None:
    with Sandbox(rows=modular()) as sandbox:
        path = tmp_path / "shop.duckdb"
        shown = load(sandbox, path, ["product_types", "products", "variant_projections_current"])
        published = {one["id"] for one in sandbox.records("variants") if one["published"]}
        products = {one["product"]["id"] for one in sandbox.records("variants") if one["id"] in published}
    current = {name: [row for row in rows if not row[1] and row[0] in products] for name, rows in expected.items()}
    assert shown == current


@pytest.mark.few(0)
def test_of_a_variant_that_is_there_in_both_ways_the_resource_counts_from_run_to_run(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with Sandbox(rows=modular(kept=10)) as sandbox:
        load(sandbox, path, tables=True)
        products = {one["id"]: one for one in sandbox.records("products")[:10]}
        variant, gone, *_ = [one for one in sandbox.records("variants") if one["product"]["id"] in products]
        product = products[variant["product"]["id"]]
        sandbox.update("variants", variant["id"], {"current.sku": "new", "staged": {"sku": "later", "attributes": []}})
        sandbox.delete("variants", gone["id"])
        before = load(sandbox, path, tables=True)
        with Client(sandbox.settings()) as client:
            list(sweep(client, DuckDB(path), ["variants"]))
        after = attributes(path)
        key = (variant["product"]["id"], variant["variantId"])
        assert {(row[1], row[3]) for row in found(after, *key)} == {(False, "new"), (True, "later")}
        # The embedded one comes back for what is no resource any more.
        left = found(after, gone["product"]["id"], gone["variantId"])
        assert {row[3] for row in left} <= {gone["current"]["sku"]}
        assert left
        sandbox.delete("products", product["id"])
        with Client(sandbox.settings()) as client:
            list(sweep(client, DuckDB(path), ["products"]))
        assert found(attributes(path), *key) == []
        assert found(before, *key)


def found(rows: dict[str, list[tuple[Any, ...]]], product: str, number: int) -> list[tuple[Any, ...]]:
    return [row for table in rows.values() for row in table if (row[0], row[2]) == (product, number)]
