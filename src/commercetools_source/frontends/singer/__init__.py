"""The command `tap-commercetools`: a native Singer tap on Meltano's SDK over this package's engine.

This file loads neither the SDK nor the engine; `tap` does.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from commercetools_source.errors.extras import install_hint, lacking

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the tap with `arguments` (by default the process's own); always ends in SystemExit."""
    from commercetools_source.frontends.process import run_command

    raise SystemExit(run_command(lambda: _run(arguments)))


def _run(arguments: Sequence[str] | None) -> int:
    if lacking("singer"):
        sys.stderr.write(f"the Singer tap needs Meltano's SDK: {install_hint('singer')}\n")
        return 2
    from commercetools_source.frontends.memory import pass_records_on
    from commercetools_source.frontends.singer.tap import run

    # Before anything is allocated: the C library reads these settings when it makes a heap.
    pass_records_on()
    return run(arguments)
