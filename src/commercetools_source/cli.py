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
    if find_spec("typer") is None or find_spec("rich") is None:
        sys.stderr.write("the command line needs two more packages: pip install 'commercetools-source[cli]'\n")
        raise SystemExit(2)
    from commercetools_source.cli_app import run

    raise SystemExit(run(arguments))
