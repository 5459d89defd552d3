"""A local commercetools: a real HTTP server with a generated shop, for development, tests and demonstrations.

It is built from the platform's published contract and shares no code with the client that it judges.
"""

from __future__ import annotations

from commercetools_source.sandbox.clock import Clock
from commercetools_source.sandbox.faults import Fault, Faults
from commercetools_source.sandbox.runner import Sandbox

__all__ = ["Clock", "Fault", "Faults", "Sandbox"]
