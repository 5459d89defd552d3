"""From runs to figures: rates, ratios to the floor, and whether a ratio got worse. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["TOLERATED", "Run", "Spread", "decisive", "ratios", "regressions", "spread", "summary"]

TOLERATED = 0.8
"""A ratio may fall to this share of the committed one: a regression of more than 20% is one."""
_GROWN = 1.5
"""How many times the committed peak of memory is a regression: it depends on which threads run at once."""


@dataclass(frozen=True, slots=True)
class Run:
    """One process: records read, seconds, CPU seconds, peak of memory in bytes."""

    records: int
    seconds: float
    cpu: float
    peak: int


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several figures, the least and the greatest of them."""

    low: float
    median: float
    high: float


def spread(figures: Iterable[float]) -> Spread:
    """Return how `figures` spread; there is at least one."""
    ordered = sorted(figures)
    return Spread(ordered[0], median(ordered), ordered[-1])


def ratios(floors: Sequence[Run], runs: Sequence[Run]) -> tuple[Spread, Spread]:
    """Return each run's speed as a share of the floor's beside it: by the clock, and by CPU seconds."""
    pairs = list(zip(floors, runs, strict=True))
    wall = spread(run.records / run.seconds / (floor.records / floor.seconds) for floor, run in pairs)
    cpu = spread(run.records / run.cpu / (floor.records / floor.cpu) for floor, run in pairs)
    return wall, cpu


def summary(floors: Sequence[Run], runs: Sequence[Run]) -> dict[str, Any]:
    """Return what is kept of a case: ratios first."""
    wall, cpu = ratios(floors, runs)
    return {
        "ratio": _plain(wall),
        "cpu_ratio": _plain(cpu),
        "records": runs[0].records,
        "records_per_second": _plain(spread(run.records / run.seconds for run in runs), 0),
        "seconds": _plain(spread(run.seconds for run in runs)),
        "cpu_seconds": _plain(spread(run.cpu for run in runs)),
        "cpu_microseconds_per_record": round(median(run.cpu / run.records for run in runs) * 1e6, 2),
        "peak_mb": round(max(run.peak for run in runs) / 1e6, 1),
        "floor_records_per_second": _plain(spread(floor.records / floor.seconds for floor in floors), 0),
    }


def _plain(figures: Spread, digits: int = 4) -> list[float]:
    return [round(figure, digits) for figure in (figures.low, figures.median, figures.high)]


def decisive(result: Mapping[str, Any]) -> float:
    """Return the ratio that a change of the code moves and other programs on the machine do not.

    Without latency it is that of CPU seconds; where waiting is the point, that of the clock.
    """
    ratio: float = (result["ratio"] if result["latency"] else result["cpu_ratio"])[1]
    return ratio


def regressions(committed: Mapping[str, Any], measured: Mapping[str, Any]) -> list[str]:
    """Return a line for each case whose ratio fell or whose peak grew by more than is tolerated, or that is new."""
    lines = []
    for key, result in measured.items():
        before = committed.get(key)
        if before is None:
            lines.append(f"{key}: there is no committed figure; run `make bench`")
        elif decisive(result) < TOLERATED * decisive(before):
            lines.append(f"{key}: {decisive(result):.3f} of the floor, {decisive(before):.3f} was committed")
        elif result["peak_mb"] > _GROWN * before["peak_mb"]:
            lines.append(f"{key}: a peak of {result['peak_mb']} MB, {before['peak_mb']} MB was committed")
    return lines
