"""A collection of very many records and workers in virtual time: how long a read takes when each request takes as long.

Nothing sleeps: in each tick every worker that has a task finishes one request.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.engine import Extraction
from commercetools_source.extract.limits import Limits
from commercetools_source.extract.selection import Selection
from commercetools_source.timestamps import instant, moment
from simulation.platform import START

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from commercetools_source.extract.engine import _Result

PAGE = 100
BOUND = "2027-01-01T00:00:00.000Z"
AFTER = re.compile(r'\(createdAt > "([^"]+)" or \(createdAt = "[^"]+" and id > "([^"]+)"\)\)')
FROM = re.compile(r'createdAt >= "([^"]+)"')
UPPER = re.compile(r'createdAt < "([^"]+)"')
UNTIL = re.compile(r'\(createdAt < "[^"]+" or \(createdAt = "[^"]+" and id <= "([^"]+)"\)\)')


def stamp(milliseconds: int) -> str:
    return instant(moment(instant(START)).fromtimestamp(START.timestamp() + milliseconds / 1000, START.tzinfo))


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


class Ticking(Extraction):
    """An extraction with `workers` workers of which each does one request in a tick; `ticks` counts them."""

    workers = 8
    ticks = 0

    def _employ(self) -> None:
        self._flight: list[Any] = []

    def _next_result(self, patience: float) -> _Result | None:
        if self._results.empty():
            if not self._flight:
                self.ticks += 1
                self._flight = [self._tasks.popleft() for _ in range(min(self.workers, len(self._tasks)))]
            while self._flight:
                task = self._flight.pop(0)
                self._idle = self.workers - len(self._flight) - 1
                self._perform(task)
        return super()._next_result(0.0 if self._results.empty() else patience)


class Hoarding(Extraction):
    """An extraction that fetches all it may before it looks at any of it; `most` is how many bytes waited at most."""

    most = 0

    def _employ(self) -> None:
        pass

    def _next_result(self, patience: float) -> _Result | None:
        self._idle = self._limits.workers
        while self._tasks and self._free() > 0:
            self._perform(self._tasks.popleft())
            self.most = max(self.most, self._ahead)
        return super()._next_result(0.0 if self._results.empty() else patience)


def hoard(times: Sequence[int], ahead_bytes: int) -> int:
    """Read all of a crowd as far ahead as it may be; return how many bytes waited at most."""
    extraction = Hoarding(
        Crowd(times).get, [STREAMS["orders"]], {}, Selection(BOUND), Limits(page_size=PAGE, ahead_bytes=ahead_bytes)
    )
    assert sorted(_ids(extraction)) == list(range(len(times)))
    return extraction.most


def read(times: Sequence[int], workers: int = 8) -> tuple[int, int]:
    """Read all of a crowd; return in how many ticks, and how many one worker would need."""
    crowd = Crowd(times)
    limits = Limits(workers=workers, page_size=PAGE, batch_seconds=3600.0)
    extraction = Ticking(crowd.get, [STREAMS["orders"]], {}, Selection(BOUND), limits)
    extraction.workers = workers
    seen = sorted(_ids(extraction))
    assert seen == list(range(len(times)))
    return extraction.ticks, -(-len(times) // PAGE)


def _ids(extraction: Extraction) -> Iterator[int]:
    for delivery in extraction.deliveries():
        assert isinstance(delivery.state, StreamState)
        for record in delivery.records:
            yield int(bytes(record)[7:16])
