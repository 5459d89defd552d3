"""What a run reads: from stored state to the first ranges of each stream. Pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from commercetools_source.catalog import contract
from commercetools_source.catalog.stores import is_in_store
from commercetools_source.catalog.stream import Paging
from commercetools_source.catalog.timestamps import moment, shift
from commercetools_source.config.values import shown
from commercetools_source.errors import ConfigError
from commercetools_source.extract.checkpoint import ANEW, StreamState, begin, hold
from commercetools_source.extract.keyset import KeyRange
from commercetools_source.extract.privacy import KEEP, Privacy, privacy_of
from commercetools_source.extract.redaction import chosen_for
from commercetools_source.extract.windows import spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.catalog.streams import Stream
    from commercetools_source.config import Config
    from commercetools_source.extract.checkpoint import Mode

__all__ = [
    "Selection",
    "checked_predicate",
    "clock_notice",
    "conflict_with",
    "mode_of",
    "needs_parents",
    "origin_conflict",
    "privacy_conflict",
    "project_conflict",
    "range_of",
    "ranges_of",
    "refuse_future_start",
    "resumption_notice",
    "retention_notice",
    "source_conflict",
    "started",
    "store_conflict",
    "true_until",
]


_DAY = 86_400.0
_SPAN_DAYS = 31
"""A service that counts the cost of a request asks for short spans of time; offsets reach farther in them, too."""
_CLOCK_MARGIN = _DAY
"""Seconds that are read again besides the distance when a stored position lies beyond the bound."""


_FARTHEST = 366 * _DAY
"""No clock is wrong by more seconds than this: a person set a position that lies farther ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a run is asked for.

    `bound`: API timestamp, the end of what is read (excluded). `until`: whether a person asked for that
    end; otherwise it is what the clocks let a run read. `tail`: changes from the bound to this API timestamp are
    read too, as far as they are visible; the position stays at the bound, so the next run reads them again.
    `full`: read everything again.
    `start_date`: a first read leaves out what was last changed before it. `lookback`: seconds that
    an incremental read goes back before its cursor, for changes that became visible late. `where`:
    pairs of a stream's name and a predicate that its records must fulfil. `privacy`: what becomes of personal data.
    `anew`: what a person is told to do to read a stream from its start, in the words of a front-end.
    `retain`: pairs of a stream's name and the API timestamp before which its rows are too old to be kept.
    `store`: the key of the store whose records are read, "" for those of the project. `project`: that project, as
    `Config.project_name` has it, "" where nobody goes on from a stored state.
    """

    bound: str
    until: bool = False
    tail: str | None = None
    full: bool = False
    start_date: str | None = None
    lookback: float = 600.0
    where: tuple[tuple[str, str], ...] = ()
    privacy: Privacy = KEEP
    anew: str = ANEW
    retain: tuple[tuple[str, str], ...] = ()
    store: str = ""
    project: str = ""

    @classmethod
    def of(cls, config: Config, bound: str = "", anew: str = ANEW) -> Selection:
        """Return what these settings ask for up to `bound`; `replace` says what else is asked for."""
        return cls(
            bound=bound,
            start_date=config.start_date,
            lookback=config.lookback_seconds,
            privacy=privacy_of(config),
            anew=anew,
            store=config.store_key,
            project=config.project_name,
        )

    @property
    def end(self) -> str:
        """The end of what is read, settled or not."""
        return self.bound if self.tail is None else max(self.bound, self.tail)

    def where_of(self, stream: Stream) -> tuple[str, ...]:
        """Return the predicates for the records of `stream`."""
        return tuple(predicate for name, predicate in self.where if name == stream.name)

    def privacy_of(self, stream: Stream) -> str:
        """Return what becomes of personal data in `stream`, as its state has it; "" where all of it is kept."""
        return chosen_for(stream.item, self.privacy)

    def store_of(self, stream: Stream) -> str:
        """Return the store whose records of `stream` are read, "" for all of the project."""
        return self.store if self.store and is_in_store(stream) else ""

    def since_of(self, stream: Stream) -> str | None:
        """Return the `start_date`, or the later end of `retain`, for streams whose records have a date of change."""
        # Elsewhere nothing could be compared with it, so all of the stream is read.
        start = self.start_date if stream.cursor is not None else None
        return max(filter(None, (start, self.oldest_of(stream))), default=None)

    def oldest_of(self, stream: Stream) -> str | None:
        """Return the time before which rows of `stream` are too old to be kept, None if none is."""
        return dict(self.retain).get(stream.name)


def checked_predicate(stream: Stream, predicate: str) -> str:
    """Return a predicate for the records of `stream`.

    Raises ConfigError where it is empty or broken, or the API takes none.
    """
    # Known from the contract, so it is refused before a request is sent.
    endpoint = contract.load().endpoints.get(stream.path)
    if endpoint is not None and "where" not in endpoint.params:
        raise ConfigError(f"{stream.name} cannot be filtered: the API offers no `where` there")
    given: object = predicate  # type checkers know nothing of what a notebook hands over
    if not isinstance(given, str):
        raise ConfigError(f"the predicate for {stream.name} is {given!r}; it must be a text such as 'id = \"...\"'")
    if not predicate.strip():
        raise ConfigError(f"the predicate for {stream.name} is empty; leave it out to read everything")
    if _closes_too_early(predicate):
        raise ConfigError(f"the predicate for {stream.name} has a ) without its (; correct it: {predicate.strip()}")
    return predicate.strip()


def _closes_too_early(predicate: str) -> bool:
    """Return whether a predicate ends a parenthesis that it did not begin, so that it would be two beside another."""
    depth = 0
    # Not those in texts, in which a backslash escapes a quote.
    for sign in re.sub(r'"(\\.|[^"\\])*"', "", predicate):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth < 0:
            return True
    return False


def mode_of(stream: Stream, state: StreamState, selection: Selection) -> Literal["full", "incremental", "resumed"]:
    """Return how `stream` is read: on from a run that was cut off, from its cursor, or from its start."""
    # Of another stream, project or store nothing is known by the state, wherever it stands.
    other = source_conflict(stream, state, selection) or state.store != selection.store_of(stream)
    if selection.full or (state != StreamState() and other):
        return "full"
    if state.mode is not None:
        # A read that was cut off is finished in its own way, whatever this run would choose.
        return "resumed"
    # Without a date of change nothing says what is new, so it is read whole each time.
    return "incremental" if stream.cursor is not None and state.cursor is not None else "full"


def ranges_of(
    stream: Stream, mode: Mode, state: StreamState, selection: Selection, parents: Sequence[tuple[str, ...]]
) -> tuple[KeyRange, ...]:
    """Return the ranges that together cover what a run in `mode` reads, one for each of `parents`.

    A full read goes by an immutable field, so that records which change meanwhile stay in place; what
    changed after the bound is the next run's. Only a `start_date` selects by the date of change.
    The tail lies in the last range, which costs no request of its own.
    """
    end = max(_bound_of(state, selection), selection.end)
    if mode == "incremental" and state.cursor is not None:
        first = range_of(stream, since=_lower_of(state.cursor, selection), until=end)
    elif (since := selection.since_of(stream)) is not None:
        first = range_of(stream, since=since, until=end)
    elif stream.paging is Paging.DATED:
        first = range_of(stream, until=end)
    else:
        first = range_of(stream)
        # A range by a time ends where the run does; one by a key or number has no such end and is read whole.
        first = replace(first, upper=end if first.field.endswith("At") else None)
    pieces = spans(first, _SPAN_DAYS) if stream.paging is Paging.DATED else (first,)
    return tuple(replace(piece, parent=parent) for parent in parents for piece in pieces)


def range_of(
    stream: Stream, parent: tuple[str, ...] = (), since: str | None = None, until: str | None = None
) -> KeyRange:
    """Return the range over `stream`: by its cursor from `since` to `until`, or over all of it by its immutable order.

    Raises ConfigError when a range is asked of a stream that has no cursor.
    """
    if stream.paging is Paging.DATED and since is None:
        since = _oldest(stream, until)  # or the platform would begin a day ago
    if since is None and until is None:
        field, tie = stream.ordering
        return KeyRange(field=field, tie=tie, parent=parent)
    if stream.cursor is None:
        raise ConfigError(f"{stream.name} has no change date to select by; read it whole, without since and until")
    return KeyRange(field=stream.cursor, tie=stream.tie, lower=since, upper=until, parent=parent)


def _oldest(stream: Stream, until: str | None) -> str | None:
    """Return the time before which the platform keeps no records of `stream`."""
    if stream.retention is None:
        return None
    begin = stream.retention.begin
    return begin if until is None else max(begin, shift(until, -_DAY * stream.retention.most))


def started(
    stream: Stream, state: StreamState, selection: Selection, parents: Sequence[tuple[str, ...]]
) -> StreamState:
    """Return the state with which a run over `stream` starts or goes on."""
    mode = mode_of(stream, state, selection)
    # Here, and nowhere else, a state gets its project and stream: all that is stored of a run goes on from this one.
    # Of two names of one project the one with the region, which a gateway's host does not tell.
    is_other = project_conflict(state.project, selection.project) is not None
    project = selection.project if is_other else max(selection.project, state.project, key=len)
    # Its ranges were fixed when it began, with the parents of that time; what came since is the next run's.
    if mode == "resumed":
        return replace(state, project=project, stream=stream.name)
    if mode == "full":
        part = StreamState(
            since=selection.since_of(stream),
            where=selection.where_of(stream),
            privacy=selection.privacy_of(stream),
            store=selection.store_of(stream),
            project=project,
            stream=stream.name,
        )
        state = hold(state if is_other else replace(state, project=project), part)
    state = replace(state, project=project, stream=stream.name)
    begun = begin(state, mode, _bound_of(state, selection), ranges_of(stream, mode, state, selection, parents))
    if not _beyond(stream, state, selection):
        return begun
    # What will change between the bound and the position lies before the next cursor: the next run reads it again.
    unsettled = range_of(stream, since=selection.bound, until=state.cursor)
    # So does what will be deleted, of which Messages tell.
    owed = begun.deletions_from or selection.bound if stream.deleted_messages else None
    again = tuple(replace(unsettled, parent=parent) for parent in parents)
    return replace(begun, quarantined=again, deletions_from=owed)


def _beyond(stream: Stream, state: StreamState, selection: Selection) -> bool:
    """Return whether the stored position lies after what the clocks let this run read."""
    if stream.cursor is None or state.cursor is None or selection.until:
        return False
    return state.cursor > selection.bound


def _bound_of(state: StreamState, selection: Selection) -> str:
    """Return up to where a stream is read: a position never moves back, whatever a clock says."""
    return selection.bound if selection.until or state.cursor is None else max(selection.bound, state.cursor)


def true_until(position: str, selection: Selection) -> str:
    """Return the time up to which what a stored position says is true.

    A position beyond the bound was stored when a clock was ahead, or a clock is behind now. What changed since then
    may be missing. That began before the bound at most as long as the position lies behind it; a day is added.
    """
    distance = (moment(position) - moment(selection.bound)).total_seconds()
    if selection.until or not 0 < distance <= _FARTHEST:
        return position
    return shift(selection.bound, -distance - _CLOCK_MARGIN)


def _lower_of(cursor: str, selection: Selection) -> str:
    """Return where an incremental read begins."""
    return shift(true_until(cursor, selection), -selection.lookback)


def clock_notice(stream: Stream, state: StreamState, selection: Selection) -> str | None:
    """Return what a person should know when the stored position lies after the bound, None otherwise."""
    if not _beyond(stream, state, selection) or state.cursor is None:
        return None
    lower = _lower_of(state.cursor, selection)
    if selection.full:
        again = "all of it is read"
    elif lower < selection.bound:
        again = f"it is read again from {lower} on"
    else:
        again = f"what changes before it is not read; {selection.anew}"
    return (
        f"its position {state.cursor} lies after {selection.bound}, where this run ends by the clocks of the API and of"
        f" this machine: one of them is wrong, or was, or `settle_seconds` was smaller. The position stays, and {again}"
    )


def retention_notice(stream: Stream, state: StreamState, selection: Selection) -> str | None:
    """Return what a person should know when the platform may keep no more of what changed since the stored position."""
    if stream.retention is None or state.cursor is None or selection.full:
        return None
    edge = shift(selection.bound, -_DAY * stream.retention.least)
    if state.cursor >= edge:
        return None
    return (
        f"its position is {state.cursor}, and the platform keeps records for {stream.retention.least} days,"
        f" {stream.retention.most} at most: those from then to {edge} may be gone there without having been read."
        " What is still there is read; run it more often to miss none"
    )


def resumption_notice(stream: Stream, state: StreamState, selection: Selection) -> str | None:
    """Return what a person should know when a read that was cut off goes on, and nothing says what changed since."""
    if stream.cursor is not None or state.bound is None or state.bound >= selection.bound:
        return None
    return (
        f"its read, which was cut off, goes on from {state.bound}: what has changed since then may be missing, and"
        " comes with the next run"
    )


def conflict_with(stream: Stream, state: StreamState, selection: Selection) -> str | None:
    """Return why what is held of `stream` cannot be brought up to date as `selection` asks; None if it can.

    Going on from a cursor is true only for the part of the stream that was read before. A later
    `start_date` is no reason: what is held has more.
    """
    if selection.full or state == StreamState():
        return None
    # No cursor can be believed; only a full read asks for nothing that was stored.
    if state.broken is not None:
        return state.broken
    if (reason := origin_conflict(stream, state, selection)) is not None:
        return reason
    # With another filter the cursor would promise records that were never asked for.
    if state.where != (filters := selection.where_of(stream)):
        before, now = _filter(state.where), _filter(filters)
        return f"what is held of it was read {before}, and now it is asked for {now}; {selection.anew}"
    since = selection.since_of(stream)
    if since is not None and since == selection.oldest_of(stream):
        since = shift(since, _CLOCK_MARGIN)  # an end that moves with clocks, and not what somebody wrote
    # Texts of one form, UTC with milliseconds, so they compare as the times do.
    if state.since is not None and (since is None or since < state.since):
        asked = f"since {since}" if since else "without a start"
        return (
            f"what is held of it begins with changes of {state.since}, and now it is asked for {asked};"
            f" give it a start again (`since`, `start_date` or `retain`), or {selection.anew}"
        )
    return None


def refuse_future_start(start: str | None, now: str, name: str = "start_date") -> None:
    """Raise ConfigError for a start behind the platform's time `now`: nothing would be read, as if nothing were there.

    `name` is what somebody wrote it as.
    """
    if start is not None and start > now:
        raise ConfigError(
            f"{name} is {start}, which is in the future: the platform's time is {now}; name an earlier one"
        )


def origin_conflict(stream: Stream, state: StreamState, selection: Selection) -> str | None:
    """Return why rows of another source, store or choice about personal data are held; None where they are alike."""
    if state == StreamState():
        return None
    return (
        source_conflict(stream, state, selection)
        or store_conflict(state.store, selection.store_of(stream), selection.anew)
        or privacy_conflict(state.privacy, selection.privacy_of(stream), selection.anew)
    )


def source_conflict(stream: Stream, state: StreamState, selection: Selection) -> str | None:
    """Return why a state of another stream or project says nothing of `stream`; None where it names neither, too."""
    if state.stream not in {"", stream.name}:
        return (
            f"its state was stored for the stream {shown(state.stream)} and says nothing of {stream.name}; give each"
            f" stream its own state, or {selection.anew}"
        )
    return project_conflict(state.project, selection.project, selection.anew)


def project_conflict(stored: str, asked: str, anew: str = ANEW) -> str | None:
    """Return why what was read of one project says nothing of another; None where one of them is not known, too."""
    # Earlier releases stored the key alone, and behind a host of somebody else's nobody knows the region.
    first = 0 if "/" in stored and "/" in asked else -1
    if not stored or not asked or stored.split("/")[first:] == asked.split("/")[first:]:
        return None
    return (
        f"what is held of it is of the project {shown(stored)}, and now it is asked for {asked!r};"
        f" set `project_key` and the region as they were, read this project into a place of its own, or {anew}"
    )


def store_conflict(stored: str, asked: str, anew: str = ANEW) -> str | None:
    """Return why what was read of one store says nothing of another, or of all; None where it is the same."""
    if stored == asked:
        return None
    return (
        f"what is held of it is {_part(stored)}, and now it is asked for {_part(asked)};"
        f" set `store_key` as it was, or {anew}"
    )


def privacy_conflict(stored: str, asked: str, anew: str = ANEW) -> str | None:
    """Return why rows with one choice about personal data get none with another; None where it is the same."""
    if stored == asked:
        return None
    return (
        f"its personal data were read with the choice {stored or 'keep'}, and now it is asked for {asked or 'keep'};"
        f" set `personal`, `personal_fields` and `hash_key` as they were, or {anew}"
    )


def _part(store: str) -> str:
    return f"what belongs to the store {store!r}" if store else "all of the project"


def _filter(where: Sequence[str]) -> str:
    return f"where {' and '.join(where)}" if where else "without a filter"


def needs_parents(stream: Stream, state: StreamState, selection: Selection) -> bool:
    """Return whether the parents of `stream` must be listed before `started`."""
    return stream.parents is not None and mode_of(stream, state, selection) != "resumed"
