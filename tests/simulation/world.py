"""One seeded schedule: a shop that changes, runs that are killed, and what the destination holds in the end.

Everything is deterministic: the engine's workers are stepped one task at a time in an order that the
seed decides, time is a number, and nothing sleeps. `RULES` switches the rules of correctness off, one
at a time, to show that the schedules notice.
"""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source import deletes
from commercetools_source.checkpoint import StreamState, decode, encode
from commercetools_source.engine import Extraction, Limits
from commercetools_source.errors import CommercetoolsError
from commercetools_source.planning import Selection
from commercetools_source.resources import STREAMS, Stream
from commercetools_source.windows import instant, shift
from simulation.platform import KEYSET, Platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from commercetools_source.delivery import Delivery

SETTLE = 300.0
LOOKBACK = 600.0
ORDERS = STREAMS["orders"]


class Killed(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Rules:
    """Which rules hold; all of them when nothing is said."""

    tie_break: bool = True
    settle_delay: bool = True
    lookback: bool = True
    keyset: bool = True
    checkpoint_follows_data: bool = True
    delete_guard: bool = True
    quarantine_is_read_again: bool = True


@dataclass
class Store:
    """A destination in memory: rows and state move together, and a kill may come before, between or after."""

    chance: random.Random
    rules: Rules
    deadly: float = 0.0
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    loading: dict[str, dict[str, Any]] = field(default_factory=dict)
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)

    def states(self) -> dict[str, StreamState]:
        return {name: decode(state) for name, state in self.stored.items()}

    def maybe_die(self) -> None:
        if self.chance.random() < self.deadly:
            raise Killed

    def write(self, delivery: Delivery) -> None:
        self.maybe_die()
        if not self.rules.checkpoint_follows_data:
            self.stored[delivery.stream.name] = encode(delivery.state)
            self.maybe_die()
        if delivery.first:
            self.loading = {}
        table = self.loading if delivery.replaces else self.rows
        for record in delivery.records:
            self._merge(table, msgspec.json.decode(record))
        if delivery.replaces and delivery.done:
            self.rows, self.loading = self.loading, {}
        self.stored[delivery.stream.name] = encode(delivery.state)
        self.maybe_die()

    def _merge(self, table: dict[str, dict[str, Any]], row: dict[str, Any]) -> None:
        held = table.get(row["id"])
        if held is None or row["version"] >= held["version"]:
            table[row["id"]] = row

    def mark_deleted(self, stream: Stream, times: Mapping[str, str]) -> int:  # noqa: ARG002 - one stream only
        return sum(table.pop(name, None) is not None for table in (self.rows, self.loading) for name in times)

    def compare(
        self,
        stream: Stream,  # noqa: ARG002 - one stream only
        pages: Iterable[Sequence[deletes.Listed]],
        cursor: str,
    ) -> deletes.Difference:
        listed = {one.id: one for page in pages for one in page}
        settled = {name: one for name, one in listed.items() if one.lastModifiedAt < cursor}
        return deletes.Difference(
            missing=tuple(sorted(settled.keys() - self.rows.keys())),
            stale=tuple(
                name
                for name, one in sorted(settled.items())
                if name in self.rows and self.rows[name]["version"] < one.version
            ),
            gone=tuple(sorted(self.rows.keys() - listed.keys())),
            held=len(self.rows),
            listed=len(listed),
        )


class Stepped(Extraction):
    """An extraction whose tasks are carried out one by one, in an order that chance decides."""

    chance: random.Random

    def _employ(self) -> None:
        self._idle = self.chance.randrange(4)

    def _next_result(self, patience: float) -> Any:
        while self._tasks and self._results.empty():
            position = self.chance.randrange(len(self._tasks))
            task = self._tasks[position]
            del self._tasks[position]
            self._perform(task)
        return super()._next_result(0.0 if self._results.empty() else patience)


