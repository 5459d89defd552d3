"""The command `sync`: the main job."""

import math
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from commercetools_source.catalog.timestamps import time_of
from commercetools_source.cli import completion, options
from commercetools_source.cli.values import ages_of, duration_of, files_of, names_of, predicates_of, settings_of
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, choice, having, parse
from commercetools_source.errors import ConfigError

Every = Annotated[
    str | None,
    typer.Option(
        "--every", metavar="TIME", help="Begin a run each 30s, 10m, 1h ... until Ctrl-C or SIGTERM, in one process."
    ),
]
StopAfter = Annotated[
    int | None, typer.Option("--stop-after", metavar="N", min=1, help="With --every: end after so many runs.")
]
Wait = Annotated[
    str | None,
    typer.Option("--wait", metavar="TIME", help="Wait so long (10m) for a file or folder that is in use."),
]
Publish = Annotated[
    Path | None,
    typer.Option(
        "--publish",
        metavar="FILE",
        help="After each run in which no stream failed put a copy for readers there, by rename.",
    ),
]
Ping = Annotated[
    str | None,
    typer.Option("--ping", metavar="URL", help="Tell a check of healthchecks.io, or one like it, how each run goes."),
]
Metrics = Annotated[
    Path | None,
    typer.Option("--metrics", metavar="FILE", help="Write figures of each run there, as Prometheus reads them."),
]
Page = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write a page about each run and what is stored there, as HTML."),
]
Settled = Annotated[
    bool,
    typer.Option(
        "--settled",
        help="Leave out changes younger than the settle delay; where records are merged they come otherwise, as far"
        " as they are visible.",
    ),
]
Materialize = Annotated[
    bool | None,
    typer.Option(
        "--materialize/--no-materialize",
        help="Write the relations as tables, or"
        f" ({choice(having(DESTINATIONS, Ability.VIEWS))}) as views; by default as they are.",
    ),
]
Comments = Annotated[
    bool | None,
    typer.Option(
        "--comments/--no-comments",
        help="Say in the database what each table and column is"
        f" ({choice(having(DESTINATIONS, Ability.COMMENTS))}); by default from 10,000 rows on.",
    ),
]

History = Annotated[
    list[str] | None,
    typer.Option(
        "--history",
        metavar="NAMES",
        help=f"Keep replaced and deleted rows of these streams, too ({choice(having(DESTINATIONS, Ability.HISTORY))});"
        " later runs go on with it.",
        autocompletion=completion.streams,
    ),
]

app = typer.Typer()


@app.command()
def sync(
    config: options.Settings = None,
    destination: options.Target = options.DEFAULT,
    streams: options.Chosen = None,
    exclude: options.Exclude = None,
    full: options.Full = False,
    materialize: Materialize = None,
    comments: Comments = None,
    since: options.Since = None,
    until: options.Until = None,
    where: options.Where = None,
    hard_delete: options.Hard = False,
    settled: Settled = False,
    retain: options.Retain = None,
    history: History = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", metavar="N", min=0.0, help="Stop after this time; the next run goes on from there."),
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", metavar="N", help="Concurrent requests, 1 to 20.")
    ] = None,
    every: Every = None,
    stop_after: StopAfter = None,
    wait: Wait = None,
    publish: Publish = None,
    ping: Ping = None,
    metrics: Metrics = None,
    personal: options.Personal = None,
    personal_fields: options.PersonalFields = None,
    report: Page = None,
    log_format: options.Logs = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Copy the project. After the first time only what has changed since is read."""
    del log_format  # its callback has begun the log
    from commercetools_source.cli.choice import choice_of
    from commercetools_source.cli.monitoring import Monitors
    from commercetools_source.cli.reporting import Reporting
    from commercetools_source.cli.runs import Job, carry_out, publishing
    from commercetools_source.destinations import open_destination
    from commercetools_source.sync.repeat import Rhythm

    settings = settings_of(config, concurrency=concurrency, personal=personal, personal_fields=personal_fields)
    choice = choice_of(streams, exclude)
    interval = _interval(every, stop_after, until)
    target = parse(destination, DESTINATIONS)
    files = {"--publish": publish, "--metrics": metrics, "--report": report}
    publish, metrics, report = files_of(files, target.location)
    # Each run, the page and the check of --publish make a destination; how it is made stands here once.
    make = partial(open_destination, destination, materialize=materialize, comments=comments)
    job = Job(
        make,
        choice,
        {
            "full": full,
            "since": time_of(since, "--since"),
            "until": time_of(until, "--until"),
            "where": predicates_of(where),
            "hard_delete": hard_delete,
            "settled": settled,
            "retain": ages_of(retain),
            "history": names_of(history, "--history") or (),
            # Infinity is compared with a clock like any other number, None would be a second case in the engine.
            "seconds": math.inf if minutes is None else minutes * 60,
        },
        Monitors(ping, metrics),
        wait=duration_of(wait, "--wait") or 0.0,
        publish=publishing(make(), publish),
        reporting=Reporting(make, report, "--report", "commercetools-source sync"),
        look=target.look(),
        as_json=as_json,
        verbose=verbose,
        quiet=quiet,
    )
    raise typer.Exit(carry_out(settings, job, None if interval is None else Rhythm(interval, stop_after)))


def _interval(every: str | None, stop_after: int | None, until: str | None) -> float | None:
    """Return the seconds of --every, None without it; raises ConfigError for what contradicts it, or needs it."""
    interval = duration_of(every, "--every")
    if interval is None and stop_after is not None:
        raise ConfigError("--stop-after counts the runs of --every; name an interval, such as --every 1m")
    if interval is not None and until is not None:
        raise ConfigError("--until ends at a fixed time, and --every goes on from there; leave one out")
    return interval
