"""Listings through GraphQL: the same as through REST, and REST where GraphQL is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from chaos.proxy import Answer, serving
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.errors import ApiError, InvalidRequestError
from commercetools_source.events import Event, RequestDone
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.sandbox import Fault, Sandbox
from commercetools_source.sync import listing as graphql
from commercetools_source.sync.compare import sweep, verify
from commercetools_source.sync.run import sync
from commercetools_source.sync.sweeping import FIELDS, listing, sweepable
from patience import Jumps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ALL = StreamState(cursor="2100-01-01T00:00:00.000Z")
LISTED = [stream for stream in STREAMS.values() if sweepable(stream) and graphql.query_of(stream) is not None]


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def no_faults_before(shop: Sandbox) -> None:
    shop.faults.clear()


def test_every_list_query_shows_the_records_that_rest_shows(shop: Sandbox) -> None:
    assert len(LISTED) > 30
    with Client(shop.settings()) as client:
        for stream in LISTED:
            get = graphql.reader(client, graphql.query_of(stream) or "", FIELDS)
            by_rest = [one for page in listing(client.get, stream, ALL, 30) for one in page]
            by_graphql = [one for page in listing(get, stream, ALL, 30) for one in page]
            assert by_graphql == by_rest, stream.name
            assert by_rest, stream.name


def test_what_graphql_reports_as_errors_is_an_error(shop: Sandbox) -> None:
    with Client(shop.settings()) as client:
        get = graphql.reader(client, "nonsense", FIELDS)
        with pytest.raises(InvalidRequestError, match="Cannot query field 'nonsense'"):
            get("/orders", [("limit", "1")], lambda body: body, None)


def verdicts(shop: Sandbox, path: Path, events: list[Event], **settings: Any) -> list[Any]:
    with Client({**shop.settings(), **settings}, hook=events.append) as client:
        sync(client, open_destination(str(path)), streams=["orders"])
        events.clear()
        return list(verify(client, open_destination(str(path)), ["orders"]))


def paths(events: list[Event]) -> set[str]:
    return {event.path.split("/", 2)[2] for event in events if isinstance(event, RequestDone)}


def test_a_comparison_asks_graphql_for_lines_and_not_for_documents(shop: Sandbox, tmp_path: Path) -> None:
    events: list[Event] = []
    assert [one.equal for one in verdicts(shop, tmp_path / "a.duckdb", events)] == [True]
    assert paths(events) == {"graphql"}
    size = sum(event.size for event in events if isinstance(event, RequestDone))
    with Client(shop.settings(), hook=events.append) as client:
        events.clear()
        assert sum(map(len, listing(client.get, STREAMS["orders"], ALL, 500))) == len(shop.records("orders"))
    assert size * 10 < sum(event.size for event in events if isinstance(event, RequestDone))


@pytest.mark.parametrize("status", [400, 403, 404])
def test_where_graphql_is_refused_the_comparison_reads_rest(shop: Sandbox, tmp_path: Path, status: int) -> None:
    shop.faults.add(Fault("status", "/graphql", status=status, times=None))
    events: list[Event] = []
    assert [one.equal for one in verdicts(shop, tmp_path / "a.duckdb", events)] == [True]
    assert paths(events) == {"graphql", "orders"}


def test_where_graphql_does_not_answer_the_comparison_waits_once_and_reads_rest(shop: Sandbox, tmp_path: Path) -> None:
    shop.faults.add(Fault("reset", "/graphql", times=None))
    path, jumps = tmp_path / "a.duckdb", Jumps()
    with Client(shop.settings(), timing=jumps.timing) as client:
        sync(client, open_destination(str(path)), streams=["customers", "orders", "zones"])
        assert [one.equal for one in verify(client, open_destination(str(path)))] == [True] * 3
        assert sum(jumps.waits) <= client.config.retry_seconds


def test_a_listing_that_breaks_off_in_the_middle_is_no_listing(shop: Sandbox, tmp_path: Path) -> None:
    shop.faults.add(Fault("status", "/graphql", status=403, after=1, times=None))
    (verdict,) = verdicts(shop, tmp_path / "a.duckdb", [], page_size=30)
    assert verdict.difference is None
    assert "403" in verdict.note


class Listing:
    """Changes the results of what GraphQL answers, and with `counted` their count too."""

    def __init__(self, change: Callable[[list[Any]], list[Any]], *, counted: bool = True) -> None:
        self._change = change
        self._counted = counted

    def change(self, path: str, answer: Answer) -> Answer:
        body = json.loads(answer.body) if path.endswith("/graphql") else {}
        for page in (body.get("data") or {}).values():
            page["results"] = self._change(page["results"])
            if self._counted:
                page["count"] = len(page["results"])
        return replace(answer, body=json.dumps(body).encode()) if body else answer


def without_version(results: list[Any]) -> list[Any]:
    return [{**row, "version": None} for row in results]


CUTS: list[Callable[[list[Any]], list[Any]]] = [
    lambda results: results[: len(results) // 2],
    lambda results: results[1:],
    lambda results: [*results[:1], *results[2:]],
    without_version,
]


@pytest.mark.parametrize("change", CUTS)
def test_a_listing_that_is_cut_or_broken_marks_no_row(
    shop: Sandbox, tmp_path: Path, change: Callable[[list[Any]], list[Any]]
) -> None:
    path = tmp_path / "a.duckdb"
    with Client(shop.settings()) as client:
        sync(client, open_destination(str(path)), streams=["customers", "zones"])
    with serving(shop.url, Listing(change)) as url, Client({**shop.settings(), "api_url": url}) as client:
        verdicts = sweep(client, open_destination(str(path)))
        told = verify(client, open_destination(str(path)))
    assert [(one.marked, one.equal) for one in verdicts] == [(0, False)] * 2
    assert all(one.note and "unexpected" not in one.note for one in [*verdicts, *told])
    assert not any(one.difference for one in told)  # no row is called gone that the platform has
    with duckdb.connect(str(path)) as connection:
        for table in ("customers", "zones"):
            query = f"SELECT count(*) FROM raw.{table} WHERE _deleted_at IS NOT NULL"
            assert connection.execute(query).fetchone() == (0,)


@pytest.mark.parametrize("change", [*CUTS[:3], lambda _: []])
def test_a_listing_with_fewer_records_than_it_counts_proves_nothing(
    shop: Sandbox, tmp_path: Path, change: Callable[[list[Any]], list[Any]]
) -> None:
    path = tmp_path / "a.duckdb"
    with Client(shop.settings()) as client:
        sync(client, open_destination(str(path)), streams=["customers"])
    with duckdb.connect(str(path)) as connection:  # what the listing hides is missing here too
        first = "SELECT id FROM raw.customers ORDER BY createdAt, id LIMIT 2"
        connection.execute(f"DELETE FROM raw.customers WHERE id IN ({first})")
    for counted in (False, True):
        with (
            serving(shop.url, Listing(change, counted=counted)) as url,
            Client({**shop.settings(), "api_url": url, "page_size": 30}) as client,
        ):
            (verdict,) = verify(client, open_destination(str(path)), ["customers"])
        assert not verdict.equal
        assert ("fewer records than the platform counts" in verdict.note) or counted


def test_deletions_of_custom_objects_are_found_container_by_container(tmp_path: Path) -> None:
    path = tmp_path / "a.duckdb"
    with Sandbox() as shop, Client(shop.settings()) as client:
        sync(client, open_destination(str(path)), streams=["custom_objects"])
        gone, lost = [record["id"] for record in shop.records("custom_objects")[:2]]
        shop.delete("custom_objects", gone)
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"DELETE FROM raw.custom_objects WHERE id = '{lost}'")
        (verdict,) = sweep(client, open_destination(str(path)), ["custom_objects"])
        assert (verdict.marked, verdict.mended, verdict.note) == (1, 1, "")
        assert [one.equal for one in verify(client, open_destination(str(path)), ["custom_objects"])] == [True]


def test_a_refusal_of_the_platform_is_told_when_rest_is_refused_too(shop: Sandbox) -> None:
    shop.add_client("narrow", "secret", ["view_customers"])
    narrow = {**shop.settings(), "client_id": "narrow", "client_secret": "secret"}
    with Client(narrow) as client, pytest.raises(ApiError, match="403"):
        list(listing(client.get, STREAMS["orders"], ALL, 30))
