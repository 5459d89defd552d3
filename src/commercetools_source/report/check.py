"""What `check` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commercetools_source.sync.access import Inspection
from dataclasses import asdict

from commercetools_source.report.table import _json, table

__all__ = ["inspection_json", "inspection_text"]


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
