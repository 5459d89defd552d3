"""The command `commercetools-source`: starts the command line, or says how to install it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from commercetools_source.errors.extras import install_hint, lacking, lacking_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line with `arguments` (by default the process's own); always ends in SystemExit."""
    from commercetools_source.frontends.process import run_command

    raise SystemExit(run_command(lambda: _run(arguments)))


def _run(arguments: Sequence[str] | None) -> int:
    # typer and rich are an extra: who installs the library or a front-end without them has this command all the same.
    if lacking("cli"):
        return _run_without_extra(list(sys.argv[1:] if arguments is None else arguments))
    from commercetools_source.cli.app import run
    from commercetools_source.frontends.memory import share_heaps

    # In the process of a command alone: a program that imports the library chooses its allocator itself.
    share_heaps()
    return run(arguments)


def _run_without_extra(arguments: Sequence[str]) -> int:
    """Do what can be done without the packages of the command line; say how to install them for all else."""
    if arguments == ["mage", "status"]:
        _tell_mage_status()
        return 0
    asks_version, asks_help = "--version" in arguments, not {"-h", "--help"}.isdisjoint(arguments)
    if asks_version:
        from commercetools_source import __version__

        sys.stdout.write(f"commercetools-source {__version__}\n")
    elif asks_help:
        sys.stdout.write("Usage: commercetools-source COMMAND; `mage status` works without more packages.\n")
    # Help that was asked for is no failure; a command that cannot run is wrong usage.
    sentence = lacking_text() if asks_version or asks_help else f"the command line needs more: {install_hint('cli')}"
    sys.stderr.write(f"{sentence}\n")
    return 0 if asks_version or asks_help else 2


def _tell_mage_status() -> None:
    """Say which source Mage finds; who installs the package for Mage alone has no use for the extra."""
    from commercetools_source.frontends.mage import status

    sys.stdout.write("\n".join(status().lines()) + "\n")
