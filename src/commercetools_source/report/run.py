"""What `sync`, `backfill` and `demo` answer about a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from commercetools_source.errors import printable
from commercetools_source.events import counted, seconds_text
from commercetools_source.report.answer import Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.extract.engine import Outcome
    from commercetools_source.report.progress import Tally
    from commercetools_source.sync.transfer import Summary

__all__ = ["RunReport"]

_MODES = {
    "incremental": "changes only",
    "resumed": "on from a run that was cut off",
    "full": "read in full",
    "window": "a window of time",
}
_MOST_NAMES = 10


@dataclass(frozen=True, slots=True)
class RunReport(Report):
    """How a run into `destination` ended, and what it took (`tally`)."""

    summary: Summary
    destination: str
    tally: Tally

    def text(self) -> str:
        """Return a few lines; why a stream failed was shown when it did."""
        summary, tally = self.summary, self.tally
        retries = f", {counted(tally.retries, 'retry')}" if tally.retries else ""
        requests = f"{counted(tally.requests, 'request')}{retries}"
        lines = [
            f"{counted(summary.records, 'record')} in {seconds_text(tally.seconds)} ({requests})",
            *_streams(summary),
        ]
        if summary.deleted:
            lines.append(f"deleted on the platform: {_by_stream(summary.deleted)}")
        if summary.deletions_unseen is not None:
            lines.append(printable(summary.deletions_unseen))
        bound = f", complete up to {summary.bound}" if summary.complete else ""
        lines.append(f"written to {printable(self.destination)}{bound}")
        return "\n".join([*lines, *_incomplete(summary)])

    def value(self) -> object:
        """Return totals and streams; `deleted` counts rows marked as deleted, or removed."""
        summary, tally = self.summary, self.tally
        return {
            "complete": summary.complete,
            "destination": self.destination,
            "bound": summary.bound,
            "records": summary.records,
            "deleted": sum(summary.deleted.values()),
            "deletions_unseen": summary.deletions_unseen,
            "requests": tally.requests,
            "retries": tally.retries,
            "seconds": round(tally.seconds, 3),
            "streams": [
                {**_fields(row), "deleted": summary.deleted.get(row.stream, 0), "seconds": round(row.seconds, 3)}
                for row in summary.outcomes
            ],
        }


def _fields(outcome: Outcome) -> dict[str, object]:
    """Return the fields of an outcome that JSON has."""
    fields = asdict(outcome)
    del fields["cause"]
    return fields


def _streams(summary: Summary) -> list[str]:
    modes = Counter(outcome.mode for outcome in summary.outcomes if outcome.error is None)
    texts = [f"{counted(modes[mode], 'stream')}: {text}" for mode, text in _MODES.items() if modes[mode]]
    stopped = sum(outcome.stopped for outcome in summary.outcomes)
    failed = sum(outcome.error is not None and not outcome.stopped for outcome in summary.outcomes)
    texts += [f"{counted(stopped, 'stream')}: stopped, the next run goes on"] if stopped else []
    texts += [f"{counted(failed, 'stream')}: failed"] if failed else []
    return ["; ".join(texts)] if texts else []


def _by_stream(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in rows.items())


def _incomplete(summary: Summary) -> list[str]:
    """Return the names of the streams that lack something; the reasons stand above, where they came up."""
    failed = [outcome.stream for outcome in summary.outcomes if outcome.error is not None and not outcome.stopped]
    lines = [f"not complete, see above: {_names(failed)}"] if failed else []
    return lines + [
        f"not complete: {outcome.stream}: {counted(outcome.quarantined, 'record')} cannot be read, see above"
        for outcome in summary.outcomes
        if outcome.quarantined and outcome.error is None
    ]


def _names(streams: list[str]) -> str:
    more = len(streams) - _MOST_NAMES
    return ", ".join(streams[:_MOST_NAMES]) + (f", and {more} more" if more > 0 else "")
