"""What `check` answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from commercetools_source.catalog.scopes import scope_advice, scopes_for
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.errors import printable
from commercetools_source.report.answer import Report
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.sync.access import History, Inspection

__all__ = ["CheckReport"]


@dataclass(frozen=True, slots=True)
class CheckReport(Report):
    """An inspection: first what works, then what is missing and what to do about it."""

    inspection: Inspection

    def text(self) -> str:
        """Return five lines, then a table of the streams that cannot be read, if there are any."""
        inspection = self.inspection
        readable = sum(access.readable for access in inspection.streams)
        name = f" ({printable(inspection.name)})" if inspection.name else ""
        lines = [
            f"project   {inspection.project}{name} at {inspection.api_url}",
            *([f"store     {inspection.store}"] if inspection.store else []),
            "token     granted",
            f"messages  {_messages(inspection)}",
            *([f"history   {_history(inspection.history)}"] if inspection.history is not None else []),
            *([f"personal  {printable(inspection.personal)}"] if inspection.personal else []),
            # Only what is missing is listed: of fifty streams most can be read, and the eye looks for the others.
            f"streams   {readable} of {len(inspection.streams)} can be read",
        ]
        others = [store for store in inspection.store_scopes if store != inspection.store]
        if others:
            lines += ["", f"Some scopes are limited to {_named(others)}: set `store_key` to read what belongs there."]
        faults = [(access.stream, printable(access.fault)) for access in inspection.streams if access.fault]
        if faults:
            lines += ["", table(faults, header=("cannot be read", "because"))]
        closed = [(access.stream, access.missing_scope) for access in inspection.streams if access.missing_scope]
        if closed:
            lines += ["", table(closed, header=("cannot be read", "needs the scope")), ""]
            # A line to copy, because the Merchant Center asks for scopes when a client is made and never again.
            advice = scope_advice([STREAMS[name] for name, _ in closed], inspection.project, inspection.store)
            lines += [f"To read them, {advice}"]
            lines += [
                "An API client's scopes cannot be changed; all that a new one needs, as one line:",
                self._scopes(),
            ]
        return "\n".join(lines)

    def value(self) -> object:
        """Return the fields of the inspection, and the scopes that an API client needs to read all of its streams."""
        return {**asdict(self.inspection), "scopes_needed": self._scopes()}

    def _scopes(self) -> str:
        streams = [STREAMS[access.stream] for access in self.inspection.streams]
        # Messages tell of deletions, whichever streams are read.
        return scopes_for([*streams, STREAMS["messages"]], self.inspection.project, self.inspection.store)


def _named(stores: Sequence[str]) -> str:
    return f"the {'stores' if len(stores) > 1 else 'store'} {', '.join(stores)}"


def _history(history: History) -> str:
    if history.lack:
        return printable(history.lack)
    shown = {
        "all": "of API clients too (Audit Log Premium)",
        "merchant center": "of Merchant Center only (Audit Log Basic)",
        "none": "no change in the last 30 days",
    }[history.shows]
    hidden = f"; without scopes for {', '.join(history.unseen)}" if history.unseen else ""
    return f"{shown}: --streams change_history{hidden}"


def _messages(inspection: Inspection) -> str:
    # None is not known, False is known to be off: the advice differs.
    scope = inspection.messages_scope
    unseen = f"deletions cannot be seen without the scope {scope}"
    if inspection.messages is None:
        asked = "the platform does not say whether they are kept; look at the project's settings"
        reason = asked if inspection.settings_readable else "that needs the scope view_project_settings"
        return f"unknown: {reason}" + (f"; {unseen}" if scope is not None else "")
    if not inspection.messages:
        return "not kept: turn them on in the project's settings to have deletions and order histories"
    return "kept: deletions can be read from them" if scope is None else f"kept, but not readable: {unseen}"
