"""The own fields of the whole generated shop, in the model's relations: nothing is lost, nothing is unfit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.model.custom.columns import FieldSet
from commercetools_source.model.custom.places import custom_field_columns
from commercetools_source.model.custom.queries import CustomFieldQueries
from commercetools_source.model.custom.variants import KEY, VARIANTS
from commercetools_source.model.relations import all_relations
from commercetools_source.model.schemas import record_table
from commercetools_source.model.select import select
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync
from own_values import back, same

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commercetools_source.model.relation import Relation

    Records = Mapping[str, list[dict[str, Any]]]

OWNING = [relation for relation in all_relations().values() if custom_field_columns(relation)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[duckdb.DuckDBPyConnection, Records]]:
    path = tmp_path_factory.mktemp("shop") / "shop.duckdb"
    streams = {relation.stream for relation in OWNING} | VARIANTS.keys()
    with Sandbox() as sandbox:
        with Client(sandbox.settings()) as client:
            assert sync(client, DuckDB(path), streams=sorted(streams)).complete
        records = {name: sandbox.records(name) for name in ("product_types", "types", *VARIANTS)}
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection, records


@pytest.fixture(scope="module")
def own(shop: tuple[duckdb.DuckDBPyConnection, Records]) -> CustomFieldQueries:
    return CustomFieldQueries.of(shop[1]["product_types"], shop[1]["types"])


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = connection.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@pytest.mark.parametrize("relation", OWNING, ids=lambda relation: relation.name)
def test_every_custom_field_of_the_shop_is_in_its_column(
    shop: tuple[duckdb.DuckDBPyConnection, Records], own: CustomFieldQueries, relation: Relation
) -> None:
    columns = {place.column for place in custom_field_columns(relation)}
    narrow = replace(relation, columns=tuple(one for one in relation.columns if one.name in columns))  # binds faster
    places, taken = own.field_sets(narrow), [one.name for one in narrow.columns]
    assert len(places) == len(columns)
    found = rows(shop[0], own.with_custom_columns(narrow, select(narrow, record_table(relation.stream))))
    for row in found:
        names = list(taken)
        for place in places:
            sent = json.loads(row[place.raw.strip('"')] or "{}")
            assert same(back(row, place, own.reader, names), sent)
            assert row[place.unfit] is None
            names += [name for name in row if name.startswith(place.prefix)]


@pytest.mark.parametrize("stream", VARIANTS)
def test_every_attribute_of_the_shop_is_in_its_column(
    shop: tuple[duckdb.DuckDBPyConnection, Records], own: CustomFieldQueries, stream: str
) -> None:
    connection, records = shop
    sent = dict(variants(stream, records[stream]))
    found = {}
    for one in own.product_types_by_name().values():
        place = FieldSet("", "", "", one.attributes)
        for row in rows(connection, own.variants(one, stream, record_table(stream))):
            assert row["unfit"] is None
            key = (one.id, *(row[name] for name in KEY))
            found[key] = back(row, place, own.reader, [*KEY, "_variant", "_product", "_entries"])
    assert found.keys() == sent.keys()
    assert len(found) > 100
    for key, values in found.items():
        assert same(values, sent[key])


def variants(stream: str, records: list[dict[str, Any]]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Yield the key and the attributes of every variant that was sent."""
    for record in records:
        sides = {False: record, True: record}
        if stream == "products":
            sides = {False: record["masterData"]["current"], True: record["masterData"]["staged"]}
        elif stream.endswith("staged"):
            del sides[False]
        else:
            del sides[True]
        for staged, data in sides.items():
            product = {one["name"]: one["value"] for one in data.get("attributes", [])}
            for variant in (data["masterVariant"], *data["variants"]):
                attributes = product | {one["name"]: one["value"] for one in variant.get("attributes", [])}
                key = (record["productType"]["id"], record["id"], staged, variant["id"], variant.get("sku"))
                yield key, {name: value for name, value in attributes.items() if value is not None}


def test_relations_of_product_types_have_names_of_their_own() -> None:
    keys = ["shoes", "Shoes", "T-Shirts", "attributes", None]
    records = [{"id": f"id-{number}", **({"key": key} if key else {})} for number, key in enumerate(keys)]
    own = CustomFieldQueries.of(records, [])
    names = {name: one.id for name, one in own.product_types_by_name().items()}
    assert names == {
        "product_type_id_4": "id-4",
        "product_type_T_Shirts": "id-2",
        "product_type_shoes_bc7d26eb": "id-0",
        "product_type_Shoes_bbd123dd": "id-1",
        "product_type_attributes_8236052f": "id-3",
    }


def test_without_definitions_nothing_is_added() -> None:
    relation, own = all_relations()["orders"], CustomFieldQueries()
    assert own.with_custom_columns(relation, "SELECT 1") == "SELECT 1"
    assert own.product_types_by_name() == {}
    assert STREAMS.keys() >= VARIANTS.keys()
