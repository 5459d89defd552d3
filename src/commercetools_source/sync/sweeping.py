"""Deletions that no Message tells of: seen by comparing ids, and when what that shows is not believed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.catalog.streams import Paging, Stream
from commercetools_source.errors import CommercetoolsError, StateError
from commercetools_source.events import counted
from commercetools_source.extract import paging
from commercetools_source.extract.abilities import Difference, Listed
from commercetools_source.extract.keyset import literal
from commercetools_source.extract.parents import parents_of
from commercetools_source.extract.privacy import KEEP
from commercetools_source.extract.selection import range_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.privacy import Privacy

__all__ = ["FIELDS", "Guard", "expires_on_platform", "fetch", "incomparable", "listing", "refusal", "sweepable"]

_IDS_AT_ONCE = 100
"""Ids in one `where`: a URL of some 4 KB, where 15 KB are refused (docs: HTTP API)."""


FIELDS = ("id", "version", "createdAt", "lastModifiedAt")
"""What a listing needs of each record: to compare it, and to go on behind it."""

_listed = msgspec.json.Decoder(Listed)


@dataclass(frozen=True, slots=True)
class Guard:
    """When a sweep is not believed: more than `share` of the rows gone (0.2), and more than `rows` of them (50)."""

    share: float = 0.2
    rows: int = 50


def sweepable(stream: Stream) -> bool:
    """Return whether deletions of `stream` are to be found by comparing ids.

    A stream that every run reads whole needs none: what is gone is not read again.
    """
    # A listing goes by the id, which rows with another key do not have.
    return stream.cursor is not None and stream.key == ("id",)


def incomparable(stream: Stream) -> str:
    """Return why a stream that is not `sweepable` is not compared with the platform."""
    if stream.cursor is None:
        return "every run reads it whole, so there is nothing to sweep"
    return "its rows never change and are never deleted, and have no id to compare"


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
        key_range = replace(range_of(stream, parent), upper=state.cursor)
        for page in paging.pages(get, stream, key_range, page_size, where=(*state.where, *begin), fields=FIELDS):
            yield [_decoded(stream, record) for record in page.records]


def _decoded(stream: Stream, record: msgspec.Raw) -> Listed:
    try:
        return _listed.decode(record)
    except msgspec.DecodeError as error:  # names the field, shows no value
        raise CommercetoolsError(f"a record of {stream.name} is not of the documented form: {error}") from error


def fetch(
    get: paging.Get, stream: Stream, ids: Sequence[str], where: Sequence[str] = (), privacy: Privacy = KEEP
) -> Iterator[paging.Page]:
    """Yield the records of `stream` with these ids, as far as they are still there and fulfil `where`.

    Personal data become what `privacy` says.
    """
    parents = list(parents_of(get, stream, _IDS_AT_ONCE)) if ids else []
    for start in range(0, len(ids), _IDS_AT_ONCE):
        batch_ids = ids[start : start + _IDS_AT_ONCE]
        only = f"id in ({', '.join(literal(name) for name in batch_ids)})"
        for parent in parents:
            whole = range_of(stream, parent)
            yield from paging.pages(get, stream, whole, len(batch_ids), where=(*where, only), privacy=privacy)


def refusal(stream: Stream, difference: Difference, guard: Guard) -> str | None:
    """Return why the deletions of a sweep should not be believed, in words that say how to override; None if they can.

    A lost scope or a wrong project looks as if everything had been deleted.
    """
    gone = len(difference.gone)
    if not gone:
        return None
    # An empty listing beside full tables is nearly always a lost scope or the wrong project, however few rows there
    # are.
    if difference.listed == 0 and guard.share < 1:
        return (
            f"the platform lists nothing of {stream.name}, which has {counted(difference.held, 'row')} here;"
            " nothing was marked; if all of it was deleted, allow it with --allow-deletes 1 (guard=Guard(1) in Python)"
        )
    # Both: a fifth of ten rows is an ordinary day, and 51 of a million are, too.
    if gone > guard.rows and gone > guard.share * difference.held:
        share = f"{ceil(100 * gone / difference.held) / 100:.2f}"  # rounded up, so that it is enough
        return (
            f"{gone:,} of {counted(difference.held, 'row')} of {stream.name} would be marked as deleted, more than"
            f" {guard.share * 100:.3g}%; if that is right, allow it with --allow-deletes {share} (guard=Guard({share})"
            " in Python)"
        )
    return None
