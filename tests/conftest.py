"""What every test may use."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from commercetools_source.sandbox import Sandbox
from thorough import some

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Two processor cores shared by many workers: a slow example is no failure, and the same examples every time.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, outside `make thorough`, all cases of a test but as many as its mark `few` says."""
    if any("::" in argument for argument in config.args):
        return  # somebody names a test, and means it
    cases: dict[tuple[str, str, int], list[pytest.Item]] = {}
    for item in items:
        if (mark := item.get_closest_marker("few")) is not None:
            name = getattr(item, "originalname", item.name)
            cases.setdefault((str(item.path), name, *mark.args), []).append(item)
    left = {item for (*_, count), rows in cases.items() for item in {*rows} - {*some(rows, count)}}
    config.hook.pytest_deselected(items=[*left])
    items[:] = [item for item in items if item not in left]


def pytest_collection_finish() -> None:
    """Leave eleven thousand tests, and what they import, out of each search for garbage: they stay to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """Return a sandbox whose settings are in the environment; the current folder is an empty one."""
    with Sandbox() as sandbox:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        yield sandbox
