"""The commands about what is stored between runs, and about windows of time beside them."""

# typer 0.9, which Mage pins, understands neither `X | None` nor annotations that are text: hence Optional here, and no
# `from __future__ import annotations`.

import sys
from typing import Annotated

import typer

from commercetools_source.cli.options import (
    DEFAULT,
    Json,
    Quiet,
    Settings,
    Streams,
    Target,
    Until,
    Verbose,
    conclude,
    names_of,
    say,
    settings_of,
    states_of,
    time_of,
    verbosity_of,
)
from commercetools_source.errors import ConfigError

__all__ = ["backfill", "state"]

state = typer.Typer(help="What is stored between runs.", no_args_is_help=True)


@state.command()
def show(destination: Target = DEFAULT, as_json: Json = False) -> None:
    """Show how far each stream is read, what of it is held, and which run was cut off."""
    from commercetools_source.destinations import open_stored
    from commercetools_source.report.state import states_json, states_text

    states = states_of(open_stored(destination))
    typer.echo(states_json(states) if as_json else states_text(states))


@state.command()
def reset(
    streams: Annotated[list[str], typer.Argument(metavar="STREAM", help="Names of streams.")],
    destination: Target = DEFAULT,
) -> None:
    """Forget how far streams are read: the next run reads them from their start and replaces what is there."""
    from commercetools_source.catalog.streams import find
    from commercetools_source.destinations import open_stored
    from commercetools_source.extract.delivery import Resettable

    chosen = [find(name) for name in names_of(streams) or ()]
    target = open_stored(destination)
    if not isinstance(target, Resettable):
        raise ConfigError(f"{target.name} has no states of its own; reset them where they are kept")
    try:
        target.open()
        for stream in chosen:
            known = target.reset(stream)
            say(f"{stream.name}: {'reset; the next run reads it from its start' if known else 'nothing was stored'}")
    finally:
        target.close()


def backfill(
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="Begin with changes of this date or time.")],
    until: Until = None,
    config: Settings = None,
    destination: Target = DEFAULT,
    streams: Streams = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Read a window of time again and merge it, beside the runs: where the next one goes on stays as it is."""
    from commercetools_source.client import Client
    from commercetools_source.destinations import open_stored
    from commercetools_source.frontends.signals import stopping
    from commercetools_source.report.progress import draw
    from commercetools_source.sync.backfill import backfill as merge

    settings, names = settings_of(config), names_of(streams)
    begin, end = time_of(since, "--since"), time_of(until, "--until")
    target = open_stored(destination)
    with (
        draw(sys.stderr, total=len(names or ()), verbosity=verbosity_of(verbose, quiet)) as tally,
        Client(settings, hook=tally) as client,
        stopping() as stopper,
    ):
        summary = merge(client, target, begin or "", end, streams=names, hook=tally, on_stoppable=stopper.arm)
    raise conclude(summary, target.name, tally, as_json=as_json, quiet=quiet, signal=stopper.signal)
