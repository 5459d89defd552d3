"""The command `streams`: the catalogue."""

import typer

from commercetools_source.cli import options
from commercetools_source.cli.output import show

app = typer.Typer()


@app.command()
def streams(as_json: options.Json = False) -> None:
    """List what can be read. Shows how each stream is read and the scope that it needs."""
    from commercetools_source.report.streams import StreamsReport

    show(StreamsReport(), as_json=as_json)
