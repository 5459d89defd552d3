"""The process of a command: sound standard streams, an end by signals, an exit status. Each command runs in it."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from commercetools_source.errors import DestinationError
from commercetools_source.frontends.signals import ended_by_signals
from commercetools_source.frontends.stdio import prepare, tell

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["run_command"]


def run_command(command: Callable[[], int | None]) -> int:
    """Run `command` with sound standard streams; return its exit status, None being 0.

    Standard output that cannot be written becomes a sentence on standard error and the status 1. Standard error
    that cannot be written changes nothing. Ctrl-C, SIGTERM and SIGHUP that nobody inside handles end it with a
    sentence and the status 130, 143 or 129.
    """
    prepare()
    with ended_by_signals() as stopper:
        status = _status(command)
    # Also where somebody made another error of it, as DuckDB's client and click do.
    return 128 + stopper.signal if stopper.signal else status


def _status(command: Callable[[], int | None]) -> int:
    fault: DestinationError | None = None
    try:
        status = command() or 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(bool(end.code))
        if isinstance(end.code, str):
            # As the interpreter does it: https://docs.python.org/3/library/exceptions.html#SystemExit
            tell(f"{end.code}\n".encode())
    except KeyboardInterrupt:
        # Where there are no handlers of ours, as in a thread, or a library puts this in the place of their error.
        status = 128 + signal.SIGINT
    except Exception as error:
        status, fault = 1, _unwritten(error)
        if fault is None:
            raise
    try:
        sys.stdout.flush()
    except DestinationError as error:
        fault = None if status and fault is None else error  # else the command has told of it
        status = status or 1
        _let_go(sys.stdout)
    if fault is not None:
        tell(f"error: {fault}\n".encode())
    return status


def _unwritten(error: BaseException | None) -> DestinationError | None:
    """Return the fault of standard output that `error` is or was caused by, if there is one."""
    while error is not None:
        if isinstance(error, DestinationError) and error.errno is not None:
            return error
        error = error.__cause__ or error.__context__
    return None


def _let_go(out: TextIO) -> None:
    """Send what is left to write nowhere: Python would try it again when it ends, complain and exit with 120."""
    with suppress(OSError, ValueError):  # closed, or no file at all
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, out.fileno())
        finally:
            os.close(nowhere)
    with suppress(OSError, ValueError):  # what has been told of is raised once more, and then no longer
        out.flush()
