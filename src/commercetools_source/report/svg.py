"""Diagrams as SVG: tables in columns from left to right, what refers to them to their right, lines in between.

The layout is Sugiyama's: ranks by the longest route, points for lines that pass a rank, an order in each rank with
few crossings, and heights that keep lines short. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from commercetools_source.events import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from commercetools_source.report.diagram import Box, Diagram, Link

__all__ = ["svg"]

# For the fonts named below: boxes are sized without a browser, so a wider font would stand over their edges.
_ROW, _HEAD, _CHARACTER = 17, 24, 6.7  # pixels of a line of text, of a title, of a character's width
_BETWEEN, _PAST, _RANKS, _MARGIN = 26, 14, 64, 16  # pixels between boxes, beside a line that passes, between ranks
_SWEEPS = 24
_TOP = f"v{4 - _HEAD}a4 4 0 0 1 4 -4h{{:.0f}}a4 4 0 0 1 4 4v{_HEAD - 4}z"  # the rounded top of a box
_COLOURS = ("#2b6ab0", "#b4452c", "#2f7d4f", "#8a4fa3", "#a06500", "#00798c", "#b53566", "#5a6b2f")

_Route = tuple[str, ...]
"""The nodes of a line from the table referred to (left) to the one that refers (right)."""


@dataclass(frozen=True, slots=True)
class _Frame:
    x: float
    y: float
    width: float
    height: float


# A page that inlines the picture takes its styles as its own: each is bound to the picture's class.
_PAGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"
 class="ct-model">
<style>
.ct-model text {{ font: 11px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #16202c }}
.ct-model .name {{ font-weight: bold; fill: #fff }}
.ct-model .key {{ font-weight: bold }}
.ct-model .note {{ fill: #526071 }}
.ct-model .box, .ct-model .page {{ fill: #fff }}
.ct-model .box {{ stroke: #999 }}
@media (prefers-color-scheme: dark) {{
.ct-model text {{ fill: #e6ebf1 }}
.ct-model .note {{ fill: #9dabba }}
.ct-model .box, .ct-model .page {{ fill: #0f151c }}
}}
</style>
<rect width="100%" height="100%" class="page"/>
{shapes}
</svg>
"""


def svg(diagram: Diagram) -> str:
    """Return the diagram as a picture that stands alone, with text that can be searched."""
    boxes = {box.name: box for box in diagram.boxes}
    ranks = _ranks(boxes, diagram.links)
    links = [link for link in diagram.links if link.one != link.many]
    routes, layers = _routes(ranks, links)
    layers = _ordered(layers, routes)
    frames = _placed(layers, boxes, routes)
    width = max(frame.x + frame.width for frame in frames.values()) + _MARGIN
    height = max(frame.y + frame.height for frame in frames.values()) + _MARGIN
    colours = {
        name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(dict.fromkeys(link.one for link in links))
    }
    shapes = [_line(link, route, frames, boxes, colours[link.one]) for link, route in zip(links, routes, strict=True)]
    shapes += [_drawn(box, frames[name], colours) for name, box in boxes.items()]
    return _PAGE.format(width=round(width), height=round(height), shapes="\n".join(shapes))


# --- layout ---


def _ranks(boxes: Iterable[str], links: Sequence[Link]) -> dict[str, int]:
    """Return the column of each box: right of all that it refers to, circles broken, and near to what refers to it."""
    targets: dict[str, list[str]] = {name: [] for name in boxes}
    for link in links:
        targets[link.many].append(link.one)
    ranks: dict[str, int] = {}
    under_way: set[str] = set()

    def rank(name: str) -> int:
        if name not in ranks:
            under_way.add(name)
            # A table that is under way is its own ancestor: the circle is broken by leaving this edge out of account.
            ranks[name] = max((rank(target) + 1 for target in targets[name] if target not in under_way), default=0)
            under_way.discard(name)
        return ranks[name]

    for name in targets:
        rank(name)
    # From right to left, so that what a table may move towards has its place already.
    for name in sorted(targets, key=lambda name: -ranks[name]):
        right = [ranks[many] for many, ones in targets.items() if name in ones and ranks[many] > ranks[name]]
        if right:
            ranks[name] = max(ranks[name], min(right) - 1)
    return ranks


