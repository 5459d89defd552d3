"""Questions of docs/analytics.md about variants: answered alike for embedded, modular and migrating catalogues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync
from questions import QUESTIONS, Shop

if TYPE_CHECKING:
    from pathlib import Path

STREAMS = ("orders", "products", "inventory", "standalone_prices", "variants")
ABOUT_VARIANTS = ("Best-selling variants with their attributes", "Out of stock")


def shop_of(path: Path, catalogue: str) -> Shop:
    with Sandbox("tiny") as sandbox, Client(sandbox.settings()) as client:
        for variant in sandbox.records("variants"):
            sandbox.delete("variants", variant["id"])
        for number, product in enumerate(sandbox.records("products")):
            move(
                sandbox, product, catalogue if catalogue != "migration" else ("embedded", "modular", "both")[number % 3]
            )
        sandbox.clock.advance(3600)
        assert sync(client, DuckDB(path), streams=STREAMS).complete
        return Shop(path, {name: sandbox.records(name) for name in STREAMS})


def move(sandbox: Sandbox, product: dict[str, Any], catalogue: str) -> None:
    """Make resources of a product's variants; with "both" the product keeps them, with other SKUs and attributes."""
    if catalogue == "embedded":
        return
    master = product["masterData"]
    for variant in (master["current"]["masterVariant"], *master["current"]["variants"]):
        data = {name: variant[name] for name in ("sku", "attributes") if name in variant}
        reference = {"typeId": "product", "id": product["id"]}
        fields = {"product": reference, "variantId": variant["id"], "published": True, "current": data}
        sandbox.create("variants", fields)
    for data in (master["current"], master["staged"]):
        if catalogue == "modular":
            del data["masterVariant"]
            data["variants"] = []
        else:
            for variant in (data["masterVariant"], *data["variants"]):
                variant |= {"sku": "SKU-00001-001", "attributes": [{"name": "outdated", "value": 1}]}
    sandbox.update("products", product["id"], {"masterData": master})


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop_of(tmp_path_factory.mktemp("embedded") / "shop.duckdb", "embedded")


@pytest.mark.parametrize("catalogue", ["modular", "migration"])
def test_questions_about_variants_have_the_same_answers(tmp_path: Path, embedded: Shop, catalogue: str) -> None:
    shop = shop_of(tmp_path / "shop.duckdb", catalogue)
    for question in ABOUT_VARIANTS:
        assert shop.ask(question) == embedded.ask(question) != []
    attributes = [row[4] for row in shop.ask(ABOUT_VARIANTS[0])]
    assert any(attributes)


def test_no_other_question_asks_variants_inside_products_alone() -> None:
    # Embedded prices are of embedded variants: the platform has none of resources.
    alone = {name for name, query in QUESTIONS.items() if "product_variant" in query}
    assert alone == {*ABOUT_VARIANTS, "Price changes that wait to be published"}
