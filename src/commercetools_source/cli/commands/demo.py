"""The command `demo`: the main job without an account."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from commercetools_source.cli import options
from commercetools_source.cli.values import file_of, size_of
from commercetools_source.errors.extras import require

app = typer.Typer()


@app.command()
def demo(
    path: Annotated[
        Path, typer.Option("--path", metavar="FILE", help="The DuckDB file to write; kept and brought up to date.")
    ] = Path("commercetools-demo.duckdb"),
    seed: options.Seed = 1,
    size: options.Size = "demo",
    quiet: options.Quiet = False,
) -> None:
    """See the main job without an account. Sandbox, sync, a look at the result, and a page about it (.html)."""
    require("the demo", "duckdb", "sandbox")
    from commercetools_source.cli.demo import run_demo

    # A mistake in --path is said before the sandbox starts, which takes seconds.
    file_of(path, "--path")
    verbosity = -1 if quiet else 0
    raise typer.Exit(run_demo(path, size=size_of(size), seed=seed, out=sys.stdout, err=sys.stderr, verbosity=verbosity))
