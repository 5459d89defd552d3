"""The command `forget`: one person erased from what was copied."""

import os
from typing import Annotated

import typer

from commercetools_source.cli import options
from commercetools_source.cli.output import show
from commercetools_source.destinations.row import Ability

app = typer.Typer()


@app.command()
def forget(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The id of the customer.")],
    destination: Annotated[str, options.stored(Ability.ERASE)] = options.DEFAULT,
    email: Annotated[
        list[str] | None,
        typer.Option("--email", metavar="ADDRESS", help="An e-mail address of the person besides; may be repeated."),
    ] = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="Take the rows out; by default they stay, without what is personal.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count the rows, and change nothing.")] = False,
    config: options.Settings = None,
    as_json: options.Json = False,
) -> None:
    """Erase a person from what was copied. Finds all rows of a customer; later runs do not load them again."""
    from commercetools_source.config.project import setting_of
    from commercetools_source.destinations import open_stored
    from commercetools_source.report.forget import ForgetReport
    from commercetools_source.sync.forget import forget as erase

    target = open_stored(destination)
    # Nothing else is asked for by a key, so settings that cannot be read are in nobody's way without an address.
    key = setting_of("hash_key", config, os.environ) if email or config else ""
    forgetting = erase(target, customer, emails=email or (), rows=rows, dry_run=dry_run, hash_key=key)
    show(ForgetReport(forgetting, target.name, dry_run), as_json=as_json)
    # Data of the person is still somewhere: a script must see it by the status, not only a person by the text.
    raise typer.Exit(1 if forgetting.left else 0)
