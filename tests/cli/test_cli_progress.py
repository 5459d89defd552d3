from __future__ import annotations

import contextlib
import io
import os
import re
import threading
from typing import TYPE_CHECKING

import pytest

from commercetools_source.events import (
    Event,
    PageRead,
    RecordQuarantined,
    RequestDone,
    RetryScheduled,
    RowsWritten,
    StreamFailed,
    StreamFinished,
    StreamStarted,
    TokenFetched,
)
from commercetools_source.report.progress import Tally, block, draw
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def test_a_run_over_one_stream_has_real_singulars() -> None:
    from rich.console import Console

    tally = Tally()
    tally(RequestDone("GET", "/shop/orders", 200, 0.25, 10))
    tally(PageRead("orders", 1, 10))
    out = io.StringIO()
    Console(file=out, width=80).print(block(tally, 1))
    assert "0/1 stream · 1 record · " in out.getvalue()
    assert "1 request · reading" in out.getvalue()
