"""A collection of very many records and workers in virtual time: how long a read takes when each request takes as long.

Nothing sleeps: in each tick every worker that has a task finishes one request.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import instant
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.engine import Extraction
from commercetools_source.extract.limits import Limits
from commercetools_source.extract.selection import Selection
from simulation.platform import START

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from commercetools_source.extract.tasks import Result, Task, TaskQueue
    from commercetools_source.extract.workers import Reader

PAGE = 100
BOUND = "2027-01-01T00:00:00.000Z"
AFTER = re.compile(r'\(createdAt > "([^"]+)" or \(createdAt = "[^"]+" and id > "([^"]+)"\)\)')
FROM = re.compile(r'createdAt >= "([^"]+)"')
UPPER = re.compile(r'createdAt < "([^"]+)"')
UNTIL = re.compile(r'\(createdAt < "[^"]+" or \(createdAt = "[^"]+" and id <= "([^"]+)"\)\)')


def stamp(milliseconds: int) -> str:
    return instant(START + timedelta(milliseconds=milliseconds))


class Crowd:
    """Records by their sorted times, in milliseconds; a record's id is its place, so that nothing else is stored."""

    def __init__(self, times: Sequence[int]) -> None:
        self.times = sorted(times)
        self.stamps = [stamp(time) for time in self.times]
        self.requests = 0

    def get(
        self,
        path: str,  # noqa: ARG002 - there is one collection
        params: Sequence[tuple[str, str]],
        parse: Callable[[bytes], Any],
        oversized_attempts: int | None = None,  # noqa: ARG002 - nothing fails here
    ) -> Any:
        self.requests += 1
        given = dict(params)
        start, stop = self._range(given.get("where", ""))
        start += int(given.get("offset", "0"))
        places = range(start, min(stop, start + int(given["limit"])))
        rows = ",".join(
            f'{{"id":"{place:09d}","version":1,"createdAt":"{self.stamps[place]}","lastModifiedAt":"{self.stamps[place]}"}}'
            for place in places
        )
        total = min(10_000, stop - start)
        return parse(f'{{"limit":{given["limit"]},"total":{total},"results":[{rows}]}}'.encode())

    def _range(self, where: str) -> tuple[int, int]:
        start, stop = 0, len(self.stamps)
        if found := UNTIL.search(where):
            stop = int(found[1]) + 1
        if found := UPPER.search(UNTIL.sub("", where)):
            stop = min(stop, bisect_left(self.stamps, found[1]))
        if found := AFTER.search(where):
            return int(found[2]) + 1, stop
        if found := FROM.search(where):
            start = bisect_left(self.stamps, found[1])
        return start, stop


class Ticking:
    """Workers of which each does one request in a tick; `ticks` counts them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.ticks = 0
        self._flight: list[Task] = []

    def start(self, tasks: TaskQueue, reader: Reader) -> None:
        self._tasks, self._reader = tasks, reader

    def next_result(self, patience: float) -> Result | None:  # noqa: ARG002 - nobody waits
        while (result := self._tasks.next_result(0.0)) is None and (self._flight or self._tasks.tasks):
            if not self._flight:
                self.ticks += 1
                self._flight = [self._tasks.take(0) for _ in range(min(self.count, len(self._tasks.tasks)))]
            while self._flight:
                task = self._flight.pop(0)
                spare = self.count - len(self._flight) - 1 - len(self._tasks.tasks)
                self._tasks.record(self._reader.perform(task, lambda spare=spare: spare))  # type: ignore[misc]
        return result


class Hoarding:
    """Workers that fetch all they may before anybody looks at it; `most` is how many bytes waited at most."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.most = 0

    def start(self, tasks: TaskQueue, reader: Reader) -> None:
        self._tasks, self._reader = tasks, reader

    def next_result(self, patience: float) -> Result | None:  # noqa: ARG002 - nobody waits
        while self._tasks.tasks and self.limits.working(self._tasks.ahead) > 0:
            task = self._tasks.take(0)
            self._tasks.record(self._reader.perform(task, lambda: self.limits.workers))
            self.most = max(self.most, self._tasks.ahead)
        return self._tasks.next_result(0.0)


def hoard(times: Sequence[int], ahead_bytes: int) -> int:
    """Read all of a crowd as far ahead as it may be; return how many bytes waited at most."""
    limits = Limits(page_size=PAGE, ahead_bytes=ahead_bytes)
    workers = Hoarding(limits)
    extraction = Extraction(Crowd(times).get, [STREAMS["orders"]], {}, Selection(bound=BOUND), limits, workers=workers)
    assert sorted(_ids(extraction)) == list(range(len(times)))
    return workers.most


def read(times: Sequence[int], workers: int = 8) -> tuple[int, int]:
    """Read all of a crowd; return in how many ticks, and how many one worker would need."""
    crowd = Crowd(times)
    limits = Limits(workers=workers, page_size=PAGE, batch_seconds=3600.0)
    ticking = Ticking(workers)
    extraction = Extraction(crowd.get, [STREAMS["orders"]], {}, Selection(bound=BOUND), limits, workers=ticking)
    seen = sorted(_ids(extraction))
    assert seen == list(range(len(times)))
    return ticking.ticks, -(-len(times) // PAGE)


def _ids(extraction: Extraction) -> Iterator[int]:
    for delivery in extraction.deliveries():
        assert isinstance(delivery.state, StreamState)
        for record in delivery.records:
            yield int(bytes(record)[7:16])
