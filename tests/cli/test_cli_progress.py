from __future__ import annotations

import contextlib
import io
import os
import re
import threading
from typing import TYPE_CHECKING

import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.events import (
    DeletesUnseen,
    Event,
    Notice,
    PageRead,
    PhaseBegan,
    RecordQuarantined,
    RequestDone,
    RetryScheduled,
    RowsWritten,
    StreamFailed,
    StreamFinished,
    StreamStarted,
    TokenFetched,
)
from commercetools_source.report.progress import block, draw
from commercetools_source.report.table import table
from commercetools_source.report.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commercetools_source.events import RunPhase

RUN: list[Event] = [
    TokenFetched(172800),
    StreamStarted("orders", "full"),
    StreamStarted("zones", "incremental"),
    RequestDone("GET", "/shop/orders", 200, 0.25, 1_000_000),
    PageRead("orders", 500, 1_000_000),
    RetryScheduled("GET", "/shop/orders", "429", 0.5, 1),
    RetryScheduled("GET", "/shop/orders", "503", 8.0, 2),
    RequestDone("GET", "/shop/orders", 200, 0.25, 2000),
    PageRead("orders", 20, 2000),
    RecordQuarantined("orders", "2026-01-31T00:00:00.000Z", "the platform answered with 500"),
    RowsWritten("orders", 520),
    StreamFinished("orders", 520, 12.0),
    StreamFinished("zones", 0, 0.1),
    StreamFailed("carts", "create an API client that also has the scope view_orders:shop"),
]


def test_a_tally_counts_what_happened() -> None:
    tally = Tally()
    for event in RUN[:-3]:
        tally(event)
    assert (tally.requests, tally.retries, tally.records, tally.size) == (2, 2, 520, 1_002_000)
    assert tally.under_way() == [("orders", 520)]
    assert tally.finished() == 0
    for event in RUN[-3:]:
        tally(event)
    assert tally.under_way() == []
    assert tally.finished() == 3


ALARMS = [
    "orders: the record after 2026-01-31T00:00:00.000Z cannot be read: the platform answered with 500",
    "carts: failed: create an API client that also has the scope view_orders:shop",
]


@pytest.mark.parametrize(
    ("verbosity", "lines"),
    [
        (-1, ALARMS),
        (
            0,
            [
                "GET /shop/orders is repeated in 8.0 s: 503 (attempt 2)",
                ALARMS[0],
                "orders: 520 records in 12 s",
                ALARMS[1],
            ],
        ),
        (
            1,
            [
                "orders: full read begins",
                "zones: incremental read begins",
                "GET /shop/orders: 200, 1,000,000 bytes in 0.2 s",
                "GET /shop/orders is repeated in 0.5 s: 429 (attempt 1)",
                "GET /shop/orders is repeated in 8.0 s: 503 (attempt 2)",
                "GET /shop/orders: 200, 2,000 bytes in 0.2 s",
                ALARMS[0],
                "orders: 520 records in 12 s",
                "zones: 0 records in 0.1 s",
                ALARMS[1],
            ],
        ),
    ],
)
def test_without_a_terminal_each_thing_worth_knowing_is_a_line(verbosity: int, lines: list[str]) -> None:
    out = io.StringIO()
    with draw(out, total=3, verbosity=verbosity) as tally:
        for event in RUN:
            tally(event)
    assert out.getvalue().splitlines() == lines


def test_a_quiet_run_says_what_may_be_missing_although_it_is_complete() -> None:
    out = io.StringIO()
    with draw(out, total=1, verbosity=-1) as tally:
        tally(DeletesUnseen("deletions were not looked for"))
        tally(Notice("clock", "two hours ahead", lacking=True))
        tally(Notice("orders", "a new field"))
    assert out.getvalue().splitlines() == ["deletions were not looked for", "clock: two hours ahead"]


