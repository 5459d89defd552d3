"""All that a page shows of a destination, and of the run that came before, if one did."""

from __future__ import annotations

from dataclasses import replace
from platform import python_version
from typing import TYPE_CHECKING

from commercetools_source import __version__
from commercetools_source.arrow.nested import NestedFields
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import moment
from commercetools_source.destinations.duckdb.memory import with_enough
from commercetools_source.errors import ConfigError
from commercetools_source.events import Notice, RecordQuarantined, counted
from commercetools_source.extract.abilities import Queryable, RunStore, lost_streams, open_to_read
from commercetools_source.extract.keyset import begins_after
from commercetools_source.model.schemas import record_table
from commercetools_source.report.html import queries
from commercetools_source.report.html.hidden import without_values
from commercetools_source.report.html.history import NEWEST, figures_of, points, read_by, with_outcomes
from commercetools_source.report.html.newest import NEWEST_RECORDS, nested_notes, newest_records, one_thread
from commercetools_source.report.html.page import page_text
from commercetools_source.report.html.references import References
from commercetools_source.report.html.values import FieldNote, LeftOut, Page, RunFigures, StreamFigures
from commercetools_source.report.runs import RunsReport
from commercetools_source.report.state import StateReport
from commercetools_source.report.svg import svg

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    import duckdb

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.events import Event
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Destination
    from commercetools_source.extract.run_record import RunRecord
    from commercetools_source.report.html.references import Lists
    from commercetools_source.report.run import RunReport

__all__ = ["html_report"]

_MOST_NAMED = 5
# Of fields that nobody knew fewer records tell than there are of the newest: those of ordinary size.
_LOOKED_AT = 50
_LARGEST = 100_000


def html_report(
    destination: Destination,
    command: str,
    now: datetime,
    *,
    report: RunReport | None = None,
    events: Sequence[Event] = (),
    error: str = "",
    masked: bool = True,
) -> str:
    """Return the page about a destination that is closed, and about the newest run into it.

    After a run `report` has its result and `events` what it told; `error`: why it failed as a whole.

    `now` is UTC. Raises DestinationError and StateError, and ConfigError where it cannot be asked with SQL.
    """
    if not isinstance(destination, Queryable):
        raise ConfigError(f"{destination.name} cannot be asked with SQL, so there is no page about it")
    try:
        states = open_to_read(destination)
        lost = lost_streams(destination)
        runs = destination.runs(NEWEST) if isinstance(destination, RunStore) else ()
        # The months end with the data: it may be old, and the platform's clock another one.
        until = max((moment(state.cursor) for state in states.values() if state.cursor), default=now)
        with destination.querying() as connection:
            # Of records of more than 1 MB a few hundred take more memory than DuckDB is given at first.
            page = with_enough(connection, lambda: _stored(connection, states, lost, runs, until, masked=masked))
    finally:
        destination.close()
    page = replace(
        # The project is named by its own record, which a run of other streams may not have read.
        page,
        title=page.title or destination.name,
        destination=destination.name,
        command=command,
        version=f"commercetools-source {__version__}, Python {python_version()}",
        written=f"{now:%Y-%m-%d %H:%M} UTC",
        run=_run(page.run, report, error, states),
        notes=[*page.notes, *_notes(events)],
        left_out=_left_out(states, events),
        # The facts that a program may want are those of the command that was run, or of `state` and `runs` where none
        # was.
        summary=_summary(states, lost, runs, masked=masked) if report is None else report.value(),
    )
    return page_text(without_values(page) if masked else page)


def _stored(
    connection: duckdb.DuckDBPyConnection,
    states: Mapping[str, StreamState],
    lost: Mapping[str, str],
    runs: Sequence[RunRecord],
    until: datetime,
    *,
    masked: bool,
) -> Page:
    """Return what the tables hold, with what the newest run did to each."""
    tables = queries.stream_tables(connection)
    stored = queries.figures(connection, tables, until)
    # Of all: a table may have lost its state, a state that was begun may have no rows yet, and what a run read may be
    # gone, with its state: it would be missing on a page that says that all is there.
    was_read = [name for name in read_by(runs) if name in STREAMS]
    rows = {
        name: _with_state(stored.get(name, StreamFigures(name=name)), states.get(name), lost.get(name))
        for name in [*stored, *states, *lost, *was_read]
    }
    rows = with_outcomes(rows, runs)
    filled = [name for name, row in rows.items() if row.rows]
    nested, references = NestedFields(), References(connection, tables)
    with one_thread(connection):
        for name in filled:
            # Those of streams that did not change held in the page before: to ask all again would take longer than a
            # short run.
            lists = None
            if not runs or rows[name].has_news():
                references.look(name, rows[name].rows)
                lists = references.lists(name)
            limit = _LOOKED_AT if lists is None else NEWEST_RECORDS
            newest = newest_records(connection, name, tables[name], rows[name].rows, limit)
            _look_inside(newest, STREAMS[name], nested, lists)
    diagram = queries.diagram_of(filled)
    return Page(
        title=_project_key(connection) if "project" in filled else "",
        destination="",
        command="",
        version="",
        written="",
        streams=tuple(rows.values()),
        run=figures_of(runs[0]) if runs else None,
        history=points(runs),
        orders=queries.monthly_orders(connection, tables, until),
        orphans=references.orphans(),
        checked=references.checked,
        notes=[*queries.unknown_fields(tables), *nested_notes(nested)],
        samples=queries.samples(connection, tables, filled, masked=masked),
        masked=masked,
        diagram=svg(diagram) if diagram else "",
    )


