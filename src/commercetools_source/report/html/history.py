"""What the records of runs say: of the newest run, of each stream's newest outcome, and for plots of all. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from commercetools_source.catalog.timestamps import moment
from commercetools_source.report.html.values import RunFigures, RunPoint, StreamFigures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commercetools_source.extract.run_record import RunRecord, StreamRecord

__all__ = ["NEWEST", "figures_of", "points", "read_by", "with_outcomes"]

NEWEST = 30
"""How many runs a page shows."""

_MODES = {"full": "in full", "incremental": "changes only"}


def figures_of(run: RunRecord) -> RunFigures:
    """Return what a run took."""
    return RunFigures(
        seconds=run.seconds or 0.0,
        requests=run.requests,
        retries=run.retries,
        deletions_unseen=run.deletions_unseen,
        under_way=run.ended is None,
        error=run.error or "",
    )


def read_by(runs: Iterable[RunRecord]) -> list[str]:
    """Return the streams that any of `runs` read without a fault, so that something of them was stored."""
    return list(dict.fromkeys(row.stream for run in runs for row in run.streams if row.error is None))


def with_outcomes(rows: Mapping[str, StreamFigures], runs: Sequence[RunRecord]) -> dict[str, StreamFigures]:
    """Return the streams with what the newest of `runs` did to them, and those that were not whole when last read.

    A run of some streams says nothing of the others: what an older run could not read is still not there.
    """
    # Only the newest outcome of each stream counts, so runs are gone through from the newest on.
    joined = dict(rows)
    seen: set[str] = set()
    for index, run in enumerate(runs):
        for outcome in run.streams:
            if outcome.stream not in seen:
                seen.add(outcome.stream)
                row = joined.get(outcome.stream, StreamFigures(name=outcome.stream))
                # Figures are those of the newest run alone; an older one gives only the error that still stands.
                row = _with_figures(row, outcome) if index == 0 else row
                before = f"in the run of {run.started[:10]}: " if index else ""
                joined[outcome.stream] = _with_error(row, outcome, before, is_stopped=run.status == "stopped")
    return joined


def points(runs: Sequence[RunRecord]) -> list[RunPoint]:
    """Return the runs for plots, the oldest first; `runs` has the newest first."""
    drawn = []
    whole_until = ""
    for run in reversed(runs):
        # Data is as young as the last run that was whole: one that was cut off brings no promise of its own.
        if run.status == "complete" and run.bound is not None:
            whole_until = max(whole_until, run.bound)
        age = (moment(run.ended) - moment(whole_until)).total_seconds() if run.ended and whole_until else None
        drawn.append(
            RunPoint(
                started=moment(run.started),
                complete=run.status == "complete",
                records=run.records,
                seconds=run.seconds,
                age=age if age is None or age >= 0 else None,  # clocks differ: `bound` is the platform's time
            )
        )
    return drawn


def _with_figures(row: StreamFigures, outcome: StreamRecord) -> StreamFigures:
    return replace(
        row,
        mode=_MODES.get(outcome.mode, outcome.mode),
        read=outcome.records,
        new=outcome.new,
        changed=outcome.changed,
        deleted_now=outcome.deleted,
        expired=outcome.expired,
        left_out=max(row.left_out, outcome.left_out),
    )


def _with_error(row: StreamFigures, outcome: StreamRecord, before: str, *, is_stopped: bool) -> StreamFigures:
    if outcome.error is None:
        return row
    return replace(row, error=f"{before}{outcome.error}", stopped=is_stopped)
