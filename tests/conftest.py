"""What every test may use."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Two processor cores shared by many workers: a slow example is no failure, and the same examples every time.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
