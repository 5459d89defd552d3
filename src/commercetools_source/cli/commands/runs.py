"""The command `runs`: what runs did, as the destination remembers it."""

from typing import Annotated

import typer

from commercetools_source.cli import options
from commercetools_source.cli.output import show
from commercetools_source.errors import ConfigError

app = typer.Typer()


@app.command()
def runs(
    destination: options.Target = options.DEFAULT,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=1_000_000, help="So many, the newest first.")
    ] = 10,
    as_json: options.Json = False,
) -> None:
    """Show the newest runs. When they were, how they ended, what they changed and what they took."""
    from commercetools_source.destinations import DESTINATIONS, open_stored
    from commercetools_source.destinations.row import Ability, choice, having
    from commercetools_source.extract.abilities import RunStore, open_to_read
    from commercetools_source.report.runs import RunsReport

    target = open_stored(destination)
    # Asked of the object and not of the table: a destination that somebody wrote in Python has no row there.
    if not isinstance(target, RunStore):
        raise ConfigError(f"{target.name} keeps no records of runs; {choice(having(DESTINATIONS, Ability.RUNS))} does")
    try:
        open_to_read(target)
        report = RunsReport(target.runs(limit))
    finally:
        target.close()
    show(report, as_json=as_json)
