"""A DuckDB file knows which records of a run were new, changed or gone: by merges and by full reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations.duckdb import DuckDB
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Changes, Delivery, Phase

if TYPE_CHECKING:
    from pathlib import Path

T0, T1 = "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"


def zones(**versions: int) -> list[msgspec.Raw]:
    fields = {"createdAt": T0, "lastModifiedAt": T0, "locations": []}
    return [
        msgspec.Raw(msgspec.json.encode({"id": name, "version": version, "name": name, **fields}))
        for name, version in versions.items()
    ]


def store(path: Path, *deliveries: tuple[Phase, list[msgspec.Raw]], stream: str = "zones") -> Changes | None:
    destination = DuckDB(path)
    destination.open()
    try:
        for phase, records in deliveries:
            state = StreamState(cursor=T1) if phase.last else StreamState(mode="full", bound=T1)
            destination.write(Delivery(STREAMS[stream], records, 1, state, phase))
        return destination.changes().get(stream)
    finally:
        destination.close()


def test_a_first_read_is_all_new(tmp_path: Path) -> None:
    deliveries = [(Phase.FULL_FIRST, zones(a=1, b=1)), (Phase.FULL_LAST, zones(c=1, a=2))]
    assert store(tmp_path / "shop.duckdb", *deliveries) == Changes(new=3)


@pytest.mark.parametrize(
    ("deliveries", "changes"),
    [
        ([(Phase.MERGE_LAST, [])], Changes()),
        ([(Phase.MERGE_LAST, zones(a=1, b=2))], Changes()),
        ([(Phase.MERGE, zones(a=2, d=1)), (Phase.MERGE_LAST, zones(a=3))], Changes(new=1, changed=2)),
        ([(Phase.MERGE_LAST, zones(b=1))], Changes()),  # an older version than the stored one
        ([(Phase.FULL_ONLY, zones(a=1, b=2, c=1))], Changes()),
        ([(Phase.FULL_ONLY, zones(a=2, c=1, d=1))], Changes(new=1, changed=1, deleted=1)),
        ([(Phase.FULL_FIRST, zones(a=2)), (Phase.FULL_LAST, zones(d=1))], Changes(new=1, changed=1, deleted=2)),
        ([(Phase.FULL_ONLY, [])], Changes(deleted=3)),
        ([(Phase.FULL_FIRST, zones(a=2))], None),  # it replaces nothing yet
    ],
)
def test_a_later_read_is_counted_against_what_is_stored(
    tmp_path: Path, deliveries: list[tuple[Phase, list[msgspec.Raw]]], changes: Changes | None
) -> None:
    path = tmp_path / "shop.duckdb"
    store(path, (Phase.FULL_ONLY, zones(a=1, b=2, c=1)))
    assert store(path, *deliveries) == changes


def test_records_without_a_version_changed_where_their_values_did(tmp_path: Path) -> None:
    def rows(**values: int) -> list[msgspec.Raw]:
        fields = {"productSelectionId": "s", "createdAt": T0}
        return [
            msgspec.Raw(msgspec.json.encode({**fields, "product": {"typeId": "product", "id": key}, "rank": value}))
            for key, value in values.items()
        ]

    stream, path = "product_selection_products", tmp_path / "shop.duckdb"
    key = STREAMS[stream].key
    keyed = [
        [
            msgspec.Raw(msgspec.json.encode({**msgspec.json.decode(row), **{name: str(index) for name in key}}))
            for index, row in enumerate(records)
        ]
        for records in (rows(a=1, b=1), rows(a=1, b=2))
    ]
    assert store(path, (Phase.FULL_ONLY, keyed[0]), stream=stream) == Changes(new=2)
    assert store(path, (Phase.FULL_ONLY, keyed[0]), stream=stream) == Changes()
    assert store(path, (Phase.FULL_ONLY, keyed[1]), stream=stream) == Changes(changed=1)
