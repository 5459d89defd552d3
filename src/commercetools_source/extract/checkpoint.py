"""What must be stored to go on after a crash: one small value per stream, as JSON.

A state is written together with the data it speaks of (same transaction, or after it), never before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from commercetools_source.errors import StateError
from commercetools_source.extract.keyset import KeyRange  # noqa: TC001 - msgspec reads the annotation when it decodes

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMAT", "Mode", "StreamState", "begin", "decode", "encode", "finish", "give_up", "hold"]

FORMAT = 1
"""Version of the stored form; a state of another version is refused, not guessed."""

_STORED_NAMES = {"ranges": "walks"}
"""Fields that are stored under another name: what older versions wrote stays readable."""
_FIELDS = {stored: name for name, stored in _STORED_NAMES.items()}

Mode = Literal["full", "incremental"]


@dataclass(frozen=True, slots=True)
class StreamState:
    """How far one stream has come.

    `cursor`: every change before this API timestamp is delivered (None: no complete read yet).
    `mode`, `bound`, `ranges`: the run under way, its upper bound and what is left of it; `mode` is
    None between runs. `quarantined`: where records lie that the platform could not serve; every run
    asks for them again. `since`, `where`: what part of the stream is held: what was last changed at or
    after this API timestamp, and fulfils these predicates; by default all of it.
    """

    cursor: str | None = None
    mode: Mode | None = None
    bound: str | None = None
    ranges: tuple[KeyRange, ...] = ()
    quarantined: tuple[KeyRange, ...] = ()
    since: str | None = None
    where: tuple[str, ...] = ()


def begin(state: StreamState, mode: Mode, bound: str, ranges: tuple[KeyRange, ...]) -> StreamState:
    """Return the state at the start of a run up to `bound`; what was quarantined is read again."""
    again = state.quarantined if mode == "incremental" else ()
    return replace(state, mode=mode, bound=bound, ranges=ranges + again, quarantined=())


def hold(state: StreamState, since: str | None, where: tuple[str, ...]) -> StreamState:
    """Return the state before a full read of this part of the stream.

    The cursor of another part is no longer true then.
    """
    same = (state.since, state.where) == (since, where)
    return StreamState(cursor=state.cursor if same else None, since=since, where=where)


def finish(state: StreamState) -> StreamState:
    """Return the state after a complete run: its bound is where the next run starts."""
    return replace(state, cursor=state.bound, mode=None, bound=None, ranges=())


def give_up(state: StreamState) -> StreamState:
    """Return the state without the run under way, of which nothing is left."""
    return StreamState(cursor=state.cursor, since=state.since, where=state.where)


def encode(state: StreamState) -> dict[str, Any]:
    """Return `state` as a JSON object of plain values."""
    plain: dict[str, Any] = msgspec.to_builtins(state)
    return {"format": FORMAT, **{_STORED_NAMES.get(name, name): value for name, value in plain.items()}}


def decode(stored: Mapping[str, Any]) -> StreamState:
    """Return the state that `encode` wrote.

    Raises StateError when `stored` is of another format or broken.
    """
    plain = {_FIELDS.get(name, name): value for name, value in stored.items()}
    version = plain.pop("format", None)
    if version != FORMAT:
        raise StateError(
            f"the stored state has format {version!r}, this version reads {FORMAT};"
            " upgrade commercetools-source, or reset the state of the stream to read it from its start"
        )
    try:
        return msgspec.convert(plain, StreamState)
    except msgspec.ValidationError as error:
        raise StateError(f"the stored state is broken ({error}); reset it to read the stream from its start") from error
