"""The verbs: copy a project into a destination, plan, backfill, compare, mark deletions."""

from __future__ import annotations

import sys
from types import ModuleType

from commercetools_source.sync.run import Summary, sync

__all__ = ["Summary", "sync"]


class _Callable(ModuleType):
    """Lets `from commercetools_source import sync` be called, which gives this folder: Python binds it to that name."""

    __call__ = staticmethod(sync)
    __wrapped__ = staticmethod(sync)  # `help` and `inspect.signature` show the function's


sys.modules[__name__].__class__ = _Callable
