"""What a person sees of a run while it goes on, drawn on standard error from a tally.

On a terminal one block is redrawn in place; anywhere else each thing worth knowing is a line.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, cast

from commercetools_source.events import (
    DeletesMarked,
    DeletesUnseen,
    Event,
    Notice,
    PageRead,
    RetryScheduled,
    RowsWritten,
    StreamFailed,
    StreamFinished,
    StreamStarted,
    TokenFetched,
    counted,
    seconds_text,
)
from commercetools_source.frontends.stdio import Forgiving
from commercetools_source.report.tally import Tally
from commercetools_source.report.width import fitted, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

__all__ = ["Verbosity", "block", "draw", "logged", "redrawable"]

Verbosity = int
"""-1 errors and what may be missing, 0 what matters, 1 every request too."""

# Often enough that a log shows a run which is alive, and seldom enough that a night of it can be read.
_BETWEEN_LINES = 10.0
_MOST_ROWS = 12
_BAR = 24
_THRESHOLDS = {-1: logging.ERROR, 0: logging.INFO, 1: logging.DEBUG}
"""The least weight that is shown, by verbosity."""


@contextmanager
def draw(out: TextIO | None, *, total: int, verbosity: Verbosity = 0) -> Iterator[Tally]:
    """Show a run over `total` streams on `out` while the block runs; pass the tally as its hook.

    A terminal gets a block redrawn in place, without colour where NO_COLOR is set; anything else gets lines.
    What `out` does not take is left out: a full disk or a terminal that has gone ends no run.
    """
    shown = cast("TextIO", Forgiving(out))
    in_place = verbosity == 0 and redrawable(shown)
    if in_place:
        with _redrawn(shown, total) as tally:
            yield tally
        return

    def put(_event: Event, line: str) -> None:
        shown.write(f"{fitted(line, width_of(shown))}\n")  # one write a line: several threads write here
        shown.flush()

    tally = Tally()
    tally.echo = _Lines(put, tally, verbosity, total)
    yield tally


def redrawable(out: TextIO) -> bool:
    """Return whether a person sees what is drawn on `out`, so that it can be redrawn in place."""
    # A notebook's `!command` runs in a terminal that nobody sees: control sequences would stand in the notebook.
    # Jupyter gives its kernels this variable (https://github.com/jupyter/jupyter_client, launcher.py).
    return out.isatty() and os.environ.get("TERM") != "dumb" and "JPY_PARENT_PID" not in os.environ


def logged(logger: logging.Logger, verbosity: Verbosity = 0) -> Tally:
    """Return a tally that writes to `logger` what `draw` would write as lines; each record has its `event`."""

    def put(event: Event, line: str) -> None:
        # Of what is written only a line from time to time gets here, and that one matters.
        level = logging.INFO if isinstance(event, RowsWritten) else event.level
        logger.log(level, "%s", line, extra={"event": event})

    tally = Tally()
    tally.echo = _Lines(put, tally, verbosity)
    return tally


class _Lines:
    """Has one line put for each event that matters at this verbosity."""

    def __init__(self, put: Callable[[Event, str], None], tally: Tally, verbosity: Verbosity, total: int = 0) -> None:
        self._put = put
        self._tally = tally
        self._verbosity = verbosity
        self._total = total
        self._last: float | None = None

    def __call__(self, event: Event) -> None:
        line = self._line(event)
        if line:
            self._put(event, line)

    def _line(self, event: Event) -> str | None:
        if isinstance(event, RowsWritten):
            # Rows are stored some times a second; every one is counted, and one now and then is told of.
            return self._progress(event.stream) if self._verbosity >= 0 and self._is_due() else None
        # Without a summary nothing else tells that rows may lack something although the run is complete.
        unsaid = isinstance(event, DeletesUnseen) or (isinstance(event, Notice) and event.lacking)
        if unsaid and self._verbosity < 0:
            return event.message()
        return event.message() if _weight(event) >= _THRESHOLDS[self._verbosity] else None

    def _progress(self, stream: str) -> str:
        tally = self._tally
        written, total = tally.streams[stream].written, tally.streams[stream].total
        records = counted(written, "record") if total is None else f"{written:,} of {counted(total, 'record')}"
        streams = max(self._total, len(tally.streams))
        several = f" ({tally.finished()}/{counted(streams, 'stream')})" if streams > 1 else ""
        return f"{stream}: {records} so far{several}"

    def _is_due(self) -> bool:
        """Tell whether there was no such line for long enough; the first delivery only sets the clock."""
        now = self._tally.seconds
        if self._last is None:
            self._last = now
        due = now - self._last >= _BETWEEN_LINES
        if due:
            self._last = now
        return due


def _weight(event: Event) -> int:
    """Return how much an event matters to a person who watches; what the summary says again weighs nothing."""
    # These are in the summary, or, as pages, in the figures of the display.
    if isinstance(event, (DeletesMarked, DeletesUnseen, PageRead, TokenFetched)):
        return logging.NOTSET
    if isinstance(event, StreamFailed) and event.stopped:
        return logging.DEBUG
    ordinary = isinstance(event, StreamStarted) or (isinstance(event, StreamFinished) and not event.records)
    if ordinary or (isinstance(event, RetryScheduled) and event.level < logging.WARNING):
        return logging.DEBUG
    return event.level


@contextmanager
def _redrawn(out: TextIO, total: int) -> Iterator[Tally]:
    from rich.console import Console
    from rich.live import Live

    console = Console(file=out)
    tally = Tally()

    def echo(event: Event) -> None:
        # What is done and retried shows in the block itself.
        if _weight(event) >= logging.ERROR:
            console.print(event.message(), style="red", markup=False, highlight=False)
        elif isinstance(event, Notice):
            console.print(event.message(), markup=False, highlight=False)

    tally.echo = echo
    # What is drawn vanishes at the end, when the summary takes its place.
    with Live(console=console, get_renderable=lambda: block(tally, total), refresh_per_second=8, transient=True):
        yield tally


def block(tally: Tally, total: int) -> RenderableType:
    """Return what a terminal shows of a run over `total` streams: how far it is, and the streams under way.

    Each line is cut at the terminal's width: a line that wraps would be left behind when the block is redrawn.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    rows = tally.under_way()
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True, overflow="ellipsis")
    table.add_column(no_wrap=True, overflow="ellipsis")
    for name, read in rows[:_MOST_ROWS]:
        table.add_row(name, f"{read:,}{tally.of_total(name)}")
    hidden = len(rows) - _MOST_ROWS
    return Group(*_head(tally, total), table, Text(f"and {hidden} more" if hidden > 0 else "", style="dim"))


