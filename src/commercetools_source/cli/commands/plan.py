"""The command `plan`: what a run would read."""

import typer

from commercetools_source.catalog.timestamps import time_of
from commercetools_source.cli import options
from commercetools_source.cli.output import show
from commercetools_source.cli.values import ages_of, predicates_of, settings_of, states_of

app = typer.Typer()


@app.command()
def plan(
    config: options.Settings = None,
    destination: options.Target = options.DEFAULT,
    streams: options.Chosen = None,
    exclude: options.Exclude = None,
    full: options.Full = False,
    since: options.Since = None,
    where: options.Where = None,
    retain: options.Retain = None,
    as_json: options.Json = False,
) -> None:
    """Say what a run would read. Shows records, requests and time of each stream for a `sync` with these options."""
    from commercetools_source.cli.choice import choice_of
    from commercetools_source.client import Client
    from commercetools_source.destinations import is_stored, open_destination
    from commercetools_source.report.plan import PlanReport
    from commercetools_source.sync.plan import plan as forecast

    settings, choice = settings_of(config), choice_of(streams, exclude)
    begin, predicates, ages = time_of(since, "--since"), predicates_of(where), ages_of(retain)
    target = open_destination(destination)
    # A destination that does not exist is forecast as a first run, and must not be created by the question.
    states = states_of(target) if is_stored(destination) else {}
    with Client(settings) as client:
        names = choice.resolve(client)
        planned = forecast(
            client,
            states,
            streams=names,
            full=full,
            since=begin,
            where=predicates,
            retain=ages,
            destination=target,
        )
    show(PlanReport(planned, settings.concurrency), as_json=as_json)
    # Of all streams some may not be readable, which is no failure; of those that were named each must be.
    unknown = [row.records is None and not row.requests for row in planned]
    raise typer.Exit(1 if all(unknown) or (any(unknown) and streams) else 0)
