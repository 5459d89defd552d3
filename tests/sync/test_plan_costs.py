"""What `plan` says a run takes, against what the run then takes: requests, and seconds in virtual time.

Every answer takes one second of a clock that only answers move, and the workers are virtual too, so that no machine
is too slow for this.
"""

from __future__ import annotations

import os
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import pytest

from commercetools_source.catalog.streams import streams_of
from commercetools_source.client import Client
from commercetools_source.destinations import Jsonl, Parquet
from commercetools_source.events import Event, RequestDone
from commercetools_source.extract.engine import Extraction
from commercetools_source.extract.limits import Limits
from commercetools_source.extract.writing import write_all
from commercetools_source.http.exchange import Timing
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.plan import Plan, plan
from commercetools_source.sync.transfer import selection_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.tasks import Result, TaskQueue
    from commercetools_source.extract.workers import Reader

SOME = {
    "all": None,
    "a whole stream": ["orders"],
    "a small stream": ["zones"],
    "a stream without changes": ["api_clients"],
    "in stores": ["store_product_selection_assignments"],
    "in business units": ["approval_rules", "approval_flows"],
    "in selections": ["product_selection_products"],
    "in containers": ["custom_objects"],
}


class Answers:
    """A clock that each answer moves by a second; `count` is how many there were."""

    def __init__(self) -> None:
        self.count = 0
        self.timing = Timing(now=lambda: float(self.count), sleep=lambda _: None)

    def __call__(self, event: Event) -> None:
        self.count += isinstance(event, RequestDone)


class Virtual:
    """`count` workers of which each is busy for as many virtual seconds as its task has requests."""

    def __init__(self, count: int, answers: Answers) -> None:
        self.now = 0
        self._count = count
        self._answers = answers
        self._flight: list[tuple[int, int, Result]] = []
        self._begun = 0

    def start(self, tasks: TaskQueue, reader: Reader) -> None:
        self._tasks, self._reader = tasks, reader

    def next_result(self, patience: float) -> Result | None:  # noqa: ARG002 - nobody waits
        while (result := self._tasks.next_result(0.0)) is None:
            while len(self._flight) < self._count and self._tasks.tasks:
                task, before = self._tasks.take(0), self._answers.count
                spare = self._count - len(self._flight) - 1 - len(self._tasks.tasks)
                done = self._reader.perform(task, lambda spare=spare: spare)  # type: ignore[misc]
                self._begun += 1
                heappush(self._flight, (self.now + self._answers.count - before, self._begun, done))
            if not self._flight:
                return None
            self.now, _, done = heappop(self._flight)
            self._tasks.record(done)
        return result


@pytest.fixture(scope="module")
def tiny() -> Iterator[Sandbox]:
    with Sandbox(size="tiny") as shop:
        yield shop


class Shop:
    """A shop of `sandbox`, read in pages of `size` into a folder: what its runs take, and what `plan` says of them."""

    def __init__(self, sandbox: Sandbox, folder: Path, size: int) -> None:
        self.settings = {**sandbox.settings(), "page_size": size}
        self.folder = folder

    def planned(self, streams: Sequence[str] | None) -> tuple[Plan, float]:
        """Return the plan of a run, and the seconds that it names."""
        answers, target = Answers(), Parquet(self.folder)
        states: Mapping[str, StreamState] = target.open_read_only() if self.folder.exists() else {}
        target.close()
        with Client(self.settings, hook=answers, timing=answers.timing) as client:
            forecast = plan(client, states, streams=streams, destination=target, now=answers.timing.now)
            return forecast, forecast.seconds(client.config.concurrency)

    def requests(self, streams: Sequence[str] | None) -> int:
        """Run, and return how many requests that took."""
        with Client(self.settings) as client:
            assert sync(client, Parquet(self.folder), streams=streams).complete
            return client.traffic().requests

    def seconds(self, streams: Sequence[str] | None) -> float:
        """Return how long the answers of the same run take when each takes a second and nothing else any time."""
        answers, target = Answers(), Jsonl(self.folder.with_name(f"{self.folder.name} as lines"))
        with Client(self.settings, hook=answers, timing=answers.timing) as client:
            chosen, config = streams_of(streams), client.config
            selection = selection_of(client, chosen)
            before, workers = answers.count, Virtual(config.concurrency, answers)
            limits = Limits.of(config.concurrency, config.page_size, target.batch_bytes)
            # As `sync` orders them.
            ordered = sorted(chosen, key=lambda stream: stream.parents is None)
            extraction = Extraction(client.get, ordered, target.open(), selection, limits, workers=workers)
            write_all(extraction, target, lambda _: None, lambda delivery: delivery)
            target.close()
            assert all(outcome.complete for outcome in extraction.outcomes.values())
        return before + workers.now


def within_two(planned: float, run: float) -> bool:
    return run / 2 <= planned <= run * 2


@pytest.mark.few(8)
@pytest.mark.parametrize("size", [500, 20], ids=["one page a stream", "many pages"])
@pytest.mark.parametrize("streams", SOME.values(), ids=SOME)
def test_a_plan_names_requests_and_seconds_of_a_first_run_and_of_the_next(
    tiny: Sandbox, tmp_path: Path, streams: Sequence[str] | None, size: int
) -> None:
    if streams is None and size == 500 and "HOURS" not in os.environ:
        pytest.skip("the single streams have one page each: make hours")
    _compare(Shop(tiny, tmp_path / "files", size), streams)


@pytest.mark.skipif("HOURS" not in os.environ, reason="the demo shop takes a minute: make hours")
def test_a_plan_of_the_demo_shop_is_as_good(tmp_path: Path) -> None:
    with Sandbox(size="demo") as shop:
        _compare(Shop(shop, tmp_path / "all", 500), None)
        _compare(Shop(shop, tmp_path / "orders", 500), ["orders"])


def _compare(shop: Shop, streams: Sequence[str] | None) -> None:
    for mode in ("first", "next"):
        forecast, seconds = shop.planned(streams)
        # Of the next run only: nothing is there that could have been deleted before.
        loaded = mode == "next" and any(stream.deleted_messages for stream in streams_of(streams))
        assert (forecast.deletions is not None) == loaded
        requests, virtual = shop.requests(streams), shop.seconds(streams)
        assert within_two(forecast.requests, requests), f"{mode} run: {forecast.requests} of {requests} requests"
        assert within_two(seconds, virtual), f"{mode} run: {seconds} of {virtual} seconds"
