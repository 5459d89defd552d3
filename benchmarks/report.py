"""Figures as the tables of README.md, and as a plot. Pure functions."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from benchmarks.plan import OUTPUTS
from benchmarks.shop import BASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["chart", "tables"]

Result = dict[str, Any]


def tables(found: Mapping[str, Any]) -> str:
    """Return every table of the results."""
    rows = [*found["cases"].values()]
    own = [row for row in rows if row["peer"] is None and not row["scale"] and not row["changes"]]
    ours = [row for row in own if not row.get("personal")]
    parts = [
        _about(found),
        "### No latency, gzip\n\n" + _ours([row for row in ours if row["gzip"] and not row["latency"]]),
        "### No latency, no compression\n\n" + _ours([row for row in ours if not row["gzip"]]),
        "### 100 ms before every answer\n\n" + _ours([row for row in ours if row["latency"]]),
        "### Beside other readers\n\n" + _peers(rows),
        "### Personal data left out or hashed\n\n" + _personal(own) if len(own) > len(ours) else "",
        "### From ten thousand to a million records\n\n" + _scale([row for row in rows if row["scale"]]),
        "### What a second run costs\n\n" + _changes(rows),
        "### All streams of a shop together\n\n" + _streams(found["all_streams"]) if found.get("all_streams") else "",
        "### A whole shop, by destination\n\n" + _shop(found["whole_shop"]) if found.get("whole_shop") else "",
        "### Starting\n\n" + _starts(found["start_up"]) if found.get("start_up") else "",
        "### Not measured\n\n" + _failures(found["failed"]) if found.get("failed") else "",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _about(found: Mapping[str, Any]) -> str:
    machine, versions = found["machine"], found["versions"]
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"Made on {found['made']} by `make bench` in {found['minutes']} minutes on {machine}. {named}."


def _ours(rows: Sequence[Result]) -> str:
    head = ("of the floor (clock)", "of the floor (CPU)", "records/s", "CPU µs/record", "peak MB")
    cells = [
        (
            row["resource"],
            OUTPUTS[row["output"]],
            _span(row["ratio"], 2),
            _span(row["cpu_ratio"], 2),
            f"{row['records_per_second'][1]:,.0f}",
            f"{row['cpu_microseconds_per_record']:,.1f}",
            f"{row['peak_mb']:,.0f}",
        )
        for row in rows
    ]
    floors = {row["resource"]: row["floor_records_per_second"][1] for row in rows}
    said = ", ".join(f"{name} {speed:,.0f}" for name, speed in floors.items())
    return f"The floor, records/s: {said}.\n\n{_table(('work', 'into', *head), cells)}"


def _peers(rows: Sequence[Result]) -> str:
    cells = []
    for row in rows:
        if row["peer"] is None:
            continue
        ours = _counterpart(rows, row)
        times = [_times(ours, row, name) if ours else "" for name in ("ratio", "cpu_ratio")]
        cells.append(
            (
                row["peer"],
                row["resource"],
                OUTPUTS[row["output"]],
                f"{row['latency'] * 1000:.0f} ms",
                f"{row['records_per_second'][1]:,.0f}",
                f"{row['cpu_microseconds_per_record']:,.0f}",
                f"{row['peak_mb']:,.0f}",
                *times,
            )
        )
    head = ("reader", "work", "into", "latency", "records/s", "CPU µs/record", "peak MB")
    return _table((*head, "ours is faster (clock)", "ours is faster (CPU)"), cells)


def _personal(rows: Sequence[Result]) -> str:
    """Return what each choice costs, against the same run that keeps everything."""
    cells = []
    for row in rows:
        if row.get("personal"):
            keep = _counterpart(rows, row)
            costs = [each["cpu_microseconds_per_record"] for each in (keep, row) if each]
            against = f"{costs[-1] / costs[0]:.2f} times" if keep else ""
            kept = f"{costs[0]:,.1f}" if keep else ""
            cells.append((row["resource"], OUTPUTS[row["output"]], row["personal"], kept, f"{costs[-1]:,.1f}", against))
    head = ("work", "into", "choice", "CPU µs/record, keep", "CPU µs/record", "against keep")
    return _table(head, cells)


def _counterpart(rows: Iterable[Result], peer: Result) -> Result | None:
    """Return our row of the same output and work, which keeps everything."""
    same = ("output", "resource", "latency", "gzip", "changes", "scale")
    kept = [row for row in rows if row["peer"] is None and not row.get("personal")]
    return next((row for row in kept if all(row[name] == peer[name] for name in same)), None)


def _times(ours: Result, peer: Result, ratio: str) -> str:
    return f"{ours[ratio][1] / peer[ratio][1]:,.1f} times"


def _scale(rows: Sequence[Result]) -> str:
    outputs = dict.fromkeys(row["output"] for row in rows)
    counts = dict.fromkeys(row["records"] for row in rows)
    by = {(row["output"], row["records"]): row for row in rows}
    cells = [
        (
            OUTPUTS[output],
            *(f"{by[output, count]['records_per_second'][1]:,.0f}" for count in counts),
            *(_further(by[output, few], by[output, many]) for few, many in pairwise(counts)),
            *(f"{by[output, count]['cpu_microseconds_per_record']:,.1f}" for count in counts),
            *(f"{by[output, count]['peak_mb']:,.0f}" for count in counts),
        )
        for output in outputs
    ]
    named = [f"{count:,}" for count in counts]
    heads = {what: [f"{what}, {count}" for count in named] for what in ("records/s", "CPU µs", "peak MB")}
    further = [f"µs for each record from {few} to {many}" for few, many in pairwise(named)]
    head = (*heads["records/s"], *further, *heads["CPU µs"], *heads["peak MB"])
    return _table(("inventory into", *head), cells)


def _further(few: Result, many: Result) -> str:
    """Return what each record takes that a larger stream has more: what every run takes anyway is not in it."""
    return f"{(many['seconds'][1] - few['seconds'][1]) / (many['records'] - few['records']) * 1e6:.1f}"


def _changes(rows: Sequence[Result]) -> str:
    cells = []
    for row in rows:
        if not row["changes"]:
            continue
        first = _first_run(rows, row)
        if first is not None:
            seconds = (first["seconds"][1], row["seconds"][1])
            cpu = row["cpu_seconds"][1] / first["cpu_seconds"][1]
            share = f"{row['records'] / first['records']:.0%}"
            part = f"{seconds[1] / seconds[0]:.1%}"
            what = f"{row['of']:,} {row['resource']}"
            cells.append((what, share, f"{seconds[0]:.2f}", f"{seconds[1]:.3f}", part, f"{cpu:.1%}"))
    return _table(("work", "changed", "first run, s", "second run, s", "share (clock)", "share (CPU)"), cells)


def _first_run(rows: Iterable[Result], changed: Result) -> Result | None:
    """Return our first run into a DuckDB file of the same work."""
    same = {"output": "duckdb", "peer": None, "changes": "", "resource": changed["resource"], "of": changed["of"]}
    near = [row for row in rows if row["gzip"] and not row["latency"]]
    found = [row for row in near if all(row[name] == value for name, value in same.items())]
    return min(found, key=lambda row: row["scale"], default=None)


def _streams(found: Mapping[str, Any]) -> str:
    return (
        f"The sandbox's shop of size {found['size']}, {found['records']:,} records, {found['requests']} requests of"
        f" {found['latency'] * 1000:.0f} ms, at most {found['concurrency']} at once: {found['seconds']:.1f} s, where"
        f" requests x latency / concurrency is {found['bound_seconds']:.1f} s;"
        f" {found['seconds'] / found['bound_seconds']:.2f} times that. Without latency it takes"
        f" {found['near_seconds']:.1f} s, which is what the sandbox and we compute side by side on this machine."
    )


def _shop(found: Mapping[str, Result]) -> str:
    cells = [
        (
            f"{row['size']} shop, {row['run']} run",
            row["destination"],
            f"{row['records']:,}",
            f"{row['cpu_seconds']:.2f}",
            f"{row['cpu_ratio']:.2f} times {BASES[row['run']]}",
            f"{row['peak_mb']:,}",
            f"{row['stored_mb']:,.1f}",
        )
        for row in found.values()
    ]
    return _table(("work", "into", "records", "CPU s", "CPU against", "peak MB", "stored MB"), cells)


def _starts(found: Mapping[str, Sequence[float]]) -> str:
    return _table(("command", "seconds"), [(f"`{name}`", _span(figures, 2)) for name, figures in found.items()])


def _failures(failed: Mapping[str, str]) -> str:
    return _table(("case", "why"), [(key, why.replace("|", "/")) for key, why in failed.items()])


def _span(figures: Sequence[float], digits: int) -> str:
    low, middle, high = (f"{figure:.{digits}f}" for figure in figures)
    return middle if low == high else f"{middle} ({low} to {high})"


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = tuple(head)
    lines = [
        head,
        ("---", *("---:" if "work" not in name and "into" not in name else "---" for name in head[1:])),
        *rows,
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_WIDTH, _LEFT, _RIGHT, _BAR = 820, 300, 90, 22
_COLOURS = {True: "#1f6feb", False: "#9aa4b2"}


def chart(found: Mapping[str, Any], resource: str = "orders") -> str:
    """Return an SVG of records a second on a logarithmic scale: the floor, ours and the others."""
    rows = [row for row in found["cases"].values() if _is_drawn(row, resource)]
    bars = [("the floor: nothing parsed", rows[0]["floor_records_per_second"][1], False)]
    for row in sorted(rows, key=lambda row: -row["records_per_second"][1]):
        name = "ours" if row["peer"] is None else row["peer"].replace("`", "")
        bars.append((f"{OUTPUTS[row['output']]}: {name}", row["records_per_second"][1], row["peer"] is None))
    top = 10 ** math.ceil(math.log10(max(speed for _, speed, _ in bars)))
    place = _place(top)
    height = 60 + _BAR * len(bars)
    size = f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="12"'
    title = f"{resource.capitalize()}, records a second, no latency, gzip (logarithmic)"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="10" y="20" font-size="14" fill="#24292f">{title}</text>',
    ]
    for step in range(1, round(math.log10(top)) + 1):
        x = place(10**step)
        lines.append(f'<line x1="{x:.0f}" x2="{x:.0f}" y1="32" y2="{height - 22}" stroke="#e4e7eb"/>')
        lines.append(f'<text x="{x:.0f}" y="{height - 8}" text-anchor="middle" fill="#57606a">{10**step:,}</text>')
    for number, (name, speed, own) in enumerate(bars):
        y = 36 + _BAR * number
        wide = max(2.0, place(speed) - _LEFT)
        lines.append(f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end" fill="#24292f">{escape(name)}</text>')
        lines.append(f'<rect x="{_LEFT}" y="{y}" width="{wide:.0f}" height="{_BAR - 6}" fill="{_COLOURS[own]}"/>')
        lines.append(f'<text x="{_LEFT + wide + 6:.0f}" y="{y + 13}" fill="#24292f">{speed:,.0f}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def _is_drawn(row: Result, resource: str) -> bool:
    plain = row["gzip"] and not any(row.get(name) for name in ("latency", "scale", "changes", "personal"))
    return bool(plain and row["resource"] == resource)


def _place(top: float) -> Callable[[float], float]:
    scale = (_WIDTH - _LEFT - _RIGHT) / math.log10(top)
    return lambda speed: _LEFT + scale * math.log10(max(speed, 1))
