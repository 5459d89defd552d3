"""The tables of the page. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.events import counted
from commercetools_source.report.html.markup import Markup, element, joined
from commercetools_source.report.html.plots import bars

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from commercetools_source.report.html.values import Page, Sample, StreamFigures

__all__ = ["fields", "left_out", "minute", "references", "sample", "streams"]

_MOST_TEXT = 30_000
"""Characters of the rows of a table that somebody else's texts fill: a page stays one that mail and browsers take."""


def streams(rows: Sequence[StreamFigures], *, with_run: bool) -> Markup:
    """Return the table of all streams, those with most rows first; with a switch where a run is told of."""
    header = ["stream", "rows", *(["read"] if with_run else []), "deleted", "left out", "unfit"]
    cells = [element("th", name, class_="number" if index else None) for index, name in enumerate(header)]
    cells += [
        element("th", name)
        for name in ("newest change", "read up to", "how" if with_run else None, "created a month")
        if name
    ]
    ordered = sorted(rows, key=lambda row: (-row.rows, row.name))
    return _table(cells, [_stream(row, with_run=with_run) for row in ordered])


def _stream(row: StreamFigures, *, with_run: bool) -> Markup:
    # The switch above the table hides these by their class.
    same = with_run and not row.has_news()
    how = element("span", "stopped" if row.stopped else "failed", class_="bad-text") if row.error else row.mode
    return element(
        "tr",
        element("td", row.name),
        _number(row.rows),
        _number(row.read or 0) if with_run else None,
        _number(row.deleted),
        _number(row.left_out, "bad-text"),
        _number(row.unfit, "warn-text"),
        element("td", row.newest.strftime("%Y-%m-%d %H:%M") if row.newest else "-"),
        element("td", minute(row.read_up_to)),
        element("td", how) if with_run else None,
        element("td", bars(row.months)),
        class_="same" if same else None,
    )


def references(page: Page) -> Markup:
    """Return the references that lead to no row."""
    rows = [
        element(
            "tr",
            element("td", f"{orphan.table}.{orphan.column}"),
            element("td", orphan.target),
            _number(orphan.rows),
            element("td", "the newest records" if orphan.newest_only else "all records"),
        )
        for orphan in page.orphans
    ]
    header = [*_header("reference", "to"), element("th", "rows without", class_="number"), *_header("looked at")]
    return _table(header, rows)


def fields(page: Page) -> Markup:
    """Return what there is to know of fields."""
    rows = (element("tr", element("td", note.about), element("td", note.text, class_="text")) for note in page.notes)
    return _bounded(_header("field or stream", "what became of it"), rows, len(page.notes))


def left_out(page: Page) -> Markup:
    """Return the records that the platform could not serve."""
    rows = (
        element(
            "tr",
            element("td", record.stream),
            element("td", record.position, class_="text"),
            element("td", record.reason, class_="text"),
        )
        for record in page.left_out
    )
    return _bounded(_header("stream", "the record after", "reason"), rows, len(page.left_out))


def sample(rows: Sample) -> Markup:
    """Return a few rows of a table, folded away."""
    body = [element("tr", *(element("td", text) for text in row)) for row in rows.rows]
    return element(
        "details",
        element("summary", f"{rows.table}: {counted(len(rows.rows), 'row')}"),
        _table(_header(*rows.columns), body),
    )


def _table(header: Iterable[Markup], rows: Iterable[Markup]) -> Markup:
    # A region that scrolls needs a place in the order of Tab: https://www.w3.org/WAI/WCAG22/Understanding/keyboard
    table = element("table", element("thead", element("tr", *header)), element("tbody", joined(rows)))
    return element("div", table, class_="wide", tabindex=0)


def _bounded(header: Iterable[Markup], rows: Iterable[Markup], count: int) -> Markup:
    """Return a table of as many of the `count` rows as a page has room for, and how many there are besides."""
    shown: list[Markup] = []
    size = 0
    for row in rows:
        size += len(row)
        # One row in any case: a table without any would say that there is nothing.
        if shown and size > _MOST_TEXT:
            break
        shown.append(row)
    others = count - len(shown)
    note = element("p", f"and {others:,} more", class_="soft") if others else None
    return joined([_table(header, shown), note])


def _header(*names: str) -> list[Markup]:
    return [element("th", name) for name in names]


def _number(value: int, class_: str = "") -> Markup:
    # A dot for zero: in a column of mostly zeros the eye finds the others.
    return element("td", f"{value:,}" if value else "·", class_=f"number {class_ if value else ''}".strip())


def minute(timestamp: str | None) -> str:
    """Return an API timestamp to the minute."""
    return timestamp[:16].replace("T", " ") if timestamp else "-"
