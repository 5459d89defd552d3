"""The record of a run: begun when the destination is open, ended before it is closed, however the run ends."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from secrets import token_hex
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.catalog.timestamps import instant
from commercetools_source.errors import CommercetoolsError, ConfigError, printable
from commercetools_source.events import (
    Notice,
    PageRead,
    PhaseBegan,
    RowsWritten,
    StreamFailed,
    StreamFinished,
    StreamStarted,
)
from commercetools_source.extract.abilities import RunStore, StateStore, Typed
from commercetools_source.extract.run_record import RunRecord, StreamRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commercetools_source.client import Client
    from commercetools_source.events import Event, Hook
    from commercetools_source.extract.delivery import Destination
    from commercetools_source.extract.engine import Outcome
    from commercetools_source.http.traffic import Traffic
    from commercetools_source.sync.transfer import Summary

__all__ = ["Recorder", "begin", "recorded", "unreached"]

_LONGEST_REASON = 2000


@dataclass(slots=True)
class Recorder:
    """The hook of a run that is recorded: notes when streams begin and end, and passes each event on.

    `drift` is what the destination counted in earlier runs. `stored`: records that are safe. `summary` is set when the
    run went to its end, complete or not.
    """

    hook: Hook
    drift: Mapping[tuple[str, str], int] = field(default_factory=dict)
    summary: Summary | None = None
    stored: int = 0
    started: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    pages: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)

    def __call__(self, event: Event) -> None:
        """Note an event, then pass it on."""
        if isinstance(event, PageRead):
            self.pages[event.stream] += 1
            self.sizes[event.stream] += event.size
        elif isinstance(event, RowsWritten):
            self.stored += event.records
        elif isinstance(event, StreamStarted):
            # A resumed read is followed by an incremental one of the same stream; the first beginning is the stream's.
            self.started.setdefault(event.stream, _now())
        elif isinstance(event, (StreamFinished, StreamFailed)):
            self.ended[event.stream] = _now()
        self.hook(event)

    def unfit(self, destination: Destination) -> Mapping[str, int] | None:
        """Return by stream how many values of this run did not fit their column; None where columns have no types."""
        if not isinstance(destination, Typed):
            return None
        unfit: Counter[str] = Counter()
        for (stream, name), values in destination.drift.items():
            # A destination counts over all runs, and this is the record of one.
            unfit[stream] += values - self.drift.get((stream, name), 0)
        return +unfit  # those above zero

    def streams(self) -> tuple[StreamRecord, ...]:
        """Return how each stream went in a run that has its summary."""
        summary = self.summary
        return () if summary is None else tuple(self._stream(summary, outcome) for outcome in summary.outcomes)

    def _stream(self, summary: Summary, outcome: Outcome) -> StreamRecord:
        name, changes = outcome.stream, summary.changes.get(outcome.stream)
        return StreamRecord(
            stream=name,
            started=self.started.get(name),
            ended=self.ended.get(name),
            mode=outcome.mode,
            records=outcome.records,
            new=None if changes is None else changes.new,
            changed=None if changes is None else changes.changed,
            deleted=summary.deleted_rows(name),
            left_out=outcome.quarantined,
            unfit=None if summary.unfit is None else summary.unfit.get(name, 0),
            pages=self.pages[name],
            bytes=self.sizes[name],
            error=_line(outcome.error),
            expired=summary.expired.get(name, 0),
        )


@contextmanager
def recorded(
    client: Client, destination: Destination, begun: RunRecord, before: Traffic, hook: Hook
) -> Iterator[Recorder]:
    """Keep a record of the run inside, where the open `destination` keeps some; the recorder is the run's hook.

    `before` is what the client had asked when the run began. A record that cannot be stored is told by a Notice, and
    ends no run: what the run reads is worth more.
    """
    recorder = Recorder(hook, dict(destination.drift) if isinstance(destination, Typed) else {})
    # Before anything is read: a run that is killed leaves a record that never ended.
    _store(destination, begun, hook)
    error: BaseException | None = None
    try:
        yield recorder
    except BaseException as raised:
        error = raised
        raise
    finally:
        summary = recorder.summary
        if summary is not None:
            # What follows is the destination's: its record of the run, and a checkpoint where it makes any.
            hook(PhaseBegan("checkpoint"))
        traffic = client.traffic().since(before)
        ended = msgspec.structs.replace(
            begun,
            ended=_now(),
            status=_status(summary, error),
            records=recorder.stored if summary is None else summary.records,
            error=_reason(error),
            deletions_unseen=_line(None if summary is None else summary.deletions_unseen),
            streams=recorder.streams(),
            **traffic._asdict(),
        )
        _store(destination, ended, hook)


@contextmanager
def unreached(client: Client, destination: Destination, command: str, before: Traffic, hook: Hook) -> Iterator[None]:
    """Keep a record of a run that fails inside, before its destination is open: the platform cannot be reached.

    Only beside what earlier runs stored: such a run makes no file and no folder. Wrong arguments are no run.
    """
    begun = begin(command, None)
    try:
        yield
    except ConfigError:
        raise
    except CommercetoolsError as error:
        traffic = client.traffic().since(before)
        failed = msgspec.structs.replace(
            begun, ended=_now(), status=_status(None, error), error=_reason(error), **traffic._asdict()
        )
        # The error of the run counts, not what keeps its record from being stored: a file that is in use, for one.
        with suppress(CommercetoolsError):
            _store_beside(destination, failed, hook)
        raise


def _store_beside(destination: Destination, record: RunRecord, hook: Hook) -> None:
    if not isinstance(destination, StateStore):
        return
    try:
        # Where nothing is stored yet this raises or returns nothing, and `open` would make it.
        stored = destination.open_read_only()
        destination.close()
        if stored:
            destination.open()
            _store(destination, record, hook)
    finally:
        destination.close()


def begin(command: str, bound: str | None) -> RunRecord:
    """Return the record of a run that begins now and reads up to `bound`; None: it is not known yet."""
    now = datetime.now(timezone.utc)
    # Sorts by time, and two runs that begin in one second still differ.
    name = f"{now:%Y%m%dT%H%M%S}-{token_hex(4)}"
    return RunRecord(run=name, command=command, status="begun", started=instant(now), bound=bound)


def _store(destination: Destination, record: RunRecord, hook: Hook) -> None:
    if not isinstance(destination, RunStore):
        return
    try:
        destination.write_run(record)
    except CommercetoolsError as error:
        hook(Notice(destination.name, f"the record of this run is not stored: {error}", lacking=True))


def _status(summary: Summary | None, error: BaseException | None) -> str:
    if summary is None:
        return "stopped" if _is_stop(error) else "failed"
    if summary.complete:
        return "complete"
    return "stopped" if summary.stopped else "incomplete"


def _is_stop(error: BaseException | None) -> bool:
    """Return whether somebody ended the run at once, as Ctrl-C and signals do before reading and when they repeat."""
    return isinstance(error, (KeyboardInterrupt, SystemExit))


def _line(reason: str | None) -> str | None:
    return None if reason is None else printable(reason, _LONGEST_REASON)


def _reason(error: BaseException | None) -> str | None:
    """Return why a run failed. Only our errors have texts that are known to hold neither secrets nor records."""
    if error is None or _is_stop(error):
        return None
    return printable(str(error), _LONGEST_REASON) if isinstance(error, CommercetoolsError) else type(error).__name__


def _now() -> str:
    return instant(datetime.now(timezone.utc))
