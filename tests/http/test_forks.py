"""A client in forked processes, as gunicorn, Celery and Airflow make them: each answer its own, and nobody waits."""

from __future__ import annotations

import multiprocessing
import os
import queue
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source import Client
from commercetools_source.catalog.lazy import lazy
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.errors import CommercetoolsError
from commercetools_source.events import Event, PageRead, TokenFetched
from commercetools_source.extract.engine import Extraction
from commercetools_source.extract.limits import Limits
from commercetools_source.extract.selection import Selection
from commercetools_source.http.connections import Connections
from commercetools_source.http.forks import PerProcess
from commercetools_source.report.tally import Tally
from commercetools_source.sandbox import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.context import ForkProcess

    from commercetools_source.extract.delivery import Delivery

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    # Python 3.12 and later warn of what these tests do.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
PATIENCE = 600.0
"""Seconds after which who waits counts as stuck: no event takes as long, whatever else the machine does."""
READ = (
    "carts",
    "categories",
    "channels",
    "customer_groups",
    "customers",
    "discount_codes",
    "orders",
    "payments",
    "product_types",
    "products",
    "states",
    "stores",
    "tax_categories",
    "types",
    "zones",
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    # In a process of its own: a fork would copy the sockets of one in here.
    with SandboxProcess() as running:
        yield running


@pytest.fixture(scope="module")
def shop(sandbox: SandboxProcess) -> dict[str, list[str]]:
    """Return the ids of each stream, read before anything was forked."""
    with Client(sandbox.settings()) as client:
        return {name: ids(client, name) for name in READ}


@pytest.fixture
def client(sandbox: SandboxProcess) -> Iterator[Client]:
    with Client(sandbox.settings()) as client:
        yield client


def ids(client: Client, stream: str) -> list[str]:
    return [record["id"] for record in client.records(stream, page_size=20)]


def forked(work: Callable[[], object]) -> ForkProcess:
    """Start `work` in a forked process, which exits with 0 when it returns something true."""
    process = multiprocessing.get_context("fork").Process(target=lambda: sys.exit(0 if work() else 1))
    process.start()
    return process


def statuses(processes: list[ForkProcess]) -> list[int | None]:
    """Return how processes ended: 0 is well, None is not within `PATIENCE` seconds."""
    found: list[int | None] = []
    for process in processes:
        process.join(PATIENCE)
        found.append(process.exitcode)
        process.kill()
        process.join()
    return found


def test_parent_and_children_read_at_once_and_each_gets_its_own_answers(
    client: Client, shop: dict[str, list[str]]
) -> None:
    assert ids(client, "zones") == shop["zones"]  # there is a token, and a connection that a child could take
    gate = multiprocessing.get_context("fork").Barrier(len(READ) + 1)

    def reads(name: str) -> bool:
        gate.wait(PATIENCE)
        return all(ids(client, name) == shop[name] for _ in range(5))

    children = [forked(lambda name=name: reads(name)) for name in READ]
    gate.wait(PATIENCE)
    ours = [ids(client, name) for name in READ]
    assert statuses(children) == [0] * len(READ)
    assert ours == [shop[name] for name in READ]


def test_a_child_forked_under_load_ends_and_the_load_goes_on(client: Client, shop: dict[str, list[str]]) -> None:
    stop = threading.Event()
    read: queue.SimpleQueue[tuple[str, list[str]]] = queue.SimpleQueue()
    began = threading.Barrier(25)

    def load(name: str) -> None:
        began.wait(PATIENCE)
        while not stop.is_set():
            read.put((name, ids(client, name)))

    threads = [threading.Thread(target=load, args=(READ[number % len(READ)],)) for number in range(24)]
    for thread in threads:
        thread.start()
    began.wait(PATIENCE)
    try:
        children = [forked(lambda name=name: ids(client, name) == shop[name]) for name in (*READ, *READ)]
        for _ in range(read.qsize() + len(threads)):
            name, found = read.get(timeout=PATIENCE)
            assert found == shop[name]
    finally:
        # The load has gone on behind the forks; it is not to starve the children where cores are few.
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    assert statuses(children) == [0] * len(children)
    assert ids(client, "orders") == shop["orders"]


def test_a_child_has_the_whole_budget_while_every_request_of_the_parent_is_under_way(
    sandbox: SandboxProcess, shop: dict[str, list[str]]
) -> None:
    busy, done = threading.Barrier(3), threading.Event()

    def hold(body: bytes) -> bytes:
        busy.wait(PATIENCE)
        done.wait(PATIENCE)
        return body

    bodies: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    with Client({**sandbox.settings(), "concurrency": 2}) as client:
        expected = client.get("/zones", [], bytes)
        threads = [threading.Thread(target=lambda: bodies.put(client.get("/zones", [], hold))) for _ in range(2)]
        for thread in threads:
            thread.start()
        busy.wait(PATIENCE)
        child = forked(lambda: ids(client, "stores") == shop["stores"])
        assert statuses([child]) == [0]
        done.set()
        assert [bodies.get(timeout=PATIENCE) for _ in threads] == [expected] * 2
        for thread in threads:
            thread.join(PATIENCE)


def test_a_child_forked_while_a_token_is_fetched_fetches_its_own(
    sandbox: SandboxProcess, shop: dict[str, list[str]]
) -> None:
    fetched, done, parent = threading.Event(), threading.Event(), os.getpid()

    def hook(event: Event) -> None:
        if isinstance(event, TokenFetched) and os.getpid() == parent:
            fetched.set()
            done.wait(PATIENCE)

    with Client(sandbox.settings(), hook=hook) as client:
        thread = threading.Thread(target=client.access_token)
        thread.start()
        assert fetched.wait(PATIENCE)
        child = forked(lambda: ids(client, "stores") == shop["stores"])
        assert statuses([child]) == [0]
        done.set()
        thread.join(PATIENCE)
        assert ids(client, "stores") == shop["stores"]


def test_a_child_uses_the_token_that_is_there_already(sandbox: SandboxProcess) -> None:
    with Client(sandbox.settings()) as client:
        token = client.access_token()
        assert statuses([forked(lambda: client.access_token() == token)]) == [0]


@pytest.mark.parametrize("reads", [False, True])
def test_what_a_child_closes_stays_open_for_its_parent(
    reads: bool,  # noqa: FBT001 - a parameter of the test
    client: Client,
    shop: dict[str, list[str]],
) -> None:
    """The parent's pages go on over the connection that they began with, in the middle of which the child closed."""
    pages = client.pages("orders", page_size=20)
    found = list(next(pages).records)

    def close() -> bool:
        right = not reads or ids(client, "orders") == shop["orders"]
        client.close()
        return right

    assert statuses([forked(close), forked(close)]) == [0, 0]
    before = opened(client)
    found += [record for page in pages for record in page.records]
    assert len(found) == len(shop["orders"])
    assert opened(client) == before


def opened(client: Client) -> int:
    """Return how many connections to the API this process has opened."""
    traffic = client._transport._traffic.get()
    pool: Any = traffic.connections.towards(client.config.api_url).connection_from_url(client.config.api_url)
    return int(pool.num_connections)


def test_a_grandchild_has_its_own_connections_too(client: Client, shop: dict[str, list[str]]) -> None:
    assert ids(client, "zones") == shop["zones"]

    def child() -> bool:
        right = ids(client, "stores") == shop["stores"]
        grandchildren = [forked(lambda name=name: ids(client, name) == shop[name]) for name in READ[:4]]
        return right and ids(client, "orders") == shop["orders"] and statuses(grandchildren) == [0] * 4

    assert statuses([forked(child)]) == [0]


def extraction(client: Client) -> tuple[Extraction, Iterator[Delivery]]:
    rows = [STREAMS[name] for name in READ]
    run = Extraction(client.get, rows, {}, Selection(bound=client.settled_time()), Limits(page_size=20, batch_bytes=1))
    return run, run.deliveries()


def test_a_run_is_not_continued_by_a_child_and_its_parent_completes_it(client: Client) -> None:
    run, deliveries = extraction(client)
    next(deliveries)

    def goes_on() -> bool:
        with pytest.raises(CommercetoolsError, match="forked from it, cannot go on with it"):
            next(deliveries)
        return True

    def leaves() -> bool:
        run.stop()
        deliveries.close()  # type: ignore[attr-defined]
        return True

    assert statuses([forked(goes_on), *(forked(leaves) for _ in range(10))]) == [0] * 11
    list(deliveries)
    assert set(run.outcomes) == set(READ)
    assert all(outcome.complete for outcome in run.outcomes.values())


def test_a_run_that_was_only_prepared_is_begun_by_a_child(client: Client) -> None:
    run, deliveries = extraction(client)

    def begins() -> bool:
        list(deliveries)
        return set(run.outcomes) == set(READ) and all(one.complete for one in run.outcomes.values())

    assert statuses([forked(begins)]) == [0]


def test_a_tally_counts_in_a_child_forked_while_another_thread_counts() -> None:
    counting, done = threading.Event(), threading.Event()
    parent = os.getpid()

    def now() -> float:
        return 0.0

    class Slow(dict[str, Any]):
        def setdefault(self, name: str, default: Any = None) -> Any:
            if os.getpid() == parent:
                counting.set()
                done.wait(PATIENCE)
            return super().setdefault(name, default)

    tally = Tally(now=now, streams=Slow())
    thread = threading.Thread(target=tally, args=(PageRead("orders", 5, 100),))
    thread.start()
    assert counting.wait(PATIENCE)

    def counts() -> bool:
        tally(PageRead("orders", 5, 100))
        return tally.records == 5

    assert statuses([forked(counts)]) == [0]
    done.set()
    thread.join(PATIENCE)


class Once:
    """An object with a property whose first answer, in the process that asks first, takes until `done`."""

    asked, done, parent = threading.Event(), threading.Event(), 0

    @lazy
    def value(self) -> object:
        if os.getpid() == self.parent and not self.asked.is_set():
            self.asked.set()
            self.done.wait(PATIENCE)
        return object()


def test_a_property_is_made_in_a_child_forked_while_another_thread_makes_it() -> None:
    Once.parent = os.getpid()
    one, found = Once(), queue.SimpleQueue[object]()
    thread = threading.Thread(target=lambda: found.put(one.value))
    thread.start()
    assert Once.asked.wait(PATIENCE)
    assert statuses([forked(lambda: one.value is one.value and Once().value is not one.value)]) == [0]
    first = one.value
    Once.done.set()
    assert found.get(timeout=PATIENCE) is first is one.value
    thread.join(PATIENCE)


def test_a_frame_of_polars_is_refused_in_a_child_of_a_process_that_made_one(client: Client) -> None:
    pytest.importorskip("polars")
    rows = client.polars("zones").height

    def reads() -> bool:
        with pytest.raises(CommercetoolsError, match="has used Polars, whose threads"):
            client.polars("zones")
        return client.pandas("zones").shape[0] == client.arrow("zones").read_all().num_rows == rows

    assert statuses([forked(reads)]) == [0]
    assert client.polars("zones").height == rows


def test_threads_that_ask_at_once_get_the_same_value() -> None:
    gate = threading.Barrier(16)
    own = PerProcess(object)
    found: queue.SimpleQueue[object] = queue.SimpleQueue()

    def ask() -> None:
        gate.wait(PATIENCE)
        found.put(own.get())

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    assert len({id(found.get(timeout=PATIENCE)) for _ in threads}) == 1
    assert own.made() is own.get()


def test_no_more_connections_stay_open_than_are_asked_for() -> None:
    pool: Any = Connections(idle=2, timeout=1.0).towards("http://127.0.0.1:9").connection_from_url("http://127.0.0.1:9")
    idle = pool.pool
    assert [idle.get(block=False) for _ in range(2)] == [None, None]
    with pytest.raises(queue.Empty):
        idle.get(block=False)
    idle.put("first", block=False)
    idle.put("second", block=False)
    with pytest.raises(queue.Full):
        idle.put("third", block=False)
    assert idle.qsize() == 2
    assert idle.get(block=False) == "second"
    idle.get(block=False)
