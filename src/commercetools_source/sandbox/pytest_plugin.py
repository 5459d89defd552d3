"""The pytest fixture: `def test_mine(commercetools_sandbox): ...` gets a running sandbox.

Everything is imported inside the fixtures, so that an installed package costs other people's tests nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commercetools_source.sandbox.runner import Sandbox

__all__ = ["commercetools_sandbox", "commercetools_sandbox_size"]


@pytest.fixture(scope="session")
def commercetools_sandbox_size() -> str | int:
    """Return the size of the shop; a project overrides this fixture for another one."""
    return "tiny"


@pytest.fixture
def commercetools_sandbox(commercetools_sandbox_size: str | int) -> Iterator[Sandbox]:
    """Serve a fresh shop for one test."""
    from commercetools_source.errors import ConfigError
    from commercetools_source.errors.extras import require

    try:
        require("the fixture commercetools_sandbox", "sandbox")
    except ConfigError as error:
        # Failed and not skipped: a suite without its sandbox must not look green.
        pytest.fail(str(error), pytrace=False)
    from commercetools_source.sandbox.runner import Sandbox as Running

    with Running(commercetools_sandbox_size) as sandbox:
        yield sandbox
