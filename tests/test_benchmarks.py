"""The benchmark itself: its server tells the truth, its figures are right, its check can fail, every case runs."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import plan
from benchmarks.checksum import combine, shifter
from benchmarks.figures import Run, ratios, regressions, summary
from benchmarks.prepare import Set, prepare, text_of
from benchmarks.report import chart, tables
from benchmarks.runner import Bench
from benchmarks.server import Collection, Door, Refused, serve, span
from benchmarks.shop import BASES, DESTINATIONS, SIZES, key, slower

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = Path(__file__).parent.parent / "benchmarks"
RECORDS = 1_000


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pages")
    prepare(root, "orders", RECORDS)
    return root


@pytest.fixture(scope="module")
def ask(pages: Path) -> Iterator[Callable[..., Any]]:
    doors = {
        "gzip": Door(),
        "plain": Door(gzip=False),
        "few": Door(records=700),
        "later": Door(records=700, changes="changed10"),
    }
    ports = serve(pages, [("orders", RECORDS)], doors)
    with urllib3.PoolManager() as pool:

        def get(door: str, query: str) -> Any:
            url = f"http://127.0.0.1:{ports[door]}/bench/orders?{query}"
            answer = pool.request("GET", url, headers={"Accept-Encoding": "gzip"})
            assert ("Content-Encoding" in answer.headers) == (door != "plain" and answer.status == 200)
            return answer.json()

        yield get


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_the_checksum_of_two_texts_follows_from_those_of_each(one: bytes, other: bytes) -> None:
    assert combine(zlib.crc32(one), zlib.crc32(other), shifter(len(other))) == zlib.crc32(one + other)


@pytest.mark.parametrize(("offset", "limit"), [(0, 500), (0, 1), (3, 4), (7, 500), (990, 500), (995, 5), (1000, 5)])
def test_a_packed_page_holds_what_the_plain_one_holds(ask: Callable[..., Any], offset: int, limit: int) -> None:
    query = f"offset={offset}&limit={limit}"
    page = ask("gzip", query)
    assert page == ask("plain", query)
    assert page["count"] == len(page["results"]) == min(limit, RECORDS - offset)
    assert page["total"] == RECORDS


def test_pages_follow_each_other_by_keyset_without_a_gap(ask: Callable[..., Any]) -> None:
    found: list[dict[str, Any]] = []
    where = ""
    while page := ask("gzip", f"limit=300&withTotal=false&sort=createdAt%20asc&sort=id%20asc{where}")["results"]:
        found += page
        at, key = page[-1]["createdAt"], page[-1]["id"]
        where = f'&where=(createdAt > "{at}" or (createdAt = "{at}" and id > "{key}"))'.replace(" ", "%20")
    assert len({one["id"] for one in found}) == len(found) == RECORDS
    assert [one["createdAt"] for one in found] == sorted(one["createdAt"] for one in found)


def test_a_port_can_have_the_first_records_only(ask: Callable[..., Any]) -> None:
    assert ask("few", "limit=1")["total"] == 700


def test_a_port_for_all_records_has_the_largest_of_several_sets(pages: Path) -> None:
    half = RECORDS // 2
    prepare(pages, "orders", half)
    ports = serve(pages, [("orders", half), ("orders", RECORDS)], {"all": Door(), "few": Door(records=half)})
    with urllib3.PoolManager() as pool:
        totals = {
            door: pool.request("GET", f"http://127.0.0.1:{port}/bench/orders?limit=1").json()["total"]
            for door, port in ports.items()
        }
    assert totals == {"all": RECORDS, "few": half}


def test_what_changed_later_is_a_share_of_the_records_there_were(ask: Callable[..., Any]) -> None:
    there = {one["id"]: one for at in (0, 500) for one in ask("few", f"limit=500&offset={at}")["results"]}
    changed = ask("later", "limit=500&where=lastModifiedAt%20%3E%3D%20%222026-10-01T00:00:00.000Z%22")["results"]
    assert len(changed) == 70
    for one in changed:
        assert one["version"] == 2
        assert one["createdAt"] == there[one["id"]]["createdAt"]
    assert ask("later", "limit=1")["total"] == 700


def test_a_question_that_was_not_prepared_is_refused(ask: Callable[..., Any], pages: Path) -> None:
    assert ask("gzip", "where=orderState%20%3D%20%22Open%22")["statusCode"] == 400
    with pytest.raises(Refused):
        span(Collection(Set.at(pages, "orders", RECORDS)).keys, ["version > 3"], {})


@given(st.integers(0, RECORDS), st.integers(0, 40))
def test_any_range_of_records_can_be_unpacked(pages: Path, start: int, count: int) -> None:
    collection = Collection(Set.at(pages, "orders", RECORDS))
    stop = min(start + count, RECORDS)
    packed, crc, size = collection.packed(start, stop)
    text = zlib.decompressobj(-15).decompress(b"".join(packed))
    assert text == collection.text(start, stop)
    assert (zlib.crc32(text), len(text)) == (crc, size)


def test_times_are_written_as_the_platform_writes_them() -> None:
    assert text_of(1_700_000_000_007) == "2023-11-14T22:13:20.007Z"


def test_a_ratio_is_that_of_neighbours_and_its_median_is_quoted() -> None:
    floors = [Run(1000, 1.0, 0.5, 1), Run(1000, 2.0, 0.5, 1), Run(1000, 4.0, 0.5, 1)]
    runs = [Run(500, 1.0, 1.0, 2), Run(500, 2.0, 1.0, 9), Run(500, 8.0, 0.5, 2)]
    wall, cpu = ratios(floors, runs)
    assert (wall.low, wall.median, wall.high) == (0.25, 0.5, 0.5)
    assert (cpu.low, cpu.median, cpu.high) == (0.25, 0.25, 0.5)
    assert summary(floors, runs)["peak_mb"] == 0.0


@pytest.mark.parametrize(
    ("latency", "before", "after", "worse"),
    [
        (0.0, (0.5, 0.50), (0.1, 0.41), False),  # the clock may be off when other programs run
        (0.0, (0.5, 0.50), (0.5, 0.39), True),
        (0.1, (6.0, 0.50), (4.9, 0.10), False),
        (0.1, (6.0, 0.50), (4.7, 0.50), True),
    ],
)
def test_a_ratio_that_fell_by_more_than_a_fifth_is_a_regression(
    latency: float, before: tuple[float, float], after: tuple[float, float], *, worse: bool
) -> None:
    def result(clock: float, cpu: float) -> dict[str, Any]:
        return {"latency": latency, "ratio": [clock] * 3, "cpu_ratio": [cpu] * 3, "peak_mb": 100}

    assert bool(regressions({"case": result(*before)}, {"case": result(*after)})) is worse


def test_a_peak_that_grew_by_half_is_a_regression() -> None:
    def result(peak: float) -> dict[str, Any]:
        return {"latency": 0.0, "ratio": [1.0] * 3, "cpu_ratio": [1.0] * 3, "peak_mb": peak}

    assert regressions({"case": result(100)}, {"case": result(149)}) == []
    assert "a peak of 151 MB" in regressions({"case": result(100)}, {"case": result(151)})[0]


def test_a_case_that_was_never_committed_fails_the_check() -> None:
    assert regressions({}, {"new": {"latency": 0, "ratio": [1, 1, 1], "cpu_ratio": [1, 1, 1]}})


@pytest.mark.parametrize(("ratio", "worse"), [(1.2, False), (1.49, False), (1.51, True)])
def test_a_whole_shop_that_takes_a_quarter_more_of_its_base_is_a_regression(ratio: float, *, worse: bool) -> None:
    name = key("tiny", "DuckDB", "first")
    before = {name: {"run": "first", "cpu_ratio": 1.2}}
    assert bool(slower(before, {name: {"run": "first", "cpu_ratio": ratio}})) is worse
    assert slower({}, before)


@pytest.mark.few(0)
def test_cases_of_ours_run(pages: Path) -> None:
    cases = list(plan.smoke())
    with Bench.serving(pages, cases, {"orders": [RECORDS]}) as bench:
        found = {case.key: bench.measure(case) for case in cases}
    for case in cases:
        result = found[case.key]
        assert result["records"] == (RECORDS // 10 if case.changes else RECORDS)
        assert result["ratio"][1] > 0


@pytest.mark.skipif(not (FOLDER / "results.json").exists(), reason="nothing was measured yet")
class TestResults:
    found = json.loads((FOLDER / "results.json").read_text()) if (FOLDER / "results.json").exists() else {}

    def test_the_tables_and_the_plot_are_those_of_the_results(self) -> None:
        assert tables(self.found) in (FOLDER / "README.md").read_text()
        assert chart(self.found) == (FOLDER / "chart.svg").read_text()

    def test_every_case_has_figures(self) -> None:
        wanted = {case.key for case in plan.everything() if case.peer is None}
        assert wanted <= set(self.found["cases"])
        assert {case.key for case in plan.checked()} <= set(self.found["cases"])
        wanted = {key(size, name, run) for size in SIZES for name in DESTINATIONS for run in BASES}
        assert wanted == set(self.found["whole_shop"])


def test_every_reader_has_a_script_and_a_counterpart_of_ours() -> None:
    for peer in plan.PEERS:
        assert (FOLDER / "peers" / f"{peer.module}.py").exists()
        assert peer.output in plan.OURS


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands a peak on")
def test_a_small_child_of_a_large_parent_reports_a_small_peak() -> None:
    work = "from benchmarks.stopwatch import measure; measure(lambda: 1)"
    parent = f"""
import subprocess, sys
large = bytearray(300 << 20)
large[:: 4096] = b"x" * len(large[:: 4096])  # every page is touched, so that it counts
print(subprocess.run([sys.executable, "-c", {work!r}], capture_output=True, text=True, check=True).stdout)
"""
    done = subprocess.run([sys.executable, "-c", parent], cwd=FOLDER.parent, capture_output=True, text=True, check=True)
    assert 0 < json.loads(done.stdout)["peak"] < 100 << 20
