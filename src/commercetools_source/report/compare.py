"""What `verify` and `sweep` print."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from commercetools_source.report.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.sync.compare import Verdict

__all__ = ["verdicts_json", "verdicts_text"]


def verdicts_text(verdicts: Sequence[Verdict], *, swept: bool = False) -> str:
    """Return a line per stream: rows held and listed, how they differ, and what to know of it.

    `swept`: what was mended is told too. Below them stand the first ids of each difference.
    """
    figures = _FIGURES if swept else _FIGURES[:-2]
    rows = [
        [verdict.stream, verdict.bound, *(_figures(verdict)[name] for name in figures), _result(verdict, swept=swept)]
        for verdict in verdicts
    ]
    return "\n".join([table(rows, header=("stream", "up to", *figures, "result")), *_ids(verdicts)])


def _result(verdict: Verdict, *, swept: bool) -> str:
    if verdict.equal:
        return "equal"
    return verdict.note or ("mended" if swept else "differs")


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
