"""What `verify` and `sweep` answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from commercetools_source.report.answer import Report
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from commercetools_source.sync.compare import Verdict

__all__ = ["ComparisonReport"]

# Enough to look records up by hand; a difference of a million ids belongs in a file, by --json.
_MOST_IDS = 10
_DIFFERENCES = ("missing", "stale", "gone", "doubled")
_FIGURES = ("held", "listed", *_DIFFERENCES)
_SWEPT = ("mended", "marked")


@dataclass(frozen=True, slots=True)
class ComparisonReport(Report):
    """How streams differ from the platform; `swept`: and what was done about it."""

    verdicts: tuple[Verdict, ...]
    swept: bool = False

    def text(self) -> str:
        """Return a line per stream: rows held and listed, how they differ; below, the first ids of each difference."""
        doubled = any(verdict.difference and verdict.difference.doubled for verdict in self.verdicts)
        # Only hands double a row: a column of zeros would leave no room for reasons in a narrow terminal.
        told = [name for name in _FIGURES if doubled or name != "doubled"]
        figures = [*told, *_SWEPT] if self.swept else told
        rows = [
            [verdict.stream, verdict.bound, *(_figures(verdict)[name] for name in figures), self._result(verdict)]
            for verdict in self.verdicts
        ]
        ids = [line for verdict in self.verdicts for line in _ids(verdict)]
        listed = table(rows, header=("stream", "up to", *figures, "result"))
        return "\n".join([listed, "", *ids] if ids else [listed])

    def value(self) -> object:
        """Return every verdict, with all ids that are missing, stale, gone or doubled."""
        return {"streams": [{**asdict(verdict), "equal": verdict.equal} for verdict in self.verdicts]}

    def _result(self, verdict: Verdict) -> str:
        if verdict.equal:
            # `sweep` tells why it left something; without a reason it has mended what differed.
            return "equal"
        return verdict.note or ("mended" if self.swept else "differs")


def _ids(verdict: Verdict) -> list[str]:
    """Return lines such as `orders missing: id, id, and 20 more`."""
    lines = []
    # A comparison that failed has no difference, only a note.
    for name in _DIFFERENCES if verdict.difference else ():
        ids: tuple[str, ...] = getattr(verdict.difference, name)
        beyond = f", and {len(ids) - _MOST_IDS:,} more; --json has all" if len(ids) > _MOST_IDS else ""
        lines += [f"{verdict.stream} {name}: {', '.join(ids[:_MOST_IDS])}{beyond}"] if ids else []
    return lines


def _figures(verdict: Verdict) -> dict[str, int | None]:
    """Return the figures by their heads; nothing where nothing was compared, for 0 would say that nothing is held."""
    difference = verdict.difference
    lengths = (len(getattr(difference, name)) for name in _DIFFERENCES) if difference else ()
    counts = (difference.held, difference.listed, *lengths) if difference else (None,) * len(_FIGURES)
    return dict(zip((*_FIGURES, *_SWEPT), (*counts, verdict.mended, verdict.marked), strict=True))
