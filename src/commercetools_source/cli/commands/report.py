"""The command `report`: a page about what is stored."""

from pathlib import Path
from typing import Annotated

import typer

from commercetools_source.cli import options
from commercetools_source.cli.output import say
from commercetools_source.cli.values import file_of
from commercetools_source.destinations.row import Ability

app = typer.Typer()


@app.command()
def report(
    destination: Annotated[str, options.stored(Ability.QUERY)] = options.DEFAULT,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The HTML file to write.")] = Path(
        "commercetools.html"
    ),
    unmasked: Annotated[
        bool,
        typer.Option(
            "--unmasked",
            help="Show texts and days of sample rows and the values in predicates and errors, personal data included.",
        ),
    ] = False,
) -> None:
    """Write a page about what is stored. How far streams are read, what is left out, orders a month, sample rows."""
    from commercetools_source.cli.reporting import Reporting
    from commercetools_source.destinations import open_stored

    file_of(out, "--out")
    # A function, because a destination is opened once: one shows whether there can be a page, the next one is read.
    reporting = Reporting(lambda: open_stored(destination), out, "--out", "commercetools-source report")
    reporting.write(masked=not unmasked)
    say(f"open {out}")
