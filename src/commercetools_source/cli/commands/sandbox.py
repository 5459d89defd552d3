"""The command `sandbox`: a local platform with a generated shop."""

from typing import Annotated

import typer

from commercetools_source.cli import options
from commercetools_source.cli.values import size_of

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
) -> None:
    """Serve a local commercetools API. It has a generated shop and runs until Ctrl-C."""
    from commercetools_source.sandbox import serve

    serve(port=port, seed=seed, size=size_of(size), admin=admin, latency=latency, burst=burst)
