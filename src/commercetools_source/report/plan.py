"""What `plan` answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from commercetools_source.events import counted, seconds_text
from commercetools_source.report.answer import Report
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from commercetools_source.sync.plan import Forecast

__all__ = ["PlanReport"]

_HEADER = ("stream", "read", "records", "requests", "time", "")


@dataclass(frozen=True, slots=True)
class PlanReport(Report):
    """What a run would read; its time is that of `concurrency` requests at once."""

    forecasts: tuple[Forecast, ...]
    concurrency: int

    @property
    def records(self) -> int:
        """Records of all streams of which the number is known."""
        return sum(forecast.records or 0 for forecast in self.forecasts)

    @property
    def requests(self) -> int:
        """Requests in all."""
        return sum(forecast.requests for forecast in self.forecasts)

    @property
    def seconds(self) -> float:
        """How long the run takes."""
        return sum(forecast.seconds for forecast in self.forecasts) / self.concurrency

    @property
    def exact(self) -> bool:
        """Whether no number is a lower bound."""
        return all(forecast.exact for forecast in self.forecasts)

    def text(self) -> str:
        """Return a line for each stream and one for all."""
        rows = [self._row(forecast) for forecast in self.forecasts]
        least = "" if self.exact else "at least "
        total = (
            f"{least}{counted(self.records, 'record')} in {least}{counted(self.requests, 'request')}; about"
            f" {seconds_text(self.seconds)} with {counted(self.concurrency, 'request')} at once, as fast as the"
            " platform answers now"
        )
        return f"{table(rows, header=_HEADER)}\n\n{total}"

    def value(self) -> object:
        """Return totals and streams; `seconds` of a stream are those of its answers one after the other."""
        return {
            "records": self.records,
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
            "exact": self.exact,
            "streams": [{**asdict(forecast), "seconds": round(forecast.seconds, 3)} for forecast in self.forecasts],
        }

    def _row(self, forecast: Forecast) -> list[str]:
        return [
            forecast.stream,
            forecast.mode,
            _bounded("" if forecast.records is None else f"{forecast.records:,}", exact=forecast.exact),
            _bounded(f"{forecast.requests:,}", exact=forecast.exact),
            seconds_text(forecast.seconds / min(self.concurrency, max(1, forecast.requests))),
            forecast.note,
        ]


def _bounded(number: str, *, exact: bool) -> str:
    return number if exact or not number else f">= {number}"
