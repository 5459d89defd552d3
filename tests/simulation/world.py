"""One seeded schedule: a shop that changes, runs that are killed, and what the destination holds in the end.

Everything is deterministic: the engine's workers are stepped one task at a time in an order that the
seed decides, time is a number, and nothing sleeps. `Rules` switches the rules of correctness off, one
at a time, to show that the schedules notice.
"""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.streams import STREAMS, Stream
from commercetools_source.catalog.timestamps import instant, shift
from commercetools_source.errors import CommercetoolsError, NetworkError, PageTooLargeError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.engine import Extraction
from commercetools_source.extract.limits import Limits
from commercetools_source.extract.selection import Selection, conflict_with
from commercetools_source.extract.tasks import Result
from commercetools_source.sync import deletions, sweeping
from commercetools_source.sync.backfill import merged, obstacle
from simulation.platform import KEYSET, START, Platform
from simulation.store import Killed, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from commercetools_source.extract.abilities import Difference, Tombstone
    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.extract.keyset import KeyRange
    from commercetools_source.extract.tasks import Task, TaskQueue
    from commercetools_source.extract.workers import Reader

SETTLE = 300.0
AFTER_START = 60.0
LOOKBACK = 600.0
FILTER = 'kind = "a"'


@dataclass(frozen=True)
class Rules:
    """Which rules hold; all of them when nothing is said. The numbers are those of the rules in the design."""

    tie_break: bool = True  # 1
    keyset: bool = True  # 1
    windows_touch: bool = True  # 3
    halves_meet: bool = True  # 3
    settle_delay: bool = True  # 4
    lookback: bool = True  # 4
    higher_version_wins: bool = True  # 4
    tail_leaves_the_cursor: bool = True  # 4
    resumed_run_catches_up: bool = True  # 4
    checkpoint_follows_data: bool = True  # 5
    walks_are_kept: bool = True  # 5
    pages_heal: bool = True  # 6
    quarantine_is_read_again: bool = True  # 6
    tombstones_come_first: bool = True  # 9
    delete_guard: bool = True  # 9
    sweep_minds_the_part: bool = True  # 9
    rows_come_back: bool = True  # 9
    part_is_checked: bool = True  # what is held of a stream is not taken for another part of it
    window_leaves_the_cursor: bool = True  # a backfill is beside the runs


class Stepped:
    """Workers whose tasks are carried out one by one, in an order that chance decides."""

    def __init__(self, chance: random.Random, rules: Rules) -> None:
        self.chance = chance
        self.rules = rules
        self.planned: set[str] = set()

    def start(self, tasks: TaskQueue, reader: Reader) -> None:
        self.tasks, self.reader = tasks, reader

    def next_result(self, patience: float) -> Result | None:  # noqa: ARG002 - nobody waits
        while (result := self.tasks.next_result(0.0)) is None and self.tasks.tasks:
            task = self.tasks.take(self.chance.randrange(len(self.tasks.tasks)))
            spare = self.chance.randrange(4)
            self.tasks.record(self._carry_out(task, spare))
        return result

    def _carry_out(self, task: Task, spare: int) -> Result:
        if task.key_range is None and not self.rules.resumed_run_catches_up:
            if task.stream.name in self.planned:
                state = replace(task.stored, mode="incremental", bound=task.stored.cursor)
                return Result(task, limit=task.limit, state=state)
            self.planned.add(task.stream.name)
        result = self.reader.perform(task, lambda: spare)
        return result if task.key_range is None or not result.ranges else replace(result, ranges=self._spoil(result))

    def _spoil(self, result: Result) -> tuple[KeyRange, ...]:
        first, *others = result.ranges
        if not self.rules.windows_touch:
            others = [replace(window, lower=shift(window.lower, 60)) if window.lower else window for window in others]
        if not self.rules.halves_meet and first.until is not None and others and first.after is not None:
            return (replace(first, until=replace(first.until, tie=first.after.tie)), *others)
        return (first, *others)


