"""Deliveries of plain dicts to a small stream, for the tests of the destinations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.schema import Column
from commercetools_source.catalog.stream import Stream
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

CURSOR = "2024-06-01T00:00:00.000Z"
BOUND = "2024-07-01T00:00:00.000Z"

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
        state = StreamState(cursor=CURSOR) if done or not replaces else StreamState(mode="full", bound=BOUND)
    size = sum(map(len, raws))
    phase = Phase.of(full=replaces, first=first, last=done)
    return Delivery(stream, [msgspec.Raw(raw) for raw in raws], size, state, phase)
