"""What the commands share: the options that several have, and what is made of them."""

# typer 0.9, which Mage pins, understands neither `X | None` nor annotations that are text: hence Optional here, and no
# `from __future__ import annotations`.

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from commercetools_source.config import Config
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, described, having
from commercetools_source.errors import ConfigError
from commercetools_source.timestamps import parse_time

if TYPE_CHECKING:
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Destination
    from commercetools_source.report.progress import Tally
    from commercetools_source.sync.run import Summary

__all__ = [
    "DEFAULT",
    "Full",
    "Hard",
    "Json",
    "Loaded",
    "Minutes",
    "Quiet",
    "Settings",
    "Since",
    "Streams",
    "Target",
    "Until",
    "Verbose",
    "Where",
    "conclude",
    "names_of",
    "predicates_of",
    "say",
    "settings_of",
    "states_of",
    "time_of",
    "verbosity_of",
]

DEFAULT = DESTINATIONS[0].default
UNFINISHED = 3
"""Exit status of a run that `--minutes` ended early with nothing else wrong."""
Loaded = Annotated[
    str,
    typer.Option(
        "--destination",
        "-d",
        metavar="WHERE",
        help=f"What `sync` wrote: {described(having(DESTINATIONS, Ability.COMPARE))}.",
    ),
]
Target = Annotated[
    str,
    typer.Option(
        "--destination",
        "-d",
        metavar="WHERE",
        help=f"Where `sync` writes: {described(DESTINATIONS)}.",
    ),
]
Settings = Annotated[
    Optional[Path],
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings: a .env, .json or .toml file. By default CTP_* variables, and .env in this folder.",
    ),
]
Streams = Annotated[
    Optional[list[str]],
    typer.Option("--streams", metavar="NAMES", help="Only these streams: names with commas between. By default all."),
]
Full = Annotated[bool, typer.Option("--full", help="Read everything again and replace what is there.")]
Since = Annotated[
    Optional[str],
    typer.Option("--since", metavar="DATE", help="Leave out what was last changed before this date or time (UTC)."),
]
Until = Annotated[
    Optional[str],
    typer.Option("--until", metavar="DATE", help="Ignore changes from this date or time on; a later run reads them."),
]
Where = Annotated[
    Optional[list[str]],
    typer.Option(
        "--where",
        metavar="STREAM=PREDICATE",
        help="Read only the records of this stream that fulfil a predicate of the API; may be repeated.",
    ),
]
Hard = Annotated[
    bool, typer.Option("--hard-delete", help="Remove the rows of deleted records; by default they are marked.")
]
Minutes = Annotated[
    Optional[float],
    typer.Option("--minutes", metavar="N", min=0.0, help="Stop after this time; the next run goes on from there."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show every request.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show failures only.")]


def say(*lines: str) -> None:
    """Write lines for a person to standard error."""
    for line in lines:
        typer.echo(line, err=True)


def settings_of(file: Path | None, **overrides: object) -> Config:
    """Return the settings of file, environment and options; without --config a `.env` that is ours counts."""
    if file is None:
        return Config.discover(".env", os.environ, overrides)
    return Config.load(file, os.environ, overrides)


def names_of(given: Sequence[str] | None) -> list[str] | None:
    """Return the stream names of --streams, each once; None for all."""
    from commercetools_source.catalog.streams import find

    names = dict.fromkeys(name.strip() for word in given or () for name in word.split(",") if name.strip())
    if given and not names:
        raise ConfigError("--streams names no stream; see `commercetools-source streams`")
    return [find(name).name for name in names] or None


def states_of(destination: "Destination") -> "dict[str, StreamState]":
    """Return how far each stream is read in a destination, which stays as it is.

    Raises DestinationError and StateError.
    """
    from commercetools_source.extract.delivery import open_to_read

    try:
        return dict(open_to_read(destination))
    finally:
        destination.close()


def conclude(summary: "Summary", where: str, tally: "Tally", *, as_json: bool, quiet: bool, signal: int) -> typer.Exit:
    """Tell how a run into `where` ended, and return the exit that says so; `signal` is what ended it early, or 0."""
    from commercetools_source.report.run import summary_json, summary_text

    if as_json:
        typer.echo(summary_json(summary, where, tally))
    if not quiet:
        say(summary_text(summary, where, tally))
    if signal:
        return typer.Exit(128 + signal)
    return typer.Exit(UNFINISHED if summary.stopped else int(not summary.complete))


def time_of(given: str | None, option: str) -> str | None:
    """Return a date or time of the command line as an API timestamp; raises ConfigError when it is none."""
    if given is None:
        return None
    try:
        return parse_time(given)
    except ValueError as problem:
        raise ConfigError(f"{option} is {given!r}; {problem}") from None


def predicates_of(given: Sequence[str] | None) -> dict[str, str]:
    """Return the predicates of --where by stream; raises ConfigError for what is not STREAM=PREDICATE."""
    from commercetools_source.catalog.streams import find

    found: dict[str, str] = {}
    for text in given or ():
        name, sign, predicate = text.partition("=")
        if not sign or not predicate.strip():
            raise ConfigError(f"--where is {text!r}; it must be STREAM=PREDICATE, such as 'orders=orderState=\"Open\"'")
        stream = find(name.strip()).name
        if stream in found:
            raise ConfigError(f"--where names {stream} twice; join its predicates with `and`")
        found[stream] = predicate.strip()
    return found


def verbosity_of(verbose: bool, quiet: bool) -> int:  # noqa: FBT001 - two flags of the command line
    """Return what --verbose and --quiet mean together."""
    if verbose and quiet:
        raise ConfigError("--verbose and --quiet exclude each other; leave one out")
    return int(verbose) - int(quiet)
