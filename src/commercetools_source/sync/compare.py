"""Destination against platform: what is missing, stale or gone; `verify` tells, `sweep` mends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING

from commercetools_source.catalog.streams import STREAMS, Stream, streams_of
from commercetools_source.catalog.timestamps import instant
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, choice, having
from commercetools_source.errors import (
    ApiError,
    CommercetoolsError,
    ConfigError,
    DestinationError,
    NetworkError,
    StateError,
)
from commercetools_source.events import counted
from commercetools_source.extract.abilities import Comparable, Difference, lost_streams, open_to_read
from commercetools_source.extract.advice import reason_of
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Destination, Phase
from commercetools_source.extract.selection import Selection, privacy_conflict
from commercetools_source.sync import listing as graphql
from commercetools_source.sync.deletions import marking
from commercetools_source.sync.erasure import catch_up, erasure_of, without_forgotten
from commercetools_source.sync.projects import refuse_another_project
from commercetools_source.sync.stores import unlike
from commercetools_source.sync.sweeping import (
    FIELDS,
    Guard,
    expires_on_platform,
    fetch,
    incomparable,
    listing,
    refusal,
    sweepable,
)
from commercetools_source.sync.transfer import destination_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from os import PathLike

    from commercetools_source.catalog.streams import Streams
    from commercetools_source.client import Client
    from commercetools_source.extract.abilities import Listed
    from commercetools_source.extract.forgotten import Erasure

__all__ = ["Verdict", "sweep", "verify"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one stream compares: its `difference`, or why it could not be compared or was left alone (`note`).

    `bound`: what was created before this API timestamp was compared. `mended` counts rows that a sweep
    stored again, `marked` those that it marked as deleted.
    """

    stream: str
    difference: Difference | None = None
    note: str = ""
    mended: int = 0
    marked: int = 0
    bound: str = ""

    @property
    def equal(self) -> bool:
        """Whether the destination holds exactly what the platform lists."""
        difference = self.difference
        return difference is not None and not (
            difference.missing or difference.stale or difference.gone or difference.doubled
        )


def verify(
    client: Client, destination: Destination | str | PathLike[str], streams: Streams | None = None
) -> tuple[Verdict, ...]:
    """Return, for each stream, how the destination differs from the platform; changes nothing.

    Without `streams` those that the destination holds are compared. Compared are ids and versions of what was
    created before the stream's cursor. Raises ConfigError when the destination cannot compare, DestinationError
    when it cannot be opened, or holds nothing that can be compared.
    """
    return _each(client, destination, streams, None)


def sweep(
    client: Client,
    destination: Destination | str | PathLike[str],
    streams: Streams | None = None,
    guard: Guard | None = None,
    *,
    hard_delete: bool = False,
) -> tuple[Verdict, ...]:
    """As `verify`, then mark what is gone as deleted, and read again what is missing, stale or doubled.

    With `hard_delete` rows that are gone are removed; those that were marked before stay. A stream whose
    loss looks like a mistake is left alone, with a note that says how to override `guard`.
    """
    return _each(client, destination, streams, guard or Guard(), hard=hard_delete)


def _each(
    client: Client,
    destination: Destination | str | PathLike[str],
    streams: Streams | None,
    guard: Guard | None,
    *,
    hard: bool = False,
) -> tuple[Verdict, ...]:
    chosen = None if streams is None else streams_of(streams)
    destination = destination_of(destination, stored=True)
    if not isinstance(destination, Comparable):
        comparable = choice(having(DESTINATIONS, Ability.COMPARE))
        raise ConfigError(f"{destination.name} cannot be compared with the platform; {comparable} can")
    delete = marking(destination, hard=hard)
    try:
        # To compare changes nothing, so that it does not lock out those who read.
        states = open_to_read(destination) if guard is None else destination.open()
        asked = Selection.of(client.config)
        refuse_another_project(states.values(), asked.project, destination.name)
        lost = lost_streams(destination)
        rows = _held(destination, {*states, *lost}) if chosen is None else chosen
        sides = _Sides(client, asked, destination, destination, guard, delete, erasure_of(destination))
        return tuple(
            Verdict(stream.name, note=f"{lost[stream.name]} by the next run")
            if stream.name in lost
            else _one(sides, stream, states.get(stream.name, StreamState()))
            for stream in rows
        )
    finally:
        destination.close()


def _held(destination: Destination, names: Collection[str]) -> list[Stream]:
    """Return those streams of `names`, which were read into the destination, that can be compared."""
    stored_streams = [stream for name, stream in STREAMS.items() if sweepable(stream) and name in names]
    if stored_streams:
        return stored_streams
    if not names:
        raise DestinationError(f"{destination.name} holds no stream yet; run `sync` first")
    reasons = "; ".join(f"{stream.name}: {incomparable(stream)}" for name, stream in STREAMS.items() if name in names)
    raise DestinationError(f"{destination.name} holds no stream that can be compared with the platform ({reasons})")


