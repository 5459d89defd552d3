"""Writes the page about a destination, by itself or after each run."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from commercetools_source.cli.output import say
from commercetools_source.cli.values import refuse_foreign, refuse_place
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, choice, having
from commercetools_source.errors import ConfigError, in_a_sentence, reason_in
from commercetools_source.events import Notice, RecordQuarantined
from commercetools_source.extract.abilities import Queryable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from commercetools_source.events import Event, Hook
    from commercetools_source.extract.delivery import Destination
    from commercetools_source.report.run import RunReport

__all__ = ["Reporting"]

# How a page of ours begins: those of others have the same doctype.
_SIGN = b'<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy"'
# Data that is damaged as a whole can bring a notice for each record; no browser opens a page of a million.
_MOST_EVENTS = 1000


class Reporting:
    """Writes a page to the file `path`, None: nothing. `option` is what named the file, `command` what is run.

    Raises ConfigError when there can be no page, or when the file is there and is no page. After that a page that
    cannot be written is told of, and fails no run.
    """

    def __init__(self, make: Callable[[], Destination], path: Path | None, option: str, command: str) -> None:
        self._make = make
        self._path = path
        self._option = option
        self._command = command
        self._events: list[Event] = []
        if path is None:
            return
        # Tried before the run: hours of reading must not end with the news that there can be no page.
        destination = make()
        if not isinstance(destination, Queryable):
            described = choice(having(DESTINATIONS, Ability.QUERY))
            raise ConfigError(f"a report describes {described}; {destination.name} cannot be asked with SQL")
        refuse_place(path, option, _SIGN)

    def begin(self, hook: Hook) -> Hook:
        """Return a hook that passes events on to `hook`, and keeps those that the page tells of."""
        self._events = []

        def keep(event: Event) -> None:
            if isinstance(event, (Notice, RecordQuarantined)) and len(self._events) < _MOST_EVENTS:
                self._events.append(event)
            # Others get each event, also when the page has enough of them.
            hook(event)

        return keep

    def ended(self, report: RunReport) -> bool:
        """Write the page of a run that ended, and return whether there is one."""
        return self._write_after_run(report, "")

    def failed(self, reason: str) -> None:
        """Write the page of a run that failed as a whole."""
        self._write_after_run(None, reason)

    def write(self, report: RunReport | None = None, error: str = "", *, masked: bool = True) -> None:
        """Write the page; raises ConfigError, DestinationError, StateError."""
        if self._path is None:
            return
        from commercetools_source.destinations.store.atomic import replace_file
        from commercetools_source.report.html.build import html_report

        # Without a zone, as are the times of the tables that it is compared with.
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        text = html_report(
            self._make(), self._command, now, report=report, events=self._events, error=error, masked=masked
        )
        refuse_foreign(self._path, self._option, _SIGN)  # the run may have made its destination there
        with in_a_sentence(lambda failure: f"cannot write {self._path}: {reason_in(failure)}"):
            replace_file(self._path, lambda out: out.write(text.encode()))

    def _write_after_run(self, report: RunReport | None, error: str) -> bool:
        try:
            self.write(report, error)
        except Exception as failure:  # noqa: BLE001 - whatever is wrong with a page, the records are stored
            say(f"no page was written to {self._path}: {failure}")
            return False
        return self._path is not None
