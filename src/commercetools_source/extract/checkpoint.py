"""What must be stored to go on after a crash: one small value per stream, as JSON.

A state is written together with the data it speaks of (same transaction, or after it), never before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from commercetools_source.catalog.timestamps import instant, moment
from commercetools_source.errors import StateError
from commercetools_source.extract.keyset import KeyRange  # noqa: TC001 - msgspec reads the annotation when it decodes

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "ANEW",
    "FORMAT",
    "Mode",
    "StreamState",
    "begin",
    "decode",
    "encode",
    "finish",
    "fits",
    "give_up",
    "hold",
    "moved",
    "parted",
    "restore",
]

FORMAT = 1
"""Version of the stored form; a state of another version is refused, not guessed."""

_STORED_NAMES = {"ranges": "walks"}
"""Fields that are stored under another name: what older versions wrote stays readable."""
_FIELDS = {stored: name for name, stored in _STORED_NAMES.items()}

Mode = Literal["full", "incremental"]

ANEW = "reset its state, or run it with --full (full=True in Python), to read the stream from its start"
"""What users of the command and of Python do about a state that cannot be used; front-ends have words of their own."""

_FIRST_YEAR, _LAST_YEAR = 1900, 9999
"""Runs shift times by hours and days, which Python's dates must bear. Where a server without a clock says 1970, it ends
earlier still."""


@dataclass(frozen=True, slots=True)
class StreamState:
    """How far one stream has come.

    `cursor`: every change before this API timestamp is delivered (None: no complete read yet).
    `mode`, `bound`, `ranges`: the run under way, its upper bound and what is left of it; `mode` is
    None between runs. `quarantined`: where records lie that the platform could not serve, or that a wrong clock left
    to the next run; every run asks for them again. `since`, `where`: what part of the stream is held: what was last
    changed at or after this API timestamp, and fulfils these predicates; by default all of it. `broken`: why what is
    stored cannot be used, for a person; never stored itself. Only a full read goes on from there.
    `deletions_from`: deletions since this API timestamp are not known yet, because Messages could not be read, a full
    read took no row away, or a clock was wrong; None: they are known up to the cursor.
    `privacy`: what became of personal data, "" where all of it was kept.
    `store`: the key of the store whose records these are, "" for all of the project; `others`: the same of other stores
    whose records are held beside them (`parted`). `project`: the project that was read, as `Config.project_name` has
    it, "" where it is not known: earlier releases did not store it. `stream`: the name of the stream that was read, ""
    where it is not known.
    """

    cursor: str | None = None
    mode: Mode | None = None
    bound: str | None = None
    ranges: tuple[KeyRange, ...] = ()
    quarantined: tuple[KeyRange, ...] = ()
    since: str | None = None
    where: tuple[str, ...] = ()
    broken: str | None = None
    deletions_from: str | None = None
    privacy: str = ""
    store: str = ""
    others: tuple[StreamState, ...] = ()
    project: str = ""
    stream: str = ""


# msgspec describes a class when it is first decoded, and meanwhile hands the unfinished description to other threads,
# where it ends the process (`DataclassInfo_Convert` in https://github.com/msgspec/msgspec/blob/0.22.0/src/msgspec/_core.c).
# So no function is the first to decode a class: its module is, which one thread imports.
msgspec.json.Decoder(StreamState)


def begin(state: StreamState, mode: Mode, bound: str, ranges: tuple[KeyRange, ...]) -> StreamState:
    """Return the state at the start of a run up to `bound`; what was quarantined is read again."""
    # A full read meets those records anyway; asked for beside it, they would come twice.
    again = state.quarantined if mode == "incremental" else ()
    return replace(state, mode=mode, bound=bound, ranges=ranges + again, quarantined=())


def hold(state: StreamState, part: StreamState) -> StreamState:
    """Return the state before a full read of `part`, a state that says nothing but what is to be held.

    The cursor of another part is no longer true then.
    """
    stored = StreamState(
        since=state.since,
        where=state.where,
        privacy=state.privacy,
        store=state.store,
        project=state.project or part.project,
        stream=state.stream or part.stream,
    )
    # Nothing of the old state is true of another part: not its cursor, its holes, nor the run under way.
    return give_up(state) if stored == part else part


def fits(stored: StreamState, state: StreamState) -> bool:
    """Return whether rows of `stored` may stand beside those of `state`: of the same filter, store and choice.

    From when on they are is no matter: none of them is wrong. Without a position nothing is known of them.
    """
    origin = (stored.where, stored.privacy, stored.store, stored.stream or state.stream)
    return stored.cursor is not None and origin == (state.where, state.privacy, state.store, state.stream)


def moved(state: StreamState, cursor: str | None) -> StreamState:
    """Return the state after a person, or another program, set its cursor or took it away: the next read is a new one.

    Without a cursor nothing is known of the stream.
    """
    if cursor is None:
        return StreamState()
    # What the rows are that were read up to there, no cursor says.
    return StreamState(
        cursor=cursor, privacy=state.privacy, store=state.store, project=state.project, stream=state.stream
    )


def finish(state: StreamState) -> StreamState:
    """Return the state after a complete run: its bound is where the next run starts.

    A full read shows what was deleted before its bound, whatever was not known until then.
    """
    # The rows that a full read did not bring are gone, so older Messages have nothing left to say: unless it left some
    # of its range to the next run. Later ones have: a read that was cut off may end long before the run that goes on.
    shown = state.mode == "full" and not state.quarantined
    unknown = state.bound if shown and state.deletions_from is not None else state.deletions_from
    return replace(state, cursor=state.bound, mode=None, bound=None, ranges=(), deletions_from=unknown)


def give_up(state: StreamState) -> StreamState:
    """Return the state without the run under way, of which nothing is left."""
    return replace(state, mode=None, bound=None, ranges=(), quarantined=(), broken=None)


def parted(state: StreamState, store: str) -> tuple[StreamState, tuple[StreamState, ...]]:
    """Return the state of the records of one store, and those of the other stores whose records are held beside them.

    A state of all of the project, or one that is asked for all of it, comes back as it is.

    Where nothing of the store is held yet, its state is an empty one; so a store that is read later starts at its own
    beginning, whatever was read of others.
    """
    parts = [part for part in (replace(state, others=()), *state.others) if part != StreamState()]
    # All of a project and a store of it are no parts beside each other.
    if not store or not all(part.store for part in parts):
        return state, ()
    mine = next((part for part in parts if part.store == store), StreamState())
    return mine, tuple(part for part in parts if part is not mine)


def encode(state: StreamState) -> dict[str, Any]:
    """Return `state` as a JSON object of plain values."""
    plain: dict[str, Any] = msgspec.to_builtins(state)
    # A finding about the stored text, made when it was read.
    del plain["broken"]
    plain["others"] = [encode(part) for part in state.others]
    for name in ("deletions_from", "privacy", "store", "others", "project", "stream"):
        if not plain[name]:
            del plain[name]  # versions that do not know the field read what has none
    return {"format": FORMAT, **{_STORED_NAMES.get(name, name): value for name, value in plain.items()}}


def decode(stored: object, anew: str = ANEW) -> StreamState:
    """Return the state that `encode` wrote; times may be written in any way of ISO 8601.

    Raises StateError when `stored` is of another format, or nothing that a run can go on from; `anew` says what to do.
    """
    try:
        return _decoded(stored)
    except StateError as error:
        raise StateError(f"{error}; {anew}") from error.__cause__


def _decoded(stored: object) -> StreamState:
    if not isinstance(stored, Mapping):
        raise _broken(f"{type(stored).__name__} where a JSON object should be")
    # `broken` in a stored text was written by nobody; it must not let a state pass as checked.
    plain = {_FIELDS.get(name, name): value for name, value in stored.items() if name != "broken"}
    version = plain.pop("format", None)
    if not isinstance(version, int):
        raise StateError("the stored state is not of commercetools-source: it does not name its format by a number")
    if version != FORMAT:
        raise StateError(
            f"the stored state has format {version}, this version reads {FORMAT};"
            " upgrade commercetools-source if a newer one wrote it"
        )
    others = plain.pop("others", ())
    if not isinstance(others, (list, tuple)):
        raise _broken("states of other stores that are no list")
    try:
        state = msgspec.convert(plain, StreamState)
        _time("since", state.since)
        for key_range in (*state.ranges, *state.quarantined):
            _check_range(key_range)
        # It could never end: the bound becomes the cursor.
        if state.mode is not None and state.bound is None:
            raise _broken("a read under way without its bound")
        return replace(
            state,
            cursor=_normal("cursor", state.cursor),
            bound=_normal("bound", state.bound),
            deletions_from=_normal("deletions_from", state.deletions_from),
            others=tuple(map(_decoded, others)),
        )
    except (msgspec.ValidationError, RecursionError) as error:
        raise _broken(str(error)) from error


def restore(stored: object) -> StreamState:
    """Return the state that `encode` wrote, or one that is `broken`: a stream whose state is lost stops no other."""
    try:
        return decode(stored)
    except StateError as error:
        return StreamState(broken=str(error))


def _broken(reason: str) -> StateError:
    return StateError(f"the stored state is broken ({reason})")


def _check_range(key_range: KeyRange) -> None:
    if not key_range.field.endswith("At"):  # the API's dates are called so: createdAt, lastModifiedAt
        return
    positions = [position.value for position in (key_range.after, key_range.until) if position is not None]
    for value in (key_range.lower, key_range.upper, *positions):
        _time(f"a range by {key_range.field}", value)


def _time(name: str, value: str | None) -> datetime | None:
    try:
        return None if value is None else moment(value)
    except (ValueError, OverflowError):
        raise _broken(f"{name} {value!r} is no time") from None


def _normal(name: str, value: str | None) -> str | None:
    """Return a time as the API writes it, because states are compared as texts; raises StateError if it is none."""
    time = _time(name, value)
    if time is None:
        return None
    if not _FIRST_YEAR <= time.year < _LAST_YEAR:
        raise _broken(f"{name} {value!r} is a time that no run can end at")
    return instant(time)