@dataclass(slots=True)
class _Sides:
    """What is compared, and what may be done about it: nothing without a `guard`.

    `graphql`: whether GraphQL is asked; after one query that got no answer none is sent.
    """

    client: Client
    asked: Selection
    destination: Destination
    ledger: Comparable
    guard: Guard | None
    delete: Callable[[Stream, Mapping[str, str]], int]
    erasure: Erasure
    graphql: bool = True


def _one(sides: _Sides, stream: Stream, state: StreamState) -> Verdict:
    if state.broken is not None:
        return Verdict(stream.name, note=state.broken)
    if not sweepable(stream):
        return Verdict(stream.name, note=incomparable(stream))
    if (difference := unlike(stream, state, sides.asked)) is not None:
        return Verdict(stream.name, note=difference)
    # Half of a read compared with the whole of a listing would call the other half missing.
    if state.cursor is None or state.mode is not None:
        return Verdict(stream.name, note="not read to its end yet; run `sync` first")
    reason = privacy_conflict(state.privacy, sides.asked.privacy_of(stream))
    # To compare needs only ids and versions; to mend would write rows of another choice beside the others.
    if sides.guard is not None and reason is not None:
        return Verdict(stream.name, note=reason)
    return _compared(sides, stream, state, state.cursor)


def _compared(sides: _Sides, stream: Stream, state: StreamState, cursor: str) -> Verdict:
    try:
        pages = _listed(sides, stream, state)
        difference = sides.ledger.compare(stream, pages, cursor, state.since)
        if removed := sides.erasure.removed(stream):
            # Rows of persons whom the destination has forgotten are meant not to be there.
            difference = replace(difference, missing=tuple(name for name in difference.missing if name not in removed))
        if expires_on_platform(stream):
            # The destination is the archive of what the platform forgets.
            difference = replace(difference, gone=())
        if sides.guard is None:
            _confirm(sides.client, stream, state, difference.gone)
            return Verdict(stream.name, difference, bound=cursor)
        if (reason := refusal(stream, difference, sides.guard)) is not None:
            return Verdict(stream.name, difference, note=reason, bound=cursor)
        _confirm(sides.client, stream, state, difference.gone)
        # When they were deleted nobody knows; the platform's time now is later than it and never in the future.
        times = dict.fromkeys(difference.gone, instant(sides.client.server_time()))
        # Marked before the others are mended: if it is cut off, the next sweep finds what is left of both.
        marked = sides.delete(stream, times)
        # A row may be doubled and stale; one that is gone is marked, however often it is there.
        again = dict.fromkeys((*difference.missing, *difference.stale, *difference.doubled))
        mended = _mend(sides, stream, state, tuple(name for name in again if name not in times))
    except CommercetoolsError as error:
        return Verdict(stream.name, note=str(error))
    except Exception as error:  # noqa: BLE001 - one stream cannot be compared, the other streams go on
        return Verdict(stream.name, note=reason_of(error, stream, "read"))
    return Verdict(stream.name, difference, mended=mended, marked=marked, bound=cursor)


def _listed(sides: _Sides, stream: Stream, state: StreamState) -> Iterator[list[Listed]]:
    """List through GraphQL, where a record is a line and not a document; through REST where that does not answer.

    That shows on the first page: the API client's scopes and the fields are the same for all of them.
    """
    client, size = sides.client, sides.client.config.page_size
    # A query of GraphQL lists the whole project.
    if sides.graphql and not state.store and (query := graphql.query_of(stream)) is not None:
        pages = listing(graphql.reader(client, query, FIELDS), stream, state, size)
        try:
            first = list(islice(pages, 1))
        except ApiError:
            # No permission for GraphQL, a limit on complexity, or a gateway that has no such route: REST lists all.
            pass
        except NetworkError:
            # A firewall that cuts such requests, or answers with a page of its own: not waited for with each stream.
            sides.graphql = False
        else:
            return chain(first, pages)
    return listing(client.get, stream, state, size)


def _confirm(client: Client, stream: Stream, state: StreamState, gone: Sequence[str]) -> None:
    """Raise StateError when one of these records is there after all: then the listing left out what it should show.

    A gateway that leaves records out of a list and out of its counts could empty a table; no listing shows that.
    """
    # Without personal data or columns: only whether they are there.
    present = sum(len(page.records) for page in fetch(client.get, stream, gone, state.where))
    if present:
        raise StateError(
            f"the platform has {present} of the {counted(len(gone), 'record')} of {stream.name} that its listing"
            " lacks, so it proves nothing; look for a proxy or gateway that shortens answers, then run it again"
        )


def _mend(sides: _Sides, stream: Stream, state: StreamState, ids: tuple[str, ...]) -> int:
    """Store the records with these ids again, beside the state as it is; return how many still existed."""
    stored = 0
    privacy = sides.erasure.watching(sides.client.privacy)
    for page in fetch(sides.client.get, stream, ids, state.where, privacy):
        delivery = Delivery(stream, page.records, page.size, state, Phase.MERGE)
        sides.destination.write(without_forgotten(sides.destination, sides.erasure, delivery))
        stored += len(page.records)
    catch_up(sides.destination, sides.erasure)
    return stored