class Schedule:
    """Everything that one seed decides."""

    def __init__(self, seed: int, rules: Rules) -> None:
        self.rules = rules
        self.chance = random.Random(seed)  # noqa: S311 - a schedule is replayed by its seed
        # Commits become visible so late that it takes settle delay and look-back together to catch them.
        late = self.chance.choice([0.0, SETTLE / 2, *[SETTLE + 0.9 * LOOKBACK] * 2])
        names = ("orders", *(name for name in ("payments", "custom_objects") if self.chance.random() < 0.3))
        heavy = self.chance.choice([2, 5, 1000, 1000])
        self.platform = Platform(self.chance, names, latest_commit=late, heavy=heavy)
        self.store = Store(self.chance, rules, soft=self.chance.random() < 0.5)
        self.streams = [self._stream(STREAMS[name]) for name in names]
        self.since: str | None = None
        self.where: tuple[tuple[str, str], ...] = (("orders", FILTER),) if self.chance.random() < 0.3 else ()
        self.counted: dict[tuple[str, ...], int] = {}
        self.revived = False
        self.swept: dict[str, Difference | None] = {}

    def _stream(self, stream: Stream) -> Stream:
        return stream if self.rules.tie_break else replace(stream, tie="", order=("createdAt",))

    def play(self) -> None:
        """Let the shop live through troubled runs, then one quiet run and a sweep."""
        self.platform.live(self.chance.randrange(30))
        if self.chance.random() < 0.2:
            self.since = instant(START + (self.platform.now - START) * self.chance.random())
        for _ in range(self.chance.randrange(1, 8)):
            self._let_time_pass()
            self._disturb()
            with suppress(Killed, CommercetoolsError):
                self._act()
        self._calm()
        self.run()
        # Somebody looked, and allows all deletions: a collection may really be empty by now.
        self.swept = {stream.name: self.sweep(stream, sweeping.Guard(share=1.0)) for stream in self.streams}

    def _act(self) -> None:
        """One command, mostly a run; sometimes one that should change nothing, or better had not been given."""
        chance = self.chance.random()
        if chance < 0.1:
            self.backfill()
        elif chance < 0.2:
            self._backfill_from_a_late_replica()
        elif chance < 0.25:
            self.run(where=() if self.where else (("orders", FILTER),), full=False)
        elif chance < 0.4:
            for stream in self.streams:
                self.sweep(stream)
        else:
            self.run()
            if self.chance.random() < 0.3:
                self._sweep_in_the_dark()

    def run(self, where: tuple[tuple[str, str], ...] | None = None, *, full: bool | None = None) -> None:
        """One `sync`: what was deleted, then what changed; raises if a request or the store ended it."""
        now = instant(self.platform.now)
        selection = Selection(
            bound=shift(now, -SETTLE if self.rules.settle_delay else 0.0),
            tail=shift(now, AFTER_START) if self.chance.random() < 0.8 else None,
            full=self.chance.random() < 0.1 if full is None else full,
            start_date=self.since,
            lookback=LOOKBACK if self.rules.lookback else 0.0,
            where=self.where if where is None else where,
        )
        states = self._states()
        streams = [one for one in self.streams if self._fits(one, states.get(one.name, StreamState()), selection)]
        if where is not None:  # a stream that was never read would become another one for good
            streams = [one for one in streams if one.name in states]
        if self.rules.tombstones_come_first:
            states = self._delete(streams, states, selection)
        for delivery in self._extraction(streams, states, selection).deliveries():
            self.store.write(self._moved(delivery))
        if not self.rules.tombstones_come_first:
            self._delete(streams, self._states(), selection)

    def _moved(self, delivery: Delivery) -> Delivery:
        """Return the delivery as it is; without its rule the position goes on to the newest record that was read."""
        if self.rules.tail_leaves_the_cursor or not delivery.phase.last:
            return delivery
        newest = [msgspec.json.decode(record)["lastModifiedAt"] for record in delivery.records]
        cursor = max([delivery.state.cursor or "", *newest])
        return replace(delivery, state=replace(delivery.state, cursor=cursor))

    def _fits(self, stream: Stream, state: StreamState, selection: Selection) -> bool:
        return not self.rules.part_is_checked or conflict_with(stream, state, selection) is None

    def _states(self) -> dict[str, StreamState]:
        states = self.store.states()
        if not self.rules.quarantine_is_read_again:
            states = {name: replace(state, quarantined=()) for name, state in states.items()}
        if not self.rules.walks_are_kept:
            states = {name: replace(state, ranges=state.ranges[:1]) for name, state in states.items()}
        return states

    def _extraction(
        self, streams: Sequence[Stream], states: Mapping[str, StreamState], selection: Selection
    ) -> Extraction:
        limits = Limits(
            page_size=self.chance.choice([1, 2, 3, 7, 20]),
            batch_bytes=self.chance.choice([1, 400, 5_000]),
            batch_seconds=3600.0,
        )
        return Extraction(self._get, streams, states, selection, limits, workers=Stepped(self.chance, self.rules))

    def backfill(self) -> None:
        """Read a window of time again, as `backfill` does, for the streams that were read before."""
        states = self._states()
        streams = [one for one in self.streams if obstacle(one, states.get(one.name, StreamState())) is None]
        low, high = sorted(START + (self.platform.now - START) * self.chance.random() for _ in range(2))
        since, until = instant(low), shift(instant(high), -SETTLE)
        where = tuple((one.name, predicate) for one in streams for predicate in states[one.name].where)
        selection = Selection(bound=until, until=True, start_date=since, where=where)
        if since < until:
            for delivery in self._extraction(streams, {}, selection).deliveries():
                self.store.write(self._beside(delivery, states[delivery.stream.name], since, until))

    def _backfill_from_a_late_replica(self) -> None:
        """Read old versions, and records that are deleted by now: they must not take the place of newer ones."""
        self.platform.behind = (self.platform.now - START) * self.chance.uniform(0.3, 0.9)
        self.revived = True
        try:
            self.backfill()
        finally:
            self.platform.behind = timedelta(0)

    def _beside(self, delivery: Delivery, stored: StreamState, since: str, until: str) -> Delivery:
        beside = merged(delivery, stored, since, until)
        if not self.rules.window_leaves_the_cursor and delivery.phase.last:
            return replace(beside, state=replace(beside.state, cursor=max(until, self.store.newest(delivery.stream))))
        return beside

    def _delete(
        self, streams: Sequence[Stream], states: Mapping[str, StreamState], selection: Selection
    ) -> Mapping[str, StreamState]:
        """Mark what Messages say was deleted, as `sync` does before it reads; return the states to go on from."""
        if selection.full:
            return states

        def delete(stream: Stream, tombstones: Sequence[Tombstone]) -> int:
            self.store.maybe_die()
            return self.store.mark_deleted(stream, {one.id: one.time for one in tombstones})

        return deletions.look_up(self.platform.get, streams, states, selection, 5, delete).states

    def sweep(self, stream: Stream, guard: sweeping.Guard | None = None) -> Difference | None:
        """Compare with the platform, mark what is gone and read again what differs, if that can be believed."""
        state = self.store.states().get(stream.name, StreamState())
        if state.cursor is None or state.mode is not None:
            return None
        listed = state if self.rules.sweep_minds_the_part else replace(state, since=None, where=())
        pages = sweeping.listing(self.platform.get, stream, listed, 7)
        difference = self.store.compare(stream, pages, state.cursor, listed.since)
        if self.rules.delete_guard and sweeping.refusal(stream, difference, guard or sweeping.Guard()):
            return None
        self.store.mark_deleted(stream, dict.fromkeys(difference.gone, state.cursor))
        for page in sweeping.fetch(self.platform.get, stream, (*difference.missing, *difference.stale), listed.where):
            self.store.merge(stream, page.records)
        return difference

    def differences(self) -> list[str]:
        """Return how the destination differs from the shop: nothing, if all rules hold."""
        return [text for stream in self.streams for text in self._differences(stream.name)]

    def _differences(self, name: str) -> list[str]:
        held, seen = self.store.live(name), self.platform.seen(name)
        truth = {one: row for one, row in seen.items() if self._is_wanted(name, row)}
        extra = {one for one in held.keys() - truth.keys() if not self._is_older(seen.get(one))}
        found = [
            *(f"lost {name} {one}" for one in sorted(truth.keys() - held.keys())),
            *(f"kept {name} {one}, which is gone" for one in sorted(extra)),
            *(f"old {name} {one}" for one in sorted(truth.keys() & held.keys()) if truth[one] != held[one]),
        ]
        swept = self.swept.get(name)
        if swept is not None and (swept.missing or swept.stale):
            found.append(f"the sweep had to mend {name} {swept.missing} {swept.stale}")
        if swept is not None and name == "orders" and not self.where and not self.revived and swept.gone:
            found.append(f"Messages did not tell of {swept.gone}")
        return found

    def _is_wanted(self, name: str, row: dict[str, Any]) -> bool:
        filtered = any(stream == name for stream, _ in self.where) and row["kind"] != "a"
        return not filtered and (self.since is None or row["lastModifiedAt"] >= self.since)

    def _is_older(self, row: dict[str, Any] | None) -> bool:
        """Tell whether a row is from before the part that runs ask for: a window may have brought it."""
        return row is not None and self.since is not None and row["lastModifiedAt"] < self.since

    def _let_time_pass(self) -> None:
        """Let the shop live for hours, so that no look-back covers what a run has lost."""
        for _ in range(self.chance.randrange(1, 5)):
            self.platform.now += timedelta(minutes=self.chance.randrange(90))
            self.platform.live(self.chance.randrange(20))
        self.platform.now += timedelta(minutes=self.chance.choice([0, 0, 11]))

    def _disturb(self) -> None:
        self.platform.trouble = self.chance.choice([0.0, 0.0, 0.05, 0.3])
        self.store.deadly = self.chance.choice([0.0, 0.0, 0.1, 0.3])
        if self.chance.random() < 0.2 and (ids := self.platform.ids()):
            self.platform.broken = {self.chance.choice(ids)}

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
            for stream in self.streams:
                self.sweep(stream)
        finally:
            self.platform.blind = False

    def _get(
        self, path: str, params: Sequence[tuple[str, str]], parse: Callable[[bytes], Any], heavy: int | None = None
    ) -> Any:
        """Pass a request on; without the keyset rule it becomes a page by offset over the same window."""
        if self.rules.keyset or {("limit", "0"), ("limit", "1")} & set(params):
            return self._answer(path, params, parse, heavy)
        window = (path, *(KEYSET.sub("", value) for name, value in params if name == "where"))
        begins = not any(KEYSET.search(value) for name, value in params if name == "where")
        offset = 0 if begins else self.counted.get(window, 0)
        plain = [row for row in params if row[0] != "where"] + [("offset", str(offset))]
        plain += [("where", bare) for value in window[1:] if (bare := value.removeprefix(" and "))]
        envelope, size = self._answer(path, plain, parse, heavy)
        self.counted[window] = offset + len(envelope.results)
        return envelope, size

    def _answer(
        self, path: str, params: Sequence[tuple[str, str]], parse: Callable[[bytes], Any], heavy: int | None
    ) -> Any:
        try:
            return self.platform.get(path, params, parse, heavy)
        except PageTooLargeError as error:
            if self.rules.pages_heal:
                raise
            raise NetworkError("nobody asks for less") from error
