"""Mage's commercetools source, and what Mage needs of it. Nothing of Mage is imported before it is asked for."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

__all__ = ["Status", "status"]


@dataclass(frozen=True, slots=True)
class Status:
    """Which source `mage_integrations.sources.commercetools` is in this environment, and why.

    `in_force` is "commercetools-source", "mage" or "none"; `file` is what Mage runs.
    """

    in_force: str
    reason: str
    file: str | None
    mage: str | None

    def lines(self) -> list[str]:
        """Return the status in words, for people."""
        return [
            f"In force: {self.in_force}",
            f"Why: {self.reason}",
            f"File: {self.file or 'none'}",
            f"Mage: {self.mage or 'not installed in this environment'}",
        ]


def status() -> Status:
    """Return which source is in force. Imports the one it finds, sends nothing."""
    file = _file_in_force()
    # Compared by path: the module has the name of Mage's own, whichever of them is in force.
    our_file = Path(__file__).parent / "commercetools" / "__init__.py"
    mage = _file_of_mage()
    if file is None:
        return Status("none", _reason(active=False, installed=mage is not None), None, mage)
    if Path(file) == our_file:
        return Status("commercetools-source", _reason(active=True, installed=mage is not None), file, mage)
    return Status("mage", _reason(active=False, installed=True), file, mage)


def _file_in_force() -> str | None:
    try:
        spec = importlib.util.find_spec("mage_integrations.sources.commercetools")
    except ModuleNotFoundError:
        return None
    return spec.origin if spec is not None else None


def _file_of_mage() -> str | None:
    # PathFinder alone, because the import hook would find the stand-in and call it Mage.
    spec = PathFinder.find_spec("mage_integrations")
    return spec.origin if spec is not None else None


def _reason(*, active: bool, installed: bool) -> str:
    if active:
        base = "Mage's own base classes" if installed else "stand-ins for Mage's base classes, as Mage is not installed"
        return f"the import hook is on; the source builds on {base}"
    try:
        hook = importlib.import_module("commercetools_source_mage")
    except ModuleNotFoundError:
        return "the import hook is not installed; install this package with pip into the environment that runs Mage"
    if hook.is_off(os.environ):
        return (
            f"{hook.VARIABLE}={os.environ[hook.VARIABLE]} switches the import hook off; remove it to use this package"
        )
    # A `.pth` is read from site-packages when the interpreter starts: https://docs.python.org/3/library/site.html
    if not any(isinstance(finder, hook.First) for finder in sys.meta_path):
        return "the import hook is not on: Python read no commercetools_source_mage.pth, as with a mere PYTHONPATH"
    return "our source could not be imported; the warning above says why"
