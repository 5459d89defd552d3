"""The command `backfill`: a window of time beside the runs."""

from typing import Annotated

import typer

from commercetools_source.catalog.timestamps import time_of
from commercetools_source.cli import options
from commercetools_source.cli.output import conclude, watch
from commercetools_source.cli.values import names_of, settings_of

app = typer.Typer()


@app.command()
def backfill(
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="Begin with changes of this date or time.")],
    until: options.Until = None,
    config: options.Settings = None,
    destination: options.Target = options.DEFAULT,
    streams: options.Streams = None,
    personal: options.Personal = None,
    personal_fields: options.PersonalFields = None,
    log_format: options.Logs = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Read a window of time again and merge it. Where the next run goes on stays as it is."""
    del log_format  # its callback has begun the log
    from commercetools_source.client import Client
    from commercetools_source.destinations import DESTINATIONS, open_stored
    from commercetools_source.destinations.row import parse
    from commercetools_source.report.run import RunReport
    from commercetools_source.sync.backfill import backfill as merge

    settings, names = settings_of(config, personal=personal, personal_fields=personal_fields), names_of(streams)
    begin, end = time_of(since, "--since"), time_of(until, "--until")
    # Only into what `sync` has made: without a first run there is nothing to merge a window into.
    target = open_stored(destination)
    with (
        watch(len(names or ()), verbose=verbose, quiet=quiet) as (tally, stopper),
        Client(settings, hook=tally) as client,
    ):
        # `since` is a required option, so `begin` is None for the type checker alone.
        summary = merge(client, target, begin or "", end, streams=names, hook=tally, on_stoppable=stopper.arm)
    report = RunReport(summary, target.name, tally, parse(destination, DESTINATIONS).look())
    conclude(report, as_json=as_json, quiet=quiet, signal=stopper.signal)
