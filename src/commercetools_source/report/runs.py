"""What `runs` answers: the records of runs that a destination keeps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.catalog.timestamps import moment
from commercetools_source.errors import printable
from commercetools_source.events import counted, seconds_text
from commercetools_source.report.answer import Report
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commercetools_source.extract.run_record import RunRecord

__all__ = ["RunsReport"]

_HEADER = ("started (UTC)", "command", "took", "ended as", "records", "new", "changed", "deleted", "requests")
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class RunsReport(Report):
    """Records of runs, the newest first."""

    runs: Sequence[RunRecord]

    def text(self) -> str:
        """Return a line for each run, then why the newest one is not complete."""
        if not self.runs:
            return "no run is recorded yet; `sync` and `backfill` record theirs"
        lines = [table([_row(run) for run in self.runs], header=_HEADER)]
        # Only of the newest: what was wrong before may be mended, and every line here asks for something to be done.
        return "\n".join([*lines, *_reasons(self.runs[0])])

    def value(self) -> object:
        """Return each run as it is stored, with its streams."""
        return msgspec.to_builtins(self.runs)


def _row(run: RunRecord) -> list[object]:
    figures: Counter[str] = Counter()
    for stream in run.streams:
        figures.update(new=stream.new or 0, changed=stream.changed or 0, deleted=stream.deleted)
    # Where no stream's rows were compared, zeros would say that nothing changed.
    known = any(stream.new is not None for stream in run.streams)
    return [
        f"{moment(run.started):%Y-%m-%d %H:%M:%S}",
        run.command,
        "" if run.seconds is None else seconds_text(run.seconds),
        "not ended" if run.ended is None else run.status,
        run.records,
        figures["new"] if known else None,
        figures["changed"] if known else None,
        figures["deleted"],
        run.requests,
    ]


def _reasons(run: RunRecord) -> Iterator[str]:
    """Yield what a person should know of a run: why it is not complete, what did not fit or was not looked for."""
    if run.ended is None:
        yield "the newest run has not ended: it was killed, or is under way; the next one goes on from there"
    if run.error is not None:
        yield f"the newest run failed: {printable(run.error, _LONGEST_REASON)}"
    if run.deletions_unseen is not None:
        yield printable(run.deletions_unseen, _LONGEST_REASON)
    for stream in run.streams:
        if stream.unfit:
            # Its records are complete all the same.
            values = counted(stream.unfit, "value")
            yield f"{stream.stream}: {values} in `_unfit`, not of the type that the column has"
        if stream.expired:
            yield f"{stream.stream}: {counted(stream.expired, 'row')} taken out because of their age"
    # Failures come last and so stand nearest to the prompt.
    for stream in run.streams:
        if stream.error is not None:
            yield f"{stream.stream}: {printable(stream.error, _LONGEST_REASON)}"
        elif stream.left_out:
            yield f"{stream.stream}: {counted(stream.left_out, 'record')} left out, which cannot be read"
