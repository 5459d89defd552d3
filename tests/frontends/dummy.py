"""The smallest front-end: pairs of stream and record as JSON lines. It shows what a new front-end has to write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source import Client, Config
from commercetools_source.errors import CommercetoolsError
from commercetools_source.extract.checkpoint import decode, encode
from commercetools_source.sync import sync

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.events import Event
    from commercetools_source.extract.abilities import Tombstone
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery


class Pairs:
    """A destination that keeps its lines, and the states that are true behind them."""

    name = "a list of lines"
    batch_bytes = 1 << 20

    def __init__(self, state: Mapping[str, Any], *, deletions: bool) -> None:
        self.lines: list[str] = []
        self.state = dict(state)
        self.deleted: dict[str, list[str]] = {}
        self._deletions = deletions

    def open(self) -> dict[str, StreamState]:
        return {name: decode(stored) for name, stored in self.state.items()}

    def write(self, delivery: Delivery) -> None:
        name = delivery.stream.name
        self.lines += [json.dumps([name, msgspec.json.decode(record)]) for record in delivery.records]
        self.state[name] = encode(delivery.state)

    def wants_deletions(self, stream: Stream) -> bool:
        return self._deletions and bool(stream.deleted_messages)

    def delete(self, stream: Stream, tombstones: Sequence[Tombstone]) -> int:
        self.deleted.setdefault(stream.name, []).extend(tombstone.id for tombstone in tombstones)
        return len(tombstones)

    def close(self) -> None: ...


def run(
    settings: Mapping[str, Any], streams: Sequence[str], state: Any, *, deletions: bool
) -> tuple[bool, dict[str, list[dict[str, Any]]], Any, str, dict[str, list[str]]]:
    pairs = Pairs(state or {}, deletions=deletions)
    events: list[Event] = []
    try:
        with Client(Config.from_mapping(settings), hook=events.append) as client:
            summary = sync(client, pairs, streams=streams)
        complete = summary.complete
        told = [event.message() for event in events]
        text = "\n".join([*told, *(outcome.lack or "" for outcome in summary.outcomes)])
    except CommercetoolsError as error:
        complete, text = False, str(error)
    records: dict[str, list[dict[str, Any]]] = {}
    for line in pairs.lines:
        name, record = json.loads(line)
        records.setdefault(name, []).append(record)
    return complete, records, pairs.state, text, pairs.deleted
