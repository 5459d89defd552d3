"""What `plan` answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.events import counted, seconds_text
from commercetools_source.report.answer import Report
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from commercetools_source.sync.estimate import Forecast, Precision
    from commercetools_source.sync.plan import Plan

__all__ = ["PlanReport"]

_HEADER = ("stream", "read", "records", "requests", "time", "")
_BOUNDS: dict[Precision, str] = {"exact": "", "about": "~ ", "at least": ">= "}


@dataclass(frozen=True, slots=True)
class PlanReport(Report):
    """What a run would read; its time is that of `concurrency` requests at once."""

    plan: Plan
    concurrency: int

    def text(self) -> str:
        """Return a line for each stream and one for all."""
        plan = self.plan
        # Deletions are looked for before anything is read, so they stand above the streams.
        before = [] if plan.deletions is None else [plan.deletions]
        rows = [self._row(forecast) for forecast in (*before, *plan.streams)]
        bound = "" if plan.precision == "exact" else f"{plan.precision} "
        requests = f"{'at least' if plan.precision == 'at least' else 'about'} {counted(plan.requests, 'request')}"
        total = (
            f"{bound}{counted(plan.records, 'record')} in {requests}; about"
            f" {seconds_text(plan.seconds(self.concurrency))} with {counted(self.concurrency, 'request')} at once, as"
            " fast as the platform answers now"
        )
        return f"{table(rows, header=_HEADER)}\n\n{total}"

    def value(self) -> object:
        """Return totals and streams; `seconds` of a stream are those of its answers one after the other.

        `deletions`: what looking for them takes, null where a run does not.
        """
        plan = self.plan
        return {
            "records": plan.records,
            "requests": plan.requests,
            "seconds": round(plan.seconds(self.concurrency), 3),
            "exact": plan.precision == "exact",
            "deletions": plan.deletions and _value(plan.deletions),
            "streams": [_value(forecast) for forecast in plan],
        }

    def _row(self, forecast: Forecast) -> list[str]:
        return [
            forecast.stream,
            forecast.mode,
            "" if forecast.records is None else f"{_BOUNDS[forecast.precision]}{forecast.records:,}",
            f"{_BOUNDS[forecast.precision]}{forecast.requests:,}",
            # Pages of one range follow each other: more requests at once do not shorten the longest chain.
            seconds_text(max(forecast.chain, forecast.seconds / self.concurrency)),
            forecast.note,
        ]


def _value(forecast: Forecast) -> dict[str, Any]:
    rounded = {name: round(getattr(forecast, name), 3) for name in ("seconds", "chain")}
    return {**asdict(forecast), **rounded, "exact": forecast.exact}
