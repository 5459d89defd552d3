"""Destination against platform: what is missing, stale or gone; `verify` tells, `sweep` mends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from commercetools_source.checkpoint import StreamState
from commercetools_source.deletes import Difference, Guard, Ledger, fetch, listing, refusal, sweepable
from commercetools_source.delivery import Delivery, Destination
from commercetools_source.errors import CommercetoolsError, ConfigError
from commercetools_source.resources import STREAMS, Stream, find
from commercetools_source.windows import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from commercetools_source.client import Client

__all__ = ["Verdict", "sweep", "verify"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one stream compares: its `difference`, or why it could not be compared or was left alone (`note`).

    `mended` counts rows that a sweep stored again, `marked` those that it marked as deleted.
    """

    stream: str
    difference: Difference | None = None
    note: str = ""
    mended: int = 0
    marked: int = 0

    @property
    def equal(self) -> bool:
        """Whether the destination holds exactly what the platform lists."""
        found = self.difference
        return found is not None and not (found.missing or found.stale or found.gone)


def verify(client: Client, destination: Destination, streams: Iterable[str] | None = None) -> tuple[Verdict, ...]:
    """Return, for each stream that can be swept, how the destination differs from the platform; changes nothing.

    Compared are ids and versions of what was created before the stream's cursor. Raises ConfigError when
    the destination cannot compare, DestinationError when it cannot be opened.
    """
    return _each(client, destination, streams, None)


def sweep(
    client: Client, destination: Destination, streams: Iterable[str] | None = None, guard: Guard | None = None
) -> tuple[Verdict, ...]:
    """As `verify`, then mark what is gone as deleted, and read again what is missing or stale.

    A stream whose loss looks like a mistake is left alone, with a note that says how to override `guard`.
    """
    return _each(client, destination, streams, guard or Guard())


def _each(
    client: Client, destination: Destination, streams: Iterable[str] | None, guard: Guard | None
) -> tuple[Verdict, ...]:
    if not isinstance(destination, Ledger):
        raise ConfigError(
            f"{destination.name} cannot be compared with the platform; a DuckDB file or a Parquet folder can"
        )
    named = [find(name) for name in streams] if streams is not None else None
    chosen = named if named is not None else [stream for stream in STREAMS.values() if sweepable(stream)]
    try:
        states = destination.open()
        return tuple(_one(client, destination, destination, stream, states, guard) for stream in chosen)
    finally:
        destination.close()


def _one(
    client: Client,
    destination: Destination,
    ledger: Ledger,
    stream: Stream,
    states: Mapping[str, StreamState],
    guard: Guard | None,
) -> Verdict:
    state = states.get(stream.name, StreamState())
    if not sweepable(stream):
        return Verdict(stream.name, note="every run reads it whole, so there is nothing to sweep")
    if state.cursor is None or state.mode is not None:
        return Verdict(stream.name, note="not read to its end yet; run `sync` first")
    try:
        pages = listing(client.get, stream, state.cursor, client.config.page_size)
        difference = ledger.compare(stream, pages, state.cursor)
        if guard is None:
            return Verdict(stream.name, difference)
        if (reason := refusal(stream, difference, guard)) is not None:
            return Verdict(stream.name, difference, note=reason)
        time = instant(client.server_time())
        marked = ledger.mark_deleted(stream, dict.fromkeys(difference.gone, time))
        mended = _mend(client, destination, stream, state, (*difference.missing, *difference.stale))
    except CommercetoolsError as error:
        return Verdict(stream.name, note=str(error))
    return Verdict(stream.name, difference, mended=mended, marked=marked)


def _mend(client: Client, destination: Destination, stream: Stream, state: StreamState, ids: tuple[str, ...]) -> int:
    """Store the records with these ids again, beside the state as it is; return how many still existed."""
    stored = 0
    for page in fetch(client.get, stream, ids):
        delivery = Delivery(stream, page.records, page.size, state, replaces=False, first=False, done=False)
        destination.write(delivery)
        stored += len(page.records)
    return stored
