"""The relations of a DuckDB file: views or tables, of every shape of record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import DuckDB
from commercetools_source.errors import RecordError
from commercetools_source.extract.delivery import Phase
from destinations.duckdb_files import rows

if TYPE_CHECKING:
    from pathlib import Path


Make = "Callable[..., Delivery]"


def model_forms(path: Path) -> dict[str, str]:
    return dict(rows(path, "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'main'"))


def test_relations_are_views_until_tables_are_asked_for_and_stay_what_they_are(path: Path, load: Make) -> None:
    zone = replace(load([{"id": "1", "name": "north", "locations": [{"country": "NO"}]}]), stream=STREAMS["zones"])
    for materialize, form in [
        (None, "VIEW"),
        (True, "BASE TABLE"),
        (None, "BASE TABLE"),
        (False, "VIEW"),
        (None, "VIEW"),
    ]:
        destination = DuckDB(path, materialize=materialize)
        destination.open()
        destination.write(replace(zone, phase=Phase.MERGE_LAST))
        destination.close()
        assert model_forms(path) == {"zones": form, "zone_locations": form}
        assert rows(path, "SELECT zoneId, position, country FROM main.zone_locations") == [("1", 1, "NO")]


def test_a_relation_has_the_columns_of_fields_that_came_later(path: Path, load: Make, delivery: Make) -> None:
    zones = STREAMS["zones"]
    for materialize in (False, True):
        destination = DuckDB(path, materialize=materialize)
        destination.open()
        destination.write(replace(load([{"id": "1", "name": "north"}]), stream=zones))
        destination.write(replace(delivery([{"id": "2", "height": {"m": 3}}]), stream=zones))
        destination.close()
        assert rows(path, "SELECT id, name, height FROM main.zones ORDER BY id") == [
            ("1", "north", None),
            ("2", None, '{"m": 3}'),
        ]


def test_a_relation_that_was_dropped_is_made_again(path: Path, load: Make) -> None:
    zone = replace(load([{"id": "1", "locations": [{"country": "NO"}]}]), stream=STREAMS["zones"])
    for drop in ("DROP TABLE main.zone_locations", "DROP TABLE main.zones; DROP TABLE main.zone_locations", "SELECT 1"):
        destination = DuckDB(path, materialize=True)
        destination.open()
        destination.write(replace(zone, phase=Phase.MERGE_LAST))
        destination.close()
        assert rows(path, "SELECT country FROM main.zone_locations") == [("NO",)]
        rows(path, drop)


def test_what_somebody_else_made_in_the_model_is_not_replaced(path: Path, load: Make) -> None:
    rows(path, "CREATE TABLE main.zones AS SELECT 42 AS answer; CREATE VIEW main.mine AS SELECT 1")
    destination = DuckDB(path)
    destination.open()
    with pytest.raises(RecordError, match=r"has a table main\.zones that commercetools-source did not make"):
        destination.write(replace(load([{"id": "1"}]), stream=STREAMS["zones"]))
    destination.write(replace(load([{"id": "1"}]), stream=STREAMS["states"]))
    destination.close()
    assert rows(path, "SELECT * FROM main.zones, main.mine") == [(42, 1)]


def test_values_of_the_wrong_shape_break_no_relation_and_stay_readable(path: Path, load: Make) -> None:
    bad = [
        {
            "id": "1",
            "lineItems": 5,
            "totalPrice": "free",
            "shippingInfo": [1],
            "syncInfo": [None, 3, {"syncedAt": "soon"}],
        },
        {
            "id": "2",
            "lineItems": [{"id": 7, "quantity": 1.5, "name": "x", "variant": []}, "item"],
            "customerId": {"a": 1},
        },
        b'{"id":"3","totalPrice":{"centAmount":"x\\u0000","fractionDigits":1e99},"lineItems":[{"name":{"en":1,"en":2}}]}',
    ]
    for materialize in (False, True):
        destination = DuckDB(path, materialize=materialize)
        destination.open()
        destination.write(replace(load(bad), stream=STREAMS["orders"]))
        destination.close()
        for name in model_forms(path):
            rows(path, f'SELECT count(hash(held)) FROM main."{name}" AS held')
        assert rows(path, "SELECT id, totalPrice_centAmount, totalPrice_amount FROM main.orders ORDER BY id")[0] == (
            "1",
            None,
            None,
        )
        assert rows(
            path, "SELECT orderId, id, quantity FROM main.order_line_items WHERE orderId = '2' ORDER BY position"
        ) == [
            ("2", "7", None),
            ("2", None, None),
        ]
        assert rows(path, "SELECT lineItems FROM raw.orders WHERE id = '1'") == [("5",)]
