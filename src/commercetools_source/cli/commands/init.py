"""The command `init`: from what the Merchant Center shows to settings that work."""

import os
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from commercetools_source.cli.output import say, show

app = typer.Typer()


@app.command()
def init(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="What the Merchant Center offers for a new API client, saved (.env, .json or .toml); - is standard"
            " input. By default it is asked for.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The .env to write.")] = Path(".env"),
) -> None:
    """Write the settings of an API client. Takes what the Merchant Center shows, writes a `.env`, and checks it."""
    from commercetools_source.cli.setup import overridden_by, refuse_output, settings_from, write_env
    from commercetools_source.cli.values import CONTACT_SECONDS
    from commercetools_source.client import Client
    from commercetools_source.errors import NetworkError
    from commercetools_source.report.check import CheckReport
    from commercetools_source.sync.access import inspect

    refuse_output(output)
    config = settings_from(file)
    try:
        with Client(config, contact_seconds=CONTACT_SECONDS) as client:
            inspection = inspect(client)
    except NetworkError:  # the settings may be right; what is refused replaces no settings that work
        write_env(config, output)
        say(f"{output} is written, readable by you alone, but could not be checked")
        raise
    write_env(config, output)
    say(f"{output} is written, readable by you alone")
    show(CheckReport(inspection), as_json=False)
    readable = sum(access.readable for access in inspection.streams)
    # The settings are right and kept, but `sync` could do nothing with them.
    if not readable:
        raise typer.Exit(1)
    # Whoever tried the sandbox in this shell would go on with that, and think it is their shop.
    if names := overridden_by(os.environ, output):
        say(f"{', '.join(names)} in this shell's environment will win over {output}; unset what is not meant")
    words = ["commercetools-source sync"]
    words += [] if str(output) == ".env" else ["--config", quote(str(output))]
    words += [] if readable == len(inspection.streams) else ["--streams readable"]
    say(f"next: {' '.join(words)}")
