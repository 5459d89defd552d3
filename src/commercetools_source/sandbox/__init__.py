"""A local commercetools: a real HTTP server with a generated shop, for development, tests and demonstrations.

It is built from the platform's published contract and shares no code with the client that it judges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commercetools_source.sandbox.platform.clock import Clock
    from commercetools_source.sandbox.process import SandboxProcess, serve
    from commercetools_source.sandbox.runner import Sandbox
    from commercetools_source.sandbox.server.faults import Fault, Faults

__all__ = ["Clock", "Fault", "Faults", "Sandbox", "SandboxProcess", "serve"]

_HOMES = {
    "Clock": "platform.clock",
    "Fault": "server.faults",
    "Faults": "server.faults",
    "Sandbox": "runner",
    "SandboxProcess": "process",
    "serve": "process",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for: pytest imports this package in every project's tests."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
