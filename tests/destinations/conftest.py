"""What the tests of the destinations share: a small stream, its columns, and deliveries of plain dicts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from commercetools_source.catalog.schema import Column
from commercetools_source.catalog.stream import Stream
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FIELDS = [
    Column("id", "string", nullable=True),
    Column("version", "int", nullable=True),
    Column("at", "datetime", nullable=True),
    Column("day", "date", nullable=True),
    Column("hour", "time", nullable=True),
    Column("amount", "number", nullable=True),
    Column("open", "bool", nullable=True),
    Column("lines", "json", nullable=True),
]


def make_delivery(  # a delivery of the stream `things`
    records: Sequence[dict[str, Any] | bytes],
    *,
    replaces: bool = False,
    first: bool = False,
    done: bool = False,
    state: StreamState | None = None,
    key: tuple[str, ...] = ("id",),
    name: str = "things",
) -> Delivery:
    raws = [one if isinstance(one, bytes) else json.dumps(one, ensure_ascii=False).encode() for one in records]
    stream = Stream(name=name, path="/things", item="Thing", scopes=(), key=key)
    if state is None:
        state = StreamState(cursor="c") if done or not replaces else StreamState(mode="full", bound="b")
    size = sum(map(len, raws))
    return Delivery(stream, [msgspec.Raw(one) for one in raws], size, state, replaces=replaces, first=first, done=done)


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
