"""What commands print, and the exit status that follows from it."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from commercetools_source.errors import AuthenticationError, ConfigError, printable, readable
from commercetools_source.report.width import fitted, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

    from commercetools_source.errors import CommercetoolsError
    from commercetools_source.frontends.signals import Stopper
    from commercetools_source.report.answer import Report
    from commercetools_source.report.run import RunReport
    from commercetools_source.report.tally import Tally

__all__ = ["UNFINISHED", "conclude", "drawn", "is_setting", "say", "say_error", "show", "tell", "watch", "watched"]

_LOGGER = logging.getLogger("commercetools_source")
"""It has handlers while `--log-format` holds."""
_LONGEST_ERROR = 5000
UNFINISHED = 3
"""Exit status of a run that `--minutes` ended early with nothing else wrong."""


def say(*lines: str) -> None:
    """Write lines for a person to standard error, or to the log where there is one."""
    for line in lines:
        if _LOGGER.handlers:
            _LOGGER.info("%s", line)
        else:
            typer.echo(fitted(readable(line), width_of(sys.stderr)), err=True)


def say_error(error: object) -> None:
    """Write an error to standard error as one line, whatever is in it, or to the log where there is one."""
    text = printable(str(error), _LONGEST_ERROR)
    if _LOGGER.handlers:
        _LOGGER.error("%s", text)
    else:
        # A line of the log has its level already, so that only this one needs the word.
        say(f"error: {text}")


def is_setting(error: CommercetoolsError) -> bool:
    """Return whether settings or the installation must change before another run can end otherwise."""
    # An authorization server that fails is none, and a destination names the package that it could not import.
    refused = isinstance(error, AuthenticationError) and error.refused
    return refused or isinstance(error, ConfigError) or isinstance(error.__cause__, ImportError)


def show(report: Report, *, as_json: bool) -> None:
    """Write what a command answers to standard output."""
    typer.echo(report.json() if as_json else fitted(readable(report.text()), width_of(sys.stdout)))


@contextmanager
def watch(streams: int, *, verbose: bool, quiet: bool) -> Iterator[tuple[Tally, Stopper]]:
    """Show a run over so many streams on standard error and let signals end it while the block runs."""
    from commercetools_source.frontends.signals import stopping

    with drawn(streams, verbose=verbose, quiet=quiet) as tally, stopping() as stopper:
        yield tally, stopper


@contextmanager
def drawn(streams: int, *, verbose: bool, quiet: bool) -> Iterator[Tally]:
    """Show a run over so many streams on standard error while the block runs."""
    from commercetools_source.report.progress import draw, logged

    if verbose and quiet:
        # JSON escapes control characters itself, and a program must get each value exactly.
        raise ConfigError("--verbose and --quiet exclude each other; leave one out")
    verbosity = int(verbose) - int(quiet)
    # A display that is redrawn in place would overwrite the lines of a log.
    if _LOGGER.handlers:
        yield logged(_LOGGER, verbosity)
        return
    with draw(sys.stderr, total=streams, verbosity=verbosity) as tally:
        yield tally


def watched() -> bool:
    """Return whether a person sees a display that is redrawn."""
    from commercetools_source.report.progress import redrawable

    return not _LOGGER.handlers and redrawable(sys.stderr)


def conclude(report: RunReport, *, as_json: bool, quiet: bool, signal: int) -> NoReturn:
    """Tell how a run ended, and end the command so; `signal` is what ended the run early, or 0."""
    status = tell(report, as_json=as_json, quiet=quiet)
    raise typer.Exit(128 + signal if signal else status)


def tell(report: RunReport, *, as_json: bool, quiet: bool) -> int:
    """Tell how a run ended, and return the exit status that says so."""
    if as_json:
        show(report, as_json=True)
    status = UNFINISHED if report.summary.stopped else int(not report.summary.complete)
    if _LOGGER.handlers:
        # A run that was ended early is worth a look, and nobody needs to be called for it.
        level = {0: logging.INFO, UNFINISHED: logging.WARNING}.get(status, logging.ERROR)
        if not quiet or level == logging.ERROR:
            for number, line in enumerate(report.text().splitlines()):
                # At one line alone, so that who collects logs counts each run once.
                _LOGGER.log(level, "%s", line, extra={"run": report.value()} if number == 0 else None)
    elif not quiet:
        say(report.text())
    return status
