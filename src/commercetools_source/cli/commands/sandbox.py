"""The command `sandbox`: a local platform with a generated shop."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commercetools_source.cli import options
from commercetools_source.cli.values import size_of
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, described, having
from commercetools_source.errors import ConfigError, printable

if TYPE_CHECKING:
    from commercetools_source.extract.privacy import Privacy

app = typer.Typer()


@app.command()
def sandbox(
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="On 127.0.0.1; 0 takes a free one.")
    ] = 8080,
    seed: options.Seed = 1,
    size: options.Size = "demo",
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
    stored: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="WHERE",
            help=f"Serve what `sync` stored: {described(having(DESTINATIONS, Ability.QUERY))}.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FOLDER", help="Serve JSON lines: FOLDER/STREAM.jsonl, or a folder of `sync`."),
    ] = None,
    mask: Annotated[
        bool,
        typer.Option("--mask", help="Replace personal data and free texts in what --from or --data serve."),
    ] = False,
    personal_fields: options.PersonalFields = None,
) -> None:
    """Serve a local commercetools API. It has a generated shop, or a copy of yours, and runs until Ctrl-C."""
    from commercetools_source.sandbox import serve

    if mask and stored is None and data is None:
        raise ConfigError("--mask is for a copy of a shop; name it with --from or --data")
    if personal_fields is not None and not mask:
        raise ConfigError("--personal-fields is for a masked copy; add --mask, or leave it out")
    if stored is not None or data is not None:
        if (seed, size, burst) != (1, "demo", 0):
            raise ConfigError(
                "--seed, --size and --burst are for a generated shop; leave out --from and --data, or them"
            )
        from commercetools_source.cli.own_shop import masking_of

        privacy = masking_of(personal_fields, os.environ) if mask else None
        _serve_own(stored, data, privacy, port=port, admin=admin, latency=latency)
        return
    serve(port=port, seed=seed, size=size_of(size), admin=admin, latency=latency, burst=burst)


def _serve_own(
    stored: str | None, data: Path | None, privacy: "Privacy | None", *, port: int, admin: bool, latency: float
) -> None:
    """Serve the records of a destination or folder, masked where `privacy` says how; changes are lost when it ends."""
    from commercetools_source.cli.own_shop import (
        masked,
        project_key,
        sandbox_rows,
        stored_records,
        unmasked_names,
        written_records,
    )
    from commercetools_source.destinations import open_stored
    from commercetools_source.errors.extras import require
    from commercetools_source.sandbox import Sandbox
    from commercetools_source.sandbox.process import serve_sandbox

    require("the sandbox", "sandbox")
    if data is not None:
        if stored is not None:
            raise ConfigError("--from and --data name two shops; leave one of them out")
        records, name = written_records(data), str(data)
    else:
        destination = open_stored(stored or "")
        # Not as it was typed: the address of a lake may have a password.
        records, name = stored_records(destination), destination.name
    if privacy is not None:
        records = masked(records, privacy)
        if reason := unmasked_names(records, privacy):
            typer.echo(f"personal_fields: {printable(reason)}", err=True)
    key = project_key(records)
    sandbox = Sandbox(project_key=key, rows=sandbox_rows(records), port=port, admin=admin, latency=latency)

    note = ", masked," if privacy is not None else ""

    def announce(_: str) -> None:
        exports = "\n".join(f"export {name}={value}" for name, value in sandbox.environment().items())
        typer.echo(
            f"{sandbox.url}/{key} serves what is stored in {name}{note} until Ctrl-C; changes are lost then."
            f"\nTo use it, paste into another shell:\n\n{exports}"
        )

    serve_sandbox(sandbox, announce)
