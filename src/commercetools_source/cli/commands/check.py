"""The command `check`: whether the settings work, and for which streams."""

import typer

from commercetools_source.cli import options
from commercetools_source.cli.output import show
from commercetools_source.cli.values import CONTACT_SECONDS, names_of, settings_of

app = typer.Typer()


@app.command()
def check(config: options.Settings = None, streams: options.Streams = None, as_json: options.Json = False) -> None:
    """Try the settings. Shows which streams can be read, and which scope is missing for the others."""
    from commercetools_source.client import Client
    from commercetools_source.report.check import CheckReport
    from commercetools_source.sync.access import inspect

    with Client(settings_of(config), contact_seconds=CONTACT_SECONDS) as client:
        inspection = inspect(client, names_of(streams))
    show(CheckReport(inspection), as_json=as_json)
    readable = [access.readable for access in inspection.streams]
    # An API client with few scopes is good practice: it fails where a stream that was named, or each of them, cannot be
    # read.
    raise typer.Exit(0 if all(readable) or (any(readable) and not streams) else 1)
