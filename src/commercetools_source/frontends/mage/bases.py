"""Mage's modules where Mage is installed, our stand-ins where it is not; works with the import hook and without it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["of_mage"]


def of_mage(name: str) -> Any:
    """Return the module `mage_integrations.<name>`, or the stand-in for it when Mage is not installed."""
    try:
        return import_module(f"mage_integrations.{name}")
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("mage_integrations"):
            raise
        return import_module(f"commercetools_source.frontends.mage.standin.{name}")
