"""Mage's modules where Mage is installed, our stand-ins where it is not; works with the import hook and without it."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__all__ = ["of_mage", "stand_alone"]


def of_mage(name: str) -> Any:
    """Return the module `mage_integrations.<name>`, or the stand-in for it when Mage is not installed."""
    try:
        return import_module(f"mage_integrations.{name}")
    except ModuleNotFoundError as error:
        # Only that Mage is missing means a stand-in; a package that Mage itself lacks is for its user to see.
        if not str(error.name).startswith("mage_integrations"):
            raise
        return _stand_in(name)


def stand_alone() -> None:
    """Let this process have the stand-ins even where Mage is installed.

    Mage waits 10 seconds for the test of a connection, and importing its own base classes (they need
    pandas) takes most of that where a machine is small or busy.
    """
    for name in ("sources.base", "sources.http.client"):
        sys.modules[f"mage_integrations.{name}"] = _stand_in(name)


def _stand_in(name: str) -> Any:
    return import_module(f"commercetools_source.frontends.mage.standin.{name}")
