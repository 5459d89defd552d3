"""Deletions, which no collection shows: from Messages where there are some, and by comparing ids for the rest.

Knows how to find them and when not to believe them; how a destination marks a row is its own business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.catalog.scopes import missing_scope
from commercetools_source.catalog.streams import STREAMS, Paging, Stream
from commercetools_source.errors import CommercetoolsError, ConfigError, StateError
from commercetools_source.extract import paging
from commercetools_source.extract.delivery import Comparable, Deletable, Difference, Listed, Tombstone
from commercetools_source.extract.keyset import KeyRange, literal
from commercetools_source.extract.parents import parents_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from commercetools_source.extract.checkpoint import StreamState

__all__ = [
    "FIELDS",
    "Guard",
    "deletions",
    "deletions_since",
    "expires_on_platform",
    "fetch",
    "listing",
    "marking",
    "refusal",
    "sweepable",
    "unreadable",
]

_IDS_AT_ONCE = 100
"""Ids in one `where`: a URL of some 4 KB, where 15 KB are refused (docs: HTTP API)."""


FIELDS = ("id", "version", "createdAt", "lastModifiedAt")
"""What a listing needs of each record: to compare it, and to go on behind it."""


def marking(ledger: Comparable, *, hard: bool) -> Callable[[Stream, Mapping[str, str]], int]:
    """Return what a ledger does with deleted rows; raises ConfigError when it can only mark what should be removed."""
    if not hard:
        return ledger.mark_deleted
    if not isinstance(ledger, Deletable):
        raise ConfigError("deleted rows can only be removed from a DuckDB file; leave out --hard-delete to mark them")
    return ledger.remove


@dataclass(frozen=True, slots=True)
class Guard:
    """When a sweep is not believed: more than `share` of the rows gone, and more than `rows` of them."""

    share: float = 0.2
    rows: int = 50


class _Resource(msgspec.Struct):
    id: str


class _Message(msgspec.Struct):
    type: str
    createdAt: str  # noqa: N815 - the API's name
    resource: _Resource


def deletions(
    get: paging.Get, streams: Iterable[Stream], since: str, until: str, page_size: int
) -> Iterator[tuple[Stream, list[Tombstone]]]:
    """Yield, page by page, what was deleted of which stream, from Messages of `since` to `until`.

    Raises ForbiddenError when the token may not read Messages.
    """
    by_type = {name: stream for stream in streams for name in stream.deleted_messages}
    if not by_type:
        return
    messages = STREAMS["messages"]
    only = f"type in ({', '.join(literal(name) for name in sorted(by_type))})"
    key_range = KeyRange("createdAt", "id", lower=since, upper=until)
    for page in paging.pages(get, messages, key_range, page_size, where=(only,)):
        found: dict[str, list[Tombstone]] = {}
        for record in page.records:
            message = _message.decode(record)
            found.setdefault(message.type, []).append(Tombstone(message.resource.id, message.createdAt, record))
        for name, graves in found.items():
            yield by_type[name], graves


def unreadable(project_key: str) -> CommercetoolsError:
    """Return the error for deletions that were asked for and may not be read."""
    scope = missing_scope(STREAMS["messages"], (), project_key)
    return CommercetoolsError(
        f"deletions are asked for, but the API client may not read Messages; give it the scope {scope}, or do not ask"
    )


def deletions_since(state: StreamState) -> str | None:
    """Return from when on deletions must be looked for: the time up to which the rows held are true; None: no rows."""
    return state.cursor or state.bound


def sweepable(stream: Stream) -> bool:
    """Return whether deletions of `stream` are to be found by comparing ids.

    A stream that every run reads whole needs none: what is gone is not read again.
    """
    return stream.cursor is not None and stream.key == ("id",)


def expires_on_platform(stream: Stream) -> bool:
    """Return whether records of `stream` vanish from the platform without being deleted: Messages, which never change.

    A destination is meant to keep them, so that they are gone is no difference.
    """
    return stream.cursor == "createdAt"


def listing(get: paging.Get, stream: Stream, state: StreamState, page_size: int) -> Iterator[list[Listed]]:
    """Yield every record created before the cursor of `state`, in an order that changes do not move.

    Only the part of the stream that `state` says is held. A record that is there from the first
    request to the last is in it, so one that is not in it was deleted, or has left that part.
    """
    if stream.paging is not Paging.KEYSET:
        raise StateError(f"{stream.name} cannot be listed in a fixed order, so its deletions cannot be told")
    begin = () if state.since is None else (f"{stream.cursor} >= {literal(state.since)}",)
    for parent in parents_of(get, stream, page_size):
        key_range = KeyRange(stream.order[0], stream.tie, upper=state.cursor, parent=parent)
        for page in paging.pages(get, stream, key_range, page_size, where=(*state.where, *begin)):
            yield [_listed.decode(record) for record in page.records]


def fetch(get: paging.Get, stream: Stream, ids: Sequence[str], where: Sequence[str] = ()) -> Iterator[paging.Page]:
    """Yield the records of `stream` with these ids, as far as they are still there and fulfil `where`."""
    parents = list(parents_of(get, stream, _IDS_AT_ONCE)) if ids else []
    for start in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[start : start + _IDS_AT_ONCE]
        only = f"id in ({', '.join(literal(name) for name in some)})"
        for parent in parents:
            key_range = KeyRange(stream.order[0], stream.tie, parent=parent)
            yield from paging.pages(get, stream, key_range, len(some), where=(*where, only))


def refusal(stream: Stream, difference: Difference, guard: Guard) -> str | None:
    """Return why the deletions of a sweep should not be believed, in words that say how to override; None if they can.

    A lost scope or a wrong project looks as if everything had been deleted.
    """
    gone = len(difference.gone)
    if not gone:
        return None
    if difference.listed == 0 and guard.share < 1:
        return (
            f"the platform lists nothing of {stream.name}, where {difference.held} rows are held; nothing was marked;"
            " if all of it was deleted, allow it with --allow-deletes 1"
        )
    if gone > guard.rows and gone > guard.share * difference.held:
        return (
            f"{gone} of {difference.held} rows of {stream.name} would be marked as deleted, more than"
            f" {guard.share:.0%}; if that is right, allow it with --allow-deletes {gone / difference.held:.2f}"
        )
    return None


_message = msgspec.json.Decoder(_Message)
_listed = msgspec.json.Decoder(Listed)
