"""The tests of lakes, in an environment that has DuckLake: one of DuckDB 1.5, as no later one is on the index with it.

Each runs as it stands in tests/, with a server of PostgreSQL and moto beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Environment, Postgres

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def python(environment: Callable[..., Environment]) -> Environment:
    tools = ["hypothesis", "moto[server]>=5", "obstore", "fsspec", "pytest>=8", "pytest-xdist", "pyyaml"]
    return environment("ducklake", ["{wheel}[cli,ducklake,sandbox]", *tools])


@pytest.mark.parametrize(
    ("file", "chosen"),
    [
        ("destinations/test_ducklake.py", ""),
        ("destinations/test_ducklake_addresses.py", ""),
        ("destinations/test_ducklake_postgres.py", ""),
        ("destinations/test_conformance.py", "ducklake"),
        ("destinations/test_crashes.py", "TestLake"),
        ("destinations/test_bucket_readers.py", "httpfs"),
        ("cli/test_cli_every_command.py", "ducklake"),
    ],
)
def test_a_lake_does_all_that_is_promised(python: Environment, postgres: Postgres, file: str, chosen: str) -> None:
    environ = {"LAKE_POSTGRES": f"postgresql://postgres:none@127.0.0.1:{postgres.port}/postgres"}
    answer = python.good("python", "-m", "pytest", "-n", "0", "-rs", str(TESTS / file), "-k", chosen, environ=environ)
    summary = answer.out.decode().splitlines()
    assert "passed" in summary[-1], summary[-1]
    assert not [line for line in summary if line.startswith("SKIPPED") and "the extension is here" not in line]
