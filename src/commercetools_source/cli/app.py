"""The commands of `commercetools-source`: thin callers of the library.

What a program may read goes to standard output, everything else to standard error. Exit status: 0
done, 1 failed or not complete, 2 wrong settings or usage, 3 not finished in the time given, 130 and 143 stopped by
Ctrl-C or SIGTERM.
"""

# typer 0.9, which Mage pins, understands neither `X | None` nor annotations that are text: hence Optional here, and no
# `from __future__ import annotations`.

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Optional

import typer

from commercetools_source.cli import state, verify
from commercetools_source.cli.options import (
    DEFAULT,
    Full,
    Hard,
    Json,
    Minutes,
    Quiet,
    Settings,
    Since,
    Streams,
    Target,
    Until,
    Verbose,
    Where,
    conclude,
    names_of,
    predicates_of,
    say,
    settings_of,
    time_of,
    verbosity_of,
)
from commercetools_source.cli.schema import schema
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, choice, having
from commercetools_source.errors import CommercetoolsError, ConfigError

__all__ = ["app", "run"]

# What `pip install 'commercetools-source[…]'` brings a module that is missing.
_CONTACT_SECONDS = 5.0
"""How long `check` tries a host that never answered: somebody waits for it, and the name may be wrong."""
_EXTRAS = {
    "duckdb": "duckdb",
    "pyarrow": "duckdb",
    "lark": "sandbox",
    "uvicorn": "sandbox",
}

app = typer.Typer(
    name="commercetools-source",
    help="Copies a commercetools project, whole and then change by change, into DuckDB, Parquet or JSON lines.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

mage = typer.Typer(help="What Mage finds.", no_args_is_help=True)
app.add_typer(mage, name="mage")

Seed = Annotated[int, typer.Option("--seed", metavar="N", help="The same seed gives the same shop.")]
Size = Annotated[
    str,
    typer.Option("--size", metavar="SIZE", help="tiny, small, demo (20,000 orders), large, or a number of orders."),
]


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status; a person's mistake becomes a sentence, not a traceback."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="commercetools-source")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 1
    except ConfigError as error:
        say(*(f"error: {problem}" for problem in error.problems))
        return 2
    except CommercetoolsError as error:
        say(f"error: {error}")
        return 1
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(str(error.name).partition(".")[0])
        if extra is None:
            raise
        say(f"error: this needs {error.name}: pip install 'commercetools-source[{extra}]'")
        return 2
    return 0


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        import commercetools_source

        typer.echo(f"commercetools-source {commercetools_source.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def sync(
    config: Settings = None,
    destination: Target = DEFAULT,
    streams: Streams = None,
    full: Full = False,
    materialize: Annotated[
        Optional[bool],
        typer.Option(
            "--materialize/--no-materialize",
            help="Write the relations of schema `model` as tables, or"
            f" ({choice(having(DESTINATIONS, Ability.VIEWS))}) as views; by default as they are.",
        ),
    ] = None,
    since: Since = None,
    until: Until = None,
    where: Where = None,
    hard_delete: Hard = False,
    minutes: Minutes = None,
    concurrency: Annotated[
        Optional[int], typer.Option("--concurrency", metavar="N", help="Concurrent requests, 1 to 20.")
    ] = None,
    as_json: Json = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Copy the project; after the first time only what has changed since."""
    from commercetools_source.catalog.streams import STREAMS
    from commercetools_source.client import Client
    from commercetools_source.destinations import open_destination
    from commercetools_source.frontends.signals import stopping
    from commercetools_source.report.progress import draw
    from commercetools_source.sync.run import sync as copy

    settings = settings_of(config, concurrency=concurrency)
    names = names_of(streams)
    begin, end, predicates = time_of(since, "--since"), time_of(until, "--until"), predicates_of(where)
    target = open_destination(destination, materialize=materialize)
    verbosity = verbosity_of(verbose, quiet)
    with (
        draw(sys.stderr, total=len(STREAMS if names is None else names), verbosity=verbosity) as tally,
        Client(settings, hook=tally) as client,
        stopping() as stopper,
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
            seconds=math.inf if minutes is None else minutes * 60,
            hook=tally,
            on_stoppable=stopper.arm,
        )
    raise conclude(summary, target.name, tally, as_json=as_json, quiet=quiet, signal=stopper.signal)


@app.command()
def check(config: Settings = None, streams: Streams = None, as_json: Json = False) -> None:
    """Try the settings: which streams can be read, and which scope is missing for the others."""
    from commercetools_source.client import Client
    from commercetools_source.report.check import inspection_json, inspection_text
    from commercetools_source.sync.access import inspect

    with Client(settings_of(config), contact_seconds=_CONTACT_SECONDS) as client:
        found = inspect(client, names_of(streams))
    typer.echo(inspection_json(found) if as_json else inspection_text(found))
    every = all(stream.readable for stream in found.streams)
    some = any(stream.readable for stream in found.streams)
    raise typer.Exit(0 if every or (some and not streams) else 1)


@app.command("streams")
def list_streams(as_json: Json = False) -> None:
    """List what can be read: every stream, how it is read and the scope that it needs."""
    from commercetools_source.report.streams import catalogue_json, catalogue_text

    typer.echo(catalogue_json() if as_json else catalogue_text())


app.command()(schema)


@app.command()
def sandbox(
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="On 127.0.0.1; 0 takes a free one.")
    ] = 8080,
    seed: Seed = 1,
    size: Size = "demo",
    latency: Annotated[
        float, typer.Option("--latency", metavar="SECONDS", min=0, max=600, help="Answer every request so much later.")
    ] = 0,
    burst: Annotated[
        int,
        typer.Option("--burst", metavar="N", min=0, help="So many records of each collection share one millisecond."),
    ] = 0,
    admin: Annotated[
        bool, typer.Option("--admin", help="Let anyone on this machine script faults and data below /_sandbox.")
    ] = False,
) -> None:
    """Serve a local commercetools API with a generated shop until Ctrl-C."""
    from commercetools_source.sandbox import serve

    serve(port=port, seed=seed, size=_size(size), admin=admin, latency=latency, burst=burst)


@app.command()
def demo(
    path: Annotated[
        Path, typer.Option("--path", metavar="FILE", help="The DuckDB file to write; kept and brought up to date.")
    ] = Path("commercetools-demo.duckdb"),
    seed: Seed = 1,
    size: Size = "demo",
    quiet: Quiet = False,
) -> None:
    """See the main job without an account: sandbox, sync, and a look at the result."""
    from commercetools_source.cli.demo import run_demo

    verbosity = -1 if quiet else 0
    raise typer.Exit(run_demo(path, size=_size(size), seed=seed, out=sys.stdout, err=sys.stderr, verbosity=verbosity))


def _size(text: str) -> str | int:
    return int(text) if text.isdecimal() else text


for command in (verify.verify, verify.sweep, verify.plan, state.backfill):
    app.command()(command)
app.add_typer(state.state, name="state")


@mage.command()
def status(as_json: Json = False) -> None:
    """Say which commercetools source Mage finds in this environment, and why."""
    from commercetools_source.frontends.mage import status as in_force

    found = in_force()
    typer.echo(json.dumps(asdict(found)) if as_json else "\n".join(found.lines()))
