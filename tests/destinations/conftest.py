"""What the tests of the destinations share: a small stream, its columns, and deliveries of plain dicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.destinations import DuckDB
from destinations.deliveries import FIELDS, make_delivery
from destinations.lakes import lake, postgres
from destinations.s3 import proxy, s3, url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from commercetools_source.catalog.schema import Column
    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.delivery import Delivery

__all__ = ["lake", "postgres", "proxy", "s3", "url"]  # fixtures


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.duckdb"


@pytest.fixture
def destination(path: Path, fields: Callable[[Stream], list[Column]]) -> Iterator[DuckDB]:
    """A DuckDB file of the small stream, which is open."""
    opened = DuckDB(path, fields)
    assert opened.open() == {}
    yield opened
    opened.close()


@pytest.fixture
def delivery() -> Callable[..., Delivery]:
    return make_delivery


@pytest.fixture
def load() -> Callable[..., Delivery]:
    """Return what makes a full read of one delivery."""

    def make(records: Sequence[dict[str, Any] | bytes], **more: Any) -> Delivery:
        return make_delivery(records, replaces=True, first=True, done=True, **more)

    return make


@pytest.fixture
def fields() -> Callable[[Stream], list[Column]]:
    return lambda _: list(FIELDS)
