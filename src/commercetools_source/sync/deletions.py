"""Deletions, which no collection shows, from Messages; `sweeping` sees those that no Message tells of.

How a destination marks a row is its own business.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from commercetools_source.catalog.scopes import scope_advice
from commercetools_source.catalog.streams import STREAMS, Stream
from commercetools_source.catalog.timestamps import instant, moment, shift
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, choice, having
from commercetools_source.errors import CommercetoolsError, ConfigError, ForbiddenError, RecordError
from commercetools_source.extract import paging
from commercetools_source.extract.abilities import Comparable, Deletable, Tombstone
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.keyset import KeyRange, literal
from commercetools_source.extract.selection import true_until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.extract.privacy import Privacy
    from commercetools_source.extract.selection import Selection

__all__ = [
    "Kept",
    "Lookup",
    "deletions",
    "deletions_since",
    "look_up",
    "lookup",
    "lookup_span",
    "marking",
    "messages_of",
    "owing",
    "unreadable",
]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def marking(ledger: Comparable, *, hard: bool) -> Callable[[Stream, Mapping[str, str]], int]:
    """Return what a ledger does with deleted rows; raises ConfigError when it can only mark what should be removed."""
    if not hard:
        return ledger.mark_deleted
    if not isinstance(ledger, Deletable):
        removing = choice(having(DESTINATIONS, Ability.REMOVE))
        raise ConfigError(
            f"deleted rows can only be removed from {removing}; leave out --hard-delete (hard_delete) to mark them"
        )
    return ledger.remove


class _Resource(msgspec.Struct):
    id: str


class _Message(msgspec.Struct):
    type: str
    createdAt: str  # noqa: N815 - the API's name
    resource: _Resource


_message = msgspec.json.Decoder(_Message)


def deletions(
    get: paging.Get, streams: Iterable[Stream], since: str, until: str, page_size: int, *, privacy: Privacy
) -> Iterator[tuple[Stream, list[Tombstone]]]:
    """Yield, page by page, what was deleted of which stream, from Messages of `since` to `until`.

    Some Messages hold the record as it was at last: its personal data become what `privacy` says.
    Raises ForbiddenError when the token may not read Messages, else as `paging.pages`, and CommercetoolsError for
    Messages of another form than documented.
    """
    by_type = {name: stream for stream in streams for name in stream.deleted_messages}
    if not by_type:
        return
    key_range, only = messages_of(by_type, since, until)
    pages = paging.pages(
        get,
        STREAMS["messages"],
        key_range,
        page_size,
        where=(only,),
        privacy=privacy,
        fields=_Message.__struct_fields__,
    )
    for page in pages:
        tombstones: dict[str, list[Tombstone]] = {}
        for record in page.records:
            message = _decoded(record)
            # The whole Message is handed on: some hold the record as it was at last.
            tombstones.setdefault(message.type, []).append(Tombstone(message.resource.id, _time_of(message), record))
        for name in tombstones.keys() & by_type.keys():
            yield by_type[name], tombstones[name]


def messages_of(types: Iterable[str], since: str, until: str) -> tuple[KeyRange, str]:
    """Return the range of the Messages from `since` to `until`, and the predicate for those of these types."""
    # Sorted, so that the same streams give the same request.
    only = f"type in ({', '.join(literal(name) for name in sorted(types))})"
    # Messages never change, so their creation orders them for good
    # (https://docs.commercetools.com/api/projects/messages).
    return KeyRange("createdAt", "id", lower=since, upper=until), only


def _decoded(record: msgspec.Raw) -> _Message:
    try:
        return _message.decode(record)
    except msgspec.DecodeError as error:  # names the field, shows no value
        raise CommercetoolsError(f"a Message is not of the documented form: {error}") from error


def _time_of(message: _Message) -> str:
    try:
        # As the platform writes it: how far Messages were read is compared as text.
        return instant(moment(message.createdAt))
    except (ValueError, OverflowError):
        raise CommercetoolsError("a Message is not of the documented form: its createdAt is no time") from None


class Kept(Generic[_Item, _Result]):
    """Iterates over a generator; `result` is what it returned, once it has ended."""

    result: _Result

    def __init__(self, generator: Generator[_Item, None, _Result]) -> None:
        self._generator = generator

    def __iter__(self) -> Iterator[_Item]:
        self.result = yield from self._generator


@dataclass(frozen=True, slots=True)
class Lookup:
    """How looking for deletions ended.

    `states`: those to read on with, each with what is still to be looked for; `deleted`: rows by stream; `reached`: the
    API timestamp up to which Messages were read; `error`: why not to their end, None if they were.
    """

    states: Mapping[str, StreamState]
    deleted: Mapping[str, int]
    reached: str = ""
    error: CommercetoolsError | None = None

    def unseen(self, project_key: str) -> str | None:
        """Return in a sentence which deletions were not looked for, and why; None if all were."""
        if self.error is None:
            return None
        # The server's text would name a scope; the advice names the one that reads Messages and nothing more.
        forbidden = isinstance(self.error, ForbiddenError)
        reason = f"the API client may not read Messages; {_advice(project_key)}" if forbidden else str(self.error)
        return f"deletions since {self.reached} were not looked for, a later run does it: {reason}"


def look_up(
    get: paging.Get,
    streams: Iterable[Stream],
    states: Mapping[str, StreamState],
    selection: Selection,
    page_size: int,
    delete: Callable[[Stream, Sequence[Tombstone]], int],
    *,
    probe: bool = False,
) -> Lookup:
    """Hand to `delete` what `lookup` yields, and return how that ended; raises what `delete` raises.

    Where that is a RecordError it is about the rows of one stream: their deletions wait for a later run.
    """
    deleted: dict[str, int] = {}
    pages = lookup(get, streams, states, selection, page_size, probe=probe)
    refusal: RecordError | None = None
    while True:
        try:
            stream, tombstones = next(pages) if refusal is None else pages.throw(refusal)
        except StopIteration as end:
            ended: Lookup = end.value
            return replace(ended, deleted={name: rows for name, rows in deleted.items() if rows})
        refusal = None
        try:
            deleted[stream.name] = deleted.get(stream.name, 0) + delete(stream, tombstones)
        except RecordError as error:
            refusal = error


def lookup(
    get: paging.Get,
    streams: Iterable[Stream],
    states: Mapping[str, StreamState],
    selection: Selection,
    page_size: int,
    *,
    probe: bool = False,
) -> Generator[tuple[Stream, list[Tombstone]], None, Lookup]:
    """Yield what Messages say was deleted since the rows of `streams` were read; return how that ended.

    Streams without rows have nothing that could be deleted: Messages are asked for only to `probe` whether they can
    be read. A fault of Messages, however lasting, is no reason not to read records: it comes back in `error`, and
    the states say from when on the next run has to look, which is never later than the bound. So does a RecordError
    that is thrown for what was yielded; nothing more is yielded of its stream.
    """
    loaded, reached, lower = lookup_span(streams, states, selection)
    if not loaded and not probe:
        return Lookup(states, {})
    error: CommercetoolsError | None = None
    refused: dict[str, RecordError] = {}
    pages = deletions(get, loaded or streams, lower, selection.end, page_size, privacy=selection.privacy)
    while True:
        try:
            stream, tombstones = next(pages)
        except StopIteration:
            break
        except CommercetoolsError as fault:
            error = fault
            break
        if stream.name not in refused:
            try:
                yield stream, tombstones
            except RecordError as fault:
                refused[stream.name] = fault
        # Messages come in the order of their time, so all before the latest of them were seen; in the tail some may
        # become visible later.
        reached = max(reached, min(tombstones[-1].time, selection.bound))
    ends = {stream.name: max(start, reached) if error else None for stream, start in loaded.items()}
    if refused:
        ends |= {stream.name: start for stream, start in loaded.items() if stream.name in refused}
        reached = min(end for end in ends.values() if end is not None)
        error = error or next(iter(refused.values()))
    # Without an error nothing is owed, and the cursor alone says from when on to look.
    after = {name: replace(states[name], deletions_from=end) for name, end in ends.items()}
    return Lookup({**states, **after}, {}, reached, error)


def lookup_span(
    streams: Iterable[Stream], states: Mapping[str, StreamState], selection: Selection
) -> tuple[dict[Stream, str], str, str]:
    """Return which streams have rows that Messages can say were deleted, and the times from which on to look.

    Each stream comes with the time up to which its rows are true. The first text is the earliest of these times, the
    second the one from which Messages are read. Without such a stream both are the bound.
    """
    starts = {stream: deletions_since(states.get(stream.name, StreamState())) for stream in streams}
    loaded = {
        stream: true_until(start, selection)
        for stream, start in starts.items()
        if start is not None and stream.deleted_messages
    }
    if not loaded:
        return {}, selection.bound, selection.bound
    reached = min(loaded.values())
    # Messages become visible late as records do, so they are read again for the same span; marking twice changes
    # nothing.
    return loaded, reached, shift(reached, -selection.lookback)


def owing(delivery: Delivery, before: Mapping[str, StreamState], selection: Selection) -> Delivery:
    """Return the end of a full read that takes no row away with a state by which the next run looks for deletions.

    `before`: the states by stream before the read. Its own run looks for none, as what was deleted mostly goes with it.
    """
    stream = delivery.stream
    if not (selection.full and delivery.keeps_unread and stream.deleted_messages):
        return delivery
    since = deletions_since(before.get(stream.name, StreamState()))
    return replace(delivery, state=replace(delivery.state, deletions_from=since))


def unreadable(project_key: str) -> CommercetoolsError:
    """Return the error for deletions that were asked for and may not be read."""
    return CommercetoolsError(
        f"deletions are asked for, but the API client may not read Messages; {_advice(project_key)}, or do not ask"
    )


def _advice(project_key: str) -> str:
    return scope_advice([STREAMS["messages"]], project_key)


def deletions_since(state: StreamState) -> str | None:
    """Return from when on deletions must be looked for: the time up to which the rows held are true; None: no rows.

    After a run that could not read Messages that is earlier than the cursor.
    """
    return state.deletions_from or state.cursor or state.bound
