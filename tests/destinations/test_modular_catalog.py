"""Attributes of variants that are resources of their own, as a Modular or a migrating project has them."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.model.relations import all_relations
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.compare import sweep
from commercetools_source.sync.run import sync
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Row = tuple[str, str, bytes]

STREAMS = ["product_types", "products", "variants"]
SIDES = ("current", "staged")


@cache
def embedded() -> tuple[Row, ...]:
    """Return the shop's catalogue without variants that only staged data have: a resource always has current ones."""
    return tuple(
        (path, parent, text if path != "/products" else json.dumps(on_both_sides(json.loads(text))).encode())
        for path, parent, text in rows_of("/product-types", "/products")
    )


def on_both_sides(product: dict[str, Any]) -> dict[str, Any]:
    current, staged = (product["masterData"][side] for side in SIDES)
    numbers = {one["id"] for one in current["variants"]}
    staged["variants"] = [one for one in staged["variants"] if one["id"] in numbers]
    return product


def modular(kept: int = 0) -> Iterator[Row]:
    """Yield the same catalogue with variants as resources; the first `kept` products embed theirs, too."""
    products = 0
    for path, parent, text in embedded():
        if path != "/products":
            yield path, parent, text
            continue
        product = json.loads(text)
        yield from (("/variants", "", json.dumps(variant).encode()) for variant in variants_of(product))
        products += 1
        for side in SIDES if products > kept else ():
            for name in ("masterVariant", "variants"):
                product["masterData"][side].pop(name, None)
        yield path, parent, json.dumps(product).encode()


def variants_of(product: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sides = {side: product["masterData"][side] for side in SIDES}
    data = {
        side: {one["id"]: one for one in (sides[side]["masterVariant"], *sides[side]["variants"])} for side in SIDES
    }
    for number in data["current"]:
        current, staged = (
            {name: data[side][number].get(name, []) for name in ("sku", "attributes", "images", "assets")}
            for side in SIDES
        )
        yield {
            "id": f"{product['id'][:-6]}{number:06}",
            "version": 1,
            "createdAt": product["createdAt"],
            "lastModifiedAt": product["lastModifiedAt"],
            "product": {"typeId": "product", "id": product["id"]},
            "variantId": number,
            "published": product["masterData"]["published"],
            "current": current,
            # The platform has staged data only where they differ.
            **({"staged": staged} if staged != current else {}),
        }


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
