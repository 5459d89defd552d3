"""What the commands answer: the same facts as text for people and as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.streams import STREAMS, Paging, find, missing_scope, readable_with
from commercetools_source.errors import ForbiddenError
from commercetools_source.report.progress import Tally, seconds_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.catalog.streams import Stream
    from commercetools_source.client import Client
    from commercetools_source.sync.compare import Verdict
    from commercetools_source.sync.run import Summary

__all__ = [
    "Inspection",
    "catalogue_json",
    "catalogue_text",
    "inspect",
    "inspection_json",
    "inspection_text",
    "summary_json",
    "summary_text",
    "table",
    "verdicts_json",
    "verdicts_text",
]


_NUMBERS = (int, float, Decimal)


def table(rows: Sequence[Sequence[object]], *, header: Sequence[str] = ()) -> str:
    """Return rows as aligned columns: numbers to the right with separators, everything else to the left."""
    cells = [[_cell(value) for value in row] for row in rows]
    right = [all(type(value) in _NUMBERS for value in column) for column in zip(*rows, strict=True)]
    if header:
        cells.insert(0, list(header))
    widths = [max(len(row[column]) for row in cells) for column in range(len(right))]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]
    if header:
        lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    return f"{value:,}" if type(value) in _NUMBERS else str(value)


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


@dataclass(frozen=True, slots=True)
class Access:
    """Whether one stream can be read, and which scope would let it."""

    stream: str
    readable: bool
    missing_scope: str | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a set of settings opens: `messages` is None where the project's settings cannot be read."""

    project: str
    api_url: str
    scopes: tuple[str, ...]
    name: str | None
    messages: bool | None
    streams: tuple[Access, ...]


def inspect(client: Client, names: Sequence[str] | None) -> Inspection:
    """Ask for a token and the project's settings; judge every stream by the scopes of the token."""
    client.server_time()  # says what to do where there is no such project
    granted = client.granted_scopes()
    config = client.config
    project: dict[str, Any] = {}
    try:
        project = client.request("GET", "/")
    except ForbiddenError:
        pass  # a client with few scopes is a good client
    else:
        project = project or {}
    rows = [find(name) for name in names] if names is not None else list(STREAMS.values())
    streams = tuple(_access(row, granted, config.project_key) for row in rows)
    messages = project.get("messages", {}).get("enabled") if project else None
    return Inspection(config.project_key, config.api_url, granted, project.get("name"), messages, streams)


def _access(stream: Stream, granted: Sequence[str], project_key: str) -> Access:
    missing = missing_scope(stream, granted, project_key)
    return Access(stream.name, missing is None, missing)


def inspection_text(found: Inspection) -> str:
    """Return an inspection for people: first what works, then what is missing."""
    readable = [stream for stream in found.streams if stream.readable]
    messages = {
        True: "kept: deletions can be read from them",
        False: "not kept: turn them on in the project's settings to have deletions and order histories",
        None: "unknown: that needs the scope view_project_settings",
    }[found.messages]
    lines = [
        f"project   {found.project}{f' ({found.name})' if found.name else ''} at {found.api_url}",
        "token     granted",
        f"messages  {messages}",
        f"streams   {len(readable)} of {len(found.streams)} can be read",
    ]
    closed = [(stream.stream, stream.missing_scope) for stream in found.streams if not stream.readable]
    if closed:
        lines += ["", table(closed, header=("cannot be read", "give the API client this scope"))]
    return "\n".join(lines)


def inspection_json(found: Inspection) -> str:
    """Return an inspection as one JSON object."""
    return _json(asdict(found))


# --- streams ---


def _how(stream: Stream) -> str:
    if stream.cursor is not None:
        return f"incremental by {stream.cursor}"
    return "whole, one record" if stream.paging is Paging.SINGLE else "whole each time"


def catalogue_text() -> str:
    """Return the catalogue for people."""
    rows = [(row.name, _how(row), " or ".join(row.scopes)) for row in STREAMS.values()]
    return table(rows, header=("stream", "read", "needs the scope"))


def catalogue_json() -> str:
    """Return the catalogue as a JSON array."""
    return _json(
        [
            {
                "stream": row.name,
                "path": row.path,
                "type": row.item,
                "key": row.key,
                "paging": row.paging.value,
                "cursor": row.cursor,
                "scopes": row.scopes,
                "readable_with": readable_with(row),
                "deleted_messages": row.deleted_messages,
                "caveat": row.caveat,
            }
            for row in STREAMS.values()
        ]
    )


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


# --- verify and sweep ---


def verdicts_text(verdicts: Sequence[Verdict]) -> str:
    """Return a line per stream: rows held and listed, how they differ, what was mended, and what to know of it.

    Below them the first ids of each difference.
    """
    rows = [
        [one.stream, one.bound, *_figures(one).values(), "equal" if one.equal else one.note or "differs"]
        for one in verdicts
    ]
    return "\n".join([table(rows, header=("stream", "up to", *_FIGURES, "result")), *_ids(verdicts)])


def _ids(verdicts: Sequence[Verdict]) -> list[str]:
    """Return lines such as `orders missing: id, id, and 20 more`."""
    lines = []
    for one in verdicts:
        for kind in ("missing", "stale", "gone") if one.difference else ():
            ids: tuple[str, ...] = getattr(one.difference, kind)
            more = f", and {len(ids) - _MOST_IDS:,} more; --json has all" if len(ids) > _MOST_IDS else ""
            lines += [f"{one.stream} {kind}: {', '.join(ids[:_MOST_IDS])}{more}"] if ids else []
    return ["", *lines] if lines else []


def verdicts_json(verdicts: Sequence[Verdict]) -> str:
    """Return the same as JSON, with the ids that are missing, stale or gone."""
    return json.dumps({"streams": [{**asdict(one), "equal": one.equal} for one in verdicts]})


_MOST_IDS = 10
_FIGURES = ("held", "listed", "missing", "stale", "gone", "mended", "marked")


def _figures(verdict: Verdict) -> dict[str, int]:
    found = verdict.difference
    counts = (found.held, found.listed, *map(len, (found.missing, found.stale, found.gone))) if found else (0,) * 5
    return dict(zip(_FIGURES, (*counts, verdict.mended, verdict.marked), strict=True))