def _head(tally: Tally, total: int) -> Iterator[RenderableType]:
    """Yield the two lines about the run as a whole."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    finished, rate = tally.finished(), tally.records / max(tally.seconds, 0.001)
    streams = max(total, len(tally.streams))  # a run that takes what is stored does not know its streams at the start
    # Streams that were not begun yet are in no total, which would seem to recede.
    begun = len(tally.streams) >= total
    records = tally.counted()[2] if begun else None
    read = counted(tally.records, "record") if records is None else f"{tally.records:,} of {counted(records, 'record')}"
    busy = tally.phase.phase != "reading"
    # A bar that stands still looks like a run that does: what has no measure moves.
    bar = ProgressBar(total=max(streams, 1), completed=finished, width=_BAR, pulse=busy)
    first = Table.grid(padding=(0, 1))
    first.add_column(min_width=1)
    first.add_column(no_wrap=True, overflow="ellipsis")
    first.add_row(bar, f"{finished}/{counted(streams, 'stream')} · {read} · {rate:,.0f}/s")
    yield first
    retries = f" · {counted(tally.retries, 'retry')}" if tally.retries else ""
    phase = "storing what is left" if not busy and streams and finished >= streams else tally.phase.message()
    left = tally.seconds_left() if begun else None
    until = "" if left is None or busy else f" · about {seconds_text(left)} left"
    traffic = f"{counted(tally.requests, 'request')}{retries}"
    # First what matters most: the end of a long line is cut off.
    words = f"{phase} · {traffic}" if busy else f"{traffic} · {phase}{until}"
    line = f"{seconds_text(tally.seconds):<{_BAR}} {words}"
    yield Text(line, no_wrap=True, overflow="ellipsis")
