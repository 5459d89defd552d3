"""What the commands answer: the same facts as text for people and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from commercetools_source.report.table import _json, seconds_text

if TYPE_CHECKING:
    from commercetools_source.report.progress import Tally
    from commercetools_source.sync.run import Summary

__all__ = ["summary_json", "summary_text"]


# --- sync ---


def summary_text(summary: Summary, place: str, tally: Tally) -> str:
    """Return how a run ended, in a few lines."""
    words = {"incremental": "from where the last run ended", "resumed": "on from a cut-off run"}
    words |= {"full": "whole", "window": "in a window of time"}
    modes = Counter(one.mode for one in summary.outcomes)
    how = ", ".join(f"{modes[mode]} {text}" for mode, text in words.items() if modes[mode])
    again = f", {tally.retries:,} of them again after a failure" if tally.retries else ""
    requests = f"{tally.requests:,} requests{again}"
    lines = [
        f"{summary.records:,} records of {len(summary.outcomes)} streams in {seconds_text(tally.seconds)} ({requests})",
        f"streams read {how}",
        f"written to {place}{f', complete up to {summary.bound}' if summary.complete else ''}",
    ]
    for one in summary.outcomes:
        if one.error is not None:
            lines.append(f"not complete: {one.stream}: {one.error}")
        elif one.quarantined:
            lines.append(f"not complete: {one.stream}: {one.quarantined} records cannot be read, see above")
    return "\n".join(lines)


def summary_json(summary: Summary, place: str, tally: Tally) -> str:
    """Return how a run ended as one JSON object."""
    return _json(
        {
            "complete": summary.complete,
            "destination": place,
            "bound": summary.bound,
            "records": summary.records,
            "requests": tally.requests,
            "retries": tally.retries,
            "seconds": round(tally.seconds, 3),
            "streams": [{**asdict(one), "seconds": round(one.seconds, 3)} for one in summary.outcomes],
        }
    )


# --- check ---


# --- streams ---


# --- verify and sweep ---