def _routes(ranks: Mapping[str, int], links: Iterable[Link]) -> tuple[list[_Route], list[list[str]]]:
    """Return the route of each link, and the nodes of each column: boxes, and points where lines pass."""
    layers: list[list[str]] = [[] for _ in range(max(ranks.values()) + 1)]
    for name, rank in ranks.items():
        layers[rank].append(name)
    routes = []
    for link in links:
        first, last = sorted((link.one, link.many), key=lambda name: ranks[name])
        points = []
        for rank in range(ranks[first] + 1, ranks[last]):
            point = f"{first}>{rank}"  # lines from one table run together
            points.append(point)
            if point not in layers[rank]:
                layers[rank].append(point)
        routes.append((first, *points, last))
    return routes, layers


def _ordered(layers: list[list[str]], routes: Sequence[_Route]) -> list[list[str]]:
    """Return the layers in the order with the fewest crossings of several that sweeps to and fro give."""
    pairs = _pairs(routes)
    best, fewest = layers, _crossings(layers, pairs)
    for sweep in range(_SWEEPS):
        indexes = range(1, len(layers)) if sweep % 2 == 0 else range(len(layers) - 2, -1, -1)
        layers = [list(layer) for layer in layers]
        for index in indexes:
            beside = layers[index - 1 if sweep % 2 == 0 else index + 1]
            where = {name: position for position, name in enumerate(beside)}
            neighbours = _neighbours(pairs, where)
            # The barycentre heuristic: a node goes to the mean of its neighbours' places
            # (https://doi.org/10.1109/TSMC.1981.4308636).
            weights = {name: _mean(neighbours.get(name, ()), position) for position, name in enumerate(layers[index])}
            layers[index].sort(key=weights.__getitem__)
        crossings = _crossings(layers, pairs)
        # A sweep may make it worse, so the best is kept and not the last.
        if crossings < fewest:
            best, fewest = layers, crossings
    return best


def _pairs(routes: Sequence[_Route]) -> list[tuple[str, str]]:
    """Return the nodes that lines join, in an order that is the same each time."""
    return list(dict.fromkeys(pair for route in routes for pair in pairwise(route)))