def test_a_long_stream_says_from_time_to_time_how_far_it_is() -> None:
    clock: Iterator[float] = iter(range(0, 1000, 4))
    out = io.StringIO()
    with draw(out, total=1) as tally:
        tally.now = lambda: next(clock)
        tally.began = 0
        for _ in range(7):
            tally(RowsWritten("orders", 1000))
    assert out.getvalue().splitlines() == ["orders: 4,000 records so far", "orders: 7,000 records so far"]


def test_a_terminal_gets_a_block_that_disappears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    reading, writing = os.openpty()
    seen: list[bytes] = []
    reader = threading.Thread(target=_read_all, args=(reading, seen))
    reader.start()
    with os.fdopen(writing, "w") as out, draw(out, total=3) as tally:
        for event in RUN:
            tally(event)
        for number in range(15):
            tally(PageRead(f"stream_{number}", number + 1, 10))
    reader.join(10)
    os.close(reading)
    shown = b"".join(seen).decode()
    assert "3/18 streams · 640 records" in shown
    assert "2 requests · 2 retries" in shown
    assert "stream_14" in shown
    assert "and 3 more" in shown
    assert ALARMS[1] in shown
    assert "\x1b[3" not in shown  # no colour


def _read_all(terminal: int, seen: list[bytes]) -> None:
    # Linux answers EIO instead of an end of file when the other side of a terminal is closed.
    with contextlib.suppress(OSError):
        while data := os.read(terminal, 4096):
            seen.append(data)


def test_a_table_aligns_words_left_and_numbers_right() -> None:
    assert table([("orders", 20000), ("zones", 7)], header=("stream", "rows")).splitlines() == [
        "stream    rows",
        "------  ------",
        "orders  20,000",
        "zones        7",
    ]
    assert table([("a", True, None), ("b", False, None)]).splitlines() == ["a  yes", "b  no"]


@pytest.mark.parametrize("columns", [80, 200])
def test_the_block_fits_a_terminal_and_names_the_phase(columns: int) -> None:
    from rich.console import Console

    tally = Tally(now=lambda: 7500.0)
    tally.requests, tally.retries, tally.records, tally.began = 1_234_567, 1, 123_456_789, 0.0
    tally(StreamStarted("store_product_selection_assignments", "full"))
    tally(PageRead("store_product_selection_assignments", 1, 10))

    def lines() -> list[str]:
        out = io.StringIO()
        Console(file=out, width=columns).print(block(tally, 50))
        return [line.strip() for line in out.getvalue().splitlines() if line.strip()]

    reading = lines()
    assert reading[0].endswith("0/50 streams · 123,456,790 records · 16,461/s")
    assert re.sub(" +", " ", reading[1]) == "2 h 5 min 1,234,567 requests · 1 retry · reading"
    assert re.sub(" +", " ", reading[2]) == "store_product_selection_assignments 1"
    for number in range(49):
        tally(StreamFinished(f"stream_{number}", 0, 0.1))
    tally(StreamFinished("store_product_selection_assignments", 1, 0.1))
    assert lines()[1].endswith("1 retry · storing what is left")


