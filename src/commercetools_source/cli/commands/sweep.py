"""The command `sweep`: what `verify` finds, mended."""

from typing import Annotated

import typer

from commercetools_source.cli import options
from commercetools_source.cli.output import show
from commercetools_source.cli.values import names_of, settings_of

app = typer.Typer()


@app.command()
def sweep(
    config: options.Settings = None,
    destination: options.Loaded = options.DEFAULT,
    streams: options.Streams = None,
    allow_deletes: Annotated[
        float,
        typer.Option(
            "--allow-deletes", metavar="SHARE", min=0.0, max=1.0, help="Largest share of rows to mark as deleted."
        ),
    ] = 0.2,
    hard_delete: options.Hard = False,
    personal: options.Personal = None,
    personal_fields: options.PersonalFields = None,
    as_json: options.Json = False,
) -> None:
    """Compare, and mend the differences. Marks what was deleted, reads again what is missing, stale or doubled."""
    from commercetools_source.client import Client
    from commercetools_source.destinations import open_stored
    from commercetools_source.report.compare import ComparisonReport
    from commercetools_source.sync.compare import sweep as mend
    from commercetools_source.sync.sweeping import Guard

    with Client(settings_of(config, personal=personal, personal_fields=personal_fields)) as client:
        guard = Guard(share=allow_deletes)
        verdicts = mend(client, open_stored(destination), names_of(streams), guard, hard_delete=hard_delete)
    show(ComparisonReport(verdicts, swept=True), as_json=as_json)
    raise typer.Exit(1 if any(verdict.note for verdict in verdicts) else 0)
