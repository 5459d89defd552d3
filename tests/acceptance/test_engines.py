"""The recipes of docs/spark.md for Ray Data, Dask and Daft, run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.sandbox import Sandbox
    from conftest import Environment

PAGE = (Path(__file__).parents[2] / "docs" / "spark.md").read_text(encoding="utf-8")
RECIPES = {
    match[1]: code
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    if (match := re.search(r"^import (ray|dask|daft)\b", code, re.MULTILINE))
}


@pytest.fixture(scope="module")
def python(environment: Callable[..., Environment]) -> Environment:
    return environment("engines", ["{wheel}[arrow]", "ray[data]", "dask[dataframe]", "daft"])


@pytest.mark.parametrize("engine", ["ray", "dask", "daft"])
def test_a_recipe_reads_every_order(python: Environment, sandbox: Sandbox, engine: str) -> None:
    environ = {
        **sandbox.environment(),
        "CTP_SETTLE_SECONDS": "0",
        "CTP_PAGE_SIZE": "20",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    answer = python.good("python", "-c", RECIPES[engine], environ=environ)
    assert answer.out.split() == [str(len(sandbox.records("orders"))).encode()]
