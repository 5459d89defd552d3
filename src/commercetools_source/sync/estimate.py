"""What a stream costs, estimated from few questions: counts of its ranges, and how long answers take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from commercetools_source.catalog.services import API, service_of
from commercetools_source.catalog.stream import Paging
from commercetools_source.errors import ON_THE_WAY, StateError
from commercetools_source.extract.counting import Count, count_range, total_params
from commercetools_source.extract.envelope import Rows, decode_rows, refuse_odd
from commercetools_source.extract.request import PageRequest, path_of
from commercetools_source.sync.cost import NOTHING, Cost, range_cost

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from commercetools_source.catalog.streams import Stream
    from commercetools_source.client import Client
    from commercetools_source.extract.keyset import KeyRange

__all__ = ["Asker", "Counter", "Forecast", "Precision"]

Precision = Literal["exact", "about", "at least"]

_QUESTIONS = 40
"""Requests that counting one stream may take."""
_SAMPLE = 20
"""Records asked for to see how long a page takes."""
_RANGES = 20
"""Ranges that are counted, of a read that has more of them."""
_ATTEMPTS = 4
"""Attempts at a question whose answer is of no use: nobody waits minutes for a forecast."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What reading one stream takes: `records`, `requests`, and the `seconds` of their answers one after the other.

    `chain`: the seconds of the longest sequence of answers in which each waits for the one before, whatever the number
    of concurrent requests. `precision` is that of `records`. They are None where they cannot be told, with a `note`.
    """

    stream: str
    mode: str
    records: int | None
    requests: int
    seconds: float
    precision: Precision = "exact"
    note: str = ""
    chain: float = 0.0

    @property
    def exact(self) -> bool:
        """Whether `records` is neither an estimate nor a lower bound."""
        return self.precision == "exact"


class Asker:
    """Asks questions of a client and times the answers; `pause`: the seconds that the fastest of them took."""

    def __init__(self, client: Client, now: Callable[[], float]) -> None:
        self.client = client
        self._now = now
        self._fastest: float | None = None

    @property
    def pause(self) -> float:
        """The seconds of the fastest answer: the way to the platform and back."""
        return self._fastest or 0.0

    def total(self, path: str, params: Sequence[tuple[str, str]], where: Sequence[str]) -> int:
        """Return the total that the platform tells; raises StateError where that is no number, or missing."""
        return self._counted(path, total_params(params, where))[1]

    def rows(self, path: str, params: Sequence[tuple[str, str]], limit: int) -> tuple[list[dict[str, Any]], int]:
        """Return records of a collection as plain values, and how many it has; raises as `total` does."""
        return self._counted(path, total_params(params, (), limit))

    def _counted(self, path: str, params: Sequence[tuple[str, str]]) -> tuple[list[dict[str, Any]], int]:
        answer: Rows = self._get(path, params, decode_rows)
        service, below = service_of(path)
        label = below if service == API else service
        refuse_odd(label, answer.odd)
        if answer.total is None:
            raise StateError(
                f"answers of {label} have no total, so that nobody can tell how much there is to read; {ON_THE_WAY}"
            )
        return answer.rows, answer.total

    def time(self, path: str, params: Sequence[tuple[str, str]]) -> float:
        """Return the seconds that a request takes."""
        begun = self._now()
        # Only the time matters: a record that nobody can decode is for the run to name, so nothing is decoded.
        self._get(path, params, len)
        return self._now() - begun

    def _get(self, path: str, params: Sequence[tuple[str, str]], parse: Callable[[bytes], Any]) -> Any:
        begun = self._now()
        answer = self.client.get_briefly(path, params, parse, _ATTEMPTS)
        seconds = self._now() - begun
        self._fastest = seconds if self._fastest is None else min(self._fastest, seconds)
        return answer


class Counter:
    """Counts the records of one stream, and measures how long a page of them takes."""

    def __init__(self, asker: Asker, stream: Stream, where: Sequence[str]) -> None:
        self.asker = asker
        self.stream = stream
        self.where = tuple(where)

    def forecast(
        self,
        mode: str,
        ranges: Sequence[KeyRange],
        *,
        number: int | None = None,
        listing: Cost = NOTHING,
        most: int = _RANGES,
        workers: int | None = None,
    ) -> Forecast:
        """Return what reading `number` ranges takes (None: as many as `ranges`), judged by at most `most` of them.

        `listing`: what comes before.
        """
        config = self.asker.client.config
        number = len(ranges) if number is None else number
        # Evenly spread, as what was made first need not be like what came last; from the last one on, because of a
        # young project the first months have nothing.
        sample = ranges[:: -math.ceil(len(ranges) / most)] if ranges else ()
        records, requests, turns, exact = 0, 0.0, 0.0, True
        for key_range in sample:
            count = self.count(key_range, path_of(self.stream, key_range), _QUESTIONS // len(sample))
            records, exact = records + count.records, exact and count.exact
            request = PageRequest(self.asker.client.get, self.stream, key_range, self.where)
            cost = range_cost(request, count.records, config.page_size, workers or config.concurrency)
            requests, turns = requests + cost.requests, max(turns, cost.turns)
        share = number / len(sample) if sample else 0.0
        precision: Precision = "at least" if not exact else "about" if share > 1 else "exact"
        path = path_of(self.stream, sample[0]) if sample else ""
        note = f"estimated from {len(sample)} of its {number:,} parts" if share > 1 else ""
        return self.costed(
            mode, round(records * share), precision, (listing, Cost(requests * share, turns)), path, note
        )

    def costed(
        self, mode: str, records: int, precision: Precision, costs: tuple[Cost, Cost], path: str, note: str
    ) -> Forecast:
        """Return the forecast of a read that costs `costs`, one after the other; a page is timed at `path`."""
        listing, pages = costs
        requests = listing.requests + pages.requests
        pause, record_seconds = self.asker.pause, self._record_seconds(path, records)
        chain = (listing.turns + pages.turns) * pause + records * record_seconds * pages.turns / max(
            pages.requests, 1.0
        )
        seconds = requests * pause + records * record_seconds
        return Forecast(self.stream.name, mode, records, round(requests), seconds, precision, note, chain)

    def count(self, key_range: KeyRange, path: str, questions: int = _QUESTIONS) -> Count:
        """Return how many records `key_range` has.

        A full read up to now is counted without a predicate, by one question; what was created since its
        bound is counted too, which is minutes.
        """
        if self.stream.paging is Paging.DATED:
            # Its dates select, and where offsets end a total may end, too.
            dated = PageRequest(self.asker.client.get, self.stream, key_range)
            _, total = self.asker.rows(path, dated.selecting(), 1)
            return Count(total, exact=total < self.stream.reach)
        # Without a predicate the platform counts past 10,000 (see `counting.CEILING`), so one question is enough.
        if not self.where and key_range.lower is None and key_range.after is None:
            return Count(self.asker.total(path, self.stream.params, ()), exact=True)
        counted = count_range(
            lambda where: self.asker.total(path, self.stream.params, where),
            key_range,
            where=self.where,
            questions=questions,
        )
        return counted or Count(0, exact=False)

    def _record_seconds(self, path: str, records: int) -> float:
        """Return how many seconds a record adds to the smallest answer."""
        if not records or not path:
            return 0.0
        sample = min(_SAMPLE, records)
        seconds = self.asker.time(path, total_params(self.stream.params, (), sample))
        return max(0.0, seconds - self.asker.pause) / sample
