"""The page: one HTML file that needs nothing beside it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.events import counted, seconds_text
from commercetools_source.report.html import tables
from commercetools_source.report.html.markup import Markup, data, element, joined, trusted
from commercetools_source.report.html.newest import NEWEST_RECORDS
from commercetools_source.report.html.plots import age_text, history, lines
from commercetools_source.report.html.style import STYLE

if TYPE_CHECKING:
    from commercetools_source.report.html.values import Page, StreamFigures

__all__ = ["page_text"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Nothing is loaded and no script runs, whatever is in the page (https://www.w3.org/TR/CSP3/)."""
_LONGEST_SUMMARY = 60_000
_TOO_LONG = {"too_long": "not here, because it is too long for a page: `state show --json` and `runs --json` print it"}
_MOST_NAMED = 5
_FEWEST_RUNS = 2
_NEXT = "Next: do what is said here, then run the same command again; it goes on from there."


def page_text(page: Page) -> str:
    """Return the page as one HTML document."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        # Without it a browser asks the server of the page for /favicon.ico.
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
        _history(page),
        _streams(page),
        _references(page),
        _section("Fields", tables.fields(page)) if page.notes else None,
        _section("Left out", tables.left_out(page)) if page.left_out else None,
        _diagram(page),
        _samples(page),
        _footer(page),
    )
    document = element("html", head, element("body", main), lang="en")
    # Without the doctype a browser lays tables out as in the nineties
    # (https://developer.mozilla.org/docs/Web/HTML/Guides/Quirks_mode_and_standards_mode).
    return f"<!DOCTYPE html>\n{document}\n"


# --- the verdict ---


def _state(page: Page) -> str:
    # What must be acted on goes first: a failure hides that another stream was merely stopped.
    if (page.run and page.run.error) or any((row.error and not row.stopped) or row.left_out for row in page.streams):
        return "not complete"
    if any(row.stopped for row in page.streams) or (page.run and page.run.under_way):
        return "not complete yet"
    # A destination without any stream is no success: it is mostly the wrong file.
    return "complete" if page.streams else "nothing read yet"


def _verdict(page: Page) -> Markup:
    state = _state(page)
    if state == "nothing read yet":
        return _box("warn", "Nothing was read yet.", " Next: run ", element("code", "commercetools-source sync"), ".")
    if state == "complete":
        return _box("", f"✓ {_up_to(page)}.", f" {_changes(page)}", _parts(page), _unseen(page))
    reasons = _reasons(page)
    hidden = len(reasons) - _MOST_NAMED
    items = [*reasons[:_MOST_NAMED], *([f"and {hidden} more"] if hidden > 0 else [])]
    listed = element("ul", *(element("li", item) for item in items))
    kind = "warn" if state == "not complete yet" else "bad"
    return _box(
        kind, f"{state.capitalize()}.", f" {_changes(page)}", listed, _parts(page), _unseen(page), element("p", _NEXT)
    )


def _reasons(page: Page) -> list[str]:
    """Return why not all is there: of the run, of streams that failed, of those that were stopped."""
    reasons = []
    if page.run is not None and page.run.error:
        reasons.append(page.run.error)
    if page.run is not None and page.run.under_way:
        reasons.append("The newest run has not ended: it was killed, or is under way.")
    # Streams that failed stand before those that go on by themselves: only five are shown.
    reasons += [f"{row.name}: {row.error}" for row in sorted(page.streams, key=lambda row: row.stopped) if row.error]
    return reasons + [
        f"{row.name}: the platform cannot serve {counted(row.left_out, 'record')}"
        for row in page.streams
        if row.left_out and not row.error
    ]


def _box(kind: str, sentence: str, *others: object) -> Markup:
    return element("section", element("strong", sentence), *others, class_=f"verdict {kind}".strip())


def _up_to(page: Page) -> str:
    """Return up to when all is there: a run of some streams says nothing of the others."""
    # A run of some streams brings only them up to date, so the oldest time is what is true of all.
    times = sorted(tables.minute(row.read_up_to) for row in page.streams if row.read_up_to)
    if not times:
        return "Complete"
    newest = times.count(times[-1])
    others = f", {newest} of {counted(len(times), 'stream')} up to {times[-1]} UTC" if newest < len(times) else ""
    return f"Complete up to {times[0]} UTC{others}"


def _changes(page: Page) -> str:
    """Return what the newest run changed, the largest first."""
    if page.run is None or page.run.error or page.run.under_way:
        return f"{counted(len(page.streams), 'stream')}."
    changes = {row.name: _changed(row) for row in page.streams if _changed(row)}
    # Two: the sentence is read in an e-mail or on a phone.
    largest = sorted(changes, key=lambda name: -changes[name])[:2]
    named = " and ".join(_rows_of(changes[name], name.replace("_", " ")) for name in largest)
    others = len(changes) - len(largest)
    if others:
        named = f"{named.replace(' and ', ', ')}, and rows of {counted(others, 'other stream')}"
    texts = [f"{named} changed" if named else "no row changed"]
    deleted = sum(row.deleted_now for row in page.streams)
    texts += [f"{deleted:,} deleted"] if deleted else []
    expired = sum(row.expired for row in page.streams)
    texts += [f"{expired:,} taken out because of their age"] if expired else []
    left = sum(row.left_out for row in page.streams)
    texts.append(f"{left:,} left out" if left else "nothing left out")
    sentence = ", ".join(texts)
    return f"In the newest run {sentence}."


def _rows_of(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count > 1 else f"1 row of {noun}"


def _changed(row: StreamFigures) -> int:
    # Where new and changed rows are not counted, what was read is all that is known of a change.
    return (row.read or 0) if row.new is None else row.new + (row.changed or 0)


def _parts(page: Page) -> Markup | None:
    """Return of which streams not all was asked for: a part of them is complete without the others."""
    names = sorted(row.name for row in page.streams if row.is_part)
    if not names:
        return None
    listed = ", ".join(names) if len(names) <= _MOST_NAMED else counted(len(names), "stream")
    why = "what was last changed since a time, fulfils a predicate, or is of one store. "
    return element("p", f"Of {listed} only a part is stored: {why}", element("code", "state show"), " says which.")


def _unseen(page: Page) -> Markup | None:
    reason = page.run.deletions_unseen if page.run else None
    return element("p", reason, class_="warn-text") if reason else None


# --- sections ---


def _figures(page: Page) -> Markup:
    rows, run = page.streams, page.run
    # A run that failed has no figures of its own, and zeros would say that it read nothing.
    if run is None or run.error or run.under_way:
        filled = sum(bool(row.rows) for row in rows)
        oldest = min((row.read_up_to for row in rows if row.read_up_to), default="")
        second, last = (f"{filled:,}", "streams with rows"), (oldest[:10] or "-", "read up to, UTC")
    else:
        took = f"{counted(run.requests, 'request')}, {counted(run.retries, 'retry')}"
        second = (f"{sum(row.read or 0 for row in rows):,}", "records read")
        last = (seconds_text(run.seconds), took)
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
    return _section("Orders a month, by currency", element("div", plot, class_="wide newest", tabindex=0))


def _history(page: Page) -> Markup | None:
    """Return the plots of the newest runs; of a single run there is nothing to compare."""
    runs = page.history
    # Two points are the fewest that show whether a value rises.
    if len(runs) < _FEWEST_RUNS:
        return None
    plots = [
        history(runs, [run.records for run in runs], "Records read", lambda value: f"{value:,.0f}"),
        history(runs, [run.seconds for run in runs], "Time taken", seconds_text),
        history(runs, [run.age for run in runs], "Age of the data at the end", age_text),
    ]
    note = "A run that was not complete is red." if not all(run.complete for run in runs) else None
    return _section(
        f"The last {len(runs)} runs",
        element("p", note, class_="soft") if note else None,
        element("div", *(element("div", plot) for plot in plots if plot), class_="history"),
    )


def _streams(page: Page) -> Markup:
    # Without a script: CSS's `:has` follows the box (https://developer.mozilla.org/docs/Web/CSS/:has).
    switch = element("p", element("label", element("input", type="checkbox", id="only"), " only what changed"))
    return _section(
        "Streams",
        switch if page.run else None,
        tables.streams(page.streams, with_run=page.run is not None),
    )


def _references(page: Page) -> Markup | None:
    if not page.checked:
        return None
    whose = "of the streams that changed" if page.run else "of all streams"
    lists = f"in lists of the newest {NEWEST_RECORDS:,} records of each, fewer where they are large"
    note = f"{counted(page.checked, 'foreign key')} looked at, {whose}; {lists}."
    return _section(
        "References that do not hold" if page.orphans else "All references hold",
        element("p", note, class_="soft"),
        tables.references(page) if page.orphans else None,
    )


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
    note = ("Texts and days are masked (•••); ", element("code", "--unmasked"), " shows them.")
    return _section(
        "Sample rows",
        element("p", *(note if page.masked else ("Not masked.",)), class_="soft"),
        joined(map(tables.sample, page.samples)),
    )


def _footer(page: Page) -> Markup:
    return element(
        "footer",
        element("p", "Written ", page.written, " by ", element("code", page.command), f", {page.version}."),
        data(page.summary, "summary", _LONGEST_SUMMARY, _TOO_LONG),
    )
