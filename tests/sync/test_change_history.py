"""The Change History: read complete past the offset limit, from faults too, and only what is new by the next run."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from changes import KEY, NOW, change, journal, keys, shop, stamp
from commercetools_source import STREAMS, Client
from commercetools_source.catalog.scopes import missing_scope, unseen
from commercetools_source.catalog.streams import streams_of
from commercetools_source.errors import DestinationError, StateError
from commercetools_source.events import Event, Notice
from commercetools_source.report.check import CheckReport
from commercetools_source.sandbox import Fault
from commercetools_source.sync.access import inspect
from commercetools_source.sync.compare import sweep, verify
from commercetools_source.sync.run import Summary, sync
from patience import Jumps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from commercetools_source.sandbox import Sandbox
    from commercetools_source.sandbox.platform.request import Request

HISTORY = STREAMS["change_history"]
SHORT = replace(HISTORY, reach=40)
"""The stream with an offset limit that a small history exceeds."""


def run(sandbox: Sandbox, destination: str, hook: Callable[[Event], None] = lambda _: None, **given: Any) -> Summary:
    options = {"streams": [SHORT], **given.pop("options", {})}
    settings = {**sandbox.settings(), "page_size": 16, **given}
    with Client(settings, timing=Jumps().timing, hook=hook) as client:
        return sync(client, destination, hook=hook, **options)


def asked(sandbox: Sandbox) -> list[str]:
    return [seen.query for seen in sandbox.requests if seen.path == "history:/"]


def stored(destination: str) -> list[tuple[Any, ...]]:
    """Return the keys of all rows that a destination holds, sorted; a key that it holds twice comes twice."""
    name, _, path = destination.partition(":")
    columns = ", ".join(KEY)
    if name == "jsonl":
        source = f"read_json('{path}/change_history/*.jsonl', union_by_name = true)"
        return sorted(set(duckdb.sql(f"SELECT {columns} FROM {source}").fetchall()))
    file = path if name == "duckdb" else f"{path}/views.duckdb"
    if name == "parquet":
        return sorted(set(duckdb.sql(f"SELECT {columns} FROM '{path}/change_history/*.parquet'").fetchall()))
    with duckdb.connect(file, read_only=True) as connection:
        return sorted(connection.sql(f"SELECT {columns} FROM change_history").fetchall())


@pytest.mark.parametrize("name", ["duckdb", "parquet", "jsonl"])
def test_a_history_longer_than_offsets_reach_is_read_complete(tmp_path: Path, name: str) -> None:
    destination = f"{name}:{tmp_path / 'held'}"
    with shop(journal(300, 3600)) as sandbox:
        summary = run(sandbox, destination)
        assert summary.complete, summary.outcomes
        assert stored(destination) == keys(sandbox.records("change_history"))
        assert max(int(query.partition("offset=")[2].partition("&")[0] or 0) for query in asked(sandbox)) <= 40


def test_its_columns_are_typed_and_its_changes_are_a_table(tmp_path: Path) -> None:
    with shop(journal(10, 60)) as sandbox:
        run(sandbox, f"duckdb:{tmp_path / 'held'}")
    with duckdb.connect(str(tmp_path / "held")) as connection:
        types = {row[0]: row[1] for row in connection.sql("DESCRIBE change_history").fetchall()}
        assert types["modifiedAt"] == "TIMESTAMP"
        assert (types["version"], types["modifiedBy_isPlatformClient"]) == ("BIGINT", "BOOLEAN")
        row = (
            connection.sql("SELECT * FROM change_history_changes ORDER BY ALL LIMIT 1").to_arrow_table().to_pylist()[0]
        )
        assert (row["change"], row["name"], json.loads(row["nextValue"])) == (
            "setCustomField",
            "weight",
            {"centAmount": 1},
        )
        assert connection.sql("SELECT count(*), any_value(reference_key) FROM change_history_stores").fetchall() == [
            (10, "berlin")
        ]


def test_to_compare_it_is_refused_with_the_reason(tmp_path: Path) -> None:
    with shop(journal(5, 60)) as sandbox:
        destination = f"duckdb:{tmp_path}/shop.duckdb"
        assert run(sandbox, destination).complete
        reason = "its rows never change and are never deleted, and have no id to compare"
        with Client(sandbox.settings()) as client:
            for compare in (verify, sweep):
                with pytest.raises(
                    DestinationError, match=rf"can be compared with the platform \(change_history: {reason}\)"
                ):
                    compare(client, destination)
                assert [verdict.note for verdict in compare(client, destination, ["change_history"])] == [reason]


def test_the_next_run_reads_what_is_new_and_the_look_back(tmp_path: Path) -> None:
    destination = f"duckdb:{tmp_path / 'held'}"
    with shop(journal(60, 3600)) as sandbox:
        run(sandbox, destination)
        before = len(asked(sandbox))
        sandbox.clock.advance(3600)
        later = json.loads(change(999, NOW + timedelta(minutes=20)))
        sandbox.create("change_history", later)
        summary = run(sandbox, destination)
        assert (summary.records, summary.changes["change_history"].new) == (6, 1)
        assert len(asked(sandbox)) == before + 1
        assert (
            f"date.from={stamp(NOW - timedelta(milliseconds=5 * 60_000 + 1))}".replace(":", "%3A") in asked(sandbox)[-1]
        )
        assert stored(destination) == keys(sandbox.records("change_history"))


@pytest.mark.parametrize(
    "fault",
    [
        Fault("throttle", path="history:/", after=3, times=2, seconds=20),
        Fault("status", path="history:/", after=2, times=2, status=503),
        Fault("truncate", path="history:/", after=5, times=1),
        Fault("reset", path="history:/", after=4, times=2),
        Fault("status", path="history:/", after=6, times=3, status=502),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status}",
)
def test_faults_in_the_middle_lose_nothing(tmp_path: Path, fault: Fault) -> None:
    destination = f"duckdb:{tmp_path / 'held'}"
    with shop(journal(150, 3600)) as sandbox:
        sandbox.faults.add(fault)
        assert run(sandbox, destination).complete
        assert [hits for _, hits in sandbox.faults.hits()] == [fault.times]
        assert stored(destination) == keys(sandbox.records("change_history"))


def test_a_429_is_waited_out_as_its_answer_asks(tmp_path: Path) -> None:
    jumps = Jumps()
    with shop(journal(5, 60)) as sandbox:
        sandbox.faults.add(Fault("throttle", path="history:/", seconds=40))
        with Client(sandbox.settings(), timing=jumps.timing) as client:
            assert sync(client, f"jsonl:{tmp_path / 'held'}", streams=[HISTORY]).complete
    assert max(jumps.waits) == 40 * 1.125  # stretched by half of a quarter: the chance of these tests is 0.5


def test_a_run_that_was_ended_goes_on_where_it_stopped(tmp_path: Path) -> None:
    destination = f"duckdb:{tmp_path / 'held'}"
    with shop(journal(200, 3600)) as sandbox:
        sandbox.faults.add(Fault("status", path="history:/", after=45, times=None, status=400))
        first = run(sandbox, destination, concurrency=1)
        assert not first.complete
        sandbox.faults.clear()
        assert run(sandbox, destination).complete
        assert stored(destination) == keys(sandbox.records("change_history"))


@pytest.mark.parametrize("change_made", ["vanished", "appeared"])
def test_records_that_come_or_go_while_pages_are_read_hide_no_other(tmp_path: Path, change_made: str) -> None:
    destination = f"duckdb:{tmp_path / 'held'}"
    rows = journal(60, 3600)
    with shop(rows) as sandbox:
        made: list[str] = []

        def disturb(request: Request) -> None:
            if made or "offset=" not in request.query or "history" not in request.path:
                return
            made.append(request.query)
            collection = sandbox._running.project.collection("history:/")
            if change_made == "vanished":
                newest = max(collection, key=lambda record: json.loads(record.body)["modifiedAt"])
                collection.remove(newest.id)
            else:
                late = change(7_777, NOW - timedelta(milliseconds=1))
                collection.put(sandbox._running.project.record("history:/", late))

        sandbox.before_request(disturb)
        assert run(sandbox, destination, concurrency=1, options={"streams": [replace(HISTORY, reach=100)]}).complete
        assert made
        left = keys(sandbox.records("change_history"))
        assert set(left) <= set(stored(destination))


def test_more_records_of_one_moment_than_offsets_reach_are_an_error_and_not_a_gap(tmp_path: Path) -> None:
    rows = [("history:/", "", change(number, NOW)) for number in range(50)]
    with shop(rows) as sandbox:
        summary = run(sandbox, f"duckdb:{tmp_path / 'held'}")
        assert summary.outcomes[0].cause is StateError
        assert str(summary.outcomes[0].error).startswith("change_history has 40 records or more at 2026-11-01T")
        assert "a time that cannot be divided" in str(summary.outcomes[0].error)


def test_a_host_that_cannot_be_reached_names_the_setting_of_the_history(tmp_path: Path) -> None:
    with shop([]) as sandbox:
        summary = run(sandbox, f"jsonl:{tmp_path / 'held'}", history_url="http://127.0.0.1:9/history", retry_seconds=0)
        assert "history_url" in str(summary.outcomes[0].error)


def test_a_position_older_than_the_platform_keeps_records_is_told(tmp_path: Path) -> None:
    destination = f"duckdb:{tmp_path / 'held'}"
    told: list[Event] = []
    with shop(journal(5, 60)) as sandbox:
        run(sandbox, destination)
        sandbox.clock.advance(400 * 86_400)
        sandbox.create("change_history", json.loads(change(50, NOW + timedelta(days=399))))
        assert run(sandbox, destination, hook=told.append).complete
    (notice,) = (
        event for event in told if isinstance(event, Notice) and event.about == "change_history" and event.lacking
    )
    assert "the platform keeps records for 365 days" in notice.reason
    assert len(stored(destination)) == 6


def test_it_is_read_only_where_it_is_named(tmp_path: Path) -> None:
    assert HISTORY not in streams_of(None)
    assert streams_of(["change_history"]) == (HISTORY,)
    with shop(journal(5, 60)) as sandbox, Client(sandbox.settings()) as client:
        sync(client, f"jsonl:{tmp_path / 'held'}")
        assert asked(sandbox) == []


def checked(sandbox: Sandbox, *scopes: str, **settings: Any) -> list[str]:
    sandbox.add_client("reader", "reader-secret", scopes)
    given = {**sandbox.settings(), "client_id": "reader", "client_secret": "reader-secret", **settings}
    with Client(given, timing=Jumps().timing) as client:
        return [line for line in CheckReport(inspect(client)).text().splitlines() if line.startswith("history")]


ALL = ("manage_project", "view_audit_log")


def test_check_says_what_the_project_has(tmp_path: Path) -> None:
    with shop(journal(1, 1)) as sandbox:
        assert checked(sandbox, *ALL) == ["history   of API clients too (Audit Log Premium): --streams change_history"]
        assert checked(sandbox, "manage_project") == [
            "history   not readable: that needs the scope view_audit_log:sample-shop"
        ]
        (line,) = checked(sandbox, "view_audit_log", "view_orders")
        assert "; without scopes for associate_roles, business_units, " in line
        (line,) = checked(sandbox, *ALL, history_url=None)
        assert line.startswith("history   not available: history_url is missing")
        told: list[Event] = []
        few = {"client_id": "reader", "client_secret": "reader-secret"}
        checked(sandbox, "view_audit_log", "view_orders")
        assert run(sandbox, f"jsonl:{tmp_path / 'held'}", hook=told.append, **few).complete
        (notice,) = (
            event for event in told if isinstance(event, Notice) and event.about == "change_history" and event.lacking
        )
        assert "customers" in notice.reason
        assert " orders" not in notice.reason
        assert "are not shown to this API client" in notice.reason


def test_check_tells_basic_from_premium() -> None:
    with shop([]) as sandbox:
        assert checked(sandbox, *ALL) == ["history   no change in the last 30 days: --streams change_history"]
    with shop([("history:/", "", change(1, NOW))]) as sandbox:
        sandbox.faults.add(Fault("status", path="history:/", times=1, status=400))
        (line,) = checked(sandbox, *ALL)
        assert line.startswith("history   not available: GET /history/sample-shop was answered with 400")


def test_the_scopes_that_it_needs_are_those_of_the_audit_log_and_of_what_is_seen() -> None:
    assert missing_scope(HISTORY, ["manage_project:shop"], "shop") == "view_audit_log:shop"
    assert missing_scope(HISTORY, ["view_audit_log:shop"], "shop") is None
    hidden = unseen(STREAMS.values(), ["view_audit_log:shop", "manage_orders:shop"], "shop")
    names = {stream.name for stream in hidden}
    assert "orders" not in names
    assert {"customers", "products", "payments"} <= names
    assert unseen(STREAMS.values(), ["manage_project:shop"], "shop") == ()


def test_reading_it_by_the_client_is_complete_and_asks_for_all_that_is_kept() -> None:
    rows = [*journal(100, 3600), ("history:/", "", change(5_000, NOW - timedelta(days=1_000)))]
    with shop(rows) as sandbox, Client(sandbox.settings(), timing=Jumps().timing) as client:
        assert len({tuple(row[name] for name in KEY) for row in client.records(SHORT, page_size=10)}) == 101
        assert client.count(SHORT) >= 101
        assert "date.from=2021-03-14T23%3A59%3A59.999Z" in asked(sandbox)[0]