@pytest.mark.parametrize("columns", [80, 200])
def test_the_block_says_how_much_is_left_and_for_how_long(columns: int) -> None:
    tally = Tally(now=lambda: 100.0)
    tally.began = 0.0
    tally(StreamStarted("store_product_selection_assignments", "full"))
    tally(PageRead("store_product_selection_assignments", 1_000_000, 10))
    tally(StreamStarted("standalone_prices", "full", 300_000_000))
    tally(PageRead("standalone_prices", 100_000_000, 10))
    # Of streams that are not begun nobody knows how much they have.
    assert "0/50 streams · 101,000,000 records" in drawn(tally, columns)[0]
    lines = drawn(tally, columns, 2)
    assert lines[0].endswith("0/2 streams · 101,000,000 of 301,000,000 records · 1,010,000/s")
    assert lines[1].endswith("0 requests · reading · about 3 min 20 s left")
    assert re.sub(" +", " ", lines[2]) == "standalone_prices 100,000,000 of 300,000,000"
    assert re.sub(" +", " ", lines[3]) == "store_product_selection_assignments 1,000,000"
    # More came than was counted: nothing is left that could be told.
    tally(PageRead("standalone_prices", 200_000_001, 10))
    assert drawn(tally, columns, 2)[1].endswith("0 requests · reading")


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_no_line_of_the_block_is_wrapped(columns: int) -> None:
    tally = Tally(now=lambda: 86_400.0)
    tally.requests, tally.retries, tally.began = 10_000_000, 10_000, 0.0
    for stream in STREAMS:
        tally(StreamStarted(stream, "full", 1_000_000_000))
        tally(PageRead(stream, 999_999_999, 10))
    tally(PhaseBegan("storing", "store_product_selection_assignments"))
    # Two lines of the run, twelve of streams, and one for the others.
    lines = drawn(tally, columns)
    assert len(lines) == 15
    assert lines[-1] == f"and {len(STREAMS) - 12} more"
    if columns >= 80:
        assert "storing store_product_selection_assignments" in lines[1]


@pytest.mark.parametrize("phase", ["deletions", "storing", "checkpoint"])
def test_what_is_done_besides_reading_is_named_and_the_bar_does_not_stand(phase: RunPhase) -> None:
    tally = Tally()
    tally(StreamFinished("zones", 8, 0.1))
    tally(PhaseBegan(phase, "zones" if phase == "storing" else ""))
    names = {"deletions": "looking for deletions", "storing": "storing zones", "checkpoint": "closing the destination"}
    assert drawn(tally, 80)[1].split(maxsplit=2)[2].startswith(names[phase])
    assert shades(tally) > 5  # a light runs along it
    tally(PhaseBegan("reading"))
    assert shades(tally) <= 3


def test_a_log_has_one_line_from_time_to_time_for_all_streams() -> None:
    clock: Iterator[float] = iter(range(0, 1000, 4))
    out = io.StringIO()
    with draw(out, total=3) as tally:
        tally.now = lambda: next(clock)
        tally.began = 0
        tally(StreamStarted("orders", "full", 20_000))
        for _ in range(4):
            for stream in ("orders", "zones"):
                tally(PageRead(stream, 1000, 10))
                tally(RowsWritten(stream, 1000))
    assert out.getvalue().splitlines() == [
        "zones: 2,000 records so far (0/3 streams)",
        "orders: 4,000 of 20,000 records so far (0/3 streams)",
    ]


def test_a_notebook_gets_lines_although_it_looks_like_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-color")
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    out = Terminal()
    with draw(out, total=3) as tally:
        for event in RUN:
            tally(event)
    assert "\x1b" not in out.getvalue()
    assert "orders: 520 records in 12 s" in out.getvalue().splitlines()


def shades(tally: Tally) -> int:
    """Return in how many colours the bar is drawn."""
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=80, force_terminal=True, color_system="truecolor").print(block(tally, 50))
    return len(set(re.findall(r"\x1b\[38;2;[\d;]+m|\x1b\[38;5;\d+m", out.getvalue().splitlines()[0])))


class Terminal(io.StringIO):
    """Text that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


def drawn(tally: Tally, columns: int, total: int = 50) -> list[str]:
    """Return the lines of the block over `total` streams that are not empty, as a terminal shows them."""
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=columns, legacy_windows=False).print(block(tally, total))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert max(map(len, lines)) <= columns
    return [line.strip() for line in lines if line.strip()]


def test_a_run_over_one_stream_has_real_singulars() -> None:
    from rich.console import Console

    tally = Tally()
    tally(RequestDone("GET", "/shop/orders", 200, 0.25, 10))
    tally(PageRead("orders", 1, 10))
    out = io.StringIO()
    Console(file=out, width=80).print(block(tally, 1))
    assert "0/1 stream · 1 record · " in out.getvalue()
    assert "1 request · reading" in out.getvalue()
