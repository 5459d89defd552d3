"""Definitions, and what follows from them, in a DuckDB file from run to run."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.events import Notice
from commercetools_source.model.relations import all_relations
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Make = "Callable[..., Delivery]"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.duckdb"


@pytest.fixture(params=[False, True], ids=["views", "tables"])
def store(path: Path, load: Make, request: pytest.FixtureRequest) -> Callable[..., list[str]]:
    """Return what replaces the records of streams in one run, and returns what was noticed."""

    def run(**streams: Sequence[dict[str, Any]]) -> list[str]:
        destination = DuckDB(path, materialize=request.param)
        destination.open()
        for name, records in streams.items():
            destination.write(replace(load(records), stream=STREAMS[name]))
        found = destination.notices()
        destination.close()
        return [f"{one.about}: {one.reason}" for one in found]

    return run


def rows(path: Path, query: str) -> list[Any]:
    with duckdb.connect(str(path)) as connection:
        return connection.execute(query).fetchall()


def made(path: Path) -> list[str]:
    """Return the names of the relations of product types."""
    found = rows(path, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' ORDER BY 1")
    return [name for (name,) in found if name.startswith("product_type_") and name not in all_relations()]


def product(uid: str, type_id: str, **attributes: Any) -> dict[str, Any]:
    variant = {"id": 1, "sku": f"sku-{uid}", "attributes": [{"name": n, "value": v} for n, v in attributes.items()]}
    data = {"name": {}, "attributes": [], "masterVariant": variant, "variants": []}
    return {
        "id": uid,
        "version": 1,
        "productType": {"typeId": "product-type", "id": type_id},
        "masterData": {"published": True, "hasStagedChanges": False, "current": data, "staged": data},
    }


def shoes(*attributes: tuple[str, str], uid: str = "t", key: str = "shoes") -> dict[str, Any]:
    return {
        "id": uid,
        "version": 1,
        "key": key,
        "attributes": [{"name": n, "type": {"name": t}} for n, t in attributes],
    }


def standalone(uid: str, product_id: str, **attributes: Any) -> dict[str, Any]:
    entries = [{"name": name, "value": value} for name, value in attributes.items()]
    return {
        "id": uid,
        "version": 1,
        "product": {"typeId": "product", "id": product_id},
        "variantId": 1,
        "published": True,
        "current": {"sku": uid, "attributes": entries, "images": [], "assets": []},
    }


def order_type(*fields: tuple[str, str], uid: str = "o", key: str = "extras") -> dict[str, Any]:
    defined = [{"name": name, "type": {"name": kind}} for name, kind in fields]
    return {"id": uid, "version": 1, "key": key, "resourceTypeIds": ["order"], "fieldDefinitions": defined}


def order(uid: str, **fields: Any) -> dict[str, Any]:
    return {"id": uid, "version": 1, "custom": {"type": {"typeId": "type", "id": "o"}, "fields": fields}}


Store = "Callable[..., list[str]]"


def test_a_view_per_product_type_whatever_comes_first(store: Store, path: Path) -> None:
    assert store(products=[product("1", "t", size=42, gone=1), product("2", "other")]) == []
    assert made(path) == []
    notices = store(product_types=[shoes(("size", "number")), shoes(uid="other", key="")])
    assert notices == []
    assert rows(path, "SELECT * FROM main.product_type_shoes ORDER BY staged") == [
        ("1", False, 1, "sku-1", 42.0, '{"gone":1}'),
        ("1", True, 1, "sku-1", 42.0, '{"gone":1}'),
    ]
    assert rows(path, "SELECT productId, sku FROM main.product_type_other WHERE staged") == [("2", "sku-2")]


def test_views_follow_the_definitions(store: Store, path: Path) -> None:
    store(product_types=[shoes(("size", "number"), ("old", "text"))], products=[product("1", "t", size=42, width=3)])
    notices = store(product_types=[shoes(("size", "text"), ("width", "number")), shoes(uid="u", key="hats")])
    assert notices == [
        "custom fields: attribute 'old' (text) was removed from product type shoes",
        "custom fields: attribute 'size' on product type shoes was number and is now text",
        "custom fields: new attribute 'width' (number) on product type shoes",
        (
            "product_type_shoes: 2 of the values looked at do not fit the definition of the attribute 'size';"
            " the column unfit has all such"
        ),
    ]
    query = "SELECT size, width, unfit FROM main.product_type_shoes WHERE NOT staged"
    assert rows(path, query) == [(None, 3.0, '{"size":42}')]
    store(product_types=[shoes(("size", "number"), ("width", "number"), key="boots")])
    assert made(path) == ["product_type_boots"]


def test_a_value_whose_key_a_type_has_no_more_stays_and_is_told(store: Store, path: Path) -> None:
    def tiers(*keys: str) -> dict[str, Any]:
        values = [{"key": key, "label": key} for key in keys]
        kind = {"name": "Enum", "values": values}
        return {**order_type(), "fieldDefinitions": [{"name": "tier", "type": kind}]}

    store(types=[tiers("gold", "iron")], orders=[order("1", tier="gold")])
    assert store(types=[tiers("iron")]) == [
        "custom fields: custom field 'tier' on order can be no more 'gold'; rows that have such a value keep it"
    ]
    assert store(orders=[order("2", tier="gold")]) == []
    assert rows(path, "SELECT custom_tier, custom_unfit FROM main.orders") == [("gold", None)]


@pytest.mark.parametrize("other", ["VIEW main.{} AS SELECT 1", "TABLE main.{} (a INT)"])
def test_what_somebody_else_made_stays(store: Store, path: Path, other: str) -> None:
    rows(path, f"CREATE SCHEMA model; CREATE {other.format('product_type_shoes')}")
    notices = store(product_types=[shoes(("size", "number"))], products=[product("1", "t")])
    assert notices == ["main.product_type_shoes: somebody else made it, so it was left alone"]
    assert len(rows(path, "DESCRIBE main.product_type_shoes")) == 1


def test_custom_fields_stand_beside_their_owner_and_follow_the_definitions(store: Store, path: Path) -> None:
    query = "SELECT id, custom_gift, custom_unfit FROM main.orders ORDER BY id"
    orders = [order("1", gift=True, due="2026-01-02"), order("2"), {"id": "3", "version": 1}]
    store(orders=orders)
    assert "custom_gift" not in {name for name, *_ in rows(path, "DESCRIBE main.orders")}
    store(types=[order_type(("gift", "Boolean"))])
    assert rows(path, query) == [("1", True, '{"due":"2026-01-02"}'), ("2", None, None), ("3", None, None)]
    store(types=[order_type(("gift", "Boolean"), ("due", "Date"))])
    assert rows(path, query.replace("custom_gift", "custom_due"))[0] == ("1", date(2026, 1, 2), None)
    store(types=[])
    assert "custom_unfit" not in {name for name, *_ in rows(path, "DESCRIBE main.orders")}
    assert rows(path, "SELECT custom_fields ->> 'due' FROM main.orders WHERE id = '1'") == [("2026-01-02",)]


def test_custom_fields_and_attributes_follow_their_records(path: Path, delivery: Make, store: Store) -> None:
    store(
        types=[order_type(("gift", "Boolean"))],
        product_types=[shoes(("size", "number"))],
        orders=[order("1", gift=True)],
        products=[product("1", "t", size=1), product("2", "t", size=2)],
    )
    destination = DuckDB(path)
    destination.open()
    destination.write(replace(delivery([order("1", gift=False)]), stream=STREAMS["orders"]))
    destination.write(replace(delivery([product("1", "t", size=3)]), stream=STREAMS["products"]))
    destination.mark_deleted(STREAMS["products"], {"2": "2026-01-02T00:00:00.000Z"})
    destination.close()
    assert rows(path, "SELECT id, custom_gift FROM main.orders") == [("1", False)]
    assert rows(path, "SELECT productId, size FROM main.product_type_shoes WHERE staged") == [("1", 3.0)]


def test_types_that_disagree_and_values_that_do_not_fit_are_told(store: Store) -> None:
    notices = store(
        types=[order_type(("due", "Date"), ("gift", "Boolean")), order_type(("due", "DateTime"), uid="p", key="b2b")],
        orders=[order("1", due="2026-01-01", gift=True), order("2", gift="yes"), order("3", other=1)],
    )
    assert notices == [
        "custom fields: 'due' of order is datetime in b2b, date in extras; its values stay JSON",
        *(
            f"orders: 1 of the values looked at do not fit the definition of the custom field {name!r};"
            " the column custom_unfit has all such"
            for name in ("gift", "other")
        ),
    ]
    assert store(zones=[]) == notices[:1]  # only what this run stored is looked at again


def test_deleted_definitions_do_not_count(store: Store, path: Path) -> None:
    store(product_types=[shoes(("size", "number"))], products=[product("1", "t")])
    rows(path, "UPDATE raw.product_types SET _deleted_at = now()::TIMESTAMP")
    store(products=[product("1", "t")])
    store(types=[])
    assert made(path) == []


def test_projections_serve_where_there_are_no_products(store: Store, path: Path) -> None:
    whole = product("1", "t", size=42)
    projection = {"id": "1", "version": 1, "productType": whole["productType"], **whole["masterData"]["current"]}
    store(product_types=[shoes(("size", "number"))], product_projections_current=[projection])
    query = "SELECT productId, staged, size FROM main.product_type_shoes"
    assert rows(path, query) == [("1", False, 42.0)]
    store(products=[whole])
    assert rows(path, f"{query} ORDER BY staged") == [("1", False, 42.0), ("1", True, 42.0)]


def test_a_sync_without_definitions_works_and_one_with_them_tells_nothing_of_a_sound_shop(path: Path) -> None:
    notices: list[Any] = []
    with Sandbox() as shop, Client(shop.settings()) as client:
        assert sync(client, DuckDB(path), streams=["orders"]).complete
        assert made(path) == []
        sync(client, DuckDB(path), hook=notices.append, streams=["orders", "products", "types", "product_types"])
        expected = len(shop.records("product_types"))
    assert [event for event in notices if isinstance(event, Notice)] == []
    assert len(made(path)) == expected


def test_broken_definitions_break_nothing(store: Store, path: Path) -> None:
    strange = {"id": "t", "version": 1, "key": 5, "attributes": {"name": "size"}}
    notices = store(product_types=[strange, {"id": "u", "version": 1}], types=[{"id": "o", "version": 1}])
    assert notices == ["product_types: values of key that do not fit its column: 1; _unfit has them"]
    deep: dict[str, Any] = {"name": "text"}
    for _ in range(40):
        deep = {"name": "set", "elementType": deep}
    record = {"id": "t", "version": 1, "key": "deep", "attributes": [{"name": "deep", "type": deep}]}
    store(product_types=[record], products=[product("1", "t", deep=json.loads("[" * 40 + '"x"' + "]" * 40))])
    assert rows(path, "SELECT count(*) FROM raw.products") == [(1,)]


OLD, NEW = {"createdAt": "2030-01-01T00:00:00Z"}, {"createdAt": "2030-01-02T00:00:00Z"}


def changed(record: dict[str, Any], day: int, **more: Any) -> dict[str, Any]:
    return {**record, "lastModifiedAt": f"2030-01-{day:02}T00:00:00.000Z", **more}


@pytest.mark.few(2)
@pytest.mark.parametrize(("before", "after"), [("a", "b"), ("b", "a")])
def test_a_product_type_that_was_made_again_under_its_key_has_the_relation(
    store: Store, path: Path, before: str, after: str
) -> None:
    old = changed(shoes(("size", "number"), uid=before), 1, **OLD)
    new = changed(shoes(("size", "text"), uid=after), 2, **NEW)
    store(product_types=[old], products=[product("1", before, size=42)])
    store(product_types=[old, new], products=[product("2", after, size="L")])
    assert rows(path, "SELECT productId, size FROM main.product_type_shoes WHERE staged") == [("2", "L")]
    assert rows(path, "SELECT id FROM main.product_types") == [(after,)]


def test_a_product_type_that_a_key_was_moved_to_has_the_relation(store: Store, path: Path) -> None:
    gone = changed(shoes(("size", "number"), uid="b"), 2, **NEW)
    renamed = changed(shoes(("size", "text"), uid="a"), 3, **OLD)
    store(product_types=[gone, renamed], products=[product("1", "b", size=42), product("2", "a", size="L")])
    assert rows(path, "SELECT productId, size FROM main.product_type_shoes WHERE staged") == [("2", "L")]


@pytest.mark.few(2)
@pytest.mark.parametrize(("before", "after"), [("a", "b"), ("b", "a")])
def test_a_type_that_was_made_again_under_its_key_is_no_conflict(
    store: Store, path: Path, before: str, after: str
) -> None:
    old, new = order_type(("due", "String"), uid=before), order_type(("due", "Number"), uid=after)
    assert store(types=[changed(old, 1, **OLD), changed(new, 2, **NEW)], orders=[order("1", due=5)]) == []
    assert rows(path, "SELECT custom_due, custom_unfit FROM main.orders") == [(5.0, None)]


@pytest.mark.few(4)
@pytest.mark.parametrize(("before", "after"), [("a", "b"), ("b", "a")])
@pytest.mark.parametrize("stream", ["stores", "associate_roles", "business_units"])
@pytest.mark.parametrize("form", ["views", "tables"])
def test_a_key_that_others_refer_to_leads_to_one_record(
    path: Path, delivery: Make, load: Make, stream: str, before: str, after: str, form: str
) -> None:
    old = {"id": before, "version": 7, "key": "berlin", "addresses": [{"id": "x"}], "countries": [{"code": "DE"}]}
    new = {"id": after, "version": 1, "key": "berlin", "addresses": [{"id": "y"}], "countries": [{"code": "FR"}]}
    other, keyless = {"id": "c", "version": 1, "key": "paris"}, [{"id": uid, "version": 1} for uid in "de"]
    destination = DuckDB(path, materialize=form == "tables")
    destination.open()
    destination.write(replace(load([changed(old, 1, **OLD), other, *keyless]), stream=STREAMS[stream]))
    destination.write(replace(delivery([changed(new, 2, **NEW)], done=True), stream=STREAMS[stream]))
    destination.close()
    assert {uid for (uid,) in rows(path, f"SELECT id FROM main.{stream}")} == {after, *"cde"}
    assert len(rows(path, f"SELECT id FROM raw.{stream}")) == 5
    below = {"stores": "store_countries", "business_units": "business_unit_addresses"}
    if stream in below:
        assert len(rows(path, f"SELECT * FROM main.{below[stream]}")) == 1


def test_attributes_of_variants_that_are_resources_are_looked_at_and_counted_once(
    store: Callable[..., list[str]], path: Path
) -> None:
    notices = store(
        product_types=[shoes(("size", "number"))],
        products=[product("p", "t", size=41)],
        variants=[standalone("v", "p", size="large")],
    )
    about = "product_type_shoes: 2 of the values looked at do not fit the definition of the attribute 'size'"
    assert [notice.startswith(about) for notice in notices] == [True]  # current and staged
    assert rows(path, "SELECT sku, size, unfit ->> 'size' FROM main.product_type_shoes") == [("v", None, "large")] * 2
