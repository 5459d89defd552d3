"""What a shell offers for a word that is half typed: streams, destinations, choices, tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from commercetools_source.destinations import DESTINATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["among", "destinations", "readable_streams", "stream_names", "streams", "streams_with_value", "tables"]


def among(*choices: str) -> Callable[[str], list[str]]:
    """Return what offers those of `choices` that begin like the word."""

    def offer(incomplete: str) -> list[str]:
        return _beginning(choices, incomplete)

    return offer


def stream_names(incomplete: str) -> list[str]:
    """Return single streams."""
    from commercetools_source.catalog.streams import STREAMS

    return _beginning(STREAMS, incomplete)


def streams(incomplete: str) -> list[str]:
    """Return streams behind those that stand before a comma, each once."""
    # A shell hands over the whole word, and only the name behind its last comma is being typed.
    *before, last = incomplete.split(",")
    return [",".join([*before, name]) for name in stream_names(last) if name not in before]


def readable_streams(incomplete: str) -> list[str]:
    """Return streams, or `readable` alone."""
    from commercetools_source.cli.choice import READABLE

    return [*_beginning([READABLE], incomplete), *streams(incomplete)]


def streams_with_value(incomplete: str) -> list[str]:
    """Return streams with the `=` that a predicate or an age follows."""
    return [f"{name}=" for name in stream_names(incomplete)]


def destinations(incomplete: str) -> list[str]:
    """Return files that are there, and the names that stand before a folder or file."""
    folder = Path(incomplete).parent
    files = [path for row in DESTINATIONS for suffix in row.suffixes for path in sorted(folder.glob(f"*{suffix}"))]
    return _beginning([*map(str, files), *(f"{row.name}:" for row in DESTINATIONS)], incomplete)


def tables(incomplete: str) -> list[str]:
    """Return streams and tables of the model."""
    from commercetools_source.catalog.streams import STREAMS
    from commercetools_source.model.relations import all_relations

    return _beginning(dict.fromkeys([*STREAMS, *all_relations()]), incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
