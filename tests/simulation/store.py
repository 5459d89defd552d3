"""A destination in memory: rows and state move together, and a kill may come before, between or after."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.extract.abilities import Difference, Listed
from commercetools_source.extract.checkpoint import StreamState, decode, encode

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping, Sequence

    from commercetools_source.catalog.streams import Stream
    from commercetools_source.extract.delivery import Delivery
    from simulation.world import Rules

Table = dict[str, dict[str, Any]]


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Store:
    """Tables by stream. `deadly`: the share of steps at which the process is killed. `soft`: deleted rows are kept."""

    chance: random.Random
    rules: Rules
    soft: bool
    deadly: float = 0.0
    rows: dict[str, Table] = field(default_factory=dict)
    loading: dict[str, Table] = field(default_factory=dict)
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    dead: dict[str, set[str]] = field(default_factory=dict)

    def states(self) -> dict[str, StreamState]:
        return {name: decode(state) for name, state in self.stored.items()}

    def live(self, name: str) -> Table:
        """Return the rows that are not marked as deleted."""
        dead = self.dead.get(name, set())
        return {one: row for one, row in self.rows.get(name, {}).items() if one not in dead}

    def newest(self, stream: Stream) -> str:
        return max((row["lastModifiedAt"] for row in self.rows.get(stream.name, {}).values()), default="")

    def maybe_die(self) -> None:
        if self.chance.random() < self.deadly:
            raise Killed

    def write(self, delivery: Delivery) -> None:
        name = delivery.stream.name
        self.maybe_die()
        if not self.rules.checkpoint_follows_data:
            self.stored[name] = encode(delivery.state)
            self.maybe_die()
        if delivery.phase.first:
            self.loading[name] = {}
        if delivery.phase.full:
            self._merge(self.loading.setdefault(name, {}), delivery.records)
        else:
            self.merge(delivery.stream, delivery.records)
        if delivery.phase.swaps:
            self.rows[name], self.dead[name] = self.loading.pop(name), set()
        self.stored[name] = encode(delivery.state)
        self.maybe_die()

    def merge(self, stream: Stream, records: Sequence[msgspec.Raw]) -> None:
        """Merge rows into what is held; a record that is there again is no longer marked."""
        ids = self._merge(self.rows.setdefault(stream.name, {}), records)
        if self.rules.rows_come_back:
            self.dead.setdefault(stream.name, set()).difference_update(ids)

    def _merge(self, table: Table, records: Sequence[msgspec.Raw]) -> set[str]:
        rows = [msgspec.json.decode(record) for record in records]
        for row in rows:
            held = table.get(row["id"])
            if held is None or row["version"] >= held["version"] or not self.rules.higher_version_wins:
                table[row["id"]] = row
        return {row["id"] for row in rows}

    def mark_deleted(self, stream: Stream, times: Mapping[str, str]) -> int:
        name = stream.name
        self.loading[name] = {one: row for one, row in self.loading.get(name, {}).items() if one not in times}
        found = self.live(name).keys() & times.keys()
        if self.soft:
            self.dead.setdefault(name, set()).update(found)
        else:
            self.rows[name] = {one: row for one, row in self.rows.get(name, {}).items() if one not in found}
        return len(found)

    def compare(
        self, stream: Stream, pages: Iterable[Sequence[Listed]], cursor: str, since: str | None = None
    ) -> Difference:
        held = self.live(stream.name)
        listed = {one.id: one for page in pages for one in page}
        settled = {name: one for name, one in listed.items() if one.lastModifiedAt < cursor}
        stale = (name for name in settled.keys() & held.keys() if held[name]["version"] < settled[name].version)
        listable = {name for name, row in held.items() if row["createdAt"] < cursor}
        gone = (name for name in listable - listed.keys() if held[name]["lastModifiedAt"] >= (since or ""))
        return Difference(
            missing=tuple(sorted(settled.keys() - held.keys())),
            stale=tuple(sorted(stale)),
            gone=tuple(sorted(gone)),
            held=len(held),
            listed=len(listed),
        )
