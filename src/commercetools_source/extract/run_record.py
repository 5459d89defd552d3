"""What is kept of each run beside the data that it stored: figures, times and reasons, no record and no secret."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from commercetools_source.catalog.timestamps import moment

__all__ = ["NEWEST_RUNS", "RunRecord", "StreamRecord", "decode_run", "restored"]

NEWEST_RUNS = 1000
"""How many runs a destination keeps records of: with `--every 1m` those of most of a day, nightly those of years."""


# A new field of either needs a default: records from before it, in a table or a line of JSON, are read with that.
class StreamRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How one stream went: `records` were delivered in `pages` of `bytes`, and what became of rows, None if not known.

    `started` and `ended` are UTC timestamps of this machine, None where nothing was asked for. `deleted` rows were
    marked as such, removed, or not in a full read; `left_out` records cannot be served; `unfit` values did not fit
    their column; `expired` rows were taken out because of their age.
    """

    stream: str
    started: str | None
    ended: str | None
    mode: str
    records: int
    new: int | None
    changed: int | None
    deleted: int
    left_out: int
    unfit: int | None
    pages: int
    bytes: int
    error: str | None
    expired: int = 0


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One run of `command`, `sync` or `backfill`, called `run`: when it was, what it took and how each stream went.

    `ended` is None, and `status` "begun", while it is under way; that stays so when it is killed. Else `status` is
    "complete", "stopped" (by a signal or the time given), "incomplete" (`streams` say why) or "failed" (`error` says
    why). `started` and `ended` are this machine's time, `bound` is the platform's, up to which it read. `waited`: the
    seconds between requests and their repetitions, of all threads together. `deletions_unseen`: why deletions were not
    looked for, None if they were.
    """

    run: str
    command: str
    status: str
    started: str
    ended: str | None = None
    bound: str | None = None
    records: int = 0
    requests: int = 0
    retries: int = 0
    waited: float = 0.0
    bytes: int = 0
    error: str | None = None
    deletions_unseen: str | None = None
    streams: tuple[StreamRecord, ...] = ()

    @property
    def seconds(self) -> float | None:
        """How long it took; None where that is not known: it has not ended, or the clock was set back meanwhile."""
        seconds = -1.0 if self.ended is None else (moment(self.ended) - moment(self.started)).total_seconds()
        return seconds if seconds >= 0 else None


decode_run = msgspec.json.Decoder(RunRecord).decode
"""Return the record in a JSON object; raises msgspec.DecodeError."""


def restored(stored: object) -> RunRecord | None:
    """Return the record that was stored as these plain values, or as a line of JSON; None for what is none any more.

    A file can be cut short by a kill or a full disk, and anybody can write into a table or a file.
    """
    with suppress(msgspec.DecodeError, RecursionError, ValueError, OverflowError):
        record = decode_run(stored) if isinstance(stored, bytes) else msgspec.convert(stored, RunRecord)
        for text in (record.started, record.ended, record.bound):
            if text is not None:
                moment(text)
        return record
    return None
