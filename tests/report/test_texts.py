"""What commands print, sentence by sentence: numbers with their nouns, what is lacking, and what to do next."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from commercetools_source.extract.abilities import Changes, Difference
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.engine import Outcome
from commercetools_source.extract.run_record import RunRecord, StreamRecord
from commercetools_source.report.check import CheckReport
from commercetools_source.report.compare import ComparisonReport
from commercetools_source.report.plan import PlanReport
from commercetools_source.report.run import RunReport
from commercetools_source.report.runs import RunsReport
from commercetools_source.report.state import StateReport
from commercetools_source.report.tally import Tally
from commercetools_source.sync import Summary
from commercetools_source.sync.access import Access, Inspection
from commercetools_source.sync.compare import Verdict
from commercetools_source.sync.plan import Forecast, Plan

BOUND = "2026-01-01T00:00:00.000Z"
UNSEEN = "deletions since 2026-01-01T00:00:00.000Z were not looked for, a later run does it: no scope"
AGAIN = "run the same command again; it goes on from here"


def tally(requests: int = 3, retries: int = 0) -> Tally:
    counts = Tally(now=lambda: 0.0)
    counts.requests, counts.retries = requests, retries
    return counts


def run_text(*outcomes: Outcome, requests: int = 3, retries: int = 0, **fields: Any) -> list[str]:
    report = RunReport(
        Summary(BOUND, outcomes, **fields), "shop.duckdb", tally(requests, retries), "duckdb shop.duckdb"
    )
    return report.text().splitlines()


def outcome(stream: str, records: int = 0, mode: str = "incremental", **fields: Any) -> Outcome:
    return Outcome(stream, mode, records, 0.5, **fields)


WRITTEN = f"written to shop.duckdb, complete up to {BOUND}"
NEXT = "next: duckdb shop.duckdb"


def test_the_readme_shows_what_a_run_prints() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("```text\n")[2].partition("\n```")[0]
    unchanged = [outcome(f"stream{number}") for number in range(39)]
    whole = [outcome(f"whole{number}", 77, "full") for number in range(9)]
    changed = [outcome("customers", 57), outcome("orders", 100)]
    none = {item.stream: Changes() for item in (*unchanged, *whole)}
    summary = Summary(
        "2026-11-02T06:00:25.000Z",
        (*changed, *unchanged, *whole),
        changes={**none, "customers": Changes(0, 57), "orders": Changes(10, 90)},
    )
    counts = tally(415)
    counts.now, counts.began = (lambda: 4.1), 0.0
    report = RunReport(summary, "commercetools-demo.duckdb", counts, "duckdb commercetools-demo.duckdb")
    assert shown.splitlines()[1:] == report.text().splitlines()[1:]
    assert re.fullmatch(r"[\d,]+ records in 4.1 s \(415 requests\)", shown.splitlines()[0])


@pytest.mark.parametrize(
    ("outcomes", "fields", "lines"),
    [
        (
            [outcome("orders", 101), outcome("customers", 4), outcome("zones"), outcome("carts")],
            {
                "changes": {"orders": Changes(12, 88), "customers": Changes(4), "zones": Changes(), "carts": Changes()},
                "deleted": {"orders": 3},
                "retries": 1,
            },
            [
                "105 records in 0.0 s (3 requests, 1 retry)",
                "4 streams: changes only",
                "orders: 12 new, 88 changed, 3 deleted",
                "customers: 4 new",
                "2 streams unchanged",
                WRITTEN,
                NEXT,
            ],
        ),
        (
            [outcome("orders", 1, "full")],
            {"requests": 1, "retries": 2},
            ["1 record in 0.0 s (1 request, 2 retries)", "1 stream: read in full", "orders: 1 written", WRITTEN, NEXT],
        ),
        (
            [outcome("zones", 7, "full")],
            {"changes": {"zones": Changes(0, 0, 2)}},
            ["7 records in 0.0 s (3 requests)", "1 stream: read in full", "zones: 2 deleted", WRITTEN, NEXT],
        ),
        (
            [outcome("zones")],
            {"changes": {"zones": Changes()}, "deletions_unseen": UNSEEN},
            [
                "0 records in 0.0 s (3 requests)",
                "1 stream: changes only",
                "1 stream unchanged",
                UNSEEN,
                WRITTEN,
                NEXT,
            ],
        ),
        (
            [outcome("orders", 5, quarantined=1), outcome("carts", error="no scope")],
            {"changes": {"orders": Changes(5)}},
            [
                "5 records in 0.0 s (3 requests)",
                "1 stream: changes only; 1 stream: failed",
                "orders: 5 new",
                "written to shop.duckdb",
                "not complete, see above: carts",
                "not complete: orders: 1 record cannot be read, see above",
                f"next: do what is said above, then {AGAIN}",
            ],
        ),
        (
            [outcome("orders", 5, "resumed", error="stopped", stopped=True), outcome("zones", mode="window")],
            {"changes": {"orders": Changes(5)}},
            [
                "5 records in 0.0 s (3 requests)",
                "1 stream: a window of time; 1 stream: stopped, the next run goes on",
                "orders: 5 new",
                "1 stream unchanged",
                "written to shop.duckdb",
                f"next: {AGAIN}",
            ],
        ),
    ],
    ids=["changes", "first", "replaced", "without Messages", "lacking", "stopped"],
)
def test_a_run_says_what_happened_what_it_lacks_and_what_to_do_next(
    outcomes: list[Outcome], fields: dict[str, Any], lines: list[str]
) -> None:
    assert run_text(*outcomes, **fields) == lines


@pytest.mark.parametrize("streams", [10, 11, 50])
def test_a_run_over_many_streams_names_those_that_changed_most(streams: int) -> None:
    outcomes = [outcome(f"stream_{number}", number) for number in range(1, streams + 1)]
    lines = run_text(*outcomes, changes={row.stream: Changes(row.records) for row in outcomes})
    named = [line for line in lines if line.startswith("stream_")]
    if streams == 10:
        assert len(named) == 10
    else:
        assert named == [f"stream_{number}: {number} new" for number in range(streams - 8, streams + 1)]
        rest = sum(range(1, streams - 8))
        assert f"{streams - 9} other streams: {rest:,} new" in lines
    assert max(map(len, lines)) < 80


def test_a_program_is_told_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    summary = Summary(
        BOUND,
        (outcome("orders", 100), outcome("zones", 2, "full", cause=None)),
        {"orders": 3},
        None,
        {"orders": Changes(12, 88)},
    )
    value = json.loads(RunReport(summary, "shop.duckdb", tally()).json())
    orders, zones = value.pop("streams")
    assert value == {
        "complete": True,
        "destination": "shop.duckdb",
        "bound": BOUND,
        "records": 102,
        "deleted": 3,
        "deletions_unseen": None,
        "requests": 3,
        "retries": 0,
        "seconds": 0.0,
    }
    assert (orders["new"], orders["changed"], orders["deleted"]) == (12, 88, 3)
    assert (zones["new"], zones["changed"], zones["deleted"]) == (None, None, 0)
    assert capsys.readouterr() == ("", "")


def inspection(**fields: Any) -> Inspection:
    streams = (Access("orders", readable=True, missing_scope=None),)
    return Inspection(
        **{
            "project": "shop",
            "api_url": "https://api",
            "scopes": (),
            "name": None,
            "messages": True,
            "streams": streams,
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        (
            {},
            [
                "project   shop at https://api",
                "messages  kept: deletions can be read from them",
                "streams   1 of 1 can be read",
            ],
        ),
        (
            {"name": "My shop", "messages": None, "settings_readable": False},
            [
                "project   shop (My shop) at https://api",
                "messages  unknown: that needs the scope view_project_settings",
            ],
        ),
        (
            {"messages": None},
            ["messages  unknown: the platform does not say whether they are kept; look at the project's settings"],
        ),
        (
            {"messages": False},
            ["messages  not kept: turn them on in the project's settings to have deletions and order histories"],
        ),
        (
            {"messages_scope": "view_messages:shop"},
            ["messages  kept, but not readable: deletions cannot be seen without the scope view_messages:shop"],
        ),
        (
            {"streams": (Access("carts", readable=False, missing_scope="view_orders:shop"),)},
            [
                "streams   0 of 1 can be read",
                "carts           view_orders:shop",
                "To read them, create an API client that also has the scope view_orders:shop",
                "An API client's scopes cannot be changed; all that a new one needs, as one line:",
                "view_orders:shop view_messages:shop",
            ],
        ),
    ],
)
def test_check_says_what_works_and_which_client_to_create(fields: dict[str, Any], lines: list[str]) -> None:
    shown = CheckReport(inspection(**fields)).text().splitlines()
    assert set(lines) <= set(shown)


def test_plan_counts_with_real_plurals() -> None:
    exact = Forecast("zones", "full", 1, 1, 0.2)
    least = Forecast("orders", "full", 10_000, 21, 4.0, "at least")
    assert PlanReport(Plan((exact,)), 1).text().splitlines()[-1] == (
        "1 record in about 3 requests; about 0.2 s with 1 request at once, as fast as the platform answers now"
    )
    assert PlanReport(Plan((exact, least)), 8).text().splitlines()[-1] == (
        "at least 10,001 records in at least 24 requests; about 0.5 s with 8 requests at once, as fast as the platform"
        " answers now"
    )


def test_a_comparison_names_the_first_ids_and_says_where_all_are() -> None:
    difference = Difference(tuple(f"id-{number}" for number in range(12)), (), ("gone",), 20, 31)
    verdicts = (Verdict("orders", difference, bound=BOUND, mended=12, marked=1), Verdict("zones", note="not read"))
    told, mended = ComparisonReport(verdicts).text(), ComparisonReport(verdicts, swept=True).text()
    assert "orders missing: id-0, id-1, " in told
    assert "id-9, and 2 more; --json has all" in told
    assert "orders gone: gone" in told
    assert told.splitlines()[2].endswith("differs")
    assert mended.splitlines()[2].endswith("mended")
    assert told.splitlines()[3].split() == ["zones", "not", "read"]  # no 0 where nothing was counted


def test_a_state_says_how_much_is_left() -> None:
    assert StateReport({}).text() == "nothing is stored yet; the next run reads every stream from its start"
    states = {"orders": StreamState(cursor=BOUND), "carts": StreamState(broken="the stored state is broken")}
    shown = StateReport(states).text()
    assert BOUND in shown
    assert "the stored state is broken" in shown


def recorded_run(**fields: Any) -> RunRecord:
    started = "2026-01-02T03:04:05.678Z"
    return RunRecord(run="r", command="sync", started=started, **{"status": "begun", "bound": BOUND, **fields})


def recorded_stream(stream: str, **fields: Any) -> StreamRecord:
    counts: dict[str, Any] = dict.fromkeys(("records", "deleted", "left_out", "pages", "bytes"), 0)
    unknown = dict.fromkeys(("started", "ended", "new", "changed", "unfit", "error"))
    return StreamRecord(**{"stream": stream, "mode": "full", **counts, **unknown, **fields})


def test_records_of_runs_are_a_table_and_say_what_the_newest_lacks() -> None:
    assert RunsReport([]).text() == "no run is recorded yet; `sync` and `backfill` record theirs"
    orders = recorded_stream("orders", records=1100, new=1012, changed=88, deleted=3)
    lacking = [recorded_stream("carts", error="it\x1b[31m failed"), recorded_stream("zones", left_out=2)]
    ended = {"ended": "2026-01-02T03:05:10.000Z", "records": 1100, "requests": 7}
    runs = [
        recorded_run(status="incomplete", streams=(orders, *lacking), **ended),
        recorded_run(status="failed", error="the disk is full", ended="2026-01-02T03:04:06.000Z"),
        recorded_run(),
    ]
    header, line, *rows, carts, zones = RunsReport(runs).text().splitlines()
    assert header.split("  ")[0].strip() == "started (UTC)"
    assert set(line) == {"-", " "}
    assert [" ".join(row.split()) for row in rows] == [
        "2026-01-02 03:04:05 sync 1 min 4 s incomplete 1,100 1,012 88 3 7",
        "2026-01-02 03:04:05 sync 0.3 s failed 0 0 0",
        "2026-01-02 03:04:05 sync not ended 0 0 0",
    ]
    assert "\x1b" not in carts
    assert carts.startswith("carts: it")
    assert zones == "zones: 2 records left out, which cannot be read"
    assert RunsReport(runs[1:]).text().splitlines()[-1] == "the newest run failed: the disk is full"
    assert "has not ended: it was killed, or is under way" in RunsReport(runs[2:]).text().splitlines()[-1]
    assert all(len(row) <= 100 for row in RunsReport(runs).text().splitlines())
