"""How long a copy keeps records: their ages, and the rows that a run takes out because they are older."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from commercetools_source.catalog.streams import find
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, choice, having
from commercetools_source.errors import ConfigError
from commercetools_source.events import Notice
from commercetools_source.extract.abilities import Erasable
from commercetools_source.sync.erasure import id_of, left_elsewhere
from commercetools_source.sync.transfer import by_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.events import Event
    from commercetools_source.extract.delivery import Delivery, Destination
    from commercetools_source.extract.selection import Selection

__all__ = ["ages_of", "expire", "retained"]

# Dates begin with the year 1, and so does the past.
_AGE = re.compile(r"[1-9]\d{0,4}d|[1-9]\d{0,2}y", re.ASCII)
_DAYS = {"d": 1.0, "y": 365.25}
_SECONDS = 86_400


def ages_of(retain: Mapping[str, str], streams: Iterable[Stream], destination: Destination | None) -> dict[str, float]:
    """Return for each stream of `retain` the seconds for which its rows are kept.

    Raises ConfigError for what is no age, for a stream that is not among `streams` or has no date of change, and for a
    destination from which no rows can be taken out (None: it is not known yet).
    """
    chosen = {stream.name for stream in streams}
    ages = {}
    for name, age in by_stream(retain, "retain", "{'orders': '7y'}").items():
        stream, text = find(name), str(age).strip()
        if _AGE.fullmatch(text) is None:
            raise ConfigError(f"retain has {age!r} for {stream.name}; it must be an age such as 400d or 7y")
        if stream.cursor is None:
            raise ConfigError(f"{stream.name} has no date of change, so its rows have no age; leave it out of retain")
        if stream.key != ("id",):
            raise ConfigError(f"rows of {stream.name} have no id to take them out by; leave it out of retain")
        if stream.name not in chosen:
            raise ConfigError(
                f"retain names {stream.name}, which is not among the chosen streams; choose it, too, or leave it out of"
                " retain"
            )
        if destination is not None and not isinstance(destination, Erasable):
            erasing = choice(having(DESTINATIONS, Ability.ERASE))
            raise ConfigError(f"rows are taken out of {erasing}; {destination.name} keeps all, so leave out retain")
        ages[stream.name] = float(text[:-1]) * _DAYS[text[-1]] * _SECONDS
    return ages


def retained(delivery: Delivery, selection: Selection) -> Delivery:
    """Return the last delivery of a stream with a state that says from when on it is held; others as they are.

    It is stored before older rows are taken out: those are judged by nobody from then on. The states of stores beside
    it say so too, because the rows of a stream are in one table.
    """
    bound = selection.oldest_of(delivery.stream)
    if bound is None or not delivery.phase.last:
        return delivery
    own, *others = (
        replace(state, since=max(bound, state.since or bound)) for state in (delivery.state, *delivery.state.others)
    )
    return replace(delivery, state=replace(own, others=tuple(others)))


def expire(
    destination: Destination, streams: Iterable[Stream], selection: Selection, hook: Callable[[Event], object]
) -> dict[str, int]:
    """Take the rows of `streams` that are older than they may be out of an open destination; return how many by stream.

    Each stored version of a row is one, where a destination has several. The streams must be read to their end.
    Tells where those rows may still be.
    """
    expired: dict[str, int] = {}
    if not isinstance(destination, Erasable):
        return expired
    for stream in streams:
        bound = selection.oldest_of(stream)
        if bound is None:
            continue
        ids = {id_of(stream, record) for record in destination.scan(stream, ("id",), before=bound)}
        if ids:
            expired[stream.name] = destination.rewrite(stream, ids, None)
    for left in left_elsewhere(destination) if expired else ():
        hook(Notice("retain", f"rows that were taken out may still be elsewhere: {left}"))
    return expired
