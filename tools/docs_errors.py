"""The page of troubleshooting, from the tables of errors: classes, statuses, certificates. Part of `make docs`."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from commercetools_source import errors
from commercetools_source.http.faults import CERTIFICATES, HANDSHAKES
from commercetools_source.http.responses import ERROR_BY_CODE, ERROR_BY_STATUS

__all__ = ["troubleshooting"]

_TREE = re.compile(r"^ *[│├└─ ]*(\w+Error) +(?:\(\w+\)|any|(?:other )?\d\w\w(?:, \d+)*)? +(\w.*)$", re.MULTILINE)


def troubleshooting() -> str:
    """Return the page: the messages of tools/troubleshooting.md, and what the tables say."""
    text = (Path(__file__).parent / "troubleshooting.md").read_text(encoding="utf-8")
    certificates = dict.fromkeys((*CERTIFICATES.values(), *HANDSHAKES.values()))
    return (
        text.replace("ERRORS\n", "".join(_classes()))
        .replace("ANSWERS\n", "".join(_answers()))
        .replace("CERTIFICATES\n", "".join(map(_certificate, certificates)))
    )


def _classes() -> list[str]:
    rows = []
    for name, step in _TREE.findall(errors.__doc__ or ""):
        says = (inspect.getdoc(getattr(errors, name)) or "").partition("\n")[0]
        rows.append(f"| `{name}` | {says} | {step} |\n")
    return rows


def _answers() -> list[str]:
    # Without their phrases, which newer versions of Python call otherwise.
    statuses = [(f"{status:d}", error) for status, error in sorted(ERROR_BY_STATUS.items())]
    return [f"| {answer} | `{error.__name__}` |\n" for answer, error in (*statuses, *sorted(ERROR_BY_CODE.items()))]


def _certificate(text: str) -> str:
    reason, _, advice = text.partition("; ")
    return f"| {reason} | {advice} |\n"
