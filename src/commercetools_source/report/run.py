"""What `sync`, `backfill` and `demo` answer about a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.errors import printable
from commercetools_source.events import counted, seconds_text
from commercetools_source.report.answer import Report

if TYPE_CHECKING:
    from commercetools_source.extract.engine import Outcome
    from commercetools_source.report.tally import Tally
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
    """How a run into `destination` ended, and what it took (`tally`); `look` is a command that shows the result.

    `full`: whether all was to be read again, with which the same command would begin anew.
    """

    summary: Summary
    destination: str
    tally: Tally
    look: str = ""
    full: bool = False

    def text(self) -> str:
        """Return a few lines; why a stream failed, and which values fit no column, was shown when it was noticed."""
        summary, tally = self.summary, self.tally
        retries = f", {counted(tally.retries, 'retry')}" if tally.retries else ""
        requests = f"{counted(tally.requests, 'request')}{retries}"
        lines = [
            # Seconds of the tally and not of the streams, which are read side by side.
            f"{counted(summary.records, 'record')} in {seconds_text(tally.seconds)} ({requests})",
            *_modes(summary),
            *_changes(summary),
        ]
        if summary.deletions_unseen is not None:
            lines.append(printable(summary.deletions_unseen))
        bound = f", complete up to {summary.bound}" if summary.complete else ""
        lines.append(f"written to {printable(self.destination)}{bound}")
        # Last, because that is what a person sees above the prompt.
        return "\n".join([*lines, *_incomplete(summary), *self._next_step()])

    def value(self) -> dict[str, Any]:
        """Return totals and streams; `new`, `changed` and `unfit` are null where the destination does not know them.

        `deleted` counts rows marked as deleted, removed, or gone when a full read replaced them; `quarantined` records
        cannot be read; `unfit` values did not fit the type of their column.
        """
        summary, tally = self.summary, self.tally
        return {
            "complete": summary.complete,
            "destination": self.destination,
            "bound": summary.bound,
            "records": summary.records,
            "deleted": sum(summary.deleted_rows(outcome.stream) for outcome in summary.outcomes),
            "deletions_unseen": summary.deletions_unseen,
            "requests": tally.requests,
            "retries": tally.retries,
            "seconds": round(tally.seconds, 3),
            "streams": [_stream_value(summary, outcome) for outcome in summary.outcomes],
        }

    def _next_step(self) -> list[str]:
        if self.summary.stopped:
            return [f"next: run the same command again{' without --full' * self.full}; it goes on from here"]
        if not self.summary.complete:
            return ["next: do what is said above, then run the same command again; it goes on from here"]
        return [f"next: {printable(self.look)}"] if self.look else []


def _stream_value(summary: Summary, outcome: Outcome) -> dict[str, Any]:
    changes = summary.changes.get(outcome.stream)
    fields = asdict(outcome)
    del fields["cause"]  # a type, which JSON does not have
    return {
        **fields,
        "new": changes and changes.new,
        "changed": changes and changes.changed,
        "deleted": summary.deleted_rows(outcome.stream),
        "expired": summary.expired.get(outcome.stream, 0),
        "unfit": None if summary.unfit is None else summary.unfit.get(outcome.stream, 0),
        "seconds": round(outcome.seconds, 3),
    }


def _modes(summary: Summary) -> list[str]:
    modes = Counter(outcome.mode for outcome in summary.outcomes if outcome.error is None)
    # In the order of the table and not of size: two runs can be compared line by line.
    texts = [f"{counted(modes[mode], 'stream')}: {text}" for mode, text in _MODES.items() if modes[mode]]
    stopped = sum(outcome.stopped for outcome in summary.outcomes)
    failed = sum(outcome.error is not None and not outcome.stopped for outcome in summary.outcomes)
    texts += [f"{counted(stopped, 'stream')}: stopped, the next run goes on"] if stopped else []
    texts += [f"{counted(failed, 'stream')}: failed"] if failed else []
    return ["; ".join(texts)] if texts else []


def _changes(summary: Summary) -> list[str]:
    """Return a line for each stream that changed most, one for all others that did, and one for those that did not."""
    figures = {outcome.stream: _figures(summary, outcome) for outcome in summary.outcomes}
    changed = {stream: counts for stream, counts in figures.items() if counts.total()}
    largest = sorted(changed, key=lambda stream: -changed[stream].total())
    if len(largest) > _MOST_NAMES:  # else the last line would stand for a single stream
        largest = largest[: _MOST_NAMES - 1]
    lines = [f"{stream}: {_figures_text(changed[stream])}" for stream in figures if stream in largest]
    others = [changed[stream] for stream in changed if stream not in largest]
    if others:
        lines.append(f"{counted(len(others), 'other stream')}: {_figures_text(sum(others, Counter()))}")
    # Of a stream with a record that cannot be read nobody knows whether it changed.
    unchanged = sum(not figures[outcome.stream].total() and outcome.complete for outcome in summary.outcomes)
    return lines + ([f"{counted(unchanged, 'stream')} unchanged"] if unchanged else [])


def _figures(summary: Summary, outcome: Outcome) -> Counter[str]:
    changes = summary.changes.get(outcome.stream)
    deleted = {
        "deleted": summary.deleted_rows(outcome.stream),
        "expired": summary.expired.get(outcome.stream, 0),
    }
    if changes is None:
        # Where rows are not compared, a new record and a changed one look alike.
        return Counter({"written": outcome.records, **deleted})
    return Counter({"new": changes.new, "changed": changes.changed, **deleted})


def _figures_text(counts: Counter[str]) -> str:
    names = ("written", "new", "changed", "deleted", "expired")
    return ", ".join(f"{counts[name]:,} {name}" for name in names if counts[name])


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
    others = len(streams) - _MOST_NAMES
    return ", ".join(streams[:_MOST_NAMES]) + (f", and {others} more" if others > 0 else "")
