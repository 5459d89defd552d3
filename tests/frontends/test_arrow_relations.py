"""Relations of a batch of records: what the rows of dlt's child tables say that no record says."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("duckdb")

import pyarrow as pa

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.frontends.arrow_relations import RelationTables
from commercetools_source.model.custom.queries import NO_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


def test_a_record_without_parts_is_told_with_the_time_in_utc(clock: pytest.MonkeyPatch) -> None:
    records = pa.table({"id": ["c"], "addresses": ["[]"], "_deleted_at": pa.nulls(1, pa.timestamp("us"))})
    times = []
    for zone in ("Pacific/Kiritimati", "America/Los_Angeles"):
        clock.setenv("TZ", zone)
        time.tzset()
        tables = RelationTables(STREAMS["customers"], NO_FIELDS, {"id": "VARCHAR", "addresses": "JSON"}, {})
        addresses = next(one for one in tables.of(records, "changed") if one.name == "customer_addresses")
        times += addresses.rows.column("_deleted_at").to_pylist()
    east, west = times
    assert west - east < timedelta(hours=1), "the local time of a zone"
    assert east - west < timedelta(hours=1), "the local time of a zone"
