"""What `check` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from commercetools_source.catalog.scopes import scope_advice
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.report.table import _json, table

if TYPE_CHECKING:
    from commercetools_source.sync.access import Inspection

__all__ = ["inspection_json", "inspection_text"]


def inspection_text(inspection: Inspection) -> str:
    """Return an inspection for people: first what works, then what is missing and what to do about it."""
    readable = [access for access in inspection.streams if access.readable]
    lines = [
        f"project   {inspection.project}{f' ({inspection.name})' if inspection.name else ''} at {inspection.api_url}",
        "token     granted",
        f"messages  {_messages(inspection)}",
        f"streams   {len(readable)} of {len(inspection.streams)} can be read",
    ]
    closed = [(access.stream, access.missing_scope) for access in inspection.streams if not access.readable]
    if closed:
        streams = [STREAMS[name] for name, _ in closed]
        lines += ["", table(closed, header=("cannot be read", "needs the scope")), ""]
        lines += [f"To read them, {scope_advice(streams, inspection.project)}"]
    return "\n".join(lines)


def _messages(inspection: Inspection) -> str:
    if inspection.messages is None:
        return "unknown: that needs the scope view_project_settings"
    if not inspection.messages:
        return "not kept: turn them on in the project's settings to have deletions and order histories"
    if inspection.messages_scope is not None:
        return f"kept, but not readable: deletions cannot be seen without the scope {inspection.messages_scope}"
    return "kept: deletions can be read from them"


def inspection_json(inspection: Inspection) -> str:
    """Return an inspection as one JSON object."""
    return _json(asdict(inspection))
