"""Which streams a run keeps the earlier rows of, and where that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.catalog.schema import has_versions
from commercetools_source.catalog.streams import find
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, choice, having
from commercetools_source.errors import ConfigError
from commercetools_source.extract.abilities import Historian, Remembering

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.delivery import Destination

__all__ = ["keep_history"]


def keep_history(history: Sequence[str], streams: Iterable[Stream], destination: Destination) -> None:
    """Let `destination`, which is not open yet, keep the earlier rows of the streams called `history`.

    Raises ConfigError for a stream without versions, for one that is not among `streams`, and for a destination that
    keeps no history.
    """
    if isinstance(history, str):
        raise ConfigError(f"history is {history!r}; it must be a list of streams, such as ['orders']")
    chosen, named = {stream.name for stream in streams}, [find(name) for name in history]
    for stream in named:
        if not has_versions(stream):
            raise ConfigError(f"records of {stream.name} have no versions with a date; leave it out of history")
        if stream.name not in chosen:
            raise ConfigError(
                f"history names {stream.name}, which is not among the chosen streams; choose it, too, or leave it out"
                " of history"
            )
    if not named:
        return
    if not isinstance(destination, Historian):
        keeping = choice(having(DESTINATIONS, Ability.HISTORY))
        advice = destination.history() if isinstance(destination, Remembering) else f"{keeping} does"
        raise ConfigError(f"{destination.name} keeps no history of rows when asked for it; {advice}")
    destination.keep_history(named)
