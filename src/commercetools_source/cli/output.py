"""What commands print, and the exit status that follows from it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

    from commercetools_source.frontends.signals import Stopper
    from commercetools_source.report.answer import Report
    from commercetools_source.report.progress import Tally
    from commercetools_source.sync import Summary

__all__ = ["conclude", "say", "show", "watch"]

UNFINISHED = 3
"""Exit status of a run that `--minutes` ended early with nothing else wrong."""


def say(*lines: str) -> None:
    """Write lines for a person to standard error."""
    for line in lines:
        typer.echo(line, err=True)


def show(report: Report, *, as_json: bool) -> None:
    """Write what a command answers to standard output."""
    typer.echo(report.json() if as_json else report.text())


@contextmanager
def watch(streams: int, *, verbose: bool, quiet: bool) -> Iterator[tuple[Tally, Stopper]]:
    """Show a run over so many streams on standard error and let signals end it while the block runs."""
    from commercetools_source.frontends.signals import stopping
    from commercetools_source.report.progress import draw

    if verbose and quiet:
        raise ConfigError("--verbose and --quiet exclude each other; leave one out")
    verbosity = int(verbose) - int(quiet)
    with draw(sys.stderr, total=streams, verbosity=verbosity) as tally, stopping() as stopper:
        yield tally, stopper


def conclude(summary: Summary, destination: str, tally: Tally, *, as_json: bool, quiet: bool, signal: int) -> NoReturn:
    """Tell how a run ended, and end the command so; `signal` is what ended the run early, or 0."""
    from commercetools_source.report.run import RunReport

    report = RunReport(summary, destination, tally)
    if as_json:
        show(report, as_json=True)
    if not quiet:
        say(report.text())
    if signal:
        raise typer.Exit(128 + signal)
    raise typer.Exit(UNFINISHED if summary.stopped else int(not summary.complete))
