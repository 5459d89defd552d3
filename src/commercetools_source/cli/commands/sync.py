"""The command `sync`: the main job."""

import math
from typing import Annotated

import typer

from commercetools_source.cli import options
from commercetools_source.cli.output import conclude, watch
from commercetools_source.cli.values import names_of, predicates_of, settings_of
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, choice, having
from commercetools_source.timestamps import time_of

app = typer.Typer()


@app.command()
def sync(
    config: options.Settings = None,
    destination: options.Target = options.DEFAULT,
    streams: options.Streams = None,
    full: options.Full = False,
    materialize: Annotated[
        bool | None,
        typer.Option(
            "--materialize/--no-materialize",
            help="Write the relations of schema `model` as tables, or"
            f" ({choice(having(DESTINATIONS, Ability.VIEWS))}) as views; by default as they are.",
        ),
    ] = None,
    since: options.Since = None,
    until: options.Until = None,
    where: options.Where = None,
    hard_delete: options.Hard = False,
    settled: Annotated[
        bool,
        typer.Option(
            "--settled",
            help="Leave out changes younger than the settle delay; where records are merged they come otherwise, as far"
            " as they are visible.",
        ),
    ] = False,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", metavar="N", min=0.0, help="Stop after this time; the next run goes on from there."),
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", metavar="N", help="Concurrent requests, 1 to 20.")
    ] = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Copy the project. After the first time only what has changed since is read."""
    from commercetools_source.catalog.streams import STREAMS
    from commercetools_source.client import Client
    from commercetools_source.destinations import open_destination
    from commercetools_source.sync import sync as copy

    settings = settings_of(config, concurrency=concurrency)
    names = names_of(streams)
    begin, end, predicates = time_of(since, "--since"), time_of(until, "--until"), predicates_of(where)
    target = open_destination(destination, materialize=materialize)
    with (
        watch(len(STREAMS if names is None else names), verbose=verbose, quiet=quiet) as (tally, stopper),
        Client(settings, hook=tally) as client,
    ):
        summary = copy(
            client,
            target,
            streams=names,
            full=full,
            since=begin,
            until=end,
            where=predicates,
            hard_delete=hard_delete,
            settled=settled,
            seconds=math.inf if minutes is None else minutes * 60,
            hook=tally,
            on_stoppable=stopper.arm,
        )
    conclude(summary, target.name, tally, as_json=as_json, quiet=quiet, signal=stopper.signal)
