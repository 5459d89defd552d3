"""What Prometheus reads of a run: a text for the textfile collector of its node exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from commercetools_source.catalog.timestamps import moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from commercetools_source.report.tally import Tally
    from commercetools_source.sync.transfer import Summary

__all__ = ["metrics_text"]

_PREFIX = "commercetools_source"


class _Metric(NamedTuple):
    """One metric; `values` pairs a stream ("" for the run) with its value."""

    name: str
    help: str
    values: Iterable[tuple[str, float]]


def metrics_text(summary: Summary | None, tally: Tally | None, ended: float) -> str:
    """Return the metrics of a run that ended at the Unix time `ended`; without `summary` it failed as a whole.

    All are gauges of the last run (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
    """
    run = [
        # Set by a run that failed, too: an alarm on a metric that vanishes is easily forgotten.
        _Metric("run_complete", "1 if every record of every stream was delivered, else 0.", _one(_complete(summary))),
        _Metric("run_ended_timestamp_seconds", "When the run ended.", _one(ended)),
    ]
    if summary is not None and tally is not None:
        run += [*_of_run(summary, tally), *_of_streams(summary)]
    return "".join(map(_text, run))


def _complete(summary: Summary | None) -> bool:
    return summary is not None and summary.complete


def _of_run(summary: Summary, tally: Tally) -> list[_Metric]:
    bound = moment(summary.bound).timestamp()
    return [
        _Metric("run_bound_timestamp_seconds", "Changes before this time are promised.", _one(bound)),
        _Metric("run_seconds", "How long the run took.", _one(tally.seconds)),
        _Metric("run_requests", "Requests, repeated ones included.", _one(tally.requests)),
        _Metric("run_retries", "Requests that were repeated.", _one(tally.retries)),
        _Metric("run_read_bytes", "Bytes of answers, unpacked.", _one(tally.size)),
    ]


def _of_streams(summary: Summary) -> list[_Metric]:
    outcomes = summary.outcomes
    return [
        _Metric(
            "stream_complete",
            "1 if every record was delivered.",
            [(outcome.stream, outcome.complete) for outcome in outcomes],
        ),
        _Metric("stream_records", "Records delivered.", [(outcome.stream, outcome.records) for outcome in outcomes]),
        _Metric(
            "stream_seconds", "From first to last request.", [(outcome.stream, outcome.seconds) for outcome in outcomes]
        ),
        _Metric(
            "stream_quarantined", "Records left out.", [(outcome.stream, outcome.quarantined) for outcome in outcomes]
        ),
        _Metric(
            "stream_deleted",
            "Rows marked as deleted, removed, or not in a full read.",
            [(outcome.stream, summary.deleted_rows(outcome.stream)) for outcome in outcomes],
        ),
    ]


def _one(value: float) -> list[tuple[str, float]]:
    return [("", value)]


def _text(metric: _Metric) -> str:
    name = f"{_PREFIX}_{metric.name}"
    # No counter: each run writes the file anew, and a counter that falls is taken for a restart
    # (https://prometheus.io/docs/concepts/metric_types/).
    lines = [f"# HELP {name} {metric.help}", f"# TYPE {name} gauge"]
    for stream, value in metric.values:
        # Stream names are of the catalogue, letters and underscores, so that there is nothing to escape in a label.
        label = f'{{stream="{stream}"}}' if stream else ""
        # All digits that a double has, and none that it makes up.
        lines.append(f"{name}{label} {float(value):.15g}")
    return "".join(f"{line}\n" for line in lines)
