"""Rows that are delivered again: only what is news is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.catalog.stream import Stream
from commercetools_source.destinations import Parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from commercetools_source.catalog.schema import Column
    from commercetools_source.extract.delivery import Delivery

    Make = Callable[..., Delivery]

THINGS = Stream(name="things", path="/things", item="Thing", scopes=())
ROW = {"id": "1", "version": 1, "open": True, "lines": [{"a": 1}]}


@pytest.fixture
def destination(tmp_path: Path, fields: Callable[[Stream], list[Column]]) -> Iterator[Parquet]:
    opened = Parquet(tmp_path / "shop", fields)
    opened.open()
    yield opened
    opened.close()


def files(tmp_path: Path) -> int:
    return len(list((tmp_path / "shop" / "things").glob("part-*")))


def latest(tmp_path: Path, columns: str) -> list[Any]:
    with duckdb.connect() as connection:
        connection.execute((tmp_path / "shop" / "latest.sql").read_text())
        return connection.execute(f"SELECT {columns} FROM raw.things ORDER BY id").fetchall()


def test_an_equal_row_is_not_written_again(destination: Parquet, tmp_path: Path, delivery: Make) -> None:
    destination.write(delivery([ROW, {"id": "2"}]))
    destination.write(delivery([{"id": "2"}, ROW]))
    assert files(tmp_path) == 1


@pytest.mark.parametrize(
    "change",
    [{"open": False}, {"open": None}, {"lines": [{"a": 2}]}, {"version": 2}, {"extra": 1}, {"version": "odd"}],
    ids=str,
)
def test_a_row_of_which_any_value_differs_is_written(
    destination: Parquet, tmp_path: Path, delivery: Make, change: dict[str, Any]
) -> None:
    destination.write(delivery([ROW]))
    destination.write(delivery([{**ROW, **change}]))
    assert files(tmp_path) == 2


def test_an_equal_row_that_was_marked_as_deleted_comes_back(
    destination: Parquet, tmp_path: Path, delivery: Make
) -> None:
    destination.write(delivery([ROW]))
    destination.mark_deleted(THINGS, {"1": "2026-01-01T00:00:00.000Z"})
    assert latest(tmp_path, "_deleted_at IS NULL") == [(False,)]
    destination.write(delivery([ROW]))
    assert latest(tmp_path, "_deleted_at IS NULL") == [(True,)]


def test_of_rows_stored_twice_the_newest_is_compared(destination: Parquet, tmp_path: Path, delivery: Make) -> None:
    destination.write(delivery([ROW]))
    destination.write(delivery([{**ROW, "open": False}]))
    destination.write(delivery([ROW]))
    assert (files(tmp_path), latest(tmp_path, "open")) == (3, [(True,)])
