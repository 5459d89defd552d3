"""What `plan` and `state` answer: the same facts as text for people and as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from commercetools_source.report.table import seconds_text, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.sync.plan import Forecast

__all__ = ["forecasts_json", "forecasts_text"]


def forecasts_text(forecasts: Sequence[Forecast], concurrency: int) -> str:
    """Return a line for each stream and one for all; times are those of `concurrency` requests at once."""
    rows = [
        [
            one.stream,
            one.mode,
            _least("" if one.records is None else f"{one.records:,}", exact=one.exact),
            _least(f"{one.requests:,}", exact=one.exact),
            seconds_text(one.seconds / min(concurrency, max(1, one.requests))),
            one.note,
        ]
        for one in forecasts
    ]
    exact = all(one.exact for one in forecasts)
    records, requests = sum(one.records or 0 for one in forecasts), sum(one.requests for one in forecasts)
    least = "" if exact else "at least "
    seconds = seconds_text(sum(one.seconds for one in forecasts) / concurrency)
    last = (
        f"{least}{records:,} records in {least}{requests:,} requests; about {seconds}"
        f" with {concurrency} requests at once, as fast as the platform answers now"
    )
    header = ("stream", "read", "records", "requests", "time", "")
    return f"{table(rows, header=header)}\n\n{last}"


def _least(number: str, *, exact: bool) -> str:
    return number if exact or not number else f">= {number}"


def forecasts_json(forecasts: Sequence[Forecast], concurrency: int) -> str:
    """Return the same as one JSON object; `seconds` of a stream are those of its answers one after the other."""
    return json.dumps(
        {
            "records": sum(one.records or 0 for one in forecasts),
            "requests": sum(one.requests for one in forecasts),
            "seconds": round(sum(one.seconds for one in forecasts) / concurrency, 3),
            "exact": all(one.exact for one in forecasts),
            "streams": [{**asdict(one), "seconds": round(one.seconds, 3)} for one in forecasts],
        },
        indent=2,
    )
