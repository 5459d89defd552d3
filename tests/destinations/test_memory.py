"""A question that DuckDB lacks memory for is asked again with more of it."""

from __future__ import annotations

import duckdb
import pytest

from commercetools_source.destinations.duckdb.memory import LIMITS, with_enough

LARGE = "SELECT sum(strlen(text)) FROM (SELECT repeat('x', 200_000) AS text, i FROM range(100) AS t(i) ORDER BY i DESC)"


def test_a_question_that_lacks_memory_is_asked_again_with_more() -> None:
    limits: list[str] = []
    with duckdb.connect(config={"memory_limit": "4MB", "temp_directory": "", "threads": 1}) as connection:

        def ask() -> list[tuple[int]]:
            limits.append(connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0])
            return connection.execute(LARGE).fetchall()

        assert with_enough(connection, ask) == [(20_000_000,)]
    assert len(limits) == 2
    assert limits[0] != limits[1]


def test_an_error_of_another_kind_is_raised_at_once() -> None:
    asked = []

    def ask() -> None:
        asked.append(LIMITS)
        raise duckdb.CatalogException("no such table")

    with duckdb.connect() as connection, pytest.raises(duckdb.CatalogException):
        with_enough(connection, ask)
    assert len(asked) == 1
