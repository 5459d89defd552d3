"""Stands in for `mage_integrations.sources`, in which the commercetools source is the only one."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    # `from mage_integrations.sources import commercetools` looks beside this file, where it is not.
    if name == "commercetools":
        return import_module("commercetools_source.frontends.mage.commercetools")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