class Schedule:
    """Everything that one seed decides."""

    def __init__(self, seed: int, rules: Rules) -> None:
        self.rules = rules
        self.chance = random.Random(seed)  # noqa: S311 - a schedule is replayed by its seed
        # Commits become visible so late that it takes settle delay and look-back together to catch them.
        late = self.chance.choice([0.0, SETTLE / 2, SETTLE + 0.9 * LOOKBACK])
        self.platform = Platform(self.chance, latest_commit=late)
        self.store = Store(self.chance, rules)
        self.stream = ORDERS if rules.tie_break else replace(ORDERS, tie="", order=("createdAt",))
        self.counted: dict[tuple[str, ...], int] = {}
        self.swept: deletes.Difference | None = None

    def play(self) -> None:
        """Let the shop live through troubled runs, then one quiet run and a sweep."""
        for _ in range(self.chance.randrange(1, 5)):
            self._let_time_pass()
            self._disturb()
            with suppress(Killed, CommercetoolsError):
                self.run()
                if self.chance.random() < 0.3:
                    self._sweep_in_the_dark()
        self._calm()
        self.run()
        self.swept = self.sweep()

    def run(self) -> None:
        """One `sync`: what changed, then what was deleted; raises if either did not get through."""
        bound = shift(instant(self.platform.now), -SETTLE if self.rules.settle_delay else 0.0)
        lookback = LOOKBACK if self.rules.lookback else 0.0
        selection = Selection(bound, full=self.chance.random() < 0.1, lookback=lookback)
        limits = Limits(
            page_size=self.chance.choice([1, 2, 3, 7, 20]),
            batch_bytes=self.chance.choice([1, 400, 5_000]),
            batch_seconds=3600.0,
        )
        states = self.store.states()
        if not self.rules.quarantine_is_read_again:
            states = {name: replace(state, quarantined=()) for name, state in states.items()}
        self._bury(states, selection)
        extraction = Stepped(self._get, [self.stream], states, selection, limits)
        extraction.chance = self.chance
        for delivery in extraction.deliveries():
            self.store.write(delivery)

    def _bury(self, states: Mapping[str, StreamState], selection: Selection) -> None:
        """Mark what Messages say was deleted, as `sync` does: before anything is read."""
        since = deletes.buried_since(states.get("orders", StreamState()))
        if since is None or selection.full:
            return
        window = (shift(since, -selection.lookback), selection.bound)
        for stream, times in deletes.tombstones(self.platform.get, [ORDERS], *window, 5):
            self.store.maybe_die()
            self.store.mark_deleted(stream, times)

    def sweep(self) -> deletes.Difference | None:
        """Compare with the platform and mark what is gone, if that can be believed."""
        cursor = self.store.states().get("orders", StreamState()).cursor
        if cursor is None:
            return None
        difference = self.store.compare(ORDERS, deletes.listing(self.platform.get, ORDERS, cursor, 7), cursor)
        if self.rules.delete_guard and deletes.refusal(ORDERS, difference, deletes.Guard()):
            return None
        self.store.mark_deleted(ORDERS, dict.fromkeys(difference.gone, cursor))
        return difference

    def differences(self) -> list[str]:
        """Return how the destination differs from the shop: nothing, if all rules hold."""
        truth = {name: record.row for name, record in self.platform.seen().items()}
        held = self.store.rows
        return [
            *(f"lost {name}" for name in sorted(truth.keys() - held.keys())),
            *(f"kept {name}, which is deleted" for name in sorted(held.keys() - truth.keys())),
            *(f"old {name}" for name in sorted(truth.keys() & held.keys()) if truth[name] != held[name]),
        ]

    def _let_time_pass(self) -> None:
        """Let the shop live for hours, so that no look-back covers what a run has lost."""
        for _ in range(self.chance.randrange(1, 5)):
            self.platform.now += timedelta(minutes=self.chance.randrange(90))
            self.platform.live(self.chance.randrange(20))
        self.platform.now += timedelta(minutes=self.chance.choice([0, 0, 11]))

    def _disturb(self) -> None:
        self.platform.trouble = self.chance.choice([0.0, 0.05, 0.3])
        self.store.deadly = self.chance.choice([0.0, 0.1, 0.3])
        if self.chance.random() < 0.2 and self.platform.versions:
            self.platform.broken = {self.chance.choice(sorted(self.platform.versions))}

    def _calm(self) -> None:
        """Let trouble end and time pass, so that everything is visible and older than the settle delay."""
        self.platform.trouble = self.store.deadly = 0.0
        self.platform.broken = set()
        self.platform.busy = False
        self.platform.now += timedelta(hours=1)

    def _sweep_in_the_dark(self) -> None:
        """Sweep while the token has lost its scope, which looks as if everything had been deleted."""
        self.platform.blind = True
        try:
            self.sweep()
        finally:
            self.platform.blind = False

    def _get(
        self, path: str, params: Sequence[tuple[str, str]], parse: Callable[[bytes], Any], heavy: int | None = None
    ) -> Any:
        """Pass a request on; without the keyset rule it becomes a page by offset over the same window."""
        if self.rules.keyset:
            return self.platform.get(path, params, parse, heavy)
        window = tuple(KEYSET.sub("", value) for name, value in params if name == "where")
        begins = not any(KEYSET.search(value) for name, value in params if name == "where")
        offset = 0 if begins else self.counted.get(window, 0)
        plain = [row for row in params if row[0] != "where"] + [("offset", str(offset))]
        plain += [("where", bare) for value in window if (bare := value.removeprefix(" and "))]
        envelope, size = self.platform.get(path, plain, parse, heavy)
        self.counted[window] = offset + len(envelope.results)
        return envelope, size
