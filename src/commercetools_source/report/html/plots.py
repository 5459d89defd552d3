"""Plots as inline SVG. Colours come from the page's style, so that they follow light and dark. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.events import counted, seconds_text
from commercetools_source.report.html.markup import Markup, element, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from commercetools_source.report.html.values import RunPoint

__all__ = ["age_text", "bars", "history", "lines"]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 860, 230, 56, 60, 12, 28
_STEPS = 4
_LABELS = 9  # as many fit below the axis
_LABEL_GAP = 13.0
_LONGEST_NAME = 7  # of them fits between a line's end and the edge
_COLOURS = 6  # classes c0 ... c5 of the style

_BAR_WIDTH, _BAR_HEIGHT, _BAR_TOP = 330, 76, 8
_DAYS = 48 * 3600.0


def bars(counts: Sequence[int]) -> Markup:
    """Return a sparkline: one bar for each count, the last one hollow, because its month is under way."""
    top = max(counts, default=0)
    if not top:
        return Markup("")
    path = [
        # At least a pixel: a month with one record is not a month without any.
        f"M{index * 6} 20v-{max(20 * count / top, 1):.1f}h5V20z" if count else ""
        for index, count in enumerate(counts)
    ]
    label = f"{counted(sum(counts), 'record')} in {counted(len(counts), 'month')}, at most {top:,} in one"
    return element(
        "svg",
        element("path", d="".join(path[:-1]), class_="bar"),
        element("path", d=path[-1], class_="bar open"),
        class_="spark",
        viewBox=f"0 0 {len(counts) * 6} 20",
        width=len(counts) * 6,
        height=20,
        role="img",
        aria_label=label,
    )


def lines(labels: Sequence[str], series: Mapping[str, Sequence[float]], *, open_end: bool, title: str) -> Markup:
    """Return a line for each of `series` over `labels`; with `open_end` the step to the last value is dashed."""
    top = _ceiling(max((max(values, default=0) for values in series.values()), default=0))
    width = _WIDTH - _LEFT - _RIGHT
    across = [_LEFT + width * index / max(len(labels) - 1, 1) for index in range(len(labels))]
    height = _HEIGHT - _TOP - _BOTTOM

    def level(value: float) -> float:
        # SVG counts from the top (https://www.w3.org/TR/SVG2/coords.html#InitialCoordinateSystem).
        return _TOP + height * (1 - value / top)

    drawn = [
        _line(list(zip(across, map(level, values), strict=True)), f"c{index % _COLOURS}", open_end=open_end)
        for index, values in enumerate(series.values())
    ]
    # The name stands at the last whole value: the month under way would pull all names down.
    ends = _apart([level(values[-2 if open_end and len(values) > 1 else -1]) for values in series.values()])
    names = [
        element(
            "text", name[:_LONGEST_NAME], x=_WIDTH - _RIGHT + 8, y=f"{end + 4:.0f}", class_=f"c{index % _COLOURS} name"
        )
        for index, (name, end) in enumerate(zip(series, ends, strict=True))
    ]
    # Rounded up, so that labels are left out evenly and never more than fit.
    step = -(-len(labels) // _LABELS)
    below = [
        element("text", label, x=f"{x:.0f}", y=_HEIGHT - 8, text_anchor="middle")
        for index, (label, x) in enumerate(zip(labels, across, strict=True))
        if index % step == 0
    ]
    return element(
        "svg",
        element("title", title),
        joined(_grid(top)),
        joined(drawn),
        joined(names),
        joined(below),
        class_="plot",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
    )


def history(
    runs: Sequence[RunPoint], values: Sequence[float | None], title: str, text: Callable[[float], str]
) -> Markup | None:
    """Return a bar for the value of each run, red where a run was not complete; None where no value is known."""
    top = max((value for value in values if value is not None), default=None)
    if top is None:
        return None
    bar = min(_BAR_WIDTH / len(runs) * 0.8, 40)
    # The first bar begins and the last one ends where the labels do.
    step = (_BAR_WIDTH - bar) / max(len(runs) - 1, 1)
    base = _BAR_TOP + _BAR_HEIGHT
    drawn = []
    for index, (run, value) in enumerate(zip(runs, values, strict=True)):
        # A value that is not known gets a stump: a gap would look like no run at all.
        height = 3.0 if value is None else max(_BAR_HEIGHT * value / (top or 1), 1.0)
        when = f"{run.started:%Y-%m-%d %H:%M}: {'not known' if value is None else text(value)}"
        shape = f"M{index * step:.1f} {base}v{-height:.1f}h{bar:.1f}V{base}z"
        drawn.append(element("path", element("title", when), d=shape, class_="bar" if run.complete else "bar failed"))
    newest = "not known" if values[-1] is None else text(values[-1])
    first, last = (f"{run.started:%Y-%m-%d %H:%M}" for run in (runs[0], runs[-1]))
    picture = element(
        "svg",
        element("path", d=f"M0 {base + 0.5}H{_BAR_WIDTH}", class_="grid"),
        joined(drawn),
        element("text", first, x=0, y=base + 16),
        element("text", last, x=_BAR_WIDTH, y=base + 16, text_anchor="end"),
        class_="plot",
        viewBox=f"0 0 {_BAR_WIDTH} {base + 22}",
        role="img",
        aria_label=f"{title}: {newest} in the newest run, at most {text(top)}",
    )
    note = element("span", f"newest {newest}, at most {text(top)}", class_="soft")
    return joined([element("h3", title), note, picture])


def age_text(seconds: float) -> str:
    """Return an age for people: as a duration, or from two days on in days."""
    return seconds_text(seconds) if seconds < _DAYS else f"{seconds / 86400:,.0f} days"


def _grid(top: int) -> list[Markup]:
    marks = []
    for step in range(_STEPS + 1):
        y = _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - step / _STEPS)
        marks.append(element("path", d=f"M{_LEFT} {y:.0f}H{_WIDTH - _RIGHT}", class_="grid"))
        marks.append(element("text", f"{top * step / _STEPS:,.0f}", x=_LEFT - 8, y=f"{y + 4:.0f}", text_anchor="end"))
    return marks


def _line(points: Sequence[tuple[float, float]], colour: str, *, open_end: bool) -> Markup:
    texts = [f"{x:.1f} {y:.1f}" for x, y in points]
    whole = texts[:-1] if open_end and len(texts) > 1 else texts
    dots = "".join(f"M{text}h.01" for text in texts)  # with round ends a line of no length is a dot
    dashed = element("path", d=f"M{texts[-2]}L{texts[-1]}", class_="dashed") if whole is not texts else None
    return element(
        "g", element("path", d=f"M{'L'.join(whole)}"), dashed, element("path", d=dots, class_="dots"), class_=colour
    )


def _ceiling(value: float) -> int:
    """Return a round number at or above `value` that the steps of the grid divide, at least 4."""
    size = _STEPS
    while True:
        # 1, 2, 3, 5, 10: no step is more than twice the one before, so a plot is at least half full.
        for factor in (1, 2, 3, 5):
            if size * factor >= value:
                return size * factor
        size *= 10


def _apart(heights: Sequence[float], lowest: float = _HEIGHT - _BOTTOM) -> list[float]:
    """Return the heights of labels, moved where they would cover each other or lie below `lowest`."""
    moved = list(heights)
    order = sorted(range(len(moved)), key=moved.__getitem__)
    last = float("-inf")
    # Down once, then up once: labels pushed below the axis push those above them back.
    for index in order:
        moved[index] = last = max(moved[index], last + _LABEL_GAP)
    last = lowest + _LABEL_GAP
    for index in reversed(order):
        moved[index] = last = min(moved[index], last - _LABEL_GAP)
    return moved