def _neighbours(pairs: Iterable[tuple[str, str]], where: Mapping[str, float]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {}
    for first, last in pairs:
        if first in where:
            values.setdefault(last, []).append(where[first])
        if last in where:
            values.setdefault(first, []).append(where[last])
    return values


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _crossings(layers: Sequence[Sequence[str]], pairs: Iterable[tuple[str, str]]) -> int:
    where = {name: (rank, position) for rank, layer in enumerate(layers) for position, name in enumerate(layer)}
    by_rank: dict[int, list[tuple[int, int]]] = {}
    for first, last in pairs:
        by_rank.setdefault(where[first][0], []).append((where[first][1], where[last][1]))
    return sum(
        # Two lines between the same ranks cross if their ends are in opposite orders.
        (a - c) * (b - d) < 0
        for ends in by_rank.values()
        for index, (a, b) in enumerate(ends)
        for c, d in ends[index + 1 :]
    )


def _placed(layers: Sequence[Sequence[str]], boxes: Mapping[str, Box], routes: Sequence[_Route]) -> dict[str, _Frame]:
    """Return where each node is: its layer says how far right; heights are pulled towards those of its neighbours."""
    widths = [max([_width(boxes[name]) for name in layer if name in boxes] or [0]) for layer in layers]
    heights = {name: _height(boxes[name]) if name in boxes else 2.0 for layer in layers for name in layer}
    middles: dict[str, float] = {}
    for layer in layers:
        middles.update(_spread(layer, heights, dict.fromkeys(layer, 0.0)))
    pairs = _pairs(routes)
    for sweep in range(_SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            neighbours = _neighbours(pairs, middles)
            middles.update(
                _spread(layer, heights, {name: _mean(neighbours.get(name, ()), middles[name]) for name in layer})
            )
    top = min(middles[name] - heights[name] / 2 for name in middles)
    frames, x = {}, float(_MARGIN)
    for layer, width in zip(layers, widths, strict=True):
        for name in layer:
            box_width = _width(boxes[name]) if name in boxes else width
            y = middles[name] - heights[name] / 2 - top + _MARGIN
            frames[name] = _Frame(x, y, box_width, heights[name])
        x += width + _RANKS
    return frames


def _spread(layer: Sequence[str], heights: Mapping[str, float], preferred: Mapping[str, float]) -> dict[str, float]:
    """Return the heights nearest to `preferred` at which the nodes keep their order and do not touch.

    Without the space between them the heights must only rise; where they would fall, neighbours share their mean.
    """
    offsets, reach = [], 0.0
    for name, after in zip(layer, (*layer[1:], ""), strict=True):
        offsets.append(reach + heights[name] / 2)
        gap = _BETWEEN if heights[name] > 2 and heights.get(after, 0) > 2 else _PAST  # noqa: PLR2004 - a point's height
        reach += heights[name] + gap
    groups: list[tuple[float, int]] = []
    for name, offset in zip(layer, offsets, strict=True):
        mean, count = preferred[name] - offset, 1
        # Pool adjacent violators, the least-squares fit of rising values
        # (https://en.wikipedia.org/wiki/Isotonic_regression).
        while groups and groups[-1][0] > mean:
            before, size = groups.pop()
            mean, count = (before * size + mean * count) / (size + count), size + count
        groups.append((mean, count))
    means = [mean for mean, count in groups for _ in range(count)]
    return {name: mean + offset for name, mean, offset in zip(layer, means, offsets, strict=True)}


def _width(box: Box) -> float:
    rows = [len(row.name) + len(_note(row.target, row.kind)) + 5 for row in box.rows]
    return max([len(box.name) + 4, *rows, len(_more(box)) + 3]) * _CHARACTER


def _height(box: Box) -> float:
    return _HEAD + _ROW * (len(box.rows) + bool(box.hidden)) + 6


def _more(box: Box) -> str:
    return counted(box.hidden, "more column") if box.hidden else ""


def _note(target: str, column_type: str) -> str:
    return f"→ {target}" if target else column_type


# --- drawing ---


def _line(link: Link, route: _Route, frames: Mapping[str, _Frame], boxes: Mapping[str, Box], colour: str) -> str:
    """Return the line of a link, with a crow's foot where many are and a bar where one is."""
    row = next(index for index, column in enumerate(boxes[link.many].rows) if column.name == link.columns[-1])
    heights = {link.many: _HEAD + (row + 0.5) * _ROW, link.one: _HEAD / 2}
    first, last = frames[route[0]], frames[route[-1]]
    points = [(first.x + first.width, first.y + heights[route[0]])]
    for name in route[1:-1]:
        point = frames[name]
        points += [(point.x, point.y), (point.x + point.width, point.y)]
    points.append((last.x, last.y + heights[route[-1]]))
    curve = f"M{points[0][0]:.0f} {points[0][1]:.0f}"
    for (x, y), (to_x, to_y) in pairwise(points):
        bend = (to_x - x) / 2
        curve += f"C{x + bend:.0f} {y:.0f} {to_x - bend:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}"
    ends = [(points[0], 1), (points[-1], -1)]
    (many_x, many_y), side = ends[route[0] != link.many]
    (one_x, one_y), other = ends[route[0] == link.many]
    foot = "".join(f"M{many_x + side * 9:.0f} {many_y:.0f}L{many_x:.0f} {many_y + slant:.0f}" for slant in (-5, 5))
    bar = f"M{one_x + other * 7:.0f} {one_y - 5:.0f}V{one_y + 5:.0f}"
    dashes = ' stroke-dasharray="5 3"' if link.optional else ""
    # A title is what a browser shows under the pointer, and a screen reader says.
    title = f"<title>{escape(link.many)}.{escape(', '.join(link.columns))} → {escape(link.one)}</title>"
    return f'<g stroke="{colour}" fill="none">{title}<path d="{curve}"{dashes}/><path d="{foot}{bar}"/></g>'


def _drawn(box: Box, frame: _Frame, colours: Mapping[str, str]) -> str:
    x, y, width = frame.x, frame.y, frame.width
    colour = colours.get(box.name, "#555")
    shapes = [
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{frame.height:.0f}" rx="4" class="box"/>',
        f'<path d="M{x:.0f} {y + _HEAD:.0f}{_TOP.format(width - 8)}" fill="{colour}"/>',
        f'<text x="{x + 8:.0f}" y="{y + 16:.0f}" class="name">{escape(box.name)}</text>',
    ]
    for index, row in enumerate(box.rows):
        base = y + _HEAD + (index + 1) * _ROW - 4
        mark = ' class="key"' if row.is_key else ""
        shapes.append(f'<text x="{x + 8:.0f}" y="{base:.0f}"{mark}>{escape(row.name)}</text>')
        note = escape(_note(row.target, row.kind))
        shapes.append(f'<text x="{x + width - 8:.0f}" y="{base:.0f}" text-anchor="end" class="note">{note}</text>')
    if box.hidden:
        base = y + _HEAD + (len(box.rows) + 1) * _ROW - 4
        shapes.append(f'<text x="{x + 8:.0f}" y="{base:.0f}" class="note">{_more(box)}</text>')
    return "\n".join(shapes)
