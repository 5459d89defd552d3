"""The page: one HTML file that needs nothing beside it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.events import counted, seconds_text
from commercetools_source.report.html import tables
from commercetools_source.report.html.markup import Markup, data, element, joined, trusted
from commercetools_source.report.html.plots import lines
from commercetools_source.report.html.style import STYLE

if TYPE_CHECKING:
    from commercetools_source.report.html.values import Page, StreamFigures

__all__ = ["page_text"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Nothing is loaded and no script runs, whatever is in the page (https://www.w3.org/TR/CSP3/)."""
_MOST_NAMED = 5
_NEXT = "Next: do what is said here, then run the same command again; it goes on from there."


def page_text(page: Page) -> str:
    """Return the page as one HTML document."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("link", rel="icon", href="data:,"),
        element("title", f"{page.title}: {_state(page)}"),
        element("style", trusted(STYLE)),
    )
    main = element(
        "main",
        element("h1", page.title, " ", element("small", f"→ {page.destination}")),
        _verdict(page),
        _figures(page),
        _orders(page),
        _streams(page),
        _section("References that do not hold", tables.references(page) if page.orphans else _held(page)),
        _section("Fields", tables.fields(page)) if page.notes else None,
        _section("Left out", tables.left_out(page)) if page.left_out else None,
        _diagram(page),
        _samples(page),
        _footer(page),
    )
    document = element("html", head, element("body", main), lang="en")
    return f"<!DOCTYPE html>\n{document}\n"


# --- the verdict ---


def _state(page: Page) -> str:
    failed = [row for row in page.streams if row.error and not row.stopped]
    if (page.run and page.run.error) or failed or any(row.left_out for row in page.streams):
        return "not complete"
    if any(row.stopped for row in page.streams):
        return "not complete yet"
    return "complete" if page.streams else "nothing read yet"


def _verdict(page: Page) -> Markup:
    state = _state(page)
    if state == "nothing read yet":
        return _box("warn", "Nothing was read yet.", " Next: run `commercetools-source sync`.")
    if state == "complete":
        return _box("", f"✓ Complete up to {_bound(page)}.", f" {_changes(page)}", _unseen(page))
    reasons = [f"{row.name}: {row.error}" for row in page.streams if row.error]
    reasons += [
        f"{row.name}: the platform cannot serve {counted(row.left_out, 'record')}"
        for row in page.streams
        if row.left_out and not row.error
    ]
    if page.run is not None and page.run.error:
        reasons.insert(0, page.run.error)
    hidden = len(reasons) - _MOST_NAMED
    items = [*reasons[:_MOST_NAMED], *([f"and {hidden} more"] if hidden > 0 else [])]
    listed = element("ul", *(element("li", item) for item in items))
    kind = "warn" if state == "not complete yet" else "bad"
    return _box(kind, f"{state.capitalize()}.", f" {_changes(page)}", listed, _unseen(page), element("p", _NEXT))


def _box(kind: str, sentence: str, *others: object) -> Markup:
    return element("section", element("strong", sentence), *others, class_=f"verdict {kind}".strip())


def _bound(page: Page) -> str:
    bound = page.run.bound if page.run else min((row.read_up_to for row in page.streams if row.read_up_to), default="")
    return f"{(bound or '')[:16].replace('T', ' ')} UTC"


def _changes(page: Page) -> str:
    """Return what the run changed, the largest first."""
    if page.run is None or page.run.error:
        return f"{counted(len(page.streams), 'stream')}."
    changes = {row.name: _changed(row) for row in page.streams if _changed(row)}
    largest = sorted(changes, key=lambda name: -changes[name])[:2]
    named = " and ".join(f"{changes[name]:,} {name.replace('_', ' ')}" for name in largest)
    others = len(changes) - len(largest)
    beside = f" and rows of {counted(others, 'other stream')}" if others else ""
    texts = [f"{named}{beside} changed" if named else "no row changed"]
    deleted = sum(row.deleted_now for row in page.streams)
    texts += [f"{deleted:,} deleted"] if deleted else []
    left = sum(row.left_out for row in page.streams)
    texts.append(f"{left:,} left out" if left else "nothing left out")
    sentence = ", ".join(texts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _changed(row: StreamFigures) -> int:
    return (row.read or 0) if row.new is None else row.new + (row.changed or 0)


def _unseen(page: Page) -> Markup | None:
    reason = page.run.deletions_unseen if page.run else None
    return element("p", reason, class_="warn-text") if reason else None


# --- sections ---


def _figures(page: Page) -> Markup:
    rows = page.streams
    if page.run is None or page.run.error:
        filled = sum(bool(row.rows) for row in rows)
        second, last = (f"{filled:,}", "streams with rows"), (_bound(page)[:10].strip() or "-", "read up to, UTC")
    else:
        took = f"{counted(page.run.requests, 'request')}, {counted(page.run.retries, 'retry')}"
        second, last = (
            (f"{sum(row.read or 0 for row in rows):,}", "records read"),
            (seconds_text(page.run.seconds), took),
        )
    figures = [
        (f"{sum(row.rows for row in rows):,}", "rows"),
        second,
        (f"{sum(row.deleted for row in rows):,}", "rows marked as deleted"),
        (f"{sum(row.left_out for row in rows):,}", "records left out"),
        (f"{sum(row.unfit for row in rows):,}", "rows with values that do not fit"),
        last,
    ]
    return element(
        "dl", *(element("div", element("dt", name), element("dd", value)) for value, name in figures), class_="figures"
    )


def _section(title: object, *children: object) -> Markup:
    return element("section", element("h2", title), *children)


def _orders(page: Page) -> Markup | None:
    if page.orders is None:
        return None
    labels = [month[2:] for month in page.orders.months]
    title = "Orders a month, by currency; the month under way is dashed"
    plot = lines(labels, page.orders.counts, open_end=page.orders.open_month, title=title)
    return _section("Orders a month, by currency", element("div", plot, class_="wide", tabindex=0))


def _streams(page: Page) -> Markup:
    switch = element("p", element("label", element("input", type="checkbox", id="only"), " only what changed"))
    return _section(
        "Streams",
        switch if page.run else None,
        tables.streams(page.streams, with_run=page.run is not None),
    )


def _held(page: Page) -> Markup:
    return element("p", f"All hold: {counted(page.checked, 'reference')} looked at, of {_whose(page)}.", class_="soft")


def _whose(page: Page) -> str:
    return "the streams that changed" if page.run else "all streams"


def _diagram(page: Page) -> Markup | None:
    if not page.diagram:
        return None
    picture = element("div", trusted(page.diagram), class_="wide model", tabindex=0)
    return _section(
        "Tables", element("details", element("summary", "How the tables with rows refer to each other"), picture)
    )


def _samples(page: Page) -> Markup | None:
    if not page.samples:
        return None
    note = "Texts and days are masked (•••); `--unmasked` shows them." if page.masked else "Not masked."
    return _section("Sample rows", element("p", note, class_="soft"), joined(map(tables.sample, page.samples)))


def _footer(page: Page) -> Markup:
    return element(
        "footer",
        element("p", "Written ", page.written, " by ", element("code", page.command), f", {page.version}."),
        data(page.summary, "summary"),
    )
