"""The command `commercetools-source`: starts the command line, or says how to install it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line with `arguments` (by default the process's own); always ends in SystemExit."""
    from commercetools_source.stdio import run_command

    raise SystemExit(run_command(lambda: _run(arguments)))


def _run(arguments: Sequence[str] | None) -> int:
    if find_spec("typer") is None or find_spec("rich") is None:
        if list(sys.argv[1:] if arguments is None else arguments) == ["mage", "status"]:
            _tell_mage_status()
            return 0
        sys.stderr.write("the command line needs two more packages: pip install 'commercetools-source[cli]'\n")
        return 2
    from commercetools_source.cli.app import run
    from commercetools_source.frontends.memory import share_heaps

    share_heaps()
    return run(arguments)


def _tell_mage_status() -> None:
    """Say which source Mage finds; who installs the package for Mage alone has no use for the extra."""
    from commercetools_source.frontends.mage import status

    sys.stdout.write("\n".join(status().lines()) + "\n")
