"""What the page shows, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 - a dataclass names them
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - same

__all__ = [
    "FieldNote",
    "LeftOut",
    "MonthlyCounts",
    "Orphans",
    "Page",
    "RunFigures",
    "RunPoint",
    "Sample",
    "StreamFigures",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFigures:
    """One stream: what is stored of it, and what the newest run did (`read` is None where that run did not read it).

    `deleted`: rows marked as deleted; `unfit`: rows with a value that does not fit its column; `newest`: UTC time of
    the latest change; `months`: records created in each of the last months, the one under way last, () where
    records have no such time. `is_part`: only what was changed since a time, fulfils a predicate or is of one store was
    asked for. `expired`: rows that the newest run took out because of their age. `error`: why it is not complete, "" if
    it is; `stopped`: the next run goes on from there.
    """

    name: str
    rows: int = 0
    deleted: int = 0
    unfit: int = 0
    newest: datetime | None = None
    months: tuple[int, ...] = ()
    read_up_to: str | None = None
    mode: str = ""
    read: int | None = None
    new: int | None = None
    changed: int | None = None
    deleted_now: int = 0
    expired: int = 0
    left_out: int = 0
    is_part: bool = False
    error: str = ""
    stopped: bool = False

    def has_news(self) -> bool:
        """Return whether the newest run changed its rows, or read any where that is not counted, or it is not whole."""
        # A stream with an error is news each time, until it is mended, although its rows stay as they are.
        if self.error or self.left_out or self.deleted_now or self.expired:
            return True
        return bool(self.read) if self.new is None else bool(self.new or self.changed)


@dataclass(frozen=True, slots=True)
class MonthlyCounts:
    """Orders of each month (UTC, `YYYY-MM`) by currency; the last month is still under way if `open_month`."""

    months: tuple[str, ...]
    counts: Mapping[str, tuple[int, ...]]
    open_month: bool


@dataclass(frozen=True, slots=True)
class Orphans:
    """`rows` of a table whose `column` refers to no row of the table `target`.

    `newest_only`: only the rows of the stream's newest records were looked at.
    """

    table: str
    column: str
    target: str
    rows: int
    newest_only: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record that the platform could not serve: it comes after `position`."""

    stream: str
    position: str
    reason: str


@dataclass(frozen=True, slots=True)
class FieldNote:
    """What there is to know of a field or stream: `about` which one, and what became of it."""

    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A few rows of a table, as texts."""

    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class RunFigures:
    """What the newest run took; `error`: why it failed as a whole, "" if it did not.

    `under_way`: it has not ended, or was killed. `deletions_unseen`: why it could not learn of deletions.
    """

    seconds: float = 0.0
    requests: int = 0
    retries: int = 0
    deletions_unseen: str | None = None
    under_way: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class RunPoint:
    """One run in the plots: when it began (UTC), and whether it was complete.

    `seconds`: what it took, None if it has not ended. `age`: the seconds from the time up to which all was read to
    the run's end, None where that is not known.
    """

    started: datetime
    complete: bool
    records: int
    seconds: float | None
    age: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All facts of one page. `run`: the newest one, None where none is known; `history`: the runs, the newest last.

    `checked`: how many references were looked at.
    """

    title: str
    destination: str
    command: str
    version: str
    written: str
    streams: Sequence[StreamFigures] = ()
    run: RunFigures | None = None
    history: Sequence[RunPoint] = ()
    orders: MonthlyCounts | None = None
    orphans: Sequence[Orphans] = ()
    checked: int = 0
    notes: Sequence[FieldNote] = ()
    left_out: Sequence[LeftOut] = ()
    samples: Sequence[Sample] = ()
    masked: bool = True
    diagram: str = ""
    summary: Mapping[str, object] = field(default_factory=dict)