def _look_inside(
    newest: Iterable[tuple[int, Mapping[str, object]]], stream: Stream, nested: NestedFields, lists: Lists | None
) -> None:
    """Look for unknown fields in some of the newest records of a stream, and at the references in all of them."""
    remaining = _LOOKED_AT
    for size, record in newest:
        if remaining and size < _LARGEST:
            nested.look_into(stream, record, size)
            remaining -= 1
        if lists is not None:
            lists.take(record)


def _project_key(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute(f"SELECT key FROM {record_table('project')}").fetchone()  # noqa: S608 - a quoted name
    return str(row[0]) if row else ""


def _with_state(row: StreamFigures, state: StreamState | None, lost: str | None) -> StreamFigures:
    if state is None:
        reason = "it has rows but no state" if row.rows else "nothing of it is stored any more"
        return replace(row, error=lost or f"{reason}, so it is read from its start")
    error, stopped = state.broken or "", False
    if not error and state.mode is not None:
        error, stopped = "a run was cut off; the next one goes on from there", True
    is_part = state.since is not None or bool(state.where or state.store)
    left_out = len(state.quarantined)
    return replace(row, read_up_to=state.cursor, left_out=left_out, is_part=is_part, error=error, stopped=stopped)


def _run(
    newest: RunFigures | None, report: RunReport | None, error: str, states: Mapping[str, StreamState]
) -> RunFigures | None:
    """Return the `newest` run with what its command and the states know; one that failed may have left no record."""
    if error:
        return replace(newest or RunFigures(), error=error)
    if newest is None:
        return None
    unseen = newest.deletions_unseen if report is None else report.summary.deletions_unseen
    # A run of other streams does not look for what an older one could not look for.
    return replace(newest, deletions_unseen=unseen or _deletions_owed(states))


def _deletions_owed(states: Mapping[str, StreamState]) -> str | None:
    owed = {name: state.deletions_from for name, state in sorted(states.items()) if state.deletions_from is not None}
    if not owed:
        return None
    names = ", ".join(owed) if len(owed) <= _MOST_NAMED else counted(len(owed), "stream")
    return f"deletions of {names} since {min(owed.values())} were not looked for; a run that may read Messages does it"


def _notes(events: Sequence[Event]) -> list[FieldNote]:
    return [FieldNote(event.about, event.reason) for event in events if isinstance(event, Notice)]


def _left_out(states: Mapping[str, StreamState], events: Sequence[Event]) -> list[LeftOut]:
    """Return the records that were left out; why is only known of those that the run met."""
    met = [
        LeftOut(event.stream, event.position, event.reason) for event in events if isinstance(event, RecordQuarantined)
    ]
    # Of a stream that this run met the events tell all; its state would name the same records once more.
    streams = {record.stream for record in met}
    stored = [
        LeftOut(name, begins_after(key_range), "not known here: `sync` asks for it again, and shows the reason")
        for name, state in states.items()
        if name not in streams
        for key_range in state.quarantined
    ]
    return [*met, *stored]


def _summary(
    states: Mapping[str, StreamState], lost: Mapping[str, str], runs: Sequence[RunRecord], *, masked: bool
) -> dict[str, object]:
    """Return what `state show --json` and `runs --limit 1 --json` print, masked without the values of predicates."""
    if masked:
        states = {name: _without_predicates(state) for name, state in states.items()}
    return {"states": StateReport(states, lost).value(), "runs": RunsReport(runs[:1]).value()}


def _without_predicates(state: StreamState) -> StreamState:
    """Return a state whose predicates are masked: one may name a person."""
    others = tuple(map(_without_predicates, state.others))
    return replace(state, where=(queries.MASK,) * len(state.where), others=others)
