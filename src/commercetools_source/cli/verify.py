"""The commands that compare a destination with the platform, before a run and after it."""

# typer 0.9, which Mage pins, understands no annotations that are text: no `from __future__ import annotations`.

from typing import Annotated

import typer

from commercetools_source.cli.options import (
    DEFAULT,
    Full,
    Hard,
    Json,
    Loaded,
    Settings,
    Since,
    Streams,
    Target,
    Where,
    names_of,
    predicates_of,
    settings_of,
    states_of,
    time_of,
)

__all__ = ["plan", "sweep", "verify"]


def verify(
    config: Settings = None, destination: Loaded = DEFAULT, streams: Streams = None, as_json: Json = False
) -> None:
    """Compare what `sync` wrote with the platform: what is missing, stale or deleted there; changes nothing."""
    from commercetools_source.client import Client
    from commercetools_source.destinations import open_stored
    from commercetools_source.report.compare import verdicts_json, verdicts_text
    from commercetools_source.sync.compare import verify as compare

    with Client(settings_of(config)) as client:
        found = compare(client, open_stored(destination), names_of(streams))
    typer.echo(verdicts_json(found) if as_json else verdicts_text(found))
    raise typer.Exit(0 if all(verdict.equal for verdict in found) else 1)


def sweep(
    config: Settings = None,
    destination: Loaded = DEFAULT,
    streams: Streams = None,
    allow_deletes: Annotated[
        float,
        typer.Option(
            "--allow-deletes",
            metavar="SHARE",
            min=0.0,
            max=1.0,
            help="Largest share of rows to mark as deleted.",
        ),
    ] = 0.2,
    hard_delete: Hard = False,
    as_json: Json = False,
) -> None:
    """Compare what `sync` wrote with the platform, mark what was deleted there, read again what is missing or stale."""
    from commercetools_source.client import Client
    from commercetools_source.destinations import open_stored
    from commercetools_source.report.compare import verdicts_json, verdicts_text
    from commercetools_source.sync.compare import sweep as mend
    from commercetools_source.sync.deletions import Guard

    with Client(settings_of(config)) as client:
        guard = Guard(share=allow_deletes)
        found = mend(client, open_stored(destination), names_of(streams), guard, hard_delete=hard_delete)
    typer.echo(verdicts_json(found) if as_json else verdicts_text(found, swept=True))
    raise typer.Exit(1 if any(verdict.note for verdict in found) else 0)


def plan(
    config: Settings = None,
    destination: Target = DEFAULT,
    streams: Streams = None,
    full: Full = False,
    since: Since = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Say what a `sync` with these options would read: records, requests and time of each stream."""
    from commercetools_source.client import Client
    from commercetools_source.destinations import is_stored, open_destination
    from commercetools_source.report.plan import forecasts_json, forecasts_text
    from commercetools_source.sync.plan import plan as foresee

    settings, names = settings_of(config), names_of(streams)
    begin, predicates = time_of(since, "--since"), predicates_of(where)
    target = open_destination(destination)
    states = states_of(target) if is_stored(destination) else {}
    with Client(settings) as client:
        found = foresee(client, states, streams=names, full=full, since=begin, where=predicates)
    concurrency = settings.concurrency
    typer.echo(forecasts_json(found, concurrency) if as_json else forecasts_text(found, concurrency))
    raise typer.Exit(1 if any(one.records is None and not one.requests for one in found) and streams else 0)
