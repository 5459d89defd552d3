"""The command `verify`: whether a destination holds what the platform does."""

import typer

from commercetools_source.cli import options
from commercetools_source.cli.output import show
from commercetools_source.cli.values import names_of, settings_of

app = typer.Typer()


@app.command()
def verify(
    config: options.Settings = None,
    destination: options.Loaded = options.DEFAULT,
    streams: options.Streams = None,
    as_json: options.Json = False,
) -> None:
    """Compare a destination with the platform. Shows what is missing, stale, gone or doubled; changes nothing."""
    from commercetools_source.client import Client
    from commercetools_source.destinations import open_stored
    from commercetools_source.report.compare import ComparisonReport
    from commercetools_source.sync.compare import verify as compare

    with Client(settings_of(config)) as client:
        verdicts = compare(client, open_stored(destination), names_of(streams))
    show(ComparisonReport(verdicts), as_json=as_json)
    # As `diff` and `cmp` do: 0 where nothing differs, so that a pipeline can stop on it.
    raise typer.Exit(0 if all(verdict.equal for verdict in verdicts) else 1)
