"""The texts of a masked page, without the values that predicates have in them. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from commercetools_source.report.html.queries import MASK

if TYPE_CHECKING:
    from commercetools_source.report.html.values import Page

__all__ = ["without_values"]

# What the platform repeats of a predicate that it cannot parse: a quote may be missing in it.
_REPEATED = re.compile(r"(\(line \d+, column \d+\)):.*", re.DOTALL)
# Predicates have texts in double quotes, the last one of a text that was cut short without its end, and numbers behind
# their operators. An address is one wherever it stands; before its sign are 64 characters at most (RFC 5321), and
# without that bound a long text would take the square of its length.
_VALUE = re.compile(
    r'"(?:[^"\\]|\\.)*(?:"|$)|(?:(?<=[=<>])|(?<=[=<>] ))-?\d[\w.:-]*|[^\s"\'()]{1,64}@[^\s"\'();,]+', re.DOTALL
)


def without_values(page: Page) -> Page:
    """Return a page in whose errors, notes and facts for programs no predicate shows whom it names."""
    run = page.run
    if run is not None:
        unseen = run.deletions_unseen
        run = replace(run, error=_text(run.error), deletions_unseen=None if unseen is None else _text(unseen))
    return replace(
        page,
        run=run,
        streams=[replace(row, error=_text(row.error)) for row in page.streams],
        notes=[replace(note, text=_text(note.text)) for note in page.notes],
        left_out=[replace(record, reason=_text(record.reason)) for record in page.left_out],
        summary=_value(page.summary),
    )


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _value(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_value(inner) for inner in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    return _VALUE.sub(MASK, _REPEATED.sub(rf"\1: {MASK}", text))
