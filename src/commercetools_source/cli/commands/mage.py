"""The command `mage status`: what Mage finds."""

import typer

from commercetools_source.cli import options
from commercetools_source.cli.output import show

app = typer.Typer(name="mage", help="Inspect the Mage integration.", no_args_is_help=True)


@app.command()
def status(as_json: options.Json = False) -> None:
    """Say which source Mage finds. Shows why, and where it lies in this environment."""
    from commercetools_source.frontends.mage import status as status_now
    from commercetools_source.report.mage import MageReport

    show(MageReport(status_now()), as_json=as_json)
